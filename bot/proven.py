"""What binds the plant is not taken from where a writer is proved too little: anybody can write somebody's address.

Which chats these are is a trait (`Traits.decides`). From there people report, answer, take and add; they release, end,
call off and hand over where it is known who they are (R41).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.app import App
    from bot.say import Press
    from workflow.messages import Inbound
    from workflow.reading import Reading

ACTS = frozenset(
    {
        "accept_shift", "confirm", "resolve", "verify", "met", "cleared", "one_cause", "restate", "cancel", "approve",
        "turn_down",
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
