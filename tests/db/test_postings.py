"""ERP gets each transaction once, in its order, and what it did not take stays in sight (R2, R47)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import get_args

import pytest

from db import posting_waits, postings
from db.connect import Database
from db.postings import Claimed, DifferentPosting
from tests.db.rows import LEASE, SIX, a_case, a_posting, minutes, saved
from workflow.case import Posting, PostingState, PostingStatus
from workflow.ports import Receipt

RECEIPT = Receipt("4711", SIX + minutes(2))


def owed(database: Database, *keys: str, case: str = "EX-1001") -> tuple[Posting, ...]:
    made = tuple(a_posting(key, case) for key in keys)
    saved(database, a_case(case), postings=made)
    return made


def claim(database: Database, now: datetime = SIX) -> tuple[Claimed, ...]:
    with database.write() as tx:
        return postings.claim(tx, now, 10, LEASE)


def keys(claimed: tuple[Claimed, ...]) -> list[str]:
    return [one.status.posting.key for one in claimed]


def now_is(database: Database, key: str) -> PostingStatus:
    with database.read() as tx:
        status = postings.get(tx, key)
    assert status is not None
    return status


def test_a_posting_is_confirmed_with_the_receipt_of_the_erp(database: Database) -> None:
    (posting,) = owed(database, "k")
    (claimed,) = claim(database)
    assert claimed.status == PostingStatus(posting, "due", attempts=1, owed_since=SIX)
    assert not claimed.outcome_unknown
    with database.write() as tx:
        assert postings.confirmed(tx, claimed, RECEIPT, SIX + minutes(3))
    status = now_is(database, "k")
    assert (status.state, status.receipt, status.confirmed_at) == ("posted", "4711", RECEIPT.at)
    assert claim(database, SIX + minutes(60)) == ()


def test_the_same_posting_again_changes_nothing_and_another_content_is_an_error(database: Database) -> None:
    posting = a_posting("k", body={"lots": ("a", "b"), "minutes": 40})
    saved(database, a_case(), postings=(posting,))
    with database.write() as tx:
        postings.owe(tx, (posting, posting), SIX + minutes(5))
    with pytest.raises(DifferentPosting), database.write() as tx:
        postings.owe(tx, (replace(posting, body={"minutes": 41}),), SIX)
    with database.read() as tx:
        assert [status.owed_since for status in postings.find(tx)] == [SIX]


def test_within_a_case_the_order_is_kept_and_cases_do_not_wait_for_one_another(database: Database) -> None:
    owed(database, "hold", "release")
    owed(database, "other", case="EX-1002")
    first = claim(database)
    assert keys(first) == ["hold", "other"]
    assert claim(database) == (), "the release waits while the hold is on its way"
    with database.write() as tx:
        postings.waiting(tx, first[0], "no connection", SIX + minutes(1))
    assert claim(database) == (), "and while it waits for its next attempt"
    (again,) = claim(database, SIX + minutes(1))[:1]
    assert again.status.state == "waiting"
    assert again.status.attempts == 2
    with database.write() as tx:
        postings.confirmed(tx, again, RECEIPT, SIX)
    assert "release" in keys(claim(database, SIX + minutes(1)))


def test_one_that_failed_is_a_persons_to_look_after_and_holds_up_nothing(database: Database) -> None:
    owed(database, "first", "second")
    (claimed,) = claim(database)
    with database.write() as tx:
        assert postings.failed(tx, claimed, "period closed", "denise", SIX)
    status = now_is(database, "first")
    assert (status.state, status.error, status.owner) == ("failed", "period closed", "denise")
    assert keys(claim(database)) == ["second"]
    with database.read() as tx:
        assert [s.posting.key for s in postings.unconfirmed(tx)] == ["first", "second"]
        assert postings.due_count(tx) == 1


def test_after_a_death_in_the_middle_the_next_one_knows_that_it_must_look_first(database: Database) -> None:
    owed(database, "k")
    claim(database)
    (again,) = claim(database, SIX + LEASE)
    assert again.outcome_unknown
    with database.write() as tx:
        postings.waiting(tx, again, "still away", SIX + minutes(2))
    (third,) = claim(database, SIX + minutes(2))
    assert third.outcome_unknown, "until somebody knows"


def test_an_unknown_outcome_is_remembered(database: Database) -> None:
    owed(database, "k")
    (claimed,) = claim(database)
    with database.write() as tx:
        postings.waiting(tx, claimed, "timed out", SIX, outcome_unknown=True)
    (again,) = claim(database)
    assert again.outcome_unknown


def test_a_late_worker_cannot_fail_what_another_holds_but_its_receipt_counts(database: Database) -> None:
    owed(database, "k")
    (slow,) = claim(database)
    (other,) = claim(database, SIX + LEASE)
    with database.write() as tx:
        assert not postings.failed(tx, slow, "no", "denise", SIX)
        assert not postings.waiting(tx, slow, "no", SIX)
        assert not postings.dry_run(tx, slow, SIX)
        assert postings.confirmed(tx, slow, RECEIPT, SIX)
        assert not postings.confirmed(tx, other, Receipt("4712", SIX), SIX), "the first receipt is kept"
        assert not postings.failed(tx, other, "duplicate", "denise", SIX)
    assert now_is(database, "k").receipt == "4711"


def test_a_person_books_by_hand_what_failed_and_types_the_receipt_in(database: Database) -> None:
    owed(database, "k")
    (claimed,) = claim(database)
    with database.write() as tx:
        postings.failed(tx, claimed, "unknown order", "denise", SIX)
        assert postings.by_hand(tx, "k", RECEIPT, "denise", SIX + minutes(9))
        assert not postings.by_hand(tx, "k", RECEIPT, "neil", SIX + minutes(10))
    status = now_is(database, "k")
    assert (status.state, status.receipt, status.error) == ("manual", "4711", None)
    assert claim(database, SIX + minutes(60)) == ()


def test_a_person_lets_a_failed_one_be_tried_again(database: Database) -> None:
    owed(database, "k")
    (claimed,) = claim(database)
    with database.write() as tx:
        assert not postings.retry(tx, "k", SIX), "somebody is at it"
        postings.failed(tx, claimed, "period closed", "denise", SIX)
        assert postings.retry(tx, "k", SIX + minutes(1))
        assert not postings.retry(tx, "unknown", SIX)
    (again,) = claim(database, SIX + minutes(1))
    assert again.status.attempts == 2
    with database.write() as tx:
        postings.confirmed(tx, again, RECEIPT, SIX)
        assert not postings.retry(tx, "k", SIX)


def test_a_dry_run_is_only_written_down(database: Database) -> None:
    owed(database, "k", "next")
    (claimed,) = claim(database)
    with database.write() as tx:
        assert postings.dry_run(tx, claimed, SIX)
    assert now_is(database, "k").state == "dry_run"
    assert keys(claim(database)) == ["next"]


def test_a_reversal_that_was_confirmed_reverses(database: Database) -> None:
    saved(database, a_case(), postings=(a_posting("k"), a_posting("undo", reverses="k")))
    for _ in range(2):
        (claimed,) = claim(database)
        with database.write() as tx:
            postings.confirmed(tx, claimed, RECEIPT, SIX)
    assert now_is(database, "k").state == "reversed"
    assert now_is(database, "undo").state == "posted"


def test_when_the_erp_is_back_nothing_waits_out_its_backoff(database: Database) -> None:
    owed(database, "k")
    owed(database, "held", case="EX-1002")
    first, _held = claim(database)
    with database.write() as tx:
        postings.waiting(tx, first, "away", SIX + minutes(60))
        assert posting_waits.release_backoff(tx, SIX + minutes(0.1), ("downtime",)) == 1
    assert keys(claim(database, SIX + minutes(0.1))) == ["k"]


def test_postings_are_found_by_their_state_though_none_is_stored(database: Database) -> None:
    for n, state in enumerate(get_args(PostingState)):
        owed(database, state, case=f"EX-{n}")
        with database.write() as tx:
            (claimed,) = (c for c in postings.claim(tx, SIX, 10, LEASE) if c.status.posting.key == state)
            match state:
                case "posted":
                    postings.confirmed(tx, claimed, RECEIPT, SIX)
                case "reversed":
                    postings.confirmed(tx, claimed, RECEIPT, SIX)
                    postings.reversed_(tx, state, SIX)
                case "manual":
                    postings.by_hand(tx, state, RECEIPT, "denise", SIX)
                case "waiting":
                    postings.waiting(tx, claimed, "away", SIX + minutes(9))
                case "failed":
                    postings.failed(tx, claimed, "no", None, SIX)
                case "dry_run":
                    postings.dry_run(tx, claimed, SIX)
    with database.read() as tx:
        for state in get_args(PostingState):
            assert [(s.posting.key, s.state) for s in postings.find(tx, state)] == [(state, state)]
        assert [s.posting.key for s in postings.find(tx, limit=2)] == list(get_args(PostingState))[-2:]
