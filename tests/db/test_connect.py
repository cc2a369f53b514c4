"""Transactions and values behave the same on both databases, also where the databases do not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from db import cases, conversations, inbox, settings
from db.columns import storable
from db.connect import Database, open_database
from tests.db.rows import SIX, a_case, a_message, minutes, saved
from workflow.case import Change
from workflow.reading import Quantity


def test_what_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(KeyError), database.write() as tx:  # noqa: PT012 - what went before is rolled back
        cases.save(tx, Change(a_case()), SIX)
        raise KeyError
    with database.read() as tx:
        assert cases.get(tx, "EX-1001") is None


def test_a_reader_sees_one_instant_though_others_write_meanwhile(database: Database) -> None:
    saved(database, a_case())
    with database.read() as tx:
        assert len(cases.find(tx)) == 1
        writer = threading.Thread(target=saved, args=(database, a_case("EX-1002")))
        writer.start()
        writer.join()
        assert len(cases.find(tx)) == 1
    with database.read() as tx:
        assert len(cases.find(tx)) == 2


def test_a_reader_may_not_write(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError), database.read() as tx:
        settings.put(tx, "offset", 1, SIX)
    with database.write() as tx:
        assert settings.get(tx, "offset") is None
        settings.put(tx, "offset", 2, SIX)


def test_a_failed_transaction_is_never_taken_for_a_commit(database: Database) -> None:
    with pytest.raises(sa.exc.SQLAlchemyError), database.write() as tx:  # noqa: PT012 - it is the end that raises
        settings.put(tx, "offset", 1, SIX)
        with pytest.raises(sa.exc.DBAPIError):
            tx.execute(sa.text("select nonsense"))
        if tx.dialect.name == "sqlite":  # which carries on after a failed statement, and rightly commits
            raise sa.exc.DBAPIError("", None, Exception())
    with database.read() as tx:
        assert settings.get(tx, "offset") is None


@pytest.mark.parametrize("text", ["nul \0", "lone \ud800 surrogate", "\udfff", "both \0\udc00"], ids=ascii)
def test_text_that_a_database_refuses_is_kept_with_a_mark_in_its_place(database: Database, text: str) -> None:
    kept = storable(text)
    assert "\ufffd" in kept
    with database.write() as tx:
        stored = inbox.put(tx, a_message(text, sender=text, text=text), SIX)
        assert inbox.put(tx, a_message(text), SIX) is None
        conversations.said(tx, text, SIX, text, text, "web", text, text)
        cases.save(tx, Change(a_case(said=text, lots=(text,))), SIX)
        settings.put(tx, "deep", {"in": [{text: text}]}, SIX)
    with database.read() as tx:
        assert stored is not None
        received = inbox.get(tx, stored)
        assert received is not None
        assert received.message.text == kept
        assert [line.text for line in conversations.of(tx, text)] == [kept]
        assert [case.lots for case in cases.find(tx, lot=text)] == [(kept,)]
        assert settings.get(tx, "deep") == {"in": [{kept: kept}]}


def test_words_of_every_language_are_kept_as_they_are(database: Database) -> None:
    words = "Fülle 3 läuft nicht 🛑 \u202e भरने वाली मशीन 👍🏽 \ufffd \U0010ffff"
    assert storable(words) == words
    saved(database, a_case(said=words, lots=(words,)))
    with database.read() as tx:
        assert [(case.said, case.lots) for case in cases.find(tx, lot=words)] == [(words, (words,))]


def test_a_message_of_a_megabyte_is_kept(database: Database) -> None:
    text = "press 4 is down, " * 65_000
    with database.write() as tx:
        inbox.put(tx, a_message(text=text), SIX)
    with database.read() as tx:
        assert [received.message.text for received in inbox.due(tx, SIX, 1)] == [text]


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 11, 16, 6, 0)  # noqa: DTZ001
    with pytest.raises(sa.exc.StatementError, match="no time zone"), database.write() as tx:
        cases.save(tx, Change(a_case(captured_at=naive)), SIX)


def test_an_instant_of_another_zone_is_the_same_instant_in_utc(database: Database) -> None:
    chicago = SIX.astimezone(timezone(timedelta(hours=-6)))
    saved(database, a_case(captured_at=chicago + timedelta(microseconds=1)))
    with database.read() as tx:
        (case,) = cases.find(tx, since=chicago, until=chicago + minutes(1))
        assert case.captured_at == SIX + timedelta(microseconds=1)
        assert case.captured_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_refused(database: Database, number: float) -> None:
    refused: list[Callable[[Any], Any]] = [
        lambda tx: cases.save(tx, Change(a_case(duration_min=number)), SIX),
        lambda tx: cases.save(tx, Change(a_case(quantity=Quantity(number, "cs"))), SIX),
    ]
    for write in refused:
        with pytest.raises(sa.exc.StatementError), database.write() as tx:
            write(tx)


def test_writers_take_turns_in_the_order_in_which_they_came(tmp_path: Any) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'turns.db'}")
    came: list[int] = []

    def writer(n: int) -> None:
        with database.write():
            came.append(n)

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(8)]
    with database.write():
        for n, thread in enumerate(threads, 1):
            thread.start()
            while database._turns.waiting < n:
                pass
        with pytest.raises(RuntimeError, match="pass it on"), database.write():
            pass
    for thread in threads:
        thread.join()
    assert came == list(range(8))
    database.close()


def test_a_database_in_memory_serves_several_threads() -> None:
    database = open_database("sqlite://")
    database.migrate()
    threads = [threading.Thread(target=saved, args=(database, a_case(f"EX-{n}"))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as tx:
        assert len(cases.find(tx)) == 8
    database.close()


def test_a_database_says_what_it_is(database: Database) -> None:
    assert database.describe().startswith({"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1"}[database.dialect])
    assert "@" not in database.describe()


def test_sqlite_waits_for_the_disk_and_keeps_its_references(tmp_path: Any) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'settings.db'}")
    with database.write() as tx:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        assert [tx.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked] == ["wal", 2, 1, 30_000]
    database.close()
