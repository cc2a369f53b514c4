"""What an exception hits: orders, customers, lots and staged material, computed from ERP's records (R25, R44)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from workflow.case import Case
from workflow.conditions import Facts
from workflow.plant import Plant
from workflow.records import OPEN_ORDERS, Lot, Records, SalesOrder, WorkOrder


@dataclass(frozen=True, slots=True)
class Consequences:
    orders: tuple[WorkOrder, ...] = ()  # work orders that are hit, most urgent first
    customer_orders: tuple[SalesOrder, ...] = ()  # commitments behind them, earliest first
    lots: tuple[Lot, ...] = ()  # lots the exception is about
    shipped: tuple[Lot, ...] = ()  # of these, or from the same orders, what has left the plant
    sisters: tuple[Lot, ...] = ()  # of the same orders, still in the plant and not on hold here (R44)
    staged: tuple[WorkOrder, ...] = ()  # hit orders whose material already stands at a line


def consequences(case: Case, records: Records) -> Consequences:
    """Everything that the case hits, as far as ERP knows; unknown ids hit nothing (R50)."""
    lots = tuple(records.lot[lot] for lot in case.lots if lot in records.lot)
    orders = {order.id: order for order in _orders_hit(case, records, lots)}
    hit = tuple(sorted(orders.values(), key=lambda o: (o.priority or 9, str(o.due or ""), o.id)))
    return Consequences(
        orders=hit,
        customer_orders=_commitments(case, records, hit, lots),
        lots=lots,
        shipped=_shipped(records, lots),
        sisters=_sisters(case, records) if case.type == "quality_hold" else (),
        staged=tuple(order for order in hit if order.staged_at),
    )


def facts(case: Case, hit: Consequences, plant: Plant, records: Records, now: datetime) -> Facts:
    """The facts that conditions in `rules.yaml` may ask about."""
    items = {records.item[i] for i in _items(case, hit) if i in records.item}
    tiers = sorted(order.tier for order in hit.customer_orders if order.tier)
    return Facts(
        type=case.type or "other",
        line=case.line or "",
        line_stopped=case.line_stopped is True,
        said_running=case.line_stopped is False,
        minutes_down=max(0.0, (now - case.since).total_seconds() / 60),
        recurrent=case.recurrent_of is not None or case.reopened > 0,
        orders=len(hit.orders),
        order_priority=float(min((order.priority or 9 for order in hit.orders), default=9)),
        hours_until_due=_hours_until((order.due for order in hit.orders), plant, now),
        staged=bool(hit.staged),
        customer_orders=len(hit.customer_orders),
        customer_tier=tiers[0] if tiers else "",
        customer_due_hours=_hours_until((order.due for order in hit.customer_orders), plant, now),
        lots=len(hit.lots),
        lots_shipped=len(hit.shipped),
        allergens=any(item.allergens for item in items),
        quantity=case.quantity.value if case.quantity else 0.0,
        has_asset=bool(case.assets),
    )


def context_for(role: str, case: Case, hit: Consequences, records: Records) -> dict[str, Any]:
    """What one function needs for its own decision, and nothing else (R25).

    Customer service sees the commitment but no date that the planner has not confirmed.
    """
    everyone = {
        "case": case.number,
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "since_at": case.since.isoformat(),
        "said": case.said,
        "reporter": case.reporter,
        "stopped": case.line_stopped,
    }
    orders = [
        {
            "work_order": order.id,
            "item": order.item,
            "quantity": {"value": order.quantity, "uom": order.uom},
            "due": order.due.isoformat() if order.due else None,
            "inferred": order.id in case.work_orders and "work_orders" in case.inferred,
        }
        for order in hit.orders
    ]
    customers = [
        {
            "sales_order": order.id,
            "customer": order.customer,
            "item": order.item,
            "quantity": {"value": order.quantity, "uom": order.uom},
        }
        for order in hit.customer_orders
    ]
    lots = [
        {"lot": lot.id, "item": lot.item, "quantity": {"value": lot.quantity, "uom": lot.uom}, "location": lot.location}
        for lot in hit.lots
    ]
    match role:
        case "maintenance":
            return everyone
        case "planner":
            change = {"quantity": _quantity(case)} if case.type == "order_change" else {}
            return (
                everyone | change | {"orders": orders, "customers": [c | {"due": _due(records, c)} for c in customers]}
            )
        case "materials":
            staged = [{"work_order": order.id, "staged_at_place": order.staged_at} for order in hit.staged]
            quantity = _quantity(case)
            return everyone | {"items": list(case.items), "quantity": quantity, "orders": orders, "staged": staged}
        case "customer_service":
            return everyone | {"customers": customers, "shipped": [lot.id for lot in hit.shipped]}
        case "quality":
            shipped = [lot.id for lot in hit.shipped]
            reach = {"shipped": shipped, "sisters": [lot.id for lot in hit.sisters]}
            return everyone | {"lots": lots, "items": list(case.items), "quantity": _quantity(case)} | reach
        case _:
            return everyone | {"orders": orders, "lots": lots, "items": list(case.items), "quantity": _quantity(case)}


def _orders_hit(case: Case, records: Records, lots: tuple[Lot, ...]) -> Iterable[WorkOrder]:
    yield from (records.work_order[order] for order in case.work_orders if order in records.work_order)
    yield from (records.work_order[i] for lot in lots if (i := lot.work_order) is not None and i in records.work_order)
    if case.type == "material_shortage" and case.line is not None:
        for order in records.orders_of_line.get(case.line, ()):
            components = {row.component for row in records.components_of.get(order.item, ())}
            if order.status in OPEN_ORDERS and components.intersection(case.items):
                yield order
    if case.type == "order_change" and not case.work_orders:
        yield from (o for o in records.work_orders if o.item in case.items and o.status in OPEN_ORDERS)


def _commitments(
    case: Case, records: Records, orders: tuple[WorkOrder, ...], lots: tuple[Lot, ...]
) -> tuple[SalesOrder, ...]:
    ids = {order.sales_order for order in orders} | {lot.sales_order for lot in lots}
    if case.type == "order_change":
        ids |= {order.id for order in records.sales_orders if order.item in case.items}
        if not orders and not case.items:
            ids |= _of_the_named_customer(case.said, records)
    found = [records.sales_order[i] for i in ids if i is not None and i in records.sales_order]
    return tuple(sorted(found, key=lambda order: (str(order.due), order.id)))


def _of_the_named_customer(said: str, records: Records) -> set[str]:
    """ "Hy-Dale wants 500 more": what that customer still waits for, where no order was named."""
    words = said.casefold()
    waits = {o.sales_order for o in records.work_orders if o.status in OPEN_ORDERS}
    return {
        order.id
        for order in records.sales_orders
        if order.id in waits and len(name := order.customer.casefold().split()[0]) > 3 and name in words
    }


def _shipped(records: Records, lots: tuple[Lot, ...]) -> tuple[Lot, ...]:
    """Stock that has left: the lots themselves, and their sisters from the same order (R44)."""
    ids = {lot.id for lot in lots}
    orders = {lot.work_order for lot in lots if lot.work_order}
    return tuple(
        lot
        for lot in records.lots
        if lot.status == "consumed"
        and (lot.id in ids or lot.work_order in orders)
        and (lot.sales_order or (lot.location or "").upper() == "SHIPPED")
    )


def _sisters(case: Case, records: Records) -> tuple[Lot, ...]:
    named = {*case.lots, *(held.lot for held in case.held)}
    orders = {records.lot[lot].work_order for lot in named if lot in records.lot} - {None}
    return tuple(
        lot for lot in records.lots if lot.id not in named and lot.work_order in orders and lot.status == "available"
    )


def _items(case: Case, hit: Consequences) -> set[str]:
    return {*case.items, *(order.item for order in hit.orders), *(lot.item for lot in hit.lots)}


def _hours_until(dates: Iterable[date | datetime | None], plant: Plant, now: datetime) -> float:
    ends = [_end_of(when, plant) for when in dates if when is not None]
    return round((min(ends) - now).total_seconds() / 3600, 2) if ends else 9999.0


def _end_of(when: date | datetime, plant: Plant) -> datetime:
    """A due date without a time is due at the end of that day in the plant."""
    if isinstance(when, datetime):
        return when if when.tzinfo else when.replace(tzinfo=plant.zone)
    return datetime.combine(when + timedelta(days=1), time(), plant.zone).astimezone(UTC)


def _due(records: Records, customer: dict[str, Any]) -> str:
    return records.sales_order[str(customer["sales_order"])].due.isoformat()


def _quantity(case: Case) -> dict[str, Any] | None:
    return {"value": case.quantity.value, "uom": case.quantity.uom} if case.quantity else None
