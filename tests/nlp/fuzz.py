"""Throws whatever people, phones and attackers may send at the reader, and says which promise broke.

    python -m tests.nlp.fuzz --seconds 60 [--seed 7]

Messages are grown from the phrasings: spliced, misspelled, repeated, laced with invisible letters, digits without end
and bytes that are no text. `explain` is called, which raises where `read` would only log. Exit status 1 where a promise
broke; the message is cut down to what breaks it, and printed with its seed. `tests/nlp/guided_fuzz.py` holds the same
promises against messages that atheris grows towards lines of code which no other reached."""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from integrations.plant_folder import PlantFolder, read_plant_folder
from nlp.cases import as_context, read_cases
from nlp.reader import LocalReader
from nlp.tokens import READ_CHARACTERS
from tests.nlp.growing import Growing, kept
from workflow.messages import Inbound
from workflow.plant import ROLES
from workflow.reading import DECISIONS, EXCEPTION_TYPES, INTENTS, Context, Reading

PHRASINGS = Path(__file__).parents[2] / "fixtures" / "phrasings"
PLANTS = ("northfield", "hallberg", "valle", "wisla")  # as many as the reader keeps an index of
FREES = ("release", "use_as_is")
LIMIT_MS = 50.0  # of CPU, for one message; reported, because a busy machine measures its neighbours
SOON = timedelta(days=400)  # a message tells of no time farther away
EACH_PLANT = 300  # messages before the next plant's turn


@dataclass(frozen=True)
class Broken:
    """A promise that one message broke."""

    promise: str
    text: str
    plant: str
    context: Context


@dataclass
class Run:
    """What a run saw."""

    seed: int
    messages: int = 0
    slowest: float = 0.0  # ms of CPU
    slowest_text: str = ""
    over: int = 0  # messages over the limit
    spent: float = 0.0  # ms of CPU, all messages
    broken: Broken | None = None

    def __str__(self) -> str:
        mean = self.spent / max(1, self.messages)
        return (
            f"{self.messages} messages, seed {self.seed}: {'BROKEN' if self.broken else 'no promise broken'}; "
            f"CPU {mean:.1f} ms a message, slowest {self.slowest:.1f} ms ({self.slowest / max(mean, 0.001):.0f} times "
            f"the mean), {self.over} over {LIMIT_MS:g} ms; slowest began {self.slowest_text[:40]!r}"
        )


@cache
def folder(name: str) -> PlantFolder:
    """An author's plant."""
    return read_plant_folder(PHRASINGS / name / "plant")


@cache
def reader() -> LocalReader:
    """One reader for all: what one message leaves behind may not spoil the next."""
    return LocalReader()


@cache
def situations(name: str) -> tuple[Context, ...]:
    """Conversations of that plant: fresh messages, threads and open questions, from many senders."""
    here = folder(name)
    path = PHRASINGS / name / "cases.jsonl"
    cases = read_cases(path) if path.exists() else ()
    found = [as_context(case, here.plant, here.records) for case in cases]
    at = datetime(2026, 11, 18, 10, 22, tzinfo=here.plant.zone)
    return (*found, *(Context(person, here.plant, here.records, at) for person in here.plant.people))


def broken(text: str, context: Context, must_hold: bool = False) -> str | None:
    """The promise that a message breaks, or None; `must_hold` says that nothing in it frees a lot."""
    message = Inbound("web", "m-1", context.sender.id, context.sender.id, context.now, text)
    clean = text.encode("utf-8", "replace").decode("utf-8")
    if clean.strip():
        try:
            _, reading, votes = reader().explain(replace(message, text=clean), context)
        except Exception as error:  # the fault that is looked for
            return f"no exception: {type(error).__name__}: {error}"
        if not all(math.isfinite(vote) for vote in votes.values()):
            return "votes are numbers"
    reading = reader().read(message, context)
    if not isinstance(reading, Reading):
        return "a Reading comes back"
    return _breach(reading, context, len(clean)) or (
        "no false release"
        if must_hold and reading.ask is None and any(d.decision in FREES for d in reading.disposition)
        else None
    )


