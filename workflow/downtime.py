"""How much of a stop counts: what is planned, or counted by another exception already, is not counted twice (R49)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.case import Case
from workflow.plant import Plant

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stood:
    """A span in which the same machine, or its line, stood, counted by another exception."""

    case: str
    start: datetime
    end: datetime


def stands_at(case: Case) -> str | None:
    """What stood: the machine, or the line where no machine is named."""
    return case.assets[0] if case.assets else case.line


def same_stop(one: Case, other: Case) -> bool:
    """Whether both speak of the same machine, or one of the line and the other of a machine that stands in it.

    Two machines of a line have each a downtime of their own; so has what stopped a line without anything broken.
    """
    if stands_at(one) == stands_at(other):
        return True
    broke = one.type == other.type == "machine_breakdown"
    of_the_line = not one.assets or not other.assets
    return broke and of_the_line and one.line is not None and one.line == other.line


def counted(case: Case, minutes: float, plant: Plant, others: Iterable[Stood]) -> float:
    """Of so many minutes from its beginning, those in no planned stop and in no other exception's span (R49).

    To the tenth of a minute, never below 0.
    """
    start, end = case.since, case.since + minutes * MINUTE
    taken = timedelta(0)
    reached = start
    for begins, ends in sorted((*_planned(case, plant), *((other.start, other.end) for other in others))):
        begins, ends = max(begins, reached), min(ends, end)
        if ends > begins:
            taken += ends - begins
            reached = ends
    return max(0.0, round(minutes - taken / MINUTE, 1))


def _planned(case: Case, plant: Plant) -> Iterator[tuple[datetime, datetime]]:
    asset = plant.asset.get(case.assets[0]) if case.assets else None
    for stop in asset.planned_stops if asset is not None else ():
        yield stop.start, stop.end
