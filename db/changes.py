"""A counter that grows with every commit that a page would show, so that pages know when to look again."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from sqlalchemy import Connection

from db.sql import inserting
from db.tables import pulse

SHARDS = 16
_SEEN = "linecall_page_changes"


def latest(tx: Connection) -> int:
    """How many commits a page could have seen so far; 0 in an empty database.

    A sum of counters and not a highest id: ids are given before the commit, and a late one would be overlooked.
    """
    return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.sum(pulse.c.beats), 0))) or 0)


def touch(tx: Connection) -> None:
    """Note that this transaction changes something that a page shows; counted once, when it ends."""
    tx.info[_SEEN] = True


def forget(tx: Connection) -> None:
    """Take the note off the connection, which another transaction will use."""
    if not (tx.closed or tx.invalidated):
        tx.info.pop(_SEEN, None)


def beat(tx: Connection) -> None:
    """Count the transaction if it was noted; the last statement before its commit, so that no lock is held long."""
    if not tx.info.pop(_SEEN, False):
        return
    tx.execute(_one_more(tx.dialect.name))


@cache
def _one_more(dialect: str) -> sa.Insert:
    shard = sa.func.pg_backend_pid() % SHARDS if dialect == "postgresql" else sa.literal(0)
    first = inserting(dialect, pulse).values(shard=shard, beats=1)
    return first.on_conflict_do_update(index_elements=["shard"], set_={"beats": pulse.c.beats + 1})
