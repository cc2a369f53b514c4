"""The page of the figures, its pictures and its exports: the numbers that questions in the chat are answered with."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Literal

import xlsxwriter
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from bot import pictures
from bot.answers.counted import by_shift, causes_of, groups_of, one_group, standing
from bot.answers.periods import period_of, weeks
from bot.answers.rights import only_lines
from bot.views import iso
from bot.web.access import Caller, Looking, linecall
from bot.web.rendering import frame, page
from bot.web.sight import sight_of
from bot.web.words import clock, line_name, minutes_words, voice_for
from db import figures
from db import log as chained
from db.figure_rows import Which
from db.searching import reported
from workflow.case import LINECALL
from workflow.metrics import alignment_time, first_pass, minutes_down, posting_lag, resolution_time

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from xlsxwriter.worksheet import Worksheet

    from bot.app import App
    from bot.wording import Voice
    from workflow.case import Case
    from workflow.routing import World

routes = APIRouter()

PERIODS = ("this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year")
Period = Literal["this_shift", "today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_year"]
Kind = Literal["causes", "weeks", "heat"]
Tabled = Literal["weeks", "heat"]  # pictures with a table under them
AT_ONCE = 500  # exceptions of an export that are read in one go
ROWS = 1_000_000  # of one sheet; a spreadsheet takes little more
MOST_CAUSES = 8
# A spreadsheet would calculate what begins so, and a cell begins at whatever it takes for a separator.
PART = re.compile(r"""(^[\s"']*|[;,\t\r\n|][\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")
COLUMNS = (
    "number", "type", "status", "line", "assets", "work_orders", "lots", "occurred_at", "captured_at", "resolved_at",
    "closed_at", "resolution_min", "alignment_min", "posting_lag_min", "minutes_down", "first_pass", "resolution",
)  # fmt: skip


@routes.get("/figures", include_in_schema=False)
def figures_page(request: Request, caller: Looking, period: Period = "this_week") -> HTMLResponse:
    """The four figures of the plant and of each line, with their pictures; what a picture shows stands beside it too.

    The causes stand in the words of their picture; weeks, and minutes by line and shift, in a table under theirs.
    """
    app = linecall(request)
    voice = voice_for(app, caller.person)
    which = _which(app, caller, period)
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


@routes.get("/figures/{kind}.png", summary="A picture of the figures", response_class=Response)
async def picture(
    request: Request, caller: Looking, kind: Kind, period: Period = "this_week", dark: bool = False
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
    which = _which(app, caller, period)
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


@routes.get("/api/export/cases.csv", summary="The exceptions of a period as CSV", response_class=Response)
def as_csv(request: Request, caller: Looking, period: Period = "this_month") -> Response:
    """UTF-8 with a header row; nothing in it is calculated by a spreadsheet."""
    app, which = linecall(request), _which(linecall(request), caller, period)
    _noted(app, caller, "csv", period)

    def lines() -> Iterator[bytes]:
        out = StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        out.write("\ufeff")
        writer.writerow(COLUMNS)
        for found in _exported(app, caller, which):
            writer.writerows([[_harmless(value) for value in _values(case)] for case in found])
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
        yield out.getvalue().encode()

    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=_named(f"linecall-{period}.csv"))


@routes.get("/api/export/cases.xlsx", summary="The exceptions of a period as a spreadsheet", response_class=Response)
def as_xlsx(request: Request, caller: Looking, period: Period = "this_month") -> Response:
    """One sheet of up to a million; text stays text, whatever it begins with."""
    app, which = linecall(request), _which(linecall(request), caller, period)
    _noted(app, caller, "xlsx", period)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    out = TemporaryFile()  # noqa: SIM115 - closed when it was sent
    with xlsxwriter.Workbook(out, options | {"strings_to_numbers": False}) as book:
        for n, case in enumerate(case for found in _exported(app, caller, which) for case in found):
            if n % ROWS == 0:
                sheet = _sheet(book)
            sheet.write_row(n % ROWS + 1, 0, _values(case))
        if not book.worksheets():
            _sheet(book)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    out.seek(0)
    parts = iter(lambda: out.read(1 << 16), b"")
    return StreamingResponse(
        parts, media_type=kind, headers=_named(f"linecall-{period}.xlsx"), background=BackgroundTask(out.close)
    )


def _which(app: App, caller: Caller, period: str) -> Which:
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
    which = _which(app, caller, period)
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


def _noted(app: App, caller: Caller, what: str, period: Period) -> None:
    """Who took what out of here stands in the plant's own log before the first byte of it is sent (R61)."""
    with app.database.write() as tx:
        known_by = "sign-in" if caller.person is not None else "token" if caller.token else "this machine"
        facts = {"what": "cases", "as": what, "period": period, "known_by": known_by}
        chained.note(tx, app.clock.now(), caller.person or LINECALL, "exported", facts)


def _exported(app: App, caller: Caller, which: Which) -> Iterator[tuple[Case, ...]]:
    """Every exception of a period that this caller may see, oldest first, page by page: of a year too."""
    within, last = sight_of(app, caller).within, None
    while True:
        with app.database.read() as tx:  # a transaction a page: a slow reader holds none open
            found = reported(tx, which.since, which.until, last, AT_ONCE, within)
        if found:
            yield found
        if len(found) < AT_ONCE:
            return
        last = found[-1]


def _values(case: Case) -> list[Any]:
    def at(when: datetime | None) -> str:
        return iso(when) or ""

    def number(value: float | None) -> float | str:
        return round(value, 1) if value is not None else ""

    passed = "" if case.resolved_at is None else "yes" if first_pass(case) else "no"
    return [
        case.number, case.type or "", case.status, case.line or "", " ".join(case.assets), " ".join(case.work_orders),
        " ".join(case.lots), at(case.occurred_at), at(case.captured_at), at(case.resolved_at), at(case.closed_at),
        number(resolution_time(case)), number(alignment_time(case)), number(posting_lag(case)),
        number(minutes_down(case)), passed, case.resolution,
    ]  # fmt: skip


def _harmless(value: Any) -> Any:
    """A text of which no part begins a formula, whatever a spreadsheet of that country takes for the separator."""
    if not isinstance(value, str):
        return value
    return PART.sub(r"\1'", value)


def _sheet(book: xlsxwriter.Workbook) -> Worksheet:
    n = len(book.worksheets()) + 1
    sheet: Worksheet = book.add_worksheet("exceptions" if n == 1 else f"exceptions {n}")
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, COLUMNS)
    return sheet


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
