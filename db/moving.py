"""Copies a plant from one database to another, whole or not at all: a move to PostgreSQL, a backup, a restore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import log as chained
from db.connect import MOVED
from db.tables import inbox, lease, metadata, notice, pace, posting, sequence
from workflow.case import LINECALL

AT_ONCE = 1000  # rows in one statement
NUMBERS_LEFT_OUT = 1000  # cases of the time between a backup and its restore: their numbers are not given again
_OPERATIONS = ("INSERT", "UPDATE", "DELETE")


class NotEmpty(Exception):
    """The database that is to be filled holds rows already."""


class NotTheSame(Exception):
    """After a copy the databases do not hold the same number of rows."""


def counts(tx: Connection) -> dict[str, int]:
    """How many rows every table holds."""
    return {t.name: int(tx.scalar(sa.select(sa.func.count()).select_from(t)) or 0) for t in metadata.sorted_tables}


def copy(source: Connection, target: Connection) -> Mapping[str, int]:
    """Every row of ours from one transaction to another; how many there are of each table.

    Raises NotEmpty before anything is written, and NotTheSame where the target does not hold what the source holds.
    """
    filled = [name for name, n in counts(target).items() if n]
    if filled:
        raise NotEmpty(", ".join(filled))
    for table in metadata.sorted_tables:
        rows = iter(source.execute(sa.select(table)).mappings())
        while batch := [dict(row) for row in islice(rows, AT_ONCE)]:
            target.execute(sa.insert(table), batch)
        _count_on(target, table)
    there, here = counts(source), counts(target)
    if there != here:
        raise NotTheSame(", ".join(f"{name}: {there[name]} and {here[name]}" for name in there if there != here))
    return here


def freeze(tx: Connection) -> None:
    """Let nobody write here any more, this program or an older one: the plant lives elsewhere. SQLite only."""
    for statement in _triggers("CREATE TRIGGER IF NOT EXISTS"):
        tx.exec_driver_sql(statement)


def thaw(tx: Connection) -> None:
    """Let it be written again: the move did not come about."""
    for statement in _triggers("DROP TRIGGER IF EXISTS"):
        tx.exec_driver_sql(statement)


def awake(tx: Connection, now: datetime) -> None:
    """After a restore: nobody knows what happened since the copy was made, so nothing is taken for not done.

    What ERP was owed is looked for there before it is posted (R47), what people were to be told is marked as perhaps
    told before (R23), and numbers that may have been given since are not given again: a posting's key holds its case.
    """
    tx.execute(sa.delete(lease))
    tx.execute(sa.delete(pace))
    tx.execute(sa.update(inbox).where(inbox.c.due_at.is_not(None)).values(due_at=now))
    unsent = notice.c.due_at.is_not(None)
    tx.execute(sa.update(notice).where(unsent).values(due_at=now, claimed_at=None, maybe_sent=True))
    unposted = posting.c.confirmed_at.is_(None)
    tx.execute(sa.update(posting).where(unposted).values(outcome_unknown=True, claimed_at=None))
    tx.execute(sa.update(posting).where(unposted, posting.c.due_at.is_not(None)).values(due_at=now))
    tx.execute(sa.update(sequence).values(last=sequence.c.last + NUMBERS_LEFT_OUT))
    chained.note(tx, now, LINECALL, "restored", {})


def _count_on(tx: Connection, table: sa.Table) -> None:
    """PostgreSQL counts ids by itself; what came with its id has to be told to it."""
    column = table.autoincrement_column
    if tx.dialect.name != "postgresql" or column is None:
        return
    name = tx.dialect.identifier_preparer.quote(table.name)
    counted: Any = tx.scalar(sa.select(sa.func.pg_get_serial_sequence(name, column.name)))
    highest = tx.scalar(sa.select(sa.func.max(column)))
    if counted is not None and highest is not None:
        tx.execute(sa.select(sa.func.setval(counted, highest)))


def _triggers(what: str) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for operation in _OPERATIONS:
            name = f"{what} moved_{table.name}_{operation.lower()}"
            body = f" BEFORE {operation} ON \"{table.name}\" BEGIN SELECT RAISE(ABORT, '{MOVED}'); END"
            yield name + (body if what.startswith("CREATE") else "")
