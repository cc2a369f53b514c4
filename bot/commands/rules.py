"""`try-rules`: new rules over the cases of the past, and what they would have changed, before they go live (R59)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.accepting import accepted_of
from bot.app import App
from bot.commands.plant import PlantOption, open_plant
from db import cases, postings
from integrations.plant_folder import read_plant_folder
from workflow.authority import worth_of
from workflow.case import Case, Entry, Part
from workflow.errors import Refused
from workflow.improving import with_accepted
from workflow.rule_changes import changes, why_not_tried
from workflow.tried_later import Past, later_differences
from workflow.trying import Decided, Difference, facts_of, would_differ

if TYPE_CHECKING:
    from sqlalchemy import Connection

WORDS = {
    "asked_too": "would be asked too",
    "not_asked": "would not be asked",
    "other_rule": "would be asked by another rule",
    "other_times": "would have other times",
    "sooner_up": "somebody above would have heard of it before it was taken",
    "later_up": "nobody above would have heard of it before it was taken",
    "asks_back": "the reporter would be asked back first",
    "may_not": "this decision would be refused",
    "may": "this decision would be allowed",
    "other_lead": "another function would lead",
    "waited_for": "it would be waited for",
    "not_waited_for": "it would be told and not waited for",
    "second_person": "a second person would have to agree",
    "no_second_person": "no second person would have to agree",
    "second_look": "a second person would look before it is over",
    "no_second_look": "nobody else would look before it is over",
    "reopens": "it would reopen the one before",
    "is_new": "it would be a new exception",
    "held_back": "reminders would wait for the morning",
    "not_held_back": "a reminder would not wait for the morning",
    "asked_sooner": "the question would come at another time",
    "other_desk": "somebody else would place it",
    "other_owner": "somebody else would work off what ERP refused",
    "approved_first": "somebody would approve it before ERP gets it",
    "not_approved": "nobody would approve it before ERP gets it",
    "written_only": "it would be written down and not booked",
    "booked": "it would be booked",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="try-rules")(try_rules)


def try_rules(
    folder: Annotated[Path, typer.Argument(help="Plant folder with the new rules.yaml.")],
    since: Annotated[str, typer.Option("--since", help="ISO date: cases reported from then on, in the plant's zone.")],
    plant: PlantOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run new rules over past cases and show what would differ; nothing is changed and nobody is told."""
    of_file = read_plant_folder(folder, with_records=False).rules
    with open_plant(plant) as program, program.database.read() as tx:
        old, new = program.folder.rules, with_accepted(of_file, accepted_of(tx))
        found = cases.find(tx, since=_midnight(since, program))
        tried = [c for c in found if c.status not in ("draft", "merged") and facts_of(c) is not None]
        differ: list[Difference] = []
        for case in (c for c in found if c.status not in ("draft", "merged")):
            past = _past(tx, case)  # what no rule was asked about yet may have been placed, watched or promised
            differ += would_differ(case, new, old, tuple(_decided(program, past.log)))
            differ += later_differences(past, new, old, program.plant)
    summary = {
        "since": since,
        "rules": {"now": old.version, "new": new.version},
        "cases": len(found),
        "tried": len(tried),
        "differ": len({d.case for d in differ}),
        "by_kind": dict(Counter(d.what for d in differ)),
        "changes": [
            {
                "part": part,
                "exceptions": len({d.case for d in differ if d.of == part}),
                "not_tried": why_not_tried(part),
            }
            for part in changes(old, new)
        ],
    }
    if as_json:
        json.dump(summary | {"differences": [asdict(d) for d in differ]}, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return
    _tell(summary, differ)


def _past(tx: Connection, case: Case) -> Past:
    before = cases.get(tx, case.recurrent_of) if case.recurrent_of is not None else None
    return Past(case, cases.log_of(tx, case.number), postings.of_case(tx, case.number), before)


def _tell(summary: dict[str, Any], differ: list[Difference]) -> None:
    out = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("exception", "function", "what would differ", "as it was", "as it would be", box=None, pad_edge=False)
    for d in differ:
        cells = (d.case, d.role.replace("_", " "), WORDS[d.what], d.before, d.after)
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    if differ:
        out.print(table)
    for change in summary["changes"]:
        reached = f"touches {change['exceptions']} of these exceptions"
        if change["not_tried"]:
            reached = f"was not tried: {change['not_tried']}"
        elif not change["exceptions"]:
            reached = "was tried, and none of these exceptions would have gone otherwise"
        out.print(Text(f"changed: {change['part']} {reached}."))
    if not summary["changes"]:
        out.print("The rules are those in force.")
    left = f"{summary['cases']} exceptions since {summary['since']}, {summary['tried']} of them with the facts of then"
    out.print(f"{left}; {summary['differ']} would have gone otherwise. Nothing was changed.")


def _decided(program: App, log: Sequence[Entry]) -> Iterator[Decided]:
    for entry in log:
        person = program.plant.person.get(entry.who)
        for part in entry.facts.get("parts", ()) if entry.what == "decided" and person is not None else ():
            roles = tuple(person.roles) if person is not None else ()
            much = part["quantity"]
            of = Part(part["decision"], part["lot"], much["value"], much["uom"])
            yield Decided(of.decision, of.quantity, entry.who, roles, worth_of(of, program.records))


def _midnight(said: str, program: App) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(said), time(), program.plant.zone).astimezone(UTC)
    except ValueError as error:
        raise Refused(f"'{said}' is no date; write 2026-11-01.") from error
