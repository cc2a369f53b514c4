"""A danger in a language that is not read otherwise: a short list of words for each, before anything else (R15)."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from nlp.our_yaml import our_yaml

WORDS = Path(__file__).with_name("danger_words.yaml")
# Arabic letters take "the", "and", "with" in front of them without a space.
_BEFORE = r"(?<!\w)(?:و?ب?ال|و)?"


def named(text: str) -> str | None:
    """The word of danger that a text has, as it was written; None where it has none."""
    said = unicodedata.normalize("NFC", text).casefold()
    found = _pattern().search(said)
    return found[0] if found is not None else None


@cache
def languages() -> tuple[str, ...]:
    """The languages of the list."""
    return tuple(_lists())


@cache
def _lists() -> dict[str, list[str]]:
    lists: dict[str, list[str]] = our_yaml(WORDS.read_text("utf-8"))
    return lists


@cache
def _pattern() -> re.Pattern[str]:
    words = {unicodedata.normalize("NFC", word).casefold() for said in _lists().values() for word in said}
    one = (re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in sorted(words, key=len)[::-1])
    return re.compile(rf"{_BEFORE}(?:{'|'.join(one)})(?!\w)")
