"""People help the chase along: they raise what stands, put off what waits, and who is busy elsewhere is spared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.plantside import Plantside

FILLER_DOWN = "filler on 3 jammed since ten past, 10482 standing still"


def test_R30_whoever_waits_raises_it_and_the_first_owner_stays_responsible(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("gary.lindqvist", "acknowledge")
    plant.rest_is_known()
    plant.says("edson.silva", "filler 3 is standing, line is down")
    assert plant.hears_one("edson.silva").buttons == ("Precisa de ajuda",)

    plant.presses("edson.silva", "raise")

    assert "Edson" in plant.hears_one("denise.palmer")
    assert "Denise" in plant.hears_one("edson.silva")
    task = plant.only_case().task("maintenance")
    assert task.owner == "gary.lindqvist"
    assert task.acknowledged_by == "gary.lindqvist", "he still has it"
    assert task.escalated
    assert plant.only_case().escalated, "and it is no first pass any more (R1)"
    plant.hears_nothing("gary.lindqvist")


def test_R33_of_two_who_raise_it_on_what_they_saw_the_second_is_told_that_it_went_up(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("edson.silva", "filler 3 is standing, line is down")
    plant.says("luis.ortega", "filler 3 is down, everything stands")
    plant.rest_is_known()

    plant.presses("edson.silva", "raise")
    assert len(plant.hears("denise.palmer")) == 1
    plant.rest_is_known()
    plant.presses("luis.ortega", "raise")

    assert plant.only_case().number in plant.hears_one("luis.ortega")
    assert plant.only_case().task("maintenance").step == 1
    plant.hears_nothing("stephanie.greer")
    plant.hears_nothing("denise.palmer")


def test_R30_a_bystander_raises_nothing(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()
    plant.says("dwayne.hicks", "", button=f"raise|{plant.only_case().number}|maintenance|0")
    assert plant.only_case().number in plant.hears_one("dwayne.hicks")
    assert plant.only_case().task("maintenance").step == 0


def test_R31_whoever_has_it_puts_the_question_off_with_a_reason(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("gary.lindqvist", "acknowledge")
    plant.rest_is_known()

    plant.says("gary.lindqvist", "/later 90")
    assert "/later" in plant.hears_one("gary.lindqvist"), "not without a reason"
    plant.says("gary.lindqvist", "/later 90 the gearbox has to cool down")
    assert "07:30" in plant.hears_one("gary.lindqvist")
    assert "gearbox" in plant.hears_one("maria.lopez"), "whoever waits for it reads why"
    plant.passes(minutes=80)
    plant.hears_nothing("gary.lindqvist")
    plant.passes(minutes=12)

    assert "still on it" in plant.hears("gary.lindqvist")[-1].text
    assert "snoozed" in plant.log(plant.only_case().number)
    plant.rest_is_known()


def test_R31_nobody_puts_off_what_somebody_else_has(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("gary.lindqvist", "acknowledge")
    plant.rest_is_known()
    plant.says("anita.rao", "/later 90 no reason at all", reply_to=f"case:{plant.only_case().number}")
    assert "Gary" in plant.hears_one("anita.rao")


def test_R28_who_is_at_another_stopped_line_is_not_called_away_while_somebody_is_free(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("gary.lindqvist", "acknowledge")
    plant.rest_is_known()

    plant.says("luis.ortega", "seamer 2 is down, line stopped, 10476")

    case = plant.cases()[-1]
    assert case.task("maintenance").told == ("anita.rao",)
    plant.hears_nothing("gary.lindqvist")
    plant.rest_is_known()
    plant.passes(minutes=5)
    assert "gary.lindqvist" in plant.case(case.number).task("maintenance").told, (
        "she did not answer: now he hears of it"
    )
    plant.rest_is_known()


@pytest.mark.parametrize("said", ["no", "in 20 min", "ok", "yes", "not mine", "done", "2 hours", "on my way"])
def test_R14_a_bare_answer_to_nothing_opens_nothing_and_is_answered(plant: Plantside, said: str) -> None:
    for person in ("maria.lopez", "marcus.webb", "tamika.jones", "gary.lindqvist"):
        plant.says(person, said)
        plant.hears_one(person)
    assert plant.cases() == ()


def test_R25_a_wish_of_a_customer_without_an_order_tells_the_planner_what_is_known(plant: Plantside) -> None:
    plant.says("karen.doyle", "Hy-Dale wants 500 more")

    asked = plant.hears_one("neil.abbott")
    assert "Hy-Dale wants 500 more" in asked
    assert "500 cs" in asked
    assert "Which order was not said" in asked
    assert "SO-70127" in asked, "what Hy-Dale waits for, so that he can ask about the right one"
    plant.rest_is_known()


def test_R32_waiting_for_a_seal_pauses_the_chase_until_the_promised_time_and_everybody_sees_it(
    plant: Plantside,
) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on it")
    plant.rest_is_known()

    plant.says("gary.lindqvist", "waiting for a seal, 90 min")
    assert "seal" in plant.hears_one("maria.lopez")
    task = plant.only_case().task("maintenance")
    assert task.waiting_for
    assert plant.only_case().is_open
    plant.rest_is_known()
    plant.passes(minutes=85)
    plant.hears_nothing("gary.lindqvist")

    plant.passes(minutes=10)
    asked = plant.hears("gary.lindqvist")[0]
    assert "still on it" in asked
    assert "seal" in asked
    plant.rest_is_known()


@pytest.mark.parametrize("words", ["waiting for a seal, tomorrow", "waiting for parts", "in 90 min"])
def test_R32_nobody_puts_off_what_somebody_else_has(plant: Plantside, words: str) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on it")
    plant.rest_is_known()
    before = plant.only_case().task("maintenance")

    plant.says("anita.rao", words, reply_to=f"case:{plant.only_case().number}")

    assert "Gary" in plant.hears_one("anita.rao"), "she reads who has it"
    assert plant.only_case().task("maintenance") == before
    plant.rest_is_known()


def test_R32_whatever_time_is_promised_its_owner_is_asked_within_a_day(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "waiting for a motor, 3 days", reply_to=f"case:{plant.only_case().number}")
    task = plant.only_case().task("maintenance")
    assert task.acknowledged_by == "gary.lindqvist"
    assert task.next_step_at - plant.clock.now() <= timedelta(hours=24)
    plant.rest_is_known()
