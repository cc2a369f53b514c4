"""One report in several messages ("filler 3", "again", "since 10", "sorry, capper 3") is read as one (R8).

A piece that names a place and no trouble waits a moment for the next one of its sender; whatever tells of a stopped
line or a danger waits for nothing. A piece that comes right after one's own report belongs to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from bot.answers.wanted import asks_about_a_number
from db import conversations, inbox
from db.inbox import GATHERS, Received
from workflow.reading import Reading, ReportedException

if TYPE_CHECKING:
    from bot.app import App
    from bot.incoming import Incoming
    from bot.thread import Thread
    from workflow.messages import Inbound

LONGEST = timedelta(minutes=1)  # from the first piece on, however many follow
MOST_WORDS = 4  # of a piece
GOES_ON = timedelta(minutes=2)  # after one's own report: what it lacked is still told
BETWEEN = ", "

Read = Callable[["Incoming"], tuple[Reading | None, "Thread"]]


@dataclass(frozen=True, slots=True)
class Pieces:
    """What a sender has written of a report before the message at hand."""

    waiting: tuple[Received, ...] = ()
    over: bool = False  # the message at hand is a piece itself, and nothing came any more

    @property
    def ids(self) -> tuple[int, ...]:
        """Of the rows that are handled with the message at hand."""
        return tuple(one.id for one in self.waiting)


def so_far(waiting: tuple[Received, ...], received: Received) -> Pieces:
    """The pieces beside a message, and whether it is the last of them."""
    return Pieces(tuple(one for one in waiting if one.id != received.id), over=received.error == GATHERS)


def read_together(
    incoming: Incoming, reading: Reading | None, thread: Thread, pieces: Pieces, read: Read
) -> tuple[Incoming, Reading | None, Thread, Pieces]:
    """The message with the pieces that belong to it, read as one; without pieces what it was."""
    if reading is None or not _alone(incoming.message):
        return incoming, reading, thread, Pieces()
    if not pieces.waiting:
        told = _goes_on(incoming, reading, thread, read)
        return (
            (incoming, reading, thread, pieces)
            if told is None
            else (replace(incoming, adds=True), told, thread, pieces)
        )
    if reading.intent not in ("report", "chatter", "cancel") and not reading.correction:
        return incoming, reading, thread, Pieces()  # an answer or a question stands for itself; the pieces wait on
    parts = sorted((one.message.sent_at, one.id, one.message.text) for one in pieces.waiting)
    if not reading.correction:
        parts = sorted((*parts, (incoming.message.sent_at, incoming.id, incoming.message.text)))
    whole = BETWEEN.join(text.strip(" .,;") for _, _, text in parts)
    said = replace(incoming, message=replace(incoming.message, text=whole, sent_at=parts[0][0]))
    together, there = read(said)
    if together is None or together.intent != "report" or len(together.exceptions) != 1:
        return incoming, reading, thread, Pieces()
    if reading.correction:
        together = replace(together, exceptions=(_put_right(together.exceptions[0], reading),), ask=None)
        said = replace(said, message=replace(said.message, text=f"{whole}{BETWEEN}{incoming.message.text}"))
    lines = tuple(one.message.message_id for one in pieces.waiting)
    whole_said = replace(said, words=incoming.message.text, earlier=lines, gathered=pieces.ids, over=pieces.over)
    done = pieces.over or reading.correction  # whoever puts it right has said all of it
    return whole_said, together, there, replace(pieces, over=done)


def waits_until(
    incoming: Incoming, reading: Reading | None, thread: Thread, pieces: Pieces, lasts: timedelta, now: datetime
) -> datetime | None:
    """Until when a piece waits for the next one; None for what is to be handled now."""
    if reading is None or pieces.over or not lasts or not _alone(incoming.message) or thread.case or thread.choice:
        return None
    if thread.question is not None or thread.confirms or reading.correction or not _tells_no_trouble(reading):
        return None
    own = incoming.message.text if incoming.words is None else incoming.words
    if not _short(own) or asks_about_a_number(own):
        return None
    first = min((one.received_at for one in pieces.waiting), default=now)
    until = min(now + lasts, first + LONGEST)
    return until if until > now else None


def waits(app: App, incoming: Incoming, reading: Reading | None, thread: Thread, pieces: Pieces) -> bool:
    """Whether the message is a piece that waits for the next one; then it is kept, and nothing else is done."""
    until = waits_until(incoming, reading, thread, pieces, app.world().rules.gather, app.clock.now())
    if until is not None:
        keep(app, incoming, pieces, until)
    return until is not None


def keep(app: App, incoming: Incoming, pieces: Pieces, until: datetime) -> None:
    """Let a piece wait, and those before it as long; its words are in the conversation already."""
    own = incoming.message.text if incoming.words is None else incoming.words
    with app.database.write() as tx:
        if inbox.take(tx, incoming.id):
            inbox.gather(tx, (*pieces.ids, incoming.id), until)
            at, message = min(incoming.message.sent_at, app.clock.now()), incoming.message
            conversations.said(tx, incoming.person.id, at, own, message.message_id, message.channel)


def come_first(app: App, id_: int, pieces: Pieces) -> bool:
    """A photo after pieces of a report: they are handled now, and the photo after them; False without pieces."""
    if not pieces.waiting or pieces.over:
        return False
    now = app.clock.now()
    with app.database.write() as tx:
        inbox.gather(tx, pieces.ids, now)
        inbox.retry(tx, id_, "its report comes first", now + timedelta(seconds=1))
    return True


def belong(tx: Connection, channel: str, pieces: tuple[str, ...], number: str) -> None:
    """The words of every piece are about this exception."""
    for piece in pieces:
        line = conversations.line_of(tx, channel, piece)
        if line is not None:
            conversations.belongs(tx, line.id, number)


def _alone(message: Inbound) -> bool:
    """Words to us alone, and nothing besides: no reply, no photo, nothing that was passed on."""
    besides = (message.button, message.reply_to, message.edits, message.media, message.filled)
    return not any(besides) and not (message.among or message.overheard or message.forwarded)


def _short(text: str) -> bool:
    return 0 < len(text.split()) <= MOST_WORDS and "?" not in text


def _tells_no_trouble(reading: Reading) -> bool:
    """A report that only names something: what is wrong with it is not said yet."""
    if reading.intent != "report" or reading.urgent or any(field.field == "type" for field in reading.evidence):
        return False
    return all(e.type != "safety" and e.line_stopped is not True for e in reading.exceptions)


def _goes_on(incoming: Incoming, reading: Reading, thread: Thread, read: Read) -> Reading | None:
    """ "since 10", "again" right after one's own report: the report with it; None for anything else."""
    case, text = thread.case, incoming.message.text
    if case is None or thread.certain or not case.is_open or case.status == "draft" or thread.question is not None:
        return None
    if case.reporter != incoming.person.id or incoming.message.sent_at - case.captured_at > GOES_ON or not _short(text):
        return None
    promises = reading.eta_min is not None or reading.waiting_for is not None or reading.correction or reading.urgent
    if (
        promises
        or reading.intent not in ("chatter", "update", "report", "acknowledge")
        or _names_another(reading, case.assets)
    ):
        return None
    if reading.intent == "report" and any(field.field == "type" for field in reading.evidence):
        return None
    whole = f"{case.said.strip(' .,;')}{BETWEEN}{text}"
    nowhere = replace(thread, case=None, choice=(), instead=None)
    together, _ = read(replace(incoming, thread=nowhere, message=replace(incoming.message, text=whole)))
    if together is None or together.intent != "report" or len(together.exceptions) != 1 or together.urgent:
        return None
    return replace(together, ask=None)


def _names_another(reading: Reading, assets: tuple[str, ...]) -> bool:
    return any(set(e.assets) - set(assets) for e in reading.exceptions)


def _put_right(said: ReportedException, reading: Reading) -> ReportedException:
    """ "sorry, capper 3": what it names takes the place of what was named before."""
    right = reading.exceptions[0] if reading.exceptions else reading.mentioned
    if right is None:
        return said
    return replace(
        said,
        line=right.line or said.line,
        assets=right.assets or said.assets,
        work_orders=right.work_orders or said.work_orders,
        items=right.items or said.items,
        lots=right.lots or said.lots,
    )
