"""Minutes told a moment after the end, without a reply: read back, with a way to say no; of two it is asked which."""

from __future__ import annotations

import pytest

from tests.plantside import Plantside

FILLER_DOWN = "filler on 3 jammed, line is down, 10482 standing still"


def ended(plant: Plantside, said: str = "running again, loose cable, 40 min") -> str:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", said)
    plant.passes(minutes=2)
    plant.rest_is_known()
    return plant.only_case().number


@pytest.mark.parametrize("words", ["sorry it was 60 min", "it was 60 min, not 40", "took 60 min"])
def test_R47_whoever_ended_it_says_how_long_it_really_was_without_a_reply(plant: Plantside, words: str) -> None:
    ended(plant)

    plant.says("gary.lindqvist", words)

    asked = plant.hears_one("gary.lindqvist")
    assert "40 min" in asked
    assert "60 min" in asked
    assert plant.only_case().downtime_min == 40, "read back, and nothing done yet"
    plant.presses("gary.lindqvist", "restate")
    assert plant.only_case().downtime_min == 60
    plant.passes(minutes=3)
    plant.rest_is_known()


def test_R47_left_alone_nothing_changes(plant: Plantside) -> None:
    ended(plant)
    plant.says("gary.lindqvist", "took 60 min")
    plant.hears_one("gary.lindqvist")
    plant.passes(minutes=30)
    assert plant.only_case().downtime_min == 40
    plant.rest_is_known()


def test_R47_the_reporter_may_say_it_too(plant: Plantside) -> None:
    ended(plant)
    plant.says("maria.lopez", "perdón fueron 60 minutos")
    assert "60 min" in plant.hears_one("maria.lopez")
    plant.presses("maria.lopez", "restate")
    assert plant.only_case().downtime_min == 60
    plant.passes(minutes=3)
    plant.rest_is_known()


def test_R26_of_two_that_ended_it_is_asked_which_was_meant(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    first = plant.only_case().number
    plant.says("gary.lindqvist", f"{first} running again, 40 min")
    plant.says("maria.lopez", "labeller jammed, glue everywhere")
    second = next(c.number for c in plant.cases() if c.number != first)
    plant.says("gary.lindqvist", f"{second} running again, 10 min")
    plant.passes(minutes=2)
    plant.rest_is_known()

    plant.says("maria.lopez", "sorry it was 25 min")

    asked = plant.hears_one("maria.lopez")
    assert first in asked
    assert second in asked
    plant.rest_is_known()


def test_minutes_of_nothing_that_ended_lately_open_and_change_nothing(plant: Plantside) -> None:
    number = ended(plant)
    plant.passes(minutes=180)
    plant.rest_is_known()
    plant.says("maria.lopez", "it was 60 min, not 40")
    assert [c.number for c in plant.cases()] == [number]
    assert plant.only_case().downtime_min == 40
    plant.rest_is_known()


def test_R27_whoever_has_it_in_hand_promises_nothing_by_what_it_took(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way")
    plant.rest_is_known()
    plant.says("gary.lindqvist", "took 40 min")
    lead = plant.only_case().lead
    assert lead is not None
    assert lead.promised_at is None, "40 minutes ago is no promise for in 40 minutes"
    plant.rest_is_known()
