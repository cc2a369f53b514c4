"""A message that is deleted in a chat that tells us so: what was said stays said, and a person is asked (R19)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.gathering import BETWEEN
from bot.reach import person_at
from db import cases, conversations, inbox
from db.connect import Stale
from db.inbox import GATHERS
from workflow.deleted import words_deleted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from db.inbox import Received
    from workflow.case import Change

AFTER_IT = timedelta(seconds=1)  # after the message itself, where that is still on its way


def only_deletes(app: App, received: Received) -> bool:
    """Whether it says that an earlier message was deleted; then it is handled here, after that message."""
    message, now = received.message, app.clock.now()
    if not message.deleted or message.edits is None:
        return False
    try:
        with app.database.write() as tx:
            if not inbox.take(tx, received.id):
                return True  # another worker was faster
            first = inbox.find(tx, message.channel, message.edits)
            waits = first is not None and first.handled_at is None and first.poisoned_at is None
            if first is not None and waits and first.error == GATHERS:
                inbox.done(tx, first.id, now, "deleted")  # a name alone: nobody has heard of it yet (R8)
            elif waits:
                inbox.retry(tx, received.id, "its message comes first", now + AFTER_IT)
                return True
            change = _about(app, tx, received)
            if change is not None:
                cases.save(tx, change, now)
            inbox.done(tx, received.id, now, "words_deleted" if change is not None else "deleted_nothing")
    except Stale:
        with app.database.write() as tx:
            inbox.retry(tx, received.id, "busy case", now + AFTER_IT)
    app.ring("outbox")
    return True


def _about(app: App, tx: Connection, received: Received) -> Change | None:
    """What it means for the exception of which the deleted message spoke; None where it spoke of none."""
    message = received.message
    person = person_at(app, tx, message.channel, message.sender)
    line = conversations.line_of(tx, message.channel, message.edits) if message.edits is not None else None
    case = cases.get(tx, line.case) if line is not None and line.case is not None else None
    if person is None or line is None or case is None:
        return None
    return words_deleted(case, person, app.world(), the_report=_is_of(line.text, case.said))


def _is_of(words: str, report: str) -> bool:
    """Whether these words are a report, or a piece of one that came in several (R8)."""
    piece, whole = (f"{BETWEEN}{text.strip(' .,;')}{BETWEEN}" for text in (words, report))
    return piece.strip(BETWEEN) != "" and piece in whole
