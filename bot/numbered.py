"""A reply "2" where a chat shows choices as numbered lines: it is the press of that button, or asks which was meant."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from db import conversations

if TYPE_CHECKING:
    from bot.app import App
    from workflow.messages import Inbound
    from workflow.plant import Person

GOOD_FOR = timedelta(hours=24)
WHICH = "?which"  # what such a reply presses where two messages with numbers wait
_NUMBER = re.compile(r"\s*#?\s*(\d{1,2})\s*[.)]?\s*")  # any script's digits: २ is 2


def chosen(app: App, tx: Connection, message: Inbound, person: Person) -> Inbound:
    """The message, with the button that its number stands for; as it is where no number was asked for.

    A number counts for the message that it replies to, else for the one that came since its sender last wrote. Where
    two of them wait nobody guesses (R26), and where a question wants a quantity a number is that.
    """
    channel = app.channels.get(message.channel)
    given = _NUMBER.fullmatch(message.text)
    if given is None or message.button is not None or message.media or channel is None or not channel.traits.numbered:
        return message
    shown = conversations.offered(tx, person.id, message.channel, app.clock.now() - GOOD_FOR)
    # What was shown as buttons has no numbers: "2" may be a quantity there.
    numbered = [line for line in shown if line.text.endswith(f"\n{len(line.buttons)} {line.buttons[-1].label}")]
    if message.reply_to is not None:
        numbered = [line for line in numbered if line.message_id == message.reply_to]
    else:
        last = conversations.last_said(tx, person.id, message.channel)
        numbered = [line for line in numbered if line.id > last] or numbered[:1]
    asked = conversations.asked(tx, person.id)
    if asked is not None and not asked.options:
        numbered = [line for line in numbered if line.at > asked.at]
    if not numbered:
        return message
    if len({line.case for line in numbered}) > 1:
        return replace(message, button=WHICH)
    buttons, n = numbered[0].buttons, int(given[1])
    return replace(message, button=buttons[n - 1].value) if 1 <= n <= len(buttons) else message
