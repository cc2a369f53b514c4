"""Whoever takes, raises, hands over or ends one exception in the same instant: one wins, nothing is lost (R28, R33).

LINECALL_TEST_RACES is how many races are run; each is of five acts at once on PostgreSQL, on a case whose step is due,
while the program sends what is due. The clock is the program's: what goes out a second after an acknowledgement, or
later, chases nobody for it (R34).
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot import ticks
from bot.app import App, build
from bot.clock import TurnedClock
from bot.config import Config
from db import cases, outbox
from db.connect import Database, Stale
from tests.conftest import RIVERSIDE
from tests.emptied import Emptied
from tests.workflow.world import NOON, PLANT, breakdown, world
from workflow import answering, chasing, escalating, finishing, opening
from workflow.case import LINECALL, Case, Change
from workflow.errors import Refused
from workflow.messages import Outbound, Sent
from workflow.ports import Receive, Traits
from workflow.reading import Resolution

RACES = int(os.environ.get("LINECALL_TEST_RACES", "500"))
RACERS = 5
DUE = world(NOON + timedelta(minutes=6))  # the first rung is due: a chase is in the race too
PEOPLE = PLANT.person
Act = Callable[[Case], Change | None]
ACTS: dict[str, Act] = {
    "tom takes it": lambda c: answering.acknowledge(c, PEOPLE["tom"], None, DUE),
    "ann takes it": lambda c: answering.acknowledge(c, PEOPLE["ann"], DUE.now + timedelta(minutes=10), DUE),
    "the chase": lambda c: chasing.chase(c, DUE),
    "another chase": lambda c: chasing.chase(c, DUE),
    "olga raises it": lambda c: escalating.escalate(c, PEOPLE["olga"], "maintenance", 0, DUE),
    "sue hands it to ann": lambda c: answering.reassign(c, PEOPLE["sue"], "ann", "yours", DUE),
    "tom says not mine": lambda c: answering.decline(c, PEOPLE["tom"], "not mine", DUE, "maintenance"),
    "tom ends it": lambda c: finishing.resolve(c, PEOPLE["tom"], Resolution("jam cleared"), DUE),
    "sue ends it": lambda c: finishing.resolve(c, PEOPLE["sue"], Resolution("jam cleared"), DUE),
}


def run(database: Database, number: str, act: Act, start: threading.Barrier) -> Change | Refused | None:
    """One act as the desk does it: on a fresh case again while somebody else was faster."""
    start.wait()
    while True:
        try:
            with database.write() as tx:
                case = cases.get(tx, number)
                assert case is not None
                change = act(case)
                if change is not None:
                    cases.save(tx, change, DUE.now)
                return change
        except Stale:
            continue
        except Refused as no:
            return no


@dataclass
class Recording:
    """A chat that takes everything."""

    name: str = "web"
    traits: Traits = field(default_factory=Traits)
    arrived: list[Outbound] = field(default_factory=list)

    async def listen(self, receive: Receive) -> None:
        await asyncio.Event().wait()

    async def send(self, message: Outbound) -> Sent:
        self.arrived.append(message)
        return Sent(str(len(self.arrived)))


@pytest.fixture
def app(emptied: Emptied, tmp_path: Path, logged: LogCapture) -> Iterator[App]:
    """The program with the people of the small plant, on PostgreSQL."""
    with emptied.one() as url:
        config = Config(plant=RIVERSIDE, data=tmp_path / "data", database_url=url, play=True)
        program = build(config, clock=TurnedClock(DUE.now))
        program.folder = replace(program.folder, plant=PLANT)
        program.channels = {"web": Recording()}
        yield program
        program.close()


def sends(app: App, start: threading.Barrier) -> None:
    """What is due goes out while the others act: one notice for each person, the rest is left for later."""
    start.wait()
    ticks.send_outbox(app)


@pytest.mark.slow
@pytest.mark.postgresql
def test_of_all_who_act_at_once_one_wins_and_no_acknowledgement_is_lost(app: App) -> None:
    rng, shapes, postgresql, pointless = random.Random(28), set(), app.database, 0
    with ThreadPoolExecutor(RACERS + 1) as pool:
        for n in range(RACES):
            number = f"EX-{n + 1}"
            with postgresql.write() as tx:
                opened = opening.open_case(replace(breakdown(number=number), line_stopped=True), world(NOON))
                cases.save(tx, opened, NOON)
            names = rng.sample(sorted(ACTS), RACERS)
            app.clock = clock = TurnedClock(DUE.now)
            start = threading.Barrier(RACERS + 1)
            sender = pool.submit(sends, app, start)
            acts = [pool.submit(run, postgresql, number, ACTS[name], start) for name in names]
            done = dict(zip(names, (act.result(timeout=60) for act in acts), strict=True))
            sender.result(timeout=60)
            clock.turn(timedelta(seconds=2))
            while ticks.send_outbox(app):
                pass
            shapes.add(_in_good_order(postgresql, number, done))
            pointless += _nobody_is_chased_later(postgresql, number)
    assert pointless > RACES // 20, "some chases were on their way when somebody took it"
    assert len(shapes) > min(RACES, 20) // 4, "the races came out in different orders, or they were none"


def _nobody_is_chased_later(database: Database, number: str) -> int:
    """No chase went out later than a second after its acknowledgement; how many were dropped for that."""
    with database.read() as tx:
        case, told = cases.get(tx, number), outbox.of_case(tx, number)
    assert case is not None
    dropped = 0
    for one in told:
        task = case.task(one.notice.role) if one.notice.role else None
        if one.notice.until != "acknowledged" or task is None or task.acknowledged_at is None:
            continue
        assert one.sent_at is None or one.sent_at <= task.acknowledged_at + timedelta(seconds=1), (
            f"{number}: {one.notice.name} went to {one.notice.to} at {one.sent_at}, taken at {task.acknowledged_at}"
        )
        dropped += one.dropped_at is not None
    return dropped


def _in_good_order(database: Database, number: str, done: dict[str, Change | Refused | None]) -> tuple[str, ...]:
    """What must be true after a race; returns the order in which it came out."""
    with database.read() as tx:
        case, log = cases.get(tx, number), cases.log_of(tx, number)
        told = outbox.of_case(tx, number)
    assert case is not None
    took = [e for e in log if e.what == "acknowledged"]
    freed = [e for e in log if e.what in ("declined", "handed_over")]
    assert len(took) <= 1 + len(freed), f"{number}: two have taken it: {[(e.who, e.what) for e in log]}"
    assert sum(e.what == "resolved" for e in log) <= 1, f"{number} ended twice"
    for name, change in done.items():  # what an act returned and kept stands in the log, and nothing else does
        if isinstance(change, Change):
            for entry in change.entries:
                assert any((e.who, e.what) == (entry.who, entry.what) for e in log), f"{number}: {name} is lost"
    for task in case.tasks:
        if task.role == "maintenance" and took and task.live and not freed:
            assert task.acknowledged_by == took[-1].who, f"{number}: the acknowledgement is lost"
    for at, entry in enumerate(log):
        if entry.what == "acknowledged":
            later = [e for e in log[at + 1 :] if e.who == LINECALL and e.what in ("reminded", "escalated")]
            chased = [e for e in later if e.facts.get("role") == entry.facts.get("role")]
            after_freed = any(e.what in ("declined", "handed_over") for e in log[at + 1 :])
            assert chased == [] or after_freed, f"{number}: chased after {entry.who} had taken it"
    if not case.is_open:
        assert not any(t.next_step_at for t in case.tasks), f"{number} is over and has a timer"
    others = [t.notice.to for t in told if t.notice.name == "taken_already"]
    assert len(others) <= 2
    return tuple(e.what for e in log[2:])
