"""Postings that wait together, and those that whoever works on them keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.postings import Claimed, awaits
from db.tables import posting as table


def keep_claimed(tx: Connection, claimed: Sequence[Claimed], until: datetime) -> None:
    """Whoever works on these still lives: nobody else gets them before then."""
    for one in claimed:
        mine = sa.and_(table.c.id == one.id, table.c.claim == one.claim, table.c.claimed_at.is_not(None))
        tx.execute(sa.update(table).where(mine, table.c.due_at.is_not(None)).values(due_at=until))


def wait_together(
    tx: Connection, kinds: Sequence[str], why: str, now: datetime, until: datetime, owed_before: datetime
) -> int:
    """A whole system is away: what it books and has waited a while waits until one has tried; how many they are.

    What is younger tries for itself, so that its people hear of it once.
    """
    due = sa.and_(table.c.due_at.is_not(None), table.c.due_at < until, table.c.claimed_at.is_(None), ~awaits())
    old = sa.and_(table.c.kind.in_(kinds), table.c.owed_since < owed_before, table.c.due_at <= now)
    return tx.execute(sa.update(table).where(due, old).values(due_at=until, error=why)).rowcount


def release_backoff(tx: Connection, now: datetime, kinds: Sequence[str]) -> int:
    """A system is back: whatever it books and waits for its next attempt is due now; returns how many there were."""
    return tx.execute(_RELEASED, {"_now": now, "_kinds": list(kinds)}).rowcount


_RELEASED = (
    sa.update(table)
    .where(
        table.c.due_at > sa.bindparam("_now", type_=table.c.due_at.type),
        table.c.claimed_at.is_(None),
        table.c.kind.in_(sa.bindparam("_kinds", expanding=True)),
        ~awaits(),
    )
    .values(due_at=sa.bindparam("_now"))
)
