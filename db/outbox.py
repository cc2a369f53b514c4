"""The outbox: what people have to be told, claimed by postponing it, sent in order, never lost.

A claim moves `due_at` behind a lease: where the claimer dies, the row comes due again by itself. Only the newest
claim may finish a row (the fence), so that a late finisher cannot close what somebody else holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.claiming import claiming, taking
from db.tables import arrival
from db.tables import notice as table
from workflow.case import Notice

NEWEST = 2000  # notices among which one of a name is looked for


@dataclass(frozen=True, slots=True)
class Pending:
    """A claimed notice. `attempts` counts this one; `repeat`: an earlier attempt may have arrived (R23)."""

    id: int
    claim: int
    case: str | None
    notice: Notice
    attempts: int
    created_at: datetime
    repeat: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a notice; neither sent nor dropped: it is still to be sent."""

    id: int
    case: str | None
    notice: Notice
    created_at: datetime
    attempts: int
    due_at: datetime | None
    sent_at: datetime | None
    channel: str | None
    message_id: str | None
    dropped_at: datetime | None
    dropped_why: str | None
    error: str | None
    delivered_at: datetime | None = None  # as its platform says; not every one does
    read_at: datetime | None = None


def put(tx: Connection, case: str | None, notice: Notice, at: datetime) -> int:
    """Have a person told something, about a case or about none; returns the notice's id."""
    row = tx.execute(_PUT_ONE, _row(case, notice, at))
    changes.touch(tx)
    return int(row.scalar_one())


def put_all(tx: Connection, case: str | None, notices: Sequence[Notice], at: datetime) -> None:
    """Have people told several things, in this order."""
    put_of(tx, [(case, notice) for notice in notices], at)


def put_of(tx: Connection, notices: Sequence[tuple[str | None, Notice]], at: datetime) -> None:
    """The same for notices of several cases, each with its number."""
    if notices:
        tx.execute(_PUT, [_row(case, notice, at) for case, notice in notices])
        changes.touch(tx)


