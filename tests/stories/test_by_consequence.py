"""Who is told follows from what it hits: what was made of a lot, what stock is for, who can run a line, time (R25)."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import RIVERSIDE
from tests.plantside import Plantside
from tests.stories.test_erp_changes import erp_says

ONLY_WHEN_LATE = """
exceptions:
  machine_breakdown:
    concerns:
      - rule: "maintenance: a machine is down"
        role: maintenance
        deadlines:
          - {acknowledge: 5m, ladder: {5m: supervisor}, repeat: 30m, idle: 4h}
      - rule: "planner: the order cannot be done in time any more"
        role: planner
        when: slack_hours <= 0
        deadlines:
          - {acknowledge: 15m, ladder: {15m: [], 30m: supervisor}, repeat: 30m}
      - rule: "customer service: the customer's date is gone"
        role: customer_service
        when: customer_slack_hours <= 0
        required: false
        deadlines:
          - {acknowledge: 30m, ladder: {30m: []}, repeat: 1h}
"""


@pytest.fixture
def plant_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Riverside, where line 2 takes somebody who can run the pasteurizer; or with the rules that a story asks for."""
    folder = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, folder)
    said = (folder / "plant.yaml").read_text("utf-8")
    said = said.replace("    name: Line 2\n", "    name: Line 2\n    skills: [pasteurizer]\n")
    said = said.replace(
        "telegram: 70109}}", "telegram: 70109}, skills: [pasteurizer], absences: [{from: 2026-11-17, to: 2026-11-17}]}"
    )  # Edson of line 4
    (folder / "plant.yaml").write_text(said, "utf-8")
    if rules := getattr(request, "param", None):
        (folder / "rules.yaml").write_text(rules, "utf-8")
    return folder


def local(hour: int, minute: int = 0, day: int = 16) -> datetime:
    """Wall clock of the plant, in November 2026."""
    return datetime(2026, 11, day, 6, minute, tzinfo=UTC) + timedelta(hours=hour)


def test_R25_a_hold_on_caps_names_the_orders_that_took_them_what_was_made_and_who_got_it(plant: Plantside) -> None:
    erp_says(plant, took=[("CAP-88213", "WO-10441"), ("CAP-88213", "WO-10459"), ("CAP-88213", "WO-10482")])
    plant.rest_is_known()

    plant.says("maria.lopez", "hold CAP-88213, the caps leak")

    number = plant.only_case().number
    quality = plant.hears_one("tamika.jones")
    assert "Took some of it: WO-10441, WO-10459, WO-10482" in quality
    assert "Made from it, not on hold: 6313-3B, 6317-3B, 6320-3A" in quality
    assert "Already shipped: 6313-3A" in quality, "half of WO-10441 is with the customer"
    customers = plant.hears_one("karen.doyle")
    assert "Hy-Dale" in customers
    assert "Already shipped: 6313-3A" in customers
    planner = plant.hears_one("neil.abbott")
    assert "WO-10482" in planner, "it runs with these caps now"
    assert "WO-10441" not in planner, "what is done is no order to plan"
    materials = plant.hears_one("bobby.tran")
    assert "nobody uses this material" in materials
    assert "CAP-88213" in materials
    plant.rest_is_known()

    plant.presses("tamika.jones", "hold_also", case=number)

    assert {h.lot for h in plant.case(number).held} == {"CAP-88213", "6313-3B", "6317-3B", "6320-3A"}
    plant.rest_is_known()


def test_R25_what_was_made_of_it_is_followed_through_every_level(plant: Plantside) -> None:
    erp_says(plant, took=[("SYR-118", "WO-10446"), ("6315-2A", "WO-10457"), ("SYR-118", "WO-10471")])
    plant.says("dwayne.hicks", "put SYR-118 on hold, wrong smell")
    quality = plant.hears_one("tamika.jones")
    assert "6315-2A" in quality
    assert "6317-4A" in quality, "the variety pack of line 4 has those cans in it"
    plant.rest_is_known()


def test_R25_more_lots_than_a_button_can_carry_are_offered_one_handful_after_the_other(plant: Plantside) -> None:
    lots = {f"6316-2{letter}": {"item": "FG-2020", "work_order": "WO-10454"} for letter in "CDEFGHJ"}
    erp_says(plant, lots=lots, took=[("END-3308", "WO-10454")])
    plant.says("luis.ortega", "hold END-3308, the ends are dented")
    number = plant.only_case().number
    plant.rest_is_known()

    plant.presses("tamika.jones", "hold_also", case=number)
    assert "Not on hold yet" in plant.hears_one("tamika.jones")
    plant.presses("tamika.jones", "hold_also", case=number)

    assert {h.lot for h in plant.case(number).held} == {"END-3308", "6317-2A", "6317-2B", *lots}
    assert "Not on hold yet" not in plant.hears_one("tamika.jones")
    plant.rest_is_known()


def test_R25_without_records_of_consumption_the_bill_of_material_says_who_may_have_used_it(plant: Plantside) -> None:
    plant.says("maria.lopez", "hold CAP-88213, the caps leak")
    quality = plant.hears_one("tamika.jones")
    assert "May have taken some, by the bill of material: WO-10482" in quality
    assert "Made from it" not in quality, "a guess contains nothing"
    plant.rest_is_known()


