"""The plug is pulled in the middle, again and again: nothing is lost and nothing is posted twice."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
import yaml

from db import cases, inbox, outbox, postings
from db.connect import open_database
from db.verifying import verify
from integrations.erp.import_stand_in import ImportStandIn
from tests.service.process import RIVERSIDE, ROOT, Service

KILLS = int(os.environ.get("LINECALL_TEST_KILLS", "12"))  # on each database; the campaign kills 1,000 times
WORKERS = 3  # beside the door, on PostgreSQL
SEED = int(os.environ.get("LINECALL_TEST_SEED", str(random.randrange(10**6))))
SHIFT = ROOT / "fixtures" / "demo" / "day-shift.yaml"


@dataclass
class Traffic(threading.Thread):
    """The demo's messages, over and over, each with its own key; what got a 202 must never be lost."""

    service: Service
    seed: int
    taken: dict[str, str] = field(default_factory=dict)  # key -> id of the 202
    refused: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        messages = [(h["who"], h["says"]) for h in yaml.safe_load(SHIFT.read_text())["shift"] if h.get("says")]
        dice = random.Random(self.seed)
        n = 0
        while not self.stopping.is_set():
            person, text = messages[n % len(messages)]
            key = f"traffic-{self.seed}-{n}"
            while not self.stopping.is_set():
                try:
                    answer = self.service.say(person, text, key=key)
                except httpx.HTTPError:
                    time.sleep(0.02)  # no answer is no promise: it is sent again with the same key
                    continue
                if answer.status_code == 202:
                    self.taken[key] = answer.json()["id"]
                else:
                    self.refused.append(f"{answer.status_code} {answer.text[:200]}")
                break
            n += 1
            time.sleep(dice.uniform(0, 0.05))


@pytest.mark.kill
@pytest.mark.slow
def test_killed_again_and_again_nothing_is_lost_and_nothing_is_posted_twice(
    tmp_path: Path, database_url: str | None
) -> None:
    seed = SEED
    print(f"seed {seed}: LINECALL_TEST_SEED={seed} plays it again")
    dice = random.Random(seed)
    environment = {"LINECALL_DATABASE_URL": database_url} if database_url else {}
    alone = ("run", "--only", "web") if database_url else ("run",)
    door = Service(tmp_path / "data", words=alone, **environment)
    workers = [
        Service(tmp_path / "data", words=("worker",), name=f"worker-{n}", **environment)
        for n in range(WORKERS if database_url else 0)
    ]
    traffic = Traffic(door, seed)
    everybody = [door, *workers]
    victims = Counter[str]()
    try:
        for one in everybody:
            one.start(wait=one is door)
        traffic.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.05, 0.9))
            chosen = dice.choice([[door], everybody, *([worker] for worker in workers), [door, *workers[:1]]])
            for one in chosen:
                one.kill()
            victims[" + ".join(sorted({"door" if one is door else "worker" for one in chosen}))] += 1
            for one in chosen:
                one.start(wait=one is door)
        traffic.stopping.set()
        traffic.join()
        _wait_until_drained(door)
    finally:
        traffic.stopping.set()
        ended = [one.stop() for one in everybody]
    assert set(ended) == {0}, "".join(one.log.read_text()[-2000:] for one in everybody)

    assert traffic.taken, "messages went through between the kills"
    assert traffic.refused == []
    database = open_database(database_url or f"sqlite:///{tmp_path / 'data' / 'linecall.db'}")
    with database.read() as tx:
        rows = Counter(tx.execute(sa.text("select message_id from inbox")).scalars())
        assert inbox.unhandled_count(tx) == 0
        assert inbox.poisoned_count(tx) == 0
        assert outbox.unsent_count(tx) == 0
        owed = postings.find(tx)
        everything = cases.find(tx)
        fits = verify(tx, ())
    database.close()
    broken = [one for one in fits.broken if one.how != "anchor_other_key"]  # their key is the service's
    assert broken == [], "every log is what was written"
    assert set(traffic.taken.values()) <= set(rows), "every 202 has its row"
    assert max(rows.values()) == 1, "and exactly one"
    assert len(everything) > 0
    ledger = ImportStandIn(tmp_path / "data" / "erp", RIVERSIDE).ledger()
    accepted = Counter(entry["key"] for entry in ledger)
    assert [key for key, n in accepted.items() if n > 1] == [], "ERP accepted nothing twice"
    assert {s.posting.key for s in owed if s.state == "posted"} <= set(accepted)
    print(f"{KILLS} kills ({dict(victims)}), {len(traffic.taken)} messages taken, {len(everything)} exceptions")
    print(f"{len(accepted)} postings")


def _wait_until_drained(service: Service, patience: float = 120.0) -> None:
    """Until nothing is left in the inbox and nothing due in the outbox or for ERP."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        state = service.get("/ready")
        if not state["inbox_unhandled"] and not state["outbox_due"] and not state["postings_due"]:
            return
        time.sleep(0.2)
    raise AssertionError(f"not drained within {patience:g} s: {service.get('/ready')}")
