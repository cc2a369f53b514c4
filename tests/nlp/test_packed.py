"""The lexicon opens from one file that holds what its language files say, and reads the same."""

from __future__ import annotations

import pytest

from nlp import packed
from nlp.words import Lexicon, from_files

pytestmark = pytest.mark.slow  # to read all language files again takes seconds


@pytest.fixture(scope="module")
def shipped() -> Lexicon:
    opened = packed.opened()
    assert opened is not None, "the lexicon's files changed: run `make train`"
    return opened


@pytest.fixture(scope="module")
def read() -> Lexicon:
    return from_files()


def test_the_pack_holds_what_the_files_say(shipped: Lexicon, read: Lexicon) -> None:
    assert (shipped.languages, shipped.bits) == (read.languages, read.bits)
    assert (shipped.vocabulary, shipped.stems) == (read.vocabulary, read.stems)
    assert (shipped.units, shipped.loans) == (read.units, read.loans)


@pytest.mark.parametrize("name", ["groups", "times", "cues"])
def test_the_pack_finds_what_the_files_find(shipped: Lexicon, read: Lexicon, name: str) -> None:
    norms = ["filler", "jammed", "since", "ten", "past", "two", "kartons", "sind", "alle", "falta", "gente"]
    spans = [{"asset": [1]} if i == 0 else {} for i in range(len(norms))]
    breaks = [False] * len(norms)
    ours, theirs = getattr(shipped, name), getattr(read, name)
    assert ours.find(norms, spans, breaks) == theirs.find(norms, spans, breaks)
    assert set(ours.named()) == set(theirs.named())


def test_the_pack_knows_the_same_misspellings(shipped: Lexicon, read: Lexicon) -> None:
    for word in ("maschiine", "verpakung", "etiqeta", "conveyer", "zatrzymla"):
        assert shipped.likely(word, set(shipped.languages)) == read.likely(word, set(read.languages))


def test_changed_files_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "made_from", lambda: "of other files")
    assert packed.opened() is None


def test_a_second_pass_finds_only_what_goes_through_a_group(shipped: Lexicon) -> None:
    norms, breaks = ["stehen", "seit", "sieben"], [False] * 3
    none: list[dict[str, list[int]]] = [{}, {}, {}]
    assert shipped.groups.find(norms, none, breaks), "something must be there to be left out"
    assert shipped.groups.find(norms, none, breaks, again=True) == []
