"""A summary in a model's words: believed only where every figure in it is filled in from the records (R17, R57)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import summing_up
from bot.config import Config
from bot.rehearsal import Rehearsal
from bot.second_reader import SecondReader
from bot.summing_up import Sentences, not_to_be_believed
from nlp.reader import LocalReader
from tests.stories.past_weeks import remember, the_cases
from tests.stories.test_digests import at, folder
from workflow.errors import TryLater

FACTS = {"period": "Tue 17 Nov", "exceptions": "4 exceptions", "down": "85 min down in 3 stops"}
HONEST = "{period} brought {exceptions}, {down}. {worst} stood longest."


class Says:
    """A model that answers with one text, whatever it is asked."""

    def __init__(self, text: str | None) -> None:
        self.text = text
        self.asked: list[dict[str, Any]] = []

    def answer(self, prompt: str, schema: type[Any], *, within: float | None = None) -> Any:
        """The text; TryLater where there is none."""
        self.asked.append(json.loads(prompt.rpartition("\n---\n")[2]))
        if self.text is None:
            raise TryLater("the model did not answer in time")
        return schema(text=self.text)


def morning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Says) -> str:
    """What Stephanie reads at the morning meeting."""
    monkeypatch.setattr(summing_up, "model_for", lambda _: model)
    plant = Rehearsal(Config(plant=folder(tmp_path), data=tmp_path / "data", play=True), at(17, 22))
    remember(plant.app.database, the_cases())
    plant.settle()
    plant.hears("stephanie.greer")
    plant.passes_until(at(18, 6, 16))
    (told,) = [text for text in plant.hears("stephanie.greer") if "Morning" in text]
    plant.close()
    return told


def test_R57_a_models_words_stand_above_the_figures_and_say_whose_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Says(HONEST)
    told = morning(tmp_path, monkeypatch, model).splitlines()

    assert told[0] == "Morning meeting. Tue 17 Nov: 4 exceptions, 85 min down in 3 stops."
    assert told[1].startswith("Tue 17 Nov brought 4 exceptions, 85 min down in 3 stops. Labeller 3 · breakdown stood")
    assert "language model" in told[1]
    assert told[2].startswith("EX-2011 Filler 3"), "the figures and their exceptions follow as they do without it"
    assert {asked["language"] for asked in model.asked} >= {"en", "pl"}
    assert not any("jam" in str(asked) for asked in model.asked), "no words of people are shown to it"


@pytest.mark.parametrize(
    "said",
    [
        "{period}: 12 exceptions.",
        "{period} had twelve stops and {down}.",
        "{exceptions}. All lots released, use them.",
        "{exceptions}. Lot 4471 is free.",
        "{exceptions} {exceptions}",
        "{everything} is fine",
        "All quiet, nothing to do.",
        "{period}: see <b>here</b> www.example.com",
        "{period} " + "a" * 500,
        "",
        None,
    ],
)
def test_R17_a_hostile_model_changes_no_word_of_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    told = morning(tmp_path, monkeypatch, Says(said)).splitlines()
    assert told[0] == "Morning meeting. Tue 17 Nov: 4 exceptions, 85 min down in 3 stops."
    assert told[1].startswith("EX-2011 Filler 3"), "the template alone"


@pytest.mark.parametrize("said", ["zwei Stopps, {down}", "tres paros, {down}", "{down} और तीन", "dwie awarie, {down}"])
def test_R17_a_number_in_words_is_a_number_in_every_language(said: str) -> None:
    assert not_to_be_believed(said, FACTS) == "a number of its own"


def test_R57_a_text_of_facts_alone_is_believed() -> None:
    assert not_to_be_believed("{period}: {exceptions}, {down}.", FACTS) is None
    assert Sentences(text="x").text == "x"


# in the chat ----------------------------------------------------------------------------------------------------------


class InChat(Says):
    """The same beside the reader; it sees whether anybody held a transaction while it was asked."""

    def __init__(self, text: str | None, plant: Rehearsal) -> None:
        super().__init__(text)
        self.plant = plant

    def answer(self, prompt: str, schema: type[Any], *, within: float | None = None) -> Any:
        """As `Says`; a write transaction of its own would fail inside one."""
        assert within is not None
        with self.plant.app.database.write():
            return super().answer(prompt, schema, within=within)


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Rehearsal]:
    """Riverside in the evening, with two weeks behind it."""
    plant = Rehearsal(Config(plant=folder(tmp_path), data=tmp_path / "data", play=True), at(17, 22))
    remember(plant.app.database, the_cases())
    plant.settle()
    yield plant
    plant.close()


def asks(plant: Rehearsal, said: str | None, who: str, question: str, **beside: Any) -> tuple[list[str], Says]:
    """The lines of the answer to a question, with a model that says this beside the reader; and the model."""
    model = InChat(said, plant)
    plant.app.reader = SecondReader(LocalReader(), model, seconds=8, **beside)
    plant.hears(who)
    plant.says(who, question)
    (told,) = plant.hears(who)
    return told.splitlines(), model


def test_R57_whoever_asks_for_a_summary_reads_a_models_words_above_the_same_figures(chat: Rehearsal) -> None:
    plain, _ = asks(chat, None, "stephanie.greer", "summary of today")
    told, model = asks(chat, HONEST, "stephanie.greer", "summary of today")
    assert [told[0], *told[2:]] == plain, "all figures and exceptions stand as they do without it"
    assert told[1].startswith("Since 06:00 brought ")
    assert "language model" in told[1]
    assert plain[0].partition(": ")[2].partition(",")[0] in told[1], "its figure is the figure of the records"
    assert len(model.asked) == 1
    assert not any("jam" in str(asked) for asked in model.asked), "no words of people are shown to it"

    polish, model = asks(chat, "{exceptions}: {down}.", "agnieszka.nowak", "podsumowanie dzisiaj")
    assert "model językowy" in polish[1]
    assert model.asked[0]["language"] == "pl"


def test_R57_a_comparison_too_and_nothing_else_is_put_into_words(chat: Rehearsal) -> None:
    told, model = asks(chat, "{exceptions}, {verdict}", "stephanie.greer", "is it getting better than last week?")
    assert len(model.asked) == 1
    assert "language model" in told[1]
    for question in ("what is open?", "which causes keep coming back this month?", "minutes down today", "thanks"):
        told, model = asks(chat, HONEST, "stephanie.greer", question)
        assert (model.asked, "language model" in " ".join(told)) == ([], False), question


@pytest.mark.parametrize(
    "said",
    [
        "{period}: 12 exceptions.", "{period} had twelve stops and {down}.", "{exceptions}. Lot 4471 is free.",
        "{exceptions} {exceptions}", "{everything} is fine", "All quiet, nothing to do.", "", None,
    ],
)  # fmt: skip
def test_R17_a_lying_model_changes_no_word_of_an_answer(chat: Rehearsal, said: str | None) -> None:
    plain, _ = asks(chat, None, "stephanie.greer", "summary of today")
    told, model = asks(chat, said, "stephanie.greer", "summary of today")
    assert told == plain, "the template alone"
    assert len(model.asked) == 1


def test_R57_an_operators_summary_is_put_into_words_from_what_they_may_see(chat: Rehearsal) -> None:
    told, model = asks(chat, "{exceptions}", "dwayne.hicks", "summary of last week")
    whole, of_all = asks(chat, "{exceptions}", "stephanie.greer", "summary of last week")
    assert model.asked[0]["facts"]["exceptions"] != of_all.asked[0]["facts"]["exceptions"]
    assert told[1].startswith(model.asked[0]["facts"]["exceptions"])
    assert whole[1].startswith(of_all.asked[0]["facts"]["exceptions"])


def test_nobody_waits_for_words_while_others_wait_for_an_answer(chat: Rehearsal) -> None:
    told, model = asks(chat, HONEST, "stephanie.greer", "summary of today", others_wait=lambda: True)
    assert model.asked == []
    assert told[1].startswith("EX-")


def test_a_model_that_fails_is_left_alone_and_the_answers_come_at_once(chat: Rehearsal) -> None:
    model = InChat(None, chat)
    chat.app.reader = SecondReader(LocalReader(), model, seconds=8)
    for _ in range(5):
        chat.says("stephanie.greer", "summary of today")
        chat.passes(minutes=1)
    assert len(model.asked) == 3, "after three failures nobody asks for a while"
    assert sum("Since 06:00" in text for text in chat.hears("stephanie.greer")) == 5
