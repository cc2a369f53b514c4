"""The words of `words.yaml` found in a question: folded, and written in full where they were typed in haste."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from nlp.our_yaml import our_yaml
from nlp.tokens import fold

_ELIDED = re.compile(r"\b([ldnsjmtc]|qu|jusqu)['’](?=[^\W\d])", re.IGNORECASE)
WORD = re.compile(r"[\w\u0900-\u097f'’]+")


def in_full(words: str) -> str:
    """Folded words as they are written without haste: "q paso" is "que paso"."""
    whole: Mapping[str, str] = _tree()["in_full"]
    return f" {' '.join(whole.get(word, word) for word in words.split())} "


def folded(text: str) -> str:
    """A text as the phrases are compared with it: lower case, no accents, a blank before, after and between."""
    return f" {' '.join(fold(word) for word in WORD.findall(apart(text)))} "


def apart(text: str) -> str:
    """A text of the same length in which a French article stands apart: "d'arrêt" is two words."""
    return _ELIDED.sub(r"\1 ", text)


def says(name: str, words: str) -> bool:
    """Whether a list of its own stands in the words: `sure`, `late`, `figure`."""
    pattern: re.Pattern[str] = patterns("")[name]
    return pattern.search(words) is not None


def first(kind: str, words: str) -> str | None:
    """The first of a kind's lists of which a phrase stands in the words: `first("period", words)`."""
    return next((name for name, pattern in patterns(kind).items() if pattern.search(words)), None)


def number_of(word: str) -> int | None:
    """A small number in figures or in words."""
    if word.isdigit():
        return int(word)
    return next((int(n) for n, words in _tree()["number"].items() if word in map(fold, words)), None)


def number_words() -> frozenset[str]:
    """How small numbers are written in words, in every language; "one" and "a" are no numbers here."""
    return frozenset(fold(word) for words in _tree()["number"].values() for word in words)


def lists(kind: str) -> Mapping[str, list[str]]:
    """The phrases of a kind, as they are written."""
    lists: Mapping[str, list[str]] = _tree()[kind]
    return lists


@cache
def _tree() -> Mapping[str, Any]:
    tree: Mapping[str, Any] = our_yaml(files("bot.answers").joinpath("words.yaml").read_text(encoding="utf-8"))
    return tree


@cache
def patterns(kind: str) -> Mapping[str, re.Pattern[str]]:
    """One pattern for each list of a kind; of the lists of their own for an empty kind."""
    tree = _tree()
    lists: Mapping[str, Any] = tree[kind] if kind else {name: value for name, value in tree.items() if name in _PLAIN}
    numbers = "|".join(word for phrases in tree["number"].values() for word in phrases)
    return {name: re.compile(_pattern(phrases, numbers)) for name, phrases in lists.items()}


_PLAIN = ("sure", "late", "numbered", "figure", "amount", "act", "one_case", "narrows")


def pattern_of(phrases: list[str]) -> str:
    """Any of the phrases, with its blank before, up to the one that follows."""
    return _pattern(phrases, "")


def _pattern(phrases: list[str], numbers: str) -> str:
    def word(part: str) -> str:
        if part == "+":
            return r"(?: \S+){0,4}"
        if part == "...":
            return r"(?: \S+){0,3}"
        if part == "#":
            return rf" (?:\d{{1,2}}|{numbers})"
        return " " + (re.escape(fold(part[:-1])) + r"\S*" if part.endswith("*") else re.escape(fold(part)))

    return "(?:" + "|".join("".join(word(part) for part in phrase.split()) for phrase in phrases) + ")(?= )"
