"""Keeps every message that came in, until it is handled; a repeat of a provider is taken once (R23)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.columns import LARGEST_ID
from db.connect import Stale, one_at_a_time
from db.message_ids import spellings
from db.sql import inserting
from db.tables import inbox
from workflow.messages import Inbound

STRANGER = "unknown_sender"  # the outcome of a message from an address that is nobody's
GATHERS = "gathers"  # in place of an error: a piece of a report, which waits a moment for the next one (R8)


@dataclass(frozen=True, slots=True)
class Received:
    """A stored message; `attempts` counts those that failed."""

    id: int
    message: Inbound
    received_at: datetime
    attempts: int = 0
    handled_at: datetime | None = None
    outcome: str | None = None
    poisoned_at: datetime | None = None
    error: str | None = None


def put(tx: Connection, message: Inbound, received_at: datetime) -> int | None:
    """Store a message and return its id; None for one that is stored already (same channel and message id)."""
    row = {
        "channel": message.channel,
        "message_id": message.message_id,
        "sender": message.sender,
        "sent_at": message.sent_at,
        "message": message,
        "received_at": received_at,
        "due_at": received_at,
        "attempts": 0,
    }
    id_: int | None = tx.scalar(_put(tx.dialect.name), row)
    return id_


def due(tx: Connection, now: datetime, limit: int) -> tuple[Received, ...]:
    """Messages to handle now, by the time they were sent.

    Behind a message that waits for its next attempt the later ones of the same sender wait too.
    """
    return tuple(Received(*row) for row in tx.execute(_DUE, {"now": now, "most": limit}))


def claim(tx: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[Received, ...]:
    """The same for one of several workers: at most one message of each sender, nobody else's until the lease is over.

    The lease only saves work that would be done twice: who may handle a message is decided by `take`.
    """
    earlier = inbox.alias("earlier")
    first = (
        sa.select(inbox.c.id)
        .where(inbox.c.due_at <= now, ~sa.exists().where(_waiting_before(earlier, inbox.c)))
        .order_by(inbox.c.sent_at, inbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("first")
    )
    taking = sa.update(inbox).where(inbox.c.id.in_(sa.select(first.c.id))).values(due_at=now + lease)
    rows = tx.execute(taking.returning(*_RECEIVED, inbox.c.sent_at)).all()
    return tuple(Received(*row[:-1]) for row in sorted(rows, key=lambda row: (row.sent_at, row.id)))


def let_go(tx: Connection, ids: Iterable[int], claimed_until: datetime, now: datetime) -> None:
    """What was claimed and is neither handled nor put off is due again at once."""
    mine = sa.and_(inbox.c.id.in_(tuple(ids)), inbox.c.due_at == claimed_until)
    tx.execute(sa.update(inbox).where(mine).values(due_at=now))


def take(tx: Connection, id: int) -> bool:  # noqa: A002 - the row's id
    """Whether this transaction may handle the message: nobody has, and no earlier one of its sender is unhandled.

    With several workers call it first in the transaction that handles the message: it waits for another worker that
    is at a message of the same sender. One worker alone does not need it.
    """
    who = tx.execute(_WHO, {"id": id}).one_or_none()
    if who is None:
        return False
    one_at_a_time(tx, f"inbox {who.channel} {who.sender}")
    return tx.scalar(_FREE, {"id": id}) is not None


def done(tx: Connection, id: int, at: datetime, outcome: str) -> None:  # noqa: A002
    """The message is handled, in the same transaction as everything that it led to.

    Raises Stale where it was handled already, so that its acts are rolled back and happen once.
    """
    handled = {"handled_at": at, "outcome": outcome, "due_at": None, "error": None}
    if tx.execute(_UNHANDLED, handled | {"_id": id}).rowcount != 1:
        raise Stale(f"message {id} is handled already")
    changes.touch(tx)


def retry(tx: Connection, id: int, error: str, due_at: datetime) -> None:  # noqa: A002
    """The message could not be handled now and comes again; nothing happens to one that is handled already."""
    tx.execute(_unhandled(id).values(attempts=inbox.c.attempts + 1, error=error, due_at=due_at))


def gather(tx: Connection, ids: Iterable[int], until: datetime) -> None:
    """These pieces of one report wait for the next one until then; later messages of their sender do not (R8)."""
    pieces = sa.and_(inbox.c.id.in_(tuple(ids)), inbox.c.due_at.is_not(None))
    tx.execute(sa.update(inbox).where(pieces).values(error=GATHERS, due_at=until))


def gathered(tx: Connection, message: Inbound) -> tuple[Received, ...]:
    """The pieces that wait, of who wrote this message and where, in the order in which they were sent."""
    theirs = sa.and_(inbox.c.channel == message.channel, inbox.c.sender == message.sender)
    waits = sa.and_(inbox.c.due_at.is_not(None), inbox.c.error == GATHERS)
    rows = tx.execute(sa.select(*_RECEIVED).where(theirs, waits).order_by(inbox.c.sent_at, inbox.c.id))
    return tuple(one for row in rows if (one := Received(*row)).message.conversation == message.conversation)


def poison(tx: Connection, id: int, error: str, at: datetime) -> None:  # noqa: A002
    """The message cannot be handled: set aside for a person to look at, out of the others' way."""
    values = {"attempts": inbox.c.attempts + 1, "error": error, "poisoned_at": at, "due_at": None}
    tx.execute(_unhandled(id).values(values))
    changes.touch(tx)


