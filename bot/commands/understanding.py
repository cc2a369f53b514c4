"""`eval`, `read`, `explain`: how well messages are understood, what they are taken for, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from bot.clock import SystemClock
from bot.config import read_config
from bot.last_plant import plant_folder
from bot.logs import set_up_logs
from bot.second_reader import reader_of
from integrations.plant_folder import PlantFolder, PlantFolderProblems, read_plant_folder
from nlp.baseline import KeywordReader
from nlp.cases import CasesError, MessageCase, as_context, as_expected, read_cases
from nlp.evaluate import Scored, Tally, evaluate, read_one
from nlp.reader import LocalReader
from workflow.messages import Inbound
from workflow.ports import Reader

Cases = Annotated[Path, typer.Argument(help="A file of message cases, one JSON object a line.", metavar="CASES")]
Plant = Annotated[Path, typer.Option("--plant", help="The plant folder that the messages belong to.")]
OwnPlant = Annotated[
    Path | None, typer.Option("--plant", help="Plant folder; default: LINECALL_PLANT, or the last one.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Model = Annotated[bool, typer.Option("--model", help="Ask the model of LINECALL_OPENAI_MODEL where unsure.")]
Baseline = Annotated[bool, typer.Option("--baseline", help="Score plain lists of words beside it.")]
_COLUMN = 31  # characters of "0.972 (70 of 71, 73 given)" and what may stand beside it
_LONG = 300  # cases; more than that show a progress bar on a terminal


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("eval")(eval_)
    app.command("read")(read)
    app.command("explain")(explain)


def eval_(cases: Cases, plant: Plant, as_json: Json = False, model: Model = False, baseline: Baseline = False) -> None:
    """Score the understanding on labelled messages, as the message-cases contract says."""
    folder = _folder(plant)
    rows = _rows(cases)
    reader = _with_model() if model else LocalReader()
    keywords = None
    with _progress(len(rows) * (2 if baseline else 1)) as step:
        scored = evaluate(rows, folder.plant, folder.records, reader, step)
        if baseline:
            keywords = evaluate(rows, folder.plant, folder.records, KeywordReader(), step)
    if as_json:
        document = scored.as_json()
        if keywords is not None:
            document["baseline"] = keywords.as_json()
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print_scores(scored, keywords)


def read(cases: Cases, plant: Plant) -> None:
    """Read messages without scoring: one JSON line a case, in the file's order."""
    folder = _folder(plant)
    rows = _rows(cases)
    reader = LocalReader()
    with _progress(len(rows)) as step:
        for position, case in enumerate(rows):
            if position == 0:  # building the plant's index is not the first message's time
                read_one(reader, case, folder.plant, folder.records)
            reading, milliseconds = read_one(reader, case, folder.plant, folder.records)
            confidence = dict(reading.confidence)
            for exception in reading.exceptions[:1]:
                confidence |= exception.confidence
            row = {
                "id": case.id,
                "reading": as_expected(reading, folder.plant),
                "asks": reading.ask.asks if reading.ask else None,
                "confidence": {name: round(value, 3) for name, value in confidence.items()},
                "ms": round(milliseconds, 3),
            }
            typer.echo(json.dumps(row, ensure_ascii=False))
            step()


