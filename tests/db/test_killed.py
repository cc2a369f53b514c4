"""A process that is killed loses what it had not committed and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from db import cases, inbox, outbox, postings
from db.connect import open_database
from tests.db.rows import LEASE, SIX, a_case, a_message, a_notice, a_posting, saved
from workflow.case import Change

ROOT = Path(__file__).resolve().parents[2]


def killed_after(url: str, does: str) -> None:
    """A process of its own does something with `database`, says so, and is killed without warning."""
    program = f"""
import sys, time
from db import cases, inbox, outbox, postings
from db.connect import open_database
from tests.db.rows import *
from workflow.case import Change
database = open_database({url!r})
{does}
print("now", flush=True)
time.sleep(600)
"""
    started = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    assert started.stdout.readline() == "now\n"
    started.kill()
    started.communicate()


def test_killed_before_the_commit_nothing_has_happened_and_the_message_is_still_due(url: str) -> None:
    database = open_database(url)
    with database.write() as tx:
        assert inbox.put(tx, a_message(), SIX) == 1
    killed_after(
        url,
        """
transaction = database.write()
tx = transaction.__enter__()
cases.save(tx, Change(a_case(), (an_entry(),), (a_notice(),), (a_posting("k"),)), SIX)
inbox.done(tx, 1, SIX, "opened")""",
    )
    with database.write() as tx:
        assert cases.get(tx, "EX-1001") is None
        assert outbox.of_case(tx, "EX-1001") == ()
        assert [received.id for received in inbox.due(tx, SIX, 10)] == [1]
        cases.save(tx, Change(a_case()), SIX)
        inbox.done(tx, 1, SIX, "opened")
    database.close()


def test_killed_after_the_commit_everything_has_happened(url: str) -> None:
    killed_after(url, "saved(database, a_case(), entries=(an_entry(),), notices=(a_notice(),))")
    database = open_database(url)
    with database.read() as tx:
        assert cases.get(tx, "EX-1001") is not None
        assert len(cases.log_of(tx, "EX-1001")) == len(outbox.of_case(tx, "EX-1001")) == 1
    database.close()


def test_killed_while_sending_and_posting_both_come_back_after_the_lease(url: str) -> None:
    database = open_database(url)
    saved(database, a_case(), notices=(a_notice(),), postings=(a_posting("k"),))
    killed_after(
        url,
        """
with database.write() as tx:
    assert len(outbox.claim(tx, SIX, 10, LEASE)) == len(postings.claim(tx, SIX, 10, LEASE)) == 1""",
    )
    with database.write() as tx:
        assert outbox.claim(tx, SIX, 10, LEASE) == postings.claim(tx, SIX, 10, LEASE) == ()
        (pending,) = outbox.claim(tx, SIX + LEASE, 10, LEASE)
        (claimed,) = postings.claim(tx, SIX + LEASE, 10, LEASE)
    assert pending.repeat
    assert claimed.outcome_unknown
    database.close()
