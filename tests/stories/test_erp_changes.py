"""ERP goes on while an exception is open: those concerned hear what changed, once, each in their language (R50)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from db import cases
from tests.plantside import Plantside
from workflow.case import Change
from workflow.errors import Away
from workflow.records import Consumption, Lot, Records, WorkOrder

FILLER_DOWN = "filler on 3 jammed, line is down, 10482 standing still"


def erp_says(plant: Plantside, **changed: Any) -> None:
    """ERP's snapshot changes: `orders={"WO-1": {...}}`, `lots={...}`, `gone=[…]`; one that it does not know is made.

    `took=[("CAP-1", "WO-1")]`: an order has taken some of a lot.
    """
    records: Records = plant.app.erp.records()
    orders = {o.id: o for o in records.work_orders}
    lots = {lot.id: lot for lot in records.lots}
    for id_, values in changed.get("orders", {}).items():
        orders[id_] = replace(orders.get(id_) or WorkOrder(id_, "FG-3010", "L3", 100, "cs", "released"), **values)
    for id_ in changed.get("gone", ()):
        orders.pop(id_, None)
        lots.pop(id_, None)
    for id_, values in changed.get("lots", {}).items():
        lots[id_] = replace(lots.get(id_) or Lot(id_, "FG-3010", 100, "cs", "available"), **values)
    took = (*records.consumptions, *(Consumption(*row) for row in changed.get("took", ())))
    fresh = replace(records, work_orders=tuple(orders.values()), lots=tuple(lots.values()), consumptions=took,
                    as_of=plant.clock.now())  # fmt: skip
    plant.app.erp.records = lambda: fresh  # type: ignore[method-assign]
    plant.settle()


def test_R50_a_cancelled_order_is_told_to_those_who_work_on_it_once_and_in_their_language(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way")
    plant.rest_is_known()

    erp_says(plant, orders={"WO-10482": {"status": "cancelled"}})

    number = plant.only_case().number
    assert plant.hears_one("gary.lindqvist").text == (
        f"{number}: ERP has cancelled WO-10482. Please look what that means for it."
    )
    assert "el ERP canceló WO-10482" in plant.hears_one("maria.lopez")
    assert "cancelled" in plant.hears_one("neil.abbott"), "the planner was told of the stop"
    plant.hears_nothing("tamika.jones")
    plant.rest_is_known()
    assert "erp_changed" in plant.log(number)
    erp_says(plant, orders={"WO-10500": {}})
    plant.passes(minutes=1)
    plant.hears_nothing("gary.lindqvist")
    plant.rest_is_known()


def test_R50_a_new_date_and_a_new_quantity_are_told_with_what_they_are_now(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()

    erp_says(plant, orders={"WO-10482": {"due": date(2026, 11, 25), "quantity": 999.0}})

    moved, quantity = plant.hears("neil.abbott")
    assert "25" in moved
    assert "999" in quantity
    plant.rest_is_known()


def test_R50_a_lot_that_ERP_did_not_know_is_on_hold_as_soon_as_it_does(plant: Plantside) -> None:
    """Named, kept and visible until then; the hold is in force with the moment in which ERP knows it (R43)."""
    plant.says("edson.silva", "hold lot 6319-4A, caps leak")
    case = plant.only_case()
    assert case.held
    with plant.app.database.write() as tx:
        cases.save(tx, Change(replace(case, lots=(*case.lots, "6399-9Z"))), plant.clock.now())
    plant.settle()
    erp_says(plant, orders={"WO-10500": {}})  # it is compared, and ERP does not know the lot
    plant.rest_is_known()

    erp_says(plant, lots={"6399-9Z": {"item": case.items[0] if case.items else "FG-4010"}})

    assert [held.lot for held in plant.only_case().held] == ["6319-4A", "6399-9Z"]
    assert "known_now" in plant.log(case.number)
    plant.erp.away = True
    plant.rest_is_known()


def test_R50_records_that_are_too_old_are_told_to_whoever_runs_the_shift_once(plant: Plantside) -> None:
    def away() -> Records:
        raise Away("connection refused")

    plant.app.erp.records = away  # type: ignore[method-assign]
    plant.passes(minutes=14)
    plant.settle()
    plant.hears_nothing("denise.palmer")

    plant.clock.turn_to(plant.clock.now() + timedelta(minutes=2))
    plant.settle()
    plant.settle()

    assert "connection refused" in plant.hears_one("denise.palmer")
    plant.passes(minutes=30)
    plant.hears_nothing("denise.palmer")
    plant.rest_is_known()


@pytest.mark.parametrize(("status", "words"), [("completed", "is done"), ("held", "on hold")])
def test_R50_an_order_that_erp_ends_or_holds_is_told_to_those_who_work_on_it(
    plant: Plantside, status: str, words: str
) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way")
    plant.rest_is_known()

    erp_says(plant, orders={"WO-10482": {"status": status}})

    for person in ("gary.lindqvist", "neil.abbott"):
        heard = plant.hears_one(person)
        assert "WO-10482" in heard
        assert words in heard
    plant.rest_is_known()


def test_R50_what_vanishes_from_erp_is_told_once_and_an_empty_export_tells_nothing(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()
    real = plant.app.erp.records
    plant.app.erp.records = lambda: Records(as_of=plant.clock.now())  # type: ignore[method-assign]
    plant.settle()
    plant.hears_nothing("neil.abbott")
    plant.app.erp.records = real  # type: ignore[method-assign]
    plant.settle()
    plant.hears_nothing("neil.abbott")

    erp_says(plant, gone=["WO-10482"])

    assert "ERP's list has the order WO-10482 no more" in plant.hears_one("neil.abbott")
    plant.rest_is_known()
    erp_says(plant, orders={"WO-10500": {}})
    plant.hears_nothing("neil.abbott")
    plant.rest_is_known()


def held(plant: Plantside) -> str:
    """Edson holds a lot, and ERP has booked it."""
    plant.says("edson.silva", "hold lot 6319-4A, caps leak")
    plant.passes(minutes=1)
    erp_says(plant, lots={"6319-4A": {"status": "hold"}})
    plant.rest_is_known()
    return plant.only_case().number


def test_R50_a_lot_on_hold_that_is_used_up_or_gone_in_erp_is_told_to_quality(plant: Plantside) -> None:
    held(plant)

    erp_says(plant, lots={"6319-4A": {"status": "consumed"}})
    assert "6319-4A is used up" in plant.hears_one("tamika.jones")
    plant.rest_is_known()

    erp_says(plant, gone=["6319-4A"])
    assert "ERP's list has the lot 6319-4A no more" in plant.hears_one("tamika.jones")
    plant.rest_is_known()


def test_R43_a_lot_on_hold_that_somebody_frees_in_erp_is_told_aloud_at_once(plant: Plantside) -> None:
    number = held(plant)

    erp_says(plant, lots={"6319-4A": {"status": "available"}})

    assert "somebody has freed the lot 6319-4A in ERP" in plant.hears_one("tamika.jones")
    assert plant.only_case().undecided == ("6319-4A",)
    assert "erp_changed" in plant.log(number)
    plant.rest_is_known()


def test_R43_our_own_hold_and_our_own_release_are_no_news_from_erp(plant: Plantside) -> None:
    plant.says("edson.silva", "hold lot 6319-4A, caps leak")
    plant.rest_is_known()
    erp_says(plant, lots={"6319-4A": {"status": "hold"}})
    plant.hears_nothing("tamika.jones")
    plant.says("tamika.jones", "release 500 cs of 6319-4A, sampled and good")
    plant.says("tamika.jones", "yes")
    plant.rest_is_known()

    erp_says(plant, lots={"6319-4A": {"status": "available"}})

    plant.hears_nothing("tamika.jones")
    plant.rest_is_known()


def test_R50_a_lot_that_erp_blocks_or_moves_is_told_to_those_who_work_with_it(plant: Plantside) -> None:
    plant.says("maria.lopez", "we count 40 cs less of lot 6320-3A than the system says")
    case = plant.only_case()
    assert case.lots == ("6320-3A",), "the story needs a lot that nobody holds"
    erp_says(plant, orders={"WO-10500": {}})
    plant.rest_is_known()

    erp_says(plant, lots={"6320-3A": {"location": "WH-Z99"}})
    assert "WH-Z99" in plant.hears_one("maria.lopez")
    plant.rest_is_known()
    erp_says(plant, lots={"6320-3A": {"status": "blocked"}})
    assert "6320-3A" in plant.hears_one("maria.lopez")
    plant.rest_is_known()
