"""A message on its way to the desk: who wrote it, where in the conversation it stands, and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.answers.wanted import Wanted
from bot.say import Press
from bot.thread import Thread
from db.attachments import Attachment
from workflow.case import Notice
from workflow.messages import Inbound
from workflow.plant import Person
from workflow.reading import Why


@dataclass(frozen=True, slots=True)
class Summed:
    """A question for a summary, and its answer: counted a moment before the message was handled."""

    wanted: Wanted
    notice: Notice


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message with its person, and where in the conversation it stands."""

    id: int
    message: Inbound
    person: Person
    press: Press | None
    thread: Thread
    brings: Attachment | None = None  # a photo or voice note that was read, whose second half this is
    why: Why | None = None  # of a report or a correction: why it was read so
    elsewhere: Notice | None = None  # what several plants of the group answer to it
    summed: Summed | None = None  # the summary that it asks for, with a model's words above its figures
    decides: bool = True  # whether the way it came proves its writer well enough for what binds the plant (R41)
    phone: Person | None = None  # the shared one in the person's hand; the person themselves where nobody was named
    words: str | None = None  # of this message alone, where it is read with the pieces before it (R8)
    earlier: tuple[str, ...] = ()  # message ids of those pieces
    gathered: tuple[int, ...] = ()  # and their ids in the inbox: they are handled with it
    over: bool = False  # it is the last of them: its own words stand in the conversation already
    adds: bool = False  # goes on in its sender's own report of a moment ago
    link: str | None = None  # that signs its sender in, where they ask for one and may have it
