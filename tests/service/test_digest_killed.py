"""The plug is pulled while a digest is due: before it is written, right after, and anywhere; each is told once (I4)."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.service.process import Service

SEED = int(os.environ.get("LINECALL_TEST_SEED", str(random.randrange(10**6))))
ANYWHERE = 1  # kill at a random moment, after those at a chosen one
PATIENCE = 240.0  # seconds; generous, since the machine may be busy
ROUND = 15.0  # seconds between two looks at the digests (`bot/engine.py`)
READERS = ("pilar.ruiz", "juan.gil")
ZONE = ZoneInfo("America/Chicago")
PLANT = """
id: molino
name: Molino
timezone: America/Chicago
languages: [en]
shifts: [{id: all, start: "06:00", end: "06:00"}]
lines: [{id: M1, name: Mill, assets: [{id: M1-ROL, name: Roller mill}]}]
people:
  - {id: pilar.ruiz, name: Pilar Ruiz, roles: [manager]}
  - {id: juan.gil, name: Juan Gil, roles: [supervisor, maintenance]}
digests:
  - {what: day, at: "%s", days: [mon, tue, wed, thu, fri, sat, sun], to: [pilar.ruiz, juan.gil]}
"""


class Records:
    """The service's file, seen from outside: what was written, and what somebody saw."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def rows(self, query: str) -> list[tuple[str, ...]]:
        """What a query finds."""
        connection = sqlite3.connect(self._file, timeout=30)
        try:
            return list(connection.execute(query))
        finally:
            connection.close()

    def written(self) -> Counter[str]:
        """Digests in the outbox, for whom."""
        return Counter(to for (to,) in self.rows("select \"to\" from notice where name like 'answer.%'"))

    def seen(self) -> Counter[str]:
        """Digests that people saw."""
        return Counter(person for (person,) in self.rows("select person from line where sender = 'bot'"))

    def due_again(self) -> None:
        """As it was a day ago: what is due now was not sent yet."""
        connection = sqlite3.connect(self._file, timeout=30)
        with connection:
            (at,) = connection.execute("select value from setting where name like 'digest %'").fetchone()
            before = datetime.fromisoformat(at.strip('"')) - timedelta(days=1)
            connection.execute("update setting set value = ? where name like 'digest %'", (f'"{before.isoformat()}"',))
        connection.close()

    def nobody_writes(self) -> sqlite3.Connection:
        """The lock of the one writer, until it is closed."""
        connection = sqlite3.connect(self._file, timeout=30, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        return connection


@pytest.mark.kill
@pytest.mark.slow
def test_a_digest_that_is_due_when_the_process_dies_is_told_once_to_each(tmp_path: Path) -> None:
    print(f"seed {SEED}: LINECALL_TEST_SEED={SEED} plays it again")
    dice = random.Random(SEED)
    folder = tmp_path / "plant"
    folder.mkdir()
    (folder / "plant.yaml").write_text(PLANT % f"{datetime.now(ZONE) - timedelta(minutes=3):%H:%M}", "utf-8")
    service = Service(tmp_path / "data", LINECALL_PLANT=str(folder))
    records = Records(tmp_path / "data" / "linecall.db")
    told = 0
    try:
        service.start()
        _until(lambda: records.rows("select name from setting where name like 'digest %'"))
        assert not records.written(), "one that comes for the first time waits for its next time"

        told += 1  # killed while it wants to write it
        records.due_again()
        lock = records.nobody_writes()
        time.sleep(1.2 * ROUND)
        service.kill()
        lock.close()
        assert not records.written(), "it died before"
        service.start()
        _everybody_saw(records, told)

        told += 1  # killed as soon as it is written
        records.due_again()
        _until(lambda: sum(records.written().values()) == told * len(READERS), every=0.002)
        service.kill()
        service.start()
        _everybody_saw(records, told)

        for _ in range(ANYWHERE):
            told += 1
            records.due_again()
            time.sleep(dice.uniform(0, ROUND))
            service.kill()
            service.start(wait=False)
            time.sleep(dice.uniform(0, 2))
            service.kill()
            service.start()
            _everybody_saw(records, told)
        time.sleep(1.2 * ROUND)
        assert records.written() == dict.fromkeys(READERS, told), "and nothing comes after"
    finally:
        ended = service.stop()
    assert ended == 0
    assert records.seen() == dict.fromkeys(READERS, told)
    print(f"{2 + 2 * ANYWHERE} kills, {told} digests to {len(READERS)} people each")


def _everybody_saw(records: Records, times: int) -> None:
    _until(lambda: all(records.seen()[reader] >= times for reader in READERS))
    assert records.written() == dict.fromkeys(READERS, times)
    assert records.seen() == dict.fromkeys(READERS, times)


def _until(comes: Callable[[], object], *, every: float = 0.2) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if comes():
            return
        time.sleep(every)
    raise AssertionError(f"not within {PATIENCE:g} s")
