"""Whom an answer may show what: operators their own lines and what they reported, everyone else the plant (R57)."""

from __future__ import annotations

from workflow.case import Case
from workflow.plant import Person

NO_LINE = ("",)  # no line has this id


def only_lines(asker: Person) -> tuple[str, ...]:
    """The lines to which an asker is limited; none: no limit. An operator without lines may see no line at all."""
    return (asker.lines or NO_LINE) if set(asker.roles) <= {"operator"} else ()


def sees_line(asker: Person, line: str) -> bool:
    """Whether an asker may know of a line."""
    limits = only_lines(asker)
    return not limits or line in limits


def sees(asker: Person, case: Case) -> bool:
    """Whether an asker may know of a case."""
    limits = only_lines(asker)
    return not limits or case.line in limits or asker.id in (case.reporter, *case.joined)
