"""Answers that count: the four figures of R1, alone or side by side, minutes down, causes, a summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from bot.answers import lists
from bot.answers.behind import EVER, Show, fixes_of, listing_for, older, standing, which_of
from bot.answers.compared import SHOWN, compared
from bot.answers.groups import figures_of, frame, groups_of, named_row, one_group, period_fact, place, week_by_week
from bot.answers.periods import shift_spans
from bot.answers.rights import only_lines
from bot.answers.wanted import Wanted
from bot.answers.within import Fixed
from bot.figures_said import FEW
from db import cases, figures, postings, stops
from db.figure_rows import Which
from db.stops import NEWEST, Standing
from workflow.case import Notice
from workflow.metrics import minutes_down
from workflow.plant import Person
from workflow.routing import World

ITEMS = 10  # exceptions of a summary: the open ones, then those that stood longest
GROUPS = 12
CAUSES = 6
A_DAY = timedelta(hours=20)  # from here on minutes down are told by shift too


def answer(tx: Connection, wanted: Wanted, asker: Person, world: World) -> Notice:
    """The answer to a question that counts; `wanted` has its period."""
    assert wanted.start is not None
    assert wanted.end is not None
    which = which_of(tx, listing_for(wanted), asker, world)
    if wanted.about == "causes":
        return _causes(tx, wanted, which, asker, world)
    if wanted.about == "downtime" and wanted.against != "before":
        return _downtime(tx, wanted, which, asker, world)
    if wanted.about == "summary":
        return _summary(tx, wanted, which, asker, world)
    if wanted.about == "count":
        return _count(tx, wanted, which, asker, world)
    if wanted.against is not None:
        return compared(tx, wanted, which, asker, world) or nothing(tx, asker, wanted, world)
    if wanted.by is not None:
        groups = groups_of(tx, which, wanted.by, world)
        if not groups:
            return nothing(tx, asker, wanted, world)
        rows = [named_row(wanted.by, group) | figures_of(group) for group in groups[:GROUPS]]
        leads = _leads(wanted, named=len(groups) <= GROUPS and all(g.n <= len(g.cases) for g in groups))
        facts = frame(wanted, sum(g.n for g in groups)) | leads
        return Notice(asker.id, "answer.metrics_by", facts | {"groups": rows})
    group = one_group(tx, which)
    if group is None:
        return nothing(tx, asker, wanted, world)
    by_week = {"weeks": lately} if len(lately := week_by_week(tx, which, world)) > 1 else {}
    leads = _leads(wanted, named=group.n <= SHOWN)
    return Notice(asker.id, "answer.metrics", frame(wanted, group.n) | figures_of(group, SHOWN) | by_week | leads)


def nothing(tx: Connection, asker: Person, wanted: Wanted, world: World) -> Notice:
    """Nothing to count, said with the period in which there is nothing; all is quiet only where nothing is open."""
    facts = {"about": wanted.about, **place(wanted), "span": period_fact(wanted.start, wanted.end)}
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
    leads = _leads(
        replace(wanted, by=by), "stops", named=len(found) <= GROUPS and all(x.n <= len(x.cases) for x in found)
    )
    return Notice(asker.id, "answer.downtime", frame(wanted, n) | {"down": down, "stood": rows} | leads)


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
    return Notice(asker.id, "answer.count", frame(wanted, group.n) | facts | _leads(wanted, named=group.n <= SHOWN))


def by_shift(tx: Connection, which: Which, asker: Person | None, world: World) -> dict[str, list[dict[str, Any]]]:
    """For each line the minutes down in each shift, in the order of the shifts; a stop over two shifts is in both."""
    spans = shift_spans(world.plant, which.since, which.until)
    found = stops.stood_in(tx, which, spans, standing(tx, which, asker, world))
    names = [shift.id for shift in world.plant.shifts]
    return {
        line: [{"shift": name, "minutes": found[line, name]} for name in names if (line, name) in found]
        for line in dict.fromkeys(line for line, _ in found)
    }


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
    if which.asset is not None and (fixes := fixes_of(tx, which, asker, world)):
        return _within_a_machine(wanted, fixes, asker)
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
    listing = replace(listing_for(wanted, "stops" if minutes else "all"), by="cause")
    leads = lists.leads_to(listing, named=n == sum(len(cause.cases) for cause in found))
    return Notice(asker.id, "answer.causes", frame(wanted, n) | counted | {"causes": rows} | leads)


def _within_a_machine(wanted: Wanted, fixes: tuple[Fixed, ...], asker: Person) -> Notice:
    n, minutes = sum(len(one.cases) for one in fixes), sum(one.minutes for one in fixes)
    rows = [
        {
            "fixed_by": one.words,
            "n": len(one.cases),
            "minutes": one.minutes,
            "share": one.minutes / minutes if minutes and n >= FEW else None,
            "cases": list(one.cases[:NEWEST]),
        }
        for one in fixes[:CAUSES]
    ]
    named = len(fixes) <= CAUSES and all(len(one.cases) <= NEWEST for one in fixes)
    leads = lists.leads_to(replace(listing_for(wanted, "stops"), by="fix"), named=named)
    facts = frame(wanted, n) | {"down": {"minutes": minutes, "n": n}, "fixes": rows} | leads
    return Notice(asker.id, "answer.within", facts)


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
    leads = _leads(wanted, named=facts["more"] is None)
    return Notice(asker.id, "answer.summary", frame(wanted, group.n) | facts | known | leads)


def _leads(wanted: Wanted, show: Show = "all", *, named: bool) -> dict[str, Any]:
    return lists.leads_to(listing_for(wanted, show), named=named)
