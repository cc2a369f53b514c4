"""Odoo: what goes wrong at every single call, what Odoo refuses, its traps, and its records in the plant's words.

Against an Odoo of our own, written from its documents; what was booked is read from its tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import httpx
import pytest

from integrations.erp import odoo_rpc
from tests.integrations.erp_contract import OdooSystem, drive, posting
from workflow.case import Posting
from workflow.errors import Away, Rejected


@pytest.fixture
def around() -> Iterator[OdooSystem]:
    system = OdooSystem()
    yield system
    system.close()


def test_what_is_not_there_is_not_moved_though_odoo_would(around: OdooSystem) -> None:
    with pytest.raises(Rejected, match="6320-3A has 1350 cs in storage, not 1351"):
        drive(around, posting("lot_hold", quantity=1351.0))
    assert around.plant.at("6320-3A") == {"WH/Stock/WIP-L3": 1350.0}
    for row in around.plant.rows["stock.quant"].values():
        row["reserved_quantity"] = row["quantity"]  # somebody's orders need all of it
    with pytest.raises(Rejected, match="has 0 cs in storage"):
        drive(around, posting("lot_hold", quantity=1.0))


def test_where_odoo_opens_a_window_a_person_gets_it_and_can_go_on(around: OdooSystem) -> None:
    """It answers 200 with the window that it would open: nothing was done."""
    around.plant.asks = "Create Backorder?"
    one = posting("lot_hold", quantity=5.0)
    with pytest.raises(Rejected, match=r"Create Backorder\?"):
        drive(around, one)
    assert around.booked(one.key) == 0
    around.plant.asks = None
    drive(around, one)
    assert around.booked(one.key) == 1


def test_where_things_are_after_a_shift(around: OdooSystem) -> None:
    drive(around, posting("lot_hold", quantity=350.0))
    assert around.plant.at("6320-3A") == {"WH/Stock/WIP-L3": 1000.0, "WH/QHOLD": 350.0}
    drive(around, posting("lot_rework", quantity=30.0))
    drive(around, posting("scrap", quantity=10.0))
    assert around.plant.at("6315-3A") == {"WH/QHOLD": 2760.0, "WH/REWORK": 30.0, "SCRAP": 10.0}
    drive(around, posting("goods_movement"))
    assert around.plant.at("END-3308")["WH/L2"] == 40000.0
    drive(around, posting("stock_adjustment"))
    assert around.plant.at("CAN-4471")["WH/Stock/RM-K01"] == 156200.0
    drive(around, posting("downtime", minutes=30.0))
    (lost,) = around.plant.rows["mrp.workcenter.productivity"].values()
    assert (lost["date_start"], lost["date_end"]) == ("2026-11-17 13:00:00", "2026-11-17 13:30:00"), "what counts"
    drive(around, posting("reschedule", new_quantity=3000.0, new_due="2026-11-20"))
    order = around.plant.order("WO-10483")
    assert (order["product_qty"], order["date_finished"]) == (3000.0, "2026-11-20 14:00:00")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (posting("confirmation", work_order="WO-10474", line="L1"), "planned in Odoo"),
        (posting("confirmation", line="L4"), "no step of WO-10476 is at work center L4"),
        (posting("reschedule", work_order="WO-10482"), "before the start only"),
        (posting("order_status", work_order="WO-10482", status="held"), "cannot become held"),
        (posting("scrap", lot=None, work_order="WO-10482"), "never became a lot"),
        (posting("lot_hold", uom="kg"), "kept in cs"),
        (posting("lot_hold", item="FG-2010"), "is of item FG-3010"),
        (posting("goods_movement", decision="return_to_supplier"), "return of that receipt"),
        (posting("goods_movement", to_line="L9"), "no location named L9"),
        (posting("downtime", asset="L9-XXX"), "unknown asset L9-XXX"),
        (posting("reschedule", new_due="tomorrow"), "no date"),
        (posting("deviation"), "no document"),
        (posting("cost"), "no document"),
    ],
)
def test_what_cannot_be_booked_is_a_persons_with_the_reason(around: OdooSystem, one: Posting, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        drive(around, one)
    assert around.booked(one.key) == 0


def test_a_key_that_is_over_is_tried_once(around: OdooSystem) -> None:
    around.plant.keys.clear()
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match="LINECALL_ODOO_KEY"):
            around.erp.records()
    assert around.wire.calls == 1


def test_a_younger_double_of_another_worker_is_cancelled(around: OdooSystem) -> None:
    one, ghost = posting("lot_hold", quantity=5.0), around.with_key("key-of-the-bot")

    def both(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        if request.url.path.endswith("/stock.picking/create"):
            around.wire.always(None)
            ghost.post(one)
        return real(request)

    around.wire.always(both)
    around.erp.post(one)
    assert around.booked(one.key) == 1
    assert around.plant.at("6320-3A")["WH/QHOLD"] == 5.0
    assert sorted(row["state"] for row in around.plant.rows["stock.picking"].values()) == ["cancel", "done"]
    ghost.close()


def test_a_field_that_is_not_there_names_the_version(around: OdooSystem) -> None:
    with pytest.raises(Rejected, match="another version"):
        around.erp.odoo.search("mrp.production", [], ["priority_of_the_moon"])


def test_the_plants_words_for_what_odoo_knows(around: OdooSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odoo_rpc, "PAGE", 7)  # many pages
    records = around.erp.records()
    order = records.work_order["WO-10482"]
    assert (order.line, order.quantity, order.uom, order.status) == ("L3", 4200.0, "cs", "running")
    assert (order.due, order.sales_order) == (date(2026, 11, 16), "SO-70127")
    assert len(records.items) == 53
    held = records.lot["6315-3A"]
    assert (held.quantity, held.status, held.location, held.work_order) == (2800.0, "hold", "QHOLD", "WO-10449")
    assert records.lot["6313-3A"].status == "consumed"
    assert records.sales_order["SO-70110"].customer == "Hy-Dale Foods"
    assert {part.component: part.quantity_per for part in records.components_of["FG-1010"]}["PK-5530"] == 0.012


def test_only_what_has_changed_is_read_again(around: OdooSystem) -> None:
    before = around.erp.records()
    around.clock.at += timedelta(minutes=10)
    around.erp.records()
    quiet = len(around.plant.calls)
    around.clock.at += timedelta(minutes=1)
    around.erp.records()
    assert {call.partition("/")[2] for call in around.plant.calls[quiet:]} == {"search_count"}
    drive(around, posting("lot_hold", quantity=1350.0))
    after = around.erp.records()
    assert after.lot["6320-3A"].status == "hold"
    assert after.items == before.items


def test_the_doctor_proves_reach_set_up_and_rights_and_books_nothing(around: OdooSystem) -> None:
    assert {one.what: one.how for one in around.erp.examine() if one.to_do} == {}
    assert {call.partition("/")[2] for call in around.plant.calls} == {"fields_get", "has_access", "search_read"}
    place = next(row for row in around.plant.rows["stock.location"].values() if row["name"] == "REWORK")
    place["name"] = "REWRK"
    del around.plant.fields["stock.picking"]["origin"]
    around.restart()
    said = {one.what: one.how for one in around.erp.examine() if one.to_do}
    assert set(said) == {"location REWORK", "stock.picking"}
    assert said["stock.picking"] == "no field origin"
    around.wire.away = True
    assert [one.what for one in around.erp.examine()] == ["reach"]
