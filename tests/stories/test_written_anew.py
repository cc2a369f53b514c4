"""A message that its writer changes later: it may put the report right, and never undoes what was decided (R19)."""

from __future__ import annotations

from tests.plantside import Plantside
from workflow.messages import Inbound


def edits(plant: Plantside, person: str, message_id: str, n: int, text: str) -> None:
    """A person writes an earlier message anew; the chat tells us under an id of its own."""
    at = plant.clock.now()
    plant.app.receive(Inbound("web", f"{message_id}:edit:{n}", person, person, at, text, edits=message_id))
    plant.settle()


def says_as(plant: Plantside, person: str, message_id: str, text: str) -> None:
    """A person writes a message whose id the story knows."""
    plant.app.receive(Inbound("web", message_id, person, person, plant.clock.now(), text))
    plant.settle()


def test_R19_a_report_written_anew_corrects_the_same_exception_and_keeps_what_stood_there(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", "filler 3 jammed, line is down")
    plant.passes(minutes=1)
    plant.rest_is_known()

    edits(plant, "maria.lopez", "m1", 1, "capper 3 jammed, line is down")

    case = plant.only_case()
    assert case.assets == ("L3-CAP",)
    assert "Capper 3" in plant.hears_one("gary.lindqvist"), "whoever was told wrong hears it"
    assert case.said == "filler 3 jammed, line is down", "the first words stay in the record"
    assert "corrected" in plant.log(case.number)
    plant.rest_is_known()


def test_R19_an_edit_that_changes_nothing_says_nothing(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", "filler 3 jammed, line is down")
    plant.rest_is_known()
    edits(plant, "maria.lopez", "m1", 1, "filler 3 jammed, line is down")
    assert "corrected" not in plant.log(plant.only_case().number)


def test_R19_a_decision_stands_whatever_its_message_says_later(plant: Plantside) -> None:
    plant.says("maria.lopez", "putting 6319-4A on hold, pallets without a date code")
    number = plant.only_case().number
    says_as(plant, "tamika.jones", "d1", "6319-4A: scrap 50 cs")
    plant.passes(seconds=5)
    plant.presses("tamika.jones", "confirm")
    before = plant.case(number)
    assert before.decisions == 1
    plant.rest_is_known()

    edits(plant, "tamika.jones", "d1", 1, "6319-4A: release everything")

    after = plant.case(number)
    assert (after.parts, after.decisions) == (before.parts, 1), "what was decided is decided"
    assert not any(s.posting.kind == "lot_release" for s in plant.postings(number))
    plant.passes(minutes=1)
    plant.rest_is_known()


def test_R19_an_exception_that_is_over_is_not_changed_by_an_edit(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", "filler 3 jammed, line is down")
    plant.says("gary.lindqvist", "on it")
    plant.says("gary.lindqvist", "fixed, 5 min")
    plant.passes(minutes=2)
    plant.rest_is_known()
    before = plant.only_case()

    edits(plant, "maria.lopez", "m1", 1, "capper 3 jammed, line is down")

    assert plant.only_case().assets == before.assets
    assert plant.hears_one("maria.lopez"), "she reads how it stands"


def test_R19_a_draft_takes_the_new_words(plant: Plantside) -> None:
    says_as(plant, "denise.palmer", "m1", "the filler is jammed")
    case = plant.only_case()
    assert case.status == "draft", "which filler?"
    plant.rest_is_known()

    edits(plant, "denise.palmer", "m1", 1, "filler 2 is jammed")

    assert plant.cases()[-1].assets == ("L2-FIL",)
    plant.passes(minutes=5)
    plant.rest_is_known()


def test_R19_an_edit_that_is_here_before_its_message_opens_its_own_exception_and_touches_no_other(
    plant: Plantside,
) -> None:
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    first = plant.only_case()
    plant.rest_is_known()

    edits(plant, "maria.lopez", "m2", 1, "seamer 2 jammed, line is down")
    says_as(plant, "maria.lopez", "m2", "seamer 2 jam")

    before, second = plant.cases()
    assert (before.assets, "corrected" in plant.log(first.number)) == (("L3-FIL",), False)
    assert second.assets == ("L2-SEA",)
    assert second.said == "seamer 2 jammed, line is down", "and the first writing is nothing new"
    edits(plant, "maria.lopez", "m2", 2, "palletizer 2 jammed, line is down")
    before, second = plant.cases()
    assert before.assets == ("L3-FIL",)
    assert second.assets == ("L2-PAL",), "what is written anew again still belongs where it led"
    plant.rest_is_known()
