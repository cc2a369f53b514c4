"""How soon ERP has what was resolved, and how a queue of two hours drains.

    python -m bench.posting [--cases N] [--postings N] [--erp-ms MS] [--smoke]

The lag is measured on a real Tryton on loopback, through a real service: from the moment at which the end was told to
the moment at which the API shows the downtime confirmed. The limit is p99 of 3 s on an idle machine. The queue is
measured against a stand-in that takes four calls at once, needs so many milliseconds for each and keeps a ledger: ERP
is away for two hours of a turned clock, comes back, and everything has to be there once, in its order, at a rate that
is ERP's own: all its four hands have work for nine tenths of the time. `--smoke` judges no time.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import App, build
from bot.clock import TurnedClock
from bot.config import Config
from bot.logs import set_up_logs
from bot.posting import post_to_erp
from db import cases, postings
from integrations.erp.guarded import Guarded
from integrations.plant_folder import read_plant_folder
from tests.service.process import RIVERSIDE, Service
from tests.tryton_server import DATABASE, installed, running
from workflow.case import POSTING_KINDS, Case, Change, Posting, PostingKind
from workflow.errors import Away
from workflow.plant import on_shift
from workflow.ports import Receipt
from workflow.records import Records

LIMIT = 3.0  # seconds, p99 from told to confirmed
OURS = 0.1  # of the time that draining takes: no longer than that may one of ERP's hands have nothing to do
HANDS = 4  # calls that it takes at once
AWAY_FOR = timedelta(hours=2)
BEGIN = datetime(2026, 11, 17, 12, tzinfo=UTC)
A_CASE = 4  # postings, in an order that has to be kept


class SlowErp:
    """Books each key once, needs its time for every call, and can be unplugged."""

    name = "stand_in"
    at_once = HANDS
    kinds: frozenset[PostingKind] = frozenset(POSTING_KINDS)

    def __init__(self, a_call: float) -> None:
        self.away, self.a_call = True, a_call
        self.ledger: dict[str, Receipt] = {}
        self.calls = self.knocks = 0
        self.busy = 0.0  # seconds of work, all hands together
        self._lock, self._hands = threading.Lock(), threading.BoundedSemaphore(HANDS)

    def records(self) -> Records:
        """It knows nothing."""
        return Records()

    def find(self, key: str) -> Receipt | None:
        """A receipt, or Away."""
        self._works()
        return self.ledger.get(key)

    def post(self, posting: Posting) -> Receipt:
        """Booked; a second time would be a mistake of ours."""
        self._works()
        with self._lock:
            if posting.key in self.ledger:
                raise AssertionError(f"{posting.key} is booked twice")
            self.ledger[posting.key] = Receipt(f"{len(self.ledger) + 1}", BEGIN)
            return self.ledger[posting.key]

    def _works(self) -> None:
        if self.away:
            self.knocks += 1
            raise Away("ERP is away")
        with self._hands:
            begun = time.perf_counter()
            time.sleep(self.a_call)
            took = time.perf_counter() - begun
        with self._lock:
            self.calls += 1
            self.busy += took


class NoReader:
    """Nobody writes here."""

    def read(self, *_: object) -> object:
        """Never asked."""
        raise AssertionError


def lag(n: int) -> list[float]:
    """Seconds from told to confirmed, exception by exception."""
    plant, found = read_plant_folder(RIVERSIDE).plant, []
    with tempfile.TemporaryDirectory() as folder, running(installed(), Path(folder) / "tryton") as tryton:
        tryton.reset()
        erp = {"LINECALL_ERP": "tryton", "LINECALL_TRYTON_URL": tryton.url, "LINECALL_TRYTON_DATABASE": DATABASE,
               "LINECALL_TRYTON_USER": tryton.user, "LINECALL_TRYTON_PASSWORD": tryton.password}  # fmt: skip
        assets = [asset.name for asset in plant.line["L3"].assets]  # its order runs, so time can be booked on it
        with Service(Path(folder) / "data", **erp) as service:
            for i in range(n):
                who = on_shift(plant, "maintenance", datetime.now(UTC))[0].id
                service.say("denise.palmer", f"{assets[i % len(assets)]} is down").raise_for_status()
                number = _newest(service)
                start = time.perf_counter()
                service.say(who, "running again, 5 min", reply_to=f"case:{number}").raise_for_status()
                while not _booked(service, number):
                    if time.perf_counter() - start > 60:
                        raise AssertionError(f"{number}: the downtime is not in ERP after 60 s")
                    time.sleep(0.01)
                found.append(time.perf_counter() - start)
    return found


def _newest(service: Service) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        open_ones = [c for c in service.get("/api/cases?status=open") if not c["resolved_at"]]
        if open_ones:
            return str(open_ones[0]["number"])
        time.sleep(0.02)
    raise AssertionError("no exception was opened")


def _booked(service: Service, number: str) -> bool:
    owed = service.get(f"/api/cases/{number}")["postings"]
    return any(p["kind"] == "downtime" and p["state"] == "posted" for p in owed[-2:])


def drain(n: int, a_call: float) -> tuple[float, float, SlowErp]:
    """Seconds, and of them seconds of CPU, in which so many postings drained after two hours without ERP."""
    with tempfile.TemporaryDirectory() as folder:
        clock = TurnedClock(BEGIN)
        config = Config(plant=RIVERSIDE, data=Path(folder) / "data", play=True)
        app = build(config, clock=clock, reader=NoReader())  # type: ignore[arg-type]
        erp = SlowErp(a_call)
        app.erp = Guarded(erp, clock)
        _owe(app, n)
        while clock.now() < BEGIN + AWAY_FOR:
            while post_to_erp(app):
                pass
            clock.turn_to(clock.now() + timedelta(seconds=60))
        erp.away = False
        clock.turn_to(clock.now() + timedelta(seconds=61))
        erp.calls, erp.busy = 0, 0.0
        started, cpu = time.perf_counter(), time.process_time()
        while post_to_erp(app):
            pass
        took, cpu = time.perf_counter() - started, time.process_time() - cpu
        with app.database.read() as tx:
            states = {status.state for status in postings.find(tx)}
            closed = len(cases.find(tx, status="closed"))
        if states != {"posted"} or len(erp.ledger) != n:
            raise AssertionError(f"{len(erp.ledger)} of {n} are in ERP: {states}")
        if closed != -(-n // A_CASE):
            raise AssertionError(f"{closed} exceptions closed")
        _in_order(erp)
        app.close()
    return took, cpu, erp


def _owe(app: App, n: int) -> None:
    at = app.clock.now()
    with app.database.write() as tx:
        for first in range(0, n, A_CASE):
            number = f"EX-{10_000 + first}"
            owed = tuple(
                Posting(f"riverside/{number}/1/note/{line}", "note", number, {"text": f"{line}"}, at)
                for line in range(1, min(A_CASE, n - first) + 1)
            )
            case = Case(number, "riverside", at, "denise.palmer", type="other", opened_at=at, resolved_at=at,
                        resolved_by="denise.palmer")  # fmt: skip
            cases.save(tx, Change(replace(case, told=("denise.palmer",)), (), (), owed), at)


def _in_order(erp: SlowErp) -> None:
    last: dict[str, int] = {}
    for key in erp.ledger:
        _, number, _, _, line = key.split("/")
        if int(line) != last.get(number, 0) + 1:
            raise AssertionError(f"{key} came before its turn")
        last[number] = int(line)


def main() -> int:
    """Measure and print; exit status 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--postings", type=int, default=10_000)
    parser.add_argument("--erp-ms", type=float, default=50.0)
    parser.add_argument("--smoke", action="store_true", help="print the figures and do not judge the times")
    said = parser.parse_args()
    set_up_logs("INFO")  # as the service does
    ok = True
    if said.postings:
        took, cpu, erp = drain(said.postings, said.erp_ms / 1000)
        at_work = erp.busy / took / HANDS
        print(f"queue: {said.postings} postings after two hours: {took:.1f} s, {said.postings / took:.1f} a second")
        print(f"  ERP takes {HANDS} calls of {said.erp_ms:g} ms at once; each hand had work {at_work:.0%} of the time")
        print(f"  ours: {cpu / said.postings * 1000:.1f} ms CPU a posting; knocks while it was away: {erp.knocks}")
        ok = at_work > 1 - OURS
        print(f"limit: more than {1 - OURS:.0%}: {'kept' if ok else 'MISSED'}")
    if said.cases:
        found = lag(said.cases)
        p99 = statistics.quantiles(found, n=100)[98] if len(found) > 1 else found[0]
        figures = f"p50={statistics.median(found) * 1000:.0f} ms p99={p99 * 1000:.0f} ms max={max(found) * 1000:.0f} ms"
        print(f"lag on Tryton: n={len(found)} {figures}")
        print(f"limit: p99 under {LIMIT:g} s: {'kept' if p99 <= LIMIT else 'MISSED'}")
        ok = ok and p99 <= LIMIT
    return 0 if ok or said.smoke else 1


if __name__ == "__main__":
    sys.exit(main())
