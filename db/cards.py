"""The live cards: one message about a case in one chat, kept by the platform's own id and changed in place.

A case that changes makes its cards due; a burst of changes is one edit, since each card is left alone for a while
after it was changed. Cards are never in the way of a notice: they have rows, claims and a round of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.sql import insert
from db.tables import card as table


@dataclass(frozen=True, slots=True)
class Card:
    """A claimed card; `message_id` is None before it was posted, `entries` how much of the log its thread was told."""

    case: str
    channel: str
    address: str
    reader: str
    message_id: str | None
    version: int
    shown: str
    entries: int
    wanted: int
    attempts: int
    claim: int


def put(
    tx: Connection,
    case: str,
    channel: str,
    address: str,
    reader: str,
    now: datetime,
    *,
    message_id: str | None = None,
    version: int = 0,
    free_at: datetime | None = None,
) -> bool:
    """A card for a case in a chat, where there is none; with `message_id` what was sent there becomes it.

    It is looked at when it is free, so that what changed while it was being sent is not missed.
    """
    row = {
        "case": case,
        "channel": channel,
        "address": address,
        "reader": reader,
        "message_id": message_id,
        "version": version,
        "shown": "",
        "entries": 0,
        "free_at": free_at or now,
        "due_at": free_at or now,
        "wanted": 0,
        "attempts": 0,
        "claim": 0,
    }
    added = insert(tx, table).values(row).on_conflict_do_nothing().returning(table.c.case)
    return tx.scalar(added) is not None


def touch(tx: Connection, cases: Sequence[str], at: datetime) -> None:
    """These cases have changed: their cards are due as soon as they are free."""
    tx.execute(_TOUCHED, {"_cases": list(cases), "_at": at})


def claim(tx: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[Card, ...]:
    """Take cards that are due, at most one in each chat; nobody else gets them until the lease is over."""
    other = table.alias("other")
    keys = (table.c.due_at, table.c.case)
    ahead = sa.exists().where(
        other.c.channel == table.c.channel,
        other.c.address == table.c.address,
        other.c.due_at <= now,
        sa.tuple_(other.c.due_at, other.c.case) < sa.tuple_(*keys),
    )
    due = sa.select(table.c.case, table.c.channel, table.c.address).where(table.c.due_at <= now, ~ahead)
    first = due.order_by(*keys).limit(limit).with_for_update(skip_locked=True).cte("first")
    mine = sa.exists().where(
        first.c.case == table.c.case, first.c.channel == table.c.channel, first.c.address == table.c.address
    )
    claimed = {"due_at": now + lease, "attempts": table.c.attempts + 1, "claim": table.c.claim + 1}
    rows = tx.execute(sa.update(table).where(mine).values(claimed).returning(*_CARD)).all()
    return tuple(sorted((Card(*row) for row in rows), key=lambda card: (card.case, card.channel, card.address)))


def shown(
    tx: Connection, card: Card, message_id: str, version: int, what: str, entries: int, free_at: datetime
) -> bool:
    """It shows this now, its thread was told `entries` lines of the log, and it is left alone until `free_at`.

    False where the claim was lost to somebody else.

    What changed meanwhile makes it due again then.
    """
    again = sa.case((table.c.wanted == card.wanted, sa.null()), else_=sa.literal(free_at, table.c.due_at.type))
    values = {
        "message_id": message_id,
        "version": version,
        "shown": what,
        "entries": entries,
        "free_at": free_at,
        "attempts": 0,
    }
    return _finish(tx, card, values | {"due_at": again})


def later(tx: Connection, card: Card, due_at: datetime) -> bool:
    """It could not be changed now and comes again."""
    return _finish(tx, card, {"due_at": due_at})


def lost(tx: Connection, card: Card, at: datetime) -> bool:
    """It can be changed no more: deleted, too old, or nobody may write there."""
    return _finish(tx, card, {"due_at": None, "lost_at": at})


def of(tx: Connection, case: str, channel: str, address: str) -> str | None:
    """The message that is the card of a case in a chat; None where there is none."""
    here = sa.and_(table.c.case == case, table.c.channel == channel, table.c.address == address)
    found: str | None = tx.scalar(sa.select(table.c.message_id).where(here))
    return found


def gone(tx: Connection, card: Card, at: datetime) -> bool:
    """Its message is there no more; it is posted anew."""
    return _finish(tx, card, {"due_at": at, "message_id": None, "shown": "", "attempts": 0})


def known(tx: Connection, cases: Iterable[str]) -> frozenset[tuple[str, str, str]]:
    """Which of these cases have a card in which chat: (case, channel, address)."""
    rows = tx.execute(sa.select(table.c.case, table.c.channel, table.c.address).where(table.c.case.in_(tuple(cases))))
    return frozenset((row.case, row.channel, row.address) for row in rows)


def _finish(tx: Connection, card: Card, values: dict[str, object]) -> bool:
    mine = sa.and_(_is(card), table.c.claim == card.claim)
    done = tx.execute(sa.update(table).where(mine).values(values)).rowcount == 1
    if done:
        changes.touch(tx)
    return done


def _is(card: Card) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.case == card.case, table.c.channel == card.channel, table.c.address == card.address)


_CARD = (
    table.c.case,
    table.c.channel,
    table.c.address,
    table.c.reader,
    table.c.message_id,
    table.c.version,
    table.c.shown,
    table.c.entries,
    table.c.wanted,
    table.c.attempts,
    table.c.claim,
)
_FREE = sa.case(
    (table.c.free_at > sa.bindparam("_at"), table.c.free_at), else_=sa.bindparam("_at", type_=table.c.due_at.type)
)
_TOUCHED = (
    sa.update(table)
    .where(table.c.case.in_(sa.bindparam("_cases", expanding=True)), table.c.lost_at.is_(None))
    .values(wanted=table.c.wanted + 1, due_at=sa.func.coalesce(table.c.due_at, _FREE))
)
