"""What every ERP that is spoken to over HTTP promises of the way there: at each single call something goes wrong.

Against strict opposites of our own; a real Tryton goes through the same in `test_erp_faults.py`. What was booked is
read from the tables of the other side.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.integrations.erp_contract import OVER_HTTP, OverHttp, drive, posting, stops
from workflow.case import Posting, PostingKind

OF_ORDER = {"lot": None, "work_order": "WO-10482", "quantity": 2.0}
MANY: tuple[tuple[PostingKind, dict[str, Any], list[float]], ...] = (  # every way of booking, and what it moves
    ("lot_hold", {"quantity": 1.0}, [-1.0, 1.0]),
    ("lot_rework", {"quantity": 1.0}, [-1.0, 1.0]),
    ("scrap", {"quantity": 1.0}, [-1.0]),
    ("scrap", OF_ORDER, []),
    ("stock_adjustment", {"quantity": -3.0}, [-3.0]),
    ("confirmation", {}, []),
    ("downtime", {}, []),
    ("maintenance_notification", {}, []),
    ("deviation", {"work_order": "WO-10482", "decision": "use_as_is"}, []),
    ("reschedule", {"new_quantity": 2750.0, "new_due": "2026-11-21"}, []),
    ("order_status", {}, []),
    ("note", {}, []),
)
# What has a way back on each: the rest is a person's (`test_every_erp.py`).
BACK: tuple[PostingKind, ...] = ("lot_hold", "scrap", "stock_adjustment", "confirmation", "downtime", "note")


@pytest.fixture(params=OVER_HTTP)
def around(request: pytest.FixtureRequest) -> Iterator[OverHttp]:
    with closing(OVER_HTTP[request.param]()) as system:
        yield system


def books(around: OverHttp, kind: PostingKind, changed: Mapping[str, Any]) -> bool:
    """Scrap that never became a lot is booked by SAP alone."""
    return kind in around.erp.kinds and (changed is not OF_ORDER or around.erp.name == "sap")


def owed(around: OverHttp, kind: PostingKind, changed: Mapping[str, Any], call: int) -> Posting:
    """One for each call; an order is released once, so each call has an order of its own."""
    if kind == "order_status":
        around.knows_order(f"WO-2{call:04}")
        changed = {"work_order": f"WO-2{call:04}"}
    return posting(kind, **{**changed, **around.instead.get(kind, {})})


def moved(before: Mapping[str, float], now: Mapping[str, float]) -> list[float]:
    """What is more or less than before, wherever that is."""
    change = Counter(now)
    change.subtract(before)
    return sorted(n for n in change.values() if n)


@pytest.mark.parametrize(("kind", "changed", "moves"), MANY)
def test_R47_stopped_at_any_call_it_is_booked_once(
    around: OverHttp, kind: PostingKind, changed: dict[str, Any], moves: list[float]
) -> None:
    """Our plug is pulled before or after each call in turn, or the answer to it is lost."""
    if not books(around, kind, changed):
        return
    drive(around, posting("note"))  # every name is known
    for stop in stops(around, lambda call: owed(around, kind, changed, call)):
        before = around.stock()
        stop.happens()
        assert moved(before, around.stock()) == moves, str(stop)
    assert around.loose_ends() == [], "nothing stays reserved, no draft is left"
    if kind == "order_status":
        around.restart()
        orders = [order for order in around.erp.records().work_orders if order.id.startswith("WO-2")]
        assert {order.status for order in orders} == {"released"}


@pytest.mark.parametrize(("kind", "changed", "moves"), [row for row in MANY if row[0] in BACK])
def test_R47_stopped_at_any_call_it_is_taken_back_once(
    around: OverHttp, kind: PostingKind, changed: dict[str, Any], moves: list[float]
) -> None:
    if not books(around, kind, changed):
        return

    def back(call: int) -> Posting:
        first = owed(around, kind, changed, call)
        drive(around, first)
        return replace(first, key=f"{first.key}/back", reverses=first.key)

    drive(around, posting("note"))
    for stop in stops(around, back):
        before = around.stock()
        stop.happens()
        assert stop.owed.reverses is not None
        assert around.taken_back(kind, stop.owed.reverses), str(stop)
        assert moved(before, around.stock()) == sorted(-n for n in moves), str(stop)
    assert around.loose_ends() == []
