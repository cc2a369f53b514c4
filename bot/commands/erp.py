"""`reconcile`: what we believe beside what ERP holds, as a list that a person works off."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.commands.plant import open_plant
from bot.reconciling import reconcile as compare


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(reconcile)


def reconcile(
    days: Annotated[int, typer.Option(help="How far back postings are compared.", min=1)] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compare our postings and open exceptions with ERP; books nothing.

    Exit status 1 where something differs, or ERP did not answer.
    """
    with open_plant() as program:
        found = compare(program, program.clock.now() - timedelta(days=days))
        people = program.plant.person
    if as_json:
        json.dump(asdict(found), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        table = Table("exception", "about", "we have", "ERP has", "what to do", "who", box=None, pad_edge=False)
        for one in found.differences:
            who = people[one.owner].name if one.owner and one.owner in people else ""
            table.add_row(one.case, *(escape(said) for said in (one.about, one.ours, one.erps, one.to_do)), who)
        out = Console()
        if found.differences:
            out.print(table)
        out.print(
            f"{found.compared} postings compared, {len(found.differences)} differences; {found.by_hand} were booked "
            "by hand and are not looked up."
            + (f" ERP did not answer about {found.not_compared}: not compared." if found.not_compared else "")
        )
    if found.differences or found.not_compared:
        raise typer.Exit(1)
