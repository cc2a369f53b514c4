"""What lessons change: the plant's own messages, and labelled ones, read with them and without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.lessons import all_lessons
from db import cases, inbox
from nlp.cases import MessageCase, as_context, as_expected, as_message
from nlp.evaluate import Scored, evaluate
from nlp.reader import LocalReader
from workflow.plant import Plant
from workflow.reading import Context, Reading

if TYPE_CHECKING:
    from bot.app import App
    from workflow.case import Case

MOST_MESSAGES = 2000  # of the plant's own, the newest


@dataclass(frozen=True, slots=True)
class Differs:
    """One message that is read differently with the lessons."""

    id: str  # the case's number, the number of the inbox row, or the id in a cases file
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Score:
    """Before and after, of so many."""

    name: str
    before: float
    after: float
    of: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What the lessons change in one set of messages."""

    messages: int
    scores: tuple[Score, ...]
    differ: tuple[Differs, ...]


def plants(app: App, *, proposed_too: bool) -> tuple[Plant, Plant]:
    """The plant as its folder describes it, and with what was learnt; or as if all that is proposed were learnt too."""
    states = ("learnt", "proposed") if proposed_too else ("learnt",)
    lessons = [lesson for lesson in all_lessons(app) if lesson.state in states]
    names = tuple(n for lesson in lessons if (n := lesson.nickname) is not None)
    examples = tuple(e for lesson in lessons if (e := lesson.example) is not None)
    bare = replace(app.folder.plant, nicknames=(), examples=())
    return bare, replace(bare, nicknames=names, examples=examples)


def own_messages(app: App, before: Plant, after: Plant) -> Changed:
    """The plant's own messages once more, each as if it were the first of its conversation, with today's records.

    What became of a report is what its reading is measured by: its machines and its kind as people left them.
    """
    with app.database.read() as tx:
        received = [r for r in inbox.latest(tx, MOST_MESSAGES) if r.message.text.strip() and not r.message.button]
        outcomes = {(c.reporter, c.said): c for c in cases.find(tx) if c.opened_at is not None and not c.linked}
    reader = LocalReader()
    differ: list[Differs] = []
    reports, right = 0, {"machine": [0, 0], "kind": [0, 0], "asked back": [0, 0]}
    for one in received:
        sender = before.by_address.get((one.message.channel, one.message.sender))
        if sender is None:
            continue
        readings = [
            reader.read(one.message, Context(sender, plant, app.records, one.message.sent_at))
            for plant in (before, after)
        ]
        case = outcomes.get((sender.id, one.message.text.strip()))
        if case is not None and all(r.intent == "report" for r in readings):
            reports += 1
            for side, reading in enumerate(readings):
                for name, holds in _measured(reading, case).items():
                    right[name][side] += holds
        if _shape(readings[0], before) != _shape(readings[1], before):
            number = case.number if case is not None else f"message {one.id}"
            differ.append(Differs(number, one.message.text, *(in_short(r, before) for r in readings)))
    scores = tuple(Score(name, sides[0], sides[1], reports) for name, sides in right.items())
    return Changed(len(received), scores, tuple(differ))


def labelled(app: App, rows: Sequence[MessageCase], before: Plant, after: Plant) -> Changed:
    """A cases file scored with the lessons and without, as the message-cases contract says."""
    reader = LocalReader()
    scored = [evaluate(rows, plant, app.records, reader) for plant in (before, after)]
    differ = []
    for row in rows:
        one, other = (reader.read(as_message(row), as_context(row, plant, app.records)) for plant in (before, after))
        if _shape(one, before) != _shape(other, before):
            differ.append(Differs(row.id, row.text, in_short(one, before), in_short(other, before)))
    return Changed(len(rows), tuple(_both(*scored)), tuple(differ))


def in_short(reading: Reading, plant: Plant) -> str:
    """A reading on one line: what it is, of what, and what would be asked."""
    parts: list[str] = [reading.intent]
    for e in reading.exceptions:
        things = [plant.asset[a].name for a in e.assets if a in plant.asset] or [e.line or ""]
        parts.append(" ".join(x for x in ((e.type or "?").replace("_", " "), *things, *e.items, *e.lots) if x))
    if reading.answer is not None:
        parts.append(str(reading.answer))
    if reading.ask is not None:
        parts.append(f"asks for the {reading.ask.asks}")
    return ", ".join(parts)


def _measured(reading: Reading, case: Case) -> dict[str, int]:
    said = reading.exceptions[0] if reading.exceptions else None
    return {
        "machine": int(said is not None and set(said.assets) == set(case.assets)),
        "kind": int(said is not None and said.type == case.type),
        "asked back": int(reading.ask is not None),
    }


def _shape(reading: Reading, plant: Plant) -> Any:
    ask = reading.ask
    return as_expected(reading, plant), None if ask is None else (ask.asks, ask.options)


def _both(before: Scored, after: Scored) -> list[Score]:
    scores, others = before.total.scores(), after.total.scores()
    both = []
    for name, value in scores.items():
        one, other = (v.get("value") if isinstance(v, dict) else v for v in (value, others.get(name)))
        if isinstance(one, int | float) and isinstance(other, int | float):
            counted = value.get("n") or value.get("expected") if isinstance(value, dict) else None
            both.append(Score(name, float(one), float(other), int(counted or before.total.cases)))
    return both
