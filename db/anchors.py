"""Each minute one anchor over the chains' new heads, under a key that is not in the database (decision 12).

A chain alone can be written anew from end to end by whoever owns the database; the anchors cannot.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db.chain import canonical
from db.connect import one_at_a_time
from db.tables import anchor as table
from db.tables import head

Heads = Mapping[str, tuple[int, str]]  # case -> how many entries its log had, and the digest of the last


@dataclass(frozen=True, slots=True)
class Anchor:
    """One row: the heads that were new then, and what proves that nobody has changed them since."""

    number: int
    at: datetime
    heads: Heads
    key: str  # which key it was: the beginning of its hash
    mac: str


def fingerprint(key: bytes) -> str:
    """Which key it is, without telling it."""
    return hashlib.sha256(b"linecall anchor key\n" + key).hexdigest()[:12]


def mac_of(key: bytes, before: str, number: int, at: datetime, heads: Heads) -> str:
    """HMAC-SHA-256 over an anchor and the mac of the one before it."""
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    plain = {case: list(end) for case, end in heads.items()}
    return hmac.new(key, canonical([before, number, instant, plain]), hashlib.sha256).hexdigest()


def drop(tx: Connection, key: bytes, now: datetime) -> Anchor | None:
    """Anchor every head that moved since the last anchor; None where none has."""
    one_at_a_time(tx, "anchor")
    moved = sa.select(head.c.case, head.c.position, head.c.digest).where(head.c.anchored < head.c.position)
    heads = {case: (position, digest) for case, position, digest in tx.execute(moved)}
    if not heads:
        return None
    last = newest(tx)
    number, before = (last.number + 1, last.mac) if last is not None else (1, "")
    made = Anchor(number, now, heads, fingerprint(key), mac_of(key, before, number, now, heads))
    row = {name: getattr(made, name) for name in ("number", "at", "heads", "key", "mac")}
    tx.execute(sa.insert(table).values(row))
    seen = [{"of": case, "up_to": position} for case, (position, _) in heads.items()]
    covers = sa.update(head).where(head.c.case == sa.bindparam("of")).values(anchored=sa.bindparam("up_to"))
    tx.execute(covers, seen)
    return made


def newest(tx: Connection) -> Anchor | None:
    """The last anchor."""
    return next(_rows(tx, sa.select(table).order_by(table.c.number.desc()).limit(1)), None)


def known(tx: Connection) -> Iterator[Anchor]:
    """Every anchor, oldest first."""
    return _rows(tx, sa.select(table).order_by(table.c.number))


def proved(anchors: Sequence[Anchor], keys: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """What is wrong with a row of anchors, oldest first: number and why; nothing where all is well."""
    by_print = {fingerprint(key): key for key in keys}
    expected, before = 1, ""
    for one in anchors:
        if one.number != expected:
            yield expected, "missing"
        key = by_print.get(one.key)
        if key is None:
            yield one.number, "other_key"
        elif one.number == expected and not hmac.compare_digest(
            one.mac, mac_of(key, before, one.number, one.at, one.heads)
        ):
            yield one.number, "forged"
        expected, before = one.number + 1, one.mac


def _rows(tx: Connection, query: sa.Select[Any]) -> Iterator[Anchor]:
    for row in tx.execute(query).mappings():
        yield Anchor(**row)
