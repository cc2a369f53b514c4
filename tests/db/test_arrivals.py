"""What a platform says of a message, in any order and any number of times, ends in the same facts (R52)."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import arrivals, outbox
from db.connect import Database
from db.tables import arrival
from tests.db.rows import SIX, minutes
from workflow.case import Notice
from workflow.messages import Arrival

LEASE = timedelta(minutes=1)
SAID = {"sent": 1.0, "delivered": 2.0, "read": 3.0, "failed": 4.0}


def heard(database: Database, state: str, after: float, message_id: str = "SM1") -> bool:
    with database.write() as tx:
        one = Arrival("whatsapp", message_id, state, SIX + minutes(after), "63016" if state == "failed" else "")  # type: ignore[arg-type]
        return arrivals.arrived(tx, one, SIX + minutes(after))


def was_sent(database: Database, message_id: str = "SM1") -> int:
    with database.write() as tx:
        id_ = outbox.put(tx, None, Notice("gary", "reminder"), SIX)
        (pending,) = outbox.claim(tx, SIX, 10, LEASE)
        outbox.sent(tx, pending, SIX, "whatsapp", message_id)
        arrivals.sent(tx, "whatsapp", message_id, id_, SIX)
    return id_


@pytest.mark.parametrize("lost", [True, False])
def test_every_callback_three_times_in_500_orders_ends_the_same(database: Database, lost: bool) -> None:
    dice = random.Random(63016)
    states = ["sent", "failed"] if lost else ["sent", "delivered", "read", "failed"]
    ends = set()
    for n in range(500 if database.dialect == "sqlite" else 50):
        told = [*states, *states, *states, "ours"]
        dice.shuffle(told)
        id_ = None
        with database.write() as tx:
            for what in told:
                if what == "ours":
                    id_ = outbox.put(tx, None, Notice("gary", "reminder"), SIX)
                    (pending,) = outbox.claim(tx, SIX, 10, LEASE)
                    outbox.sent(tx, pending, SIX, "whatsapp", f"SM{n}")
                    arrivals.sent(tx, "whatsapp", f"SM{n}", id_, SIX)
                else:
                    at = SIX + minutes(SAID[what])
                    arrivals.arrived(tx, Arrival("whatsapp", f"SM{n}", what, at, "63016"), at)  # type: ignore[arg-type]
            row = tx.execute(sa.select(arrival).where(arrival.c.message_id == f"SM{n}")).one()
            again = bool(outbox.unsent_count(tx))
            ends.add((row.sent_at, row.delivered_at, row.read_at, row.failed_at))
            if lost:
                assert again, "it has reached nobody: it is due once more"
                assert arrivals.failed_by(tx, id_ or 0) == {"whatsapp": "63016"}
                for (one,) in [outbox.claim(tx, SIX + minutes(9), 10, LEASE)]:
                    outbox.sent(tx, one, SIX, "web", "line")
            else:
                for one in outbox.claim(tx, SIX + minutes(9), 10, LEASE):
                    outbox.sent(tx, one, SIX, "web", "line")
    assert len(ends) == 1


def test_what_was_delivered_does_not_come_back(database: Database) -> None:
    was_sent(database)
    heard(database, "delivered", 1)
    assert heard(database, "failed", 2) is False
    with database.read() as tx:
        assert outbox.unsent_count(tx) == 0


def test_what_failed_is_due_again_once_and_not_after_another_channel_had_it(database: Database) -> None:
    was_sent(database)
    assert heard(database, "failed", 1) is True
    with database.write() as tx:
        (again,) = outbox.claim(tx, SIX + minutes(1), 10, LEASE)
        outbox.sent(tx, again, SIX + minutes(1), "web", "7")
    assert heard(database, "failed", 2) is False
    with database.read() as tx:
        assert outbox.unsent_count(tx) == 0


def test_a_message_that_nobody_knows_is_kept_and_harms_nobody(database: Database) -> None:
    assert heard(database, "failed", 1, "SM-of-another-service") is False
    with database.read() as tx:
        assert outbox.unsent_count(tx) == 0
