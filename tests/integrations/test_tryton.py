"""What stands where in Tryton after each kind of posting, and what it asks a person: read by SQL, past the adapter."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.integrations.erp_contract import RealTryton, drive, posting
from tests.tryton_plant import admin
from tests.tryton_server import DATABASE, Tryton
from workflow.case import Posting
from workflow.errors import Rejected
from workflow.records import Consumption

pytestmark = pytest.mark.slow


@pytest.fixture
def around(tryton: Tryton) -> RealTryton:
    """A real Tryton, put back to how it was seeded, and signed in."""
    fresh = RealTryton(tryton)
    fresh.erp.find("riverside/EX-0/0/note/1")
    return fresh


def at(around: RealTryton, *, lot: str | None = None, item: str | None = None) -> dict[str, float]:
    """How much of a lot or an item lies where, by every movement that was done; outside is no place."""
    which, of = ("lot.number = ?", lot) if lot is not None else ("product.code = ?", item)
    rows = around.tryton.sql(
        "select source.code, goal.code, move.quantity from stock_move move"
        " left join stock_lot lot on lot.id = move.lot join product_product product on product.id = move.product"
        " join stock_location source on source.id = move.from_location"
        f" join stock_location goal on goal.id = move.to_location where move.state = 'done' and {which}",
        of,
    )
    there: defaultdict[str, float] = defaultdict(float)
    for source, goal, quantity in rows:
        there[goal or "elsewhere"] += quantity
        there[source or "elsewhere"] -= quantity
    return {place: round(much, 6) for place, much in there.items() if abs(much) > 1e-6 and place not in OUTSIDE}


OUTSIDE = {"SUP", "elsewhere"}


def order(around: RealTryton, number: str) -> dict[str, Any]:
    """An order as its own row says."""
    names = ("id", "state", "planned_start_date", "planned_date", "quantity")
    (row,) = around.tryton.sql(f"select {', '.join(names)} from production where number = ?", number)
    return dict(zip(names, row, strict=True))


def time_of(around: RealTryton, number: str) -> list[tuple[str, str, str, float]]:
    """The time that an order lost: what for, at which machine or line, in which state, minutes."""
    rows = around.tryton.sql(
        "select operation.name, center.name, cycle.state, cycle.duration from production_work_cycle cycle"
        " join production_work work on work.id = cycle.work join production on production.id = work.production"
        " join production_work_center center on center.id = work.work_center"
        " join production_routing_operation operation on operation.id = work.operation"
        " where production.number = ? order by cycle.id",
        number,
    )
    return [(what, center.split()[0], state, float(duration) / 60) for what, center, state, duration in rows]


def inspections(around: RealTryton, one: Posting) -> list[tuple[str, str, str]]:
    """The inspection of a posting: what it is of, its state, and its alert's."""
    return around.tryton.sql(
        "select inspection.origin, inspection.state, alert.state from quality_inspection inspection"
        " left join quality_alert alert on alert.origin = 'quality.inspection,' || inspection.id"
        " where substr(inspection.reference, 1, ?) = ?",
        len(one.key) + 2, f"{one.key} #",
    )  # fmt: skip


def test_a_hold_and_each_decision_about_it_moves_so_much_to_its_place(around: RealTryton) -> None:
    before = at(around, lot="6320-3A")
    (free,) = before
    drive(around, posting("lot_hold", quantity=350.0))
    assert at(around, lot="6320-3A") == {free: 1000.0, "QHOLD": 350.0}

    assert at(around, lot="6315-3A") == {"QHOLD": 2800.0}
    drive(around, posting("lot_release", quantity=60.0))
    drive(around, posting("lot_rework", quantity=30.0))
    drive(around, posting("scrap", quantity=10.0))
    assert at(around, lot="6315-3A") == {"QHOLD": 2700.0, "STO": 60.0, "REWORK": 30.0, "SCRAP": 10.0}


