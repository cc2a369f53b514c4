"""What goes wrong on the way to a real ERP, at every single call: booked once, never half, refused to the right ear.

Read back by SQL, which shares nothing with the adapter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from integrations.erp.tryton import TrytonErp
from tests.integrations.erp_contract import BUSY_OR_ABSENT, RealTryton, comes_later, drive, posting, stops
from tests.integrations.faults import Act, answers
from tests.integrations.test_tryton import has_materials
from tests.tryton_plant import ADMIN_PASSWORD, admin
from tests.tryton_server import DATABASE, Tryton
from workflow.case import Posting, PostingKind
from workflow.errors import Away, Rejected, TryLater

pytestmark = pytest.mark.slow

MANY: tuple[tuple[PostingKind, dict[str, Any]], ...] = (  # every way of booking: each can be done again and again
    ("lot_hold", {"quantity": 1.0}),
    ("scrap", {"lot": None, "work_order": "WO-10482", "quantity": 2.0, "decision": "scrap"}),
    ("downtime", {}),
    ("deviation", {"work_order": "WO-10482", "decision": "use_as_is"}),
    ("reschedule", {"new_quantity": 2750.0}),
    ("order_status", {"work_order": "WO-10460"}),
)


def nth(kind: PostingKind, changed: dict[str, Any], call: int) -> Posting:
    """The posting of a call: each takes another much, or sets the order to something else than it was, or all of them
    but the first would find their work done.
    """
    match kind:
        case "reschedule":
            return posting(kind, **changed | {"new_quantity": 2750.0 + call})
        case "order_status":
            return posting(kind, **changed | {"status": ("released", "planned")[call % 2]})
    return posting(kind, **changed | ({"quantity": 1.0 + call / 8} if "quantity" in changed else {}))


@pytest.fixture
def around(tryton: Tryton) -> RealTryton:
    """A real Tryton, put back to how it was seeded, and signed in."""
    fresh = RealTryton(tryton)
    fresh.erp.find("riverside/EX-0/0/note/1")
    return fresh


def traces(around: RealTryton, one: Posting) -> dict[str, int]:
    """How many documents of this posting count over there, by the kind of document."""
    sql, start = around.tryton.sql, f"linecall:{one.key} #"
    claims = sql("select id, message from ir_note where substr(message, 1, ?) = ? and message like '% begun%'",
                 len(start), start)  # fmt: skip
    on = {message.split("\n")[1].removeprefix("on ") for _, message in claims}
    works = [int(record.split(",")[1]) for record in on if record.startswith("production.work,")]
    cycles = [row for work in works for row in sql("select duration from production_work_cycle where work = ? and "
                                                    "state = 'done'", work)]  # fmt: skip
    ((shipped,),) = sql("select count(*) from stock_shipment_internal where state != 'cancelled' and "
                        "substr(reference, 1, ?) = ?", len(one.key) + 2, f"{one.key} #")  # fmt: skip
    ((inspected,),) = sql("select count(*) from quality_inspection where substr(reference, 1, ?) = ?",
                          len(one.key) + 2, f"{one.key} #")  # fmt: skip
    moves = [record for record in on if record.startswith("stock.move,")]
    counted = {"shipments": shipped, "inspections": inspected, "cycles": len(cycles), "moves": len(moves)}
    if one.kind in ("reschedule", "order_status"):
        counted |= order_as_asked(around, one)
    return {name: n for name, n in counted.items() if n}


def order_as_asked(around: RealTryton, one: Posting) -> dict[str, int]:
    """Whether an order is what a posting asked for, stands where it stood or was put, and needs each material once."""
    sql, body = around.tryton.sql, one.body
    ((order, state, quantity),) = sql("select id, state, quantity from production where number = ?", body["work_order"])
    stands = {"released": ("assigned",), "planned": ("draft",)}.get(body.get("status", ""), ("waiting", "assigned"))
    needs = sql("select count(*) from stock_move where production_input = ? and state != 'cancelled' group by product",
                order)  # fmt: skip
    return {
        "quantity": int(quantity == body.get("new_quantity", quantity)),
        "stands": int(state in stands),
        "materials": int({n for (n,) in needs} <= {1}),
    }


def count(around: RealTryton, table: str) -> int:
    ((n,),) = around.tryton.sql(f"select count(*) from {table}")
    return int(n)


@pytest.mark.parametrize(("kind", "changed"), MANY, ids=[kind for kind, _ in MANY])
def test_R47_stopped_at_any_call_it_is_booked_once(
    around: RealTryton, kind: PostingKind, changed: dict[str, Any]
) -> None:
    """Our plug is pulled before or after each call in turn, or the answer to it is lost."""
    if kind == "reschedule":
        has_materials(around, "WO-10483")
    clean, works = nth(kind, changed, -1), 0
    around.erp.post(clean)
    whole = traces(around, clean)
    assert whole, "or nothing is shown of this kind"
    assert 0 not in whole.values()
    for stop in stops(around, lambda call: nth(kind, changed, call)):
        stop.happens()
        works = stop.calls + 2  # one a call, and the two undisturbed ones
        assert traces(around, stop.owed) == whole, str(stop)
    if kind == "downtime":
        assert count(around, "production_work where operation = (select min(id) from production_routing_operation)") \
            == works, "no work was made for nothing"  # fmt: skip


def test_R50_whoever_changed_the_order_meanwhile_is_not_overwritten(around: RealTryton) -> None:
    desk = admin(around.tryton.url, DATABASE)
    (order,) = desk.search("production", [["state", "=", "draft"]], ["number"], limit=1)
    one = posting("reschedule", work_order=order["number"], new_quantity=None, new_due="2026-12-01")

    def neil_is_faster(request: httpx.Request, real: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
        if b"model.production.write" in request.content:
            around.wire.always(None)
            desk.call("production", "write", [order["id"]], {"planned_date": date(2026, 12, 24)})
        return real(request)

    around.wire.always(neil_is_faster)
    with pytest.raises(TryLater, match="somebody else"):
        around.erp.post(one)
    drive(around, one)
    assert around.booked(one.key) == 1
    desk.close()


def test_what_is_short_is_refused_and_nothing_stays_reserved(around: RealTryton) -> None:
    one = posting("lot_hold", quantity=99999.0)
    with pytest.raises(Rejected, match="1350 cs in storage"):
        drive(around, one)
    assert around.tryton.sql("select count(*) from stock_move where state = 'assigned' and lot = "
                             "(select id from stock_lot where number = '6320-3A')") == [(0,)]  # fmt: skip
    drive(around, posting("lot_hold", quantity=1350.0))


def test_what_the_orders_state_does_not_allow_is_a_persons(around: RealTryton) -> None:
    ((planned,),) = around.tryton.sql("select number from production where state = 'draft' limit 1")
    with pytest.raises(Rejected, match="planned"):
        drive(around, posting("downtime", work_order=planned))
    with pytest.raises(Rejected, match="before the start only"):
        drive(around, posting("reschedule", work_order="WO-10482"))
    with pytest.raises(Rejected, match="cannot become"):
        drive(around, posting("order_status", work_order="WO-10482", status="cancelled"))


def test_who_has_no_rights_is_told_so_and_books_nothing(around: RealTryton) -> None:
    desk = admin(around.tryton.url, DATABASE)
    employee = desk.search("company.employee", [], ["id"])[0]["id"]
    desk.create("res.user", {"name": "Visitor", "login": "visitor", "password": ADMIN_PASSWORD,
                             "companies": [["add", [desk.context["company"]]]], "company": desk.context["company"],
                             "employees": [["add", [employee]]], "employee": employee})  # fmt: skip
    visitor = TrytonErp(around.tryton.url, DATABASE, "visitor", ADMIN_PASSWORD, around.clock, transport=around.wire)
    one = posting("lot_hold")
    with pytest.raises(Rejected, match="not allowed"):
        visitor.post(one)
    assert around.booked(one.key) == 0
    desk.close()


def test_a_session_that_is_over_is_begun_again_and_nothing_is_booked_twice(around: RealTryton) -> None:
    one = posting("lot_hold", quantity=5.0)
    around.wire.at(6, answers(401))  # in the middle of it
    drive(around, one)
    assert around.booked(one.key) == 1


def test_a_refused_password_is_tried_once_and_never_again(around: RealTryton) -> None:
    """Tryton slows down and then locks out who keeps on trying, the people of the plant included."""
    wrong = TrytonErp(around.tryton.url, DATABASE, around.tryton.user, "guessed", around.clock, transport=around.wire)
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match="LINECALL_TRYTON_PASSWORD"):
            wrong.post(posting("note"))
    assert around.wire.calls == 1


@pytest.mark.parametrize("answer", BUSY_OR_ABSENT)
def test_a_busy_or_absent_server_means_later_for_all(around: RealTryton, answer: Act) -> None:
    comes_later(around, answer)


def test_no_answer_in_time_means_look_before_posting_again(around: RealTryton) -> None:
    one = posting("lot_hold")
    around.wire.always(answers(504))
    with pytest.raises(TryLater) as later:
        around.erp.post(one)
    assert later.value.outcome_unknown


def test_a_field_that_is_not_there_names_the_version(around: RealTryton) -> None:
    with pytest.raises(Rejected, match="another version"):
        around.erp.rpc.search("production", [], ["number", "priority_of_the_moon"])


def test_R48_a_closed_period_is_booked_today_with_the_real_time_in_words(around: RealTryton) -> None:
    desk = admin(around.tryton.url, DATABASE)
    period = desk.create("stock.period", {"date": date(2026, 11, 18), "company": desk.context["company"]})
    desk.call("stock.period", "close", [period])
    one, later = posting("lot_hold", quantity=5.0), posting("lot_hold", quantity=6.0)
    later = Posting(later.key, later.kind, later.case, later.body, around.clock.at + timedelta(days=2))
    for held in (one, later):
        drive(around, held)

    def effective(held: Posting) -> Any:
        query = "select effective_date, id from stock_shipment_internal where substr(reference, 1, ?) = ?"
        return around.tryton.sql(query, len(held.key) + 2, f"{held.key} #")[0]

    assert effective(later)[0] == "2026-11-19"
    assert effective(one)[0] > "2026-11-18"
    ((words,),) = around.tryton.sql("select message from ir_note where resource = ?",
                                    f"stock.shipment.internal,{effective(one)[1]}")  # fmt: skip
    assert "happened 2026-11-17 14:00 UTC" in words
    desk.close()


def test_the_doctor_proves_reach_set_up_and_rights_and_books_nothing(around: RealTryton) -> None:
    before = around.tryton.sql("select count(*) from ir_note")
    assert {found.what: found.to_do for found in around.erp.examine() if found.to_do} == {}
    assert around.tryton.sql("select count(*) from ir_note") == before

    desk = admin(around.tryton.url, DATABASE)
    (place,) = desk.search("stock.location", [["code", "=", "REWORK"]], ["id"])
    desk.call("stock.location", "write", [place["id"]], {"code": "REWRK"})
    around.restart()
    assert "location REWORK" in {found.what for found in around.erp.examine() if found.to_do}
    visitor = {"name": "Visitor", "login": "visitor", "password": ADMIN_PASSWORD}
    desk.create("res.user", visitor)
    stranger = TrytonErp(around.tryton.url, DATABASE, "visitor", ADMIN_PASSWORD, around.clock, transport=around.wire)
    said = {found.what: found.how for found in stranger.examine() if found.to_do}
    assert {"register", "rights"} <= set(said)
    assert "create stock.shipment.internal" in said["rights"]
    around.wire.away = True
    around.restart()
    assert [found.what for found in around.erp.examine()] == ["reach"]
    desk.close()
