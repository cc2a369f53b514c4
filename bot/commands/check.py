"""`linecall check FOLDER`: whether a plant folder can be used, and every single thing to repair where it cannot."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from integrations.plant_folder import (
    PlantFolder,
    PlantFolderProblems,
    Problem,
    Warned,
    default_rules,
    read_plant_folder,
    warnings_of,
)
from workflow.plant import ROLES
from workflow.records import OPEN_ORDERS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    folder: Annotated[Path, typer.Argument(help="The plant folder, with plant.yaml in it.")],
    live_erp: Annotated[bool, typer.Option("--live-erp", help="The records come from an ERP: no CSV files.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check a plant folder: file, line, key, what is wrong, and what would be right."""
    try:
        found = read_plant_folder(folder, with_records=not live_erp)
    except PlantFolderProblems as error:
        _tell_problems(folder, error.problems, as_json=as_json)
        raise typer.Exit(1) from None
    warned = warnings_of(found)
    if as_json:
        _print({"ok": True, "folder": str(folder), **summary(found), "warnings": [_warning(w) for w in warned]})
    else:
        _tell_summary(found, warned, live_erp=live_erp)


def summary(found: PlantFolder) -> dict[str, Any]:
    """What a folder holds, in counts."""
    plant, records = found.plant, found.records
    return {
        "plant": {"id": plant.id, "name": plant.name, "timezone": plant.timezone, "languages": list(plant.languages)},
        "shifts": [shift.id for shift in plant.shifts],
        "lines": {line.id: len(line.assets) for line in plant.lines},
        "assets": len(plant.asset),
        "people": len(plant.people),
        "people_by_role": {role: n for role in ROLES if (n := sum(role in p.roles for p in plant.people))},
        "items": len(records.items),
        "work_orders": dict(Counter(order.status for order in records.work_orders)),
        "lots": dict(Counter(lot.status for lot in records.lots)),
        "sales_orders": len(records.sales_orders),
        "components": len(records.components),
        "rules": {
            "version": found.rules.version,
            "own_file": found.rules.version != default_rules().version,
            "rules": sum(len(type_rules.concerns) for type_rules in found.rules.types.values()),
            "own_rules": [name for name in _rule_names(found) if name not in _default_names()],
        },
    }


def _rule_names(found: PlantFolder) -> list[str]:
    concerns = [c.name for type_rules in found.rules.types.values() for c in type_rules.concerns]
    return list(dict.fromkeys((*concerns, *(constraint.name for constraint in found.rules.constraints))))


def _default_names() -> set[str]:
    rules = default_rules()
    return {c.name for t in rules.types.values() for c in t.concerns} | {c.name for c in rules.constraints}


def _tell_problems(folder: Path, problems: tuple[Problem, ...], *, as_json: bool) -> None:
    if as_json:
        _print({"ok": False, "folder": str(folder), "problems": [_problem(problem) for problem in problems]})
        return
    table = Table("file", "line", "key", "what is wrong", "what would be right", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for problem in problems:
        line = "" if problem.line is None else str(problem.line)
        # Text, not str: "people[maria.lopez]" must not be taken for markup.
        cells = (problem.file, line, problem.key, problem.wrong, problem.right)
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    out = _console()
    out.print(table)
    much = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    out.print(Text(f"\n{folder}: {much}. Nothing of it is used until they are repaired.", style="bold"))


def _tell_summary(found: PlantFolder, warned: tuple[Warned, ...], *, live_erp: bool) -> None:
    facts = summary(found)
    out = _console()
    shifts = ", ".join(facts["shifts"]) or "none, everybody always"
    out.print(Text(f"{found.plant.name} ({found.plant.id}), {found.plant.timezone}", style="bold"))
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("shifts", Text(shifts))
    table.add_row("lines", Text(", ".join(f"{line} ({n} assets)" for line, n in facts["lines"].items())))
    people = ", ".join(f"{n} {role.replace('_', ' ')}" for role, n in facts["people_by_role"].items())
    table.add_row("people", Text(f"{facts['people']}: {people}"))
    if live_erp:
        table.add_row("records", Text("from the ERP"))
    else:
        orders = facts["work_orders"]
        still = sum(n for status, n in orders.items() if status in OPEN_ORDERS)
        table.add_row("orders", Text(f"{sum(orders.values())}, of these {still} open: {_counted(orders)}"))
        table.add_row("lots", Text(f"{sum(facts['lots'].values())}: {_counted(facts['lots'])}"))
        rest = f"{facts['items']} items, {facts['sales_orders']} sales orders, {facts['components']} components"
        table.add_row("besides", Text(rest))
    rules = facts["rules"]
    own = "rules.yaml over the defaults" if rules["own_file"] else "the defaults; there is no rules.yaml"
    table.add_row("rules", Text(f"{rules['rules']} in force ({own}), version {rules['version']}"))
    for name in rules["own_rules"]:
        table.add_row("", Text(f"own: {name}"))
    out.print(table)
    for warning in warned:
        out.print(Text(f"! {warning.file}: {warning.what}. Consider: {warning.consider}", style="yellow"))
    out.print(Text("Ready to use." if not warned else "Ready to use; the above is worth a thought.", style="green"))


def _counted(by_status: dict[str, int]) -> str:
    return ", ".join(f"{n} {status}" for status, n in by_status.items())


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def _problem(problem: Problem) -> dict[str, Any]:
    names = ("file", "line", "key", "wrong", "right")
    return {name: getattr(problem, name) for name in names}


def _warning(warned: Warned) -> dict[str, str]:
    return {"file": warned.file, "what": warned.what, "consider": warned.consider}


def _print(document: dict[str, Any]) -> None:
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
