"""A message that is deleted in the chat: the exception stays, and whoever is concerned hears what that means (R19)."""

from __future__ import annotations

from tests.plantside import Plantside
from tests.stories.test_written_anew import says_as
from workflow.messages import Inbound

FILLER = "filler 3 jammed, line is down"


def deletes(plant: Plantside, person: str, message_id: str, text: str) -> None:
    """A message of a person is deleted; the chat tells us with the words that stood there."""
    at, id_ = plant.clock.now(), f"{message_id}:deleted"
    plant.app.receive(Inbound("web", id_, person, person, at, text, edits=message_id, deleted=True))
    plant.settle()


def test_R19_a_deleted_report_stays_and_its_reporter_is_asked_whether_it_is_over(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", FILLER)
    plant.says("gary.lindqvist", "on it")
    plant.passes(minutes=1)
    plant.rest_is_known()

    deletes(plant, "maria.lopez", "m1", FILLER)

    case = plant.only_case()
    assert (case.is_open, case.said) == (True, FILLER)
    assert "words_deleted" in plant.log(case.number)
    assert "borró" in plant.hears_one("maria.lopez")
    assert "was deleted" in plant.hears_one("gary.lindqvist"), "whoever is at it goes on"
    plant.rest_is_known()
    deletes(plant, "maria.lopez", "m1", FILLER)
    plant.hears_nothing("maria.lopez")

    plant.presses("maria.lopez", "cancel")
    assert not plant.only_case().is_open, "she says that there is nothing"
    assert "called off" in plant.hears_one("gary.lindqvist")
    plant.rest_is_known()


def test_R19_what_its_reporter_does_not_call_off_is_chased_as_before(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", FILLER)
    plant.rest_is_known()
    deletes(plant, "maria.lopez", "m1", FILLER)
    plant.rest_is_known()
    plant.passes(minutes=20)
    assert any("EX-1001" in heard for heard in plant.hears("gary.lindqvist")), "silence ends nothing"
    assert plant.only_case().is_open
    plant.rest_is_known()


def test_R15_of_a_danger_whose_words_are_gone_everybody_who_was_asked_hears(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", "ammonia leak at filler 3")
    case = plant.only_case()
    asked = sorted({p for task in case.tasks for p in task.told} - {"maria.lopez"})
    assert asked, "somebody has to be asked for this to mean anything"
    plant.rest_is_known()
    deletes(plant, "maria.lopez", "m1", "ammonia leak at filler 3")
    for person in asked:
        assert any("EX-1001" in heard for heard in plant.hears(person)), person
    assert plant.only_case().is_open
    plant.rest_is_known()


def test_R19_a_deleted_hold_offers_its_reporter_no_way_out(plant: Plantside) -> None:
    said = "putting 6319-4A on hold, pallets without a date code"
    says_as(plant, "edson.silva", "h1", said)
    plant.rest_is_known()
    deletes(plant, "edson.silva", "h1", said)
    (told,) = plant.hears("edson.silva")
    assert told.buttons == (), "a hold is quality's"
    assert plant.only_case().undecided == ("6319-4A",)
    plant.rest_is_known()


def test_R19_a_deleted_answer_or_decision_stands_and_disturbs_nobody(plant: Plantside) -> None:
    says_as(plant, "maria.lopez", "m1", FILLER)
    says_as(plant, "gary.lindqvist", "g1", "on it, 10 min")
    plant.rest_is_known()
    before = plant.only_case()
    deletes(plant, "gary.lindqvist", "g1", "on it, 10 min")
    assert plant.only_case().tasks == before.tasks
    assert "words_deleted" in plant.log(before.number)
    for person in ("gary.lindqvist", "maria.lopez"):
        plant.hears_nothing(person)
    says_as(plant, "gary.lindqvist", "g2", "fixed, 5 min")
    plant.passes(minutes=2)
    plant.rest_is_known()
    deletes(plant, "maria.lopez", "m1", FILLER)
    plant.hears_nothing("maria.lopez")


def test_R19_a_piece_of_a_report_that_nobody_heard_of_yet_is_taken_back(plant: Plantside) -> None:
    plant.says("maria.lopez", "capper 3")
    says_as(plant, "maria.lopez", "p1", "filler 3")
    deletes(plant, "maria.lopez", "p1", "filler 3")
    plant.passes(seconds=15)
    assert plant.only_case().assets == ("L3-CAP",), "the other piece is what she says"
    plant.rest_is_known()
