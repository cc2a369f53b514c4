"""The four figures of R1 as facts of a notice: of a period, line by line, week by week, better or worse."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.answers.periods import shift_spans, weeks
from bot.answers.wanted import Wanted
from bot.figures_said import FEW
from db import figures
from db.figure_rows import Which
from db.figures import FIGURES, Group, Spread
from workflow.routing import World

WEEKS, MOST_WEEKS = timedelta(weeks=8), 12  # of the picture week by week
SAME = 0.05  # a difference below this share of the earlier figure is none


def groups_of(tx: Connection, which: Which, by: str, world: World) -> tuple[Group, ...]:
    """The figures for each line, kind, function or shift, the one with most exceptions first."""
    if by == "shift":
        found = figures.in_spans(tx, which, shift_spans(world.plant, which.since, which.until))
        return tuple(sorted(found, key=lambda group: -group.n))
    return figures.grouped(tx, which, by)


def one_group(tx: Connection, which: Which) -> Group | None:
    """All of a period together; None where there is nothing."""
    return next(iter(figures.grouped(tx, which)), None)


def figures_of(group: Group, shown: int = 0) -> dict[str, Any]:
    """The four figures as facts of a notice; each with so many of its newest cases."""
    facts: dict[str, Any] = {}
    for name in FIGURES:
        facts[name] = spread_fact(group.spreads[name], group.behind.get(name, ())[:shown])
    passed = list(group.behind.get("first_pass", ())[:shown])
    facts["first_pass"] = {"value": group.rate, "yes": group.passed, "n": group.solved, "cases": passed}
    return facts


def week_by_week(tx: Connection, which: Which, world: World) -> list[dict[str, Any]]:
    """Median and p90 of the resolution time of the last weeks up to the end of a period; empty weeks left out."""
    if which.spans:
        return []  # the weeks before would be of all shifts
    spans = weeks(world.plant, min(which.since, which.until - WEEKS), which.until)[-MOST_WEEKS:]
    found = figures.in_spans(tx, replace(which, since=spans[0][1]), spans)
    return [
        {"week": group.key, "minutes": spread.median, "p90": spread.p90, "n": spread.n}
        for group in found
        if (spread := group.spreads["resolution"]).n
    ]


def frame(wanted: Wanted, n: int) -> dict[str, Any]:
    """What an answer that counts begins with: period, place, and how many."""
    period = {"period": period_fact(wanted.start, wanted.end)}
    return period | place(wanted) | {"n": n, "exceptions": n, "by": wanted.by}


def place(wanted: Wanted) -> dict[str, Any]:
    """What a question was about: a machine, or a line, and a kind."""
    return {"line": wanted.line, "assets": [wanted.asset] if wanted.asset is not None else [], "type": wanted.type}


def period_fact(start: datetime | None, end: datetime | None) -> dict[str, Any]:
    """A stretch of time as a fact."""
    return {"start": start.isoformat() if start else None, "end": end.isoformat() if end else None}


def verdict(now: Group | None, then: Group | None) -> dict[str, Any]:
    """Better, worse or the same, by the median resolution time; too few on one side are no reason to say either."""
    after = now.spreads["resolution"] if now is not None else Spread(None, None, 0)
    before_ = then.spreads["resolution"] if then is not None else Spread(None, None, 0)
    found = verdict_of(after.median, after.n, before_.median, before_.n)
    few = found == "few"
    return {"is": found, "now": None if few else after.median, "then": None if few else before_.median}


def verdict_of(
    now: float | None, n: int, then: float | None, n_then: int, *, least: float = 1.0, more_is_better: bool = False
) -> str:
    """ "better", "worse", "same" or "few"; a difference below `least`, or a twentieth of what it was, is none."""
    if now is None or then is None or min(n, n_then) < FEW:
        return "few"
    if abs(now - then) < max(least, then * SAME):
        return "same"
    return "better" if (now > then) == more_is_better else "worse"


def named_row(by: str, group: Group) -> dict[str, Any]:
    """What a row is about, under the fact by which it is called in every language."""
    return {"n": group.n, "counted_of": {by: group.key}, "cases": list(group.cases)}


def spread_fact(found: Spread, shown: tuple[str, ...]) -> dict[str, Any]:
    """Median and p90 as a fact, with some of the cases."""
    return {"median": found.median, "p90": found.p90, "n": found.n, "cases": list(shown)}
