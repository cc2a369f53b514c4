"""What we believe beside what ERP holds: each difference is found, says what to do, and nothing is changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from bot.app import build
from bot.cli import app as command_line
from bot.clock import TurnedClock
from bot.config import Config
from bot.last_plant import remember_plant
from bot.posting import post_to_erp
from bot.reconciling import every_night, listed, looked_after, reconcile
from db import cases, postings
from tests.conftest import RIVERSIDE
from tests.db.rows import SIX, a_case, a_posting, saved
from workflow.case import POSTING_KINDS, Held, Posting, PostingKind
from workflow.errors import Away, Rejected
from workflow.ports import Receipt
from workflow.records import Records


@dataclass
class Books:
    """An ERP as a dict that somebody may scribble in."""

    snapshot: Records
    name: str = "books"
    kinds: frozenset[PostingKind] = frozenset(POSTING_KINDS)
    booked: dict[str, str] = field(default_factory=dict)
    away: bool = False
    refuses: bool = False
    answers: int | None = None  # so many more questions; None: all of them
    asked: list[str] = field(default_factory=list)

    def records(self) -> Records:
        return self.snapshot

    def find(self, key: str) -> Receipt | None:
        self.asked.append(key)
        if self.away or self.answers == 0:
            raise Away("down")
        if self.answers is not None:
            self.answers -= 1
        return Receipt(self.booked[key], SIX) if key in self.booked else None

    def post(self, posting: Posting) -> Receipt:
        if self.refuses:
            raise Rejected("the period is closed")
        self.booked[posting.key] = f"DOC-{len(self.booked) + 1}"
        return Receipt(self.booked[posting.key], SIX)


class Desk:
    def __init__(self, folder: Path) -> None:
        self.clock = TurnedClock(SIX)
        self.app = build(Config(plant=RIVERSIDE, data=folder), clock=self.clock)
        self.erp = Books(self.app.records)
        self.app.erp = self.erp

    def books(self, *keys: str) -> None:
        for key in keys:
            saved(self.app.database, a_case(f"EX-{key}"), postings=(a_posting(key, f"EX-{key}"),))
        post_to_erp(self.app)

    def asked(self) -> list[str]:
        """What ERP was asked about since this was asked last."""
        asked, self.erp.asked = self.erp.asked, []
        return asked

    def told(self) -> list[str]:
        """The names of what was told about the comparison."""
        query = sa.text("select name from notice where name in ('erp_differs', 'erp_not_compared') order by id")
        with self.app.database.read() as tx:
            return list(tx.execute(query).scalars())

    def differences(self) -> list[tuple[str, str]]:
        found = reconcile(self.app, SIX - timedelta(days=1))
        assert all(one.to_do for one in found.differences), "a person can work it off"
        return [(one.what, one.about) for one in found.differences]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.app.close()


def test_where_all_agrees_nothing_is_listed(desk: Desk) -> None:
    desk.books("1", "2")
    assert desk.differences() == []


def test_what_was_taken_out_of_erp_or_exchanged_there_is_listed(desk: Desk) -> None:
    desk.books("1", "2", "3")
    del desk.erp.booked["1"]
    desk.erp.booked["2"] = "DOC-999"
    assert desk.differences() == [("not_in_erp", "1"), ("other_receipt", "2")]


def test_what_was_refused_and_is_there_all_the_same_is_listed_and_not_booked_again(desk: Desk) -> None:
    desk.erp.refuses = True
    desk.books("1")
    desk.erp.booked["1"] = "DOC-7"
    assert desk.differences() == [("in_erp_already", "1")]
    with desk.app.database.read() as tx:
        assert [s.state for s in postings.find(tx, "failed")] == ["failed"], "a comparison changes nothing"


def test_R43_a_lot_that_we_hold_and_erp_shows_free_is_listed(desk: Desk) -> None:
    held = (Held("6320-3A", 1350.0, "cs", 1350.0), Held("6315-3A", 2800.0, "cs", 2800.0))
    saved(desk.app.database, a_case(lots=("6320-3A",), held=held))
    assert desk.differences() == [("not_on_hold", "6320-3A")], "6315-3A is on hold there as well"


def test_R50_orders_and_lots_that_are_gone_or_unknown_are_listed(desk: Desk) -> None:
    snapshot = desk.app.records
    orders = tuple(replace(o, status="cancelled") if o.id == "WO-10482" else o for o in snapshot.work_orders)
    lots = tuple(replace(lot, status="consumed") if lot.id == "6320-3A" else lot for lot in snapshot.lots)
    desk.erp.snapshot = replace(snapshot, work_orders=orders, lots=lots)
    saved(desk.app.database, a_case(work_orders=("WO-10482", "WO-1"), lots=("6320-3A", "0000-0X")))
    assert sorted(desk.differences()) == [
        ("lot_gone", "6320-3A"), ("order_gone", "WO-10482"), ("unknown_yet", "0000-0X"), ("unknown_yet", "WO-1"),
    ]  # fmt: skip


def test_while_erp_is_away_nothing_is_compared(desk: Desk) -> None:
    desk.books("1")
    desk.erp.away = True
    with pytest.raises(Away):
        reconcile(desk.app, SIX - timedelta(days=1))


def test_once_a_night_whoever_runs_the_shift_hears_that_something_differs(desk: Desk) -> None:
    desk.books("1")
    del desk.erp.booked["1"]

    def told() -> list[str]:
        query = sa.text("select \"to\" from notice where name = 'erp_differs'")
        with desk.app.database.read() as tx:
            return list(tx.execute(query).scalars())

    every_night(desk.app)
    assert told() == [], "not at six in the morning"
    desk.clock.turn_to(SIX + timedelta(hours=21))  # three at night
    desk.erp.away = True
    every_night(desk.app)
    assert told() == [], "ERP is away: it is tried again"
    desk.erp.away = False
    every_night(desk.app)
    every_night(desk.app)
    assert told() == ["wagner.prado"], "once, to the night's supervisor"
    with desk.app.database.read() as tx:
        (one,) = listed(tx)
    assert (one.what, one.about, one.to_do) == ("not_in_erp", "1", "find out who took it back; book it again by hand")

    wagner = desk.app.plant.person["wagner.prado"]
    assert looked_after(desk.app, "not_in_erp", "1", wagner)

    assert not looked_after(desk.app, "not_in_erp", "1", wagner), "it is off the list"
    with desk.app.database.read() as tx:
        assert listed(tx) == ()
        log = [(e.what, e.who) for e in cases.log_of(tx, one.case)]
    assert log[-1] == ("difference_done", "wagner.prado")
    desk.clock.turn_to(SIX + timedelta(hours=45))
    every_night(desk.app)
    with desk.app.database.read() as tx:
        assert [d.about for d in listed(tx)] == ["1"], "in the next night it still differs"


def test_R2_what_erp_does_not_answer_at_night_keeps_its_place_goes_on_in_the_morning_and_is_told(desk: Desk) -> None:
    desk.books("1", "2", "3")
    del desk.erp.booked["1"]
    del desk.erp.booked["3"]
    desk.asked()
    desk.clock.turn_to(SIX + timedelta(hours=21))  # three at night
    desk.erp.answers = 2

    every_night(desk.app)

    assert desk.asked() == ["1", "2", "3"]
    assert desk.told() == [], "the night is not over"
    desk.erp.answers = 0
    desk.clock.turn_to(SIX + timedelta(hours=23, minutes=30))  # half past five
    every_night(desk.app)
    every_night(desk.app)
    assert desk.told() == ["erp_not_compared"], "once"
    assert set(desk.asked()) == {"3"}, "what was answered is not asked again"

    desk.erp.answers = None
    desk.clock.turn_to(SIX + timedelta(hours=28))
    every_night(desk.app)

    assert desk.asked() == ["3"]
    assert desk.told() == ["erp_not_compared", "erp_differs"]
    with desk.app.database.read() as tx:
        assert [(one.what, one.about) for one in listed(tx)] == [("not_in_erp", "1"), ("not_in_erp", "3")]
    every_night(desk.app)
    assert desk.asked() == [], "it is done until the next night"


def test_of_what_was_owed_long_ago_only_what_is_not_booked_yet_is_asked_about(desk: Desk) -> None:
    desk.books("1")
    desk.erp.refuses = True
    desk.books("2")
    desk.asked()

    with desk.app.database.read() as tx:
        owed = postings.owed_since(tx, SIX + timedelta(days=30))

    assert [status.posting.key for status in owed] == ["2"]


def test_R43_a_lot_of_which_erp_holds_less_than_we_do_is_listed(desk: Desk) -> None:
    held = (Held("6315-3A", 2800.0, "cs", 2800.0),)
    lots = tuple(replace(lot, quantity=2500.0) if lot.id == "6315-3A" else lot for lot in desk.app.records.lots)
    desk.erp.snapshot = replace(desk.app.records, lots=lots)
    saved(desk.app.database, a_case(lots=("6315-3A",), held=held))
    assert desk.differences() == [("less_on_hold", "6315-3A")]


def test_the_command_prints_the_list_and_says_by_its_exit_status_that_something_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINECALL_DATA", str(tmp_path))
    monkeypatch.setenv("LINECALL_PLANT", str(RIVERSIDE))
    app = build(Config(plant=RIVERSIDE, data=tmp_path))
    remember_plant(app.config)
    good = CliRunner().invoke(command_line, ["reconcile"])
    assert (good.exit_code, "0 differences" in good.output) == (0, True)
    saved(app.database, a_case(work_orders=("WO-1",)))
    app.close()
    bad = CliRunner().invoke(command_line, ["reconcile", "--json"])
    assert bad.exit_code == 1
    assert [one["about"] for one in json.loads(bad.stdout)["differences"]] == ["WO-1"]
