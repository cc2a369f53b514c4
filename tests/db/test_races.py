"""Several writers at once: one wins, the others notice, and nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import pytest

from db import cases, conversations, inbox, outbox, postings
from db.connect import Database, Stale, one_at_a_time
from tests.db.rows import LEASE, SIX, a_case, a_message, a_notice, a_posting, a_task, an_entry, minutes, saved
from workflow.case import Case, Change

T = TypeVar("T")


def at_once(*acts: Callable[[], T]) -> list[T | Exception]:
    """Run every act in a thread of its own, all started together; what each returned or raised."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T | Exception:
        start.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_of_two_who_change_one_case_one_wins_and_the_other_hears_it(database: Database) -> None:
    case = saved(database, a_case())
    for _ in range(10):
        versions = [replace(case, said=f"by {n}") for n in range(2)]
        acts = [lambda c=c: saved(database, c, entries=(an_entry(),), notices=(a_notice(),)) for c in versions]
        results = at_once(*acts)
        (won,) = (result for result in results if isinstance(result, Case))
        assert sum(isinstance(result, Stale) for result in results) == 1
        with database.read() as tx:
            assert cases.get(tx, "EX-1001") == won
            assert len(cases.log_of(tx, "EX-1001")) == len(outbox.of_case(tx, "EX-1001")) == won.version - 1
        case = won


def test_numbers_given_at_once_are_all_different(database: Database) -> None:
    def opened() -> str:
        with database.write() as tx:
            return cases.save(tx, Change(a_case(cases.next_number(tx))), SIX).number

    assert sorted(str(n) for n in at_once(*[opened] * 6)) == [f"EX-100{n}" for n in range(1, 7)]


def test_a_webhook_that_is_repeated_at_once_is_taken_once(database: Database) -> None:
    def put() -> int | None:
        with database.write() as tx:
            return inbox.put(tx, a_message(), SIX)

    results = at_once(*[put] * 5)
    assert len([result for result in results if isinstance(result, int)]) == 1
    assert results.count(None) == 4


def test_a_message_that_two_workers_have_is_handled_by_one(database: Database) -> None:
    with database.write() as tx:
        stored = inbox.put(tx, a_message(), SIX)
    assert stored is not None

    def handle() -> str:
        with database.write() as tx:
            if not inbox.take(tx, stored):
                return "somebody has it"
            cases.save(tx, Change(a_case(cases.next_number(tx))), SIX)
            inbox.done(tx, stored, SIX, "opened")
            return "opened"

    assert sorted(map(str, at_once(*[handle] * 3))) == ["opened", "somebody has it", "somebody has it"]
    with database.read() as tx:
        assert len(cases.find(tx)) == 1


def test_notices_and_postings_are_claimed_by_one_each(database: Database) -> None:
    numbers = [f"EX-{n}" for n in range(1001, 1021)]
    for number in numbers:
        saved(database, a_case(number), notices=(a_notice(number),), postings=(a_posting(number, number),))

    def claim_both() -> tuple[Sequence[int], Sequence[int]]:
        with database.write() as tx:
            sends = [pending.id for pending in outbox.claim(tx, SIX, 5, LEASE)]
            books = [claimed.id for claimed in postings.claim(tx, SIX, 5, LEASE)]
        return sends, books

    taken: list[tuple[Sequence[int], Sequence[int]]] = []
    while len(taken) < 12:
        taken += [result for result in at_once(*[claim_both] * 4) if isinstance(result, tuple)]
    for one_kind in zip(*taken, strict=True):
        ids = [id_ for batch in one_kind for id_ in batch]
        assert len(ids) == len(set(ids)) == len(numbers)


@pytest.mark.postgresql
def test_a_second_worker_passes_over_what_the_first_is_at(postgresql: Database) -> None:
    for n in (1001, 1002):
        saved(postgresql, a_case(f"EX-{n}", tasks=(a_task(next_step_at=SIX + minutes(n)),)))
    later = SIX + minutes(2000)
    with postgresql.write() as one, postgresql.write() as two:
        assert cases.due(one, later, 1) == ("EX-1001",)
        assert cases.due(two, later, 10) == ("EX-1002",)


@pytest.mark.postgresql
def test_a_second_worker_does_not_overtake_the_first_towards_the_same_person(postgresql: Database) -> None:
    with postgresql.write() as tx:
        outbox.put_all(tx, None, [a_notice("gary", "1"), a_notice("gary", "2"), a_notice("anita", "1")], SIX)
    with postgresql.write() as one, postgresql.write() as two:
        assert [p.notice.name for p in outbox.claim(one, SIX, 1, LEASE)] == ["1"]
        assert [p.notice.to for p in outbox.claim(two, SIX, 10, LEASE)] == ["anita"]


@pytest.mark.postgresql
def test_a_second_worker_does_not_overtake_the_first_within_a_case(postgresql: Database) -> None:
    saved(postgresql, a_case(), postings=(a_posting("hold"), a_posting("release")))
    with postgresql.write() as one, postgresql.write() as two:
        assert [c.status.posting.key for c in postings.claim(one, SIX, 1, LEASE)] == ["hold"]
        assert postings.claim(two, SIX, 10, LEASE) == ()


@pytest.mark.postgresql
def test_what_a_worker_is_chasing_cannot_change_under_its_hands(postgresql: Database) -> None:
    case = saved(postgresql, a_case())
    with ThreadPoolExecutor(1) as pool:
        with postgresql.write() as tx:
            assert cases.due(tx, SIX + minutes(5), 1) == ("EX-1001",)
            acknowledged = pool.submit(saved, postgresql, replace(case, said="on it"))
            fresh = cases.get(tx, "EX-1001")
            assert fresh is not None
            chased = cases.save(tx, Change(replace(fresh, told=("denise",))), SIX)
        assert isinstance(acknowledged.exception(), Stale)
    with postgresql.read() as tx:
        assert cases.get(tx, "EX-1001") == chased


@pytest.mark.postgresql
def test_two_who_wait_for_each_other_are_told_apart_as_a_lost_race(postgresql: Database) -> None:
    first, second = saved(postgresql, a_case()), saved(postgresql, a_case("EX-1002"))
    both_have_one = threading.Barrier(2)

    def change(one: Case, other: Case) -> None:
        with postgresql.write() as tx:
            cases.save(tx, Change(one), SIX)
            both_have_one.wait()
            cases.save(tx, Change(other), SIX)

    results = at_once(lambda: change(first, second), lambda: change(second, first))
    assert sorted(type(result).__name__ for result in results) == ["NoneType", "Stale"]


@pytest.mark.postgresql
def test_only_one_at_a_time_passes_where_a_version_cannot_guard(postgresql: Database) -> None:
    def report() -> str:
        with postgresql.write() as tx:
            one_at_a_time(tx, "line L3")
            if cases.open_cases(tx):
                return "joined"
            cases.save(tx, Change(a_case(cases.next_number(tx))), SIX)
            return "opened"

    assert sorted(map(str, at_once(*[report] * 4))) == ["joined", "joined", "joined", "opened"]


@pytest.mark.postgresql
def test_a_page_that_reads_on_from_the_newest_line_misses_none(postgresql: Database) -> None:
    def say() -> int:
        with postgresql.write() as tx:
            one = conversations.said(tx, "maria", SIX, "a", None, "web")
            with postgresql.read() as page:
                assert all(line.id < one for line in conversations.of(page, "maria"))
            return one

    results = at_once(*[say] * 4)
    assert all(isinstance(result, int) for result in results), results
