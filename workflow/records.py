"""What the ERP knows: one frozen snapshot of orders, items, lots, customers and bills of material."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Literal

OrderStatus = Literal["planned", "released", "running", "held", "completed", "cancelled"]
LotStatus = Literal["available", "hold", "blocked", "consumed"]
ItemKind = Literal["finished", "component", "raw", "packaging"]

OPEN_ORDERS: frozenset[OrderStatus] = frozenset({"planned", "released", "running", "held"})


@dataclass(frozen=True, slots=True)
class Item:
    id: str
    description: str
    uom: str
    kind: ItemKind | None = None
    aliases: tuple[str, ...] = ()
    allergens: tuple[str, ...] = ()
    cost: float | None = None  # of one unit, in the plant's currency


@dataclass(frozen=True, slots=True)
class WorkOrder:
    id: str
    item: str
    line: str
    quantity: float
    uom: str
    status: OrderStatus
    start: date | datetime | None = None
    due: date | datetime | None = None
    sales_order: str | None = None
    priority: int | None = None  # 1 is most urgent
    completed_quantity: float | None = None
    tooling: str | None = None
    staged_at: str | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    id: str
    item: str
    quantity: float
    uom: str
    status: LotStatus
    location: str | None = None
    work_order: str | None = None  # that made it
    producer: str | None = None  # a person's id
    sales_order: str | None = None  # that it was shipped for
    made_at: datetime | None = None  # when it was begun; by it a hold reaches back to the last good check (R44)


@dataclass(frozen=True, slots=True)
class SalesOrder:
    id: str
    customer: str
    item: str
    quantity: float
    uom: str
    due: date | datetime
    tier: Literal["A", "B", "C"] | None = None


@dataclass(frozen=True, slots=True)
class Component:
    parent: str
    component: str
    quantity_per: float


@dataclass(frozen=True, slots=True)
class Consumption:
    """An order has taken some of a lot."""

    lot: str
    work_order: str
    quantity: float | None = None  # in the lot's own unit


@dataclass(frozen=True)
class Records:
    """A snapshot with its age; look-ups by id raise KeyError for what the ERP does not know (R50)."""

    items: tuple[Item, ...] = ()
    work_orders: tuple[WorkOrder, ...] = ()
    lots: tuple[Lot, ...] = ()
    sales_orders: tuple[SalesOrder, ...] = ()
    components: tuple[Component, ...] = ()
    consumptions: tuple[Consumption, ...] = ()  # empty where ERP keeps none, or does not give them
    as_of: datetime | None = None
    exported: tuple[tuple[str, datetime], ...] = ()  # where it comes as files: "work_orders", and when it was written

    @cached_property
    def item(self) -> Mapping[str, Item]:
        return {item.id: item for item in self.items}

    @cached_property
    def work_order(self) -> Mapping[str, WorkOrder]:
        return {order.id: order for order in self.work_orders}

    @cached_property
    def lot(self) -> Mapping[str, Lot]:
        return {lot.id: lot for lot in self.lots}

    @cached_property
    def sales_order(self) -> Mapping[str, SalesOrder]:
        return {order.id: order for order in self.sales_orders}

    @cached_property
    def orders_of_line(self) -> Mapping[str, Sequence[WorkOrder]]:
        """Open work orders of each line, the running one first, then by start."""
        by_line: dict[str, list[WorkOrder]] = defaultdict(list)
        for order in self.work_orders:
            if order.status in OPEN_ORDERS:
                by_line[order.line].append(order)
        for orders in by_line.values():
            orders.sort(key=lambda order: (order.status != "running", str(order.start or ""), order.id))
        return by_line

    @cached_property
    def components_of(self) -> Mapping[str, Sequence[Component]]:
        by_parent: dict[str, list[Component]] = defaultdict(list)
        for row in self.components:
            by_parent[row.parent].append(row)
        return by_parent

    @cached_property
    def lots_of_item(self) -> Mapping[str, Sequence[Lot]]:
        """Every lot of an item that ERP knows, used up ones too."""
        by_item: dict[str, list[Lot]] = defaultdict(list)
        for lot in self.lots:
            by_item[lot.item].append(lot)
        return by_item

    @cached_property
    def lots_of_order(self) -> Mapping[str, Sequence[Lot]]:
        """The lots that each order made."""
        by_order: dict[str, list[Lot]] = defaultdict(list)
        for lot in self.lots:
            if lot.work_order is not None:
                by_order[lot.work_order].append(lot)
        return by_order

    @cached_property
    def eaten_by(self) -> Mapping[str, Sequence[str]]:
        """The orders that took some of each lot, as ERP recorded it."""
        by_lot: dict[str, list[str]] = defaultdict(list)
        for row in self.consumptions:
            if row.work_order not in by_lot[row.lot]:
                by_lot[row.lot].append(row.work_order)
        return by_lot

    @cached_property
    def orders_that_take(self) -> Mapping[str, Sequence[tuple[WorkOrder, float]]]:
        """Open orders that need an item, the running ones first, then by start; with how much one of theirs takes."""
        by_item: dict[str, list[tuple[WorkOrder, float]]] = defaultdict(list)
        queue = sorted(
            (order for order in self.work_orders if order.status in OPEN_ORDERS),
            key=lambda order: (order.status != "running", str(order.start or "9999"), order.id),
        )
        for order in queue:
            for row in self.components_of.get(order.item, ()):
                by_item[row.component].append((order, row.quantity_per))
        return by_item

    def running_on(self, line: str) -> WorkOrder | None:
        """The order that a line runs now; None where ERP says that none or more than one does (R12)."""
        running = [order for order in self.orders_of_line.get(line, ()) if order.status == "running"]
        return running[0] if len(running) == 1 else None
