"""Lost answers and kills between Linecall and a real Tryton: nothing is booked twice and nothing is lost (R47)."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import posting
from bot.app import build
from bot.config import Config
from db import cases, postings
from db.connect import open_database
from tests.db.rows import a_case, saved
from tests.service.process import RIVERSIDE
from tests.tryton_server import DATABASE, Tryton
from workflow.case import Posting, PostingStatus

SEED = int(os.environ.get("LINECALL_TEST_SEED", "20261117"))
POSTINGS = int(os.environ.get("LINECALL_TEST_POSTINGS", "100"))
KILLS = int(os.environ.get("LINECALL_TEST_POSTING_KILLS", "5"))
A_CASE = 3  # postings of one exception, which keep their order
WORKERS = 2
# Only how long is waited, never what is done: a worker's death is noticed after 45 seconds, and who has met ten lost
# answers in a row waits for minutes. The campaign waits as the program does.
IN_A_HURRY = POSTINGS <= 100
PATIENCE = 600.0 + 10.0 * POSTINGS  # seconds; generous, since the machine may be busy


class Lossy:
    """Stands between Linecall and Tryton, and loses so many answers after the work was done."""

    def __init__(self, to: str, share: float, seed: int) -> None:
        dice, lock, outer = random.Random(seed), threading.Lock(), self
        self.lost = 0
        # One for all: to make one for each request is to read every certificate of the machine again.
        client = self._client = httpx.Client(timeout=60)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]}
                answer = client.post(f"{to}{self.path}", content=body, headers=headers)
                with lock:
                    loses = dice.random() < share
                    outer.lost += loses
                if loses:
                    self.close_connection = True
                    return
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(answer.status_code)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer.content)))
                    self.end_headers()
                    self.wfile.write(answer.content)

            def log_message(self, *said: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._client.close()


class NoReader:
    """Nobody writes here."""

    def read(self, message: object, context: object) -> Any:
        raise AssertionError


def work(data: Path, url: str, user: str, password: str, in_a_hurry: bool) -> None:
    """The round of postings in a process of its own, until it is killed."""
    config = Config(plant=RIVERSIDE, data=data, erp="tryton", tryton_url=url, tryton_database=DATABASE,
                    tryton_user=user, tryton_password=password)  # type: ignore[arg-type]  # fmt: skip
    if in_a_hurry:
        soon = {"LEASE": timedelta(seconds=12), "RENEW": timedelta(seconds=2)}
        vars(posting).update(soon, backoff=lambda attempts: timedelta(seconds=min(attempts, 2)))
    app = build(config, reader=NoReader())
    while True:
        if not posting.post_to_erp(app):
            time.sleep(0.2)


def an_owed(n: int, at: datetime) -> Posting:
    """A hold of one more case of product, time on an order, or a note, in turn; which of them begins differs too."""
    number, kind = f"EX-{5000 + n // A_CASE}", ("lot_hold", "downtime", "note")[(n + n // A_CASE) % 3]
    body: dict[str, Any] = {
        "lot_hold": {"lot": "6320-3A", "quantity": 1.0, "uom": "cs", "reason": f"number {n}"},
        "downtime": {"asset": "L3-FIL", "work_order": "WO-10482", "start": at.isoformat(), "minutes": 1.0 + n,
                     "end": (at + timedelta(minutes=1 + n)).isoformat(), "reason": "jam"},
        "note": {"work_order": "WO-10482", "text": f"number {n}"},
    }[kind]  # fmt: skip
    return Posting(f"riverside/{number}/1/{kind}/1", kind, number, body, at)  # type: ignore[arg-type]


@pytest.mark.kill
@pytest.mark.slow
def test_R47_lost_answers_and_kills_leave_no_duplicate_and_lose_nothing(tryton: Tryton, tmp_path: Path) -> None:
    tryton.reset()
    print(f"LINECALL_TEST_SEED={SEED} plays it again")
    dice, lossy, data = random.Random(SEED), Lossy(tryton.url, 0.2, SEED), tmp_path / "data"
    data.mkdir()
    database = open_database(f"sqlite:///{data / 'linecall.db'}")
    database.migrate()
    at = datetime(2026, 11, 17, 14, tzinfo=UTC)
    owed = [an_owed(n, at) for n in range(POSTINGS)]
    for its in batched(owed, A_CASE):  # resolved on the floor: nothing but ERP's word is missing
        resolved = replace(
            a_case(its[0].case), reporter="maria.lopez", resolved_at=at, resolved_by="maria.lopez", tasks=()
        )
        saved(database, resolved, postings=its)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["bot.posting", "bot.app", "tests.service.test_tryton_killed"])

    def due() -> int:
        with database.read() as tx:
            return postings.due_count(tx)

    def begin() -> Any:
        worker = processes.Process(target=work, args=(data, lossy.url, tryton.user, tryton.password, IN_A_HURRY))
        worker.start()
        return worker

    started, kills, workers = time.monotonic(), 0, [begin() for _ in range(WORKERS)]
    try:
        # A kill each time that a part of them is done: the plug is pulled in the middle of the work, never before it.
        while left := due():
            assert time.monotonic() - started < PATIENCE, f"{left} are still due"
            if kills < KILLS and POSTINGS - left > kills * POSTINGS / (KILLS + 1):
                time.sleep(dice.uniform(0, 1))
                unlucky = workers.pop(dice.randrange(WORKERS))
                unlucky.kill()
                unlucky.join()
                kills, workers = kills + 1, [*workers, begin()]
            time.sleep(0.1)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()
        lossy.close()
    took = time.monotonic() - started

    with database.read() as tx:
        states = {s.posting.key: s for s in postings.find(tx)}
        still_open = [c.number for c in cases.find(tx) if c.status != "closed"]
    database.close()
    assert kills == KILLS
    assert {s.state for s in states.values()} == {"posted"}, _not_posted(states)
    assert still_open == [], "what ERP has confirmed is closed"
    shipped = Counter(reference.split(" #")[0] for (reference,) in tryton.sql(
        "select reference from stock_shipment_internal where state = 'done'"))  # fmt: skip
    assert shipped == Counter(one.key for one in owed if one.kind == "lot_hold"), "each hold once"
    spent = tryton.sql("select duration from production_work_cycle where state = 'done'")
    minutes = Counter(round(float(duration) / 60, 3) for (duration,) in spent)
    assert minutes == Counter(float(one.body["minutes"]) for one in owed if one.kind == "downtime"), (
        "each downtime once"
    )
    booked = Counter(message.split("\n")[0].split(" #")[0].removeprefix("linecall:") for (message,) in tryton.sql(
        "select message from ir_note where message like '% booked' || char(10) || 'on production,%'"))  # fmt: skip
    assert booked == Counter(one.key for one in owed if one.kind == "note"), "each note once"
    traces = _traces(tryton)
    for its in batched(owed, A_CASE):
        for earlier, later in pairwise(its):
            assert max(traces[earlier.key]) < min(traces[later.key]), f"{later.key} began before {earlier.key} was done"
    harm = f"{lossy.lost} answers lost, {kills} kills of {WORKERS} workers"
    print(f"{POSTINGS} postings, {harm}, {took:.0f} s: none lost, none twice")


def batched(owed: list[Posting], size: int) -> list[tuple[Posting, ...]]:
    """What belongs together, in its order."""
    return [tuple(owed[start : start + size]) for start in range(0, len(owed), size)]


def _traces(tryton: Tryton) -> dict[str, list[int]]:
    """The notes that each key has left in Tryton, which counts them all in one row; a shipment's stands before it is
    made ready, what is no shipment ends with one.
    """
    found: dict[str, list[int]] = {}
    for number, message in tryton.sql("select id, message from ir_note order by id"):
        key = str(message).partition("\n")[0].removeprefix("linecall:").partition(" #")[0]
        found.setdefault(key, []).append(int(number))
    return found


def _not_posted(states: dict[str, PostingStatus]) -> list[tuple[str, str | None]]:
    return [(key, status.error) for key, status in states.items() if status.state != "posted"]
