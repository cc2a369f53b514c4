"""How far a hold reaches: lots of the same order, and what the line made since the last good check (R44)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from workflow.case import Case, Change, Entry, Notice, require
from workflow.consequences import consequences, still_free
from workflow.errors import Refused
from workflow.holding import hold
from workflow.plant import Person
from workflow.records import Lot, Records
from workflow.routing import World, hold_button, plays, route


def made_since(case: Case, good: datetime, records: Records) -> tuple[Lot, ...]:
    """What may have the same fault: everything of that line that was made after the last good check.

    A lot of which ERP does not know when it was made is in it where its order is.
    """
    named = {*case.lots, *(h.lot for h in case.held)}
    orders = {records.lot[lot].work_order for lot in named if lot in records.lot} - {None}

    def may_have_it(lot: Lot) -> bool:
        order = records.work_order.get(lot.work_order or "")
        if lot.made_at is None:
            return lot.work_order in orders
        return lot.made_at >= good and (lot.work_order in orders or (order is not None and order.line == case.line))

    return _still_here(records, named, may_have_it)


def last_good(case: Case, at: datetime, by: Person, said: str, world: World) -> Change:
    """ "Last good check 05:30": what was made since then is offered to be held too; nothing is held by itself."""
    require(case, "widen")
    if not case.held:
        raise Refused("decide.nothing_held", case=case.number)
    if by.id not in (case.reporter, *case.joined, *case.told) and "quality" not in by.roles:
        raise Refused("acknowledge.not_asked", case=case.number)
    found = made_since(case, at, world.records)
    facts = {"case": case.number, "good_at": at.isoformat(), "lots": plain(found), "who": by.id}
    entry = Entry(world.now, by.id, "last_good", said, {"good_at": at.isoformat(), "lots": [one.id for one in found]})
    name = "since_last_good" if found else "since_last_good.none"
    offers = (hold_button([lot.id for lot in found]),) if found else ()
    others = [p for p in case.told if plays(p, world, "quality") and p != by.id]
    return Change(case, (entry,), tuple(Notice(p, name, facts, offers) for p in (by.id, *others)))


def widen(case: Case, lots: Sequence[str], by: Person, world: World) -> Change:
    """These lots are on hold too, from now on; every function hears what that changes for it (R25, R44)."""
    require(case, "widen")
    if not case.held:
        raise Refused("decide.nothing_held", case=case.number)
    new = tuple(lot for lot in lots if lot in world.records.lot and case.held_lot(lot) is None)
    if not new:
        raise Refused("widen.nothing", case=case.number)
    wider = replace(case, lots=tuple(dict.fromkeys((*case.lots, *new))))
    # A quantity that was said is that of the lot of which it was said.
    change = hold(replace(wider, quantity=None), world, by.id)
    change = replace(change, case=replace(change.case, quantity=case.quantity))
    change = change.then(route(change.case, world))
    facts = {"case": case.number, "who": by.id, "lots": plain([world.records.lot[lot] for lot in new])}
    left = [lot.id for lot in still_free(consequences(change.case, world.records), change.case)]
    asked = {n.to for n in change.notices}
    hear = [p for p in dict.fromkeys((by.id, *case.told)) if p not in asked]
    more = (hold_button(left),) if left else ()
    notices = tuple(
        Notice(p, "widened", facts | {"sisters": left}, more) if p == by.id else Notice(p, "widened", facts)
        for p in hear
    )
    return Change(change.case, change.entries, change.notices + notices, change.postings)


def plain(lots: Sequence[Lot]) -> list[dict[str, object]]:
    """Lots as facts."""
    return [
        {"lot": lot.id, "item": lot.item, "quantity": {"value": lot.quantity, "uom": lot.uom}, "location": lot.location}
        for lot in lots
    ]


def _still_here(records: Records, named: set[str], wanted: Callable[[Lot], bool]) -> tuple[Lot, ...]:
    return tuple(lot for lot in records.lots if lot.id not in named and lot.status == "available" and wanted(lot))
