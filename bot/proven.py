"""What binds the plant is not taken from where a writer is proved too little: anybody can write somebody's address.

Which chats these are is a trait (`Traits.decides`). From there people report, answer, take and add; they release, end,
call off and hand over where it is known who they are (R41).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import shared_phone
from bot.say import Press

if TYPE_CHECKING:
    from bot.app import App
    from bot.desk import Desk
    from workflow.messages import Inbound
    from workflow.reading import Reading

ACTS = frozenset(
    {
        "accept_shift", "confirm", "resolve", "verify", "met", "cleared", "put_first", "one_cause", "restate", "cancel",
        "approve", "turn_down", "reworked", "no_danger",
    }
)  # fmt: skip
INTENTS = frozenset({"disposition", "resolve", "cancel", "reassign"})


def decides(app: App, message: Inbound) -> bool:
    """Whether the way a message came proves its writer well enough."""
    channel = app.channels.get(message.channel)
    return channel is not None and channel.traits.decides


def binds(press: Press | None, reading: Reading | None, *, confirms: bool) -> bool:
    """Whether a press or a text would decide, end or hand over something; `confirms`: it may answer a read-back."""
    if press is not None:
        return press.act in ACTS
    return reading is not None and (reading.intent in INTENTS or (confirms and reading.intent != "report"))


def stopped(desk: Desk, act: str) -> str | None:
    """What words that do the same as a button meet: the same gates; None where the act goes on."""
    if act in ACTS and not desk.decides:
        return desk.tell("needs_more_proof")
    if act in ACTS and desk.message.forwarded:
        return desk.tell("not_your_words")
    return shared_phone.stops(desk, Press(act, "", ()), None)
