"""What pages and API show to whom: operators their own lines and what they were told, everyone else the plant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.web.sight import Sight
from tests.web.door import BREAKDOWN, OpenDoor, Visitor
from tests.web.test_figures_page import signed_in

MARIA, LUIS, EDSON = "maria.lopez", "luis.ortega", "edson.silva"
SEAMER = "seamer on 2 jammed, line is down"


@pytest.fixture
def floor(opened: Callable[..., OpenDoor], database_url: str | None) -> OpenDoor:
    """A stop on line 3 that Maria reported, one on line 2 that Luis has had repaired; ERP has not answered."""
    door = opened(play=False, database_url=database_url)
    door.erp.away = True
    door.says(MARIA, BREAKDOWN)
    door.says(LUIS, SEAMER)
    door.says("gary.lindqvist", "EX-1002 fixed, new roll, down 10 min")
    assert [(case.number, case.line, case.status) for case in door.cases()] == [
        ("EX-1001", "L3", "open"),
        ("EX-1002", "L2", "resolved"),
    ]
    return door


def numbers(visitor: Visitor, path: str) -> set[str]:
    """Which exceptions a page or a list names."""
    shown = visitor.get(path)
    assert shown.status_code == 200
    return {number for number in ("EX-1001", "EX-1002") if number in shown.text}


EVERYWHERE = ("/board", "/board/now", "/postings", "/api/cases", "/api/postings")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_R57_an_operator_sees_the_own_line_on_every_page_and_in_every_list(floor: OpenDoor, path: str) -> None:
    everything = numbers(signed_in(floor, "denise.palmer"), path)
    assert "EX-1002" in everything, "there must be something to hide for this to mean anything"

    assert numbers(signed_in(floor, MARIA), path) == everything - {"EX-1002"}
    assert numbers(signed_in(floor, LUIS), path) == everything - {"EX-1001"}
    assert numbers(signed_in(floor, EDSON), path) == set()


@pytest.mark.parametrize("path", ["/cases/EX-1002", "/cases/ex-1002/now", "/api/cases/EX-1002"])
def test_R57_the_page_of_another_line_is_not_told_from_one_that_does_not_exist(floor: OpenDoor, path: str) -> None:
    edson = signed_in(floor, EDSON)

    refused, missing = edson.get(path), edson.get(path.lower().replace("ex-1002", "EX-9999"))

    assert (refused.status_code, missing.status_code) == (404, 404)
    assert refused.text == missing.text
    assert "seamer" not in refused.text.lower()
    for who in (LUIS, "gary.lindqvist", "neil.abbott", "stephanie.greer"):
        assert signed_in(floor, who).get(path).status_code == 200


def test_R57_the_figures_on_an_operators_board_are_those_of_the_own_line(floor: OpenDoor) -> None:
    floor.erp.away = False
    floor.passes(minutes=30)

    boards = {who: signed_in(floor, who).get("/board").text for who in ("denise.palmer", LUIS, EDSON)}
    assert {who: "closed-EX-1002" in text for who, text in boards.items()} == {
        "denise.palmer": True, LUIS: True, EDSON: False,
    }  # fmt: skip
    assert {who: text.count("<dd>–</dd>") for who, text in boards.items()} == {"denise.palmer": 0, LUIS: 0, EDSON: 4}


def test_R57_a_board_of_one_line_shows_an_operator_of_another_nothing_of_it(floor: OpenDoor) -> None:
    assert numbers(signed_in(floor, "denise.palmer"), "/board?line=L2") == {"EX-1002"}
    assert numbers(signed_in(floor, LUIS), "/board?line=L2") == {"EX-1002"}
    assert numbers(signed_in(floor, LUIS), "/board?line=L3") == set()


def test_a_screen_on_the_wall_that_knows_the_token_shows_the_whole_plant(opened: Callable[..., OpenDoor]) -> None:
    token = "a-token-of-the-plant-0815"
    door = opened(play=False, api_token=token)
    door.says(MARIA, BREAKDOWN)
    wall = door.knocks(address="10.0.0.7", host="10.0.0.2:8080", Origin="http://10.0.0.2:8080")
    assert wall.get("/board").status_code == 401

    assert wall.post("/sign-in", data={"key": token}).headers["Location"] == "/board"

    assert "EX-1001" in wall.get("/board").text
    assert wall.get("/cases/EX-1001").status_code == 200
    assert "EX-1001" in door.knocks(Authorization=f"Bearer {token}").get("/api/cases").text


def test_whoever_was_told_of_an_exception_may_read_on_about_it(floor: OpenDoor) -> None:
    edson = floor.app.plant.person[EDSON]
    case = floor.case("EX-1001")
    assert not Sight(edson).of(case)

    assert Sight(edson).of(replace(case, told=(*case.told, EDSON)))
    assert Sight(edson).of(replace(case, tasks=(replace(case.tasks[0], owner=EDSON), *case.tasks[1:])))
    assert Sight(edson).of(replace(case, joined=(EDSON,)))
    assert not Sight(replace(edson, roles=())).of(case), "who is named for nothing has no more than an operator"
    assert not Sight(edson).of(None)
    assert Sight().of(case), "a screen that is nobody's"
