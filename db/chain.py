"""What makes the log a chain: the digest of an entry holds the one before it, and words enter as a salted commitment.

The forms below are for ever: whoever changes one breaks every chain that was written with it (decision 12). An auditor
can recompute them without us: SHA-256 over JSON with sorted keys, no spaces, UTF-8.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from db.columns import storable

PLANT: Final = ""  # the chain of what belongs to no case; sorts before every case and is no number
START: Final = ""  # what the first entry of a chain holds in place of a digest


def new_salt() -> str:
    """16 random bytes: without them nobody can guess "ok" from its commitment."""
    return secrets.token_hex(16)


def commitment(salt: str, field: str, text: str) -> str:
    """What the chain keeps of a person's words."""
    return _hash([salt, field, storable(text)])


def digest(
    before: str,
    case: str,
    position: int,
    at: datetime,
    who: str,
    what: str,
    why: str,
    facts: Mapping[str, Any],
    words: Sequence[tuple[str, str]],
) -> str:
    """The digest of one entry: `why` and `facts` as they are kept, without people's words; `words`: field, commitment.

    `facts` are plain JSON values, as the column keeps them.
    """
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    said = [storable(one) for one in (case, who, what, why)]
    return _hash([before, said[0], position, instant, *said[1:], facts, sorted(words)])


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value over which hashes and keys are worked out."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def _hash(value: Any) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()
