"""People who speak German, Polish and Hindi tell of a breakdown, take it and end it, each in their own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.config import Config
from bot.courtesy import courtesy
from bot.last_plant import remember_plant
from bot.wording import texts
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from tests.speaking import riverside_speaking

DWAYNE, GARY = "dwayne.hicks", "gary.lindqvist"  # runs line 1; repairs


@pytest.fixture
def speaking(tmp_path: Path, database_url: str | None, logged: LogCapture) -> Iterator[Callable[[str], Plantside]]:
    """Riverside, where Dwayne and Gary speak another language."""
    with ExitStack() as stack:

        def open_plant(language: str) -> Plantside:
            folder = riverside_speaking(tmp_path / "plant", {DWAYNE: language, GARY: language})
            config = Config(plant=folder, data=tmp_path / "data", database_url=database_url, play=True)
            story = Plantside(config, SIX_IN_THE_MORNING)
            stack.callback(story.close)
            remember_plant(config)
            return story

        yield open_plant
    assert [entry for entry in logged.entries if entry["log_level"] in ("error", "critical")] == []


@pytest.mark.parametrize(
    ("language", "reported", "taken", "solved"),
    [
        (
            "de",
            "Filler 1 an Linie 1 klemmt seit 5:50, Linie steht",
            "bin unterwegs, 10 min",
            "behoben, läuft wieder",
        ),
        ("pl", "Filler 1 na linii 1 zaciął się, linia stoi", "już idę, 10 min", "naprawione, Filler 1 znowu działa"),
        (
            "hi",
            "line 1 ka filler jam ho gaya, line band hai",
            "aa raha hu, 10 min",
            "theek ho gaya, filler chal raha hai",
        ),
    ],
)
def test_a_breakdown_is_told_taken_and_over_in_ones_own_language(
    speaking: Callable[[str], Plantside], language: str, reported: str, taken: str, solved: str | None
) -> None:
    plant = speaking(language)
    said = texts(language)

    plant.says(DWAYNE, reported)
    case = plant.only_case()
    assert (case.type, case.line, case.assets) == ("machine_breakdown", "L1", ("L1-FIL",))
    answer = plant.hears_one(DWAYNE)
    assert said["type.machine_breakdown"] in answer
    assert said["line_stands"] in answer
    asked = plant.hears_one(GARY)
    assert f"{reported[:10]}" in asked, "the reporter's own words"
    assert said["button.acknowledge"] in asked.buttons
    assert said["button.decline"] in asked.buttons

    plant.says(GARY, taken)
    assert plant.only_case().task("maintenance").acknowledged_by == GARY
    assert said["role.maintenance"] in plant.hears(DWAYNE)[-1]
    plant.rest_is_known()

    plant.passes(minutes=9)
    if solved is None:
        plant.presses(GARY, "resolve")
    else:
        plant.says(GARY, solved)
    assert plant.only_case().status in ("resolved", "closed")
    assert said["type.machine_breakdown"] in plant.hears(DWAYNE)[0]
    plant.passes(minutes=30)
    assert plant.only_case().status == "closed"
    plant.rest_is_known()
    plant.closes_in_good_order()


@pytest.mark.parametrize(
    ("person", "said", "answer"),
    [
        ("dwayne.hicks", "thanks!", "You're welcome."),
        ("gary.lindqvist", "thank you all 🙏", "You're welcome."),
        ("maria.lopez", "muchas gracias", "Con gusto."),
        ("edson.silva", "obrigado", "De nada!"),
        ("dwayne.hicks", "good morning", "Hello!"),
    ],
)
def test_whoever_says_thanks_or_good_morning_gets_a_kind_word_and_no_advice(
    plant: Plantside, person: str, said: str, answer: str
) -> None:
    plant.says(person, said)

    assert plant.hears_one(person).text == answer
    assert plant.cases() == ()


def test_what_is_longer_or_unclear_is_told_that_nothing_was_recorded(plant: Plantside) -> None:
    plant.says("dwayne.hicks", "thanks everybody, what a quiet night that was for once")

    assert "Nothing recorded" in plant.hears_one("dwayne.hicks")


@pytest.mark.parametrize(
    "said", ["danke, Linie steht", "hi, filler 3 down", "thanks?", "", "all", "👍", "ok thanks 482"]
)
def test_nothing_that_may_mean_more_is_taken_for_a_courtesy(said: str) -> None:
    assert courtesy(said) is None


@pytest.mark.parametrize("said", ["Danke!", "vielen Dank", "dzięki", "merci beaucoup", "shukriya bhai", "धन्यवाद", "ty"])
def test_thanks_are_thanks_in_every_language(said: str) -> None:
    assert courtesy(said) == "thanks"
