"""PostgreSQL databases with our tables that are emptied and used again: to make one takes twenty times as long."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

_numbers = itertools.count(1)

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
# Whatever a test may have changed about the tables themselves: columns, guards, functions, the migration they are at.
_SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
  SELECT format('%s.%s %s %s', c.relname, a.attname, a.atttypid, a.attnotnull) AS part
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
  UNION ALL SELECT format('%s %s', tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT md5(prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
  UNION ALL SELECT version_num FROM alembic_version
) AS parts
"""


def admin(server: str, database: str = "postgres") -> str:
    """The address of whoever may make databases; `server` is HOST:PORT."""
    return f"postgresql://postgres@{server}/{database}?connect_timeout=5"


@contextmanager
def new_database(server: str, like: str = "template1") -> Iterator[str]:
    """A database of our own, the copy of another; dropped afterwards. Its URL."""
    name = f"linecall_test_{os.getpid()}_{next(_numbers)}"
    named = sql.Identifier(name)
    with psycopg.connect(admin(server), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(named, sql.Identifier(like)))
        # The machine does not lose its power during a test; only a server that is to be pulled out waits for its disk.
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(named))
    try:
        yield f"postgresql+psycopg://postgres@{server}/{name}"
    finally:
        with psycopg.connect(admin(server), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(named))


class Emptied:
    """Hands out databases with our tables and no rows, and takes them back."""

    def __init__(self, server: str, like: str) -> None:
        self.server, self.like = server, like
        self._free: list[tuple[str, Iterator[str]]] = []
        self._shape: str | None = None

    @contextmanager
    def one(self) -> Iterator[str]:
        """The URL of one, ours alone until the end; what a test leaves behind is gone before the next has it."""
        url, keeper = self._free.pop() if self._free else self._made()
        try:
            yield url
        finally:
            if self._emptied(url):
                self._free.append((url, keeper))
            else:
                next(keeper, None)

    def close(self) -> None:
        """Drop them."""
        for _, keeper in self._free:
            next(keeper, None)
        self._free.clear()

    def _made(self) -> tuple[str, Iterator[str]]:
        keeper = self._kept()
        return next(keeper), keeper

    def _kept(self) -> Iterator[str]:
        with new_database(self.server, self.like) as url:
            yield url

    def _emptied(self, url: str) -> bool:
        """Whether it is as new; not where its tables were changed."""
        name = url.rpartition("/")[2]
        with psycopg.connect(admin(self.server, name)) as connection:
            connection.execute(_OTHERS)
            connection.execute("SET session_replication_role = replica")  # the guards of the log let nobody delete
            tables = [row[0] for row in connection.execute(_TABLES)]
            if not self._as_made(connection):
                return False
            for table in tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for (sequence,) in connection.execute(_SEQUENCES).fetchall():
                connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(sequence)))
        return True

    def _as_made(self, connection: psycopg.Connection) -> bool:
        found = connection.execute(_SHAPE).fetchone()
        if self._shape is None:
            with psycopg.connect(admin(self.server, self.like)) as model:
                shape = model.execute(_SHAPE).fetchone()
            self._shape = shape[0] if shape else None
        return found is not None and found[0] == self._shape
