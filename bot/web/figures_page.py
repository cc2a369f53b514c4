"""The page of the figures and its pictures: the numbers that questions in the chat are answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from bot import pictures
from bot.answers.behind import standing
from bot.answers.counted import by_shift, causes_of, groups_of, one_group
from bot.answers.periods import period_of, weeks
from bot.answers.rights import only_lines
from bot.web.access import Caller, Looking, linecall
from bot.web.documents import FILE
from bot.web.rendering import frame, page
from bot.web.words import clock, line_name, minutes_words, voice_for
from db import figures
from db.figure_rows import Which

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.wording import Voice
    from workflow.routing import World

routes = APIRouter()

PERIODS = ("this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year")
Period = Literal["this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year"]
During = Annotated[Period, Query(description="of which time, by the plant's production days")]
Kind = Literal["causes", "weeks", "heat"]
Tabled = Literal["weeks", "heat"]  # pictures with a table under them
MOST_CAUSES = 8


@routes.get("/figures", include_in_schema=False)
def figures_page(request: Request, caller: Looking, period: Period = "this_week") -> HTMLResponse:
    """The four figures of the plant and of each line, with their pictures; what a picture shows stands beside it too.

    The causes stand in the words of their picture; weeks, and minutes by line and shift, in a table under theirs.
    """
    app = linecall(request)
    voice = voice_for(app, caller.person)
    which = which_of(app, caller, period)
    with app.database.read() as tx:
        whole = one_group(tx, which)
        by_line = groups_of(tx, which, "line", app.world())
        causes, _ = _bars(tx, which, caller, app.world(), voice)
        solved = _solved(whole) or _solved(one_group(tx, _twelve_weeks(which, voice)))
    # A picture of nothing would be an empty box.
    drawn = {"causes": bool(causes), "weeks": solved,
             "heat": whole is not None}  # fmt: skip
    facts = {
        "periods": [(name, voice.say(f"page.figures.{name}")) for name in PERIODS],
        "period": period,
        "named": {name: voice.say(f"figure.{name}") for name in (*figures.FIGURES, "first_pass")},
        "span": f"{clock(voice, which.since, voice.now)} – {clock(voice, which.until, voice.now)}",
        "whole": row_of("", whole, voice) if whole is not None else None,
        "lines": [row_of(line_name(app.plant, group.key) or "–", group, voice) for group in by_line],
        "causes": [(bar.name, f"{bar.value:,.0f} {voice.say('page.unit.minute')}") for bar in causes],
        "group": bool(app.group.members) and caller.person in app.plant.person,
        "pictures": [(kind, voice.say(f"page.figures.{kind}")) for kind, there in drawn.items() if there],
    }  # fmt: skip
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
    period: During = "this_week",
    dark: Annotated[bool, Query(description="for a dark page")] = False,
) -> Response:
    """Recurring causes, times by week, or minutes down by line and shift; light or dark."""
    app = linecall(request)
    data = await run_in_threadpool(_drawn, app, caller, kind, period, dark)
    return Response(data, media_type="image/png", headers={"Cache-Control": "private, max-age=60"})


@routes.get("/figures/{kind}/values", include_in_schema=False)
def values(request: Request, caller: Looking, kind: Tabled, period: Period = "this_week") -> HTMLResponse:
    """The numbers of a picture as a table, for whoever cannot see it; fetched after the page, as the picture is."""
    app = linecall(request)
    voice = voice_for(app, caller.person)
    which = which_of(app, caller, period)
    with app.database.read() as tx:
        if kind == "weeks":
            rows = [
                (
                    voice.short_date(week),
                    [" ".join(minutes_words(value or 0, voice)) for value in (s.median, s.p90)],
                    s.n,
                )
                for week, s in _week_by_week(tx, _twelve_weeks(which, voice), voice)
            ]
            heads = [voice.say(f"page.figures.{name}") for name in ("week", "median", "p90")]
        else:
            lines, shifts, minutes = _minutes_down(tx, app, caller, which)
            unit = voice.say("page.unit.minute")
            rows = [(line, [f"{m:,.0f} {unit}" for m in row], 0) for line, row in zip(lines, minutes, strict=True)]
            heads = [voice.say("page.record.line"), *shifts]
    facts = {"kind": kind, "label": voice.say(f"page.figures.{kind}"), "heads": heads, "rows": rows}
    return page(request, "_values.html", facts)


def which_of(app: App, caller: Caller, period: str) -> Which:
    """The exceptions of a period that a caller's figures count."""
    now = app.clock.now()
    start, end = period_of(period, None, app.plant, now)
    person = app.plant.person.get(caller.person or "")
    return Which(start, end or now, lines=only_lines(person) if person is not None else ())


