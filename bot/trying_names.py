"""A name that people use is tried on past reports before anybody accepts it (R59, R61)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from db import lessons as stored
from db import settings
from db.connect import one_at_a_time
from db.searching import Sought, Term, search
from nlp.tokens import fold
from workflow.lessons import Lesson
from workflow.messages import Inbound
from workflow.reading import Context

if TYPE_CHECKING:
    from bot.app import App
    from bot.wording import Voice
    from nlp.reader import LocalReader
    from workflow.case import Case
    from workflow.plant import Plant

TRIED = "lessons.tried"  # {lesson: {"times", "n", "right", "wrong"}}
LATELY = timedelta(days=30)
SHOWN = 3  # numbers of exceptions that meant something else
MOST = 200  # past reports that one name is tried on, the newest ones


@dataclass(frozen=True, slots=True)
class Effect:
    """What a name would have changed in past reports."""

    n: int  # reports with these words
    right: tuple[str, ...]  # exceptions whose report would have named its thing at once, and did not
    wrong: tuple[str, ...]  # those whose report would have named this one, and it was another


def effects_of(tx: Connection) -> dict[int, Effect]:
    """What was found, by lesson."""
    kept = settings.get(tx, TRIED) or {}
    return {int(id_): Effect(one["n"], tuple(one["right"]), tuple(one["wrong"])) for id_, one in kept.items()}


def try_names(app: App, local: LocalReader) -> int:
    """Try every proposed name that was confirmed since it was tried last; returns how many. Reads outside a write."""
    with app.database.read() as tx:
        known = settings.get(tx, TRIED) or {}
        proposed = [one for one in stored.of_plant(tx, app.plant.id) if one.state == "proposed" and one.nickname]
    heard = {one.words for one in proposed if known.get(str(one.id), {}).get("times") != one.times}
    due = [one for one in proposed if one.words in heard]  # the same word for another thing tells of both
    if not due:
        return 0
    found = {str(one.id): _as_kept(effect_of(app, local, one)) | {"times": one.times} for one in due}
    with app.database.write() as tx:
        one_at_a_time(tx, TRIED)
        still = {str(one.id) for one in proposed}
        kept = {id_: row for id_, row in (settings.get(tx, TRIED) or {}).items() if id_ in still}
        settings.put(tx, TRIED, kept | found, app.clock.now())
    return len(due)


def effect_of(app: App, local: LocalReader, lesson: Lesson) -> Effect:
    """Past reports with these words, read without the name and with it, each held against what it turned out to be."""
    assert lesson.nickname is not None
    longest = max(lesson.words.split(), key=len)
    with app.database.read() as tx:
        found = search(tx, Sought((Term(longest),), since=app.clock.now() - LATELY), MOST)
    saying = [case for case in found if all(fold(word) in fold(case.said) for word in lesson.words.split())]
    taught = replace(app.plant, nicknames=(*app.plant.nicknames, lesson.nickname))
    right, wrong = [], []
    for case in saying:
        if _names(app, local, case, app.plant, lesson) or not _names(app, local, case, taught, lesson):
            continue
        was = _was(case, lesson)
        if lesson.ref in was:
            right.append(case.number)
        elif was:
            wrong.append(case.number)
    return Effect(len(saying), tuple(right), tuple(wrong))


def name_tried(value: Mapping[str, Any], voice: Voice) -> str:
    """The same in words, from the fact of a notice."""
    counted = {"n": voice.number(value["n"]), "right": voice.number(len(value["right"]))}
    return voice.say("name_tried", wrong=voice.ids(value["wrong"][:SHOWN]), **counted)


def _names(app: App, local: LocalReader, case: Case, plant: Plant, lesson: Lesson) -> bool:
    """Whether a report, read alone, names the thing of a lesson."""
    sender = app.plant.person.get(case.reporter)
    if sender is None:
        return False
    message = Inbound("web", case.number, sender.id, sender.id, case.captured_at, case.said)
    sheet = local.sheet(message, Context(sender, plant, app.records, case.captured_at))
    return any(lesson.ref in mention.ids for mention in sheet.of(lesson.what))


def _was(case: Case, lesson: Lesson) -> tuple[str, ...]:
    """What of its kind an exception was about in the end."""
    match lesson.what:
        case "asset":
            return case.assets
        case "item":
            return case.items
        case "line":
            return (case.line,) if case.line else ()
    return ()


def _as_kept(effect: Effect) -> dict[str, Any]:
    return {"n": effect.n, "right": list(effect.right), "wrong": list(effect.wrong)}
