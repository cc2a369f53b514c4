"""Air, power, water: one cause is one exception that leads, however many machines stand because of it (R21)."""

from __future__ import annotations

import pytest

from tests.plantside import Plantside


@pytest.fixture
def without_air(plant: Plantside) -> Plantside:
    plant.says("maria.lopez", "air pressure is gone on all lines")
    plant.rest_is_known()
    return plant


def test_R21_machines_that_stop_for_want_of_air_call_nobody_of_their_own(without_air: Plantside) -> None:
    plant = without_air
    plant.says("maria.lopez", "filler 3 stopped")
    plant.says("luis.ortega", "seamer 2 stopped")

    cause, *parts = plant.cases()
    assert [part.parent for part in parts] == [cause.number, cause.number]
    assert "Gary" in plant.hears_one("maria.lopez"), "she hears who has the air"
    plant.hears_nothing("gary.lindqvist")
    plant.hears_nothing("anita.rao")
    assert plant.hears("neil.abbott"), "the order of line 3 is at risk all the same, and its planner hears of it"
    plant.rest_is_known()


def test_R21_what_stopped_before_anybody_knew_why_becomes_part_of_it(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 stopped")
    plant.says("luis.ortega", "seamer 2 stopped")
    plant.rest_is_known()

    plant.says("dwayne.hicks", "compressor is down, everything stands")

    *parts, cause = plant.cases()
    assert [part.parent for part in parts] == [cause.number, cause.number]
    heard = [h.text for h in plant.hears("gary.lindqvist")]
    assert len([text for text in heard if "Compressed air" in text and "line stands" in text]) == 1
    assert len([text for text in heard if "nobody needs to come" in text]) == 2
    plant.passes(minutes=6)
    steps = [entry for part in parts for entry in plant.log(part.number) if entry in ("reminded", "escalated")]
    assert steps == [], "nobody is chased for a part"
    plant.rest_is_known()


def test_R21_several_machines_at_once_and_the_shift_lead_says_what_it_is(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 stopped")
    plant.says("luis.ortega", "seamer 2 stopped")
    plant.says("dwayne.hicks", "crowner 1 stopped")
    asked = plant.hears("denise.palmer")[-1]
    assert "one cause" in asked
    assert asked.buttons == ("Compressed air", "Power"), "what feeds all three lines, and not the chiller of two"

    plant.presses("denise.palmer", "one_cause", "AIR")

    *parts, cause = plant.cases()
    assert {part.parent for part in parts} == {cause.number}
    assert cause.assets == ("AIR",)
    plant.presses("denise.palmer", "one_cause", "AIR")
    assert len(plant.cases()) == 4, "pressed again, nothing is opened anew"
    plant.rest_is_known()


def test_R21_when_the_air_is_back_each_machine_is_asked_about_and_silence_calls_somebody(
    without_air: Plantside,
) -> None:
    plant = without_air
    plant.says("maria.lopez", "filler 3 stopped")
    plant.says("luis.ortega", "seamer 2 stopped")
    plant.says("gary.lindqvist", "on it EX-1001")
    plant.passes(minutes=20)
    plant.rest_is_known()

    plant.says("gary.lindqvist", "air is back, running again EX-1001")
    assert any("EX-1002" in h for h in plant.hears("maria.lopez")), "asked at once whether the filler runs"
    plant.presses("luis.ortega", "resolve", case="EX-1003")
    assert plant.case("EX-1003").status in ("resolved", "closed")
    plant.rest_is_known()

    plant.passes(minutes=11)
    assert plant.case("EX-1002").task("maintenance") is not None
    assert any("Filler 3" in h for h in plant.hears("gary.lindqvist")), "María said nothing: somebody has a look"
    plant.passes(minutes=1)
    plant.rest_is_known()


def test_R21_R22_another_fault_during_it_gets_its_own_technician(without_air: Plantside) -> None:
    plant = without_air
    plant.says("maria.lopez", "filler 3 stopped")
    plant.rest_is_known()

    plant.presses("maria.lopez", "own_cause")

    assert any("Filler 3" in h for h in plant.hears("gary.lindqvist"))
    assert plant.case("EX-1002").parent == "EX-1001", "the record keeps what it was taken for"
    assert "own_cause" in plant.log("EX-1002")
    plant.says("maria.lopez", "It is something else", button=plant.button("maria.lopez", "own_cause"))
    assert "already" in plant.hears("maria.lopez")[-1].text or "ya se mira" in plant.transcript("maria.lopez")[-1].text
    plant.rest_is_known()


def test_R21_a_line_that_the_utility_does_not_feed_is_its_own(plant: Plantside) -> None:
    plant.says("luis.ortega", "glycol chiller is down")
    plant.rest_is_known()

    plant.says("maria.lopez", "filler 3 stopped")  # the chiller feeds lines 1 and 2

    assert plant.cases()[-1].parent is None
    plant.rest_is_known()


def test_R21_a_line_that_is_named_may_have_a_fault_of_its_own(plant: Plantside) -> None:
    plant.says("denise.palmer", "no power on line 3")
    assert plant.only_case().line == "L3"
    plant.rest_is_known()
