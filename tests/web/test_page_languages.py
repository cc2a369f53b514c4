"""The pages speak the language of whoever is signed in, and on a screen that is nobody's the plant's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.web.sign_in import issue_link
from bot.wording import languages, texts
from tests.bot.notices import EXAMPLES
from tests.speaking import riverside_speaking
from tests.web.door import BREAKDOWN, OpenDoor, Visitor
from tests.web.test_pages import Seen

GARY = "gary.lindqvist"
EVERYWHERE = sorted(languages())


def signs_in(door: OpenDoor, person: str) -> Visitor:
    """This person's browser."""
    browser = door.knocks(Origin="http://localhost:8080")
    token = issue_link(door.app, person).partition("token=")[2]
    assert browser.post("/sign-in", data={"link": token}).status_code == 303
    return browser


@pytest.mark.parametrize("language", EVERYWHERE)
def test_a_signed_in_person_reads_the_pages_in_their_language(
    opened: Callable[..., OpenDoor], tmp_path: Path, language: str
) -> None:
    door = opened(plant=riverside_speaking(tmp_path / "plant", {GARY: language}))
    said = texts(language)
    browser = signs_in(door, GARY)

    calm = browser.get("/board").text
    door.writes("maria.lopez", BREAKDOWN)
    number = door.cases()[0].number
    board = Seen(browser.get("/board").text).text
    record = Seen(browser.get(f"/cases/{number}").text).text
    chat = browser.get("/chat").text

    assert f'<html lang="{language}">' in calm
    assert said["page.wall.calm"].replace("'", "&#39;") in calm
    for name in ("page.wall.last_closed", "page.wall.stands", "page.wall.nobody", "page.board"):
        assert said[name] in board, name
    for name in ("page.record.happened", "page.record.log", "page.record.who", "page.record.everyone"):
        assert said[name] in record, name
    assert said["role.maintenance"].casefold() in record.casefold()
    for name in ("page.phone.title", "page.phone.message", "page.phone.send"):
        assert said[name] in chat, name
    assert not re.search(r"\$\w|\[\[| \| ", board + record), "no text is shown unfilled"


def test_a_screen_on_the_wall_speaks_the_plants_language(opened: Callable[..., OpenDoor], tmp_path: Path) -> None:
    door = opened(plant=riverside_speaking(tmp_path / "plant", {GARY: "en"}, plant="de, en, es, pt"))

    assert "Nichts ist offen." in door.someone.get("/board").text
    assert "Nothing is open." in signs_in(door, GARY).get("/board").text
    assert "Hier ist nichts" in door.someone.get("/nowhere", headers={"Accept": "text/html"}).text
    assert "Wer ist da?" in door.someone.get("/sign-in").text


def test_a_fragment_speaks_as_its_page_does(opened: Callable[..., OpenDoor], tmp_path: Path) -> None:
    door = opened(plant=riverside_speaking(tmp_path / "plant", {GARY: "pl"}))
    browser = signs_in(door, GARY)
    door.writes("maria.lopez", BREAKDOWN)

    assert re.search(r"1</b>\s+linia stoi", browser.get("/board/now").text)
    assert "Co się stało" in browser.get(f"/cases/{door.cases()[0].number}/now").text


def test_every_notice_of_an_exception_has_a_name_on_its_page() -> None:
    names = {name.partition(".")[0] for name, facts in EXAMPLES.items() if "case" in facts}
    assert len(names) > 30
    assert {name for name in names if f"page.told.{name}" not in texts("en")} == set()
