"""What binds the plant is not taken from where a writer is proved too little: anybody can write somebody's address.

Which chats these are is a trait (`Traits.decides`). From there people report, answer, take and add; they release, end,
call off and hand over where it is known who they are (R41). `gate` is the one place that says what counts from where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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
        "approve", "turn_down", "reworked", "no_danger", "book_order", "words_only", "accept_try", "decline_try",
        "accept_name", "decline_name",
    }
)  # fmt: skip
INTENTS = frozenset({"disposition", "resolve", "cancel"})
IN_ONES_OWN_WORDS = ACTS | {"withdraw"}  # what nobody does by passing on what somebody else wrote (R14)

# What stands in the way, by the name of the text that says so; "who_is_it" asks for a name, and then it goes on.
Stop = Literal["needs_more_proof", "not_your_words", "needs_own_phone", "who_is_it"]


@dataclass(frozen=True, slots=True)
class Way:
    """How a message came, as far as it matters for what binds."""

    decides: bool = True  # its chat proves well enough who writes
    forwarded: bool = False  # somebody's earlier words
    phone: bool = False  # a shared one
    named: bool = False  # on which somebody has said who they are


def gate(
    press: Press | None, reading: Reading | None, way: Way, *, confirms: bool, filled: bool = False
) -> Stop | None:
    """What stops a press or a text that came this way; None where it goes on.

    `confirms`: it may answer a read-back. `filled`: the press sends a form.
    """
    decides_now = press is not None and press.act == "decide" and filled
    binding = decides_now or binds(press, reading, confirms=confirms)
    if binding and not way.decides:
        return "needs_more_proof"
    if way.forwarded and (binding or (press is not None and press.act in IN_ONES_OWN_WORDS)):
        return "not_your_words"
    if not way.phone:
        return None
    match shared_phone.wants(press, reading, confirms=confirms, filled=filled):
        case "own phone":
            return "needs_own_phone"
        case "a name" if not way.named:
            return "who_is_it"
    return None


def decides(app: App, message: Inbound) -> bool:
    """Whether the way a message came proves its writer well enough."""
    channel = app.channels.get(message.channel)
    return channel is not None and channel.traits.decides


def binds(press: Press | None, reading: Reading | None, *, confirms: bool) -> bool:
    """Whether a press or a text would decide, end or hand over something; `confirms`: it may answer a read-back."""
    if press is not None:
        return press.act in ACTS
    if reading is None:
        return False
    hands_over = reading.intent == "reassign" and reading.reassign_to is not None
    return hands_over or reading.intent in INTENTS or (confirms and reading.intent != "report")


def held_back(desk: Desk, reading: Reading | None, does: str | None) -> str | None:
    """What a message meets before anything is done: said to its sender; None where it goes on.

    `does`: the act of the button that its words stand for, where they stand for one.
    """
    if does is not None:
        return stopped(desk, does)
    filled = desk.message.filled is not None
    return _told(desk, gate(desk.press, reading, _way(desk), confirms=desk.thread.confirms, filled=filled))


def stopped(desk: Desk, act: str) -> str | None:
    """What words that do the same as a button meet: the same gates; None where the act goes on."""
    return _told(desk, gate(Press(act, "", ()), None, _way(desk), confirms=False))


def _way(desk: Desk) -> Way:
    named = desk.phone is not None and desk.me is not desk.phone
    return Way(desk.decides, desk.message.forwarded, desk.phone is not None, named)


def _told(desk: Desk, stop: Stop | None) -> str | None:
    if stop is None:
        return None
    return shared_phone.ask_who(desk) if stop == "who_is_it" else desk.tell(stop)
