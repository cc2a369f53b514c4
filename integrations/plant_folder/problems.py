"""What is wrong in a plant folder, where, and what would be right: told all at once, never one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz, process, utils

MANY = 20  # choices that one message lists; more are not read


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair. `line` counts from 1; None where a whole file is meant."""

    file: str  # "plant.yaml"
    line: int | None
    key: str  # "people[maria.lopez].roles", or the column of a CSV file; "" for the file itself
    wrong: str
    right: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key + ': ' if self.key else ''}{self.wrong}. Right would be: {self.right}"


class PlantFolderProblems(ValueError):
    """A plant folder that cannot be used; carries every problem found, in the order of the files' lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda p: (p.file, p.line or 0, p.key, p.wrong)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that was probably meant; None where none is near."""
    found = process.extractOne(word, list(choices), scorer=fuzz.WRatio, processor=utils.default_process)
    return found[0] if found is not None and found[1] >= 70 else None


def one_of(word: str, choices: Iterable[str]) -> str:
    """Words for "what would be right": the nearest choice first, then what else is allowed."""
    known, word = list(dict.fromkeys(choices)), word[:80]
    if not known:
        return "nothing of that kind is described yet"
    meant = nearest(word, known)
    if len(known) > MANY:
        near = process.extract(word, known, scorer=fuzz.WRatio, processor=utils.default_process, limit=3)
        return f"'{meant}'" if meant else f"one of {len(known)}, such as " + ", ".join(choice for choice, *_ in near)
    return f"'{meant}' (known: {', '.join(known)})" if meant else f"one of {', '.join(known)}"
