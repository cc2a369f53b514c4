"""The same machine again: a fix that did not hold, a fault that comes back, another cause beside it, an old case."""

from __future__ import annotations

import pytest

from tests.plantside import Plantside

FILLER_DOWN = "filler on 3 jammed, line is down, 10482 standing still"


def fixed(plant: Plantside) -> str:
    """A breakdown of the filler, repaired and closed."""
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "running again, loose cable, 10 min")
    plant.passes(minutes=2)
    assert plant.only_case().status == "closed"
    plant.rest_is_known()
    return plant.only_case().number


def test_R4_within_the_cooling_off_time_the_same_exception_is_open_again(plant: Plantside) -> None:
    number = fixed(plant)
    plant.passes(minutes=50)

    plant.says("maria.lopez", FILLER_DOWN)

    case = plant.only_case()
    assert (case.number, case.reopened, case.status) == (number, 1, "open")
    assert number in plant.hears_one("maria.lopez")
    assert "reopened" in plant.log(number)
    plant.rest_is_known()


def test_R4_what_came_back_says_since_when_it_is_back(plant: Plantside) -> None:
    fixed(plant)
    plant.passes(minutes=50)
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()

    plant.says("stephanie.greer", "what is open?")

    assert "since 06:00, back since 06:52" in plant.hears_one("stephanie.greer"), "both clocks can be seen"
    plant.rest_is_known()


def test_R4_later_it_is_a_new_one_that_is_marked_as_recurrent(plant: Plantside) -> None:
    number = fixed(plant)
    plant.passes(hours=6)
    plant.rest_is_known()

    plant.says("joana.ferreira", FILLER_DOWN)

    first, again = plant.cases()
    assert first.status == "closed"
    assert again.recurrent_of == number
    assert "recurrent" in plant.log(again.number)
    plant.rest_is_known()


def test_R22_the_same_line_with_another_machine_is_an_exception_of_its_own(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()

    plant.says("maria.lopez", "capper 3 is broken too")

    filler, capper = plant.cases()
    assert (filler.assets, capper.assets) == (("L3-FIL",), ("L3-CAP",))
    assert capper.number in plant.hears_one("maria.lopez")
    plant.rest_is_known()


@pytest.mark.parametrize(
    "words", ["another problem on filler 3, it leaks oil", "otro problema en la llenadora 3, tira aceite"]
)
def test_R22_another_problem_at_the_same_machine_is_its_own_and_its_reporter_reads_what_is_open_there(
    plant: Plantside, words: str
) -> None:
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    plant.passes(minutes=10)
    plant.rest_is_known()

    plant.says("maria.lopez", words)

    first, second = plant.cases()
    assert (second.assets, second.recurrent_of) == (first.assets, None)
    assert any(first.number in h for h in plant.hears("maria.lopez")), "what else is open there"
    plant.passes(minutes=20)
    plant.says("gary.lindqvist", "fixed, 30 min", reply_to=f"case:{first.number}")
    plant.says("gary.lindqvist", "fixed, 20 min", reply_to=f"case:{second.number}")
    counted = [s.posting.body["minutes"] for s in plant.postings() if s.posting.kind == "downtime"]
    assert counted == [30], "twenty of these minutes are in the thirty already"
    plant.passes(minutes=2)
    plant.rest_is_known()
