"""The conversation about an exception on its page: in order of time, short, and to whom it may be shown."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bot.web import said
from tests.web.door import BREAKDOWN, OpenDoor, Visitor
from tests.web.test_figures_page import signed_in

MARIA, GARY, DENISE = "maria.lopez", "gary.lindqvist", "denise.palmer"
BENT = "star wheel is bent, 20 min"


@pytest.fixture
def talk(opened: Callable[..., OpenDoor], database_url: str | None) -> OpenDoor:
    """Maria reported a stop, Gary took it by a press and said until when; Luis speaks of another line."""
    door = opened(play=False, database_url=database_url)
    door.says(MARIA, BREAKDOWN)
    door.passes(minutes=4)
    door.presses(GARY, "acknowledge")
    door.says(GARY, BENT)
    door.says("luis.ortega", "seamer on 2 jammed, line is down")
    return door


def conversation(visitor: Visitor, path: str = "/cases/EX-1001") -> list[tuple[str, str]]:
    """Who said or was told what, in the order of the page."""
    page = visitor.get(path).text
    section = page.partition('id="conversation"')[2].partition("</section>")[0]
    found = re.findall(r"<b>(.*?)</b><p[^>]*>(.*?)</p>", section, re.DOTALL)
    return [(re.sub(r"<[^>]+>", "", who), text) for who, text in found]


def test_R57_whoever_sees_the_plant_reads_the_conversation_of_an_exception_in_order(talk: OpenDoor) -> None:
    shown = conversation(signed_in(talk, DENISE))

    assert shown[0] == ("María López", BREAKDOWN)
    wrote = [one for one in shown if not one[0].startswith("Linecall")]
    assert wrote == [("María López", BREAKDOWN), ("Gary Lindqvist", "On it"), ("Gary Lindqvist", BENT)]
    together = [text for who, text in shown if who == "Linecall → Anita Rao, Gary Lindqvist"]
    assert len(together) == 1, "what two were told in the same words stands there once"
    assert "breakdown" in together[0]
    assert shown[-1] == ("Linecall → María López", "EX-1001: Gary dice que a las 06:44.")
    assert not [text for _, text in shown if "seamer" in text.lower()], "the other exception has its own page"
    assert conversation(signed_in(talk, DENISE), "/cases/EX-1001/now") == shown


def test_R57_an_operator_reads_the_own_part_of_it_and_a_machine_of_nobody_none(talk: OpenDoor) -> None:
    own = conversation(signed_in(talk, MARIA))

    assert own[0] == ("María López", BREAKDOWN)
    assert {who for who, _ in own} == {"María López", "Linecall → María López"}
    assert conversation(signed_in(talk, "luis.ortega")) == []
    nobody = talk.someone.get("/cases/EX-1001")
    assert nobody.status_code == 200
    assert 'id="conversation"' not in nobody.text


def test_a_long_conversation_shows_its_newest_and_a_long_message_its_beginning(
    talk: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = conversation(signed_in(talk, DENISE))
    monkeypatch.setattr(said, "MOST", 3)
    monkeypatch.setattr(said, "LONGEST", 12)

    shown = conversation(signed_in(talk, DENISE))

    assert [who for who, _ in shown] == [who for who, _ in whole[-3:]]
    assert shown[0] == ("Gary Lindqvist", "star wheel…")
