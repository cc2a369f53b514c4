"""Our own phrasings are a regression test, one author's: a fall says that something broke, nothing about strangers."""

from __future__ import annotations

import pytest

from nlp.cases import CasesError
from nlp.evaluate import evaluate
from nlp.phrasings import read_phrasings
from nlp.words import lexicon
from tests.nlp.world import PHRASINGS, folder, reader


def test_the_phrasings_are_understood():
    plant = folder()
    cases = list(read_phrasings(PHRASINGS / "northfield" / "full.txt", plant.plant.zone))
    scored = evaluate(cases, plant.plant, plant.records, reader())
    scores = scored.as_json()["scores"]
    assert scores["all_right"]["value"] >= 0.95, scored.misses
    assert scores["safety_recall"]["value"] == 1.0
    assert scores["wrong_link"]["right"] == 0
    assert scores["false_release"]["value"] == 0


def test_a_broken_phrasing_is_named_by_its_line(tmp_path):
    broken = tmp_path / "broken.txt"
    broken.write_text("# fine\nen | ann.bell | 10:00 | - | only five\n", "utf-8")
    with pytest.raises(CasesError, match=r"broken\.txt:2"):
        list(read_phrasings(broken, folder().plant.zone))


def test_every_language_fills_the_groups_that_shared_patterns_are_made_of():
    """A new language is complete when it has a word for each group (docs/add-a-language.md)."""
    needed = {"none", "gone", "missing", "need", "broken", "defect", "hold_verb", "changeover", "late", "system",
              "counted", "people", "absent", "stand", "run", "neg", "if_word", "yes_word", "no_word",
              "waiting_for", "line_word"}  # fmt: skip
    filled: dict[str, set[str]] = {}
    for name, code in lexicon().groups.named():
        filled.setdefault(code, set()).add(name)
    for code in lexicon().languages:
        assert needed <= filled[code], (code, needed - filled[code])
