"""Somebody pulls the plug, a timer is lost, a round stands still: nothing that is open is left alone for a minute."""

from __future__ import annotations

import random
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sqlalchemy as sa
from structlog.testing import LogCapture

from bot import ticks
from bot.app import App
from bot.engine import Engine
from bot.watchman import heartbeat, watch
from db import cases
from tests.plantside import Heard, Plantside
from workflow.case import Case, Change
from workflow.routing import World

FILLER = "filler on 3 jammed since ten past, 10482 standing still"
REPORTS = (
    ("maria.lopez", FILLER),
    ("edson.silva", "putting 6319-4A on hold, pallets without a date code"),
    ("marcus.webb", "palletizer 2 is acting up, we are still running"),
)
SABOTAGE = (
    'UPDATE task SET next_step_at = NULL WHERE "case" = :n',
    'UPDATE task SET withdrawn_at = asked_at, next_step_at = NULL WHERE "case" = :n',
    'UPDATE task SET done_at = asked_at WHERE "case" = :n',
    'DELETE FROM task WHERE "case" = :n',
    'UPDATE task SET owner = NULL, next_step_at = :later WHERE "case" = :n',
)
SABOTAGES = 100


def in_good_order(plant: Plantside) -> None:
    now = plant.clock.now()
    for case in plant.cases():
        if case.is_open:
            living = [t for t in case.tasks if t.live]
            assert living, f"{case.number} is nobody's"
            assert any(t.next_step_at for t in living), f"{case.number} has no timer"
            lead = case.lead
            assert lead is not None
            assert lead.owner or (lead.next_step_at and lead.next_step_at <= now + timedelta(minutes=15))


def pull_out(plant: Plantside, statement: str, number: str) -> None:
    later = plant.clock.now() + timedelta(days=9)
    with plant.app.database.write() as tx:
        clause = sa.text(statement)
        if ":later" in statement:
            clause = clause.bindparams(sa.bindparam("later", type_=cases.case_table.c.captured_at.type))
            tx.execute(clause, {"n": number, "later": later})
        else:
            tx.execute(clause, {"n": number})


def test_I2_whatever_is_torn_out_of_a_record_it_is_somebodys_again_at_the_next_look(
    plant: Plantside, logged: LogCapture
) -> None:
    for person, text in REPORTS:
        plant.says(person, text)
    numbers = [c.number for c in plant.cases() if c.is_open]
    assert len(numbers) == 3
    dice = random.Random(1126)
    for _ in range(SABOTAGES):
        pull_out(plant, dice.choice(SABOTAGE), dice.choice(numbers))
        assert watch(plant.app) >= 1, "it is found at the next look"
        in_good_order(plant)
        plant.passes(seconds=30)
        in_good_order(plant)
    plant.rest_is_known()
    found = {e["what"] for e in logged.entries if e["event"] == "watchman.put_right"}
    assert found == {"no_timer", "nobodys", "no_owner", "idle_timer"}
    logged.entries.clear()


def test_R26_a_function_whose_timer_is_lost_is_chased_again_though_another_one_still_is(
    plant: Plantside, logged: LogCapture
) -> None:
    plant.says("maria.lopez", FILLER)
    number = plant.only_case().number
    lost = [t.role for t in plant.only_case().tasks if t.live and t.required and t.role != plant.only_case().lead.role]
    assert lost, "more than one function has to act"
    plant.rest_is_known()
    pull_out(plant, f"UPDATE task SET next_step_at = NULL WHERE role = '{lost[0]}' AND \"case\" = :n", number)

    assert watch(plant.app) == 1
    plant.passes(seconds=1)

    task = plant.only_case().task(lost[0])
    assert task is not None
    assert task.next_step_at is not None
    assert "put_right" in plant.log(number)
    plant.rest_is_known()
    assert [e["what"] for e in logged.entries if e["event"] == "watchman.put_right"] == ["no_timer"]
    logged.entries.clear()


