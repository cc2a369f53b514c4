"""Which orders a shortage puts in danger: stock against need, people against skills, pace against due date (R25)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from workflow.case import Case
from workflow.made_from import left_short, promised_short
from workflow.plant import Person, Plant, is_on_shift
from workflow.records import Records, SalesOrder, WorkOrder

NEVER = 9999.0  # hours; nothing of it has a date


def orders_without_material(case: Case, records: Records) -> Iterator[WorkOrder]:
    """Open orders that cannot get the material that is held, missing or not where the books say, soonest first."""
    found: set[str] = set()
    for item, less in _not_there(case, records):
        for order in left_short(item, records, without=_out_of_use(case), less=less):
            if order.id not in found:
                found.add(order.id)
                yield order


def customers_without_stock(case: Case, records: Records) -> Iterator[SalesOrder]:
    """Customers who wait for stock that is not where the books say."""
    for item, less in _not_there(case, records):
        yield from promised_short(item, records, without=_out_of_use(case), less=less)


def orders_without_people(case: Case, records: Records) -> Sequence[WorkOrder]:
    """What a line runs while people are missing there; where it runs nothing, what it is to run next."""
    queue = records.orders_of_line.get(case.line or "", ())
    return [order for order in queue if order.status == "running"] or list(queue[:1])


def skills_of(line: str | None, plant: Plant) -> frozenset[str]:
    """What it takes to run a line; empty where it names nothing."""
    known = plant.line.get(line or "")
    return frozenset(skill.casefold() for skill in known.skills) if known is not None else frozenset()


def who_can(line: str | None, plant: Plant, now: datetime) -> tuple[Person, ...]:
    """Who on shift has every skill that a line takes, those of other lines included; nobody where it names none."""
    wanted = skills_of(line, plant)
    if not wanted:
        return ()
    return tuple(
        person
        for person in plant.people
        if not person.shared
        and wanted <= {skill.casefold() for skill in person.skills}
        and is_on_shift(plant, person, now)
    )


def nobody_can(line: str | None, plant: Plant, now: datetime) -> bool:
    """Whether nobody on shift has the skills that the line takes; a line that names none takes none."""
    return bool(skills_of(line, plant)) and not who_can(line, plant, now)


def hours_until(dates: Iterable[date | datetime | None], plant: Plant, now: datetime) -> float:
    """Until the earliest of some dates; below 0: it is past already."""
    ends = [end_of(when, plant) for when in dates if when is not None]
    return round((min(ends) - now).total_seconds() / 3600, 2) if ends else NEVER


def end_of(when: date | datetime, plant: Plant) -> datetime:
    """A due date without a time is due at the end of that day in the plant."""
    if isinstance(when, datetime):
        return when if when.tzinfo else when.replace(tzinfo=plant.zone)
    return datetime.combine(when + timedelta(days=1), time(), plant.zone).astimezone(UTC)


def hours_of_work_left(order: WorkOrder, stood_since: datetime) -> float:
    """How long an order still takes at the pace at which it ran until it stood; 0 where ERP does not tell its pace.

    ERP tells it with the time of its start and what was completed since; a day without a time says too little.
    """
    if order.status != "running" or not isinstance(order.start, datetime) or not order.completed_quantity:
        return 0.0
    ran = (stood_since - order.start).total_seconds() / 3600
    left = order.quantity - order.completed_quantity
    return ran * left / order.completed_quantity if ran > 0 and left > 0 else 0.0


def slack(orders: Iterable[tuple[WorkOrder, date | datetime | None]], case: Case, plant: Plant, now: datetime) -> float:
    """Hours for which the most pressing order can still stand and be done in time; below 0: it will be late.

    Each order comes with the date by which it is wanted.
    """
    left = [
        (end_of(due, plant) - now).total_seconds() / 3600 - hours_of_work_left(order, case.since)
        for order, due in orders
        if due is not None
    ]
    return round(min(left), 2) if left else NEVER


def _out_of_use(case: Case) -> frozenset[str]:
    """Lots that do not count: those on hold here; of a difference of so much the rest of the lot does count."""
    if case.type == "inventory_discrepancy" and case.quantity is not None:
        return frozenset()
    return frozenset({*case.lots, *(held.lot for held in case.held)})


def _not_there(case: Case, records: Records) -> Iterator[tuple[str, float]]:
    """Each item that it is about, and how much of it is not there beside the lots that do not count.

    Of a difference that nobody has put into figures, nothing is counted on: the named lots, or without any the item.
    """
    lots = [records.lot[lot] for lot in dict.fromkeys((*case.lots, *(h.lot for h in case.held))) if lot in records.lot]
    items = dict.fromkeys((*(lot.item for lot in lots), *(case.items if case.type != "quality_hold" else ())))
    for item in items:
        less = 0.0
        if case.type == "inventory_discrepancy":
            known = records.item.get(item)
            in_its_unit = case.quantity is not None and known is not None and case.quantity.uom in (known.uom, "")
            if in_its_unit and case.quantity is not None:
                less = case.quantity.value
            elif not any(lot.item == item for lot in lots):
                less = sum(lot.quantity for lot in records.lots_of_item.get(item, ()))
        yield item, less
