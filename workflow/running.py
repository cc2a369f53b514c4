"""Whether an order may be run on its line now, and which rule stops it: no priority beats one of these (R46, R58).

Allergens of the last product, tooling, line clearance, skills, material on hold: `constraints` in rules.yaml that
forbid `run`. Who says that a line is cleared and set up for an order says it of that order alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from workflow.case import Case
from workflow.conditions import Facts
from workflow.consequences import consequences, facts
from workflow.errors import Refused
from workflow.in_danger import nobody_can
from workflow.made_from import USABLE
from workflow.plant import Person
from workflow.records import Records, WorkOrder
from workflow.routing import World
from workflow.rules import Constraint

RUN = "run"
CLEARS = frozenset({"operator", "supervisor", "quality", "manager"})


@dataclass(frozen=True, slots=True)
class Cleared:
    """Somebody has said that a line is cleared and set up for an order."""

    work_order: str
    by: str
    at: datetime
    by_quality: bool = False  # only then are the allergens of the last product gone too


@dataclass(frozen=True, slots=True)
class Floor:
    """What is known of the lines beside ERP's records."""

    cleared: Mapping[str, Cleared] = field(default_factory=dict)  # line -> the last that was said of it
    ran: Mapping[str, str] = field(default_factory=dict)  # line -> the order that it ran last, as far as ERP showed one


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an order may be run now."""

    order: WorkOrder
    last: WorkOrder | None  # what the line made last
    stops: tuple[Constraint, ...] = ()
    cleared: Cleared | None = None
    helps: bool = False  # clearing the line would do away with at least one of the stops
    quality: bool = False  # and quality has to say so


def may_run(order: WorkOrder, floor: Floor, world: World) -> Verdict:
    """Judge an order by every constraint that forbids to run, and say which of them stop it."""
    last = last_on(order.line, floor, world.records, but=order.id)
    said = floor.cleared.get(order.line)
    cleared = said if said is not None and said.work_order == order.id else None
    stated = _facts(order, last, cleared, world)
    stops = stopping(stated, world)
    set_up = Cleared(order.id, "", world.now, by_quality=True)
    left = stopping(_facts(order, last, set_up, world), world)
    return Verdict(order, last, stops, cleared, helps=len(left) < len(stops), quality=stated.allergens_left)


def stopping(stated: Facts, world: World) -> tuple[Constraint, ...]:
    """The constraints that forbid to run under these facts."""
    return tuple(c for c in world.rules.constraints if RUN in c.forbids and c.when.holds(stated))


def clear(order: WorkOrder, by: Person, floor: Floor, world: World) -> Cleared:
    """Somebody of the line, of the shift's lead or of quality says that it is cleared and set up for this order.

    Raises Refused for anybody else, and where only quality can say that the allergens are gone.
    """
    here = not by.lines or order.line in by.lines
    if not here or not CLEARS.intersection(by.roles):
        raise Refused("run.not_yours", work_order=order.id, line=order.line)
    by_quality = "quality" in by.roles
    if may_run(order, floor, world).quality and not by_quality:
        raise Refused("run.quality_clears", work_order=order.id, line=order.line)
    return Cleared(order.id, by.id, world.now, by_quality)


def last_on(line: str, floor: Floor, records: Records, *, but: str = "") -> WorkOrder | None:
    """What a line made last: what ERP says runs there, else what it said before; never the order asked about."""
    running = records.running_on(line)
    if running is not None and running.id != but:
        return running
    before = floor.ran.get(line)
    return records.work_order.get(before) if before is not None and before != but else None


def _facts(order: WorkOrder, last: WorkOrder | None, cleared: Cleared | None, world: World) -> Facts:
    asked = Case("-", world.plant.id, world.now, "-", type="order_change", line=order.line, work_orders=(order.id,))
    stated = facts(asked, consequences(asked, world.records), world.plant, world.records, world.now)
    change = last is not None and last.item != order.item
    return replace(
        stated,
        product_change=change,
        tooling_change=last is not None and bool(order.tooling) and last.tooling != order.tooling and cleared is None,
        line_cleared=cleared is not None,
        allergens_left=bool(_left(order, last, world.records)) and not (cleared is not None and cleared.by_quality),
        skill_missing=nobody_can(order.line, world.plant, world.now),
        material_held=bool(held_components(order, world.records)),
    )


def _left(order: WorkOrder, last: WorkOrder | None, records: Records) -> Sequence[str]:
    """Allergens of what ran last that this product must not have."""
    if last is None or last.item not in records.item:
        return ()
    own = records.item[order.item].allergens if order.item in records.item else ()
    return tuple(allergen for allergen in records.item[last.item].allergens if allergen not in own)


def held_components(order: WorkOrder, records: Records) -> tuple[str, ...]:
    """Components of which ERP knows lots, and none that may be used."""
    found = []
    for row in records.components_of.get(order.item, ()):
        lots = [lot for lot in records.lots if lot.item == row.component and lot.status != "consumed"]
        if lots and not any(lot.status in USABLE for lot in lots):
            found.append(row.component)
    return tuple(found)
