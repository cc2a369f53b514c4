"""Whether a message asks nothing but why its sender was asked (R36): whole messages, so that no report looks so."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from nlp.our_yaml import our_yaml
from nlp.tokens import fold

_NUMBER = re.compile(r"\bEX-\d+\b", re.IGNORECASE)
_NO_WORD = re.compile(r"[^\w\u0900-\u097f]+")
_MOST = 80  # characters


def asks_why(text: str) -> bool:
    """ "Why me?", "¿y yo por qué? EX-1003": the number of an exception may stand beside it."""
    return len(text) <= _MOST and _plain(_NUMBER.sub(" ", text)) in _phrases()


@cache
def _phrases() -> frozenset[str]:
    by_language = our_yaml(files("nlp").joinpath("why_me.yaml").read_text(encoding="utf-8"))
    return frozenset(_plain(phrase) for phrases in by_language.values() for phrase in phrases)


def _plain(text: str) -> str:
    return " ".join(fold(word) for word in _NO_WORD.split(text) if word)
