"""What people's answers teach the reader: proposed from the cases' logs, in force once somebody has accepted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.second_reader import SecondReader
from bot.trying_names import try_names
from db import cases, settings
from db import lessons as stored
from db.lessons import Told
from nlp.index import PlantIndex
from nlp.lessons import Found, kind_in, name_in, why_not
from nlp.reader import LocalReader
from workflow.case import ERASED
from workflow.errors import LinecallError
from workflow.lessons import Lesson, Subject, why_not_accept, why_not_forget
from workflow.messages import Inbound
from workflow.reading import Asks, Context

if TYPE_CHECKING:
    from bot.app import App
    from nlp.sheet import Sheet
    from workflow.case import Case
    from workflow.plant import Person, Plant
    from workflow.ports import Reader
    from workflow.records import Records

log = structlog.get_logger()

SEEN = "lessons.seen"  # the setting under which the last entry is kept that everything was learnt from
BATCH = 500  # entries of the cases' logs at a time
# Ids are given before the commit: until an entry is this old, one with a lower id may still appear behind it.
SETTLED = timedelta(minutes=1)
MOST_EXAMPLES = 500  # that act; each is compared with every message of which the reader is unsure
_SUBJECTS: Mapping[Asks, Subject] = {"asset": "asset", "line": "line", "item": "item", "type": "kind"}
REASONS = {
    "known_already": "that is what it is called already",
    "known_name": "something else of the plant is called so",
    "near_name": "it is spelled almost like something else of the plant",
    "floor_word": "it is an everyday word of the floor",
    "too_short": "it is too short",
    "too_long": "it is too long for a name",
    "number": "a number alone is no name",
    "hostile": "it holds links, code or invisible characters",
    "danger": "the message speaks of a danger",
    "no_kind": "“something else” is no kind to learn",
    "erased": "its words were erased",
    "gone": "the plant does not have that thing any more",
}


@dataclass
class Learning:
    """How far one process has read the cases' logs, and which lessons it has in force."""

    done: set[int] = field(default_factory=set)  # entries that were looked at, and are not settled yet
    version: tuple[int, int] = (0, 0)
    tried: bool = False  # every proposed name on past reports, since this process began


def learn(app: App) -> int:
    """One round: what was accepted or forgotten takes effect, and new answers become proposals."""
    take_effect(app)
    with app.database.read() as tx:
        seen = int(settings.get(tx, SEEN) or 0)
        told = stored.entries_after(tx, seen, BATCH)
        new = [t for t in told if t.id not in app.learning.done]
        about = {t.case: cases.get(tx, t.case) for t in new if t.what in ("answered", "corrected")}
    taught = [(t, *lesson) for t in new for lesson in _taught(app, t, about.get(t.case))]
    now = app.clock.now()
    settled = max((t.id for t in told if t.at < now - SETTLED), default=seen)
    if taught or settled > seen:
        with app.database.write() as tx:
            for t, what, ref, found in taught:
                if found.words:
                    stored.confirm(tx, app.plant.id, what, ref, found.words, found.refused, t)
            if settled > seen:
                settings.put(tx, SEEN, settled, now)
    app.learning.done = {t.id for t in told if t.id > settled}
    if (taught or not app.learning.tried) and (local := local_reader(app.reader)) is not None:
        try_names(app, local)
        app.learning.tried = True
    return len(taught) + (settled > seen and len(told) == BATCH)


def take_effect(app: App) -> None:
    """Have the reader know what was accepted, in this process or in another, and no more what was forgotten."""
    with app.database.read() as tx:
        version = stored.version(tx, app.plant.id)
        if version == app.learning.version:
            return
        learnt = stored.learnt(tx, app.plant.id)
    nicknames = tuple(n for lesson in learnt if (n := lesson.nickname) is not None)
    examples = tuple(e for lesson in learnt if (e := lesson.example) is not None)
    app.teach(nicknames, examples[-MOST_EXAMPLES:])
    app.learning.version = version


def accept(app: App, number: int, by: str) -> Lesson:
    """A proposal counts from now on; raises LinecallError with a sentence where it may not."""
    lesson, person = _lesson(app, number), _person(app, by)
    allowed(lesson, person, app.plant, app.records, accepts=True)
    with app.database.write() as tx:
        stored.accept(tx, number, person.id, app.clock.now())
    take_effect(app)
    return lesson


