"""`learn`: what people's answers have taught, what is proposed, who accepted it, and what it changes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import lessons
from bot.app import App
from bot.commands.plant import open_plant
from bot.lesson_files import message_cases, note_export, plant_snippet
from bot.logs import set_up_logs
from bot.rereading import Changed, labelled, own_messages, plants
from bot.say import word
from nlp.cases import CasesError, read_cases
from workflow.errors import Refused
from workflow.lessons import Lesson

Number = Annotated[int, typer.Argument(help="Number of the lesson, as `linecall learn` lists it.", metavar="N")]
Who = Annotated[str, typer.Option("--as", help="Id of the supervisor or manager who decides.")]
OwnPlant = Annotated[
    Path | None, typer.Option("--plant", help="Plant folder; default: LINECALL_PLANT, or the last one.")
]
_ENDINGS = (".yaml", ".yml", ".jsonl")

group = typer.Typer(help="What people's answers have taught, what it changes; accept it, forget it, export it.")


def register(app: typer.Typer) -> None:
    """Add the command and its words."""
    app.add_typer(group, name="learn")


@group.callback(invoke_without_command=True)
def learn(
    context: typer.Context,
    cases: Annotated[Path | None, typer.Option("--cases", help="Labelled messages to measure the change on.")] = None,
    as_if: Annotated[bool, typer.Option("--as-if", help="As if all that is proposed were accepted too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    plant: OwnPlant = None,
) -> None:
    """Show what was learnt, what is proposed, and which messages are read differently for it."""
    if context.invoked_subcommand is not None:
        return
    with _program(plant) as app:
        lessons.learn(app)
        known = lessons.all_lessons(app)
        before, after = plants(app, proposed_too=as_if)
        own = own_messages(app, before, after)
        measured = labelled(app, _rows(cases), before, after) if cases is not None else None
        if as_json:
            document = {"lessons": [_as_json(lesson) for lesson in known], "own_messages": _changed_json(own)}
            document |= {"cases": _changed_json(measured)} if measured is not None else {}
            typer.echo(json.dumps(document, ensure_ascii=False))
            return
        out = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
        _print_lessons(out, app, known)
        if_so = " (and what is proposed)" if as_if else ""
        _print_changed(out, f"The plant's own messages, without and with what was learnt{if_so}", own)
        if measured is not None:
            _print_changed(out, f"{cases}, without and with what was learnt{if_so}", measured)


@group.command()
def accept(number: Number, person: Who, plant: OwnPlant = None) -> None:
    """Let a proposal count from now on; the running service takes it up within seconds."""
    with _program(plant) as app:
        lesson = lessons.accept(app, number, person)
        print(
            f"Lesson {number} counts from now on: {_taught(app, lesson)}. `linecall learn forget {number}` undoes it."
        )


@group.command()
def forget(number: Number, person: Who, plant: OwnPlant = None) -> None:
    """Let a lesson count no more, accepted or proposed; its history stays."""
    with _program(plant) as app:
        lesson = lessons.forget(app, number, person)
        print(f"Lesson {number} is forgotten: {_taught(app, lesson)}.")


@group.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file: .yaml for names, .jsonl for messages with their kind.")],
    person: Annotated[
        str, typer.Option("--as", help="Id of the person who takes it out, for its history.")
    ] = "linecall",
    plant: OwnPlant = None,
) -> None:
    """Write what was learnt, for review: names as a piece of plant.yaml, examples as message cases."""
    if file.suffix not in _ENDINGS:
        raise Refused(f"{file}: name a file that ends in .yaml (names) or .jsonl (messages with their kind).")
    with _program(plant) as app:
        names = file.suffix != ".jsonl"
        learnt = [x for x in lessons.all_lessons(app) if x.state == "learnt" and (x.nickname is not None) == names]
        written = plant_snippet(app, learnt) if names else message_cases(app, learnt)
        try:
            with file.open("x", encoding="utf-8") as out:
                out.write(written)
        except OSError as error:
            raise Refused(f"{file}: {error.strerror or error}") from error
        note_export(app, learnt, person)
        print(f"{len(learnt)} written to {file}. Nothing was removed from the program.")


def _print_lessons(out: Console, app: App, known: Sequence[Lesson]) -> None:
    if not known:
        out.print("Nothing was taught yet: it begins with the first answer to a question of Linecall.")
        return
    table = Table("N", "state", "words", "mean", "how often", "by whom", "in", "since", box=None, pad_edge=False)
    order = {"proposed": 0, "learnt": 1, "forgotten": 2, "refused": 3}
    for lesson in sorted(known, key=lambda x: (order[x.state], -len(x.people), -x.times, x.id)):
        names = ", ".join(app.plant.person[p].name if p in app.plant.person else p for p in lesson.people)
        state = (
            lesson.state
            if lesson.refused is None
            else f"refused: {lessons.REASONS.get(lesson.refused, lesson.refused)}"
        )
        last = lesson.history[-1]
        when = f"{app.plant.local(last.at):%d %b %H:%M} {last.what}" + (
            "" if last.what == "confirmed" else f" by {last.who}"
        )
        table.add_row(
            str(lesson.id), state, escape(f"“{lesson.words}”"), escape(_meaning(app, lesson)), str(lesson.times),
            escape(names), " ".join(lesson.cases[-3:]), when,
        )  # fmt: skip
    out.print(table)


def _print_changed(out: Console, title: str, changed: Changed) -> None:
    out.print(f"\n[bold]{escape(title)}[/bold]: {changed.messages} messages, {len(changed.differ)} read differently.")
    moved = [s for s in changed.scores if s.before != s.after]
    if moved:
        table = Table("score", "without", "with", "of", box=None, pad_edge=False)
        for score in moved:
            table.add_row(score.name, f"{score.before:.4g}", f"{score.after:.4g}", str(score.of))
        out.print(table)
    elif changed.messages:
        out.print("No score moves.")
    if changed.differ:
        table = Table("message", "words", "without", "with", box=None, pad_edge=False)
        for one in changed.differ:
            table.add_row(one.id, escape(one.text[:80]), escape(one.before), escape(one.after))
        out.print(table)


def _taught(app: App, lesson: Lesson) -> str:
    return f"“{lesson.words}” is {_meaning(app, lesson)}"


def _meaning(app: App, lesson: Lesson) -> str:
    match lesson.what:
        case "asset" if lesson.ref in app.plant.asset:
            return app.plant.asset[lesson.ref].name
        case "line" if lesson.ref in app.plant.line:
            return app.plant.line[lesson.ref].name
        case "item" if lesson.ref in app.records.item:
            return app.records.item[lesson.ref].description
        case "kind":
            return word("en", f"type.{lesson.ref}")
    return lesson.ref


def _as_json(lesson: Lesson) -> dict[str, Any]:
    return {
        "n": lesson.id, "state": lesson.state, "what": lesson.what, "ref": lesson.ref, "words": lesson.words,
        "refused": lesson.refused, "times": lesson.times, "people": list(lesson.people), "cases": list(lesson.cases),
        "history": [{"at": h.at.isoformat(), "who": h.who, "what": h.what, "case": h.case} for h in lesson.history],
    }  # fmt: skip


def _changed_json(changed: Changed) -> dict[str, Any]:
    return {
        "messages": changed.messages,
        "scores": {s.name: {"without": s.before, "with": s.after, "of": s.of} for s in changed.scores},
        "differ": [{"id": d.id, "text": d.text, "without": d.before, "with": d.after} for d in changed.differ],
    }


def _rows(path: Path) -> list[Any]:
    try:
        return list(read_cases(path))
    except CasesError as error:
        raise Refused(str(error)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: {error}") from error


@contextmanager
def _program(plant: Path | None) -> Iterator[App]:
    with open_plant(plant) as program:
        set_up_logs("ERROR")
        yield program
