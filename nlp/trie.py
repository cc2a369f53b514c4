"""The lexicon's pattern language: sequences of words, stems, groups and slots, gathered in one trie.

word        exactly this word (folded)          stem*     a word that begins so
*ending     a word that ends so                 a|b       either
a_b|c       an alternative of two words          x?        may be absent
<group>     a word group of the lexicon
{slot}      a number, time or mention: {n} {asset} {item} {line} {lot} {order} {person} ...
..          up to two words between             ...       up to five words between
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nlp.pattern import SLOT_AHEAD, Cue, PatternError, Patterns, Step

_GAPS = {"..": 2, "...": 5}


@dataclass(slots=True, eq=False)
class Node:
    """One step: what may come next leads to the same place for all alternatives of a pattern's element."""

    literal: dict[str, list[Node]] = field(default_factory=dict)
    prefix: dict[str, list[Node]] = field(default_factory=dict)
    suffix: dict[str, list[Node]] = field(default_factory=dict)
    slots: dict[str, list[Node]] = field(default_factory=dict)
    gaps: dict[int, Node] = field(default_factory=dict)
    out: list[Cue] = field(default_factory=list)
    after: dict[frozenset[str], Node] = field(default_factory=dict)  # where an element leads to

    def children(self) -> list[Node]:
        """Every step that may come next."""
        tables = (self.literal, self.prefix, self.suffix, self.slots)
        return [*(node for table in tables for nodes in table.values() for node in nodes), *self.gaps.values()]


class Trie:
    """All patterns of all languages, one after the other; `patterns` makes of them what reading uses."""

    def __init__(self) -> None:
        self.root = Node()

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
            following = [_after(node, options) for node in ends]
            ends = list(dict.fromkeys([*following, *ends] if optional else following))
        ends = [node for node in ends if node is not self.root]
        if not ends:
            raise PatternError(f"pattern {pattern!r} says nothing")
        for node in ends:
            if cue not in node.out:
                node.out.append(cue)

    def rows(self, languages: Mapping[str, int]) -> dict[str, Any]:
        """The steps as plain lists, each step by its number; `languages` gives every language its bit."""
        nodes = _in_order(self.root)
        number = {id(node): i for i, node in enumerate(nodes)}
        cues = list(dict.fromkeys(cue for node in nodes for cue in node.out))
        cue_number = {cue: i for i, cue in enumerate(cues)}
        marks: dict[int, int] = {}
        for node in reversed(nodes):
            mark = SLOT_AHEAD if node.slots else 0
            for cue in node.out:
                mark |= languages[cue.language]
            for child in node.children():
                mark |= marks[id(child)]
            marks[id(node)] = mark
        return {
            "steps": [_row(node, number, cue_number) for node in nodes],
            "marks": [marks[id(node)] for node in nodes],
            "cues": [[cue.name, cue.language, cue.pattern, cue.value] for cue in cues],
        }

    def patterns(self, languages: Mapping[str, int]) -> Patterns:
        """What reading uses."""
        rows = self.rows(languages)
        return Patterns(rows["steps"], rows["marks"], rows["cues"])


def _in_order(root: Node) -> list[Node]:
    """Every node, each before all that come behind it."""
    seen: set[int] = set()
    done: list[Node] = []
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, left = waiting.pop()
        if left:
            done.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting.append((node, True))
            waiting += [(child, False) for child in node.children() if id(child) not in seen]
    return done[::-1]


def _row(node: Node, number: Mapping[int, int], cues: Mapping[Cue, int]) -> Step:
    def table(children: Mapping[str, list[Node]]) -> dict[str, int | list[int]] | None:
        if not children:
            return None
        found = {word: [number[id(node)] for node in nodes] for word, nodes in children.items()}
        return {word: numbers[0] if len(numbers) == 1 else numbers for word, numbers in found.items()}

    out = [cues[cue] for cue in node.out]
    if not node.children():
        return [out]
    return [
        out, table(node.literal), table(node.prefix), table(node.suffix), table(node.slots),
        [[most, number[id(child)]] for most, child in node.gaps.items()],
        sorted({len(key) for key in node.prefix}), sorted({len(key) for key in node.suffix}),
    ]  # fmt: skip


def _after(node: Node, options: frozenset[str]) -> Node:
    """Where an element leads to from a node; the same element of another pattern leads to the same place."""
    known = node.after.get(options)
    if known is not None:
        return known
    if len(options) == 1 and (only := next(iter(options))) in _GAPS:
        end = node.gaps.setdefault(_GAPS[only], Node())
    else:
        end = Node()
        for option in sorted(options):
            _link(node, _parts(option), end)
    node.after[options] = end
    return end


def _link(node: Node, steps: list[str], end: Node) -> None:
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
        elif step.endswith("*"):
            node.prefix.setdefault(step[:-1], []).append(child)
        else:
            node.literal.setdefault(step, []).append(child)
        node = child


def _parts(step: str) -> list[str]:
    return step.split("_") if "_" in step and step[0] not in "<{" else [step]
