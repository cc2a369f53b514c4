"""A yes, a no or a promise that answers nothing sends for nobody; a danger told in reply to a case is a danger."""

from __future__ import annotations

import pytest

from tests.nlp.world import read
from workflow.reading import Asked, ReportedException

JAM = ReportedException(type="machine_breakdown", line="BAK", assets=())


@pytest.mark.parametrize(
    "text",
    [
        "no", "nope", "yes", "in 20 min", "not mine", "ok",
        "sí", "vale", "no es mío", "não", "sim", "em 20 min", "não é meu",
        "nein", "ja", "in 20 Minuten", "nicht meins", "nie", "tak", "za 20 min", "nie moje",
        "nahi", "haan", "20 min me", "mera nahi", "oui", "dans 20 min", "pas moi", "नहीं", "हाँ", "20 मिनट में", "मेरा नहीं",
    ],
)  # fmt: skip
def test_an_answer_to_nothing_is_no_report(text: str) -> None:
    reading = read(text)
    assert reading.intent == "chatter"
    assert reading.exceptions == ()
    assert not reading.urgent


@pytest.mark.parametrize("text", ["no", "nope", "in 20 min", "not mine", "nein", "nie", "nahi", "não"])
def test_the_reader_is_not_sure_of_it(text: str) -> None:
    assert read(text).confidence["intent"] <= 0.3


def test_a_no_to_a_question_still_answers_it() -> None:
    assert read("no", question=Asked("confirm", JAM)).answer is False


def test_a_promise_in_a_case_still_promises() -> None:
    reading = read("in 20 min", thread=JAM)
    assert reading.intent in ("acknowledge", "update")
    assert reading.eta_min == 20


@pytest.mark.parametrize(
    "text",
    [
        "got the cover off, live wire hanging behind the panel",
        "now there is smoke coming off the motor",
        "Kollege hat sich dabei die Hand gequetscht",
        "iskra poszła, Marek dostał prądem",
        "se cortó la mano quitando el atasco, sangra mucho",
    ],
)
def test_a_danger_told_in_reply_is_told_to_a_person(text: str) -> None:
    reading = read(text, thread=JAM)
    assert reading.intent == "report"
    assert reading.urgent
    assert [e.type for e in reading.exceptions] == ["safety"]


def test_what_was_done_about_it_is_no_new_danger() -> None:
    assert read("false alarm, it was only steam, no fire", thread=JAM).intent != "report"


def test_two_machines_in_one_line_are_two_exceptions() -> None:
    """R7: the same kind twice, each of its own machine."""
    reading = read("slicer is jammed and the oven is tripping on overload")
    assert [e.type for e in reading.exceptions] == ["machine_breakdown"] * 2
    assert len({e.assets for e in reading.exceptions}) == 2


def test_a_crew_that_is_too_small_is_counted_by_what_lacks() -> None:
    reading = read("we are only 3 instead of 5 people on the line today")
    assert [(e.type, e.quantity and e.quantity.value) for e in reading.exceptions] == [("labor_shortage", 2)]
