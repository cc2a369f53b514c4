"""What an exception hits: orders, customers, lots and staged material, computed from ERP's records (R25, R44)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workflow.case import Case
from workflow.conditions import Facts
from workflow.in_danger import (
    customers_without_stock,
    hours_until,
    nobody_can,
    orders_without_material,
    orders_without_people,
    skills_of,
    slack,
    who_can,
)
from workflow.made_from import MadeFrom, made_from
from workflow.plant import Plant
from workflow.records import OPEN_ORDERS, Lot, Records, SalesOrder, WorkOrder

if TYPE_CHECKING:
    from workflow.routing import World

NOTHING_MADE = MadeFrom()
STOCK = frozenset({"quality_hold", "inventory_discrepancy"})  # what they are about is not there to be used


@dataclass(frozen=True, slots=True)
class Consequences:
    orders: tuple[WorkOrder, ...] = ()  # work orders that are hit, most urgent first
    customer_orders: tuple[SalesOrder, ...] = ()  # commitments behind them, earliest first
    lots: tuple[Lot, ...] = ()  # lots the exception is about
    shipped: tuple[Lot, ...] = ()  # of these, or from the same orders, what has left the plant
    sisters: tuple[Lot, ...] = ()  # of the same orders, still in the plant and not on hold here (R44)
    staged: tuple[WorkOrder, ...] = ()  # hit orders whose material already stands at a line
    became: MadeFrom = NOTHING_MADE  # of lots on hold: who took some of them, and what was made of it
    short: tuple[WorkOrder, ...] = ()  # hit orders for which a material does not last
    own: tuple[WorkOrder, ...] = ()  # hit orders that it is about itself, and not for the sake of a material


def consequences(case: Case, records: Records) -> Consequences:
    """Everything that the case hits, as far as ERP knows; unknown ids hit nothing (R50)."""
    lots = tuple(records.lot[lot] for lot in case.lots if lot in records.lot)
    own = {order.id: order for order in _orders_hit(case, records, lots)}
    became = made_from(lots, records) if case.type == "quality_hold" else MadeFrom()
    short = tuple(orders_without_material(case, records)) if case.type in STOCK else ()
    running = [order for order in (*became.took, *became.may_have) if order.status in OPEN_ORDERS]
    orders = own | {order.id: order for order in (*running, *short)}
    hit = tuple(sorted(orders.values(), key=lambda o: (o.priority or 9, str(o.due or ""), o.id)))
    return Consequences(
        orders=hit,
        customer_orders=_commitments(case, records, (*hit, *became.took), (*lots, *became.lots)),
        lots=lots,
        shipped=_shipped(records, lots, became.lots),
        sisters=_sisters(case, records) if case.type == "quality_hold" else (),
        staged=tuple(order for order in hit if order.staged_at),
        became=became,
        short=short,
        own=tuple(own.values()),
    )


def facts(case: Case, hit: Consequences, plant: Plant, records: Records, now: datetime) -> Facts:
    """The facts that conditions in `rules.yaml` may ask about."""
    items = {records.item[i] for i in _items(case, hit) if i in records.item}
    tiers = sorted(order.tier for order in hit.customer_orders if order.tier)
    wanted = {order.id: order.due for order in hit.customer_orders}
    return Facts(
        type=case.type or "other",
        line=case.line or "",
        line_stopped=case.line_stopped is True,
        said_running=case.line_stopped is False,
        minutes_down=max(0.0, (now - case.since).total_seconds() / 60),
        recurrent=case.recurrent_of is not None or case.reopened > 0,
        orders=len(hit.orders),
        order_priority=float(min((order.priority or 9 for order in hit.orders), default=9)),
        hours_until_due=hours_until((order.due for order in hit.orders), plant, now),
        staged=bool(hit.staged),
        customer_orders=len(hit.customer_orders),
        customer_tier=tiers[0] if tiers else "",
        customer_due_hours=hours_until((order.due for order in hit.customer_orders), plant, now),
        lots=len(hit.lots),
        lots_shipped=len(hit.shipped),
        allergens=any(item.allergens for item in items),
        quantity=case.quantity.value if case.quantity else 0.0,
        has_asset=bool(case.assets),
        orders_short=len(hit.short),
        lots_made=len(hit.became.lots),
        slack_hours=slack(((order, order.due) for order in hit.orders), case, plant, now),
        customer_slack_hours=slack(((o, wanted.get(o.sales_order or "")) for o in hit.orders), case, plant, now),
        skill_missing=case.type == "labor_shortage" and nobody_can(case.line, plant, now),
    )


def context_for(role: str, case: Case, hit: Consequences, world: World) -> dict[str, Any]:
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
            dated = [c | {"due": _due(world.records, c)} for c in customers]
            short = {"short": [order.id for order in hit.short], "skills": _lacking(case, world)}
            return everyone | change | {"orders": orders, "customers": dated} | short
        case "materials":
            staged = [{"work_order": order.id, "staged_at_place": order.staged_at} for order in hit.staged]
            quantity = _quantity(case)
            held = {"lots": lots} if case.type == "quality_hold" else {}
            return (
                everyone | {"items": list(case.items), "quantity": quantity, "orders": orders, "staged": staged} | held
            )
        case "customer_service":
            return everyone | {"customers": customers, "shipped": [lot.id for lot in hit.shipped]}
        case "quality":
            shipped = [lot.id for lot in hit.shipped]
            reach = {"shipped": shipped, "sisters": [lot.id for lot in hit.sisters]} | _became(hit, case)
            return everyone | {"lots": lots, "items": list(case.items), "quantity": _quantity(case)} | reach
        case "supervisor" if case.type == "labor_shortage":
            can = [person.id for person in who_can(case.line, world.plant, world.now)]
            return everyone | {
                "orders": orders,
                "skills": _lacking(case, world),
                "can": can,
                "quantity": _quantity(case),
            }
        case _:
            return everyone | {"orders": orders, "lots": lots, "items": list(case.items), "quantity": _quantity(case)}


def _became(hit: Consequences, case: Case) -> dict[str, list[str]]:
    """Who took some of a lot on hold, and what was made of it and is still here and free."""
    return {
        "took": [order.id for order in hit.became.took],
        "may_have": [order.id for order in hit.became.may_have],
        "made": [lot.id for lot in still_free(hit, case) if lot not in hit.sisters],
    }


def still_free(hit: Consequences, case: Case) -> tuple[Lot, ...]:
    """What a hold does not reach yet: lots of the same orders and what was made of it, still here and free (R44)."""
    here = (*hit.sisters, *(lot for lot in hit.became.lots if lot.status == "available"))
    return tuple(lot for lot in dict.fromkeys(here) if case.held_lot(lot.id) is None and lot.id not in case.lots)


def _lacking(case: Case, world: World) -> list[str]:
    """Skills that a line takes and nobody on shift has all of."""
    lacks = case.type == "labor_shortage" and nobody_can(case.line, world.plant, world.now)
    return sorted(skills_of(case.line, world.plant)) if lacks else []


def _orders_hit(case: Case, records: Records, lots: tuple[Lot, ...]) -> Iterable[WorkOrder]:
    yield from (records.work_order[order] for order in case.work_orders if order in records.work_order)
    made_them = [records.work_order[lot.work_order or ""] for lot in lots if lot.work_order in records.work_order]
    # A difference in what an order made long ago puts those in danger who wait for it, and not that order.
    done_is_done = case.type == "inventory_discrepancy"
    yield from (order for order in made_them if not done_is_done or order.status in OPEN_ORDERS)
    if case.type == "material_shortage" and case.line is not None:
        for order in records.orders_of_line.get(case.line, ()):
            components = {row.component for row in records.components_of.get(order.item, ())}
            if order.status in OPEN_ORDERS and components.intersection(case.items):
                yield order
    if case.type == "labor_shortage":
        yield from orders_without_people(case, records)
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
    if case.type == "inventory_discrepancy":
        ids |= {order.id for order in customers_without_stock(case, records)}
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


def _shipped(records: Records, lots: tuple[Lot, ...], made: tuple[Lot, ...]) -> tuple[Lot, ...]:
    """Stock that has left: the lots themselves, their sisters from the same order, and what was made of them (R44)."""
    named = {lot.id: lot for lot in (*lots, *made)} | {lot.id: lot for lot in _of_the_same_orders(records, lots)}
    return tuple(
        lot
        for lot in named.values()
        if lot.status == "consumed" and (lot.sales_order or (lot.location or "").upper() == "SHIPPED")
    )


def _sisters(case: Case, records: Records) -> tuple[Lot, ...]:
    named = {*case.lots, *(held.lot for held in case.held)}
    known = [records.lot[lot] for lot in named if lot in records.lot]
    return tuple(
        lot for lot in _of_the_same_orders(records, known) if lot.id not in named and lot.status == "available"
    )


def _of_the_same_orders(records: Records, lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """All that the orders made which made these, the oldest order first."""
    orders = sorted({lot.work_order for lot in lots if lot.work_order is not None})
    return tuple(lot for order in orders for lot in records.lots_of_order.get(order, ()))


def _items(case: Case, hit: Consequences) -> set[str]:
    return {*case.items, *(order.item for order in hit.own), *(lot.item for lot in hit.lots)}


def _due(records: Records, customer: dict[str, Any]) -> str:
    return records.sales_order[str(customer["sales_order"])].due.isoformat()


def _quantity(case: Case) -> dict[str, Any] | None:
    return {"value": case.quantity.value, "uom": case.quantity.uom} if case.quantity else None
