"""What each rule did lately: how often it asked a function, and in which case last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.cases import Within, visible
from db.tables import case, task


@dataclass(frozen=True, slots=True)
class Lately:
    """One rule's asking since some time; `escalated`: how often somebody above had to hear of it."""

    n: int
    escalated: int
    last_case: str
    last_at: datetime


def by_rule(tx: Connection, since: datetime, within: Within | None = None) -> dict[str, Lately]:
    """By the name of the rule, of the cases reported since then that may be seen."""
    query = sa.select(task.c.why, task.c.asked_at, task.c.case, task.c.escalated)
    query = query.join(case, case.c.number == task.c.case).where(case.c.captured_at >= since)
    if within is not None:
        query = query.where(visible(within))
    found: dict[str, Lately] = {}
    for why, asked_at, number, escalated in tx.execute(query.order_by(case.c.captured_at)):
        before = found.get(why)
        newer = before is None or asked_at >= before.last_at
        found[why] = Lately(
            n=before.n + 1 if before else 1,
            escalated=(before.escalated if before else 0) + bool(escalated),
            last_case=number if newer or before is None else before.last_case,
            last_at=asked_at if newer or before is None else before.last_at,
        )
    return found