def allowed(lesson: Lesson, person: Person, plant: Plant, records: Records, *, accepts: bool) -> None:
    """Raises LinecallError, with a sentence, where a person may not accept a lesson, or have it forgotten."""
    if accepts and lesson.state == "learnt":
        raise LinecallError(f"Lesson {lesson.id} is accepted already.")
    denied = why_not_accept(lesson, person, plant) if accepts else why_not_forget(lesson, person, plant)
    if denied is not None:
        raise LinecallError(denied)
    why = (lesson.refused if lesson.what == "kind" else _why_not(plant, records, lesson)) if accepts else None
    if why is not None:
        raise LinecallError(f"Lesson {lesson.id} cannot be accepted: {REASONS.get(why, why)}.")


def forget(app: App, number: int, by: str) -> Lesson:
    """A lesson counts no more, accepted or not; it can be accepted again."""
    lesson, person = _lesson(app, number), _person(app, by)
    allowed(lesson, person, app.plant, app.records, accepts=False)
    with app.database.write() as tx:
        stored.forget(tx, number, person.id, app.clock.now())
    take_effect(app)
    return lesson


def all_lessons(app: App) -> tuple[Lesson, ...]:
    """Everything that was ever taught, in the order in which it was first told."""
    with app.database.read() as tx:
        return stored.of_plant(tx, app.plant.id)


def local_reader(reader: Reader) -> LocalReader | None:
    """The local part of a reader; a stranger's reader teaches nothing."""
    if isinstance(reader, SecondReader):
        return reader.local
    return reader if isinstance(reader, LocalReader) else None


def _taught(app: App, told: Told, case: Case | None) -> Iterator[tuple[Subject, str, Found]]:
    """What one answer or correction teaches about the message with which its case began."""
    if case is None or case.said in ("", ERASED) or told.who not in app.plant.person:
        return
    for what, ref in _confirmed(told, case):
        if case.linked and what != "kind":
            continue  # of two things in one message nobody knows which the strange word names
        try:
            found = _found(app, what, ref, case)
        except Exception:  # one message that cannot be read again is in nobody's way
            log.exception("lessons.failed", case=case.number, entry=told.id)
            continue
        if found.refused is not None:
            log.info("lessons.refused", case=case.number, what=what, why=found.refused)
        yield what, ref, found


def _confirmed(told: Told, case: Case) -> Iterator[tuple[Subject, str]]:
    """What a person said that it was: by the answer to a question, or by a correction of something not named."""
    value = told.facts.get("value")
    if told.what == "answered":
        subject = _SUBJECTS.get(told.why)  # type: ignore[call-overload]  # the log keeps words
        if subject is not None and isinstance(value, str):
            yield subject, value
        elif told.why == "confirm" and value is True and case.type is not None:
            yield "kind", case.type
    elif told.what == "corrected":
        before, after = (told.facts.get(side) or {} for side in ("before", "after"))
        for name, subject in (("assets", "asset"), ("items", "item")):
            if len(after.get(name) or ()) == 1 and not before.get(name):
                yield subject, str(after[name][0])  # type: ignore[misc]  # one of the two above
        if isinstance(told.facts.get("type"), str):
            yield "kind", told.facts["type"]


def _found(app: App, what: Subject, ref: str, case: Case) -> Found:
    sheet = _sheet(app, case)
    if sheet is None:
        return Found()
    if what == "kind":
        return kind_in(sheet, ref)
    return name_in(sheet, what, ref) if sheet.index.holds(what, ref) else Found(refused="gone")


def _sheet(app: App, case: Case) -> Sheet | None:
    """The message with which a case began, as it stands alone."""
    local, sender = local_reader(app.reader), app.plant.person.get(case.reporter)
    if local is None or sender is None:
        return None
    message = Inbound("web", case.number, sender.id, sender.id, case.captured_at, case.said)
    return local.sheet(message, Context(sender, app.plant, app.records, case.captured_at))


def _why_not(plant: Plant, records: Records, lesson: Lesson) -> str | None:
    index = PlantIndex(plant, records)
    nickname = lesson.nickname
    assert nickname is not None
    if not index.holds(nickname.what, nickname.id):
        return "gone"
    return why_not(nickname.words, nickname.what, nickname.id, index)


def _lesson(app: App, number: int) -> Lesson:
    with app.database.read() as tx:
        lesson = stored.get(tx, app.plant.id, number)
    if lesson is None:
        raise LinecallError(f"There is no lesson {number}; `linecall learn` lists them.")
    return lesson


def _person(app: App, id_: str) -> Person:
    person = app.plant.person.get(id_)
    if person is None:
        raise LinecallError(f"There is no {id_} in plant.yaml; the ids are listed there under `people`.")
    return person