def test_R25_material_on_hold_that_there_is_enough_of_concerns_no_order_that_is_to_run(plant: Plantside) -> None:
    erp_says(plant, took=[("CAN-4471", "WO-10442")], lots={"CAN-4500": {"item": "PK-5310", "quantity": 900_000}})
    plant.says("luis.ortega", "hold CAN-4471, scratched cans")
    assert "WO-10476" not in " ".join(h.text for h in plant.hears("neil.abbott")), "other cans last for it"
    plant.rest_is_known()


def test_R25_a_difference_in_stock_reaches_those_whose_order_it_does_not_last_for(plant: Plantside) -> None:
    plant.says("bobby.tran", "inventory count is off on CAP-88213, 200000 ea short")
    number = plant.only_case().number
    assert plant.case(number).type == "inventory_discrepancy"
    planner = " ".join(h.text for h in plant.hears("neil.abbott"))
    assert "Not enough material for: WO-10482" in planner, "68,400 caps are still to be put on, and 40,000 are left"
    task = plant.case(number).task("planner")
    assert task is not None
    assert task.facts["orders_short"] >= 1
    plant.rest_is_known()


def test_R25_a_difference_that_no_order_feels_stays_with_materials(plant: Plantside) -> None:
    plant.says("bobby.tran", "inventory count is off on CAP-88213, 100000 ea short")
    assert {t.role for t in plant.only_case().tasks} == {"materials"}, "what is left lasts for every order"
    plant.rest_is_known()


def test_R25_promised_stock_that_is_not_there_reaches_customer_service(plant: Plantside) -> None:
    plant.says("bobby.tran", "inventory count is off on 6319-4A, 900 cs short")
    number = plant.only_case().number
    assert plant.case(number).type == "inventory_discrepancy"
    assert any("Corner Mart" in h for h in plant.hears("karen.doyle")), "1,850 are promised, and 1,370 are left"
    assert plant.case(number).task("planner") is None, "the order that made it is done"
    plant.rest_is_known()


def test_R25_people_are_missing_the_supervisor_reads_who_can_run_the_line_and_no_order_is_in_danger(
    plant: Plantside,
) -> None:
    plant.says("denise.palmer", "2 people short on line 2 this morning")
    plant.rest_is_known()
    assert {t.role for t in plant.only_case().tasks} == {"supervisor"}, "Edson can run it"


def test_R25_nobody_on_shift_can_run_the_line_so_its_order_is_in_danger(plant: Plantside) -> None:
    plant.clock.turn_to(local(6, day=17))
    plant.settle()
    plant.rest_is_known()
    plant.says("luis.ortega", "2 people short on line 2 this morning")
    told = plant.hears("denise.palmer")
    assert any("Nobody on shift can run it: pasteurizer" in h for h in told), [h.text for h in told]
    planner = plant.hears("neil.abbott")
    assert any("WO-10476" in h and "Nobody on shift can run it" in h for h in planner)
    plant.rest_is_known()


def test_R25_who_can_run_it_is_named_to_the_supervisor(plant: Plantside) -> None:
    plant.says("luis.ortega", "2 people short on line 2 this morning")
    assert any("Can run it and are here: Edson" in h for h in plant.hears("denise.palmer"))
    assert plant.only_case().task("planner") is None
    plant.rest_is_known()


def test_R25_a_fault_that_lasts_reaches_the_planner_when_the_date_comes_near_and_not_before(plant: Plantside) -> None:
    erp_says(plant, orders={"WO-10488": {"due": local(7, 30, day=17)}})
    plant.says("edson.silva", "Wally has a fault, keeps stopping")
    plant.says("gary.lindqvist", "on it")
    number = plant.only_case().number
    plant.rest_is_known()
    plant.passes_until(local(7, 29))
    plant.hears_nothing("neil.abbott")
    assert plant.case(number).task("planner") is None

    plant.passes_until(local(7, 32))

    assert any("WO-10488" in h for h in plant.hears("neil.abbott"))
    task = plant.case(number).task("planner")
    assert task is not None
    assert local(7, 30) <= task.asked_at <= local(7, 32), "his clock begins now"
    plant.rest_is_known()
    plant.says("neil.abbott", "on it", reply_to=f"case:{number}")
    plant.passes(minutes=10)
    assert len([t for t in plant.case(number).tasks if t.role == "planner"]) == 1, "asked once"
    plant.rest_is_known()


@pytest.mark.parametrize("plant_folder", [ONLY_WHEN_LATE], indirect=True, ids=["own rules"])
def test_R25_a_stop_reaches_planning_and_customer_service_when_the_slack_of_the_order_is_used_up(
    plant: Plantside,
) -> None:
    # 1350 of 4200 cases in six hours: 12 h 40 min are left, and 13.5 hours until it is wanted.
    erp_says(plant, orders={"WO-10482": {"start": local(0), "due": local(19, 30)}})
    plant.says("maria.lopez", "filler on 3 jammed, line is down, 10482 standing still")
    plant.says("gary.lindqvist", "on it")
    number = plant.only_case().number
    plant.rest_is_known()
    plant.passes_until(local(6, 48))
    assert {t.role for t in plant.case(number).tasks} == {"maintenance"}

    plant.passes_until(local(6, 53))

    assert "planner" in {t.role for t in plant.case(number).tasks}
    assert any("WO-10482" in h for h in plant.hears("neil.abbott"))
    plant.hears_nothing("karen.doyle")
    plant.says("neil.abbott", "why me?", reply_to=f"case:{number}")
    assert any("slack" in h or "still stand" in h for h in plant.hears("neil.abbott"))
    plant.rest_is_known()
