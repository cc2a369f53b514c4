"""The exceptions of a period as a file for a spreadsheet, however many; no cell is ever a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from io import StringIO
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import xlsxwriter
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from bot.views import iso
from bot.web.access import Caller, Looking, linecall
from bot.web.cut import OfMonth, Span
from bot.web.documents import FILE
from bot.web.sight import sight_of
from db import log as chained
from db.searching import reported
from workflow.case import LINECALL
from workflow.metrics import alignment_time, first_pass, minutes_down, posting_lag, resolution_time

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from bot.app import App
    from workflow.case import Case
    from workflow.plant import Plant

routes = APIRouter()

AT_ONCE = 500  # exceptions of an export that are read in one go
ROWS = 1_000_000  # of one sheet; a spreadsheet takes little more
# A spreadsheet would calculate what begins so, and a cell begins at whatever it takes for a separator.
PART = re.compile(r"""(^[\s"']*|[;,\t\r\n|][\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")
COLUMNS = (
    "number", "type", "status", "line", "assets", "work_orders", "lots", "occurred_at", "captured_at", "resolved_at",
    "closed_at", "resolution_min", "alignment_min", "posting_lag_min", "minutes_down", "first_pass", "resolution",
)  # fmt: skip
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATE = "yyyy-mm-dd hh:mm:ss"  # the same in every country
WIDE = 19  # characters of a date


@routes.get(
    "/api/export/cases.csv",
    summary="The exceptions of a period as CSV",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def as_csv(request: Request, caller: Looking, span: OfMonth) -> Response:
    """UTF-8 with a header row, times in UTC (ISO 8601); nothing in it is calculated by a spreadsheet."""
    app = linecall(request)
    _noted(app, caller, "csv", span)

    def lines() -> Iterator[bytes]:
        out = StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        out.write("\ufeff")
        writer.writerow(COLUMNS)
        for found in _exported(app, caller, span):
            writer.writerows([[_written(value) for value in _values(case)] for case in found])
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
        yield out.getvalue().encode()

    named = _named(f"linecall-{span.called}.csv")
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=named)


@routes.get(
    "/api/export/cases.xlsx",
    summary="The exceptions of a period as a spreadsheet",
    response_class=Response,
    responses={200: {"content": {SHEET: FILE}}},
)
def as_xlsx(request: Request, caller: Looking, span: OfMonth) -> Response:
    """One sheet of up to a million; times are dates by the plant's own clock, text stays text whatever it begins with.

    The zone stands as a note on each of their columns. A spreadsheet knows no zones: of the hour that a clock change
    repeats both read alike; the CSV tells them apart.
    """
    app = linecall(request)
    _noted(app, caller, "xlsx", span)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    out = TemporaryFile()  # noqa: SIM115 - closed when it was sent
    with xlsxwriter.Workbook(out, options | {"strings_to_numbers": False}) as book:
        date = book.add_format({"num_format": DATE})
        for n, case in enumerate(case for found in _exported(app, caller, span) for case in found):
            if n % ROWS == 0:
                sheet = _sheet(book, app.plant, date)
            _write_row(sheet, n % ROWS + 1, _values(case), app.plant, date)
        if not book.worksheets():
            _sheet(book, app.plant, date)
    out.seek(0)
    parts = iter(lambda: out.read(1 << 16), b"")
    return StreamingResponse(
        parts, media_type=SHEET, headers=_named(f"linecall-{span.called}.xlsx"), background=BackgroundTask(out.close)
    )


def _noted(app: App, caller: Caller, what: str, span: Span) -> None:
    """Who took what out of here stands in the plant's own log before the first byte of it is sent (R61)."""
    with app.database.write() as tx:
        known_by = "sign-in" if caller.person is not None else "token" if caller.token else "this machine"
        facts = {"what": "cases", "as": what, "period": span.called, "known_by": known_by}
        chained.note(tx, app.clock.now(), caller.person or LINECALL, "exported", facts)


def _exported(app: App, caller: Caller, span: Span) -> Iterator[tuple[Case, ...]]:
    """Every exception of a period that this caller may see, oldest first, page by page: of a year too."""
    within, last = sight_of(app, caller).within, None
    while True:
        with app.database.read() as tx:  # a transaction a page: a slow reader holds none open
            found = reported(tx, span.since, span.until, last, AT_ONCE, within)
        if found:
            yield found
        if len(found) < AT_ONCE:
            return
        last = found[-1]


def _values(case: Case) -> list[str | float | datetime | None]:
    """What stands in the columns; None where nothing is known."""

    def number(value: float | None) -> float | None:
        return round(value, 1) if value is not None else None

    passed = None if case.resolved_at is None else "yes" if first_pass(case) else "no"
    return [
        case.number, case.type, case.status, case.line, " ".join(case.assets), " ".join(case.work_orders),
        " ".join(case.lots), case.occurred_at, case.captured_at, case.resolved_at, case.closed_at,
        number(resolution_time(case)), number(alignment_time(case)), number(posting_lag(case)),
        number(minutes_down(case)), passed, case.resolution,
    ]  # fmt: skip


def _written(value: str | float | datetime | None) -> Any:
    """A value as a CSV has it."""
    if isinstance(value, datetime):
        return iso(value)
    return _harmless(value) if isinstance(value, str) else "" if value is None else value


def _harmless(text: str) -> str:
    """A text of which no part begins a formula, whatever a spreadsheet of that country takes for the separator."""
    return PART.sub(r"\1'", text)


def _write_row(sheet: Worksheet, row: int, values: list[str | float | datetime | None], plant: Plant,
               date: Format) -> None:  # fmt: skip
    for column, value in enumerate(values):
        if isinstance(value, datetime):
            sheet.write_datetime(row, column, plant.local(value).replace(tzinfo=None), date)
        elif isinstance(value, str):
            sheet.write_string(row, column, value)
        elif value is not None:
            sheet.write_number(row, column, value)


def _sheet(book: xlsxwriter.Workbook, plant: Plant, date: Format) -> Worksheet:
    n = len(book.worksheets()) + 1
    sheet: Worksheet = book.add_worksheet("exceptions" if n == 1 else f"exceptions {n}")
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, COLUMNS)
    for column, name in enumerate(COLUMNS):
        if name.endswith("_at"):
            sheet.set_column(column, column, WIDE, date)
            sheet.write_comment(0, column, str(plant.zone))
    return sheet


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