def claim(tx: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[Pending, ...]:
    """Take notices that are due, at most one for each person, and nobody else gets them until the lease is over.

    A later notice waits while an earlier one to the same person is due, being sent or put off untried; one that
    failed and waits for its next attempt holds nothing up. So call it again after each batch. A stopped line and a
    danger overtake the rest (R37).
    """
    rows = sorted(tx.execute(_CLAIM, taking(now, limit, now + lease)).all(), key=lambda row: row.id)
    return tuple(Pending(r.id, r.claim, r.case, _notice(r), r.attempts, r.created_at, bool(r.maybe_sent)) for r in rows)


def sent(tx: Connection, pending: Pending, at: datetime, channel: str, message_id: str, refused: str = "") -> bool:
    """The notice has arrived, after `refused` by other channels; False where the claim was lost to somebody else."""
    values = {"sent_at": at, "channel": channel, "message_id": message_id, "error": refused or None}
    return _finish(tx, pending, values | {"due_at": None})


def later(tx: Connection, pending: Pending, error: str, due_at: datetime, *, outcome_unknown: bool = False) -> bool:
    """The channel did not take it now: it comes again, and lets later ones to the same person pass until then."""
    unknown = sa.or_(table.c.maybe_sent, sa.literal(outcome_unknown))
    return _finish(tx, pending, {"error": error, "due_at": due_at, "maybe_sent": unknown})


def not_yet(tx: Connection, pending: Pending, due_at: datetime) -> bool:
    """Its platform takes no more at this moment: nothing was tried, and it comes again when there is room."""
    return _finish(tx, pending, {"attempts": table.c.attempts - 1, "due_at": due_at, "maybe_sent": pending.repeat})


def rests(tx: Connection, pending: Pending, due_at: datetime) -> bool:
    """Its person need not hear it before: it was not tried, comes then, and lets later ones to them pass."""
    return _finish(tx, pending, {"due_at": due_at, "maybe_sent": pending.repeat})


def dropped(tx: Connection, pending: Pending, at: datetime, why: str) -> bool:
    """It is not sent any more: it has become pointless (R34), or was refused for good."""
    return _finish(tx, pending, {"dropped_at": at, "dropped_why": why, "due_at": None})


def by_ids(tx: Connection, ids: Sequence[int]) -> tuple[Told, ...]:
    """Notices by their ids."""
    return tuple(_told(row) for row in tx.execute(sa.select(table).where(table.c.id.in_(ids)))) if ids else ()


def of_case(tx: Connection, number: str) -> tuple[Told, ...]:
    """Every notice of a case, in the order in which they were written."""
    its = sa.and_(arrival.c.channel == table.c.channel, arrival.c.message_id == table.c.message_id)
    with_arrival = sa.select(*table.c, arrival.c.delivered_at, arrival.c.read_at).outerjoin(arrival, its)
    rows = tx.execute(with_arrival.where(table.c.case == number).order_by(table.c.id))
    return tuple(replace(_told(row), delivered_at=row.delivered_at, read_at=row.read_at) for row in rows)


def lately(tx: Connection, name: str, since: datetime) -> tuple[Notice, ...]:
    """Notices of a name that were written since then, among the newest."""
    newest = (sa.select(sa.func.max(table.c.id)).scalar_subquery()) - NEWEST
    query = sa.select(table).where(table.c.id > newest, table.c.name == name, table.c.created_at >= since)
    return tuple(_notice(row) for row in tx.execute(query))


def told_last(tx: Connection, to: Sequence[str], since: datetime, limit: int) -> tuple[Notice, ...]:
    """What these were told since then, the newest first, among the newest of all."""
    newest = (sa.select(sa.func.max(table.c.id)).scalar_subquery()) - NEWEST
    query = sa.select(table).where(table.c.id > newest, table.c.to.in_(to), table.c.created_at >= since)
    return tuple(_notice(row) for row in tx.execute(query.order_by(table.c.id.desc()).limit(limit)))


def waiting(tx: Connection, limit: int = 100) -> tuple[Told, ...]:
    """Notices that are still to be sent, oldest first."""
    query = sa.select(table).where(table.c.due_at.is_not(None)).order_by(table.c.id).limit(limit)
    return tuple(_told(row) for row in tx.execute(query))


def anything_due(tx: Connection, now: datetime) -> bool:
    """Whether a notice waits to be sent now: it goes before whatever is only news."""
    return tx.scalar(sa.select(table.c.id).where(table.c.due_at <= now).limit(1)) is not None


def unsent_count(tx: Connection) -> int:
    """How many notices are still to be sent."""
    return int(tx.scalar(sa.select(sa.func.count()).where(table.c.due_at.is_not(None))) or 0)


def _finish(tx: Connection, pending: Pending, values: dict[str, object]) -> bool:
    worked_out = {name: value for name, value in values.items() if isinstance(value, sa.ColumnElement)}
    given = {name: value for name, value in values.items() if name not in worked_out}
    ending = _MINE.values(worked_out) if worked_out else _MINE
    which = {"_id": pending.id, "_claim": pending.claim, "claimed_at": None}
    done = tx.execute(ending, given | which).rowcount == 1
    if done:
        changes.touch(tx)
    return done


def _row(case: str | None, notice: Notice, at: datetime) -> dict[str, object]:
    return {
        "case": case,
        "to": notice.to,
        "name": notice.name,
        "facts": notice.facts,
        "offers": notice.offers,
        "role": notice.role,
        "until": notice.until,
        "created_at": at,
        "due_at": at,
        "attempts": 0,
        "claim": 0,
        "maybe_sent": False,
        "where": notice.where,
        "urgent": notice.role is not None  # who is told for a function; an answer to one's own words keeps its turn
        and (notice.facts.get("stopped") is True or notice.facts.get("type") == "safety"),
    }


def _notice(row: sa.Row[tuple[object, ...]]) -> Notice:
    return Notice(row.to, row.name, row.facts, row.offers, row.role, row.until, row.where)


def _told(row: Any) -> Told:
    return Told(
        row.id,
        row.case,
        _notice(row),
        row.created_at,
        row.attempts,
        row.due_at,
        row.sent_at,
        row.channel,
        row.message_id,
        row.dropped_at,
        row.dropped_why,
        row.error,
    )


def _claiming() -> sa.sql.dml.ReturningUpdate[Any]:
    now = sa.bindparam("_now", type_=table.c.due_at.type)
    earlier = table.alias("earlier")
    # Calls of one instant, where one is a copy for another chat, are not in each other's way (R15).
    at_once = sa.and_(table.c.urgent, earlier.c.created_at == table.c.created_at)
    before = sa.and_(earlier.c.urgent == table.c.urgent, earlier.c.id < table.c.id, ~at_once)
    ahead = sa.exists().where(
        earlier.c.to == table.c.to,
        sa.or_(sa.and_(earlier.c.urgent, ~table.c.urgent), before),
        earlier.c.due_at.is_not(None),
        # One that was put off untried, for its platform's pace, keeps its place in the row.
        sa.or_(earlier.c.due_at <= now, earlier.c.claimed_at.is_not(None), earlier.c.attempts == 0),
    )
    return claiming(table, ahead, (table.c.urgent.desc(), table.c.id), "maybe_sent")


_PUT = sa.insert(table)
_PUT_ONE = _PUT.returning(table.c.id)
_CLAIM = _claiming()
_MINE = sa.update(table).where(
    table.c.id == sa.bindparam("_id"), table.c.claim == sa.bindparam("_claim"), table.c.due_at.is_not(None)
)
