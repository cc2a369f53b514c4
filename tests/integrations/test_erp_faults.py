"""What goes wrong on the way to a real ERP, at every single call: booked once, never half, refused to the right ear.

Read back by SQL, which shares nothing with the adapter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.erp.tryton import TrytonErp
from tests.integrations.erp_contract import RealTryton, changes_tryton, drive, posting, stops
from tests.integrations.test_tryton import has_materials
from tests.tryton_plant import ADMIN_PASSWORD, admin
from tests.tryton_server import DATABASE, Tryton
from workflow.case import Posting, PostingKind
from workflow.errors import Away

pytestmark = pytest.mark.slow

MANY: tuple[tuple[PostingKind, dict[str, Any]], ...] = (  # every way of booking: each can be done again and again
    ("lot_hold", {"quantity": 1.0}),
    ("scrap", {"lot": None, "work_order": "WO-10482", "quantity": 2.0, "decision": "scrap"}),
    ("downtime", {}),
    ("confirmation", {}),
    ("note", {}),
    ("deviation", {"work_order": "WO-10482", "decision": "use_as_is"}),
    ("reschedule", {"new_quantity": 2750.0}),
    ("order_status", {"work_order": "WO-10460"}),
)
BACK = [way for way in MANY if way[0] not in ("confirmation", "reschedule", "order_status")]  # as downtime, and no way


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
    if one.kind == "note":
        ((counted["words"],),) = sql("select count(*) from ir_note where substr(message, 1, ?) = ?",
                                     len(one.key) + 1, f"{one.key}\n")  # fmt: skip
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
    """Our plug is pulled after each call that changes something, or the answer to it is lost, in turn."""
    if kind == "reschedule":
        has_materials(around, "WO-10483")
    clean, works = nth(kind, changed, -1), 0
    around.erp.post(clean)
    whole = traces(around, clean)
    assert whole, "or nothing is shown of this kind"
    assert 0 not in whole.values()
    for stop in stops(around, lambda call: nth(kind, changed, call), changes_tryton):
        stop.happens()
        works = stop.calls + 2  # one a call, and the two undisturbed ones
        assert traces(around, stop.owed) == whole, str(stop)
    if kind == "downtime":
        assert count(around, "production_work where operation = (select min(id) from production_routing_operation)") \
            == works, "no work was made for nothing"  # fmt: skip


@pytest.mark.parametrize(("kind", "changed"), BACK, ids=[kind for kind, _ in BACK])
def test_R47_stopped_at_any_call_it_is_taken_back_once(
    around: RealTryton, kind: PostingKind, changed: dict[str, Any]
) -> None:
    def back(call: int) -> Posting:
        first = nth(kind, changed, call)
        drive(around, first)
        return replace(first, key=f"{first.key}/back", reverses=first.key)

    for stop in stops(around, back, changes_tryton):
        stop.happens()
        assert stop.owed.reverses is not None
        assert around.taken_back(kind, stop.owed.reverses), str(stop)


def test_a_refused_password_is_tried_once_and_never_again(around: RealTryton) -> None:
    """Tryton slows down and then locks out who keeps on trying, the people of the plant included."""
    wrong = TrytonErp(around.tryton.url, DATABASE, around.tryton.user, "guessed", around.clock, transport=around.wire)
    around.wire.calls = 0
    for _ in range(5):
        with pytest.raises(Away, match="LINECALL_TRYTON_PASSWORD"):
            wrong.post(posting("note"))
    assert around.wire.calls == 1


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
