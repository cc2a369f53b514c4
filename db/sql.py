"""The two words of SQL that the databases spell alike but SQLAlchemy does not: insert, or else.

A statement that every message needs is built once: building one anew costs many times what running it does.
"""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite


def insert(tx: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return inserting(tx.dialect.name, table)


def inserting(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """The same by the name of the dialect, for what is built once."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def or_nothing(tx: Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An insert for any rows that leaves alone what is there already; built once."""
    return _or_nothing(tx.dialect.name, table)


def or_set(
    tx: Connection, table: sa.Table, keys: tuple[str, ...], columns: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    """An insert for any rows that sets these columns where the keys are there already; built once."""
    return _or_set(tx.dialect.name, table, keys, columns)


@cache
def _or_nothing(dialect: str, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    return inserting(dialect, table).on_conflict_do_nothing()


@cache
def _or_set(
    dialect: str, table: sa.Table, keys: tuple[str, ...], columns: tuple[str, ...]
) -> postgresql.Insert | sqlite.Insert:
    first = inserting(dialect, table)
    return first.on_conflict_do_update(index_elements=keys, set_={name: first.excluded[name] for name in columns})
