"""SAP: what goes wrong at every single call, what SAP refuses, and what its records become in the plant's words.

Against a strict gateway on loopback, with our own short contract; `test_sap_schema.py` takes SAP's own schema. What
was booked is read from the gateway's tables, which share nothing with the adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest

from integrations.erp.marks import mark_of
from tests import sap_gateway
from tests.integrations.erp_contract import SapSystem, drive, posting, stops
from tests.sap_plant import PASSWORD, USER, add_order
from workflow.case import Posting
from workflow.errors import Away, Rejected, TryLater
from workflow.records import WorkOrder


@pytest.fixture
def around() -> Iterator[SapSystem]:
    system = SapSystem()
    yield system
    system.close()


def test_what_stands_where_after_a_shift(around: SapSystem) -> None:
    drive(around, posting("lot_hold", quantity=1350.0))
    assert (around.plant.quantity("6320-3A", "01"), around.plant.quantity("6320-3A", "07")) == (0.0, 1350.0)
    drive(around, posting("lot_rework", quantity=30.0))
    assert [n for at, n in around.stock().items() if "6315-3A RWRK" in at] == [30.0]
    drive(around, posting("goods_movement"))
    assert around.stock()["PK-5330 END-3308 L2 01"] == 40000.0
    drive(around, posting("stock_adjustment"))
    assert around.plant.quantity("CAN-4471", "01") == 156200.0

    drive(around, posting("downtime"))
    (report,) = around.plant.rows("MaintenanceNotification")
    assert (report["NotificationType"], report["TechnicalObject"]) == ("M2", "L3-FIL")
    assert (report["MalfunctionStartTime"], report["MalfunctionEndTime"]) == ("PT13H00M00S", "PT13H40M00S")
    assert report["MaintObjectDowntimeDuration"] == 40.0
    assert "cap jam cleared" in report["MaintNotificationLongText"]

    drive(around, posting("confirmation"))
    (time_,) = around.plant.rows("ProdnOrdConf2")
    assert (time_["OpConfirmedWorkQuantity2"], time_["OpWorkQuantityUnit2"]) == ("25.000", "MIN")
    assert time_["APIConfHasNoGoodsMovements"] is True

    drive(around, posting("reschedule", new_quantity=3000.0, new_due="2026-11-20"))
    order = around.plant.order("WO-10483")
    assert float(order["TotalQuantity"]) == 3000.0
    assert "500 more" in order["OrderLongText"]


def test_an_order_that_runs_is_completed_technically_and_once(around: SapSystem) -> None:
    """The plug is pulled or the answer lost at each call; an order that never began is a planner's to cancel."""
    begun = around.plant.order("WO-10482")
    for stop in stops(around, lambda _: posting("order_status", work_order="WO-10482", status="completed")):
        begun["OrderIsTechnicallyCompleted"] = ""  # it runs again
        around.plant.gateway.touch(begun)
        stop.happens()
        assert begun["OrderIsTechnicallyCompleted"] == "X", str(stop)
    assert around.erp.records().work_order["WO-10482"].status == "completed"
    with pytest.raises(Rejected, match="cannot become completed"):
        drive(around, posting("order_status", work_order="WO-10460", status="completed"))


def test_what_stood_in_an_orders_text_stays(around: SapSystem) -> None:
    around.plant.order("WO-10482")["OrderLongText"] = "Customer wants green caps."
    drive(around, posting("note", text="checked"))
    drive(around, posting("note", text="checked again"))
    said = around.plant.order("WO-10482")["OrderLongText"]
    assert said.startswith("Customer wants green caps.")
    assert said.count("LINECALL ") == 2


# refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "one"),
    [
        ("WO-10482", posting("confirmation", work_order="WO-10482", line="L3")),
        ("FG-3010", posting("lot_hold")),
        ("WO-10483", posting("reschedule")),
    ],
)
def test_what_somebody_has_open_waits_and_is_booked_when_it_is_free(around: SapSystem, what: str, one: Posting) -> None:
    around.plant.locked[what] = "MILLER"
    with pytest.raises(TryLater, match="MILLER") as later:
        around.erp.post(one)
    assert not isinstance(later.value, Away), "others go on meanwhile"
    assert later.value.after
    around.plant.locked.clear()
    drive(around, one)
    assert around.booked(one.key) == 1


def test_what_is_gone_meanwhile_is_refused_with_saps_own_words_and_nothing_is_moved(around: SapSystem) -> None:
    one = posting("lot_hold", quantity=1350.0)

    def used_up(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        if request.method == "POST":
            around.wire.always(None)
            for row in around.plant.rows("A_MatlStkInAcctMod"):
                if row["Batch"] == "6320-3A":
                    row["MatlWrhsStkQtyInMatlBaseUnit"] = "1000"
        return real(request)

    around.wire.always(used_up)
    with pytest.raises(Rejected, match=r"Deficit of BA Unrestricted-use 350\.000 CS"):
        drive(around, one)
    assert around.plant.quantity("6320-3A", "07") == 0.0
    assert around.booked(one.key) == 0


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (posting("confirmation", work_order="WO-10474", line="L1"), "planned in SAP"),
        (posting("confirmation", line="L4"), "no operation of WO-10476 is at work center L4"),
        (posting("reschedule", work_order="WO-10482"), "before the start only"),
        (posting("order_status", work_order="WO-10482", status="held"), "cannot become held"),
        (posting("order_status", work_order="WO-10441", status="released"), "completed in SAP"),
        (posting("scrap", lot=None, work_order="WO-10482", uom="ea"), "counted in CS"),
        (posting("lot_hold", uom="kg"), "kept in CS"),
        (posting("lot_hold", item="FG-2010"), "is of item FG-3010"),
        (posting("goods_movement", decision="return_to_supplier"), "movement type 122"),
        (posting("goods_movement", quantity=None), "how much"),
        (posting("downtime", asset="L9-XXX"), "Functional location L9-XXX does not exist"),
        (posting("note", work_order=None, lot="6315-3A"), "names none"),
        (posting("reschedule", new_due="tomorrow"), "no date"),
        (posting("stock_adjustment", quantity=-999999.0), "in storage"),
    ],
)
def test_what_cannot_be_booked_is_a_persons_with_the_reason(around: SapSystem, one: Posting, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        drive(around, one)
    assert around.booked(one.key) == 0


def test_a_service_that_nobody_activated_is_told_by_its_name(around: SapSystem) -> None:
    around.plant.gateway.inactive.add("API_DEFECT_SRV")
    with pytest.raises(Rejected, match="API_DEFECT_SRV"):
        drive(around, posting("deviation"))


def test_without_token_or_etag_the_gateway_takes_nothing(around: SapSystem) -> None:
    """The fake is as strict as SAP, or the tests above would prove nothing."""
    root = f"{around.url}/sap/opu/odata/sap/API_PRODUCTION_ORDER_2_SRV/"
    with httpx.Client(auth=(USER, PASSWORD)) as bare:
        order = f"{root}A_ProductionOrder_2('WO-10483')"
        assert bare.patch(order, json={"OrderLongText": "x"}).headers["x-csrf-token"] == "Required"
        token = bare.get(root, headers={"x-csrf-token": "Fetch"}).headers["x-csrf-token"]
        said = {"x-csrf-token": token}
        assert bare.patch(order, json={"OrderLongText": "x"}, headers=said).status_code == 428
        said["if-match"] = "W/\"'old'\""
        assert bare.patch(order, json={"OrderLongText": "x"}, headers=said).status_code == 412
        said["if-match"] = bare.get(order).headers["etag"]
        for wrong in ({"Nonsense": "x"}, {"TotalQuantity": 5}, {"Material": "FG-1010"}, {"TotalQuantity": "5.0001"}):
            assert bare.patch(order, json=wrong, headers=said).status_code == 400, wrong
        assert bare.get(f"{root}A_ProductionOrder_2", params={"$filter": "Nonsense eq 'x'"}).status_code == 400
        assert bare.get(f"{root}A_ProductionOrder_2", params={"$filter": "Material eq 5"}).status_code == 400


def test_a_refused_password_is_tried_once_and_never_again(around: SapSystem) -> None:
    """SAP locks the user who keeps on trying."""
    wrong = around.as_user(USER, "guessed")
    around.wire.calls = 0
    for _ in range(7):
        with pytest.raises(Away, match="LINECALL_SAP_PASSWORD"):
            wrong.post(posting("note"))
    assert around.wire.calls == 1
    drive(around, posting("note"))
    wrong.close()


def test_oauth_tokens_are_fetched_and_fetched_again_when_they_are_over(around: SapSystem) -> None:
    modern = around.as_user(USER, PASSWORD, token_url=f"{around.url}/oauth/token")
    one = posting("lot_hold", quantity=5.0)
    modern.post(one)
    around.plant.gateway.forget_sessions()
    two = posting("lot_hold", quantity=6.0)
    modern.post(two)
    assert (around.booked(one.key), around.booked(two.key)) == (1, 1)
    wrong = around.as_user(USER, "guessed", token_url=f"{around.url}/oauth/token")
    around.wire.calls = 0
    for _ in range(7):
        with pytest.raises(Away, match="LINECALL_SAP_PASSWORD"):
            wrong.records()
    assert around.wire.calls == 1
    modern.close()
    wrong.close()


def test_a_younger_double_of_another_worker_is_cancelled(around: SapSystem) -> None:
    """A worker that was thought dead books the same: SAP takes both, since nothing in it is unique."""
    one = posting("lot_hold", quantity=5.0)
    ghost = around.as_user(USER, PASSWORD)

    def both(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        if request.method == "POST":
            around.wire.always(None)
            ghost.post(one)
        return real(request)

    around.wire.always(both)
    around.erp.post(one)
    assert around.booked(one.key) == 1
    assert around.plant.quantity("6320-3A", "07") == 5.0
    ghost.close()


# records -------------------------------------------------------------------------------------------------------------


def test_the_plants_words_for_what_sap_knows(around: SapSystem) -> None:
    records = around.erp.records()
    order = records.work_order["WO-10482"]
    assert (order.line, order.quantity, order.uom, order.status) == ("L3", 4200.0, "cs", "running")
    assert (order.due, order.sales_order, order.completed_quantity) == (date(2026, 11, 16), "SO-70127", 1350.0)
    assert records.item["PK-5330"].uom == "ea"
    assert records.item["FG-3010"].kind == "finished"
    assert len(records.items) > 25, "more than one page"
    held = records.lot["6315-3A"]
    assert (held.quantity, held.status, held.item, held.work_order) == (2800.0, "hold", "FG-3040", "WO-10449")
    assert records.lot["6313-3A"].status == "consumed"
    assert records.sales_order["SO-70110"].customer == "Hy-Dale Foods"
    assert {part.component: part.quantity_per for part in records.components_of["FG-1010"]}["PK-5530"] == 0.012
    assert {one.status for one in records.work_orders} == {"planned", "released", "running", "completed", "cancelled"}


def test_only_what_has_changed_is_read_again(around: SapSystem) -> None:
    before = around.erp.records()
    around.clock.at += timedelta(minutes=10)
    around.erp.records()
    quiet = len(around.plant.gateway.calls)
    around.clock.at += timedelta(minutes=1)
    around.erp.records()
    assert len(around.plant.gateway.calls) - quiet < 12
    assert not any("A_MatlStkInAcctMod" in call for call in around.plant.gateway.calls[quiet:])

    order = around.plant.order("WO-10483")
    order["OrderIsDeleted"] = "X"
    around.plant.gateway.touch(order)
    add_order(around.plant, "WO-10499", "FG-1010", "L1", 100.0)
    drive(around, posting("lot_hold", quantity=1350.0))
    around.clock.at += timedelta(minutes=1)
    after = around.erp.records()
    assert after.work_order["WO-10483"].status == "cancelled"
    assert after.work_order["WO-10499"].line == "L1"
    assert after.lot["6320-3A"].status == "hold"
    assert after.items == before.items


def test_pages_of_a_list_are_asked_of_the_configured_host_alone(around: SapSystem) -> None:
    """The gateway names itself by a host that is none of ours in every next page; our password must not go there."""
    hosts: set[str] = set()

    def note(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        hosts.add(str(request.url.copy_with(path="/", query=None)))
        return real(request)

    around.wire.always(note)
    assert len(around.erp.records().items) > 40
    assert hosts == {f"{around.url}/"}


def test_a_list_of_many_pages_is_read_to_its_end_and_one_without_end_is_not(
    around: SapSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = around.erp.records()
    monkeypatch.setattr(sap_gateway, "PAGE", 3)
    around.restart()
    assert around.erp.records() == whole

    def same_again(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        page = {"results": [], "__next": "https://s4h.internal/x?$skiptoken=3"}
        return httpx.Response(200, json={"d": page}, request=request)

    around.restart()
    around.wire.always(same_again)
    with pytest.raises(TryLater, match="again and again"):
        around.erp.records()


def test_an_order_that_somebody_locked_is_held(around: SapSystem) -> None:
    around.plant.order("WO-10478")["OrderIsLocked"] = "X"
    found = around.erp.records().work_order["WO-10478"]
    assert isinstance(found, WorkOrder)
    assert found.status == "held"


def test_names_with_quotes_stay_names(around: SapSystem) -> None:
    for name in ("x' or Batch ne '", "%27", "a/b", "(", "'"):
        with pytest.raises(Rejected, match="unknown lot"):
            drive(around, posting("lot_hold", lot=name))
        with pytest.raises(Rejected, match="unknown work order"):
            drive(around, posting("note", work_order=name))


# the doctor ----------------------------------------------------------------------------------------------------------


def test_the_doctor_proves_reach_services_and_rights_and_books_nothing(around: SapSystem) -> None:
    found = around.erp.examine()
    assert {one.what: one.how for one in found if one.to_do} == {}
    assert len(found) == 12
    assert not any(call.startswith(("POST", "PATCH")) for call in around.plant.gateway.calls)

    around.plant.gateway.inactive.add("API_BATCH_SRV")
    services = dict(around.plant.gateway.services)
    orders = services["API_PRODUCTION_ORDER_2_SRV"]
    header = orders.entities["A_ProductionOrder_2"]
    old = {
        name: replace(one, updatable=one.updatable and name != "OrderLongText") for name, one in header.fields.items()
    }
    del old["OrderIsLocked"]
    entities = {**orders.entities, header.name: replace(header, fields=old)}
    services["API_PRODUCTION_ORDER_2_SRV"] = replace(orders, entities=entities)
    around.plant.gateway.services = services
    said = {one.what: one.how for one in around.erp.examine() if one.to_do}
    assert "A_ProductionOrder_2.OrderLongText cannot be changed" in said["API_PRODUCTION_ORDER_2_SRV"]
    assert "no A_ProductionOrder_2.OrderIsLocked" in said["API_PRODUCTION_ORDER_2_SRV"]
    assert "API_BATCH_SRV" in said

    around.wire.away = True
    assert [one.what for one in around.erp.examine()] == ["reach"]


def test_the_mark_survives_the_shortest_field() -> None:
    marks = {mark_of(f"riverside/EX-{n}/0/scrap/1") for n in range(2000)}
    assert len(marks) == 2000
    assert all(len(mark) == 16 and mark == mark.upper() and mark.isalnum() for mark in marks)
