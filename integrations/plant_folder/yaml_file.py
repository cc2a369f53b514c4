"""Reads a YAML file as plain text values with the line of every key, and refuses what YAML should never bring along."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from integrations.plant_folder.problems import Problem

LARGEST = 256 * 1024  # bytes; a plant of 2,000 people needs less
DEEPEST = 20
MOST_VALUES = 100_000  # after aliases are followed: a few lines of YAML can unfold into millions
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where it is there
NULL = "tag:yaml.org,2002:null"

Place = tuple[str | int, ...]  # ("people", 3, "roles", 0)


class _Refused(Exception):
    def __init__(self, line: int, key: str, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.line, self.key, self.wrong, self.right = line, key, wrong, right


@dataclass(frozen=True)
class Source:
    """A file's values and where each stands. Every scalar is text: `no` stays Norwegian and `06:00` a time."""

    file: str
    tree: Mapping[str, Any]
    lines: Mapping[Place, int]
    text: str = ""

    def line(self, place: Place) -> int:
        """The line of a key or a list's entry; of what contains it, where it is not there itself."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def at(self, place: Place) -> Any:
        """The value at a place; KeyError or IndexError where there is none."""
        value: Any = self.tree
        for step in place:
            value = value[step]
        return value

    def key(self, place: Place) -> str:
        """A place as a person reads it: `people[maria.lopez].roles`; entries without a name by their number."""
        words, value = "", self.tree
        for step in place:
            try:
                value = value[step]  # type: ignore[index]
            except (KeyError, IndexError, TypeError):
                value = {}
            if isinstance(step, int):
                own = value.get("id") or value.get("rule") if isinstance(value, Mapping) else None
                words += f"[{own if isinstance(own, str) else step + 1}]"
            else:
                words += f".{step}" if words else step
        return words

    def problem(self, place: Place, wrong: str, right: str) -> Problem:
        """A problem with what stands at a place."""
        return Problem(self.file, self.line(place), self.key(place), wrong, right)


def read_yaml(path: Path, problems: list[Problem]) -> Source | None:
    """The file's values; None, with the reason added to `problems`, where it cannot be read at all."""
    text = read_text(path, LARGEST, problems)
    return parse_yaml(path, text, problems) if text is not None else None


def parse_yaml(path: Path, text: str, problems: list[Problem]) -> Source | None:
    """The same for a text that is there already; `path` gives it its name."""
    try:
        _refuse_what_bites(text)
        node = yaml.compose(text, Loader=LOADER)
        lines: dict[Place, int] = {}
        duplicates: list[_Refused] = []
        tree = _Values(lines, duplicates).of(node, ()) if node is not None else {}
    except _Refused as no:
        problems.append(Problem(path.name, no.line, no.key, no.wrong, no.right))
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        wrong = f"is not YAML: {error.problem or error.context}"
        problems.append(Problem(path.name, line, "", wrong, "check indentation, quotes and brackets just above"))
        return None
    except yaml.YAMLError as error:
        problems.append(Problem(path.name, 1, "", f"is not YAML: {error}", "plain text without control characters"))
        return None
    problems.extend(Problem(path.name, d.line, d.key, d.wrong, d.right) for d in duplicates)
    if not isinstance(tree, Mapping):
        problems.append(Problem(path.name, 1, "", "holds no keys", "lines such as `name: Riverside Bottling`"))
        return None
    return Source(path.name, tree, lines, text)


def read_text(path: Path, largest: int, problems: list[Problem]) -> str | None:
    """A file's text, without a byte order mark; None, with the reason, where it is too large or not UTF-8."""
    try:
        with path.open("rb") as file:
            data = file.read(largest + 1)
    except OSError as error:
        wrong = f"cannot be read: {error.strerror or error}"
        problems.append(Problem(path.name, None, "", wrong, "a file that this user may read"))
        return None
    if len(data) > largest:
        right = f"at most {largest // 1024} KB"
        problems.append(Problem(path.name, None, "", "is too large", right))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.append(Problem(path.name, line, "", "is not UTF-8", "save the file with the encoding UTF-8"))
        return None


def _refuse_what_bites(text: str) -> None:
    """Look at the flat event stream first: composing a deep tree would exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise _Refused(line, "", f"is nested more than {DEEPEST} levels deep", "fewer levels")
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _Refused(line, "", f"the tag '{tag}' is not allowed", "the plain value without a tag")


class _Values:
    """Plain values out of composed nodes, with a budget, so that aliases cannot unfold without end."""

    def __init__(self, lines: dict[Place, int], duplicates: list[_Refused]) -> None:
        self._lines, self._duplicates, self._left = lines, duplicates, MOST_VALUES

    def of(self, node: yaml.Node, place: Place) -> Any:
        self._left -= 1
        line = node.start_mark.line + 1
        if self._left < 0 or len(place) > DEEPEST:
            raise _Refused(
                line, "", "unfolds into too many values", "write the values out instead of aliases (`*name`)"
            )
        self._lines.setdefault(place, line)
        match node:
            case yaml.ScalarNode():
                return None if node.tag == NULL else str(node.value)
            case yaml.SequenceNode():
                return [self.of(entry, (*place, i)) for i, entry in enumerate(node.value)]
            case yaml.MappingNode():
                return self._mapping(node, place)
        raise AssertionError(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise _Refused(line, "", "a key is a list or a mapping", "a word, such as `name:`")
            key: Hashable = str(key_node.value)
            if key in values:
                first = self._lines[(*place, str(key))]
                named = ".".join(str(step) for step in (*place, key))
                wrong = f"'{key}' is there twice (first in line {first})"
                self._duplicates.append(_Refused(line, named, wrong, "one of the two; the other would be lost"))
                continue
            self._lines[(*place, str(key))] = line
            values[str(key)] = self.of(value_node, (*place, str(key)))
        # `aliases:` with nothing behind it means the same as leaving it out.
        return {key: value for key, value in values.items() if value is not None}
