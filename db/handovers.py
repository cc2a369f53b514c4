"""Keeps the changes of shift: one row for the end of each shift, due until somebody has accepted (R38)."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.sql import insert
from db.tables import handover as table
from workflow.handover import Handover

_COLUMNS = [table.c[f.name] for f in fields(Handover)]


def put(tx: Connection, handover: Handover) -> None:
    """Keep a handover as it is now, in place of an earlier state of it."""
    row = asdict(handover)
    kept = insert(tx, table).values(row)
    tx.execute(kept.on_conflict_do_update(index_elements=["ends_at"], set_=row))
    changes.touch(tx)


def plan(tx: Connection, handover: Handover) -> None:
    """Keep the next end of a shift; another worker may have been faster."""
    tx.execute(insert(tx, table).values(asdict(handover)).on_conflict_do_nothing())


def planned_after(tx: Connection, now: datetime) -> bool:
    """Whether an end of a shift that lies ahead is known."""
    return tx.scalar(sa.select(sa.func.count()).where(table.c.ends_at > now).select_from(table)) != 0


def due(tx: Connection, now: datetime) -> tuple[Handover, ...]:
    """Whose next step is due, earliest shift first; locked against other workers on PostgreSQL."""
    query = sa.select(*_COLUMNS).where(table.c.next_step_at <= now).order_by(table.c.ends_at)
    if not tx.get_execution_options().get("postgresql_readonly"):
        query = query.with_for_update(skip_locked=True)
    return tuple(Handover(**row) for row in tx.execute(query).mappings())


def get(tx: Connection, ends_at: datetime) -> Handover | None:
    """The handover at the end of a shift, to be changed in this transaction."""
    query = sa.select(*_COLUMNS).where(table.c.ends_at == ends_at).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    return Handover(**row) if row is not None else None
