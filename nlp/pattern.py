"""Finds the lexicon's patterns in a message, all at once; how a pattern is written stands in `nlp/trie.py`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Spans = Sequence[Mapping[str, Sequence[int]]]  # at each token: name of a group or slot -> where it may end
Captured = tuple[tuple[str, int, int], ...]
# A step is [cues] where nothing follows, else [cues, words, stems, endings, slots, gaps, stem lengths, ending lengths].
Step = list[Any]
_KEPT = 20_000  # words whose first steps are remembered
SLOT_AHEAD = 1 << 30  # in a step's marks, beside a bit for each language: a group or a slot follows somewhere


@dataclass(frozen=True, slots=True)
class Cue:
    """What a pattern speaks for."""

    name: str
    language: str
    pattern: str
    value: object = None


class Hit(NamedTuple):
    """A pattern found at some tokens."""

    cue: Cue
    start: int  # token
    end: int
    captured: Captured = ()  # (slot, start, end) in order


class PatternError(ValueError):
    """A pattern of a lexicon file that cannot be read; names the file's pattern."""


class Patterns:
    """All patterns of all languages as steps that lead to one another by number; the first is where each begins."""

    def __init__(self, steps: list[Step], marks: Sequence[int], cues: Sequence[Sequence[Any]]) -> None:
        self._steps, self._marks, self._cues = steps, marks, cues
        self._made: dict[int, Cue] = {}
        self._first: dict[tuple[int, bool], dict[str, list[Step]]] = {}  # of the languages listened to
        self._kept = 0
        self._ranks = {
            name: rank for rank, name in enumerate(steps[0][4] or ())
        }  # of the slots that a pattern begins with

    def cue(self, number: int) -> Cue:
        """A pattern's cue, made when it is first met."""
        made = self._made.get(number)
        if made is None:
            name, language, pattern, value = self._cues[number]
            made = self._made[number] = Cue(name, language, pattern, value)
        return made

    def named(self) -> Iterable[tuple[str, str]]:
        """(name, language) of every cue."""
        return ((name, language) for name, language, _, _ in self._cues)

    def single_words(self, name: str) -> dict[str, frozenset[str]]:
        """The words that are a whole pattern of a group, each with its languages."""
        found: dict[str, frozenset[str]] = {}
        for word, children in (self._steps[0][1] or {}).items():
            numbers = [n for child in _each(children) for n in self._steps[child][0]]
            said = frozenset(self._cues[n][1] for n in numbers if self._cues[n][0] == name)
            if said:
                found[word] = said
        return found

    def find(
        self, norms: Sequence[str], spans: Spans, breaks: Sequence[bool], also: Mapping[int, str] | None = None,
        *, speaks: int = -1, again: bool = False,
    ) -> list[Hit]:  # fmt: skip
        """Every match; `also` gives a likely spelling of a token beside its own.

        `speaks` holds a bit for each language that is listened to; `again`: only what goes through a group or a slot.
        """
        hits: list[Hit] = []
        steps, marks, count = self._steps, self._marks, len(norms)
        also = also or {}
        cue, add = self.cue, hits.append

        def walk(step: Step, i: int, start: int, captured: Captured) -> None:
            if step[0] and (captured or not again):
                for number in step[0]:
                    add(Hit(cue(number), start, i, captured))
            if len(step) == 1:
                return
            if step[5]:
                for most, child in step[5]:
                    if not marks[child] & speaks:
                        continue
                    following = steps[child]
                    for skip in range(most + 1):
                        j = i + skip
                        if j >= count or (skip and breaks[j - 1]):
                            break
                        walk(following, j, start, captured)
            if i >= count:
                return
            for word in (norms[i], also[i]) if i in also else (norms[i],):
                if step[2] is None and step[3] is None:  # most steps name whole words only
                    if step[1] is None or word not in step[1]:
                        continue
                    children = _each(step[1][word])
                else:
                    children = _after_word(step, word)
                for child in children:
                    if marks[child] & speaks:
                        walk(steps[child], i + 1, start, captured)
            if step[4] and spans[i]:
                here = spans[i]
                for name, children in step[4].items():
                    if name in here:
                        for end in here[name]:
                            for child in _each(children):
                                walk(steps[child], end, start, (*captured, (name, i, end)))

        first = self._first.setdefault((speaks, again), {})
        ranks, slots = self._ranks, steps[0][4]
        for i in range(count):
            if breaks[i]:
                continue
            for word in (norms[i], also[i]) if i in also else (norms[i],):
                begins = first.get(word)
                if begins is None:
                    begins = self._begins(word, speaks, again=again)
                for step in begins:
                    walk(step, i + 1, i, ())
            here = spans[i]
            if here and not ranks.keys().isdisjoint(here):
                for name in sorted((name for name in here if name in ranks), key=ranks.__getitem__):
                    for end in here[name]:
                        for child in _each(slots[name]):
                            if marks[child] & speaks:
                                walk(steps[child], end, i, ((name, i, end),))
        return hits

    def _begins(self, word: str, speaks: int, *, again: bool) -> list[Step]:
        """The steps that a word leads to at the beginning of a pattern."""
        self._kept += 1
        if self._kept > _KEPT:
            self._first.clear()
            self._kept = 0
        marks = self._marks
        numbers = [n for n in _after_word(self._steps[0], word) if marks[n] & speaks]
        found = [self._steps[n] for n in numbers if not again or marks[n] & SLOT_AHEAD]
        self._first.setdefault((speaks, again), {})[word] = found
        return found


def _each(children: int | list[int]) -> Sequence[int]:
    return (children,) if isinstance(children, int) else children


def _after_word(step: Step, word: str) -> list[int]:
    """Where a word leads to: by itself, by how it begins, by how it ends."""
    out: list[int] = []
    literal, prefix, suffix = step[1], step[2], step[3]
    if literal is not None and word in literal:
        out += _each(literal[word])
    if prefix is not None:
        for length in step[6]:
            if length > len(word):
                break
            if (beginning := word[:length]) in prefix:
                out += _each(prefix[beginning])
    if suffix is not None:
        for length in step[7]:
            if length >= len(word):
                break
            if (ending := word[-length:]) in suffix:
                out += _each(suffix[ending])
    return out


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Of hits with the same name that overlap, the longest; in the order of the text."""
    kept: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda h: (h.start - h.end, h.start)):
        same = kept.setdefault(hit.cue.name, [])
        if all(hit.end <= other.start or hit.start >= other.end for other in same):
            same.append(hit)
    return sorted((hit for same in kept.values() for hit in same), key=lambda h: (h.start, h.end))