def test_material_goes_to_its_line_and_a_count_to_or_from_what_is_lost(around: RealTryton) -> None:
    ends, cans = at(around, item="PK-5330"), at(around, lot="CAN-4471")
    drive(around, posting("goods_movement"))
    moved = at(around, item="PK-5330")
    assert moved["L2"] - ends.get("L2", 0.0) == 40000.0
    assert sum(moved.values()) == sum(ends.values())

    drive(around, posting("stock_adjustment"))
    counted = at(around, lot="CAN-4471")
    assert counted.pop("LOST") == -1200.0
    assert sum(counted.values()) == sum(cans.values()) + 1200.0
    drive(around, posting("stock_adjustment", quantity=-200.0))
    assert at(around, lot="CAN-4471")["LOST"] == -1000.0


def test_minutes_stand_on_the_order_at_their_machine_as_downtime_or_extra_time(around: RealTryton) -> None:
    drive(around, posting("downtime", minutes=30.0))
    assert time_of(around, "WO-10482") == [("Downtime", "L3-FIL", "done", 30.0)]
    drive(around, posting("confirmation"))
    assert time_of(around, "WO-10476") == [("Extra time", "L2", "done", 25.0)]


def materials(around: RealTryton, number: str) -> dict[int, tuple[float, int]]:
    """How much of each material an order needs, and in how many moves."""
    rows = around.tryton.sql("select product, sum(quantity), count(*) from stock_move where production_input = ?"
                             " and state != 'cancelled' group by product", order(around, number)["id"])  # fmt: skip
    return {product: (round(much, 3), n) for product, much, n in rows}


def has_materials(around: RealTryton, number: str) -> None:
    """The planner presses the recipe's button at the order, and saves what it shows."""
    desk = admin(around.tryton.url, DATABASE)
    (made,) = desk.search("production", [["number", "=", number]], ["id"])
    desk.call("production", "draft", [made["id"]])
    (shown,) = desk.call("production", "reset_bom", [made["id"]])
    keep = ("product", "unit", "quantity", "from_location", "to_location", "company", "currency", "unit_price")
    moves = {}
    for name in ("inputs", "outputs"):
        new = [{field: move[field] for field in keep if move.get(field) is not None} for _, move in shown[name]["add"]]
        moves[name] = [["create", new]]
    desk.call("production", "write", [made["id"]], moves)
    desk.call("production", "wait", [made["id"]])
    desk.close()


def test_an_order_has_its_new_quantity_and_days_and_stands_where_it_stood(around: RealTryton) -> None:
    has_materials(around, "WO-10483")
    needed = materials(around, "WO-10483")
    assert needed, "or nothing is shown of them"
    before = order(around, "WO-10483")
    assert before["planned_date"] == before["planned_start_date"] == "2026-11-17"
    drive(around, posting("reschedule", new_quantity=3000.0, new_due="2026-11-20"))
    assert order(around, "WO-10483") == before | {
        "quantity": 3000.0, "planned_date": "2026-11-20", "planned_start_date": "2026-11-20"
    }  # fmt: skip
    assert materials(around, "WO-10483") == {
        product: (round(much * 3000 / 2500, 3), 1) for product, (much, _) in needed.items()
    }, "its recipe, once, for what it makes now"
    drive(around, posting("reschedule", new_quantity=2500.0))
    assert materials(around, "WO-10483") == needed


def test_words_alone_leave_an_order_as_it_was_and_stand_at_it(around: RealTryton) -> None:
    before = order(around, "WO-10483")
    one = posting("reschedule", new_quantity=None, text="Hy-Dale wants other pallets")
    drive(around, one)
    assert order(around, "WO-10483") == before
    note = around.tryton.sql("select message from ir_note where resource = ?", f"production,{before['id']}")
    assert any("Hy-Dale wants other pallets" in message for (message,) in note)


@pytest.mark.parametrize(
    ("number", "status", "state"),
    [
        ("WO-10460", "released", "assigned"),
        ("WO-10483", "planned", "draft"),
        ("WO-10483", "cancelled", "cancelled"),
        ("WO-10482", "held", "waiting"),
    ],
)
def test_an_order_stands_in_the_state_that_was_said(around: RealTryton, number: str, status: str, state: str) -> None:
    assert order(around, number)["state"] != state, "or the story shows nothing"
    drive(around, posting("order_status", work_order=number, status=status))
    assert order(around, number)["state"] == state


