"""Every message is taken exactly once, in the order in which its sender wrote, and none is lost (R23)."""

from __future__ import annotations

import pytest

from db import inbox
from db.connect import Database, Stale
from db.inbox import Received
from tests.db.rows import SIX, a_message, minutes
from workflow.messages import Inbound, Media


def put(database: Database, message: Inbound) -> int | None:
    with database.write() as tx:
        return inbox.put(tx, message, SIX)


def due(database: Database, after: float = 0) -> list[str]:
    with database.read() as tx:
        return [received.message.message_id for received in inbox.due(tx, SIX + minutes(after), 10)]


def test_a_message_comes_back_with_all_that_it_carried(database: Database) -> None:
    message = a_message(button="eta:EX-1:15", reply_to="7", edits="m-0", media=(Media("photo", "file-1", "drum"),))
    stored = put(database, message)
    with database.read() as tx:
        assert stored is not None
        assert inbox.due(tx, SIX, 10) == (Received(stored, message, SIX),)
        assert inbox.unhandled_count(tx) == 1


def test_a_repeat_of_the_provider_is_taken_once(database: Database) -> None:
    assert put(database, a_message()) is not None
    assert put(database, a_message(text="the same webhook again")) is None
    assert put(database, a_message(channel="telegram")) is not None, "another channel counts for itself"


def test_a_repeat_is_known_after_the_message_was_handled(database: Database) -> None:
    stored = put(database, a_message())
    with database.write() as tx:
        assert stored is not None
        inbox.done(tx, stored, SIX, "opened")
    assert put(database, a_message()) is None
    assert due(database) == []


def test_an_endless_message_id_is_one_message_too(database: Database) -> None:
    long_id = "<" + "x" * 5000 + ">"
    assert put(database, a_message(long_id)) is not None
    assert put(database, a_message(long_id)) is None
    assert put(database, a_message(long_id[:-1] + "!>")) is not None
    assert due(database) == [long_id, long_id[:-1] + "!>"]


def test_messages_come_in_the_order_in_which_they_were_written_not_received(database: Database) -> None:
    put(database, a_message("second", SIX + minutes(1)))
    put(database, a_message("first", SIX))
    assert due(database) == ["first", "second"]


def test_a_later_message_waits_behind_one_that_is_tried_again_but_not_behind_another_senders(
    database: Database,
) -> None:
    first = put(database, a_message("first"))
    put(database, a_message("second", SIX + minutes(0.1)))
    put(database, a_message("other", SIX + minutes(0.2), sender="tom"))
    with database.write() as tx:
        assert first is not None
        inbox.retry(tx, first, "busy", SIX + minutes(1))
    assert due(database) == ["other"]
    assert due(database, after=1) == ["first", "second", "other"]
    with database.read() as tx:
        received = inbox.get(tx, first)
        assert received is not None
        assert (received.attempts, received.error) == (1, "busy")


def test_a_message_that_was_set_aside_is_in_nobodys_way_and_can_be_taken_again(database: Database) -> None:
    first = put(database, a_message("first"))
    put(database, a_message("second", SIX + minutes(0.1)))
    with database.write() as tx:
        assert first is not None
        inbox.poison(tx, first, "could not be handled", SIX)
    assert due(database) == ["second"]
    with database.read() as tx:
        assert inbox.unhandled_count(tx) == 1
        assert inbox.poisoned_count(tx) == 1
        assert [one.id for one in inbox.poisoned(tx)] == [first]
    with database.write() as tx:
        assert inbox.replay(tx, None, SIX) == 1
    assert due(database) == ["first", "second"]
    with database.read() as tx:
        assert inbox.poisoned_count(tx) == 0


def test_what_was_handled_is_replayed_only_when_that_is_said(database: Database) -> None:
    stored = put(database, a_message())
    assert stored is not None
    with database.write() as tx:
        inbox.done(tx, stored, SIX, "unknown_sender")
        assert inbox.replay(tx, [stored], SIX) == 0
        assert inbox.replay(tx, [stored], SIX, handled_too=True) == 1
    assert due(database) == ["m-1"]


def test_a_message_is_handled_once_the_second_time_rolls_everything_back(database: Database) -> None:
    stored = put(database, a_message())
    assert stored is not None
    with database.write() as tx:
        inbox.done(tx, stored, SIX, "opened")
    with pytest.raises(Stale), database.write() as tx:  # noqa: PT012 - what went before is rolled back
        inbox.put(tx, a_message("effect"), SIX)
        inbox.done(tx, stored, SIX, "opened again")
    with database.write() as tx:
        inbox.retry(tx, stored, "too late", SIX)
        inbox.poison(tx, stored, "too late", SIX)
    with database.read() as tx:
        received = inbox.get(tx, stored)
        assert received is not None
        assert (received.outcome, received.attempts, received.poisoned_at) == ("opened", 0, None)
    assert due(database) == []


def test_only_the_first_unhandled_message_of_a_sender_may_be_taken(database: Database) -> None:
    first = put(database, a_message("first"))
    second = put(database, a_message("second", SIX + minutes(1)))
    assert first is not None
    assert second is not None
    with database.write() as tx:
        assert not inbox.take(tx, second)
        assert inbox.take(tx, first)
        inbox.done(tx, first, SIX, "opened")
        assert not inbox.take(tx, first)
        assert inbox.take(tx, second)
        assert not inbox.take(tx, 999)
        assert inbox.get(tx, 999) is inbox.get(tx, 10**30) is None
