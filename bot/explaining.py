"""Has a report explained while plant, orders and words still are what it was read with (R36)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.lessons import local_reader
from nlp.why import why

if TYPE_CHECKING:
    from bot.app import App
    from bot.thread import Thread
    from workflow.messages import Inbound
    from workflow.plant import Person
    from workflow.reading import Reading, Why


def explained(app: App, message: Inbound, person: Person, thread: Thread, reading: Reading | None) -> Why | None:
    """Why a report, a correction or a question was read so; None for all else, which nobody asks about.

    Of a question it tells which machines a word may mean: "who has the filler?" asks for each of them.
    """
    local = local_reader(app.reader)
    if local is None or reading is None or not (reading.intent in ("report", "query") or reading.correction):
        return None
    context = thread.context(person, app.world(), in_thread=reading.correction)
    return why(local, replace(message, text=message.text.strip()), context, reading)
