"""What people stumbled over in the first weeks, each told as it should have gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.plantside import Plantside

HOLD = "putting 6319-4A on hold, pallets without a date code"


def test_R40_whoever_may_decide_on_so_much_is_told_that_they_are_needed(plant: Plantside) -> None:
    plant.says("edson.silva", HOLD)
    plant.rest_is_known()

    plant.says("tamika.jones", "scrap 400 cs of 6319-4A")

    answer = plant.hears_one("tamika.jones")
    assert "needs manager" in answer
    assert "I have told Stephanie" in answer
    needed = plant.hears_one("stephanie.greer")
    assert "“scrap 400 cs of 6319-4A”" in needed
    assert needed.buttons == ("Decide",)
    plant.says("stephanie.greer", "scrap 400 cs", reply_to=f"case:{plant.only_case().number}")
    plant.presses("stephanie.greer", "confirm")
    assert plant.only_case().held_lot("6319-4A").remaining == 550
    plant.rest_is_known()


def test_R40_a_hold_of_quality_itself_says_that_somebody_else_decides_and_not_that_nobody_is_there(
    plant: Plantside,
) -> None:
    plant.says("tamika.jones", HOLD)

    told = plant.hears_one("tamika.jones")
    assert "quality (nobody but you there now; somebody else has to decide)" in told
    assert "nobody but Tamika is there, who reported it" in plant.hears("denise.palmer")[0]
    plant.rest_is_known()


def test_R4_who_is_asked_again_reads_that_it_is_open_again_and_what_is_new(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 jammed")
    plant.says("gary.lindqvist", "running again, jam cleared, 10 min")
    plant.passes(minutes=3)
    plant.rest_is_known()

    plant.says("maria.lopez", "filler 3 jammed again, line stands, oil everywhere")

    assert plant.only_case().line_stopped is True
    for person in ("gary.lindqvist", "anita.rao", "neil.abbott"):
        again = [h for h in plant.hears(person) if "oil everywhere" in h]
        assert again, person
        assert "open again" in again[0] or "de novo" in again[0], person
    plant.rest_is_known()


@pytest.mark.parametrize("words", ["false alarm on filler 3", "filler 3 is a false alarm, cancel it"])
def test_R14_a_supervisor_calls_off_by_words_and_a_false_alarm_of_nothing_opens_nothing(
    plant: Plantside, words: str
) -> None:
    plant.says("maria.lopez", "filler 3 jammed")
    plant.rest_is_known()
    plant.says("denise.palmer", words)
    assert plant.only_case().status == "cancelled"
    plant.rest_is_known()

    plant.says("denise.palmer", words)
    assert len(plant.cases()) == 1
    plant.rest_is_known()


def test_R24_an_old_forgotten_exception_does_not_swallow_a_new_report_and_somebody_decides(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 jammed")
    plant.passes(hours=26)
    plant.rest_is_known()

    plant.says("maria.lopez", "filler 3 jammed")

    old, new = plant.cases()
    assert new.recurrent_of == old.number
    assert new.number in plant.hears_one("maria.lopez")
    asked = [h for h in plant.hears("denise.palmer") if "without a word" in h]
    assert [h.case for h in asked] == [old.number]
    assert asked[0].buttons == ("Fixed", "Still on it", "Call it off")
    plant.says("denise.palmer", "Fixed", button=plant.button("denise.palmer", "resolve"))
    plant.passes(minutes=2)
    assert plant.cases()[0].status == "closed"
    assert plant.cases()[1].is_open
    plant.rest_is_known()


@pytest.mark.parametrize(
    ("sign", "what"), [("the seal is out, new one goes in", "updated"), ("anita does it", "handed_over")]
)
def test_R24_what_somebody_spoke_of_a_moment_ago_is_not_forgotten(plant: Plantside, sign: str, what: str) -> None:
    plant.says("maria.lopez", "filler 3 jammed")
    number = plant.only_case().number
    plant.clock.turn(timedelta(hours=24, minutes=20))
    plant.settle()
    plant.says("gary.lindqvist", sign, reply_to=f"case:{number}")
    assert what in plant.log(number)
    plant.passes(minutes=10)
    plant.rest_is_known()

    plant.says("maria.lopez", "filler 3 jammed")

    assert plant.only_case().number == number, "it joins what somebody is at"
    plant.rest_is_known()


def test_R11_an_order_that_cannot_be_is_asked_about_with_those_that_run_there(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 jammed, order 10842 stands")
    asked = plant.hears_one("maria.lopez")
    assert plant.only_case().status == "draft"
    assert any("WO-10482" in button for button in asked.buttons), "two digits swapped: what runs there comes first"
    plant.presses("maria.lopez", "answer", "work_order", "WO-10482")

    assert plant.only_case().work_orders == ("WO-10482",)
    assert "work_orders" not in plant.only_case().inferred
    plant.rest_is_known()
