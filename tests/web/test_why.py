"""The page of an exception tells why its message was read as it was, on the day it was read."""

from __future__ import annotations

import re

from tests.web.door import BREAKDOWN, OpenDoor
from tests.web.test_pages import HOSTILE, Seen
from workflow.lessons import Nickname


def page(door: OpenDoor, number: str) -> str:
    return door.someone.get(f"/cases/{number}").text


def test_the_words_are_marked_and_lead_to_what_was_taken_from_them(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)

    html = page(door, door.cases()[0].number)

    reading = html.split('class="reading"')[1].split("</details>")[0]
    assert '<mark class="link">filler on 3</mark>' in reading or '<mark class="link">filler</mark>' in reading
    assert '<mark class="cue">' in reading
    assert "Filler 3" in reading
    assert re.search(r'<meter aria-label="[^"]+" min="0" max="1" value="(0\.\d+|1\.0)">\d+ %</meter>', reading)
    assert "no language model" in reading
    assert re.sub(r"<[^>]+>", "", reading.split('class="marked"')[1].split("</p>")[0]).endswith(BREAKDOWN)


def test_a_question_and_the_kind_of_it_are_told(door: OpenDoor) -> None:
    door.writes("denise.palmer", "filler is down")
    case = door.cases()[0]
    assert case.status == "draft", "guards the premise: she is asked"

    seen = Seen(page(door, case.number)).text

    assert "the sender was asked" in seen


def test_it_stays_as_it_was_read_when_the_words_get_another_meaning(door: OpenDoor) -> None:
    door.writes("maria.lopez", "hulk motor fault, won't start, need a mechanic")
    number = door.cases()[0].number
    before = page(door, number).split('class="reading"')[1].split("</details>")[0]

    door.app.teach((Nickname("asset", "L3-CAP", "hulk"),), ())

    assert page(door, number).split('class="reading"')[1].split("</details>")[0] == before


def test_what_was_learnt_is_said_to_be_learnt(door: OpenDoor) -> None:
    door.app.teach((Nickname("asset", "L3-CAP", "hulk"),), ())
    door.writes("maria.lopez", "hulk motor fault, won't start, need a mechanic")

    seen = Seen(page(door, door.cases()[0].number)).text

    assert "learnt from people's answers" in seen
    assert "Capper 3" in seen


def test_hostile_words_are_text_there_too(door: OpenDoor) -> None:
    door.writes("maria.lopez", HOSTILE)

    html = page(door, door.cases()[0].number)

    assert "<script>alert" not in html
    assert "Why was it read so?" in html
