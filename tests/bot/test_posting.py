"""How the round of postings behaves towards a system that is away, a fault of ours, and several systems at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app import build
from bot.clock import TurnedClock
from bot.config import Config, WrongConfiguration, read_config
from bot.posting import post_to_erp
from db import cases, postings
from db.tables import posting
from integrations.erp.guarded import Guarded
from integrations.erp.several import Several
from tests.conftest import RIVERSIDE
from tests.db.rows import SIX, a_case, a_posting, saved
from workflow.case import POSTING_KINDS, Posting, PostingKind, PostingStatus
from workflow.errors import Away, Rejected
from workflow.ports import Receipt
from workflow.records import Records


@dataclass
class Books:
    """An ERP that is a list; it can be away, or trip over one key."""

    name: str = "books"
    kinds: frozenset[PostingKind] = frozenset(POSTING_KINDS)
    booked: list[str] = field(default_factory=list)
    asked: int = 0
    away: bool = False
    trips_over: str = ""

    def records(self) -> Records:
        return Records()

    def find(self, key: str) -> Receipt | None:
        self.asked += 1
        if self.away:
            raise Away("down")
        if key == self.trips_over:
            raise KeyError("a bug")
        return Receipt("1", SIX) if key in self.booked else None

    def post(self, posting: Posting) -> Receipt:
        self.booked.append(posting.key)
        return Receipt(str(len(self.booked)), SIX)


class Desk:
    """The program with that ERP and a clock that is turned by hand; each case is resolved and owes one posting."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.erp = TurnedClock(SIX), Books()
        self.app = build(Config(plant=RIVERSIDE, data=folder), clock=self.clock)
        self.app.erp = Guarded(self.erp, self.clock)

    def owes(self, *keys: str, kind: PostingKind = "downtime") -> None:
        for key in keys:
            case = a_case(f"EX-{key}", resolved_at=SIX, resolved_by="gary.lindqvist", reporter="maria.lopez", tasks=())
            saved(self.app.database, case, postings=(a_posting(key, case.number, kind=kind),))

    def status(self, key: str) -> PostingStatus:
        with self.app.database.read() as tx:
            found = postings.get(tx, key)
        assert found is not None
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.app.close()


def test_a_system_that_is_away_is_asked_once_and_not_by_every_posting(desk: Desk) -> None:
    desk.erp.away = True
    desk.owes("1", "2", "3", "4")
    post_to_erp(desk.app)
    assert desk.erp.asked == 1
    assert {desk.status(key).error for key in "1234"} == {"down"}

    desk.erp.away = False
    desk.clock.turn_to(SIX + timedelta(minutes=2))
    while post_to_erp(desk.app):
        pass
    assert desk.erp.booked == ["1", "2", "3", "4"], "in order, and none waits out a pause of its own"


def test_a_pause_grows_while_nobody_answers_and_one_answer_ends_it(desk: Desk) -> None:
    guarded, asked = Guarded(desk.erp, desk.clock), []
    desk.erp.away = True
    for _ in range(600):
        with pytest.raises(Away):
            guarded.find("k")
        asked.append(desk.erp.asked)
        desk.clock.turn_to(desk.clock.now() + timedelta(seconds=1))
    assert asked[-1] < 25, "ten minutes of absence are a few questions"
    desk.erp.away = False
    desk.clock.turn_to(desk.clock.now() + timedelta(minutes=1))
    assert guarded.find("k") is None
    assert guarded.away_because is None


def test_four_that_fail_together_are_one_failure(desk: Desk) -> None:
    """ERP goes while four postings are under way: the pause is that of one failure, 2 s, and not of four, 16 s."""
    together = threading.Barrier(4, timeout=30)

    def gone(_: str) -> Receipt | None:
        together.wait()
        raise Away("down")

    desk.erp.at_once = 4  # type: ignore[attr-defined]
    desk.erp.find = gone  # type: ignore[method-assign]
    guarded = Guarded(desk.erp, desk.clock)
    with ThreadPoolExecutor(4) as four:
        failed = [four.submit(guarded.find, "k") for _ in range(4)]
    pauses = [error.after for one in failed if isinstance(error := one.exception(), Away)]
    assert pauses == [timedelta(seconds=2)] * 4
    with pytest.raises(Away) as still:
        guarded.find("k")
    assert still.value.after == timedelta(seconds=2)