def get(tx: Connection, id: int) -> Received | None:  # noqa: A002
    """One message, handled or not; None for an id that was never given."""
    if not 0 < id <= LARGEST_ID:
        return None
    row = tx.execute(sa.select(*_RECEIVED).where(inbox.c.id == id)).one_or_none()
    return Received(*row) if row is not None else None


def find(tx: Connection, channel: str, message_id: str) -> Received | None:
    """One message, handled or not, by the id that it has in its channel; None for one that never came."""
    for one in spellings(message_id):
        same = sa.and_(inbox.c.channel == channel, inbox.c.message_id == one)
        row = tx.execute(sa.select(*_RECEIVED).where(same)).one_or_none()
        if row is not None:
            return Received(*row)
    return None


def latest(tx: Connection, limit: int) -> tuple[Received, ...]:
    """The newest messages that were handled, oldest first."""
    query = sa.select(*_RECEIVED).where(inbox.c.handled_at.is_not(None)).order_by(inbox.c.id.desc()).limit(limit)
    return tuple(Received(*row) for row in tx.execute(query))[::-1]


def words(tx: Connection, channel: str, message_id: str) -> str | None:
    """What a message said in its latest writing so far; None for one that never came."""
    for one in spellings(message_id):
        written = sa.or_(inbox.c.message_id == one, inbox.c.message_id.startswith(f"{one}:edit:", autoescape=True))
        handled = sa.and_(inbox.c.channel == channel, written, inbox.c.handled_at.is_not(None))
        row = tx.execute(sa.select(inbox.c.message).where(handled).order_by(inbox.c.id.desc()).limit(1)).one_or_none()
        if row is not None:
            return str(row.message.text)
    return None


def last_from(tx: Connection, channel: str, address: str) -> datetime | None:
    """When an address last wrote: what its window for free text hangs on (R52)."""
    theirs = sa.and_(inbox.c.channel == channel, inbox.c.sender == address)
    at: datetime | None = tx.scalar(sa.select(sa.func.max(inbox.c.sent_at)).where(theirs))
    return at


def poisoned(tx: Connection, limit: int = 100) -> tuple[Received, ...]:
    """Messages that were set aside, the latest first."""
    query = sa.select(*_RECEIVED).where(inbox.c.poisoned_at.is_not(None)).order_by(inbox.c.poisoned_at.desc())
    return tuple(Received(*row) for row in tx.execute(query.limit(limit)))


def of_strangers(tx: Connection, limit: int = 100) -> tuple[Received, ...]:
    """What people wrote whom we do not know, the latest first: kept for whoever may know them (R55)."""
    query = sa.select(*_RECEIVED).where(inbox.c.outcome == STRANGER).order_by(inbox.c.id.desc())
    return tuple(Received(*row) for row in tx.execute(query.limit(limit)))


def stranger_count(tx: Connection) -> int:
    """How many messages of people whom we do not know are kept."""
    return int(tx.scalar(sa.select(sa.func.count()).where(inbox.c.outcome == STRANGER)) or 0)


def unhandled_count(tx: Connection) -> int:
    """How many messages wait to be handled, those set aside not counted."""
    return int(tx.scalar(sa.select(sa.func.count()).where(inbox.c.due_at.is_not(None))) or 0)


