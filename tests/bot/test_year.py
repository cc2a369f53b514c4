"""A generated year of a plant: every number of an answer equals one that plain loops count a second time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from bench.recount import said
from bench.year import (
    END,
    RIVERSIDE,
    YEAR,
    ask,
    counted_plainly,
    differing_answers,
    keep_times_from_before,
    questions,
    rounded,
    stood_plainly,
    times_from_before,
    write,
    year_of_cases,
)
from bot.answers.groups import groups_of
from bot.answers.wanted import Subject
from db import figures, stops
from db.connect import Database, open_database
from db.figure_rows import Which
from integrations.plant_folder import read_plant_folder
from workflow.case import Case, Notice
from workflow.metrics import metrics
from workflow.plant import shifts_at
from workflow.routing import World

FOLDER = read_plant_folder(RIVERSIDE)
WORLD = World(FOLDER.plant, FOLDER.rules, FOLDER.records, END)
CASES = list(year_of_cases(1500, FOLDER))
BEFORE = times_from_before()
SOME = END - timedelta(days=100), END - timedelta(days=3)


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('year') / 'year.db'}")
    database.migrate()
    write(database, CASES)
    assert keep_times_from_before(database) == BEFORE
    yield database
    database.close()


def test_the_same_seed_makes_the_same_year() -> None:
    assert list(year_of_cases(40, FOLDER)) == list(year_of_cases(40, FOLDER))


@pytest.mark.parametrize(("start", "end"), [(END - YEAR, END), SOME])
def test_the_four_figures_are_right(year: Database, start: object, end: object) -> None:
    with year.read() as tx:
        (group,) = figures.grouped(tx, Which(start, end))  # type: ignore[arg-type]
    plain = counted_plainly(CASES, start, end)  # type: ignore[arg-type]
    assert (group.n, group.solved, group.passed) == (plain["n"], plain["solved"], plain["passed"])
    for name, spread in group.spreads.items():
        assert (spread.median, spread.p90, spread.n) == rounded(plain[name]), name
    counted = metrics(CASES, FOLDER.plant, start, end)  # type: ignore[arg-type]
    assert (counted.alignment_min.median, counted.alignment_min.p90) == rounded(plain["alignment"])[:2]


@pytest.mark.parametrize("by", ["line", "type", "role", "shift"])
def test_side_by_side_they_are_right_too(year: Database, by: str) -> None:
    def key(case: Case) -> str:
        if by == "shift":
            return shifts_at(FOLDER.plant, case.captured_at)[0].shift
        return case.tasks[0].role if by == "role" else getattr(case, by)

    with year.read() as tx:
        groups = groups_of(tx, Which(*SOME), by, WORLD)
    assert len(groups) > 2
    for group in groups:
        mine = [case for case in CASES if key(case) == group.key]
        plain = counted_plainly(mine, *SOME)
        assert group.n == plain["n"]
        assert rounded(plain["resolution"]) == (
            group.spreads["resolution"].median, group.spreads["resolution"].p90, group.spreads["resolution"].n,
        )  # fmt: skip
        assert set(group.cases) <= {case.number for case in mine}


def test_R49_minutes_down_are_counted_once_for_a_machine(year: Database) -> None:
    solved = [case for case in CASES if case.resolved_at is not None]
    with year.read() as tx:
        found = {one.key: one.minutes for one in stops.stood(tx, Which(*SOME), "line")}
    assert found == pytest.approx(stood_plainly(solved, *SOME, END))
    assert sum(found.values()) > 0


@pytest.mark.parametrize("by", ["type", "role", "cause"])
def test_R49_stops_of_two_kinds_of_one_machine_are_no_minute_twice(tmp_path: Path, by: str) -> None:
    """Filler 3 stands from six to eight for a jam; from seven to nine it is changed over: three hours, not four."""
    six = END.replace(hour=12) - timedelta(days=2)
    jam = replace(
        CASES[0], number="EX-1", type="machine_breakdown", line="L3", assets=("L3-FIL",), captured_at=six,
        occurred_at=None, resolved_at=six + timedelta(hours=2), line_stopped=True, cancelled_at=None,
    )  # fmt: skip
    other = replace(
        jam, number="EX-2", type="changeover_overrun", captured_at=six + timedelta(hours=1),
        resolved_at=six + timedelta(hours=3), tasks=(replace(jam.tasks[0], role="supervisor"),),
    )  # fmt: skip
    database = open_database(f"sqlite:///{tmp_path / 'two.db'}")
    database.migrate()
    write(database, [jam, other])
    with database.read() as tx:
        found = stops.stood(tx, Which(six - timedelta(days=1), END), by)
    assert sorted(one.minutes for one in found) == [60, 120]
    database.close()


def test_recurring_causes_are_right(year: Database) -> None:
    with year.read() as tx:
        found, n, minutes = figures.causes(tx, Which(*SOME), 5)
    assert n == counted_plainly(CASES, *SOME)["n"]
    rows = [figures.row_of(c) for c in CASES if SOME[0] <= c.captured_at < SOME[1] and c.cancelled_at is None]
    assert minutes == pytest.approx(sum(row["down_min"] or 0 for row in rows))
    for cause in found:
        mine = [row for row in rows if (row["asset"], row["type"]) == (cause.asset, cause.type)]
        assert cause.n == len(mine)
        assert cause.down_min == pytest.approx(sum(row["down_min"] or 0 for row in mine))


@pytest.fixture(scope="module")
def told(year: Database) -> dict[str, Notice]:
    """The answers to all questions of the bench."""
    return {name: ask(year, wanted, WORLD) for name, wanted in questions(FOLDER).items()}


def test_every_question_of_the_bench_is_answered(told: dict[str, Notice]) -> None:
    assert not {name: one for name, one in told.items() if one.name in ("answer.nothing", "answer.not_allowed")}
    assert {wanted.about for wanted in questions(FOLDER).values()} == set(get_args(Subject)) - {"ranking", "priorities"}


def test_every_number_of_every_answer_is_that_of_plain_loops(told: dict[str, Notice]) -> None:
    assert differing_answers(FOLDER, CASES, BEFORE, told) == {}
    recounted = [name for name, wanted in questions(FOLDER).items() if said(wanted, told[name])]
    assert set(questions(FOLDER)) - set(recounted) == {"who is there"}, "where there is no number to count"


def test_a_wrong_number_is_seen(told: dict[str, Notice]) -> None:
    """One case less, and all but lists of what is open or on hold differ."""
    fewer = [case for case in CASES if case.number != CASES[-200].number]
    wrong = differing_answers(FOLDER, fewer, BEFORE[1:], told)
    same = set(questions(FOLDER)) - set(wrong)
    assert same <= {"open", "who", "order", "history of a machine", "lots on hold", "one exception", "who is there",
                    "what ERP lacks", "summary of a week", "what to improve, 30 days"}  # fmt: skip
