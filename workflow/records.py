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


@dataclass(frozen=True)
class Records:
    """A snapshot with its age; look-ups by id raise KeyError for what the ERP does not know (R50)."""

    items: tuple[Item, ...] = ()
    work_orders: tuple[WorkOrder, ...] = ()
    lots: tuple[Lot, ...] = ()
    sales_orders: tuple[SalesOrder, ...] = ()
    components: tuple[Component, ...] = ()
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

    def running_on(self, line: str) -> WorkOrder | None:
        """The order that a line runs now; None where ERP says that none or more than one does (R12)."""
        running = [order for order in self.orders_of_line.get(line, ()) if order.status == "running"]
        return running[0] if len(running) == 1 else None
