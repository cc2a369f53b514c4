"""`cases`, `case`, `postings`, `metrics`: what the service knows, as a table or as JSON."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import views
from bot.app import App
from bot.commands.plant import open_plant
from bot.say import log_line, word
from db import cases as stored
from db import postings as owed
from workflow.case import PostingState, Status
from workflow.errors import Refused
from workflow.metrics import metrics as figures
from workflow.plant import production_day, production_day_span
from workflow.reading import ExceptionType

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(cases)
    app.command()(case)
    app.command()(postings)
    app.command()(metrics)


def cases(
    status: Annotated[Status | None, typer.Option(help="How far it is.")] = None,
    line: Annotated[str | None, typer.Option(help="Id of a line.")] = None,
    type: Annotated[ExceptionType | None, typer.Option(help="What kind it is.")] = None,  # noqa: A002
    as_json: Json = False,
) -> None:
    """List the exceptions, newest first."""
    with open_plant() as program, program.database.read() as tx:
        found = stored.find(tx, status=status, line=line, type=type)
        if as_json:
            return _print([views.case_json(tx, c) for c in found])
        table = Table("exception", "status", "what", "where", "since", "who has it", box=None, pad_edge=False)
        for c in sorted(found, key=lambda c: c.captured_at, reverse=True):
            lead = c.lead
            where = ", ".join(name for a in c.assets if (name := program.plant.called(a)) is not None) or c.line or ""
            who = (lead.owner if lead else c.resolved_by) or ""
            name = program.plant.person[who].name if who in program.plant.person else ""
            since = program.plant.local(c.since).strftime("%d %b %H:%M")
            table.add_row(c.number, c.status, word("en", f"type.{c.type or 'other'}"), escape(where), since, name)
        Console().print(table if found else "No exceptions.")
    return None


def case(number: str, as_json: Json = False) -> None:
    """Show one exception with all that happened to it."""
    with open_plant() as program, program.database.read() as tx:
        found = stored.get(tx, number.upper())
        if found is None:
            raise Refused(f"There is no exception {number}; `linecall cases` lists them.")
        if as_json:
            return _print(views.case_json(tx, found, full=True))
        out = Console()
        what = word("en", f"type.{found.type or 'other'}")
        out.print(f"[bold]{found.number}[/bold]  {what}  [bold]{found.status}[/bold]  {escape(found.said)}")
        for name, values in (("assets", found.assets), ("orders", found.work_orders), ("lots", found.lots)):
            if values:
                out.print(f"  {name}: {', '.join(values)}")
        log = Table("when", "what happened", box=None, pad_edge=False)
        for entry in stored.log_of(tx, found.number):
            log.add_row(
                program.plant.local(entry.at).strftime("%H:%M:%S"), escape(log_line(entry, "en", program.plant))
            )
        out.print(log)
        _postings_table(out, owed.of_case(tx, found.number))
    return None


def postings(
    state: Annotated[PostingState | None, typer.Option(help="How far it is.")] = None, as_json: Json = False
) -> None:
    """What ERP is owed, what it has taken and what it has not."""
    with open_plant() as program, program.database.read() as tx:
        found = owed.find(tx, state=state)
        if as_json:
            return _print([views.posting_json(status) for status in found])
        _postings_table(Console(), found)
    return None


def metrics(
    start: Annotated[
        str | None, typer.Option("--from", help="ISO date or time; default: the last day with reports.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="ISO date or time; default: now.")] = None,
    as_json: Json = False,
) -> None:
    """The four metrics: resolution, alignment, ERP posting lag, first pass."""
    with open_plant() as program, program.database.read() as tx:
        since, until = _period(program, tx, start, end)
        found = figures(stored.find(tx, since=since, until=until), program.plant, since, until)
        if as_json:
            return _print(views.metrics_json(found))
        local = program.plant.local
        out = Console()
        out.print(f"{local(since):%a %d %b %H:%M} to {local(until):%a %d %b %H:%M}: {len(found.cases)} exceptions")
        table = Table("", "median", "p90", "exceptions", box=None, pad_edge=False)
        for name, spread in (
            ("exception resolution time", found.resolution_min),
            ("cross-functional alignment time", found.alignment_min),
            ("ERP posting lag", found.posting_lag_min),
        ):
            table.add_row(name, _min(spread.median), _min(spread.p90), f"{spread.n}: {' '.join(spread.cases)}")
        passed = found.first_pass
        value = "-" if passed.value is None else f"{passed.value:.0%}"
        table.add_row(
            "first-pass resolution rate", value, "", f"{len(passed.yes)} of {passed.n}: {' '.join(passed.yes)}"
        )
        out.print(table)
    return None


def _period(program: App, tx: Any, start: str | None, end: str | None) -> tuple[datetime, datetime]:
    until = _instant(program, end) if end else program.clock.now()
    if start:
        return _instant(program, start), until
    found = stored.find(tx, until=until, limit=1)
    last = found[0].captured_at if found else until
    first, day_end = production_day_span(program.plant, production_day(program.plant, last))
    return first, until if end else max(min(until, day_end), first + timedelta(minutes=1))


def _instant(program: App, said: str) -> datetime:
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        raise Refused(f"'{said}' is no date; write 2026-11-17 or 2026-11-17T06:00.") from error
    return (at if at.tzinfo else at.replace(tzinfo=program.plant.zone)).astimezone(UTC)


def _postings_table(out: Console, found: Any) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("posting", overflow="fold")
    for name in ("state", "receipt", "tries", "why not"):
        table.add_column(name)
    for s in found:
        table.add_row(s.posting.key, s.state, s.receipt or "", str(s.attempts), escape(s.error or ""))
    out.print(table if found else "Nothing is owed to ERP.")


def _min(value: float | None) -> str:
    return "-" if value is None else f"{value:g} min"


def _print(document: object) -> None:
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
