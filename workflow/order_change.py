"""What an order becomes: more, fewer, none, or another day; a number that may be a difference is no total (R41)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from workflow.case import Case
from workflow.records import WorkOrder


@dataclass(frozen=True, slots=True)
class Words:
    """What the words about an order say beside the number that was read."""

    more: bool = False
    fewer: bool = False
    cancelled: bool = False
    whole: bool = False  # "all of it"
    becomes: bool = False  # "from 2600 to 3200", "3200 instead of 2600"
    amounts: tuple[float, ...] = ()  # every number that is no date
    days: tuple[date, ...] = ()  # that it may be moved to


@dataclass(frozen=True, slots=True)
class Becomes:
    """What ERP shall show of an order from now on; what is None stays as it is."""

    work_order: str
    quantity: float | None = None  # in all, in the order's own unit
    due: date | None = None
    cancelled: bool = False


def becomes(case: Case, words: Words, order: WorkOrder) -> tuple[Becomes, bool] | None:
    """What a change makes of an order as ERP has it now, and whether it was said so plainly that nobody need be asked.

    None where the words do not tell: then ERP gets the words alone, and a person books it.
    """
    much = case.quantity if case.type == "order_change" else None
    if much is not None and much.value not in words.amounts and any(day.day == much.value for day in words.days):
        much = None  # the 20 of "20 November"
    if much is not None and (much.uom != order.uom or (words.more and words.fewer)):
        return None
    if words.cancelled and (much is None or much.value == order.quantity):
        return Becomes(order.id, cancelled=True), False
    if words.cancelled and words.whole:
        return None  # "all 2200" of an order that is another size
    day = words.days[0] if len(words.days) == 1 and words.days[0] != _day(order.due) else None
    if much is None:
        return (Becomes(order.id, due=day), False) if day is not None else None
    relative = words.more or words.fewer or words.cancelled
    if relative and case.reopened:
        return None  # ERP may have it already
    total = order.quantity + much.value if words.more else order.quantity - much.value if relative else much.value
    if total <= 0 or total < (order.completed_quantity or 0):
        return None
    plain = not relative and words.becomes and day is None and {much.value, order.quantity} <= {*words.amounts}
    quantity = total if total != order.quantity else None
    return (Becomes(order.id, quantity, day), plain) if quantity is not None or day is not None else None


def sides(order: WorkOrder, after: Becomes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, as ERP has it and as it shall be."""
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    if after.cancelled:
        return {"status": order.status}, {"status": "cancelled"}
    if after.quantity is not None:
        before["quantity"] = {"value": order.quantity, "uom": order.uom}
        now["quantity"] = {"value": after.quantity, "uom": order.uom}
    if after.due is not None:
        before["due"] = order.due.isoformat() if order.due is not None else None
        now["due"] = after.due.isoformat()
    return before, now


def _day(due: date | datetime | None) -> date | None:
    return due.date() if isinstance(due, datetime) else due
