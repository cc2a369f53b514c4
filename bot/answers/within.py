"""What made one machine stand, put together by what fixed it: the Pareto within a machine (R57)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nlp.tokens import fold

_WORD = re.compile(r"[^\W_]+")
_LEAST = 2  # words that two of them share, where one says no more than the other
NOT_SAID = "-"


@dataclass(frozen=True, slots=True)
class Fixed:
    """Stops that were fixed in the same way: its key, how it was written last, and how long they stood."""

    key: str
    words: str
    minutes: float
    cases: tuple[str, ...]  # the latest first


def by_fix(stood: Mapping[str, float], resolutions: Mapping[str, str]) -> tuple[Fixed, ...]:
    """The stops of a machine (number to minutes, the latest first) by what fixed them, the longest first.

    Two ways of writing it are one where both have the same words ("jam cleared", "Cleared jam!"), or where one has all
    words of the other and these are at least two.
    """
    groups: list[tuple[frozenset[str], list[str]]] = []
    for number in stood:
        words = frozenset(fold(word) for word in _WORD.findall(resolutions.get(number, "")))
        same = next((numbers for known, numbers in groups if _is_one(words, known)), None)
        if same is None:
            groups.append((words, [number]))
        else:
            same.append(number)
    found = [
        Fixed(
            " ".join(sorted(words)) or NOT_SAID,
            resolutions.get(numbers[0], ""),
            sum(stood[number] for number in numbers),
            tuple(numbers),
        )
        for words, numbers in groups
    ]
    return tuple(sorted(found, key=lambda one: (-one.minutes, one.key)))


def _is_one(words: frozenset[str], known: frozenset[str]) -> bool:
    shared = words & known
    return words == known or (len(shared) >= _LEAST and shared in (words, known))
