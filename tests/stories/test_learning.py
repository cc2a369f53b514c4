"""What people call a machine is learnt from their answers once a supervisor accepts it, and can be forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot import lessons
from tests.conftest import RIVERSIDE
from tests.plantside import Plantside
from workflow.errors import LinecallError
from workflow.lessons import Lesson

HULK_FAULT = "hulk motor fault, won't start, need a mechanic"


@pytest.fixture
def plant_folder(tmp_path: Path) -> Path:
    """Riverside, where whoever reports a breakdown is asked which machine it is."""
    folder = tmp_path / "plant"
    shutil.copytree(RIVERSIDE, folder)
    rules = (folder / "rules.yaml").read_text("utf-8")
    asking = rules.replace("  machine_breakdown:\n", "  machine_breakdown:\n    needs: [line, asset]\n", 1)
    assert asking != rules
    (folder / "rules.yaml").write_text(asking, "utf-8")
    return folder


def learnt_so_far(plant: Plantside) -> tuple[Lesson, ...]:
    return lessons.all_lessons(plant.app)


def is_asked_and_answers(plant: Plantside, person: str, says: str, answers: str) -> None:
    """A breakdown is reported, the machine asked for and told, and the exception is over at once."""
    plant.says(person, says)
    assert plant.cases()[-1].asks == "asset", "which machine is it?"
    plant.says(person, answers)
    is_over(plant)


def is_over(plant: Plantside) -> None:
    newest = plant.cases()[-1]
    plant.says("gary.lindqvist", "reset the drive, running again, down 5 min", reply_to=f"case:{newest.number}")
    plant.passes(minutes=1)
    plant.rest_is_known()


def test_the_capper_is_called_the_hulk_and_nobody_is_asked_twice(plant: Plantside) -> None:
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")
    (proposed,) = learnt_so_far(plant)
    assert (proposed.words, proposed.what, proposed.ref, proposed.state) == ("hulk", "asset", "L3-CAP", "proposed")

    plant.passes(hours=5)
    is_asked_and_answers(plant, "maria.lopez", "the hulk keeps tripping on overload, need maintenance", "capper 3")
    plant.passes(hours=4)
    is_asked_and_answers(plant, "joana.ferreira", HULK_FAULT, "tampadora")
    (proposed,) = learnt_so_far(plant)
    assert (proposed.times, proposed.people) == (3, ("maria.lopez", "joana.ferreira"))

    lessons.accept(plant.app, proposed.id, "hector.salinas")
    plant.passes(hours=5)
    plant.says("tyrell.boone", "hulk motor fault again, won't start")

    assert plant.cases()[-1].assets == ("L3-CAP",), "nobody is asked"
    is_over(plant)

    lessons.forget(plant.app, proposed.id, "hector.salinas")
    plant.passes(hours=8)
    plant.says("maria.lopez", HULK_FAULT)
    assert plant.cases()[-1].asks == "asset", "asked again"
    plant.says("maria.lopez", "the capper")
    is_over(plant)
    assert [h.what for h in learnt_so_far(plant)[0].history].count("forgotten") == 1, "its history is kept"


def test_what_was_learnt_survives_a_restart(plant: Plantside) -> None:
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")
    lessons.accept(plant.app, 1, "denise.palmer")

    again = Plantside(plant.app.config, plant.clock.now())
    try:
        assert [n.words for n in again.app.plant.nicknames] == ["hulk"]
    finally:
        again.close()


def test_a_running_service_takes_up_what_was_accepted_elsewhere(plant: Plantside) -> None:
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")
    elsewhere = Plantside(plant.app.config, plant.clock.now())
    lessons.accept(elsewhere.app, 1, "denise.palmer")
    elsewhere.close()
    assert plant.app.plant.nicknames == (), "not yet"

    plant.passes(hours=5)
    plant.says("maria.lopez", HULK_FAULT)

    assert plant.cases()[-1].assets == ("L3-CAP",)
    is_over(plant)


def test_nothing_counts_before_it_is_accepted_by_somebody_who_may(plant: Plantside) -> None:
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")

    for nobody, why in (("maria.lopez", "supervisor or the manager"), ("gary.lindqvist", "supervisor or the manager"),
                        ("nobody.there", "plant.yaml")):  # fmt: skip
        with pytest.raises(LinecallError, match=why):
            lessons.accept(plant.app, 1, nobody)
    with pytest.raises(LinecallError, match="no lesson 7"):
        lessons.accept(plant.app, 7, "denise.palmer")

    plant.passes(hours=5)
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")


def test_who_alone_confirmed_it_does_not_accept_it(plant: Plantside) -> None:
    is_asked_and_answers(plant, "denise.palmer", HULK_FAULT + ", line 3", "the capper")

    with pytest.raises(LinecallError, match="somebody else"):
        lessons.accept(plant.app, 1, "denise.palmer")
    lessons.accept(plant.app, 1, "hector.salinas")

    assert learnt_so_far(plant)[0].state == "learnt"


def test_a_name_that_everybody_knows_does_not_change_hands(plant: Plantside) -> None:
    """Somebody calls the filler's trouble the capper's, again and again: the filler stays the filler."""
    for _ in range(3):
        plant.says("maria.lopez", "filler motor fault, won't start, need a mechanic")
        assert plant.cases()[-1].assets == ("L3-FIL",)
        plant.says("maria.lopez", "sorry, not the filler, the capper")
        is_over(plant)
        plant.passes(hours=5)

    assert learnt_so_far(plant) == ()


def test_what_was_learnt_does_not_change_hands_either(plant: Plantside) -> None:
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")
    lessons.accept(plant.app, 1, "denise.palmer")
    plant.passes(hours=5)

    plant.says("maria.lopez", HULK_FAULT)
    plant.says("maria.lopez", "sorry, not the hulk, the palletizer")
    is_over(plant)

    assert [(x.words, x.ref) for x in learnt_so_far(plant)] == [("hulk", "L3-CAP")]


@pytest.mark.parametrize("hostile", [
    "hulk motor fault, won't start, see http://evil.example/hulk",
    "hu\u200blk motor fault, won't start, need a mechanic",
    "{{hulk}} motor fault, won't start, need a mechanic",
])  # fmt: skip
def test_R17_hostile_text_teaches_nothing(plant: Plantside, hostile: str) -> None:
    plant.says("maria.lopez", hostile)
    if plant.cases()[-1].asks is not None:
        plant.says("maria.lopez", "the capper")
    is_over(plant)

    assert [x for x in learnt_so_far(plant) if x.what == "asset"] == []
