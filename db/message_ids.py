"""How the id of a message was written before: ids of a chat's messages name its bot since another bot counts anew.

They are "123456/70106:7", and were "70106:7". What was said before is found by either.
"""

from __future__ import annotations

import re

_WITH_ITS_BOT = re.compile(r"[0-9]+/(-?[0-9]+:[0-9]+)", re.ASCII)


def spellings(message_id: str) -> tuple[str, ...]:
    """The id as it is, and behind it as it was written before where that was another way."""
    before = _WITH_ITS_BOT.fullmatch(message_id)
    return (message_id, before[1]) if before is not None else (message_id,)