def poisoned_count(tx: Connection) -> int:
    """How many messages were set aside."""
    return int(tx.scalar(sa.select(sa.func.count()).where(inbox.c.poisoned_at.is_not(None))) or 0)


def replay(tx: Connection, ids: Iterable[int] | None, now: datetime, *, handled_too: bool = False) -> int:
    """Let messages that were set aside be handled again, after a fix: those, or all; returns how many there are.

    One that was handled is left alone, since its acts would happen twice, unless `handled_too` says so.
    """
    again = {"due_at": now, "attempts": 0, "error": None, "handled_at": None, "outcome": None, "poisoned_at": None}
    which: sa.ColumnElement[bool] = inbox.c.due_at.is_(None) if handled_too else inbox.c.poisoned_at.is_not(None)
    if ids is not None:
        which = sa.and_(which, inbox.c.id.in_(tuple(ids)))
    return tx.execute(sa.update(inbox).where(which).values(again)).rowcount


def again_as_told(tx: Connection, received: Received, now: datetime) -> int:
    """What a stranger wrote is handled again, as words that are passed on; whether it still was a stranger's."""
    told = replace(received.message, forwarded=True)
    again = {"message": told, "due_at": now, "attempts": 0, "handled_at": None, "outcome": None}
    mine = sa.and_(inbox.c.id == received.id, inbox.c.outcome == STRANGER)
    return tx.execute(sa.update(inbox).where(mine).values(again)).rowcount


def put_away(tx: Connection, ids: Iterable[int], now: datetime) -> int:
    """Nobody has to look at these any more: messages that were set aside, and those of strangers."""
    waits = sa.or_(inbox.c.poisoned_at.is_not(None), inbox.c.outcome == STRANGER)
    which = sa.and_(waits, inbox.c.id.in_(tuple(ids)))
    gone = {"outcome": "put_away", "handled_at": now, "poisoned_at": None, "due_at": None}
    changes.touch(tx)
    return tx.execute(sa.update(inbox).where(which).values(gone)).rowcount


_RECEIVED = (
    inbox.c.id,
    inbox.c.message,
    inbox.c.received_at,
    inbox.c.attempts,
    inbox.c.handled_at,
    inbox.c.outcome,
    inbox.c.poisoned_at,
    inbox.c.error,
)


def _unhandled(id: int) -> sa.Update:  # noqa: A002
    return sa.update(inbox).where(inbox.c.id == id, inbox.c.due_at.is_not(None))


@cache
def _put(dialect: str) -> sa.sql.dml.ReturningInsert[Any]:
    return inserting(dialect, inbox).on_conflict_do_nothing().returning(inbox.c.id)


def _waiting_before(
    earlier: sa.FromClause, later: sa.ColumnCollection[str, sa.ColumnElement[object]]
) -> sa.ColumnElement[bool]:
    """An unhandled message of the same sender that was sent before, and is no piece that waits for its next one."""
    return sa.and_(
        earlier.c.sender == later.sender,
        earlier.c.channel == later.channel,
        earlier.c.due_at.is_not(None),
        earlier.c.error.is_distinct_from(GATHERS),
        sa.tuple_(earlier.c.sent_at, earlier.c.id) < sa.tuple_(later.sent_at, later.id),
    )


def _due() -> sa.Select[Any]:
    earlier, now = inbox.alias("earlier"), sa.bindparam("now", type_=inbox.c.due_at.type)
    held_up = sa.exists().where(_waiting_before(earlier, inbox.c), earlier.c.due_at > now)
    query = sa.select(*_RECEIVED).where(inbox.c.due_at <= now, ~held_up).order_by(inbox.c.sent_at, inbox.c.id)
    return query.limit(sa.bindparam("most", type_=sa.Integer))


_DUE = _due()
_WHO = sa.select(inbox.c.channel, inbox.c.sender).where(inbox.c.id == sa.bindparam("id"))
_FREE = sa.select(inbox.c.id).where(
    inbox.c.id == sa.bindparam("id"),
    inbox.c.due_at.is_not(None),
    ~sa.exists().where(_waiting_before(inbox.alias("earlier"), inbox.c)),
)
_UNHANDLED = sa.update(inbox).where(inbox.c.id == sa.bindparam("_id"), inbox.c.due_at.is_not(None))
