"""What a message looks like to the learnt votes: its words without names and numbers, as hashed features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nlp.sheet import Sheet

Numbers = NDArray[np.int64]
BITS = 16
SIZE = 1 << BITS
_MARKS = {"asset": "§a", "line": "§l", "order": "§o", "item": "§i", "lot": "§c", "customer": "§k", "person": "§p",
          "sales_order": "§s"}  # fmt: skip


def words(sheet: Sheet) -> list[str]:
    """The folded words of a message; what the plant calls by name, numbers and times stand as marks."""
    return [word for word, _, _ in _words(sheet)]


def _words(sheet: Sheet) -> list[tuple[str, int, int]]:
    """Those words, each with its first token and the one behind its last."""
    stop = len(sheet.tokens)
    named: dict[int, tuple[int, str]] = {}
    for mention in sheet.mentions:
        named[mention.start] = (mention.end, _MARKS.get(mention.what, "§x"))
    for moment in sheet.moments:
        named.setdefault(moment.start, (moment.end, "§t" if moment.kind == "clock" else "§d"))
    out: list[tuple[str, int, int]] = []
    i = 0
    while i < stop:
        if i in named and named[i][0] > i:
            end, mark = named[i]
            out.append((mark, i, end))
            i = end
            continue
        token = sheet.tokens[i]
        if token.kind == "number":
            out.append(("§n", i, i + 1))
        elif token.kind == "clock":
            out.append(("§t", i, i + 1))
        elif token.kind == "stop":
            out.append(("?" if token.norm == "?" else "§.", i, i + 1))
        elif token.kind != "comma":
            out.append((token.norm, i, i + 1))
        i += 1
    return out


# for the kind of a stretch of the message ---------------------------------------------------------------------------

_EVERYWHERE = frozenset({"article_word", "filler_word", "of_word", "loc"})


@dataclass(frozen=True)
class Marks:
    """What in a message may tell a kind: feature numbers, in order, and the tokens from and to which each reaches."""

    numbers: Numbers
    starts: Numbers
    ends: Numbers

    @cached_property
    def _firsts(self) -> Numbers:
        """Where each number stands first."""
        return np.flatnonzero(_new(self.numbers))

    @cached_property
    def each(self) -> Numbers:
        """Every number once, in order."""
        return self.numbers[self._firsts]

    def inside(self, ranges: Sequence[tuple[int, int]]) -> Numbers:
        """The features of some stretches, each once."""
        found: Numbers = self.each[self.held([ranges])[0]]
        return found

    def held(self, parts: Sequence[Sequence[tuple[int, int]]]) -> NDArray[np.bool_]:
        """Which of `each` stand in the stretches of each part: one row a part."""
        bounds = np.asarray([bound for ranges in parts for bound in ranges], dtype=np.int64).reshape(-1, 2)
        within = (self.starts >= bounds[:, :1]) & (self.ends <= bounds[:, 1:])
        if len(bounds) > len(parts) or any(len(ranges) != 1 for ranges in parts):
            counts = [len(ranges) for ranges in parts]
            stops = np.cumsum([0, *counts])
            within = np.stack([within[a:b].any(axis=0) for a, b in pairwise(stops)])
        if len(self._firsts) < len(self.numbers):
            within = np.logical_or.reduceat(within, self._firsts, axis=1)
        return within


def marks(sheet: Sheet) -> Marks:
    """Letters within each word, words, neighbours; and what the word lists call them, in whichever language."""
    plain = [(word, start, end) for word, start, end in _words(sheet) if word != "§."]
    found = [(_of_word(word), start, end) for word, start, end in plain]
    found += [(_of_two(a, " ", b), start, end) for (a, start, _), (b, _, end) in pairwise(plain)]
    found += [(_of_two(a, " . ", b), start, end) for (a, start, _), (b, _, end) in zip(plain, plain[2:], strict=False)]
    at: dict[int, list[str]] = {}
    for mention in sheet.mentions:
        for i in range(mention.start, mention.end):
            at.setdefault(i, []).append(f"m {mention.what}")
    before: tuple[tuple[str, ...], int] = ((), 0)
    further: tuple[tuple[str, ...], int] = ((), 0)
    for i, spans in enumerate(sheet.spans):
        here = (*[f"g {name}" for name in spans if name not in _EVERYWHERE][:6], *at.get(i, ()))
        if not here:
            continue
        found.append((_each_of(here), i, i + 1))
        if before[0]:
            found.append((_both(before[0][:5], "|", here[:5]), before[1], i + 1))
        if further[0]:
            found.append((_both(further[0][:4], "||", here[:4]), further[1], i + 1))
        further, before = before, (here, i)
    if not found:
        return Marks(*(np.zeros(0, dtype=np.int64) for _ in range(3)))
    of_each, starts, ends = zip(*found, strict=True)
    numbers, long = np.concatenate(of_each), [len(some) for some in of_each]
    order = np.argsort(numbers, kind="stable")
    return Marks(numbers[order], np.repeat(starts, long)[order], np.repeat(ends, long)[order])


# for the intent of a message ----------------------------------------------------------------------------------------


def hashed(said: Sequence[str], context: str) -> Numbers:
    """Feature numbers of some words: letters within each word, words, neighbours; each once, in order."""
    plain = [word for word in said if word != "§."]
    found = [_of_word(word) for word in dict.fromkeys(said)]
    found += [_of_two(a, " ", b) for a, b in zip(("^", *plain), (*plain, "$"), strict=True)]
    found += [_of_two(a, " . ", b) for a, b in zip(plain, plain[2:], strict=False)]
    found += [_of_two(context, ">", word) for word in plain[:12]]
    found.append(_each_of((f"={context}", f"#{min(len(plain), 12) // 3}")))
    numbers = np.concatenate(found)
    numbers.sort()
    once: Numbers = numbers[_new(numbers)]
    return once


def context_name(sheet: Sheet) -> str:
    """Where in a conversation the message stands."""
    question, thread = sheet.context.question, sheet.context.thread
    if question is not None:
        return f"ask {question.asks}"
    if thread is not None:
        return "thread hold" if thread.type == "quality_hold" else "thread"
    return "fresh"


def _new(numbers: Numbers) -> NDArray[np.bool_]:
    """Where a number of a sorted row is another than the one before."""
    new = np.empty(len(numbers), dtype=bool)
    new[:1] = True
    np.not_equal(numbers[1:], numbers[:-1], out=new[1:])
    return new


# What is remembered of words and of groups beside each other: a few MB each, whatever is written.
@lru_cache(maxsize=4_000)
def _both(left: tuple[str, ...], joined: str, right: tuple[str, ...]) -> Numbers:
    return _each_of([f"{a}{joined}{b}" for a in left for b in right])


@lru_cache(maxsize=20_000)
def _of_two(left: str, joined: str, right: str) -> Numbers:
    return _each_of((f"{left}{joined}{right}",))


@lru_cache(maxsize=10_000)
def _of_word(word: str) -> Numbers:
    if word.startswith("§") or len(word) == 1:
        return _each_of((word,))
    return np.unique(_each_of((f"w {word}", *_grams(f"<{word[:30]}>"))))


def _grams(padded: str) -> Iterable[str]:
    for size in (3, 4, 5):
        for i in range(len(padded) - size + 1):
            yield padded[i : i + size]


def _each_of(texts: Sequence[str]) -> Numbers:
    return np.asarray([crc32(text.encode()) & (SIZE - 1) for text in texts], dtype=np.int64)
