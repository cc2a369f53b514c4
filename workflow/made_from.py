"""Where a lot went: which orders took some of it, what was made of it, and who still needs its material (R25, R44)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from workflow.records import OPEN_ORDERS, Lot, Records, SalesOrder, WorkOrder

USABLE = frozenset({"available"})


@dataclass(frozen=True, slots=True)
class MadeFrom:
    """What became of component lots."""

    took: tuple[WorkOrder, ...] = ()  # orders that ERP recorded to have taken some, whatever their status
    may_have: tuple[
        WorkOrder, ...
    ] = ()  # by the bill of material: they run, and ERP recorded no consumption of the item
    lots: tuple[Lot, ...] = ()  # what those orders made, and what was made of that in turn


def made_from(lots: Collection[Lot], records: Records) -> MadeFrom:
    """Follow lots through the orders that took them to all that contains them, through every level (R44).

    Where ERP recorded no consumption of an item at all, its bill of material says which running orders may have taken
    some; nothing is made of a guess, so what those have made is not counted as containing it.
    """
    took: dict[str, WorkOrder] = {}
    found: dict[str, Lot] = {}
    queue = [lot.id for lot in lots]
    while queue:
        for order in records.eaten_by.get(queue.pop(), ()):
            if order in took or order not in records.work_order:
                continue
            took[order] = records.work_order[order]
            made = [lot for lot in records.lots_of_order.get(order, ()) if lot.id not in found]
            found |= {lot.id: lot for lot in made}
            queue += [lot.id for lot in made]
    named = {lot.id for lot in lots}
    guesses = {
        order.id: order
        for item in {lot.item for lot in lots}
        if not any(lot.id in records.eaten_by for lot in records.lots_of_item.get(item, ()))
        for order, _ in records.orders_that_take.get(item, ())
        if order.status == "running" and order.id not in took
    }
    return MadeFrom(
        tuple(took.values()), tuple(guesses.values()), tuple(lot for lot in found.values() if lot.id not in named)
    )


def left_short(item: str, records: Records, *, without: Collection[str], less: float = 0.0) -> Iterator[WorkOrder]:
    """Open orders for which an item does not last, in the order in which they take it.

    `without` are lots that do not count, `less` is a quantity in the item's own unit that is not there. Of an item of
    which ERP knows no lot nobody can tell how long it lasts, so every order that needs it may be short.
    """
    known = records.lots_of_item.get(item, ())
    left = sum(lot.quantity for lot in known if lot.status in USABLE and lot.id not in without) - less
    for order, per in records.orders_that_take.get(item, ()):
        left -= max(0.0, order.quantity - (order.completed_quantity or 0.0)) * per
        if left < 0 or not known:
            yield order


def promised_short(item: str, records: Records, *, without: Collection[str], less: float = 0.0) -> Iterator[SalesOrder]:
    """Customers' orders that wait for an item out of stock and do not get it, the earliest due first.

    What an open work order makes for a customer, and what has been shipped to them, takes nothing out of stock.
    """
    known = records.lots_of_item.get(item, ())
    served = {lot.sales_order for lot in known if lot.status == "consumed"}
    served |= {order.sales_order for order in records.work_orders if order.status in OPEN_ORDERS}
    left = sum(lot.quantity for lot in known if lot.status in USABLE and lot.id not in without) - less
    wanted = [order for order in records.sales_orders if order.item == item and order.id not in served]
    for order in sorted(wanted, key=lambda one: (str(one.due), one.id)):
        left -= order.quantity
        if left < 0:
            yield order
