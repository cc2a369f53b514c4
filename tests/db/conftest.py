"""Runs every test of the storage room on SQLite and on PostgreSQL, each on a fresh copy of a migrated database."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from db.connect import Database, open_database

_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows."""
    if request.param == "sqlite":
        yield _copied_file(request, tmp_path)
    else:
        yield from _copied_database(request)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The same, open."""
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def postgresql(request: pytest.FixtureRequest) -> Iterator[Database]:
    """For what only PostgreSQL does; mark the test `postgresql`."""
    for where in _copied_database(request):
        opened = open_database(where)
        yield opened
        opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        yield from fresh_postgresql(request.getfixturevalue("postgresql_server"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: str) -> Iterator[str]:
    for where in fresh_postgresql(postgresql_server):
        _migrate(where)
        yield where.rpartition("/")[2]


def fresh_postgresql(server: str, template: str = "template1") -> Iterator[str]:
    """A database of our own, dropped afterwards; `server` is HOST:PORT."""
    name = f"linecall_db_{os.getpid()}_{next(_numbers)}"
    admin = f"postgresql://postgres@{server}/postgres?connect_timeout=5"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(create)
    yield f"postgresql://postgres@{server}/{name}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _copied_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    file = tmp_path / "linecall.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), file)
    return f"sqlite:///{file}"


def _copied_database(request: pytest.FixtureRequest) -> Iterator[str]:
    server = request.getfixturevalue("postgresql_server")
    yield from fresh_postgresql(server, request.getfixturevalue("postgresql_template"))


def _migrate(where: str) -> None:
    migrated = open_database(where)
    migrated.migrate()
    migrated.close()
