"""What a message looks like to the learnt votes: its words without names and numbers, as hashed features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nlp.sheet import Sheet

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

    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def inside(self, ranges: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """The features of some stretches, each once."""
        return self.numbers[self.held(ranges)]

    def held(self, ranges: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
        """Where in `numbers` the features of some stretches stand, each feature once."""
        within = np.zeros(len(self.numbers), dtype=bool)
        for start, end in ranges:
            within |= (self.starts >= start) & (self.ends <= end)
        at = within.nonzero()[0]
        numbers = self.numbers[at]
        once = np.ones(len(at), dtype=bool)
        np.not_equal(numbers[1:], numbers[:-1], out=once[1:])
        return at[once]


def marks(sheet: Sheet) -> Marks:
    """Letters within each word, words, neighbours; and what the word lists call them, in whichever language."""
    found: list[tuple[int, int, int]] = []
    plain = [(word, start, end) for word, start, end in _words(sheet) if word != "§."]
    for word, start, end in plain:
        found += [(number, start, end) for number in _of_word(word)]
    found += [(_number(f"{a} {b}"), start, end) for (a, start, _), (b, _, end) in pairwise(plain)]
    found += [(_number(f"{a} . {b}"), start, end) for (a, start, _), (b, _, end) in zip(plain, plain[2:], strict=False)]
    at: dict[int, list[str]] = {}
    for mention in sheet.mentions:
        for i in range(mention.start, mention.end):
            at.setdefault(i, []).append(f"m {mention.what}")
    before: tuple[Sequence[str], int] = ((), 0)
    further: tuple[Sequence[str], int] = ((), 0)
    for i, spans in enumerate(sheet.spans):
        here = [f"g {name}" for name in spans if name not in _EVERYWHERE][:6] + at.get(i, [])
        if not here:
            continue
        found += [(_number(name), i, i + 1) for name in here]
        found += [(_number(f"{a}|{b}"), before[1], i + 1) for a in before[0][:5] for b in here[:5]]
        found += [(_number(f"{a}||{b}"), further[1], i + 1) for a in further[0][:4] for b in here[:4]]
        further, before = before, (here, i)
    found.sort()
    columns = np.asarray(found, dtype=np.int64).reshape(-1, 3)
    return Marks(columns[:, 0], columns[:, 1], columns[:, 2])


# for the intent of a message ----------------------------------------------------------------------------------------


def hashed(said: Sequence[str], context: str) -> list[int]:
    """Feature numbers of some words: letters within each word, words, neighbours; each once, in no order."""
    found: set[int] = set()
    for word in said:
        found.update(_of_word(word))
    plain = [word for word in said if word != "§."]
    found.update(_number(f"{a} {b}") for a, b in zip(("^", *plain), (*plain, "$"), strict=True))
    found.update(_number(f"{a} . {b}") for a, b in zip(plain, plain[2:], strict=False))
    found.update(_number(f"{context}>{word}") for word in plain[:12])
    found.add(_number(f"={context}"))
    found.add(_number(f"#{min(len(plain), 12) // 3}"))
    return sorted(found)


def context_name(sheet: Sheet) -> str:
    """Where in a conversation the message stands."""
    question, thread = sheet.context.question, sheet.context.thread
    if question is not None:
        return f"ask {question.asks}"
    if thread is not None:
        return "thread hold" if thread.type == "quality_hold" else "thread"
    return "fresh"


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> tuple[int, ...]:
    if word.startswith("§") or len(word) == 1:
        return (_number(word),)
    return tuple({_number(gram) for gram in (f"w {word}", *_grams(f"<{word[:30]}>"))})


def _grams(padded: str) -> Iterable[str]:
    for size in (3, 4, 5):
        for i in range(len(padded) - size + 1):
            yield padded[i : i + size]


@lru_cache(maxsize=100_000)
def _number(text: str) -> int:
    return crc32(text.encode()) & (SIZE - 1)
