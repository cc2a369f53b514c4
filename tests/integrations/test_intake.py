"""Many platforms at once: all that waits is stored in one transaction, and no message pays for another's fault."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bot import intake
from db import inbox
from tests.web.door import OpenDoor
from workflow.messages import Inbound


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[OpenDoor]:
    door = OpenDoor(tmp_path / "data")
    yield door
    door.close()


def message(plant: OpenDoor, n: int) -> Inbound:
    return Inbound("web", f"m{n}", "maria.lopez", "maria.lopez", plant.clock.now(), "thanks")


def held_back(plant: OpenDoor, count: int) -> tuple[list[object], int]:
    """What became of so many messages that come while a transaction is open; and how many transactions it took."""
    opened: list[int] = []
    write = plant.app.database.write

    def counted() -> object:
        opened.append(1)
        return write()

    plant.app.database.write = counted  # type: ignore[method-assign,assignment]
    holds, gate = threading.Event(), threading.Event()

    def first() -> object:
        with write():
            holds.set()
            gate.wait(30)
        return None

    def outcome(n: int) -> object:
        try:
            return plant.app.receive(message(plant, n))
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(count + 1) as threads:
        blocker = threads.submit(first)
        assert holds.wait(30)
        waiting = [threads.submit(outcome, n) for n in range(count)]
        while len(plant.app.intake._waiting) < count - 1:
            assert not blocker.done()
            time.sleep(0.001)
        gate.set()
        found = [one.result(30) for one in waiting]
    return found, len(opened)


def test_all_that_waits_is_stored_in_one_transaction(plant: OpenDoor) -> None:
    stored, transactions = held_back(plant, 20)
    assert len(set(stored)) == 20
    assert None not in stored
    assert transactions == 2, "one for whoever came first, one for all the others"
    with plant.app.database.read() as tx:
        assert inbox.unhandled_count(tx) == 20


def test_a_repeat_in_the_same_moment_is_a_repeat(plant: OpenDoor) -> None:
    plant.app.receive(message(plant, 3))
    stored, _ = held_back(plant, 6)
    assert [n for n, one in enumerate(stored) if one is None] == [3]


def test_what_one_message_raises_is_its_own(plant: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in = intake.take_in

    def choosy(app: object, tx: Connection, one: Inbound) -> int | None:
        if one.message_id == "m4":
            raise ValueError("not this one")
        return take_in(plant.app, tx, one)

    monkeypatch.setattr(intake, "take_in", choosy)
    stored, _ = held_back(plant, 8)
    assert [n for n, one in enumerate(stored) if one is ValueError] == [4]
    with plant.app.database.read() as tx:
        assert inbox.unhandled_count(tx) == 7


def test_where_nothing_can_be_stored_everybody_hears_of_it(plant: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.connect.changes.beat", lambda _: 1 / 0)
    stored, _ = held_back(plant, 5)
    assert stored == [ZeroDivisionError] * 5
    monkeypatch.undo()
    assert plant.app.receive(message(plant, 9)) is not None, "and it goes on when it can"
