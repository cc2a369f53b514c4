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
    phrasings.write_text("en | somebody | - | chatter | thanks\n", "utf-8")
    source = train.Source("somebody", sources()[0].plant, sources()[0].records, folder)
    before = train.made_from([source])
    assert train.made_from([source]) == before
    phrasings.write_text("en | somebody | - | chatter | thank you\n", "utf-8")
    assert train.made_from([source]) != before


def test_what_stands_beside_training_is_not_read_by_it():
    code = {path.stem: path.read_text("utf-8") for path in WEIGHTS.parent.glob("*.py")}
    assert set(code) > train._BESIDE
    users = [name for name, text in code.items() for beside in train._BESIDE if f"nlp.{beside} import" in text]
    assert set(users) <= train._BESIDE, users


def test_the_shipped_weights_are_made_from_this_checkout():
    manifest = json.loads((WEIGHTS / "manifest.json").read_text("utf-8"))
    assert manifest.get("made_from") == train.made_from(sources()), "messages, words or code changed: run `make train`"


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
        sources()
    )
