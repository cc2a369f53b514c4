"""What people call a machine is learnt from their answers once a supervisor accepts it, and can be forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot import lessons
from bot.trying_names import effects_of
from bot.web import create_web, issue_link
from tests.conftest import RIVERSIDE
from tests.plantside import Plantside
from tests.web.door import Visitor
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


def what_to_improve(plant: Plantside, person: str) -> str:
    """The answer to the question."""
    plant.hears(person)
    plant.says(person, "what should we improve this month?")
    (told,) = plant.hears(person)
    return told


def test_R61_a_name_is_tried_on_past_reports_before_anybody_accepts_it(plant: Plantside) -> None:
    """Twice the hulk was the capper, once the palletizer; a report that names its machine anyway changes nothing."""
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT, "the capper")
    plant.passes(hours=5)
    is_asked_and_answers(plant, "maria.lopez", "the hulk keeps tripping on overload, need maintenance", "capper 3")
    plant.passes(hours=5)

    before = learnt_so_far(plant)
    told = what_to_improve(plant, "stephanie.greer")
    assert "“hulk” for Capper 3, 2 times; tried on 2 past reports that say it: 2 would have named it at once" in told
    assert "something else" not in told
    assert learnt_so_far(plant) == before, "trying changes nothing"
    assert plant.app.plant.nicknames == ()

    plant.passes(hours=5)
    plant.says("maria.lopez", "capper 3 motor fault, the hulk won't start")
    is_over(plant)
    plant.passes(hours=5)
    is_asked_and_answers(plant, "maria.lopez", HULK_FAULT + " at once", "palletizer 3")
    newest = plant.cases()[-1].number
    told = what_to_improve(plant, "stephanie.greer")
    assert f"tried on 4 past reports that say it: 2 would have named it at once, {newest} meant something else" in told
    assert "“hulk” for Palletizer 3, 1 times; tried on 4 past reports" in told, "the other way round it is seen too"

    web = create_web(plant.app)
    visitor = Visitor(web, "localhost:8080", "127.0.0.1", {})
    visitor.post("/sign-in", data={"link": issue_link(plant.app, "stephanie.greer").partition("token=")[2]})
    page = visitor.get("/improve").text
    shown = page.partition("would have named it at once")
    assert shown[1], "the effect stands above the button"
    assert 'value="accept"' in shown[2]
    assert "/cases/EX-1001" in shown[2]

    with plant.app.database.read() as tx:
        (proposed, *_) = [one for one in learnt_so_far(plant) if one.ref == "L3-CAP"]
        effect = effects_of(tx)[proposed.id]
    assert effect.right == ("EX-1002", "EX-1001")
    lessons.accept(plant.app, proposed.id, "hector.salinas")
    plant.passes(hours=5)
    plant.says("maria.lopez", HULK_FAULT)
    assert plant.cases()[-1].assets == ("L3-CAP",), "as it was tried, so it is read"
    is_over(plant)
