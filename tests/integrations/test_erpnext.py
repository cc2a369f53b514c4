"""ERPNext: what goes wrong at every single call, what ERPNext refuses, and its records in the plant's words.

Against an ERPNext of our own, written from its doctypes; what was booked is read from its documents.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from integrations.erp import erpnext_rest
from tests.erpnext_plant import KEY, VISITOR
from tests.integrations.erp_contract import ErpNextSystem, drive, posting
from tests.integrations.faults import Act, PulledPlug, answers, lost_answer, plug_after, plug_before, timed_out
from workflow.case import Posting, PostingKind
from workflow.errors import Away, Rejected, TryLater

MANY: tuple[tuple[PostingKind, dict[str, Any]], ...] = (  # every way of booking
    ("lot_hold", {"quantity": 1.0}),
    ("scrap", {"quantity": 1.0}),
    ("stock_adjustment", {"quantity": 3.0}),
    ("downtime", {}),
    ("reschedule", {"new_quantity": None, "new_due": "2026-11-21"}),
    ("order_status", {"work_order": "WO-10483", "status": "held"}),
)
GO_WRONG = (plug_before, plug_after, lost_answer)
FIRST = int(os.environ.get("LINECALL_TEST_SEED", "0"))


@pytest.fixture
def around() -> Iterator[ErpNextSystem]:
    system = ErpNextSystem()
    yield system
    system.close()


def owed(kind: PostingKind, **changed: Any) -> Posting:
    made = posting(kind, **changed)
    return replace(made, body={name: value for name, value in made.body.items() if value is not None})


@pytest.mark.parametrize(("kind", "changed"), MANY, ids=[kind for kind, _ in MANY])
def test_R47_stopped_at_any_call_it_is_booked_once(
    around: ErpNextSystem, kind: PostingKind, changed: dict[str, Any]
) -> None:
    """Our plug is pulled before or after each call in turn, or the answer to it is lost."""
    around.erp.post(owed("note"))  # every name is known
    around.wire.calls = 0
    around.erp.post(owed(kind, **changed))
    calls = around.wire.calls
    for call in range(1, calls + 1):
        one = owed(kind, **changed)
        before = dict(around.plant.stock)
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
        moved = sorted(n - before.get(at, 0.0) for at, n in around.plant.stock.items() if n != before.get(at, 0.0))
        wanted = {"lot_hold": [-1.0, 1.0], "scrap": [-1.0], "stock_adjustment": [3.0]}.get(kind, [])
        assert moved == wanted, f"stopped at call {call} of {calls}"
    assert [doc for doc in around.plant.docs["Stock Entry"].values() if doc["docstatus"] == 0] == [], "no draft is left"


def test_where_things_are_after_a_shift(around: ErpNextSystem) -> None:
    drive(around, owed("lot_hold", quantity=350.0))
    assert around.plant.at("6320-3A") == {"WIP-L3 - RB": 1000.0, "QHOLD - RB": 350.0}
    drive(around, owed("lot_rework", quantity=30.0))
    drive(around, owed("scrap", quantity=10.0))
    assert around.plant.at("6315-3A") == {"QHOLD - RB": 2760.0, "REWORK - RB": 30.0}
    drive(around, owed("goods_movement"))
    assert around.plant.at("END-3308")["L2 - RB"] == 40000.0
    drive(around, owed("downtime", minutes=30.0))
    (lost,) = around.plant.docs["Downtime Entry"].values()
    assert (lost["from_time"], lost["to_time"]) == ("2026-11-17 13:00:00", "2026-11-17 13:30:00"), "what counts"
    drive(around, owed("order_status", work_order="WO-10482", status="held"))
    assert around.plant.docs["Work Order"]["WO-10482"]["status"] == "Stopped"
    drive(around, owed("order_status", work_order="WO-10482", status="running"))
    assert around.plant.docs["Work Order"]["WO-10482"]["status"] == "In Process"


def test_R48_a_frozen_day_is_booked_today_with_the_real_time_in_words(around: ErpNextSystem) -> None:
    around.clock.at += timedelta(days=15)
    around.plant.frozen_until = date(2026, 11, 30)
    drive(around, owed("lot_hold", quantity=5.0))
    (entry,) = around.plant.docs["Stock Entry"].values()
    assert entry["posting_date"] == "2026-12-02"
    assert "happened 2026-11-17 14:00 UTC" in entry["remarks"]
    around.plant.frozen_until = date(2026, 12, 31)
    with pytest.raises(Rejected, match="frozen"):
        drive(around, owed("lot_hold", quantity=5.0))


def test_what_is_gone_meanwhile_is_refused_and_can_be_tried_again(around: ErpNextSystem) -> None:
    one = owed("lot_hold", quantity=1350.0)

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
        (owed("reschedule"), "fixes the quantity"),
        (owed("reschedule", work_order="WO-10482", new_quantity=None, new_due="2026-11-30"), "before the start only"),
        (owed("order_status", work_order="WO-10441", status="held"), "cannot become held"),
        (owed("scrap", lot=None, work_order="WO-10482"), "never became a lot"),
        (owed("lot_hold", uom="kg"), "kept in cs"),
        (owed("lot_hold", item="FG-2010"), "is of item FG-3010"),
        (owed("goods_movement", decision="return_to_supplier"), "return of that purchase receipt"),
        (owed("goods_movement", to_line="L9"), "no warehouse L9"),
        (owed("downtime", asset="L9-XXX"), "unknown machine L9-XXX"),
        (owed("deviation"), "no document"),
        (owed("confirmation"), "no document"),
        (owed("maintenance_notification"), "no document"),
        (owed("cost"), "no document"),
    ],
)
def test_what_cannot_be_booked_is_a_persons_with_the_reason(around: ErpNextSystem, one: Posting, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        drive(around, one)
    assert around.booked(one.key) == 0


def test_what_somebody_is_saving_waits(around: ErpNextSystem) -> None:
    one = owed("reschedule", new_quantity=None, new_due="2026-11-21")
    around.plant.locked.add("WO-10483")
    with pytest.raises(TryLater, match="somebody else") as later:
        around.erp.post(one)
    assert not isinstance(later.value, Away)
    around.plant.locked.clear()
    drive(around, one)
    assert around.booked(one.key) == 1


def test_who_has_no_role_is_told_so(around: ErpNextSystem) -> None:
    visitor = around.with_key(VISITOR)
    with pytest.raises(Rejected, match="No permission for Stock Entry; see the roles"):
        visitor.post(owed("lot_hold"))
    assert {one.what for one in visitor.examine() if one.to_do} >= {"Stock Entry", "Work Order"}
    visitor.close()


def test_a_key_that_is_over_is_tried_once(around: ErpNextSystem) -> None:
    around.plant.keys.clear()
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match="LINECALL_ERPNEXT_KEY"):
            around.erp.records()
    assert around.wire.calls == 1


@pytest.mark.parametrize("answer", [answers(429, **{"Retry-After": "90"}), answers(503), answers(502), timed_out])
def test_a_busy_or_absent_system_means_later_for_all(around: ErpNextSystem, answer: Act) -> None:
    one = owed("lot_hold")
    around.wire.always(answer)
    with pytest.raises(Away) as away:
        around.erp.post(one)
    if "429" in away.value.why:
        assert away.value.after == timedelta(seconds=90)
    around.wire.always(None)
    drive(around, one)


def test_a_younger_double_of_another_worker_is_thrown_away(around: ErpNextSystem) -> None:
    one, ghost = owed("lot_hold", quantity=5.0), around.with_key(KEY)

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
    drive(around, owed("lot_hold", quantity=1350.0))
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
