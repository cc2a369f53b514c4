"""Answers that count: the four figures of R1, alone or side by side, minutes down, causes, a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from bot.answers import lists
from bot.answers.baseline import baseline_of
from bot.answers.behind import EVER, listing_for, older, standing, which_of
from bot.answers.periods import before, shift_spans, weeks
from bot.answers.rights import only_lines
from bot.answers.wanted import Wanted
from bot.facts import FEW
from db import cases, figures, postings, stops
from db.figure_rows import Which
from db.figures import FIGURES, Group, Spread
from db.stops import Standing
from workflow.case import Notice
from workflow.metrics import minutes_down
from workflow.plant import Person
from workflow.routing import World

SHOWN = 6  # numbers of cases beside a figure; the page has all of them
ITEMS = 10  # exceptions of a summary: the open ones, then those that stood longest
GROUPS = 12
CAUSES = 6
A_DAY = timedelta(hours=20)  # from here on minutes down are told by shift too
WEEKS, MOST_WEEKS = timedelta(weeks=8), 12  # of the picture week by week
SAME = 0.05  # a difference below this share of the earlier figure is none


def answer(tx: Connection, wanted: Wanted, asker: Person, world: World) -> Notice:
    """The answer to a question that counts; `wanted` has its period."""
    assert wanted.start is not None
    assert wanted.end is not None
    which = which_of(tx, listing_for(wanted), asker, world)
    if wanted.about == "causes":
        return _causes(tx, wanted, which, asker, world)
    if wanted.about == "downtime":
        return _downtime(tx, wanted, which, asker, world)
    if wanted.about == "summary":
        return _summary(tx, wanted, which, asker, world)
    if wanted.about == "count":
        return _count(tx, wanted, which, asker, world)
    if wanted.against is not None:
        return _compared(tx, wanted, which, asker, world)
    if wanted.by is not None:
        groups = groups_of(tx, which, wanted.by, world)
        if not groups:
            return nothing(tx, asker, wanted, world)
        rows = [_named(wanted.by, group) | figures_of(group) for group in groups[:GROUPS]]
        return Notice(asker.id, "answer.metrics_by", _frame(wanted, sum(g.n for g in groups)) | {"groups": rows})
    group = one_group(tx, which)
    if group is None:
        return nothing(tx, asker, wanted, world)
    by_week = {"weeks": lately} if len(lately := week_by_week(tx, which, world)) > 1 else {}
    return Notice(asker.id, "answer.metrics", _frame(wanted, group.n) | figures_of(group, SHOWN) | by_week)


def groups_of(tx: Connection, which: Which, by: str, world: World) -> tuple[Group, ...]:
    """The figures for each line, kind, function or shift, the one with most exceptions first."""
    if by == "shift":
        found = figures.in_spans(tx, which, shift_spans(world.plant, which.since, which.until))
        return tuple(sorted(found, key=lambda group: -group.n))
    return figures.grouped(tx, which, by)


def one_group(tx: Connection, which: Which) -> Group | None:
    """All of a period together; None where there is nothing."""
    return next(iter(figures.grouped(tx, which)), None)


def nothing(tx: Connection, asker: Person, wanted: Wanted, world: World) -> Notice:
    """Nothing to count, said with the period in which there is nothing; all is quiet only where nothing is open."""
    facts = {"about": wanted.about, **_place(wanted), "span": _period(wanted.start, wanted.end)}
    before_it = older(tx, listing_for(wanted, "older"), asker)
    stopped_first = sorted(before_it, key=lambda case: (not case.line_stopped, case.since))
    limits = (wanted.line,) if wanted.line else only_lines(asker)
    owing = postings.cases_owing(tx, EVER, wanted.end or world.now, limits) if wanted.about == "summary" else ()
    if not before_it and not owing:
        return Notice(asker.id, "answer.nothing", facts)
    items = [lists.item(case, world) for case in stopped_first[:ITEMS]]
    facts |= {"items": items, "older": [case.number for case in stopped_first], "not_booked": list(owing)}
    facts |= lists.leads_to(listing_for(wanted, "older"), named=True) if before_it else {}
    return Notice(asker.id, "answer.nothing_new", facts)


def figures_of(group: Group, shown: int = 0) -> dict[str, Any]:
    """The four figures as facts of a notice; each with so many of its newest cases."""
    facts: dict[str, Any] = {}
    for name in FIGURES:
        facts[name] = _spread(group.spreads[name], group.behind.get(name, ())[:shown])
    passed = list(group.behind.get("first_pass", ())[:shown])
    facts["first_pass"] = {"value": group.rate, "yes": group.passed, "n": group.solved, "cases": passed}
    return facts


def _compared(tx: Connection, wanted: Wanted, which: Which, asker: Person, world: World) -> Notice:
    now = one_group(tx, which)
    if now is None:
        return nothing(tx, asker, wanted, world)
    facts = _frame(wanted, now.n) | figures_of(now, SHOWN)
    if wanted.against == "baseline":
        known = baseline_of(tx, wanted.line, wanted.type)
        if known is None:
            return Notice(asker.id, "answer.no_baseline")
        earlier = {"earlier_resolution": _spread(known, ()), "earlier_n": known.n}
        return Notice(asker.id, "answer.against_baseline", facts | earlier)
    assert wanted.start is not None
    start, end = wanted.earlier or before(wanted.start, wanted.end, wanted.named, world.plant, world.now)
    end = end or wanted.start
    spans = tuple((a, b) for name, a, b in shift_spans(world.plant, start, end) if name in (wanted.shifts or ()))
    then = one_group(tx, replace(which, since=start, until=end, spans=spans))
    earlier = {"earlier_n": then.n if then is not None else 0, "earlier_period": _period(start, end)}
    earlier["verdict"] = _verdict(now, then)
    if then is not None:
        earlier |= {f"earlier_{name}": value for name, value in figures_of(then).items()}
    else:
        empty = _spread(Spread(None, None, 0), ())
        earlier |= {f"earlier_{name}": empty for name in FIGURES}
        earlier |= {"earlier_first_pass": {"value": None, "yes": 0, "n": 0, "cases": []}}
    earlier |= {"weeks": lately} if len(lately := week_by_week(tx, which, world)) > 1 else {}
    return Notice(asker.id, "answer.compared", facts | earlier)


def _downtime(tx: Connection, wanted: Wanted, which: Which, asker: Person, world: World) -> Notice:
    by = wanted.by if wanted.by in ("type", "role") else "line"
    found = stops.stood(tx, which, by, standing(tx, which, asker, world))
    if not found:
        return nothing(tx, asker, wanted, world)
    rows = [
        {
            "counted_of": {by: one.key},
            "down": {"minutes": one.minutes, "n": one.n},
            "n": one.n,
            "cases": list(one.cases),
        }
        for one in found[:GROUPS]
    ]
    n = sum(one.n for one in found)
    down = {"minutes": sum(one.minutes for one in found), "n": n}
    if by == "line" and which.until - which.since >= A_DAY and not which.spans:
        shifts = by_shift(tx, which, asker, world)
        rows = [row | {"shifts": shifts.get(one.key, [])} for row, one in zip(rows, found, strict=False)]
    return Notice(asker.id, "answer.downtime", _frame(wanted, n) | {"down": down, "stood": rows})


def _count(tx: Connection, wanted: Wanted, which: Which, asker: Person, world: World) -> Notice:
    """How many there were, what of them stood and how long, what is still open."""
    group = one_group(tx, which)
    if group is None:
        return nothing(tx, asker, wanted, world)
    stood = stops.stood(tx, which, "line", standing(tx, which, asker, world))
    facts = {
        "down": {"minutes": sum(one.minutes for one in stood), "n": sum(one.n for one in stood)},
        "open": {"n": group.open, "cases": list(group.behind["open"][:SHOWN])},
        "behind": {"n": group.n, "cases": list(group.cases[:SHOWN])},
    }
    return Notice(asker.id, "answer.count", _frame(wanted, group.n) | facts)


def by_shift(tx: Connection, which: Which, asker: Person | None, world: World) -> dict[str, list[dict[str, Any]]]:
    """For each line the minutes down in each shift, in the order of the shifts; a stop over two shifts is in both."""
    spans = shift_spans(world.plant, which.since, which.until)
    found = stops.stood_in(tx, which, spans, standing(tx, which, asker, world))
    names = [shift.id for shift in world.plant.shifts]
    return {
        line: [{"shift": name, "minutes": found[line, name]} for name in names if (line, name) in found]
        for line in dict.fromkeys(line for line, _ in found)
    }


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


def causes_of(
    tx: Connection, which: Which, most: int, now_standing: Sequence[Standing]
) -> tuple[tuple[figures.Cause, ...], int, float]:
    """What stood longest, machine by machine and kind by kind, counted as the minutes down are; else what came most."""
    found = stops.stood(tx, which, "cause", now_standing)
    if not found:
        return figures.causes(tx, which, most, by_minutes=False)
    causes = tuple(figures.Cause(*_cause(one.key), one.n, one.minutes, one.cases) for one in found[:most])
    return causes, sum(one.n for one in found), sum(one.minutes for one in found)


def _cause(key: str) -> tuple[str, str]:
    asset, _, kind = key.partition(stops.AND)
    return asset, kind


def _causes(tx: Connection, wanted: Wanted, which: Which, asker: Person, world: World) -> Notice:
    found, n, minutes = causes_of(tx, which, CAUSES, standing(tx, which, asker, world))
    if not found:
        return nothing(tx, asker, wanted, world)
    rows = [
        {
            "assets": [cause.asset] if cause.asset else [],
            "type": cause.type,
            "n": cause.n,
            "minutes": cause.down_min or None,
            "share": (cause.down_min / minutes if minutes else cause.n / n) if n >= FEW else None,
            "cases": list(cause.cases),
        }
        for cause in found
    ]
    counted = {"down": {"minutes": minutes, "n": n}, "exceptions": None} if minutes else {}
    return Notice(asker.id, "answer.causes", _frame(wanted, n) | counted | {"causes": rows})


def _summary(tx: Connection, wanted: Wanted, which: Which, asker: Person, world: World) -> Notice:
    group = one_group(tx, which)
    if group is None:
        return nothing(tx, asker, wanted, world)
    still_open = group.behind["open"]
    shown = dict.fromkeys((*still_open, *group.longest))
    found = sorted(cases.of(tx, tuple(shown)[:ITEMS]), key=lambda case: case.captured_at)
    items = [lists.item(c, world) | {"minutes": minutes_down(c), "action": c.resolution} for c in found]
    owing = postings.cases_owing(tx, which.since, which.until, (which.line,) if which.line else which.lines)
    facts: dict[str, Any] = {
        "items": items,
        "open": {"n": group.open, "cases": list(still_open)},
        "not_booked": list(owing),
        "older": [case.number for case in older(tx, listing_for(wanted, "older"), asker)],
        "more": {"n": group.n - len(items)} if group.n > len(items) else None,
    }
    stood = stops.stood(tx, which, "line", standing(tx, which, asker, world))
    facts["down"] = {"minutes": sum(one.minutes for one in stood), "n": sum(one.n for one in stood)}
    # What stands above line by line is not named once more behind each figure.
    counted = figures_of(group, SHOWN if facts["more"] else 0)
    known = {name: value for name, value in counted.items() if value["n"]}
    return Notice(asker.id, "answer.summary", _frame(wanted, group.n) | facts | known)


def _frame(wanted: Wanted, n: int) -> dict[str, Any]:
    period = {"period": _period(wanted.start, wanted.end)}
    return period | _place(wanted) | {"n": n, "exceptions": n, "by": wanted.by}


def _place(wanted: Wanted) -> dict[str, Any]:
    """What a question was about: a machine, or a line, and a kind."""
    return {"line": wanted.line, "assets": [wanted.asset] if wanted.asset is not None else [], "type": wanted.type}


def _period(start: datetime | None, end: datetime | None) -> dict[str, Any]:
    return {"start": start.isoformat() if start else None, "end": end.isoformat() if end else None}


def _verdict(now: Group, then: Group | None) -> dict[str, Any]:
    """Better, worse or the same, by the median resolution time; too few on one side are no reason to say either."""
    after = now.spreads["resolution"]
    before_ = then.spreads["resolution"] if then is not None else Spread(None, None, 0)
    if after.median is None or before_.median is None or min(after.n, before_.n) < FEW:
        return {"is": "few", "now": None, "then": None}
    differs = abs(after.median - before_.median) >= max(1.0, before_.median * SAME)
    found = "same" if not differs else "better" if after.median < before_.median else "worse"
    return {"is": found, "now": after.median, "then": before_.median}


def _named(by: str, group: Group) -> dict[str, Any]:
    """What a row is about, under the fact by which it is called in every language."""
    return {"n": group.n, "counted_of": {by: group.key}, "cases": list(group.cases)}


def _spread(found: Spread, shown: tuple[str, ...]) -> dict[str, Any]:
    return {"median": found.median, "p90": found.p90, "n": found.n, "cases": list(shown)}