def test_a_deviation_is_a_failed_inspection_with_an_alert_that_a_concession_resolves(around: RealTryton) -> None:
    running = f"production,{order(around, 'WO-10482')['id']}"
    one = posting("deviation", lot=None, item=None, work_order="WO-10482")
    drive(around, one)
    assert inspections(around, one) == [(running, "failed", "open")]
    allowed = posting("deviation", lot=None, item=None, work_order="WO-10482", decision="use_as_is")
    drive(around, allowed)
    assert inspections(around, allowed) == [(running, "failed", "resolved")]


def test_scrap_of_an_order_is_an_output_of_it_to_scrap(around: RealTryton) -> None:
    drive(around, posting("scrap", lot=None, work_order="WO-10482", quantity=2.0))
    moves = around.tryton.sql(
        "select goal.code, move.quantity, move.state from stock_move move join stock_location goal"
        " on goal.id = move.to_location where move.production_output = ? and goal.code = 'SCRAP'",
        order(around, "WO-10482")["id"],
    )
    assert moves == [("SCRAP", 2.0, "draft")], "it is done when the order is"


def test_words_stand_at_the_order_that_they_are_about(around: RealTryton) -> None:
    drive(around, posting("note"))
    about = f"production,{order(around, 'WO-10482')['id']}"
    notes = around.tryton.sql("select message from ir_note where resource = ?", about)
    assert any("checked with the customer" in message for (message,) in notes)


def test_what_an_order_has_taken_of_a_lot_is_in_the_records(around: RealTryton) -> None:
    has_materials(around, "WO-10483")
    desk, number = admin(around.tryton.url, DATABASE), order(around, "WO-10483")["id"]
    (lot,) = desk.search("stock.lot", [["number", "=", "CAP-90117"]], ["id"])
    (caps,) = desk.search("stock.move", [["production_input", "=", number], ["product.code", "=", "PK-5220"]], ["id"])
    assert around.erp.records().consumptions == ()

    desk.call("stock.move", "write", [caps["id"]], {"lot": lot["id"]})
    for step in ("assign_force", "run"):
        desk.call("production", step, [number])

    assert around.erp.records().consumptions == (Consumption("CAP-90117", "WO-10483", 30000.0),)


# what Tryton asks a person first --------------------------------------------------------------------------------------


def test_a_warning_that_nobody_has_decided_is_a_persons_and_nothing_stays_reserved(around: RealTryton) -> None:
    """A day that has not come yet: Tryton itself asks whether that is meant."""
    before = at(around, lot="6320-3A")
    one = posting("lot_hold", quantity=5.0)
    one = Posting(one.key, one.kind, one.case, one.body, datetime(2099, 1, 5, 14, 0, tzinfo=UTC))

    with pytest.raises(Rejected, match="Tryton asks for a confirmation"):
        drive(around, one)

    assert at(around, lot="6320-3A") == before
    assert around.booked(one.key) == 0
    reserved = (
        "select count(*) from stock_move where state = 'assigned' and lot = (select id from stock_lot where number = ?)"
    )
    assert around.tryton.sql(reserved, "6320-3A") == [(0,)]


def test_whether_it_shall_really_be_done_is_answered_for_what_a_person_has_decided(around: RealTryton) -> None:
    """The adapter confirms that one warning, under its own name, and presses the button again."""
    asked: list[bytes] = []

    def asks_once(request: httpx.Request, real: Any) -> httpx.Response:
        if b"stock.shipment.internal.do" in request.content:
            asked.append(request.content)
            if len(asked) == 1:
                error = ["UserWarning", ["1.done", "Are you sure?", ""]]
                return httpx.Response(200, json={"id": 0, "error": error}, request=request)
        response: httpx.Response = real(request)
        return response

    one = posting("lot_hold", quantity=5.0)
    around.wire.always(asks_once)
    drive(around, one)
    around.wire.always(None)

    assert len(asked) == 2
    assert around.booked(one.key) == 1
    assert at(around, lot="6320-3A")["QHOLD"] == 5.0
