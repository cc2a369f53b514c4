"""What Linecall is not sure of it reads back in one question before anybody is sent for, and only that."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.plantside import Plantside
from workflow.messages import Inbound
from workflow.opening import NOTHING
from workflow.ports import Reader
from workflow.reading import Context, Question, Reading, ReportedException

JAM = ReportedException("machine_breakdown", "L1", ("L1-FIL",), confidence={"type": 0.8})
SAID = "it does that thing again over here"


@dataclass
class Doubting:
    """Reads one message as it is told to, and all others as ever."""

    instead: Reading
    of: Reader

    def read(self, message: Inbound, context: Context) -> Reading:
        """The doubtful reading of what Dwayne said first."""
        return self.instead if message.text == SAID else self.of.read(message, context)


def doubts(plant: Plantside, reading: Reading) -> None:
    """Whatever Dwayne means by it, this is how it was read."""
    plant.app.reader = Doubting(reading, plant.app.reader)


@pytest.fixture
def unsure(plant: Plantside) -> Plantside:
    """A report that is probably a breakdown of filler 1."""
    doubts(plant, Reading("report", (JAM,), ask=Question("confirm")))
    plant.says("dwayne.hicks", SAID)
    return plant


@pytest.fixture
def perhaps(plant: Plantside) -> Plantside:
    """Small talk that may be trouble at filler 1."""
    doubts(plant, Reading("chatter", mentioned=JAM, ask=Question("confirm", (NOTHING,))))
    plant.says("dwayne.hicks", SAID)
    return plant


def test_R18_an_unsure_report_is_read_back_whole_before_anybody_is_sent_for(unsure: Plantside) -> None:
    question = unsure.hears_one("dwayne.hicks")
    assert "Filler 1" in question
    assert "breakdown" in question
    assert question.buttons == ("Yes", "No")
    unsure.hears_nothing("gary.lindqvist")

    unsure.says("dwayne.hicks", "yes")

    assert unsure.only_case().status == "open"
    assert any("Filler 1" in h for h in unsure.hears("gary.lindqvist"))
    unsure.rest_is_known()


def test_R18_a_no_keeps_nothing_of_the_guess_and_asks_what_it_is_instead(unsure: Plantside) -> None:
    unsure.rest_is_known()
    unsure.presses("dwayne.hicks", "answer", "confirm", "no")

    assert "What is it then" in unsure.hears_one("dwayne.hicks")
    case = unsure.only_case()
    assert (case.status, case.type, case.assets) == ("draft", None, ())
    unsure.hears_nothing("gary.lindqvist")

    unsure.says("dwayne.hicks", "crowner 1 is jammed")

    draft, told = unsure.cases()
    assert draft.merged_into == told.number
    assert (told.status, told.assets) == ("open", ("L1-CRN",))
    unsure.rest_is_known()


def test_R18_after_a_no_the_kind_can_be_pressed(unsure: Plantside) -> None:
    unsure.presses("dwayne.hicks", "answer", "confirm", "no")
    unsure.presses("dwayne.hicks", "answer", "type", "material_shortage")

    case = unsure.only_case()
    assert (case.type, case.status, case.line, case.assets) == ("material_shortage", "open", "L1", ())
    unsure.rest_is_known()


def test_R18_after_a_no_it_can_be_called_off(unsure: Plantside) -> None:
    unsure.presses("dwayne.hicks", "answer", "confirm", "no")
    unsure.presses("dwayne.hicks", "cancel")

    assert unsure.only_case().status == "cancelled"
    unsure.hears_nothing("gary.lindqvist")
    unsure.rest_is_known()


def test_R18_a_no_and_then_silence_reaches_a_person(unsure: Plantside) -> None:
    unsure.presses("dwayne.hicks", "answer", "confirm", "no")
    unsure.rest_is_known()

    unsure.passes(minutes=4)

    assert any(SAID in h for h in unsure.hears("denise.palmer")), "the triage desk reads it in his own words"
    unsure.rest_is_known()


def test_R18_small_talk_that_may_be_trouble_is_asked_about_before_it_is_lost(perhaps: Plantside) -> None:
    question = perhaps.hears_one("dwayne.hicks")
    assert question.text.startswith("Is something wrong: Filler 1")
    perhaps.hears_nothing("gary.lindqvist")

    perhaps.presses("dwayne.hicks", "answer", "confirm", "yes")

    case = perhaps.only_case()
    assert (case.type, case.status, case.assets) == ("machine_breakdown", "open", ("L1-FIL",))
    perhaps.rest_is_known()


@pytest.mark.parametrize("words", ["no", "nein", "nee, alles gut"])
def test_R14_small_talk_after_all_ends_with_one_word(perhaps: Plantside, words: str) -> None:
    perhaps.rest_is_known()
    perhaps.says("dwayne.hicks", words)

    assert "Nothing recorded" in perhaps.hears_one("dwayne.hicks")
    assert perhaps.only_case().status == "cancelled"
    perhaps.passes(minutes=10)
    perhaps.hears_nothing("denise.palmer")
    perhaps.rest_is_known()


def test_R18_what_may_be_wrong_and_cannot_be_said_is_asked_for_after_the_yes(plant: Plantside) -> None:
    nameless = replace(JAM, type=None, line=None, assets=())
    doubts(plant, Reading("chatter", mentioned=nameless, ask=Question("confirm", (NOTHING,))))
    plant.says("dwayne.hicks", SAID)
    assert plant.hears_one("dwayne.hicks").text == "Is something wrong? Then I pass it on."

    plant.says("dwayne.hicks", "yes")
    assert "What kind of problem" in plant.hears_one("dwayne.hicks")
    plant.says("dwayne.hicks", "breakdown")

    case = plant.only_case()
    assert (case.type, case.status) == ("machine_breakdown", "open")
    plant.rest_is_known()


def test_R7_of_two_doubtful_things_each_is_read_back_by_itself(plant: Plantside) -> None:
    caps = ReportedException("material_shortage", "L1", confidence={"type": 0.8})
    doubts(plant, Reading("report", (JAM, caps), ask=Question("confirm")))
    plant.says("dwayne.hicks", SAID)
    jam, short = plant.cases()
    assert (jam.status, short.status) == ("draft", "draft")
    assert jam.linked == (short.number,)
    assert len(plant.hears("dwayne.hicks")) == 2

    plant.presses("dwayne.hicks", "answer", "confirm", "yes", case=jam.number)
    plant.presses("dwayne.hicks", "answer", "confirm", "no", case=short.number)

    jam, short = plant.cases()
    assert jam.status == "open"
    assert (short.status, short.type) == ("draft", None)
    plant.rest_is_known()


def test_R7_of_two_things_only_the_one_that_lacks_something_waits(plant: Plantside) -> None:
    nameless = replace(JAM, assets=())
    caps = ReportedException("material_shortage", "L1", confidence={"type": 0.9})
    doubts(plant, Reading("report", (caps, nameless), ask=Question("asset", ("L1-FIL", "L1-CRN"))))
    plant.says("dwayne.hicks", SAID)

    short, jam = plant.cases()
    assert (short.status, jam.status) == ("open", "draft")
    plant.presses("dwayne.hicks", "answer", "asset", "L1-FIL")
    assert plant.cases()[1].assets == ("L1-FIL",)
    plant.rest_is_known()


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("dwayne.hicks", "filler 1 is jammed"),
        ("maria.lopez", "llenadora 3 parada"),
        ("dwayne.hicks", "labeller 1 is down, line stands"),
        ("tamika.jones", "hold 6319-4A, caps leaking"),
        ("edson.silva", "robô da 4 parou"),
    ],
)
def test_a_plain_report_is_taken_at_once(plant: Plantside, person: str, words: str) -> None:
    plant.says(person, words)
    assert plant.only_case().status == "open", "nobody is asked about what is plainly said"
    plant.rest_is_known()
