"""Air, power, water: whether a report speaks of what feeds many machines, and what becomes a part of it then (R21)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from db import cases
from workflow import common_cause, opening
from workflow.case import Case
from workflow.plant import Plant, Utility
from workflow.reading import ReportedException

if TYPE_CHECKING:
    from bot.desk import Desk

SAID_ITSELF = 0.85  # a line is said, and not taken from who writes, with more than this
OF_MANY = frozenset({None, "machine_breakdown", "other", "material_shortage"})


def named(said: ReportedException, text: str, plant: Plant) -> ReportedException | None:
    """The report as one of a utility: it is named, and neither a machine nor a line beside it; None for any other."""
    if said.type not in OF_MANY or said.assets or said.lots or said.work_orders:
        return None
    if said.line is not None and said.confidence.get("line", 0.0) > SAID_ITSELF:
        return None  # "no power on line 3" may be a breaker of line 3
    utility = _utility(text, plant)
    if utility is None:
        return None
    return replace(said, type="machine_breakdown", line=None, assets=(utility.id,), items=(), quantity=None)


def open_anew(desk: Desk, case: Case, known: tuple[Case, ...]) -> Case:
    """Save a new exception as a part of the cause that is open, or with the parts that it is the cause of."""
    plant = desk.world.plant
    cause = common_cause.cause_of(case, known, plant)
    if cause is not None:
        return desk.keep(common_cause.open_as_part(case, cause, desk.world))
    saved = desk.keep(opening.open_case(case, desk.world))
    if common_cause.utility_of(saved, plant) is not None:
        for part in known:
            if common_cause.belongs(part, saved, plant):
                desk.keep(common_cause.make_part(part, saved, desk.world))
        return saved
    found, feeding = common_cause.looks_like_one(saved, known, plant)
    return desk.keep(common_cause.ask_for_one(saved, found, feeding, desk.world)) if found else saved


def declared(desk: Desk, utility: str, case: Case) -> str:
    """ "Air" under the question: an exception of it is opened, and what stopped with it becomes its parts."""
    plant = desk.world.plant
    if utility not in plant.utility or not common_cause.may_declare(desk.me, desk.world):
        return desk.tell("late_press_unknown")
    known = cases.open_cases(desk.tx)
    there = next((c for c in known if utility in c.assets and c.status != "draft"), None)
    cause = there
    if cause is None:
        reported = ReportedException("machine_breakdown", assets=(utility,), started_at=case.since, line_stopped=True)
        number, at = cases.next_number(desk.tx), desk.sent_at
        new = opening.new_case(number, reported, desk.me, plant.utility[utility].name, at, desk.world)
        cause = desk.keep(opening.open_case(new, desk.world))
    for part in known:
        if common_cause.belongs(part, cause, plant, taken_too=True):
            desk.keep(common_cause.make_part(part, cause, desk.world))
    return "one_cause"


def _utility(text: str, plant: Plant) -> Utility | None:
    words = _folded(text)
    return next((utility for utility, pattern in _patterns(plant.utilities) if pattern.search(words)), None)


@lru_cache(maxsize=8)
def _patterns(utilities: tuple[Utility, ...]) -> tuple[tuple[Utility, re.Pattern[str]], ...]:
    return tuple(
        (utility, re.compile(rf"\b(?:{'|'.join(re.escape(name) for name in _names(utility))})\b"))
        for utility in utilities
    )


def _names(utility: Utility) -> Iterator[str]:
    """What people call it; of "Compressed air" the air alone too."""
    for name in (utility.name, *utility.aliases):
        yield _folded(name)
    yield from _folded(utility.name).split()[-1:]


def _folded(text: str) -> str:
    split = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in split if not unicodedata.combining(c))
