"""Nobody is left untold and nobody is told out of order, though senders die and channels are away."""

from __future__ import annotations

from datetime import datetime

from db import outbox
from db.connect import Database
from db.outbox import Pending
from tests.db.rows import LEASE, SIX, a_notice, minutes


def told(database: Database, *notices: tuple[str, str]) -> None:
    """Have people told: (person, name of the text)."""
    with database.write() as tx:
        for person, name in notices:
            outbox.put(tx, None, a_notice(person, name), SIX)


def claim(database: Database, now: datetime = SIX, limit: int = 10) -> tuple[Pending, ...]:
    with database.write() as tx:
        return outbox.claim(tx, now, limit, LEASE)


def names(claimed: tuple[Pending, ...]) -> list[str]:
    return [f"{pending.notice.to} {pending.notice.name}" for pending in claimed]


def sent(database: Database, pending: Pending) -> bool:
    with database.write() as tx:
        return outbox.sent(tx, pending, SIX, "web", "m-9")


def test_a_notice_is_claimed_sent_and_never_claimed_again(database: Database) -> None:
    told(database, ("gary", "asked"))
    (pending,) = claim(database)
    assert (pending.case, pending.notice, pending.attempts, pending.repeat) == (
        None,
        a_notice("gary", "asked"),
        1,
        False,
    )
    assert claim(database) == ()
    assert sent(database, pending)
    assert claim(database, SIX + minutes(60)) == ()
    with database.read() as tx:
        assert outbox.unsent_count(tx) == 0


def test_a_claim_comes_back_when_its_sender_died_and_is_marked_as_a_possible_repeat(database: Database) -> None:
    told(database, ("gary", "asked"))
    (dead,) = claim(database)
    assert claim(database, SIX + LEASE / 2) == ()
    (alive,) = claim(database, SIX + LEASE)
    assert (alive.id, alive.attempts, alive.repeat) == (dead.id, 2, True)


def test_a_late_finisher_cannot_close_what_another_holds(database: Database) -> None:
    told(database, ("gary", "asked"))
    (slow,) = claim(database)
    (other,) = claim(database, SIX + LEASE)
    with database.write() as tx:
        assert not outbox.sent(tx, slow, SIX, "web", "m-1")
        assert not outbox.later(tx, slow, "busy", SIX)
        assert not outbox.dropped(tx, slow, SIX, "pointless")
    assert sent(database, other)
    assert not sent(database, other), "and nobody twice"


def test_a_person_hears_things_in_the_order_in_which_they_happened(database: Database) -> None:
    told(database, ("gary", "asked"), ("gary", "taken"), ("anita", "asked"), ("gary", "closed"))
    first = claim(database)
    assert names(first) == ["gary asked", "anita asked"]
    assert claim(database) == (), "the second waits while the first is on its way"
    assert sent(database, first[0])
    second = claim(database)
    assert names(second) == ["gary taken"]
    assert sent(database, second[0])
    assert names(claim(database)) == ["gary closed"]


def test_the_order_holds_when_the_batch_is_small(database: Database) -> None:
    told(database, ("gary", "1"), ("anita", "1"), ("gary", "2"))
    assert names(claim(database, limit=1)) == ["gary 1"]
    assert names(claim(database, limit=1)) == ["anita 1"]
    assert claim(database, limit=1) == ()


def test_one_that_waits_for_its_next_attempt_holds_nothing_up_and_goes_first_when_it_is_due(
    database: Database,
) -> None:
    told(database, ("gary", "1"), ("gary", "2"), ("gary", "3"))
    (first,) = claim(database)
    with database.write() as tx:
        assert outbox.later(tx, first, "busy", SIX + minutes(1))
    (second,) = claim(database)
    assert second.notice.name == "2"
    assert sent(database, second)
    (again,) = claim(database, SIX + minutes(1))
    assert (again.notice.name, again.attempts, again.repeat) == ("1", 2, False)


def test_an_attempt_whose_end_nobody_knows_is_marked_when_it_is_repeated(database: Database) -> None:
    told(database, ("gary", "1"))
    (first,) = claim(database)
    with database.write() as tx:
        outbox.later(tx, first, "timed out", SIX, outcome_unknown=True)
    (again,) = claim(database)
    assert again.repeat


def test_what_has_become_pointless_is_dropped_and_says_why(database: Database) -> None:
    with database.write() as tx:
        outbox.put(tx, "EX-1001", a_notice(), SIX)
    (pending,) = claim(database)
    with database.write() as tx:
        assert outbox.dropped(tx, pending, SIX, "resolved before it was sent")
    assert claim(database, SIX + minutes(60)) == ()
    with database.read() as tx:
        (kept,) = outbox.of_case(tx, "EX-1001")
        assert (kept.dropped_at, kept.dropped_why, kept.sent_at) == (SIX, "resolved before it was sent", None)
        assert outbox.waiting(tx) == ()