def explain(
    text: Annotated[str, typer.Argument(help="The message.")],
    person: Annotated[str, typer.Option("--as", help="Id of the person who writes it.")],
    plant: OwnPlant = None,
    at: Annotated[datetime | None, typer.Option(help="When it is written; now by default.")] = None,
    as_json: Json = False,
) -> None:
    """Say what a message is taken for, and which words, votes and candidates decided it."""
    folder = _folder(plant or plant_folder(read_config()))
    if person not in folder.plant.person:
        _refuse(
            f"{person} is not a person of {folder.folder}; "
            f"plant.yaml knows {', '.join(sorted(folder.plant.person)[:8])}, ..."
        )
    now = (
        datetime.now(UTC) if at is None else (at if at.tzinfo else at.replace(tzinfo=folder.plant.zone)).astimezone(UTC)
    )
    case = MessageCase("explain", "", person, now, text)
    message = Inbound("web", "explain", person, person, now, text)
    sheet, reading, votes = LocalReader().explain(message, as_context(case, folder.plant, folder.records))
    ranked = sorted(votes.items(), key=lambda row: -row[1])
    if as_json:
        document = {
            "reading": as_expected(reading, folder.plant),
            "asks": None if reading.ask is None else {"field": reading.ask.asks, "options": list(reading.ask.options)},
            "languages": list(sheet.languages),
            "votes": {name: round(value, 2) for name, value in ranked},
            "evidence": [
                {"field": e.field, "start": e.start, "end": e.end, "value": e.value, "why": e.why}
                for e in (*reading.evidence, *(e for x in reading.exceptions for e in x.evidence))
            ],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    console = Console()
    console.print(_marked(sheet.text, [(m.start, m.end, m.what) for m in sheet.mentions], sheet.tokens))
    console.print(f"languages: {', '.join(sheet.languages)}")
    console.print("votes: " + ", ".join(f"{name} {value:.1f}" for name, value in ranked[:5]))
    table = Table("words", "speak for", "because", box=None, pad_edge=False)
    for e in (*reading.evidence, *(e for x in reading.exceptions for e in x.evidence)):
        table.add_row(escape(sheet.text[e.start : e.end]), escape(e.value or e.field), escape(e.why))
    for mention in sheet.mentions:
        words = sheet.words(mention.start, mention.end)
        candidates = ", ".join(mention.ids) or "nothing known; likely " + ", ".join(mention.suggestions)
        table.add_row(
            escape(words), escape(candidates), escape(mention.why + (" (said to be fine)" if mention.fine else ""))
        )
    console.print(table)
    console.print_json(json.dumps(as_expected(reading, folder.plant), ensure_ascii=False))
    if reading.ask is not None:
        console.print(f"asks for the {reading.ask.asks}: {', '.join(reading.ask.options) or 'open question'}")


def _with_model() -> Reader:
    config = read_config()
    if config.openai_model is None:
        _refuse("LINECALL_OPENAI_MODEL names no model; see docs/language-model.md")
    set_up_logs(config.log)
    return reader_of(config, None, SystemClock())


def _folder(path: Path) -> PlantFolder:
    try:
        return read_plant_folder(path)
    except PlantFolderProblems as problems:
        _refuse(str(problems))
    except OSError as error:
        _refuse(f"{path}: {error.strerror or error}")
    raise AssertionError


def _rows(path: Path) -> list[MessageCase]:
    try:
        return list(read_cases(path))
    except CasesError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{path}: {error.strerror or error}")
    except UnicodeDecodeError:
        _refuse(f"{path} is not UTF-8 text")
    raise AssertionError


def _refuse(why: str) -> None:
    typer.echo(why, err=True)
    raise typer.Exit(1)


@contextmanager
def _progress(count: int) -> Iterator[Any]:
    if count < _LONG or not sys.stderr.isatty():
        yield lambda: None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=count)
        yield lambda: progress.advance(task)


def _print_scores(scored: Scored, keywords: Scored | None) -> None:
    console = Console()
    both = {"all": scored.total} if keywords is None else {"reader": scored.total, "keywords": keywords.total}
    _print_table(console, "", both)
    _print_table(console, "", scored.by_language)
    _print_table(console, "", scored.by_type)
    if keywords is not None:
        _print_table(console, "keywords", keywords.by_language)
        _print_table(console, "keywords", keywords.by_type)
    console.print("Below a share: Wilson's interval at 95 %. F1 has none; its counts stand beside it.\n")
    if scored.misses:
        table = Table("case", "field", "expected", "got", box=None, pad_edge=False)
        for miss in scored.misses:
            table.add_row(miss.id, miss.field, escape(str(miss.expected)), escape(str(miss.got)))
        console.print(table)


def _print_table(console: Console, title: str, columns: Mapping[str, Tally]) -> None:
    every = sorted(columns, reverse="reader" in columns)
    abreast = max(1, (console.width - 16) // _COLUMN)
    for start in range(0, len(every), abreast):
        names = every[start : start + abreast]
        table = Table(title, *names, box=None, pad_edge=False)
        table.add_row("cases", *(str(columns[name].cases) for name in names))
        scores = {name: columns[name].scores() for name in names}
        for score in next(iter(scores.values())):
            table.add_row(score, *(_cell(scores[name].get(score)) for name in names))
        console.print(table)
        console.print()


def _cell(value: Any) -> str:
    if not isinstance(value, dict):
        return "-" if value is None else f"{value:g}"
    number = value["value"]
    if number is None:
        return "-"
    between = "" if value.get("low") is None else f"\n[dim]{value['low']:.3f} to {value['high']:.3f}[/dim]"
    if "acted_right" in value:
        right = _cell(value["acted_right"])
        return f"{number:.3f} ({value['right']}/{value['n']}){between}\nacted right\n{right}"
    if "got" in value:
        return f"{number:.3f} ({value['right']} of {value['expected']}, {value['got']} given)"
    counts = f"({value['right']}/{value['n']})" if "right" in value else f"(of {value['n']})"
    return f"{number:.3f} {counts}{between}" if "right" in value else f"{number:g} {counts}{between}"


def _marked(text: str, spans: list[tuple[int, int, str]], tokens: Any) -> Text:
    marked = Text(text)
    for start, end, _ in spans:
        marked.stylize("bold underline", tokens[start].start, tokens[end - 1].end)
    return marked
