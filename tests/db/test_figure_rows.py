"""Columns that stay in memory are believed only as long as they are what stands in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from db import figures, stops
from db.connect import Database, open_database
from db.figure_rows import Which
from db.tables import figure
from tests.stories.past_weeks import the_cases
from workflow.case import Case

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
CASES = tuple(the_cases())


class TakenBack(Exception):
    """A write that is not kept."""


@pytest.fixture
def address(database_url: str, tmp_path: Path) -> str:
    """A database that two programs can open."""
    return database_url or f"sqlite:///{tmp_path}/linecall.db"


@pytest.fixture
def database(address: str) -> Iterator[Database]:
    """Two weeks of Riverside."""
    opened = open_database(address)
    opened.migrate()
    with opened.write() as tx:
        for case in CASES:
            figures.keep(tx, case)
    yield opened
    opened.close()


def counted(database: Database, **which: str) -> tuple[int, int, float | None]:
    """How many, how many of them solved, and the median resolution time."""
    with database.read() as tx:
        (group,) = figures.grouped(tx, Which(START, END, **which))
    return group.n, group.solved, group.spreads["resolution"].median


def _written_looked_at_and_taken_back(database: Database) -> None:
    with database.write() as tx:
        figures.keep(tx, later(CASES[0], 600))
        assert figures.grouped(tx, Which(START, END))[0].n == 18
        raise TakenBack


def later(case: Case, minutes: int) -> Case:
    """The same case, closed so much later."""
    assert case.closed_at is not None
    return replace(case, closed_at=case.closed_at + timedelta(minutes=minutes))


def test_R57_a_change_of_one_case_is_in_the_next_answer(database: Database) -> None:
    assert counted(database) == (18, 15, 34.5)
    with database.write() as tx:
        for case in CASES[:10]:
            figures.keep(tx, later(case, 600))
    n, solved, median = counted(database)
    assert (n, solved) == (18, 15)
    assert median is not None
    assert median > 600

    with database.write() as tx:
        figures.keep(tx, replace(CASES[0], cancelled_at=CASES[0].closed_at))
    assert counted(database)[0] == 17


def test_R57_what_was_taken_back_is_never_counted(database: Database) -> None:
    before = counted(database)
    with pytest.raises(TakenBack):
        _written_looked_at_and_taken_back(database)
    assert counted(database) == before
    with database.write() as tx:
        figures.keep(tx, later(CASES[1], 600))
    assert counted(database) != before


def test_R57_a_write_of_another_process_is_in_the_next_answer(database: Database, address: str) -> None:
    assert counted(database, line="L3")[0] == 9
    other = open_database(address)
    with other.write() as tx:
        figures.keep(tx, replace(CASES[0], number="EX-9001"))
    other.close()
    assert counted(database, line="L3")[0] == 10


def test_every_row_has_a_stamp_of_its_own(database: Database) -> None:
    with database.read() as tx:
        stamps = list(tx.scalars(sa.select(figure.c.stamp)))
    assert len(set(stamps)) == len(CASES)


def test_a_stretch_without_cases_and_a_line_that_never_was_are_empty(database: Database) -> None:
    with database.read() as tx:
        assert figures.grouped(tx, Which(START - timedelta(days=90), START - timedelta(days=60))) == ()
        assert figures.grouped(tx, Which(START, END, line="L9")) == ()
        assert figures.grouped(tx, Which(END, START)) == ()
        assert stops.stood(tx, Which(START, END, line="L9"), "line") == ()