def test_I2_a_step_that_nobody_takes_is_raised_within_a_minute_each_exception_for_itself(
    plant: Plantside, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stands_still(case: Case, world: World) -> Change | None:
        raise RuntimeError("the round of chasing stands")

    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()
    monkeypatch.setattr(ticks, "next_steps", stands_still)
    first = plant.only_case()
    due = min(t.next_step_at for t in first.tasks if t.live and t.next_step_at)
    while plant.clock.now() < due + timedelta(seconds=60):
        plant.passes(seconds=30)
        watch(plant.app)
    plant.settle()
    raised = [h for h in plant.hears("denise.palmer") if "could not follow up" in h]
    assert len(raised) == 1
    assert first.number in raised[0]

    plant.says("edson.silva", "palletizer 2 is down, line is standing")
    second = next(c for c in plant.cases() if c.number != first.number)
    due = min(t.next_step_at for t in second.tasks if t.live and t.next_step_at)
    plant.rest_is_known()
    while plant.clock.now() < due + timedelta(seconds=60):
        plant.passes(seconds=30)
        watch(plant.app)
    plant.settle()
    raised = [h for h in plant.hears("denise.palmer") if "could not follow up" in h]
    assert len(raised) == 1, "the first one was raised less than half an hour ago; that hides no other"
    assert second.number in raised[0]
    assert first.number not in raised[0]
    plant.rest_is_known()
    assert {e["event"] for e in logged.entries if e["log_level"] == "error"} == {"chase.failed", "watchman.overdue"}
    logged.entries.clear()


def test_a_record_in_good_order_is_left_as_it_is(plant: Plantside) -> None:
    for person, text in REPORTS:
        plant.says(person, text)
    before = plant.cases()
    for _ in range(3):
        assert watch(plant.app) == 0
    assert plant.cases() == before
    plant.rest_is_known()


def test_R37_after_an_outage_there_is_one_message_with_the_true_age_and_no_storm(plant: Plantside) -> None:
    for person, text in REPORTS:
        plant.says(person, text)
    plant.passes(minutes=1)  # ERP has answered
    assert watch(plant.app) == 0
    plant.rest_is_known()

    plant.clock.turn(timedelta(hours=3))  # the plug is pulled
    watch(plant.app)
    plant.settle()

    heard = {person.id: plant.hears(person.id) for person in plant.app.plant.people}
    told = [h for h in heard["denise.palmer"] if "out of order" in h]
    assert len(told) == 1
    assert "06:01 to 09:01" in told[0]
    open_ones = [c.number for c in plant.cases() if c.is_open]
    assert all(number in told[0] for number in open_ones)
    for person, messages in heard.items():
        chased = [m for m in messages if "out of order" not in m]
        of = [m.case for m in chased]
        assert len(of) == len(set(of)), f"{person} hears of each exception once, not once for each step: {chased}"
    assert any("3 h" in m for m in heard["stephanie.greer"] + heard["denise.palmer"] + heard["gary.lindqvist"])

    watch(plant.app)
    plant.settle()
    assert not any("out of order" in h for h in plant.hears("denise.palmer")), "told once"
    plant.rest_is_known()


def test_R37_five_reminders_to_one_person_are_one_message(plant: Plantside) -> None:
    for asset in ("palletizer 2", "seamer 2", "rinser 1", "crowner 1", "capper 3", "robot 4", "checkweigher 4"):
        plant.says("denise.palmer", f"{asset} has a fault")
    waiting = [c for c in plant.cases() if c.status == "open" and c.line_stopped is not True]
    assert len(waiting) >= 5, [(c.number, c.type, c.status, c.line_stopped) for c in plant.cases()]
    plant.rest_is_known()

    plant.clock.turn(timedelta(minutes=40))
    plant.settle()

    heard = plant.hears("gary.lindqvist")
    assert len(heard) == 1, [h.text for h in heard]
    assert all(case.number in heard[0] for case in waiting)
    plant.rest_is_known()


def test_R37_reminders_that_would_come_minute_after_minute_come_as_one(plant: Plantside) -> None:
    for asset in ("palletizer 2", "rinser 1", "checkweigher 4"):
        plant.says("denise.palmer", f"{asset} has a fault")
        plant.passes(minutes=1)
    plant.rest_is_known()
    heard: list[Heard] = []
    for _ in range(60):
        plant.passes(minutes=1)
        heard = plant.hears("gary.lindqvist")
        if heard:
            break
    assert len(heard) == 1, [h.text for h in heard]
    assert all(case.number in heard[0] for case in plant.cases()), "what was due in the next minutes came along"
    plant.passes(minutes=4)
    plant.hears_nothing("gary.lindqvist")
    for case in plant.cases():
        times = [entry.at for entry in plant.log_entries(case.number)]
        assert times == sorted(times), "the log is in order"
        assert max(times) <= plant.clock.now()
    plant.rest_is_known()


def test_R37_a_stopped_line_is_reminded_of_by_itself(plant: Plantside) -> None:
    for asset in ("palletizer 2", "rinser 1", "checkweigher 4"):
        plant.says("denise.palmer", f"{asset} has a fault")
    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()
    plant.passes(minutes=45)
    stopped = next(case for case in plant.cases() if case.line_stopped)
    own = [h for h in plant.hears("gary.lindqvist") if stopped.number in h]
    assert own
    assert all(case.number not in h for h in own for case in plant.cases() if case.number != stopped.number)
    plant.rest_is_known()


def test_a_record_that_cannot_be_chased_is_in_nobodys_way_and_is_raised(
    plant: Plantside, logged: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person, text in REPORTS:
        plant.says(person, text)
    sick = plant.cases()[0].number
    plant.rest_is_known()
    well = ticks.next_steps

    def falls_over(case: Case, world: World) -> Change | None:
        if case.number == sick:
            raise RuntimeError("a fact that nobody expected")
        return well(case, world)

    monkeypatch.setattr(ticks, "next_steps", falls_over)
    for _ in range(9):
        watch(plant.app)
        plant.passes(minutes=1)
    assert any(sick in h and "could not follow up" in h for h in plant.hears("denise.palmer"))
    monkeypatch.undo()
    plant.passes(minutes=20)
    others = [c for c in plant.cases() if c.number != sick and c.is_open]
    assert others
    assert all(t.next_step_at is None or t.next_step_at >= plant.clock.now() for c in others for t in c.tasks if t.live)
    plant.rest_is_known()
    assert {e["event"] for e in logged.entries if e["log_level"] == "error"} == {"chase.failed", "watchman.overdue"}
    logged.entries.clear()


# the sign of life ----------------------------------------------------------------------------------------------------


@contextmanager
def outside(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[tuple[str, list[str]]]:
    """Somebody outside who waits for signs of life; yields the address and the paths that were called."""
    heard: list[str] = []

    class Ear(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.path)
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingMixIn, HTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/alive", heard
    finally:
        server.shutdown()
        server.server_close()


def well(ear: BaseHTTPRequestHandler) -> None:
    ear.send_response(200)
    ear.end_headers()


def silent(_: BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


def with_heartbeat(app: App, url: str) -> None:
    app.config = app.config.model_copy(update={"heartbeat_url": url})


def test_the_world_outside_hears_that_the_rounds_go_on_and_nothing_when_one_stands(
    plant: Plantside, logged: LogCapture
) -> None:
    with outside(well) as (url, heard):
        with_heartbeat(plant.app, url)
        heartbeat(plant.app)
        assert heard == ["/alive"]
        plant.app.alive = lambda: False
        heartbeat(plant.app)
        assert heard == ["/alive"], "a dead man gives no sign"
    assert [e["event"] for e in logged.entries if e["log_level"] == "error"] == ["heartbeat.withheld"]
    logged.entries.clear()


def test_nobody_outside_and_everything_goes_on(plant: Plantside) -> None:
    with_heartbeat(plant.app, "http://127.0.0.1:9/nobody")
    assert heartbeat(plant.app) == 0
    plant.says("maria.lopez", FILLER)
    assert plant.only_case().status == "open"
    plant.rest_is_known()


def test_an_ear_that_never_answers_holds_up_no_other_round(plant: Plantside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.heartbeat.SECONDS", 1.0)
    with outside(silent) as (url, heard):
        with_heartbeat(plant.app, url)
        with Engine(plant.app) as engine:
            plant.app.alive = engine.alive
            engine.lanes["heartbeat"].ring()
            until = time.monotonic() + 10
            while not heard and time.monotonic() < until:
                time.sleep(0.02)
            assert heard, "it was called"
            beat_before = plant.app.beats.get("watchman", 0.0)
            engine.lanes["watchman"].ring()
            while plant.app.beats.get("watchman", 0.0) <= beat_before and time.monotonic() < until:
                time.sleep(0.02)
            assert plant.app.beats["watchman"] > beat_before
    plant.rest_is_known()
