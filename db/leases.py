"""Leases: of several processes one does a thing, and where it dies another does it as soon as the lease has run out."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from db.sql import insert
from db.tables import lease


def take(tx: Connection, name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
    """Take a lease, or make one's own last longer; False while it is somebody else's.

    The machines' clocks have to agree within a few seconds; a lease lasts longer than they may differ.
    """
    mine = {"holder": holder, "until": now + lasts}
    free = sa.or_(lease.c.holder == holder, lease.c.until <= now)
    taking = insert(tx, lease).values(mine | {"name": name})
    taking = taking.on_conflict_do_update(index_elements=["name"], set_=mine, where=free)
    return bool(tx.scalar(taking.returning(lease.c.holder)) == holder)


def let_go(tx: Connection, holder: str) -> None:
    """Give up every lease of a process, so that another need not wait until they have run out."""
    tx.execute(sa.delete(lease).where(lease.c.holder == holder))


def holders(tx: Connection, now: datetime) -> dict[str, str]:
    """Who holds what now."""
    rows = tx.execute(sa.select(lease.c.name, lease.c.holder).where(lease.c.until > now).order_by(lease.c.name))
    return {row.name: row.holder for row in rows}
