"""The page of the figures and its pictures: the numbers that questions in the chat are answered with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from bot import pictures
from bot.answers.baseline import baseline_of, pairs_of
from bot.answers.behind import Listing, standing
from bot.answers.compared import pairs, with_baseline
from bot.answers.counted import by_shift, causes_of
from bot.answers.groups import one_group
from bot.answers.periods import period_of, weeks
from bot.answers.rights import only_lines
from bot.facts import as_words
from bot.web.access import Caller, Looking, linecall
from bot.web.cut import CUTS, PERIODS, Chosen, Cut
from bot.web.documents import FILE
from bot.web.figure_rows import called, part_of, past_row, row_of
from bot.web.rendering import frame, page
from bot.web.words import capital, clock, minutes_words, voice_for
from db import figures
from db.figure_rows import Which
from workflow.reading import EXCEPTION_TYPES

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.wording import Voice
    from workflow.routing import World

routes = APIRouter()

Kind = Literal["causes", "weeks", "heat"]
Tabled = Literal["weeks", "heat"]  # pictures with a table under them
MOST_CAUSES = 8


@routes.get("/figures", include_in_schema=False)
def figures_page(request: Request, caller: Looking, cut: Chosen) -> HTMLResponse:
    """The four figures of a period and its parts side by side, each against the period before and with its list.

    What the pictures show stands beside them too: causes in words, weeks and minutes by line and shift in a table.
    """
    app, world = linecall(request), linecall(request).world()
    voice = voice_for(app, caller.person)
    which = cut.which(request, caller)
    then = cut.earlier(which, app.plant, voice.now)
    with app.database.read() as tx:
        whole, whole_then = one_group(tx, which), one_group(tx, then)
        side = pairs(tx, which, then, cut.by, world)
        causes, _ = _bars(tx, which, caller, world, voice)
        solved = _solved(whole) or _solved(one_group(tx, _twelve_weeks(which, voice)))
        past = _past(tx, cut, which, voice)
    # A picture of nothing would be an empty box.
    drawn = {"causes": bool(causes), "weeks": solved, "heat": whole is not None}
    person = app.plant.person.get(caller.person or "")
    sight = only_lines(person) if person is not None else ()
    facts = {
        "periods": [(name, voice.say(f"page.figures.{name}")) for name in PERIODS],
        "cut": cut,
        "cuts": [(name, voice.say(f"page.figures.{name}")) for name in CUTS],
        "lines": [(line.id, line.name) for line in app.plant.lines if not sight or line.id in sight],
        "kinds": [(kind, capital(voice.say(f"type.{kind}"))) for kind in EXCEPTION_TYPES],
        "days": cut.span.query.replace("from=", "").split("&to=") if not cut.span.period else ("", ""),
        "narrowed": [(name, value) for name, value in (("line", cut.line), ("type", cut.type)) if value],
        "named": {name: voice.say(f"figure.{name}") for name in (*figures.FIGURES, "first_pass")},
        "span": f"{clock(voice, which.since, voice.now)} – {clock(voice, which.until, voice.now)}",
        "earlier": f"{clock(voice, then.since, voice.now)} – {clock(voice, then.until, voice.now)}",
        "rows": [
            *([row_of(voice.say("page.figures.plant"), whole, whole_then, cut.listing, voice)] if whole else []),
            *(
                row_of(called(cut.by, key, voice), now, was, part_of(cut.listing, cut.by, key), voice)
                for key, now, was in side
                if now is not None
            ),
        ],
        "past": past,
        "causes": [(bar.name, f"{bar.value:,.0f} {voice.say('page.unit.minute')}", query) for bar, query in causes],
        "group": bool(app.group.members) and caller.person in app.plant.person,
        "pictures": [(kind, voice.say(f"page.figures.{kind}")) for kind, there in drawn.items() if there],
    }
    return page(request, "figures.html", frame(voice) | facts)


@routes.get(
    "/figures/{kind}.png",
    summary="A picture of the figures",
    response_class=Response,
    responses={200: {"content": {"image/png": FILE}}},
)
async def picture(
    request: Request,
    caller: Looking,
    kind: Annotated[Kind, Path(description="causes (Pareto), weeks (median and p90), heat (line by shift)")],
    cut: Chosen,
    dark: Annotated[bool, Query(description="for a dark page")] = False,
) -> Response:
    """Recurring causes, times by week, or minutes down by line and shift; light or dark."""
    data = await run_in_threadpool(_drawn, request, caller, kind, cut, dark)
    return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=60"})


@routes.get("/figures/{kind}/values", include_in_schema=False)
def values(request: Request, caller: Looking, kind: Tabled, cut: Chosen) -> HTMLResponse:
    """The numbers of a picture as a table, for whoever cannot see it; fetched after the page, as the picture is."""
    app = linecall(request)
    voice = voice_for(app, caller.person)
    which = cut.which(request, caller)
    rows: list[tuple[str, list[tuple[str, str]], int]] = []
    with app.database.read() as tx:
        if kind == "weeks":
            wide = _twelve_weeks(which, voice)
            until = {name: (start, end) for name, start, end in weeks(voice.plant, wide.since, wide.until)}
            for week, s in _week_by_week(tx, wide, voice):
                start, end = until[week]
                listing = replace(cut.listing, show="resolution", since=start, until=min(end, wide.until))
                median, p90 = (" ".join(minutes_words(value or 0, voice)) for value in (s.median, s.p90))
                rows.append((voice.short_date(week), [(median, listing.query), (p90, "")], s.n))
            heads = [voice.say(f"page.figures.{name}") for name in ("week", "median", "p90")]
        else:
            lines, shifts, minutes = _minutes_down(tx, app, caller, which)
            unit = voice.say("page.unit.minute")
            for (line, name), row in zip(lines, minutes, strict=True):
                stood = replace(cut.listing, show="stops", line=line)
                cells = [
                    (f"{m:,.0f} {unit}", replace(stood, shifts=(shift,)).query if m else "")
                    for shift, m in zip(shifts, row, strict=True)
                ]
                rows.append((name, cells, 0))
            heads = [voice.say("page.record.line"), *shifts]
    facts = {"kind": kind, "label": voice.say(f"page.figures.{kind}"), "heads": heads, "rows": rows}
    return page(request, "_values.html", facts)


def _past(tx: Connection, cut: Cut, which: Which, voice: Voice) -> dict[str, Any] | None:
    """The resolution time against the time before Linecall, of lines and kinds that it has; None where it has none."""
    like = pairs_of(tx, cut.line, cut.type)
    was = baseline_of(tx, cut.line, cut.type)
    if was is None:
        return None
    alike, listing = replace(which, pairs=like), replace(cut.listing, like=True, show="resolution")
    now = one_group(tx, alike)
    spread = now.spreads["resolution"] if now is not None else figures.Spread(None, None, 0)
    rows = [past_row(voice.say("page.figures.plant"), spread, was, listing, voice)]
    if cut.by in ("line", "type"):
        rows += [
            past_row(called(cut.by, key, voice), mine, before, part_of(listing, cut.by, key), voice)
            for key, mine, before in with_baseline(tx, alike, cut.by, listing)
        ]
    return {
        "rows": rows,
        "like": as_words({"like": [list(p) for p in like]}, voice)["like"] if (None, None) not in like else "",
    }


def _bars(
    tx: Connection, which: Which, caller: Caller, world: World, voice: Voice
) -> tuple[list[tuple[pictures.Bar, str]], float]:
    """The largest causes, each with its list, and the minutes of all of them: shares are of these, as in the chat."""
    asker, plant = world.plant.person.get(caller.person or ""), voice.plant
    found, _, minutes = causes_of(tx, which, MOST_CAUSES, standing(tx, which, asker, world))
    whole = Listing("stops", which.since, which.until, which.line, which.type, by="cause")
    bars = []
    for cause in (one for one in found if one.down_min > 0):
        name = " · ".join(p for p in (plant.called(cause.asset) or cause.asset, voice.say(f"type.{cause.type}")) if p)
        listing = replace(whole, assets=(cause.asset,), type=cause.type)
        bars.append((pictures.Bar(name, cause.down_min), listing.query))
    return bars, minutes


def _drawn(request: Request, caller: Caller, kind: str, cut: Cut, dark: bool) -> bytes:
    app = linecall(request)
    voice = voice_for(app, caller.person)
    which = cut.which(request, caller)
    unit = voice.say("page.unit.minute")
    with app.database.read() as tx:
        if kind == "causes":
            bars, total = _bars(tx, which, caller, app.world(), voice)
            return pictures.pareto("", [bar for bar, _ in bars], unit, total=total, dark=dark)
        if kind == "weeks":
            rows = [
                pictures.Week(week[5:], spread.median or 0, spread.p90 or 0)
                for week, spread in _week_by_week(tx, _twelve_weeks(which, voice), voice)
            ]
            words = voice.say("page.figures.median"), voice.say("page.figures.p90")
            return pictures.weeks("", rows, unit, *words, dark=dark)
        lines, shifts, minutes = _minutes_down(tx, app, caller, which)
        return pictures.heat("", [name for _, name in lines], shifts, minutes, dark=dark)


def _week_by_week(tx: Connection, wide: Which, voice: Voice) -> list[tuple[str, figures.Spread]]:
    """The first day of each week in which something was solved, and the times from reported to fixed and in ERP."""
    spans = weeks(voice.plant, wide.since, wide.until)
    found = [(group.key, group.spreads["resolution"]) for group in figures.in_spans(tx, wide, spans)]
    return [(week, spread) for week, spread in found if spread.n]


def _solved(group: figures.Group | None) -> bool:
    return group is not None and group.spreads["resolution"].n > 0


def _twelve_weeks(which: Which, voice: Voice) -> Which:
    """The weeks that the picture shows: those of the period, and never fewer than twelve."""
    start = weeks(voice.plant, which.since, which.until)[0][1]
    first = weeks(voice.plant, min(start, period_of("weeks", 12, voice.plant, voice.now)[0]), which.until)[0][1]
    return replace(which, since=first)


def _minutes_down(
    tx: Connection, app: App, caller: Caller, which: Which
) -> tuple[list[tuple[str, str]], list[str], list[list[float]]]:
    """Ids and names of the lines, the shifts, and for each line the minutes down in each shift."""
    lines = [line for line in app.plant.lines if not which.lines or line.id in which.lines]
    lines = [line for line in lines if which.line in (None, line.id)]
    shifts = [shift.id for shift in app.plant.shifts]
    found = by_shift(tx, which, app.plant.person.get(caller.person or ""), app.world())
    minutes = {(line, one["shift"]): one["minutes"] for line, row in found.items() for one in row}
    named = [(line.id, line.name) for line in lines]
    return named, shifts, [[minutes.get((line.id, s), 0.0) for s in shifts] for line in lines]
