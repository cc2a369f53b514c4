"""What past exceptions teach stays in memory, and is believed only as long as it is what stands in the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config
from bot.improving import Learnt, learnt_from
from bot.rehearsal import Rehearsal
from db import cases, first_goes
from db.connect import Database, open_database
from integrations.plant_folder import read_plant_folder
from tests.conftest import RIVERSIDE
from tests.stories.past_weeks import remember, the_cases
from workflow.case import Case, Change, Entry
from workflow.improving import Accepted, RuleChange, Taught, differences, with_accepted
from workflow.metrics import counts, first_pass
from workflow.routing import World

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
FOLDER = read_plant_folder(RIVERSIDE)
WORLD = World(FOLDER.plant, FOLDER.rules, FOLDER.records, END)


class TakenBack(Exception):
    """A write that is not kept."""


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """Two weeks of Riverside."""
    opened = open_database(database_url or f"sqlite:///{tmp_path}/linecall.db")
    opened.migrate()
    remember(opened, the_cases())
    yield opened
    opened.close()


def taught(database: Database, since: datetime = START, until: datetime = END) -> Taught:
    """What that time teaches."""
    with database.read() as tx:
        return first_goes.taught(tx, since, until)


def plainly(several: list[Case]) -> dict[str, Any]:
    """The same by loops over cases."""
    found: dict[str, Any] = {"solved": 0, "at_once": 0, "rules": {}}
    for case in several:
        if not counts(case):
            continue
        found["solved"] += case.resolved_at is not None
        found["at_once"] += first_pass(case)
        for task in case.tasks:
            n, up = found["rules"].get((task.why, task.role), (0, 0))
            found["rules"][task.why, task.role] = (n + 1, up + task.escalated)
    return found


def as_plain(taught: Taught) -> dict[str, Any]:
    """The same facts of what was kept."""
    rules = {key: (times.n, len(times.up)) for key, times in taught.asked.items()}
    return {"solved": taught.solved, "at_once": taught.at_once, "rules": rules}


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (START, END),
        (datetime(2026, 11, 10, 3, tzinfo=UTC), datetime(2026, 11, 17, 15, tzinfo=UTC)),
        (datetime(2026, 11, 12, tzinfo=UTC), datetime(2026, 11, 12, tzinfo=UTC)),
    ],
)
def test_it_is_what_the_cases_say_whatever_the_period_begins_and_ends_with(
    database: Database, since: datetime, until: datetime
) -> None:
    with database.read() as tx:
        mine = list(cases.find(tx, since=since, until=until))
    assert as_plain(taught(database, since, until)) == plainly(mine)
    assert as_plain(taught(database, since, until)) == plainly(mine), "from memory too"


def test_a_change_is_seen_at_once_and_one_that_was_taken_back_never(database: Database) -> None:
    before = taught(database)
    with database.read() as tx:
        case = next(c for c in cases.find(tx, since=START, until=END) if first_pass(c))
    changed = replace(case, reopened=1)
    entry = Entry(END, "gary.lindqvist", "corrected", "", {})
    with pytest.raises(TakenBack):
        _saved_looked_at_and_taken_back(database, Change(changed, (entry,)))
    assert as_plain(taught(database)) == as_plain(before)
    with database.write() as tx:
        cases.save(tx, Change(changed, (entry,)), END)
    after = taught(database)
    assert after.at_once == before.at_once - 1
    assert {(one.where, one.what) for one in after.failed if one.case == case.number} == {
        ("reader", "corrected"), ("fix", "reopened"),
    }  # fmt: skip


def _saved_looked_at_and_taken_back(database: Database, change: Change) -> None:
    with database.write() as tx:
        cases.save(tx, change, END)
        first_goes.taught(tx, START, END)
        raise TakenBack


def test_a_change_of_rules_is_tried_on_each_exception_once_and_again_where_it_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant = Rehearsal(Config(plant=RIVERSIDE, data=tmp_path / "data", play=True), START)
    for stop in ("filler 3 jammed, line is down", "capper 3 jammed, line is down"):
        plant.says("maria.lopez", stop)
        plant.passes(minutes=30)
    rules = plant.app.world().rules
    own = next(c.name for c in rules.types["machine_breakdown"].concerns if c.role == "maintenance")
    types = {
        kind: replace(one, concerns=tuple(replace(c, role="quality") if c.name == own else c for c in one.concerns))
        for kind, one in rules.types.items()
    }
    other = replace(rules, types=types, version="other")
    change = RuleChange("owner", own, "maintenance", "quality")
    looked: list[str] = []
    really = first_goes.differences

    def seen(case: Case, new: Any, old: Any) -> frozenset[str]:
        looked.append(case.number)
        return really(case, new, old)

    monkeypatch.setattr(first_goes, "differences", seen)

    def tries() -> dict[str, int]:
        with plant.app.database.read() as tx:
            of = [case.number for case in cases.find(tx)]
            return first_goes.tried(tx, START, plant.clock.now(), of, change, other, rules)

    assert tries()["not_asked"] == 2
    assert tries()["asked_too"] == 2
    assert sorted(looked) == ["EX-1001", "EX-1002"], "what stands is not tried twice"
    plant.says("gary.lindqvist", "EX-1001 on my way")
    tries()
    assert sorted(looked) == ["EX-1001", "EX-1001", "EX-1002"]
    plant.close()


def test_an_operator_is_taught_by_what_he_may_see(database: Database) -> None:
    def learnt(person: str) -> Learnt:
        with database.read() as tx:
            return learnt_from(tx, WORLD, START, END, FOLDER.plant.person[person])

    with database.read() as tx:
        every = [case for case in cases.find(tx, since=START, until=END) if counts(case)]
    lines = FOLDER.plant.person["dwayne.hicks"].lines
    his = [c for c in every if c.line in lines or "dwayne.hicks" in (c.reporter, *c.joined)]
    assert 0 < len(his) < len(every)
    assert learnt("dwayne.hicks").solved == plainly(his)["solved"]
    assert learnt("stephanie.greer").solved == plainly(every)["solved"]


def test_what_today_already_asks_otherwise_is_no_effect_of_a_change(tmp_path: Path) -> None:
    """A rule that was changed last week differs from what was then; a proposal of today says its own effect alone."""
    plant = Rehearsal(Config(plant=RIVERSIDE, data=tmp_path / "data", play=True), START)
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    plant.passes(minutes=30)
    (case,) = plant.cases()
    rule = next(task.why for task in case.tasks if task.role == "maintenance")
    was = plant.app.world().rules
    today = with_accepted(was, [Accepted("deadline", rule, "15 min", "40 min", "denise.palmer", END)])
    assert "other_times" in differences(case, today, was)
    assert differences(case, today, today) == frozenset()
    planner = next(task.why for task in case.tasks if task.role == "planner")
    more = with_accepted(today, [Accepted("owner", planner, "planner", "quality", "denise.palmer", END)])
    assert "other_times" not in differences(case, more, today)
    plant.close()
