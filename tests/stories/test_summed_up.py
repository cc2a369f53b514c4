"""A digest in a model's words: believed only where every figure in it is filled in from the records (R17, R57)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot import summing_up
from bot.config import Config
from bot.rehearsal import Rehearsal
from bot.summing_up import Sentences, not_to_be_believed
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
