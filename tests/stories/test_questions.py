"""Managers ask in chat; every number leads to the exceptions behind it."""

from __future__ import annotations

from tests.plantside import Plantside


def test_R57_a_summary_comes_from_the_records_with_its_exceptions(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler on 3 is down since 5:50, 10482 standing still")
    plant.says("gary.lindqvist", "fixed, loose cable, down 15 min")
    plant.says("luis.ortega", "out of cola cartons on 2")
    plant.passes(minutes=2)
    plant.rest_is_known()
    first, second = plant.cases()

    plant.says("stephanie.greer", "what happened on the day shift today?")

    summary = plant.hears_one("stephanie.greer")
    assert first.number in summary
    assert second.number in summary


def test_R57_open_items_and_who_has_them(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler on 3 is down since 5:50, 10482 standing still")
    plant.says("gary.lindqvist", "on my way, 10 min")
    plant.rest_is_known()
    number = plant.only_case().number

    plant.says("stephanie.greer", "Anything still open on the PET line?")
    assert number in plant.hears_one("stephanie.greer")
    plant.says("hector.salinas", "who has the filler problem on 3?")
    assert "Gary" in plant.hears_one("hector.salinas")
    plant.says("karen.doyle", "Is 10482 finished? Hy-Dale's truck backs in at 6.")
    answer = plant.hears_one("karen.doyle")
    assert "WO-10482" in answer
    assert number in answer, "what stops it"


def test_R57_nothing_open_is_said_in_one_line(plant: Plantside) -> None:
    plant.says("stephanie.greer", "anything open on line 3?")
    assert plant.hears_one("stephanie.greer").text.count("\n") == 0
