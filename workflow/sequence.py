"""In which order a line should run what it has: a recommendation that names what it rests on (R58).

What runs and what begins soon stays where ERP has it; behind it the most urgent goes first, and among equals what costs
the line the least change. What must not be run is named with its rule and comes last. Whoever runs the plant may put
one first, with a reason; that stands until ERP changes the orders of the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.plant import Person, Plant, works_at
from workflow.records import Records, WorkOrder
from workflow.routing import World
from workflow.running import Floor, held_components, last_on, may_run

FROZEN = timedelta(hours=4)  # before its start an order is not moved any more
TOOLS = 45  # minutes for other tooling
PRODUCT = 15  # minutes for another product with the same tooling
CLEANING = 60  # minutes more where allergens have to be gone
MAY_PUT_FIRST = frozenset({"planner", "supervisor", "manager"})


@dataclass(frozen=True, slots=True)
class PutFirst:
    """Somebody's word over the recommendation."""

    work_order: str
    by: str
    at: datetime
    reason: str
    orders: str  # what ERP said of the line's orders then: it stands as long as that


@dataclass(frozen=True, slots=True)
class Slot:
    """One order in the sequence."""

    order: WorkOrder
    change_min: int  # for what the line has to be changed before it
    cleaning: bool
    fixed: bool  # it runs, or begins soon
    put_first: bool = False
    stops: tuple[str, ...] = ()  # why it cannot be run at all now, clearing the line or not


def may_put_first(person: Person, line: str) -> bool:
    """Whether somebody may put an order of a line first: who plans, and who runs the shift there."""
    return bool(MAY_PUT_FIRST.intersection(person.roles)) and works_at(person, line)


def sequence(line: str, floor: Floor, first: PutFirst | None, world: World) -> tuple[Slot, ...]:
    """The open orders of a line in the order in which to run them."""
    records = world.records
    orders = list(records.orders_of_line.get(line, ()))
    fixed = [o for o in orders if o.status == "running" or _begins_within(o, world.plant, world.now, FROZEN)]
    rest = [o for o in orders if o not in fixed]
    stands = standing(first, line, records)
    last = last_on(line, floor, records)
    slots: list[Slot] = []
    before = last
    for order in sorted(fixed, key=lambda o: (o.status != "running", str(o.start or ""), o.id)):
        slots.append(_slot(order, before, floor, world, fixed=True))
        before = order
    while rest:
        order = min(rest, key=lambda o: _key(o, before, stands, floor, world))
        rest.remove(order)
        slots.append(_slot(order, before, floor, world, put_first=stands is not None and stands.work_order == order.id))
        before = order
    return tuple(slots)


def standing(first: PutFirst | None, line: str, records: Records) -> PutFirst | None:
    """Somebody's word as long as ERP says the same of the line's orders."""
    return first if first is not None and first.orders == as_erp_has_them(line, records) else None


def as_erp_has_them(line: str, records: Records) -> str:
    """What a word over the sequence was said about: the line's open orders with their dates, quantities and states."""
    rows = (
        f"{o.id}:{o.status}:{o.priority}:{o.quantity:.15g}:{o.due}:{o.start}"
        for o in records.orders_of_line.get(line, ())
    )
    return ";".join(sorted(rows))


def change(order: WorkOrder, before: WorkOrder | None, records: Records) -> tuple[int, bool]:
    """Minutes that the line stands for before an order, and whether it has to be cleaned of allergens."""
    if before is None or before.item == order.item:
        return 0, False
    old, new = records.item.get(before.item), records.item.get(order.item)
    cleaning = bool(set(old.allergens if old else ()) - set(new.allergens if new else ()))
    minutes = TOOLS if order.tooling != before.tooling else PRODUCT
    return minutes + (CLEANING if cleaning else 0), cleaning


def _key(
    order: WorkOrder, before: WorkOrder | None, first: PutFirst | None, floor: Floor, world: World
) -> tuple[object, ...]:
    minutes, _ = change(order, before, world.records)
    barred = bool(_bars(order, floor, world))
    mine = first is not None and first.work_order == order.id
    return barred, not mine, order.priority or 9, str(order.due or "9999"), minutes, str(order.start or ""), order.id


def _slot(
    order: WorkOrder,
    before: WorkOrder | None,
    floor: Floor,
    world: World,
    *,
    fixed: bool = False,
    put_first: bool = False,
) -> Slot:
    minutes, cleaning = change(order, before, world.records) if order.status != "running" else (0, False)
    return Slot(order, minutes, cleaning, fixed, put_first, _bars(order, floor, world))


def _bars(order: WorkOrder, floor: Floor, world: World) -> tuple[str, ...]:
    """Why it cannot be run whatever is done at the line: material, skills; a changeover is a cost and no bar."""
    if order.status == "running":
        return ()
    if held_components(order, world.records) or order.status == "held":
        verdict = may_run(order, floor, world)
        return tuple(stop.name for stop in verdict.stops if "held" in stop.when.text) or (order.status,)
    return ()


def _begins_within(order: WorkOrder, plant: Plant, now: datetime, lasts: timedelta) -> bool:
    """Whether ERP lets it begin so soon; one with a day and no hour begins with that day's work and is not frozen."""
    if not isinstance(order.start, datetime):
        return False
    start = order.start if order.start.tzinfo else order.start.replace(tzinfo=plant.zone)
    return now <= start <= now + lasts
