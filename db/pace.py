"""Keeps every process together within a platform's rates: each message takes its share of time from a common row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from db.sql import insert
from db.tables import pace
from workflow.ports import Rate

AT_ONCE = timedelta()


def pass_through(tx: Connection, limits: Mapping[str, Rate], now: datetime) -> timedelta:
    """Zero where a message may go now, and it is counted under every limit; else how long to wait, and none counts.

    The leaky bucket as a meter (GCRA): a limit's row holds the instant at which everything let through so far has had
    its time; up to `burst` times `every` it may lie ahead.
    """
    rows = {name: limits[name] for name in sorted(limits)}  # one order, so that nobody waits for each other
    for name in rows:
        tx.execute(insert(tx, pace).values(name=name, free_at=now).on_conflict_do_nothing())
    locked = sa.select(pace.c.name, pace.c.free_at).where(pace.c.name.in_(rows)).order_by(pace.c.name)
    free_at = {name: max(at, now) for name, at in tx.execute(locked.with_for_update())}
    wait = max((free_at[name] + one.every - now - one.every * one.burst for name, one in rows.items()), default=AT_ONCE)
    if wait > AT_ONCE:
        return wait
    for name, one in rows.items():
        tx.execute(sa.update(pace).where(pace.c.name == name).values(free_at=free_at[name] + one.every))
    return AT_ONCE


def forget(tx: Connection, before: datetime) -> None:
    """Drop the rows of limits that nobody has come near lately."""
    tx.execute(sa.delete(pace).where(pace.c.free_at < before))
