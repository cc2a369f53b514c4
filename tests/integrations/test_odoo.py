"""Odoo: what goes wrong at every single call, what Odoo refuses, its traps, and its records in the plant's words.

Against an Odoo of our own, written from its documents; what was booked is read from its tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from integrations.erp import odoo_rpc
from tests.integrations.erp_contract import OdooSystem, drive, posting
from tests.integrations.faults import Act, PulledPlug, answers, lost_answer, plug_after, plug_before, timed_out
from tests.odoo_plant import VISITOR
from workflow.case import Posting, PostingKind
from workflow.errors import Away, Rejected, TryLater

MANY: tuple[tuple[PostingKind, dict[str, Any]], ...] = (  # every way of booking
    ("lot_hold", {"quantity": 1.0}),
    ("scrap", {"quantity": 1.0}),
    ("stock_adjustment", {"quantity": 3.0}),
    ("confirmation", {}),
    ("downtime", {}),
    ("maintenance_notification", {}),
    ("reschedule", {"new_quantity": 2750.0, "new_due": "2026-11-21"}),
    ("note", {}),
)
GO_WRONG = (plug_before, plug_after, lost_answer)
FIRST = int(os.environ.get("LINECALL_TEST_SEED", "0"))


@pytest.fixture
def around() -> Iterator[OdooSystem]:
    system = OdooSystem()
    yield system
    system.close()


def owed(kind: PostingKind, **changed: Any) -> Posting:
    made = posting(kind, **changed)
    return replace(made, body={name: value for name, value in made.body.items() if value is not None})


@pytest.mark.parametrize(("kind", "changed"), MANY, ids=[kind for kind, _ in MANY])
def test_R47_stopped_at_any_call_it_is_booked_once(
    around: OdooSystem, kind: PostingKind, changed: dict[str, Any]
) -> None:
    """Our plug is pulled before or after each call in turn, or the answer to it is lost."""
    around.wire.calls = 0
    around.erp.post(owed(kind, **changed))
    calls = around.wire.calls
    lots = ("6320-3A", "6315-3A", "CAN-4471")
    for call in range(1, calls + 1):
        one, before = owed(kind, **changed), {lot: around.plant.at(lot) for lot in lots}
        around.wire.at(call, GO_WRONG[(call + FIRST) % 3])
        try:
            around.erp.post(one)
        except PulledPlug:
            around.wire.always(None)
            around.restart()
        except TryLater:
            pass
        around.wire.always(None)
        drive(around, one)
        assert around.booked(one.key) == 1, f"stopped at call {call} of {calls}"
        moved = sorted(
            n - before[lot].get(place, 0.0)
            for lot in lots
            for place, n in around.plant.at(lot).items()
            if n != before[lot].get(place, 0.0)
        )
        wanted = {"lot_hold": [-1.0, 1.0], "scrap": [-1.0, 1.0], "stock_adjustment": [-3.0, 3.0]}.get(kind, [])
        assert moved == wanted, f"stopped at call {call} of {calls}"
        reserved = [row for row in around.plant.rows["stock.quant"].values() if row["reserved_quantity"]]
        assert reserved == [], "nothing stays reserved"


def test_what_is_not_there_is_not_moved_though_odoo_would(around: OdooSystem) -> None:
    with pytest.raises(Rejected, match="6320-3A has 1350 cs in storage, not 1351"):
        drive(around, owed("lot_hold", quantity=1351.0))
    assert around.plant.at("6320-3A") == {"WH/Stock/WIP-L3": 1350.0}
    for row in around.plant.rows["stock.quant"].values():
        row["reserved_quantity"] = row["quantity"]  # somebody's orders need all of it
    with pytest.raises(Rejected, match="has 0 cs in storage"):
        drive(around, owed("lot_hold", quantity=1.0))


def test_where_odoo_opens_a_window_a_person_gets_it_and_can_go_on(around: OdooSystem) -> None:
    """It answers 200 with the window that it would open: nothing was done."""
    around.plant.asks = "Create Backorder?"
    one = owed("lot_hold", quantity=5.0)
    with pytest.raises(Rejected, match=r"Create Backorder\?"):
        drive(around, one)
    assert around.booked(one.key) == 0
    around.plant.asks = None
    drive(around, one)
    assert around.booked(one.key) == 1


def test_where_things_are_after_a_shift(around: OdooSystem) -> None:
    drive(around, owed("lot_hold", quantity=350.0))
    assert around.plant.at("6320-3A") == {"WH/Stock/WIP-L3": 1000.0, "WH/QHOLD": 350.0}
    drive(around, owed("lot_rework", quantity=30.0))
    drive(around, owed("scrap", quantity=10.0))
    assert around.plant.at("6315-3A") == {"WH/QHOLD": 2760.0, "WH/REWORK": 30.0, "SCRAP": 10.0}
    drive(around, owed("goods_movement"))
    assert around.plant.at("END-3308")["WH/L2"] == 40000.0
    drive(around, owed("stock_adjustment"))
    assert around.plant.at("CAN-4471")["WH/Stock/RM-K01"] == 156200.0
    drive(around, owed("downtime", minutes=30.0))
    (lost,) = around.plant.rows["mrp.workcenter.productivity"].values()
    assert (lost["date_start"], lost["date_end"]) == ("2026-11-17 13:00:00", "2026-11-17 13:30:00"), "what counts"
    drive(around, owed("reschedule", new_quantity=3000.0, new_due="2026-11-20"))
    order = around.plant.order("WO-10483")
    assert (order["product_qty"], order["date_finished"]) == (3000.0, "2026-11-20 14:00:00")


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (owed("confirmation", work_order="WO-10474", line="L1"), "planned in Odoo"),
        (owed("confirmation", line="L4"), "no step of WO-10476 is at work center L4"),
        (owed("reschedule", work_order="WO-10482"), "before the start only"),
        (owed("order_status", work_order="WO-10482", status="held"), "cannot become held"),
        (owed("scrap", lot=None, work_order="WO-10482"), "never became a lot"),
        (owed("lot_hold", uom="kg"), "kept in cs"),
        (owed("lot_hold", item="FG-2010"), "is of item FG-3010"),
        (owed("goods_movement", decision="return_to_supplier"), "return of that receipt"),
        (owed("goods_movement", to_line="L9"), "no location named L9"),
        (owed("downtime", asset="L9-XXX"), "unknown asset L9-XXX"),
        (owed("reschedule", new_due="tomorrow"), "no date"),
        (owed("deviation"), "no document"),
        (owed("cost"), "no document"),
    ],
)
def test_what_cannot_be_booked_is_a_persons_with_the_reason(around: OdooSystem, one: Posting, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        drive(around, one)
    assert around.booked(one.key) == 0


def test_what_somebody_is_saving_waits(around: OdooSystem) -> None:
    one = owed("note")
    around.plant.locked.add(("mrp.production", around.plant.order("WO-10482")["id"]))
    with pytest.raises(TryLater, match="somebody else") as later:
        around.erp.post(one)
    assert not isinstance(later.value, Away)
    around.plant.locked.clear()
    drive(around, one)
    assert around.booked(one.key) == 1


def test_who_has_no_right_is_told_so(around: OdooSystem) -> None:
    visitor = around.with_key(VISITOR)
    with pytest.raises(Rejected, match=r"not allowed to create 'stock\.picking'"):
        visitor.post(owed("lot_hold"))
    visitor.close()


def test_a_key_that_is_over_is_tried_once(around: OdooSystem) -> None:
    around.plant.keys.clear()
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match="LINECALL_ODOO_KEY"):
            around.erp.records()
    assert around.wire.calls == 1


@pytest.mark.parametrize("answer", [answers(429, **{"Retry-After": "90"}), answers(503), answers(502), timed_out])
def test_a_busy_or_absent_system_means_later_for_all(around: OdooSystem, answer: Act) -> None:
    one = owed("lot_hold")
    around.wire.always(answer)
    with pytest.raises(Away) as away:
        around.erp.post(one)
    if "429" in away.value.why:
        assert away.value.after == timedelta(seconds=90)
    around.wire.always(None)
    drive(around, one)


def test_a_younger_double_of_another_worker_is_cancelled(around: OdooSystem) -> None:
    one, ghost = owed("lot_hold", quantity=5.0), around.with_key("key-of-the-bot")

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
    drive(around, owed("lot_hold", quantity=1350.0))
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
