"""A machine that runs slow is watched: nobody is called yet, and it is promoted if it lasts (R16, R6)."""

from __future__ import annotations

import pytest

from tests.plantside import Plantside


@pytest.mark.parametrize(
    ("person", "words"),
    [("maria.lopez", "filler 3 is running slow"), ("maria.lopez", "la llenadora 3 va lenta")],
)
def test_R16_a_machine_that_runs_slow_calls_nobody_and_is_asked_about(
    plant: Plantside, person: str, words: str
) -> None:
    plant.says(person, words)

    assert plant.only_case().status == "open"
    assert plant.hears_one(person)
    assert "runs slow" in plant.hears_one("denise.palmer"), "whoever runs the shift knows"
    plant.hears_nothing("gary.lindqvist")
    plant.passes(minutes=29)
    plant.hears_nothing(person)
    plant.passes(minutes=2)
    assert plant.hears_one(person).buttons
    plant.hears_nothing("gary.lindqvist")


def test_R16_it_is_promoted_when_it_lasts_and_when_nobody_answers(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 is running slow")
    plant.says("luis.ortega", "seamer 2 is running slow")
    plant.passes(minutes=31)
    plant.rest_is_known()

    plant.presses("maria.lopez", "still_slow")
    assert any("Filler 3" in h for h in plant.hears("gary.lindqvist"))
    filler, seamer = plant.cases()
    assert {t.role for t in filler.tasks if t.live} >= {"maintenance"}
    assert {t.role for t in seamer.tasks if t.live} == {"supervisor"}
    plant.passes(minutes=16)
    assert any("Seamer 2" in h for h in plant.hears("gary.lindqvist")), "silence promotes it too"
    assert plant.log(seamer.number).count("promoted") == 1
    plant.rest_is_known()


def test_R16_not_mine_does_not_end_the_watch(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 is running slow")
    plant.passes(minutes=1)
    plant.says("denise.palmer", "not mine", reply_to="case:EX-1001")
    assert "declined" in plant.log("EX-1001")
    plant.rest_is_known()

    plant.passes(minutes=31)

    assert plant.hears_one("maria.lopez").buttons, "she is asked whether it still runs slow"
    plant.rest_is_known()


def test_R16_it_is_over_when_it_runs_well_again(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 is running slow")
    plant.passes(minutes=31)
    plant.rest_is_known()

    plant.presses("maria.lopez", "resolve")

    assert not plant.only_case().is_open
    plant.passes(minutes=2)
    plant.rest_is_known()
    plant.hears_nothing("gary.lindqvist")


@pytest.mark.parametrize(
    "words", ["filler 3 is running slow and leaking oil", "filler 3 running slow, line stopped now"]
)
def test_R16_a_stop_or_another_trouble_is_a_breakdown_at_once(plant: Plantside, words: str) -> None:
    plant.says("maria.lopez", words)
    assert plant.hears("gary.lindqvist")
    plant.rest_is_known()


def test_R6_the_record_tells_the_stretches_of_its_life(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    plant.passes(minutes=4)
    plant.says("gary.lindqvist", "on it")
    plant.passes(minutes=10)
    plant.says("gary.lindqvist", "waiting for the seal, 20 min")
    plant.passes(minutes=15)
    plant.says("gary.lindqvist", "fixed")
    plant.passes(minutes=2)
    plant.rest_is_known()

    life = plant.as_json(plant.only_case().number)["segments"]

    assert [one["kind"] for one in life] == ["unattended", "working", "waiting", "fixed_not_posted"]
    assert "seal" in life[2]["waiting_for"]
    assert life[-1]["to"] is not None
