"""Where the rules want a second pair of eyes, whoever fixed it does not say alone that it is over (R35)."""

from __future__ import annotations

from tests.plantside import Plantside
from tests.stories.test_rules_reloaded import edit, own

__all__ = ["own"]

SECOND_EYE = """
exceptions:
  machine_breakdown:
    verify: {roles: [maintenance, supervisor], when: line == "L3", within: 10m, then: [manager]}
"""
DOWN = "filler 3 jammed, line is down"


def fixed_by_gary(plant: Plantside) -> str:
    edit(plant, SECOND_EYE)
    plant.says("maria.lopez", DOWN)
    plant.says("gary.lindqvist", "on it")
    plant.passes(minutes=20)
    plant.rest_is_known()
    plant.says("gary.lindqvist", "running again, new seal")
    return plant.only_case().number


def test_R35_nothing_is_over_before_somebody_else_has_looked(own: Plantside) -> None:
    plant = own
    number = fixed_by_gary(plant)
    assert plant.case(number).is_open
    assert "second person" in plant.hears_one("gary.lindqvist")
    assert "new seal" in plant.hears_one("denise.palmer"), "she hears what was done"
    plant.rest_is_known()
    plant.passes(minutes=4)

    plant.presses("anita.rao", "verify")

    case = plant.case(number)
    assert (case.status, case.resolved_by) == ("resolved", "gary.lindqvist"), "it is his work, and she has looked at it"
    task = next(t for t in case.tasks if t.verified_by)
    assert (task.verified_by, task.role) == ("anita.rao", "maintenance")
    assert case.downtime_min == 20, "the machine ran again when he said so, and not when she looked"
    assert [e for e in plant.log(number) if e in ("says_fixed", "verified", "resolved")] == [
        "says_fixed",
        "verified",
        "resolved",
    ]
    plant.passes(minutes=3)
    plant.rest_is_known()


def test_R35_whoever_fixed_it_does_not_verify_it(own: Plantside) -> None:
    plant = own
    number = fixed_by_gary(plant)
    plant.rest_is_known()

    plant.says("gary.lindqvist", "it is fixed, running", reply_to=f"case:{number}")
    assert "somebody else looks" in plant.hears_one("gary.lindqvist")
    plant.says("maria.lopez", "running again", reply_to=f"case:{number}")
    assert plant.case(number).is_open, "the operator of the line is not whom the rule names"
    plant.rest_is_known()

    plant.says("denise.palmer", "looks good, running again", reply_to=f"case:{number}")
    assert plant.case(number).status == "resolved", "words do as well as the button"
    plant.passes(minutes=2)
    plant.rest_is_known()


def test_R35_a_second_person_who_finds_it_still_wrong_gives_it_back(own: Plantside) -> None:
    plant = own
    number = fixed_by_gary(plant)
    plant.rest_is_known()

    plant.presses("denise.palmer", "not_fixed")

    case = plant.case(number)
    assert case.is_open
    assert "yours again" in plant.hears_one("gary.lindqvist")
    lead = case.lead
    assert lead is not None
    assert (lead.acknowledged_by, lead.next_step_at is not None) == ("gary.lindqvist", True), "and he is asked about it"
    plant.rest_is_known()
    plant.says("gary.lindqvist", "fixed now")
    plant.presses("denise.palmer", "verify")
    assert plant.case(number).status == "resolved"
    plant.passes(minutes=2)
    plant.rest_is_known()


def test_R35_a_second_look_that_nobody_takes_is_chased_and_goes_up(own: Plantside) -> None:
    plant = own
    number = fixed_by_gary(plant)
    plant.rest_is_known()

    plant.passes(minutes=11)
    assert plant.hears("anita.rao"), "reminded"
    plant.hears_nothing("gary.lindqvist")
    plant.passes(minutes=11)
    assert any(number in h for h in plant.hears("stephanie.greer"))
    plant.presses("anita.rao", "verify")
    plant.passes(minutes=2)
    plant.rest_is_known()


def test_R35_on_other_lines_one_person_is_enough(own: Plantside) -> None:
    plant = own
    edit(plant, SECOND_EYE)
    plant.says("luis.ortega", "seamer 2 down, line stopped")
    plant.says("gary.lindqvist", "on it")
    plant.says("gary.lindqvist", "fixed")
    assert plant.only_case().status == "resolved"
    plant.passes(minutes=2)
    plant.rest_is_known()


def test_R35_a_mistake_in_the_rule_is_told_with_its_line(own: Plantside) -> None:
    edit(own, "exceptions:\n  machine_breakdown:\n    verify: {roles: [fitter]}\n")
    assert own.app.rules_refused[0]["line"] == 3
