"""The shipped weights are those that this checkout makes; `make train` writes them again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from nlp import train
from tools.train import sources

WEIGHTS = Path(__file__).parents[2] / "nlp" / "weights"


def test_the_digest_sees_every_message_and_every_word(tmp_path):
    folder = tmp_path / "somebody"
    folder.mkdir()
    phrasings = folder / "phrasings.txt"
    source = train.Source("somebody", sources()[0].plant, sources()[0].records, folder)

    def digest(line):
        phrasings.write_text(f"{line}\n", "utf-8")
        return train.made_from(train.examples([source]))

    before = digest("en | somebody | - | chatter | thanks")
    assert digest("en | somebody | - | chatter | thanks") == before
    assert digest("en | somebody | - | chatter | thank you") != before
    assert digest("en | somebody | - | acknowledge | thanks") != before


def test_the_digest_sees_what_is_found_in_a_message(monkeypatch):
    found = train.examples(sources()[:1])[:20]
    before = train.made_from(found)
    assert train.made_from(found) == before
    monkeypatch.setattr(train, "score", lambda sheet: {"report": 1.0})
    assert train.made_from(found) != before


@pytest.mark.slow
def test_the_shipped_weights_are_made_from_this_checkout():
    manifest = json.loads((WEIGHTS / "manifest.json").read_text("utf-8"))
    made_from = train.made_from(train.examples(sources()))
    assert manifest.get("made_from") == made_from, "messages, or what is found in them, changed: run `make train`"


@pytest.mark.campaign
def test_learning_twice_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        train.train(sources(), tmp_path / name)
    first, second = (
        {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / name).iterdir()}
        for name in ("one", "other")
    )
    assert first == second
    assert json.loads((tmp_path / "one" / "manifest.json").read_text("utf-8"))["made_from"] == train.made_from(
        train.examples(sources())
    )
