"""A change is saved whole or not at all, by whoever saw the case as it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from db import cases, changes, outbox, postings
from db.connect import Database, Stale
from db.postings import DifferentPosting
from db.tables import log, mention
from tests.db.rows import SIX, a_case, a_notice, a_posting, a_task, an_entry, minutes, saved, saved_again
from workflow.case import Case, Change


def test_numbers_count_up_and_are_never_given_twice(database: Database) -> None:
    with database.write() as tx:
        assert [cases.next_number(tx) for _ in range(3)] == ["EX-1001", "EX-1002", "EX-1003"]
    with database.write() as tx:
        assert cases.next_number(tx) == "EX-1004"


def test_a_change_is_saved_with_everything_that_it_asks_for(database: Database) -> None:
    posting = a_posting("riverside/EX-1001/1/downtime/1")
    case = saved(database, a_case(), entries=(an_entry(),), notices=(a_notice(),), postings=(posting,))
    with database.read() as tx:
        assert cases.get(tx, "EX-1001") == case
        assert cases.log_of(tx, "EX-1001") == (an_entry(),)
        assert [told.notice for told in outbox.of_case(tx, "EX-1001")] == [a_notice()]
        (status,) = postings.of_case(tx, "EX-1001")
        assert (status.posting, status.state, status.owed_since) == (posting, "due", SIX)


def test_nothing_of_a_change_remains_when_anything_of_it_fails(database: Database) -> None:
    saved(database, a_case(), postings=(a_posting("k"),))
    change = Change(a_case("EX-1002"), (an_entry(),), (a_notice(),), (a_posting("k", "EX-1002"),))
    with pytest.raises(DifferentPosting), database.write() as tx:
        cases.save(tx, change, SIX)
    with database.read() as tx:
        assert cases.get(tx, "EX-1002") is None
        assert cases.log_of(tx, "EX-1002") == ()
        assert outbox.of_case(tx, "EX-1002") == ()


def test_who_saw_an_older_case_is_refused_and_changes_nothing(database: Database) -> None:
    first = saved(database, a_case())
    saved_again(database, first, line_stopped=True)
    with pytest.raises(Stale), database.write() as tx:
        cases.save(tx, Change(replace(first, line_stopped=False), (an_entry(),), (a_notice(),)), SIX)
    with database.read() as tx:
        found = cases.get(tx, "EX-1001")
        assert found is not None
        assert found.line_stopped is True
        assert found.version == 2
        assert outbox.of_case(tx, "EX-1001") == ()


def test_a_taken_number_is_refused_to_a_new_case(database: Database) -> None:
    saved(database, a_case())
    with pytest.raises(Stale):
        saved(database, a_case(said="another one"))


def test_a_refused_change_leaves_the_rest_of_its_transaction_whole(database: Database) -> None:
    saved(database, a_case())
    with database.write() as tx:
        with pytest.raises(Stale), tx.begin_nested():
            cases.save(tx, Change(a_case(), (), (a_notice(),)), SIX)
        cases.save(tx, Change(a_case("EX-1002")), SIX)
    with database.read() as tx:
        assert cases.get(tx, "EX-1002") is not None
        assert outbox.of_case(tx, "EX-1001") == ()


def test_a_withdrawn_task_and_a_new_one_of_the_same_function_keep_their_order(database: Database) -> None:
    case = saved(database, a_case())
    gone = replace(a_task(), withdrawn_at=SIX, next_step_at=None)
    again = saved_again(database, case, tasks=(gone, a_task("quality"), a_task()))
    with database.read() as tx:
        assert cases.get(tx, "EX-1001") == again


@pytest.mark.parametrize(
    "statement",
    [
        sa.update(log).values(why="it was somebody else"),
        sa.delete(log),
        sa.text("INSERT OR REPLACE INTO log SELECT * FROM log"),
        sa.text("TRUNCATE log"),
    ],
    ids=["changed", "deleted", "replaced", "emptied"],
)
def test_the_log_of_a_case_cannot_be(database: Database, statement: sa.Executable) -> None:
    saved(database, a_case(), entries=(an_entry(),))
    with pytest.raises(sa.exc.DBAPIError), database.write() as tx:
        tx.execute(statement)
    with database.read() as tx:
        assert cases.log_of(tx, "EX-1001") == (an_entry(),)


def test_due_cases_come_earliest_first_and_each_once(database: Database) -> None:
    late, early, both, idle = (f"EX-{n}" for n in (1001, 1002, 1003, 1004))
    saved(database, a_case(late, tasks=(a_task(next_step_at=SIX + minutes(4)),)))
    saved(database, a_case(early, tasks=(a_task(next_step_at=SIX + minutes(1)),)))
    tasks = (a_task(next_step_at=SIX + minutes(2)), a_task("quality", next_step_at=SIX + minutes(3)))
    saved(database, a_case(both, tasks=tasks))
    saved(database, a_case(idle, tasks=(a_task(next_step_at=None),)))
    with database.write() as tx:
        assert cases.due(tx, SIX, 10) == ()
        assert cases.due(tx, SIX + minutes(3), 10) == (early, both)
        assert cases.due(tx, SIX + minutes(60), 10) == (early, both, late)
        assert cases.due(tx, SIX + minutes(60), 1) == (early,)
        assert cases.next_due(tx) == SIX + minutes(1)


def test_nothing_is_due_in_a_quiet_plant(database: Database) -> None:
    with database.read() as tx:
        assert cases.next_due(tx) is None
        assert cases.due(tx, SIX, 10) == ()
        assert cases.get(tx, "EX-1001") is None
        assert cases.find(tx) == cases.open_cases(tx) == ()


STATES: dict[str, dict[str, Any]] = {
    "draft": {"opened_at": None, "type": None},
    "open": {},
    "acknowledged": {"tasks": (a_task(acknowledged_at=SIX), a_task("planner", required=False))},
    "resolved": {"resolved_at": SIX + minutes(40)},
    "closed": {"resolved_at": SIX + minutes(40), "closed_at": SIX + minutes(41)},
    "cancelled": {"cancelled_at": SIX},
    "merged": {"merged_into": "EX-1001"},
}


@pytest.mark.parametrize("status", STATES)
def test_cases_are_found_by_their_status_though_none_is_stored(database: Database, status: Any) -> None:
    made = {name: saved(database, a_case(f"EX-{1001 + n}", **facts)) for n, (name, facts) in enumerate(STATES.items())}
    assert all(case.status == name for name, case in made.items())
    with database.read() as tx:
        assert cases.find(tx, status=status) == (made[status],)
        assert cases.find(tx, status=("closed", status)) == tuple(
            made[name] for name in STATES if name in ("closed", status)
        )
        assert cases.open_cases(tx) == (made["draft"], made["open"], made["acknowledged"])


def test_an_open_case_whose_only_function_was_withdrawn_is_not_acknowledged(database: Database) -> None:
    case = saved(database, a_case(tasks=(a_task(acknowledged_at=SIX, withdrawn_at=SIX),)))
    with database.read() as tx:
        assert case.status == "open"
        assert cases.find(tx, status="open") == (case,)


@pytest.mark.parametrize(
    "asked",
    [
        {"line": "L3"},
        {"type": "machine_breakdown"},
        {"asset": "L3-FIL"},
        {"work_order": "WO-10482"},
        {"lot": "6290-3"},
        {"item": "CAP-BLUE"},
        {"reporter": "maria"},
        {"since": SIX},
        {"since": SIX, "until": SIX + minutes(1), "line": "L3", "status": "open"},
    ],
    ids=str,
)
def test_cases_are_found_by(database: Database, asked: dict[str, Any]) -> None:
    mine = saved(database, a_case(work_orders=("WO-10482",), lots=("6290-3",), items=("CAP-BLUE",)))
    other = {"line": "L1", "type": "quality_hold", "assets": ("L1-FIL",), "work_orders": ("WO-9",), "lots": ("1",)}
    saved(database, a_case("EX-1002", reporter="tom", captured_at=SIX - minutes(9), **other))
    with database.read() as tx:
        assert cases.find(tx, **asked) == (mine,)


def test_a_corrected_case_is_no_longer_found_by_what_was_wrong(database: Database) -> None:
    case = saved(database, a_case(work_orders=("WO-10482",)))
    saved_again(database, case, work_orders=("WO-10485",))
    with database.read() as tx:
        assert cases.find(tx, work_order="WO-10482") == ()
        assert [c.number for c in cases.find(tx, work_order="WO-10485")] == ["EX-1001"]
        assert tx.scalar(sa.select(sa.func.count()).select_from(mention)) == 2


def test_cases_come_oldest_first_and_a_limit_takes_the_newest(database: Database) -> None:
    for n in range(998, 1003):
        saved(database, a_case(f"EX-{n}", captured_at=SIX + minutes(n // 1000)))
    with database.read() as tx:
        everything = [c.number for c in cases.find(tx)]
        assert everything == ["EX-998", "EX-999", "EX-1000", "EX-1001", "EX-1002"]
        assert [c.number for c in cases.find(tx, limit=2)] == ["EX-1001", "EX-1002"]
        assert cases.find(tx, status=()) == ()


def test_a_thousand_cases_come_with_their_own_tasks(database: Database) -> None:
    with database.write() as tx:
        for n in range(1001, 2002):
            cases.save(tx, Change(a_case(f"EX-{n}", tasks=(a_task(owner=f"p{n}"),))), SIX)
    with database.read() as tx:
        found = cases.find(tx)
    assert len(found) == 1001
    assert all(c.tasks == (a_task(owner=f"p{c.number[3:]}"),) for c in found)


def test_the_counter_grows_with_every_commit_that_a_page_shows_and_with_no_other(database: Database) -> None:
    def counted() -> int:
        with database.read() as tx:
            return changes.latest(tx)

    steps: list[Callable[[], Case]] = []
    case = saved(database, a_case())
    first = counted()
    assert first > 0
    steps = [lambda: saved_again(database, case, said="and it smokes"), lambda: saved(database, a_case("EX-1002"))]
    for n, step in enumerate(steps, 1):
        step()
        assert counted() == first + n
    with database.write() as tx:
        assert outbox.claim(tx, SIX, 10, timedelta(seconds=30)) == ()
    with pytest.raises(Stale):
        saved(database, case)
    assert counted() == first + len(steps)
