"""What keeps the rounds going: a thread a lane, woken at once by new rows and regularly by APScheduler (decision 3)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Literal

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from bot import ticks
from bot.app import App
from bot.cards import show_cards
from bot.digests import send_digests
from bot.handing_over import hand_over
from bot.invite import speak_again
from bot.lessons import learn, take_effect
from bot.looking import look_at_media
from bot.plant_reloaded import reload_folder
from bot.proving import drop_anchor, expire
from bot.reconciling import every_night
from bot.watchman import heartbeat, watch

log = structlog.get_logger()

DRAIN = 10.0  # seconds that a shutdown waits for rounds in flight

Part = Literal["all", "web", "channels", "rounds"]  # of the program, in one process
SHARED = frozenset({"inbox", "media", "chase", "outbox", "postings"})  # claims keep several processes apart
OWN = frozenset({"records", "figures", "rules", "people", "heartbeat"})  # each for itself; all else is one process's


class Lane:
    """One round in a thread of its own: one that is sick or slow is never in the others' way."""

    def __init__(self, name: str, tick: Callable[[App], int], app: App) -> None:
        self.name = name
        self._tick = tick
        self._app = app
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._at_work = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"linecall-{name}", daemon=True)

    def start(self) -> None:
        """Begin, with a first round at once."""
        self.ring()
        self._thread.start()

    def ring(self) -> None:
        """Wake it; rings during a round are never lost, they lead to one more."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the round in flight and take no new one."""
        self._stopping.set()
        self._woken.set()

    def join(self, seconds: float) -> bool:
        """Wait for the round in flight; whether it ended in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            if self._stopping.is_set():
                return
            self.drain()

    def drain(self) -> None:
        """Rounds until nothing is due; while they run already, one more is asked for."""
        if not self._at_work.acquire(blocking=False):
            self.ring()
            return
        try:
            while self._tick(self._app) and not self._stopping.is_set():
                self._app.beats[self.name] = time.monotonic()
        except Exception:
            log.exception("engine.round_failed", lane=self.name)
        finally:
            self._at_work.release()
        self._app.beats[self.name] = time.monotonic()


def _people(app: App) -> int:
    speak_again(app)
    return 0


class Engine:
    """Every lane, and the bell that rings them; beside other processes also the wake-ups that go to those."""

    LANES: Mapping[str, tuple[Callable[[App], int], float]] = {  # lane -> (round, seconds between rings)
        "inbox": (ticks.read_inbox, 2),
        "media": (look_at_media, 2),
        "chase": (ticks.chase, 5),
        "reach": (ticks.reach_further, 15),
        "handover": (hand_over, 15),
        "digests": (send_digests, 15),
        "outbox": (ticks.send_outbox, 2),
        "cards": (show_cards, 2),
        "postings": (ticks.post_to_erp, 2),
        "records": (ticks.refresh_records, 10),
        "figures": (ticks.read_figures, 600),
        "lessons": (learn, 5),
        "rules": (reload_folder, 10),
        "people": (_people, 5),
        "watchman": (watch, 30),
        "heartbeat": (heartbeat, 60),
        "anchor": (drop_anchor, 60),
        "reconcile": (every_night, 1800),
        "expire": (expire, 3600),
    }

    def __init__(self, app: App, part: Part = "all") -> None:
        self.app = app
        self.part = part
        self._wakes = ExitStack()
        rounds = {name: tick for name, (tick, _) in self.LANES.items() if part in ("all", "rounds") or name in OWN}
        self.lanes = {
            name: Lane(name, tick if name in SHARED | OWN else _by_one(name, tick), app)
            for name, tick in rounds.items()
        }
        # It keeps no jobs and drops none: a late ring is one ring (APScheduler's own default drops after a second).
        self._bell = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        for name, lane in self.lanes.items():
            self._bell.add_job(lane.ring, "interval", seconds=self.LANES[name][1], id=name)

    def add(self, lane: Lane, seconds: float) -> None:
        """One more lane, for as long as the engine runs."""
        self.lanes[lane.name] = lane
        self._bell.add_job(lane.ring, "interval", seconds=seconds, id=lane.name)
        lane.start()

    def __enter__(self) -> Engine:
        self.app.rings = {name: lane.ring for name, lane in self.lanes.items()} | self._elsewhere()
        for lane in self.lanes.values():
            lane.start()
        self._bell.start()
        if self.part in ("all", "channels"):
            self.app.loop.listen(self.app)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.app.loop.hang_up()
        self._bell.shutdown(wait=False)
        for lane in self.lanes.values():
            lane.stop()
        until = time.monotonic() + DRAIN
        late = [name for name, lane in self.lanes.items() if not lane.join(max(0.0, until - time.monotonic()))]
        if late:
            log.warning("engine.not_drained", lanes=late)
        self.app.rings = {}
        self._wakes.close()
        self.app.let_go()

    def _elsewhere(self) -> dict[str, Callable[[], None]]:
        """Rings that other processes hear too; a worker's own rounds are woken by those that it rings itself."""
        if not self.app.shared:
            return {}
        from bot.wakes import Wakes

        wakes = self._wakes.enter_context(Wakes(self.app.database))

        def both(name: str) -> Callable[[], None]:
            here = self.lanes.get(name)

            def ring() -> None:
                if here is not None:
                    here.ring()
                wakes.ring(name)

            return ring

        return {name: both(name) for name in SHARED}

    def drain(self, name: str) -> None:
        """Run a lane's rounds now, in this thread, until nothing is due: how a worker answers a wake-up."""
        lane = self.lanes.get(name)
        if lane is not None:
            lane.drain()

    def alive(self) -> bool:
        """Whether every lane had a round lately."""
        now = time.monotonic()
        waited = {name: now - self.app.beats.get(name, 0.0) for name in self.lanes}
        return all(waited[name] < 30 + 3 * seconds for name, (_, seconds) in self.LANES.items() if name in waited)


def _by_one(name: str, tick: Callable[[App], int]) -> Callable[[App], int]:
    """The round of one process at a time, however many there are; another takes over where that one dies."""
    lasts = timedelta(seconds=30 + 2 * Engine.LANES[name][1])

    def if_it_is_ours(app: App) -> int:
        return tick(app) if app.holds(f"lane {name}", lasts) else ELSEWHERE.get(name, _nothing)(app)

    return if_it_is_ours


def _nothing(_: App) -> int:
    return 0


def _learn_elsewhere(app: App) -> int:
    take_effect(app)
    return 0


# What a process does of a lane whose round another one runs.
ELSEWHERE: Mapping[str, Callable[[App], int]] = {"lessons": _learn_elsewhere}