def test_one_system_that_answers_again_wakes_only_what_it_books_itself(desk: Desk) -> None:
    """Upkeep's system is back; what waits for ERP goes on waiting for ERP."""
    upkeep = Books("upkeep", frozenset({"maintenance_notification"}), away=True)
    desk.erp.kinds, desk.erp.away = frozenset({"downtime"}), True
    desk.app.erp = Several(
        Guarded(desk.erp, desk.clock), [(Guarded(upkeep, desk.clock), frozenset({"maintenance_notification"}))]
    )
    erp_waits, upkeep_waits = "p/1/0/downtime/1", "p/2/0/maintenance_notification/1"
    desk.owes(erp_waits)
    desk.owes(upkeep_waits, kind="maintenance_notification")
    post_to_erp(desk.app)
    upkeep.away, tried = False, desk.status(erp_waits).attempts
    desk.clock.turn_to(SIX + timedelta(hours=1))
    while post_to_erp(desk.app):
        pass
    assert desk.status(upkeep_waits).state == "posted"
    assert desk.status(erp_waits).attempts == tried + 1, "nobody has heard of ERP"


def test_a_fault_of_ours_in_one_posting_is_never_in_the_others_way(desk: Desk) -> None:
    desk.erp.trips_over = "1"
    desk.owes("1", "2")
    post_to_erp(desk.app)
    assert desk.status("2").state == "posted"
    assert desk.status("1").state == "waiting"


