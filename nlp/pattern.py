"""The lexicon's pattern language: sequences of words, stems, groups and slots, matched all at once in one trie.

word        exactly this word (folded)          stem*     a word that begins so
*ending     a word that ends so                 a|b       either
a_b|c       an alternative of two words          x?        may be absent
<group>     a word group of the lexicon
{slot}      a number, time or mention: {n} {asset} {item} {line} {lot} {order} {person} ...
..          up to two words between             ...       up to five words between
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Spans = Sequence[Mapping[str, Sequence[int]]]  # at each token: name of a group or slot -> where it may end
_GAPS = {"..": 2, "...": 5}


@dataclass(slots=True, eq=False)
class Node:
    """One step: what may come next leads to the same place for all alternatives of a pattern's element."""

    literal: dict[str, list[Node]] = field(default_factory=dict)
    prefix: dict[str, list[Node]] = field(default_factory=dict)
    suffix: dict[str, list[Node]] = field(default_factory=dict)
    slots: dict[str, list[Node]] = field(default_factory=dict)
    gaps: dict[int, Node] = field(default_factory=dict)
    prefix_lengths: tuple[int, ...] = ()
    suffix_lengths: tuple[int, ...] = ()
    out: list[Cue] = field(default_factory=list)
    after: dict[frozenset[str], Node] = field(default_factory=dict)  # while loading: where an element leads to


@dataclass(frozen=True, slots=True)
class Cue:
    """What a pattern speaks for."""

    name: str
    language: str
    pattern: str
    value: object = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A pattern found at some tokens."""

    cue: Cue
    start: int  # token
    end: int
    captured: tuple[tuple[str, int, int], ...] = ()  # (slot, start, end) in order


class PatternError(ValueError):
    """A pattern of a lexicon file that cannot be read; names the file's pattern."""


class Trie:
    """All patterns of all languages; `add` while loading, `find` while reading."""

    def __init__(self) -> None:
        self.root = Node()
        self.words: set[str] = set()  # every literal, for tolerant spelling

    def add(self, pattern: str, cue: Cue) -> None:
        """Take a pattern in; PatternError for one that says nothing."""
        elements = pattern.split()
        ends = [self.root]
        for element in elements:
            optional = element.endswith("?") and len(element) > 1
            bare = element[:-1] if optional else element
            options = frozenset([bare] if bare.startswith("<") and "|" not in bare else bare.split("|")) - {""}
            if not options:
                continue
            following = [_after(node, options, self.words) for node in ends]
            ends = list(dict.fromkeys([*following, *ends] if optional else following))
        ends = [node for node in ends if node is not self.root]
        if not ends:
            raise PatternError(f"pattern {pattern!r} says nothing")
        for node in ends:
            if cue not in node.out:
                node.out.append(cue)

    def find(
        self, norms: Sequence[str], spans: Spans, breaks: Sequence[bool], also: Mapping[int, str] | None = None
    ) -> list[Hit]:
        """Every match; `also` gives a likely spelling of a token beside its own."""
        hits: list[Hit] = []
        count = len(norms)
        also = also or {}

        def walk(node: Node, i: int, start: int, captured: tuple[tuple[str, int, int], ...]) -> None:
            hits.extend(Hit(cue, start, i, captured) for cue in node.out)
            if node.gaps:
                for most, child in node.gaps.items():
                    for skip in range(most + 1):
                        j = i + skip
                        if j >= count or (skip and breaks[j - 1]):
                            break
                        walk(child, j, start, captured)
            if i >= count:
                return
            word = norms[i]
            self._words(node, word, i, start, captured, walk)
            if i in also:
                self._words(node, also[i], i, start, captured, walk)
            if node.slots and spans[i]:
                here = spans[i]
                for name, children in node.slots.items():
                    for end in here.get(name, ()):
                        for child in children:
                            walk(child, end, start, (*captured, (name, i, end)))

        for i in range(count):
            if not breaks[i]:
                walk(self.root, i, i, ())
        return hits

    @staticmethod
    def _words(node: Node, word: str, i: int, start: int, captured: tuple[tuple[str, int, int], ...], walk) -> None:  # type: ignore[no-untyped-def]
        for child in node.literal.get(word, ()):
            walk(child, i + 1, start, captured)
        for length in node.prefix_lengths:
            if length > len(word):
                break
            for child in node.prefix.get(word[:length], ()):
                walk(child, i + 1, start, captured)
        for length in node.suffix_lengths:
            if length >= len(word):
                break
            for child in node.suffix.get(word[-length:], ()):
                walk(child, i + 1, start, captured)


def _after(node: Node, options: frozenset[str], words: set[str]) -> Node:
    """Where an element leads to from a node; the same element of another pattern leads to the same place."""
    known = node.after.get(options)
    if known is not None:
        return known
    if len(options) == 1 and (only := next(iter(options))) in _GAPS:
        end = node.gaps.setdefault(_GAPS[only], Node())
    else:
        end = Node()
        for option in options:
            _link(node, _parts(option), end, words)
    node.after[options] = end
    return end


def _link(node: Node, steps: list[str], end: Node, words: set[str]) -> None:
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        if step in _GAPS:
            if last:
                raise PatternError("an alternative ends in a gap")
            node = node.gaps.setdefault(_GAPS[step], Node())
            continue
        child = end if last else Node()
        if step[0] in "<{":
            node.slots.setdefault(step[1:-1], []).append(child)
        elif step.startswith("*"):
            node.suffix.setdefault(step[1:], []).append(child)
            node.suffix_lengths = tuple(sorted({len(key) for key in node.suffix}))
        elif step.endswith("*"):
            words.add(step[:-1])
            node.prefix.setdefault(step[:-1], []).append(child)
            node.prefix_lengths = tuple(sorted({*node.prefix_lengths, len(step) - 1}))
        else:
            words.add(step)
            node.literal.setdefault(step, []).append(child)
        node = child


def _parts(step: str) -> list[str]:
    return step.split("_") if "_" in step and step[0] not in "<{" else [step]


def longest(hits: Iterable[Hit]) -> list[Hit]:
    """Of hits with the same name that overlap, the longest; in the order of the text."""
    kept: dict[str, list[Hit]] = {}
    for hit in sorted(hits, key=lambda h: (h.start - h.end, h.start)):
        same = kept.setdefault(hit.cue.name, [])
        if all(hit.end <= other.start or hit.start >= other.end for other in same):
            same.append(hit)
    return sorted((hit for same in kept.values() for hit in same), key=lambda h: (h.start, h.end))
