"""`verify-log`, `erase`: is the log what was written, and out with a person's words without harming it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bot.commands.plant import PlantOption, open_plant
from bot.proving import checked
from bot.proving import erase as erase_words
from bot.views import iso
from db.verifying import Broken
from workflow.errors import Refused

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(name="verify-log")(verify_log)
    app.command()(erase)


def verify_log(plant: PlantOption = None, as_json: Json = False) -> None:
    """Recompute the log's chains and anchors: exit status 0 where all is as it was written, 1 where it is not."""
    with open_plant(plant) as program:
        found = checked(program)
    if as_json:
        document = {
            "whole": found.whole,
            "cases": found.cases,
            "entries": found.entries,
            "anchors": found.anchors,
            "anchored_until": iso(found.anchored_until),
            "erased": found.erased,
            "broken": [asdict(one) | {"at": iso(one.at), "says": in_words(one)} for one in found.broken],
        }
        json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        out = Console(highlight=False)
        much = f"{found.entries} entries of {found.cases} exceptions, {found.anchors} anchors"
        until = f", the last of {found.anchored_until:%Y-%m-%d %H:%M} UTC" if found.anchored_until else ""
        out.print(f"{much}{until}; words erased in {found.erased} places.")
        for one in found.broken:
            out.print(f"[red]✗[/red] {escape(in_words(one))}", soft_wrap=True)
        out.print("Everything is as it was written." if found.whole else f"{len(found.broken)} thing(s) are not.")
    if not found.whole:
        raise typer.Exit(1)


def erase(
    person: Annotated[str, typer.Argument(help="Id of the person whose words are erased.")],
    by: Annotated[str, typer.Option("--by", help="Id of the person who has decided it; stands in the log.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    plant: PlantOption = None,
    as_json: Json = False,
) -> None:
    """Erase what a person wrote and sent, for good; who did what, when and by which rule stays in the log."""
    with open_plant(plant) as program:
        if by not in program.plant.person:
            raise Refused(f"There is no {by} in plant.yaml; --by names the person who has decided this.")
        if not yes and not typer.confirm(f"Erase all words, photos and voice notes of {person}? There is no way back."):
            raise typer.Exit(1)
        found = erase_words(program, person, by)
    if as_json:
        json.dump(asdict(found) | {"files": len(found.files)}, sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
        return
    print(
        f"Erased: {found.messages} messages, {found.lines} lines of conversations and notices, {found.quotes} places"
        f" in the log of {len(found.cases)} exceptions, {len(found.files)} files."
    )
    if found.left:
        print(f"Still needed, and erased by itself once they have ended: {', '.join(found.left)}.")
    print("What ERP and the chat platforms were given, and backups, are not reached from here.")


def in_words(one: Broken) -> str:
    """One finding as a sentence."""
    if one.case is None:
        return _of_an_anchor(one)
    whose = f"exception {one.case}" if one.case else "the plant's own log"
    several = one.until is not None and one.until != one.position
    which = f"Entries {one.position} to {one.until}" if several else f"Entry {one.position}"
    are = "are" if several else "is"
    told = f" ({one.what} by {one.who}, {one.at:%Y-%m-%d %H:%M:%S} UTC)" if one.at is not None else ""
    match one.how:
        case "changed":
            return f"{which} of {whose} was changed after it was written; it now reads{told}."
        case "missing":
            return f"{which} of {whose} {are} missing: taken out from between the others."
        case "cut":
            return f"{which} of {whose} {are} missing at the end of its log."
        case "inserted":
            return f"An entry of {whose} was put in past the program{told}: it has no seal."
        case "moved":
            return f"{which} of {whose} stands at another place than it was written{told}."
        case "words_changed":
            return f"In entry {one.position} of {whose} somebody's words were put differently{told}."
        case "words_gone":
            return f"In entry {one.position} of {whose} words are gone, and no erasing is in the log{told}."
        case "rewritten":
            known = f"anchor {one.number}" if one.number else "the chain's own end"
            return (
                f"{which} of {whose} were written anew: {known} knows another log."
                if several
                else (f"{which} of {whose} was written anew: {known} knows another log.")
            )
    return f"{whose}: {one.how}"


def _of_an_anchor(one: Broken) -> str:
    match one.how:
        case "anchor_missing":
            return f"Anchor {one.number} is missing."
        case "anchor_other_key":
            return f"Anchor {one.number} was made with a key that was not given: see LINECALL_AUDIT_KEY."
        case "older":
            return (
                f"The database does not know anchor {one.number}, which the data folder remembers:"
                " it was put back to an earlier state, or its end was cut off."
            )
    return f"Anchor {one.number} was changed, or made without the key."
