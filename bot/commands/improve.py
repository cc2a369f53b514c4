"""`improve`: why first passes failed, which rule goes up most, and proposals tried on past exceptions (R59)."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.commands.plant import PlantOption, open_plant
from bot.commands.rules import WORDS
from bot.improving import Learnt, learnt_from
from workflow.lessons import Lesson

REASONS = {
    "corrected": "read wrong, and corrected",
    "asked_back": "facts were missing, and asked for",
    "escalated": "went up before it was taken",
    "passed_on": "another function than the rule asked",
    "reopened": "the fix did not hold",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(improve)


def improve(
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="So many days back.")] = 30,
    plant: PlantOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show why exceptions were not solved at the first go, and what to try; nothing is changed by it."""
    with open_plant(plant) as program, program.database.read() as tx:
        now = program.clock.now()
        learnt = learnt_from(tx, program.world(), now - timedelta(days=days), now)
    if as_json:
        names = [
            {"number": n.id, "words": n.words, "means": n.ref, "times": n.times}
            | {"tried": asdict(learnt.effects[n.id]) if n.id in learnt.effects else None}
            for n in learnt.names
        ]
        document = asdict(learnt) | {"names": names}
        json.dump(document, sys.stdout, ensure_ascii=False, indent=2, default=str)
        sys.stdout.write("\n")
        return
    _tell(learnt, days, Console(width=None if sys.stdout.isatty() else 160, highlight=False))


def _tell(learnt: Learnt, days: int, out: Console) -> None:
    out.print(f"{learnt.at_once} of {learnt.solved} exceptions of the last {days} days were solved at the first go.")
    out.print("That is: nobody had to be asked twice, it did not go up, it was not passed on, and the fix held.")
    why = Counter((one.what, one.rule) for one in learnt.failed)
    if why:
        table = Table("why not", "rule", "how often", "exceptions", box=None, pad_edge=False)
        for (what, rule), n in why.most_common():
            numbers = list(dict.fromkeys(one.case for one in learnt.failed if (one.what, one.rule) == (what, rule)))
            table.add_row(REASONS[what], rule, str(n), _some(numbers))
        out.print(table)
    up = [one for one in learnt.rules if one.up]
    if up:
        table = Table("rule", "asked", "went up", "9 of 10 taken within", box=None, pad_edge=False)
        for one in up:
            within = f"{one.waited_min:.0f} min" if one.waited_min is not None else "-"
            table.add_row(one.rule, str(one.n), str(len(one.up)), within)
        out.print(table)
    for name in learnt.names:
        out.print(_asked_for(name))
        if (effect := learnt.effects.get(name.id)) is not None and effect.n:
            wrong = f"; {_some(list(effect.wrong))} meant something else" if effect.wrong else ""
            out.print(
                f"  Tried on {effect.n} past reports that say it: {len(effect.right)} would name it at once{wrong}."
            )
    for try_ in learnt.proposals:
        tried = ", ".join(f"{n} {WORDS[what]}" for what, n in try_.differs.items()) or "nothing would differ"
        does = "goes up after" if try_.kind == "deadline" else "asks"
        out.print(f'To try: the rule "{try_.rule}" {does} {try_.after} instead of {try_.before}.')
        out.print(f"  Tried on these exceptions: {tried}.")
    if learnt.proposals:
        out.print('Nothing is changed yet: the manager presses "Change it" on the page /improve, or in the chat')
        out.print('under "what should we improve?". It can be taken back there.')
    if not (learnt.names or learnt.proposals):
        out.print("Nothing to try: no name is asked for, and no rule has five exceptions of which half went up.")


def _asked_for(name: Lesson) -> str:
    return (
        f'"{name.words}" was told {name.times} times to mean {name.ref}. If that is its name: '
        f"linecall learn accept {name.id} --as PERSON"
    )


def _some(numbers: list[str]) -> str:
    return ", ".join(numbers[:6]) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")