def _breach(reading: Reading, context: Context, length: int) -> str | None:
    if reading.intent not in INTENTS or any(e.type not in (None, *EXCEPTION_TYPES) for e in reading.exceptions):
        return "only known intents and kinds"
    if any(d.decision not in DECISIONS for d in reading.disposition):
        return "only known decisions"
    if unknown := sorted(_linked(reading) - _known(context)):
        return f"no link to unknown ids: {unknown}"
    if reading.ask is not None and len(reading.ask.options) > 3:
        return "at most three options"
    evidence = (*reading.evidence, *(e for x in reading.exceptions for e in x.evidence))
    if any(not 0 <= e.start <= e.end <= min(length, READ_CHARACTERS) for e in evidence):
        return "evidence stands in the message"
    for name, value in _values(reading):
        if isinstance(value, float | int) and not isinstance(value, bool) and not math.isfinite(value):
            return f"numbers are finite: {name}"
        if name in ("eta_min", "duration_min", "downtime_min") and value is not None and value < 0:
            return f"spans are not negative: {name}"
        if isinstance(value, datetime) and (value.tzinfo is None or abs(value - context.now) > SOON):
            return f"times are near and aware: {name} {value}"
    confident = [*reading.confidence.values(), *(v for e in reading.exceptions for v in e.confidence.values())]
    return None if all(0.0 <= v <= 1.0 for v in confident) else "confidence is from 0 to 1"


def _linked(reading: Reading) -> set[str]:
    told = (*reading.exceptions, *((reading.mentioned,) if reading.mentioned is not None else ()))
    ids = {i for e in told for i in (*e.assets, *e.work_orders, *e.items, *e.lots, e.line)}
    ids |= {d.lot for d in reading.disposition} | {reading.reassign_to}
    if reading.query is not None:
        ids |= {reading.query.line, reading.query.work_order}
    return {i for i in ids if i is not None}


def _known(context: Context) -> set[str]:
    plant, records = context.plant, context.records
    known = {*plant.line, *plant.asset, *plant.person, *ROLES, *records.item, *records.lot, *records.work_order}
    about = (context.thread, context.question.about if context.question is not None else None)
    for told in (one for one in about if one is not None):  # what the conversation is about, the program has said
        known |= {*told.assets, *told.work_orders, *told.items, *told.lots, *((told.line,) if told.line else ())}
    return known


def _values(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _values(getattr(value, field.name), field.name)
    elif isinstance(value, tuple):
        for one in value:
            yield from _values(one, name)
    else:
        yield name, value


def shortest(found: Broken) -> Broken:
    """The same fault with as little text as a few hundred tries find."""
    text, tries = found.text, 0
    size = max(1, len(text) // 2)
    while size and tries < 400:
        for start in range(0, len(text), size):
            less = text[:start] + text[start + size :]
            tries += 1
            fault = broken(less, found.context)
            if fault is not None and fault.split(":")[0] == found.promise.split(":")[0]:
                text = less
                break
        else:
            size //= 2
    return replace(found, text=text)


def run(seed: int, *, seconds: float = math.inf, messages: float = math.inf) -> Run:
    """Messages until a promise breaks, the time is up or there are enough; the same for the same seed."""
    seen, until = Run(seed), time.monotonic() + seconds
    dice = random.Random(seed)
    grown: dict[str, Growing] = {}
    while seen.messages < messages and time.monotonic() < until and seen.broken is None:
        name = PLANTS[seen.messages // EACH_PLANT % len(PLANTS)]
        if name not in grown:
            grown[name] = Growing(dice, folder(name), PHRASINGS)
            broken("ready?", situations(name)[0])  # the plant's index is built before the clock runs
        source = grown[name]
        context = dice.choice(situations(name))
        must_hold = dice.random() < 0.15
        text = kept(dice, folder(name)) if must_hold else source.message()
        one(seen, text, context, name, must_hold)
    return seen


def one(seen: Run, text: str, context: Context, name: str, must_hold: bool) -> None:
    """Read one message, and note what it cost and broke."""
    began = time.thread_time_ns()
    fault = broken(text, context, must_hold)
    took = (time.thread_time_ns() - began) / 2e6  # read twice, once by `explain`
    seen.messages += 1
    seen.spent += took
    seen.over += took > LIMIT_MS
    if took > seen.slowest:
        seen.slowest, seen.slowest_text = took, text
    if fault is not None:
        found = Broken(fault, text, name, context)
        seen.broken = found if must_hold else shortest(found)  # less of "do not release" is a release


def tell(seen: Run) -> None:
    """Print what a run saw."""
    print(seen)
    if seen.broken is not None:
        context = seen.broken.context
        print(f"broke: {seen.broken.promise}\n  text {seen.broken.text!r}\n  plant {seen.broken.plant}, from "
              f"{context.sender.id} at {context.now.isoformat()}\n  thread {context.thread}\n  "
              f"question {context.question}")  # fmt: skip


def main() -> int:
    """Grow, read, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="default: by the clock, and printed")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int(time.time()) % 100_000
    seen = run(seed, seconds=given.seconds)
    tell(seen)
    return 1 if seen.broken else 0


if __name__ == "__main__":
    sys.exit(main())
