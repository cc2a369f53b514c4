"""ERPNext: what goes wrong at every single call, what ERPNext refuses, and its records in the plant's words.

Against an ERPNext of our own, written from its doctypes; what was booked is read from its documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import httpx
import pytest

from integrations.erp import erpnext_rest
from tests.erpnext_plant import KEY, VISITOR
from tests.integrations.erp_contract import ErpNextSystem, drive, posting
from workflow.case import Posting
from workflow.errors import Away, Rejected


@pytest.fixture
def around() -> Iterator[ErpNextSystem]:
    system = ErpNextSystem()
    yield system
    system.close()


def test_where_things_are_after_a_shift(around: ErpNextSystem) -> None:
    drive(around, posting("lot_hold", quantity=350.0))
    assert around.plant.at("6320-3A") == {"WIP-L3 - RB": 1000.0, "QHOLD - RB": 350.0}
    drive(around, posting("lot_rework", quantity=30.0))
    drive(around, posting("scrap", quantity=10.0))
    assert around.plant.at("6315-3A") == {"QHOLD - RB": 2760.0, "REWORK - RB": 30.0}
    drive(around, posting("goods_movement"))
    assert around.plant.at("END-3308")["L2 - RB"] == 40000.0
    drive(around, posting("downtime", minutes=30.0))
    (lost,) = around.plant.docs["Downtime Entry"].values()
    assert (lost["from_time"], lost["to_time"]) == ("2026-11-17 13:00:00", "2026-11-17 13:30:00"), "what counts"
    drive(around, posting("order_status", work_order="WO-10482", status="held"))
    assert around.plant.docs["Work Order"]["WO-10482"]["status"] == "Stopped"
    drive(around, posting("order_status", work_order="WO-10482", status="running"))
    assert around.plant.docs["Work Order"]["WO-10482"]["status"] == "In Process"


def test_what_is_gone_meanwhile_is_refused_and_can_be_tried_again(around: ErpNextSystem) -> None:
    one = posting("lot_hold", quantity=1350.0)

    def used_up(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        if request.method == "PUT":
            around.wire.always(None)
            around.plant.stock["6320-3A|WIP-L3 - RB"] = 1000.0
        return real(request)

    around.wire.always(used_up)
    with pytest.raises(Rejected, match=r"350\.000 units of Item FG-3010"):
        drive(around, one)
    assert around.booked(one.key) == 0
    around.plant.stock["6320-3A|WIP-L3 - RB"] = 1350.0
    drive(around, one)
    assert around.plant.at("6320-3A") == {"QHOLD - RB": 1350.0}


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (posting("reschedule"), "fixes the quantity"),
        (
            posting("reschedule", work_order="WO-10482", new_quantity=None, new_due="2026-11-30"),
            "before the start only",
        ),
        (posting("order_status", work_order="WO-10441", status="held"), "cannot become held"),
        (posting("scrap", lot=None, work_order="WO-10482"), "never became a lot"),
        (posting("lot_hold", uom="kg"), "kept in cs"),
        (posting("lot_hold", item="FG-2010"), "is of item FG-3010"),
        (posting("goods_movement", decision="return_to_supplier"), "return of that purchase receipt"),
        (posting("goods_movement", to_line="L9"), "no warehouse L9"),
        (posting("downtime", asset="L9-XXX"), "unknown machine L9-XXX"),
        (posting("deviation"), "no document"),
        (posting("confirmation"), "no document"),
        (posting("maintenance_notification"), "no document"),
        (posting("cost"), "no document"),
    ],
)
def test_what_cannot_be_booked_is_a_persons_with_the_reason(around: ErpNextSystem, one: Posting, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        drive(around, one)
    assert around.booked(one.key) == 0


def test_who_has_no_role_is_told_so(around: ErpNextSystem) -> None:
    visitor = around.with_key(VISITOR)
    with pytest.raises(Rejected, match="No permission for Stock Entry; see the roles"):
        visitor.post(posting("lot_hold"))
    assert {one.what for one in visitor.examine() if one.to_do} >= {"Stock Entry", "Work Order"}
    visitor.close()


def test_a_key_that_is_over_is_tried_once(around: ErpNextSystem) -> None:
    around.plant.keys.clear()
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match="LINECALL_ERPNEXT_KEY"):
            around.erp.records()
    assert around.wire.calls == 1


def test_a_younger_double_of_another_worker_is_thrown_away(around: ErpNextSystem) -> None:
    one, ghost = posting("lot_hold", quantity=5.0), around.with_key(KEY)

    def both(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        if request.method == "POST":
            around.wire.always(None)
            ghost.post(one)
        return real(request)

    around.wire.always(both)
    around.erp.post(one)
    assert around.booked(one.key) == 1
    assert len(around.plant.docs["Stock Entry"]) == 1
    assert around.plant.at("6320-3A")["QHOLD - RB"] == 5.0
    ghost.close()


def test_a_field_that_is_not_there_names_the_version(around: ErpNextSystem) -> None:
    with pytest.raises(Rejected, match="another version"):
        around.erp.site.search("Work Order", [], ["priority_of_the_moon"])


def test_the_plants_words_for_what_erpnext_knows(around: ErpNextSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erpnext_rest, "PAGE", 7)  # many pages
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
    assert {one.status for one in records.work_orders} >= {"planned", "released", "running", "held", "completed"}


def test_only_what_has_changed_is_read_again(around: ErpNextSystem) -> None:
    before = around.erp.records()
    around.clock.at += timedelta(minutes=10)
    around.erp.records()
    quiet = len(around.plant.calls)
    around.clock.at += timedelta(minutes=1)
    around.erp.records()
    assert len(around.plant.calls) - quiet == 7, "one short question a doctype"
    drive(around, posting("lot_hold", quantity=1350.0))
    after = around.erp.records()
    assert after.lot["6320-3A"].status == "hold"
    assert after.items == before.items


def test_the_doctor_proves_reach_set_up_and_rights_and_books_nothing(around: ErpNextSystem) -> None:
    assert {one.what: one.how for one in around.erp.examine() if one.to_do} == {}
    assert {call.partition(" ")[0] for call in around.plant.calls} == {"GET"}
    around.plant.docs["Warehouse"]["REWORK - RB"]["warehouse_name"] = "REWRK"
    del around.plant.fields["Stock Entry"]["remarks"]
    around.restart()
    said = {one.what: one.how for one in around.erp.examine() if one.to_do}
    assert set(said) == {"warehouse REWORK", "Stock Entry"}
    around.wire.away = True
    assert [one.what for one in around.erp.examine()] == ["reach"]
