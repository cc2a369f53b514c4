"""What must not be run is not run, however urgent it is; and in which order to run the rest (R46, R58)."""

from __future__ import annotations

import pytest

from tests.plantside import Plantside
from tests.stories.test_erp_changes import erp_says


def shake_ran_on_line_2(plant: Plantside) -> None:
    """The vanilla shake has milk and soy; behind it comes lemonade, which must have neither."""
    orders = {"WO-10476": {"status": "completed"}, "WO-10479": {"status": "running"}}
    erp_says(plant, orders=orders)
    plant.rest_is_known()


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("denise.palmer", "can we run 10477 on line 2 now?"),
        ("luis.ortega", "¿podemos correr 10477?"),
        ("fernanda.costa", "podemos rodar a WO-10477 agora?"),
    ],
)
def test_R46_another_product_is_not_run_before_the_line_is_cleared_and_set_up(
    plant: Plantside, person: str, words: str
) -> None:
    plant.says(person, words)
    no = plant.hears_one(person)
    assert "no run: other tooling" in no, "the answer names the rule that stopped it"
    assert "no run: line clearance" in no
    assert len(no.buttons) == 1

    plant.presses("luis.ortega" if person == "luis.ortega" else person, "cleared") if person != "fernanda.costa" else (
        plant.says("luis.ortega", "line 2 is cleared for 10477")
    )
    plant.rest_is_known()
    plant.says("denise.palmer", "can we run 10477 now?")

    assert "may run" in plant.hears_one("denise.palmer")
    plant.says("denise.palmer", "can we run 10478 now?")
    assert "line clearance" in plant.hears_one("denise.palmer"), "cleared for one order is not cleared for the next"


def test_R46_after_allergens_only_quality_says_that_the_line_is_clean(plant: Plantside) -> None:
    shake_ran_on_line_2(plant)
    plant.says("luis.ortega", "can we run 10480?")
    assert "no run: allergens of the last product" in plant.hears_one("luis.ortega")

    plant.presses("luis.ortega", "cleared")
    assert "calidad" in plant.hears_one("luis.ortega"), "an operator cannot say that the milk is gone"
    plant.says("tamika.jones", "line 2 is cleared for 10480")

    assert "may run" in plant.hears_one("tamika.jones")


def test_R46_no_priority_and_no_manager_beats_it(plant: Plantside) -> None:
    plant.says("stephanie.greer", "run 10485 first, because I say so")

    no = plant.hears_one("stephanie.greer")
    assert "no run: material on hold" in no
    plant.says("stephanie.greer", "what should we run next on line 3?")
    assert plant.hears_one("stephanie.greer").text.splitlines()[5].startswith("5. WO-10485"), "last, and with its rule"


def test_R46_an_order_that_erp_shows_running_against_a_rule_is_told_at_once(plant: Plantside) -> None:
    plant.passes(minutes=1)
    erp_says(plant, orders={"WO-10476": {"status": "completed"}, "WO-10477": {"status": "running"}})

    for person in ("denise.palmer", "tamika.jones"):
        stop = plant.hears_one(person)
        assert stop.text.startswith("STOP")
        assert "no run: line clearance" in stop
    plant.passes(minutes=5)
    plant.hears_nothing("denise.palmer")


def test_R46_someone_of_another_line_clears_nothing_here(plant: Plantside) -> None:
    plant.says("maria.lopez", "line 2 is cleared for 10477")
    assert "No cambié nada" in plant.hears_one("maria.lopez")
    plant.says("denise.palmer", "can we run 10477 now?")
    assert "line clearance" in plant.hears_one("denise.palmer")


def test_R46_words_about_an_order_that_ask_nothing_stay_what_they_are(plant: Plantside) -> None:
    plant.says("maria.lopez", "10482 does not run, filler jammed")
    assert plant.only_case().type == "machine_breakdown"
    plant.rest_is_known()


def test_R58_a_recommended_sequence_names_what_it_rests_on(plant: Plantside) -> None:
    plant.says("denise.palmer", "what should we run next on line 3?")

    said = plant.hears_one("denise.palmer").text
    rows = [line for line in said.splitlines() if line[:1].isdigit()]
    assert [row.split()[1] for row in rows] == ["WO-10482", "WO-10483", "WO-10484", "WO-10486", "WO-10485"]
    assert "runs now" in rows[0], "what runs is not moved"
    assert "change 15 min" in rows[1]
    assert "ERP as of" in said
    assert "other tooling 45 min" in said


def test_R58_whoever_runs_the_plant_overrides_it_with_a_reason_until_the_facts_change(plant: Plantside) -> None:
    plant.says("neil.abbott", "run 10486 first")
    assert "Why" in plant.hears_one("neil.abbott"), "without a reason it does not count"
    plant.says("neil.abbott", "run 10486 first, because the truck is here")
    assert "goes first" in plant.hears_one("neil.abbott")
    assert "the truck is here" in plant.hears_one("denise.palmer")
    plant.rest_is_known()

    plant.says("denise.palmer", "what should we run next on line 3?")
    said = plant.hears_one("denise.palmer").text
    assert said.splitlines()[2].startswith("2. WO-10486"), "behind what runs, before what ERP would have first"
    assert "Neil" in said

    erp_says(plant, orders={"WO-10483": {"priority": 1}})
    plant.says("denise.palmer", "what should we run next on line 3?")
    said = plant.hears_one("denise.palmer").text
    assert said.splitlines()[2].startswith("2. WO-10483")
    assert "WO-10486 is no longer first" in said, "it fell with the facts, and says so"


def test_R58_an_operator_may_ask_and_not_override(plant: Plantside) -> None:
    plant.says("maria.lopez", "run 10486 first, because I like it")
    assert "No cambié nada" in plant.hears_one("maria.lopez")
    plant.says("maria.lopez", "what should we run next on line 1?")
    plant.rest_is_known()