def row_of(name: str, group: figures.Group, voice: Voice) -> dict[str, Any]:
    """The four figures of a line, or of a plant, in words."""

    def said(spread: figures.Spread) -> str:
        return "–" if spread.median is None else " ".join(minutes_words(spread.median, voice))

    def p90(spread: figures.Spread) -> str:
        return "–" if spread.p90 is None else " ".join(minutes_words(spread.p90, voice))

    times = [(said(group.spreads[n]), p90(group.spreads[n]), group.spreads[n].n, n) for n in figures.FIGURES]
    rate = voice.percent(group.rate) if group.rate is not None else "–"
    return {
        "name": name,
        "n": str(group.n),
        "times": times,
        "rate": rate,
        "solved": group.solved,
        "cases": group.cases,
    }


def _bars(tx: Connection, which: Which, caller: Caller, world: World, voice: Voice) -> tuple[list[pictures.Bar], float]:
    """The largest causes, and the minutes of all of them: shares are of these, as in the chat."""
    asker = world.plant.person.get(caller.person or "")
    found, _, minutes = causes_of(tx, which, MOST_CAUSES, standing(tx, which, asker, world))
    plant = voice.plant
    names = [(plant.called(c.asset) or c.asset, c) for c in found if c.down_min > 0]
    bars = [
        pictures.Bar(" · ".join(part for part in (name, voice.say(f"type.{c.type}")) if part), c.down_min)
        for name, c in names
    ]
    return bars, minutes


def _drawn(app: App, caller: Caller, kind: str, period: str, dark: bool) -> bytes:
    voice = voice_for(app, caller.person)
    which = which_of(app, caller, period)
    unit = voice.say("page.unit.minute")
    with app.database.read() as tx:
        if kind == "causes":
            bars, total = _bars(tx, which, caller, app.world(), voice)
            return pictures.pareto("", bars, unit, total=total, dark=dark)
        if kind == "weeks":
            rows = [
                pictures.Week(week[5:], spread.median or 0, spread.p90 or 0)
                for week, spread in _week_by_week(tx, _twelve_weeks(which, voice), voice)
            ]
            words = voice.say("page.figures.median"), voice.say("page.figures.p90")
            return pictures.weeks("", rows, unit, *words, dark=dark)
        return pictures.heat("", *_minutes_down(tx, app, caller, which), dark=dark)


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
    return Which(first, which.until, lines=which.lines)


def _minutes_down(
    tx: Connection, app: App, caller: Caller, which: Which
) -> tuple[list[str], list[str], list[list[float]]]:
    """Names of the lines, the shifts, and for each line the minutes down in each shift."""
    lines = [line for line in app.plant.lines if not which.lines or line.id in which.lines]
    shifts = [shift.id for shift in app.plant.shifts]
    found = by_shift(tx, which, app.plant.person.get(caller.person or ""), app.world())
    minutes = {(line, one["shift"]): one["minutes"] for line, row in found.items() for one in row}
    return [line.name for line in lines], shifts, [[minutes.get((n.id, s), 0.0) for s in shifts] for n in lines]
