"""Runs every test of the storage room on SQLite and on PostgreSQL, each on a fresh copy of a migrated database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.connect import Database, open_database
from tests.emptied import Emptied, new_database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows."""
    if request.param == "sqlite":
        yield _copied_file(request, tmp_path)
    else:
        with request.getfixturevalue("emptied").one() as where:
            yield where


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """The same, open."""
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def postgresql(emptied: Emptied) -> Iterator[Database]:
    """For what only PostgreSQL does; mark the test `postgresql`."""
    with emptied.one() as where:
        opened = open_database(where)
        yield opened
        opened.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        with new_database(request.getfixturevalue("postgresql_server")) as where:
            yield where


def _copied_file(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    file = tmp_path / "linecall.db"
    shutil.copy(request.getfixturevalue("sqlite_with_tables"), file)
    return f"sqlite:///{file}"
