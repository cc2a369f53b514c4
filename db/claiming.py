"""Rows that wait for the outside world are taken by one worker at a time, in one statement, with a lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa


def claiming(
    table: sa.Table, ahead: sa.ColumnElement[bool], order: Sequence[sa.ColumnElement[Any]], perhaps_done: str
) -> sa.sql.dml.ReturningUpdate[Any]:
    """The statement that takes the rows that are due and have nothing ahead of them, and gives them back.

    `ahead`: what has to be over first; `order`: which come first; `perhaps_done`: the column that remembers that an
    earlier claim never came to an end, and so may have been done all the same. Run it with `taking`.
    """
    now = sa.bindparam("_now", type_=table.c.due_at.type)
    first = (
        sa.select(table.c.id)
        .where(table.c.due_at <= now, ~ahead)
        .order_by(*order)
        .limit(sa.bindparam("_most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
        .cte("first")
    )
    claimed = {
        "due_at": sa.bindparam("_until", type_=table.c.due_at.type),
        "attempts": table.c.attempts + 1,
        "claim": table.c.claim + 1,
        perhaps_done: sa.or_(table.c[perhaps_done], table.c.claimed_at.is_not(None)),
        "claimed_at": now,
    }
    return sa.update(table).where(table.c.id.in_(sa.select(first.c.id))).values(claimed).returning(*table.c)


def taking(now: datetime, most: int, until: datetime) -> dict[str, Any]:
    """What the statement needs: the time, how many rows at most, and the end of the lease."""
    return {"_now": now, "_most": most, "_until": until}