def test_R2_the_last_confirmation_and_the_end_of_its_case_are_one_step(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever dies in between leaves a posting that is looked up again, never a case that stays open for ever."""
    desk.owes("1")
    with monkeypatch.context() as dies:
        dies.setattr(cases, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            post_to_erp(desk.app)
    assert desk.status("1").state == "due"
    desk.clock.turn_to(SIX + timedelta(minutes=2))
    post_to_erp(desk.app)
    with desk.app.database.read() as tx:
        case = cases.get(tx, "EX-1")
    assert case is not None
    assert case.status == "closed"
    assert desk.erp.booked == ["1"]


def test_R2_each_kind_goes_to_the_system_that_books_it_and_what_nobody_books_to_a_person(desk: Desk) -> None:
    erp = Books("tryton", frozenset({"downtime", "scrap"}))
    upkeep = Books("upkeep", frozenset({"maintenance_notification", "scrap"}))
    both = Several(erp, [(upkeep, frozenset({"maintenance_notification"}))])
    desk.app.erp = both
    desk.owes("p/1/0/downtime/1")
    desk.owes("p/2/0/maintenance_notification/1", kind="maintenance_notification")
    desk.owes("p/3/0/scrap/1", kind="scrap")
    desk.owes("p/4/0/cost/1", kind="note")
    post_to_erp(desk.app)
    assert erp.booked == ["p/1/0/downtime/1", "p/3/0/scrap/1"]
    assert upkeep.booked == ["p/2/0/maintenance_notification/1"]
    unbooked = desk.status("p/4/0/cost/1")
    assert (unbooked.state, unbooked.owner) == ("failed", "denise.palmer")
    assert both.find("p/2/0/maintenance_notification/1") is not None
    with pytest.raises(Rejected):
        both.post(a_posting("x", kind="note"))


def test_a_second_system_is_named_in_the_environment_and_a_wrong_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINECALL_ERP_ALSO", "plant_folder=maintenance_notification,cost")
    app = build(read_config(plant=RIVERSIDE, data=tmp_path))
    assert app.erp.name == "plant_folder + plant_folder"
    app.close()
    for wrong, named in (("cmms=cost", "cmms"), ("plant_folder=repairs", "repairs"), ("plant_folder", "kind ''")):
        monkeypatch.setenv("LINECALL_ERP_ALSO", wrong)
        with pytest.raises(WrongConfiguration, match=named):
            read_config(plant=RIVERSIDE, data=tmp_path)


def test_R47_whoever_posts_slowly_keeps_it_and_a_second_worker_gets_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP needs three minutes for one posting; its lease is 45 seconds and is made longer as long as we live."""
    monkeypatch.setattr("bot.posting.RENEW", timedelta(milliseconds=5))
    desk.owes("1", "2")
    second: list[int] = []

    def slow(posted: Posting) -> Receipt:
        for _ in range(6):
            desk.clock.turn_to(desk.clock.now() + timedelta(seconds=30))
            _wait_for(lambda: _lease_of(desk, posted.key) > desk.clock.now() + timedelta(seconds=40))
            second.append(post_to_erp(desk.app))
        desk.erp.booked.append(posted.key)
        return Receipt(str(len(desk.erp.booked)), SIX)

    monkeypatch.setattr(desk.erp, "post", slow)

    post_to_erp(desk.app)

    assert second[:6] == [0] * 6, "another worker finds nothing to do"
    while post_to_erp(desk.app):
        pass
    assert sorted(desk.erp.booked) == ["1", "2"]
    assert {desk.status(key).state for key in "12"} == {"posted"}


class Crew(Books):
    """An ERP that takes three postings at once, and books none before all three are in."""

    at_once = 3

    def __init__(self) -> None:
        super().__init__("crew", frozenset({"downtime"}))
        self.together, self.three_are_booked = threading.Barrier(3, timeout=30), threading.Event()

    def post(self, posting: Posting) -> Receipt:
        if posting.case != "EX-late":
            self.together.wait()
        receipt = super().post(posting)
        if len(self.booked) == 3:
            self.three_are_booked.set()
        return receipt


def test_R47_different_exceptions_are_posted_side_by_side_and_each_one_keeps_its_order(desk: Desk) -> None:
    """Three machines wait for ERP at once; upkeep's own system is slow, and in nobody's way."""
    erp, upkeep = Crew(), Books("upkeep", frozenset({"maintenance_notification"}))
    booked_there = upkeep.post

    def slow(posted: Posting) -> Receipt:
        assert erp.three_are_booked.wait(30), "ERP waits for upkeep"
        return booked_there(posted)

    upkeep.post = slow  # type: ignore[method-assign]
    desk.app.erp = Several(
        Guarded(erp, desk.clock), [(Guarded(upkeep, desk.clock), frozenset({"maintenance_notification"}))]
    )
    three, call = [f"p/{n}/0/downtime/1" for n in (1, 2, 3)], "p/4/0/maintenance_notification/1"
    first, then = "p/5/0/maintenance_notification/1", "p/5/0/downtime/2"
    desk.owes(call, kind="maintenance_notification")
    desk.owes(*three)
    late = a_case("EX-late", resolved_at=SIX, resolved_by="gary.lindqvist", reporter="maria.lopez", tasks=())
    saved(desk.app.database, late, postings=(a_posting(first, "EX-late", kind="maintenance_notification"),
                                             a_posting(then, "EX-late", kind="downtime")))  # fmt: skip

    while post_to_erp(desk.app):
        pass

    assert sorted(erp.booked[:3]) == three
    assert (erp.booked[3:], upkeep.booked) == ([then], [call, first]), "of one exception the second waits for the first"
    assert {desk.status(key).state for key in (call, *three, first, then)} == {"posted"}


@pytest.mark.slow
def test_while_a_system_is_away_one_knocks_for_all_that_have_waited(desk: Desk) -> None:
    """A hundred wait for two hours: ERP is asked once a minute, and each is tried by itself no more than thrice."""
    desk.erp.away = True
    desk.owes(*(f"k{n}" for n in range(100)))
    while desk.clock.now() < SIX + timedelta(hours=2):
        while post_to_erp(desk.app):
            pass
        desk.clock.turn_to(desk.clock.now() + timedelta(seconds=60))
    assert desk.erp.asked <= 125
    attempts = sum(desk.status(f"k{n}").attempts for n in range(100))
    assert attempts < 100 * 3 + 125 * 10, "each round tries ten at most, and the others none"
    assert {desk.status(f"k{n}").error for n in range(100)} == {"down"}

    desk.erp.away = False
    desk.clock.turn_to(desk.clock.now() + timedelta(seconds=61))
    while post_to_erp(desk.app):
        pass

    assert desk.erp.booked == [f"k{n}" for n in range(100)], "in their order"


def test_without_erp_the_service_is_degraded_and_says_why(desk: Desk) -> None:
    assert desk.app.degraded() == []
    desk.erp.away = True
    desk.owes("1")
    post_to_erp(desk.app)

    assert desk.app.degraded() == ["books: down"]


def _lease_of(desk: Desk, key: str) -> datetime:
    with desk.app.database.read() as tx:
        until = tx.scalar(sa.select(posting.c.due_at).where(posting.c.key == key))
    assert until is not None
    return until


def _wait_for(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)
