"""Which plants of a group a question names, and what is left of it without their names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.answers.words import WORD, patterns
from nlp.tokens import fold

_MOST = 300  # characters: what is longer is no question of this kind


@dataclass(frozen=True, slots=True)
class Several:
    """A question to several plants: which of them, and what is left of it without their names."""

    named: tuple[str, ...]
    all: bool  # "in all plants"
    compares: bool
    rest: str

    @property
    def sure(self) -> bool:
        """Words that no report has."""
        return self.all or self.compares


def several_plants(text: str, names: tuple[str, ...]) -> Several | None:
    """Which plants a message names by these folded names, or all of them; None where it names none."""
    spans = [(found.start(), found.end(), fold(found[0])) for found in WORD.finditer(text)]
    words = f" {' '.join(word for *_, word in spans)} "
    if len(text) > _MOST:
        return None
    taken: list[tuple[int, int]] = []
    named = []
    for name in sorted(names, key=len, reverse=True):
        pattern = re.compile(f" {re.escape(' '.join(WORD.findall(name)))}(?:s|'s|’s)?(?= )")
        for found in pattern.finditer(words):
            if not any(start < found.end() and found.start() < end for start, end in taken):
                taken.append((found.start(), found.end()))
                named.append(name)
    every = patterns("plants")["all"].search(words)
    if every is not None:
        taken.append((every.start(), every.end()))
    if not named and every is None:
        return None
    compares = patterns("plants")["compare"].search(words)
    taken += [(compares.start(), compares.end())] if compares is not None else []
    cut = {n for n in range(len(spans)) for start, end in taken if start <= _position(spans, n) < end}
    kept = "".join(
        " " if n in cut else text[spans[n][0] : (spans[n + 1][0] if n + 1 < len(spans) else len(text))]
        for n in range(len(spans))
    )
    return Several(tuple(named), every is not None, compares is not None, " ".join(kept.split()))


def _position(spans: list[tuple[int, int, str]], n: int) -> int:
    """Where the blank before a word stands in the folded words."""
    return sum(len(word) + 1 for *_, word in spans[:n])
