"""A plant small enough to be read at a glance, for tests of the pure rules."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from workflow.case import Case, Step
from workflow.conditions import ALWAYS, Condition
from workflow.plant import Absence, Asset, Line, Person, Plant, Shift
from workflow.records import Item, Lot, Records, SalesOrder, WorkOrder
from workflow.routing import World
from workflow.rules import Authority, Concern, Deadlines, Rules, TypeRules

NOON = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)  # 12:00 in Chicago

PLANT = Plant(
    id="small",
    name="Small plant",
    timezone="America/Chicago",
    languages=("en",),
    shifts=(Shift("day", time(6), time(14)), Shift("late", time(14), time(22)), Shift("night", time(22), time(6))),
    lines=(Line("L1", "Line 1", (), (Asset("L1-FIL", "Filler 1", "L1"), Asset("L1-CAP", "Capper 1", "L1"))),),
    people=(
        Person("olga", "Olga Op", ("operator",), ("L1",), ("day",)),
        Person("tom", "Tom Fix", ("maintenance",), (), ("day",)),
        Person("ann", "Ann Fix", ("maintenance",), (), ("day",)),
        Person("nils", "Nils Fix", ("maintenance",), (), ("night",)),
        Person("sue", "Sue Super", ("supervisor",), (), ("day",)),
        Person("bert", "Bert Boss", ("manager",), (), ()),
        Person("quinn", "Quinn Qual", ("quality",), (), ("day",)),
        Person("rita", "Rita Qual", ("quality",), (), ("day",)),
    ),
)
# Off shift, away, at another line, of the other functions; and a phone that is nobody's.
AWAY = Absence(NOON.date(), NOON.date(), stand_in="stan")
LATE_AND_OTHERS = (
    Person("pete", "Pete Op", ("operator",), ("L2",), ("day",)),
    Person("stan", "Stan Stand", ("operator",), ("L2",), ("day",)),
    Person("max", "Max Fix", ("maintenance",), (), ("day",), absences=(AWAY,)),
    Person("sid", "Sid Super", ("supervisor",), ("L2",), ("day",)),
    Person("lea", "Lea Late", ("supervisor",), (), ("late",)),
    Person("vera", "Vera Qual", ("quality",), (), ("late",)),
    Person("paula", "Paula Plan", ("planner",), (), ("day",)),
    Person("marc", "Marc Mat", ("materials",), (), ("day",)),
    Person("cleo", "Cleo Care", ("customer_service",), (), ("day",)),
    Person("sam", "Sam Safe", ("safety",), (), ("day",)),
    Person("phone", "phone of line 1", ("operator",), ("L1",), shared=True),
)
RECORDS = Records(
    items=(Item("FG-1", "Water", "cs"),),
    work_orders=(WorkOrder("WO-1", "FG-1", "L1", 100, "cs", "running", sales_order="SO-1"),),
    lots=(Lot("LOT-1", "FG-1", 100, "cs", "available", producer="rita"),),
    sales_orders=(SalesOrder("SO-1", "Shop", "FG-1", 100, "cs", NOON.date()),),
)
LADDER = (Step(timedelta(minutes=5), ("supervisor",)), Step(timedelta(minutes=10), ("manager",)))
FIVE_AND_TEN = Deadlines(timedelta(minutes=5), LADDER, timedelta(minutes=15))


def concern(role: str, when: str = "true", required: bool = True) -> Concern:
    return Concern(f"{role}: {when}", role, Condition(when), ((ALWAYS, FIVE_AND_TEN),), required)


RULES = Rules(
    types={
        "machine_breakdown": TypeRules(
            "machine_breakdown", (concern("maintenance"), concern("supervisor", "line_stopped"))
        ),
        "quality_hold": TypeRules("quality_hold", (concern("quality"),)),
        "other": TypeRules("other", (concern("supervisor"),)),
    },
    decisions={
        "release": Authority(("quality",)),
        "scrap": Authority(("quality",), most=50, above=("manager",)),
        "rework": Authority(("quality",)),
        "keep_on_hold": Authority(("quality",)),
    },
)


def world(now: datetime = NOON) -> World:
    return World(PLANT, RULES, RECORDS, now)


def breakdown(**more: object) -> Case:
    facts: dict[str, object] = {
        "number": "EX-1",
        "plant": "small",
        "captured_at": NOON,
        "reporter": "olga",
        "said": "filler 1 jammed",
        "type": "machine_breakdown",
        "line": "L1",
        "assets": ("L1-FIL",),
        "told": ("olga",),
    }
    return Case(**(facts | more))  # type: ignore[arg-type]
