"""Keeps why each report was read as it was, on the day it was read (R36)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.sql import or_set
from db.tables import understood
from workflow.reading import Why


def keep(tx: Connection, case: str, inbox: int, why: Why, at: datetime) -> None:
    """One message of a case, and why it was read so; the same message once more takes its place."""
    row = {"case": case, "inbox": inbox, "at": at, "how": why.how, "why": why}
    tx.execute(or_set(tx, understood, ("case", "inbox"), ("at", "how", "why")), row)


def erase(tx: Connection, cases: Collection[str]) -> int:
    """Take the explanations of these cases out: they hold the message. Returns how many."""
    return tx.execute(sa.delete(understood).where(understood.c.case.in_(tuple(cases)))).rowcount


def of_case(tx: Connection, case: str) -> tuple[Why, ...]:
    """The messages that made a case what it is, oldest first."""
    query = sa.select(understood.c.why).where(understood.c.case == case).order_by(understood.c.at, understood.c.inbox)
    return tuple(tx.scalars(query))
