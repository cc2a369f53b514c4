"""What several processes share besides the work: who does a thing alone, and how fast all of them may send."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from db import inbox, leases, pace
from db.connect import Database
from tests.db.rows import SIX, a_message, minutes
from tests.db.test_races import at_once
from workflow.ports import Rate

SECOND = timedelta(seconds=1)


def test_of_several_one_holds_a_lease_until_it_runs_out_or_is_given_up(database: Database) -> None:
    def take(who: str, now: timedelta = timedelta()) -> bool:
        with database.write() as tx:
            return leases.take(tx, "listen telegram", who, SIX + now, minutes(1))

    assert sorted(map(bool, at_once(*[lambda n=n: take(f"process {n}") for n in range(4)]))) == [False] * 3 + [True]
    with database.read() as tx:
        (holder,) = leases.holders(tx, SIX).values()
    assert take(holder, 30 * SECOND), "who holds it keeps it"
    assert not take("somebody else", 89 * SECOND)
    assert take("somebody else", 90 * SECOND), "no sign of life for a minute"
    assert not take(holder, 91 * SECOND), "and whoever comes back late hears that it is lost"
    with database.write() as tx:
        leases.let_go(tx, "somebody else")
    assert take("a third", 92 * SECOND)


def test_all_processes_together_keep_to_a_platforms_rate(database: Database) -> None:
    limits = {"telegram all": Rate(SECOND / 10, 5), "telegram maria": Rate(SECOND, each=True)}

    def send(to: str, after: timedelta) -> timedelta:
        names = {"telegram all": limits["telegram all"], f"telegram {to}": limits["telegram maria"]}
        with database.write() as tx:
            return pace.pass_through(tx, names, SIX + after)

    went = at_once(*[lambda n=n: send(f"person {n}", timedelta()) for n in range(8)])
    assert Counter(wait == pace.AT_ONCE for wait in went) == {True: 5, False: 3}
    assert send("person 9", SECOND) == pace.AT_ONCE
    assert send("person 9", SECOND) == SECOND, "this one chat takes one a second"
    assert send("person 9", 2 * SECOND) == pace.AT_ONCE
    assert sum(send(f"late {n}", 3 * SECOND) == pace.AT_ONCE for n in range(9)) == 5, "waiting earns no more than 5"


@pytest.mark.postgresql
def test_workers_claim_different_messages_and_never_two_of_one_sender(postgresql: Database) -> None:
    with postgresql.write() as tx:
        for n in range(4):
            for sender in ("maria", "gary", "omar"):
                inbox.put(tx, replace(a_message(), message_id=f"{sender}-{n}", sender=sender), SIX)
    with postgresql.write() as one, postgresql.write() as two:
        first = inbox.claim(one, SIX, 2, SECOND)
        second = inbox.claim(two, SIX, 8, SECOND)
        assert len({r.message.sender for r in (*first, *second)}) == len(first) + len(second) == 3
        assert {r.message.message_id[-1] for r in (*first, *second)} == {"0"}, "the earliest of each"
    with postgresql.write() as tx:
        assert inbox.claim(tx, SIX, 8, SECOND) == (), "the later ones of a sender wait for the earlier"
        inbox.let_go(tx, [first[0].id], SIX + SECOND, SIX)
        assert [r.id for r in inbox.claim(tx, SIX, 8, SECOND)] == [first[0].id]
        assert len(inbox.claim(tx, SIX + 2 * SECOND, 8, SECOND)) == 3, "of whoever died it comes again"
