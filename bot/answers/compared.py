"""Figures side by side: with the period before, or with the time before Linecall, like with like (R57)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.answers import lists
from bot.answers.baseline import baseline_of, pairs_of
from bot.answers.behind import Listing, listing_for, standing
from bot.answers.groups import (
    figures_of,
    frame,
    groups_of,
    one_group,
    period_fact,
    spread_fact,
    verdict,
    week_by_week,
)
from bot.answers.periods import before, shift_spans
from bot.answers.wanted import Wanted
from db import stops
from db.figure_rows import Which
from db.figures import FIGURES, Group, Spread
from db.stops import Stood
from workflow.case import Notice
from workflow.plant import Person, Plant
from workflow.routing import World

SHOWN = 6  # numbers of cases beside a figure; the page has all of them
GROUPS = 12
_EMPTY = spread_fact(Spread(None, None, 0), ())


def compared(tx: Connection, wanted: Wanted, which: Which, asker: Person, world: World) -> Notice | None:
    """The figures of a period beside others, as a whole or side by side; None where there is nothing to compare.

    The time before Linecall is known by line and kind alone: only those lines and kinds are compared with it.
    """
    if wanted.against == "baseline":
        return _with_baseline(tx, wanted, which, asker)
    assert wanted.start is not None
    start, end = wanted.earlier or before(wanted.start, wanted.end, wanted.named, world.plant, world.now)
    then_which = earlier_which(which, start, end or wanted.start, wanted.shifts or (), world.plant)
    listing = replace(listing_for(wanted), earlier=(then_which.since, then_which.until))
    facts = {"earlier_period": period_fact(then_which.since, then_which.until)} | lists.leads_to(listing, named=False)
    if wanted.about == "downtime":
        return _down(tx, wanted, (which, then_which), facts, asker, world)
    if wanted.by is not None:
        return _side_by_side(tx, wanted, (which, then_which), facts, asker, world)
    now, then = one_group(tx, which), one_group(tx, then_which)
    if now is None:
        return None
    lately = {"weeks": weeks} if len(weeks := week_by_week(tx, which, world)) > 1 else {}
    facts |= frame(wanted, now.n) | figures_of(now, SHOWN) | earlier_facts(now, then) | lately
    return Notice(asker.id, "answer.compared", facts)


def _down(
    tx: Connection, wanted: Wanted, both: tuple[Which, Which], facts: dict[str, Any], asker: Person, world: World
) -> Notice | None:
    """Minutes down, now and then; side by side where that is asked."""
    by = wanted.by if wanted.by in ("type", "role") else "line"
    now, then = (
        {one.key: one for one in stops.stood(tx, which, by, standing(tx, which, asker, world))} for which in both
    )
    if not now and not then:
        return None
    whole = {name: _sum(stood.values()) for name, stood in (("down", now), ("earlier_down", then))}
    rows = [
        {
            "counted_of": {by: key},
            "down": _sum(now[k] for k in (key,) if k in now),
            "earlier_down": _sum(then[k] for k in (key,) if k in then),
            "cases": list(now[key].cases) if key in now else [],
        }
        for key in list(dict.fromkeys((*now, *then)))[:GROUPS]
    ]
    listing = replace(listing_for(wanted, "stops"), by=by, earlier=(both[1].since, both[1].until))
    facts |= frame(wanted, whole["down"]["n"]) | whole | lists.leads_to(listing, named=False)
    return Notice(asker.id, "answer.downtime_compared", facts | ({"stood": rows} if wanted.by is not None else {}))


def _sum(stood: Iterable[Stood]) -> dict[str, Any]:
    found = list(stood)
    return {"minutes": sum(one.minutes for one in found), "n": sum(one.n for one in found), "even_none": True}


def earlier_facts(now: Group | None, then: Group | None) -> dict[str, Any]:
    """What a group is compared with, and whether it got better."""
    figures = figures_of(then) if then is not None else _nothing()
    found = {f"earlier_{name}": value for name, value in figures.items()}
    return found | {"earlier_n": then.n if then is not None else 0, "verdict": verdict(now, then)}


def earlier_which(which: Which, start: datetime, end: datetime, shifts: tuple[str, ...], plant: Plant) -> Which:
    """The same choice of exceptions in another period, of these shifts of it alone; none named: of all."""
    spans = tuple((a, b) for name, a, b in shift_spans(plant, start, end) if name in shifts)
    return replace(which, since=start, until=end, spans=spans or (((start, start),) if shifts else ()))


def _side_by_side(
    tx: Connection, wanted: Wanted, both: tuple[Which, Which], facts: dict[str, Any], asker: Person, world: World
) -> Notice | None:
    assert wanted.by is not None
    rows = pairs(tx, *both, wanted.by, world)
    if not rows:
        return None
    side = [
        {"counted_of": {wanted.by: key}, "n": now.n if now else 0, "cases": list(now.cases) if now else []}
        | (figures_of(now) if now is not None else _nothing())
        | earlier_facts(now, then)
        for key, now, then in rows[:GROUPS]
    ]
    facts |= frame(wanted, sum(now.n for _, now, _ in rows if now is not None))
    facts["earlier_n"] = sum(then.n for _, _, then in rows if then is not None)
    return Notice(asker.id, "answer.compared_by", facts | {"compared": side})


def pairs(
    tx: Connection, which: Which, then_which: Which, by: str, world: World
) -> list[tuple[str, Group | None, Group | None]]:
    """Each line, kind, function or shift now and then: those of now first, the one with most exceptions first."""
    now = {group.key: group for group in groups_of(tx, which, by, world)}
    then = {group.key: group for group in groups_of(tx, then_which, by, world)}
    return [(key, now.get(key), then.get(key)) for key in dict.fromkeys((*now, *then))]


def _with_baseline(tx: Connection, wanted: Wanted, which: Which, asker: Person) -> Notice | None:
    known = baseline_of(tx, wanted.line, wanted.type)
    if known is None:
        return Notice(asker.id, "answer.no_baseline")
    like = pairs_of(tx, wanted.line, wanted.type)
    which = replace(which, pairs=like)
    now = one_group(tx, which)
    if now is None:
        return None
    listing = replace(listing_for(wanted), like=True)
    facts = frame(wanted, now.n) | lists.leads_to(listing, named=wanted.by is None and now.n <= SHOWN)
    facts |= {"like": [list(pair) for pair in like]} if (None, None) not in like else {}
    if wanted.by in ("line", "type"):
        rows = with_baseline(tx, which, wanted.by, listing)
        if rows:
            side = [
                {"counted_of": {wanted.by: key}}
                | {"resolution": spread_fact(mine, ()), "earlier_resolution": spread_fact(was, ())}
                for key, mine, was in rows
            ]
            return Notice(asker.id, "answer.baseline_by", facts | {"than_before": side})
    past = {"earlier_resolution": spread_fact(known, ()), "earlier_n": known.n}
    return Notice(asker.id, "answer.against_baseline", facts | figures_of(now, SHOWN) | past)


def with_baseline(tx: Connection, which: Which, by: str, listing: Listing) -> list[tuple[str, Spread, Spread]]:
    """For each line or kind that the time before has: the resolution time now and then, of like kinds and lines."""
    found = []
    for key in dict.fromkeys(pair[0 if by == "line" else 1] or "" for pair in which.pairs):
        line, kind = (key, listing.type) if by == "line" else (listing.line, key)
        was = baseline_of(tx, line, kind) if key else None
        if was is None:
            continue
        mine = one_group(tx, replace(which, pairs=pairs_of(tx, line, kind)))
        found.append((key, mine.spreads["resolution"] if mine is not None else Spread(None, None, 0), was))
    return found


def _nothing() -> dict[str, Any]:
    return dict[str, Any].fromkeys(FIGURES, _EMPTY) | {"first_pass": {"value": None, "yes": 0, "n": 0, "cases": []}}
