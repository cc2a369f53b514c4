"""A button in a foreign chat carries a number and a seal: whoever makes one up, or takes another's, presses nothing.

The seal is an HMAC over what the button stands for (act, case, arguments), whom it was shown to (a person, or
the chat of a function), and which showing of it that was, so that no part can be exchanged. 30 bytes at most;
Telegram allows 64.
"""

from __future__ import annotations

import base64
import hmac
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.key import key_of
from db import presses
from workflow.messages import Button

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bot.config import Config

SEAL_BYTES = 12  # 96 bits, of which a forger would have to try 2^95 against a live service
LONGEST = 64  # characters of a token; longer ones are nobody's


def sealed(tx: Connection, config: Config, person: str, buttons: Sequence[Button], at: datetime) -> tuple[Button, ...]:
    """The buttons as a foreign chat may carry them."""
    kept = presses.keep(tx, person, [button.value for button in buttons], at)
    return tuple(
        Button(button.label, f"{one.id:x}.{_seal(config, one)}") for button, one in zip(buttons, kept, strict=True)
    )


def opened(tx: Connection, config: Config, shown_to: Collection[str], token: str) -> str | None:
    """What a pressed button stands for; None for one that we never showed to any of these readers."""
    number, dot, seal = token.partition(".")
    if not dot or len(token) > LONGEST or not token.isascii():
        return None
    try:
        kept = presses.get(tx, int(number, 16))
    except ValueError:
        return None
    if kept is None or not hmac.compare_digest(seal, _seal(config, kept)):
        return None
    return kept.value if kept.person in shown_to else None


def _seal(config: Config, kept: presses.Kept) -> str:
    what = "\x00".join((str(kept.id), kept.person, kept.value)).encode("utf-8", "surrogatepass")
    digest = hmac.new(key_of(config), b"linecall.press\x00" + what, sha256).digest()
    return base64.urlsafe_b64encode(digest[:SEAL_BYTES]).decode("ascii")
