"""Which constraint stops an order from being run, one at a time (R46)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.plant_folder import default_rules
from tests.workflow.world import NOON, PLANT
from workflow.errors import Refused
from workflow.plant import Line, Person
from workflow.records import Component, Item, Lot, Records, WorkOrder
from workflow.routing import World
from workflow.running import Cleared, Floor, clear, may_run

MILK = WorkOrder("WO-1", "SHAKE", "L1", 100, "cs", "running", tooling="A")
WATER = WorkOrder("WO-2", "WATER", "L1", 100, "cs", "released", tooling="A", priority=1)
ITEMS = (Item("SHAKE", "Shake", "cs", allergens=("milk",)), Item("WATER", "Water", "cs"), Item("CAP", "Cap", "ea"))
RECORDS = Records(ITEMS, (MILK, WATER))


def world(records: Records = RECORDS, *, skills: tuple[str, ...] = (), able: bool = True) -> World:
    lines = (Line("L1", "Line 1", skills=skills),)
    people = tuple(replace(p, skills=skills if able and p.id == "olga" else ()) for p in PLANT.people)
    return World(replace(PLANT, lines=lines, people=people), default_rules(), records, NOON)


def stops(order: WorkOrder = WATER, floor: Floor | None = None, here: World | None = None) -> set[str]:
    verdict = may_run(order, floor or Floor(), here or world())
    return {stop.name.removeprefix("no run: ") for stop in verdict.stops}


def cleared(by_quality: bool = True, order: str = "WO-2") -> Floor:
    return Floor({"L1": Cleared(order, "olga", NOON, by_quality)})


def test_R46_each_condition_stops_by_itself() -> None:
    other_tools = replace(WATER, tooling="B")
    assert stops() == {"allergens of the last product", "line clearance"}
    assert stops(other_tools) == {"allergens of the last product", "line clearance", "other tooling"}
    assert stops(floor=cleared(by_quality=False)) == {"allergens of the last product"}
    assert stops(floor=cleared()) == set()
    assert stops(other_tools, cleared()) == set()
    assert stops(floor=cleared(order="WO-9")) == {"allergens of the last product", "line clearance"}
    assert stops(here=world(skills=("filler",)), floor=cleared()) == set()
    assert stops(here=world(skills=("filler",), able=False), floor=cleared()) == {"skills"}


def test_R46_material_on_hold_stops_it_and_one_free_lot_lets_it_run() -> None:
    held, free = Lot("C-1", "CAP", 10, "ea", "hold"), Lot("C-2", "CAP", 10, "ea", "available")
    needs = (Component("WATER", "CAP", 1),)
    assert stops(floor=cleared(), here=world(replace(RECORDS, lots=(held,), components=needs))) == {"material on hold"}
    assert stops(floor=cleared(), here=world(replace(RECORDS, lots=(held, free), components=needs))) == set()
    assert stops(floor=cleared(), here=world(replace(RECORDS, components=needs))) == set(), "ERP keeps no lots of it"


def test_R46_the_same_product_again_and_what_runs_already_need_nothing() -> None:
    again = replace(WATER, item="SHAKE")
    assert stops(again) == set()
    assert stops(MILK) == set(), "nothing is known of what ran before it"
    ended = replace(RECORDS, work_orders=(replace(MILK, status="completed"), WATER))
    remembered = Floor(ran={"L1": "WO-1"})
    assert stops(floor=remembered, here=world(ended)) == {"allergens of the last product", "line clearance"}


def test_R46_who_may_say_that_a_line_is_cleared() -> None:
    quality, operator = Person("q", "Q", ("quality",)), Person("o", "O", ("operator",), ("L1",))
    other = Person("p", "P", ("operator",), ("L2",))
    planner = Person("n", "N", ("planner",))
    assert clear(WATER, quality, Floor(), world()).by_quality
    for person, why in ((operator, "run.quality_clears"), (other, "run.not_yours"), (planner, "run.not_yours")):
        with pytest.raises(Refused) as no:
            clear(WATER, person, Floor(), world())
        assert no.value.name == why
    plain = replace(RECORDS, items=tuple(replace(i, allergens=()) for i in ITEMS))
    assert not clear(WATER, operator, Floor(), world(plain)).by_quality
