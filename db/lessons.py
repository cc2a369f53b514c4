"""Keeps what people taught the reader by their answers, and everything that became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import log as chained
from db.columns import LARGEST_ID
from db.sql import insert
from db.tables import lesson, lesson_log, log
from workflow.case import ERASED
from workflow.lessons import Confirmation, Happened, Lesson, Subject


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a case's log, from which something may be learnt."""

    id: int
    case: str
    at: datetime
    who: str
    what: str
    why: str
    facts: Mapping[str, Any]


def entries_after(tx: Connection, id: int, limit: int) -> tuple[Told, ...]:  # noqa: A002 - the row's id
    """The next entries of all cases' logs, in the order in which they were written."""
    columns = (log.c.id, log.c.case, log.c.at, log.c.who, log.c.what, log.c.why, log.c.facts)
    rows = tx.execute(sa.select(*columns).where(log.c.id > id).order_by(log.c.id).limit(limit))
    return tuple(Told(*row) for row in rows)


def confirm(
    tx: Connection, plant: str, what: Subject, ref: str, words: str, refused: str | None, told: Told
) -> int | None:
    """Keep one answer as a confirmation of a lesson; returns the lesson's id, None where it was counted before."""
    row = {"plant": plant, "what": what, "ref": ref, "words": words, "refused": refused}
    tx.execute(insert(tx, lesson).values(row).on_conflict_do_nothing())
    same = (lesson.c.plant == plant, lesson.c.what == what, lesson.c.ref == ref, lesson.c.words == words)
    id_: int = tx.execute(sa.select(lesson.c.id).where(*same)).scalar_one()
    event = {"lesson": id_, "at": told.at, "who": told.who, "what": "confirmed", "case": told.case, "entry": told.id}
    counted = insert(tx, lesson_log).values(event).on_conflict_do_nothing().returning(lesson_log.c.id)
    return id_ if tx.scalar(counted) is not None else None


def accept(tx: Connection, id: int, who: str, at: datetime) -> None:  # noqa: A002
    """It counts from now on."""
    tx.execute(sa.update(lesson).where(lesson.c.id == id).values(accepted_at=at, forgotten_at=None, refused=None))
    _happened(tx, (id,), "accepted", who, at)


def forget(tx: Connection, id: int, who: str, at: datetime) -> None:  # noqa: A002
    """It counts no more; what happened to it stays."""
    tx.execute(sa.update(lesson).where(lesson.c.id == id).values(accepted_at=None, forgotten_at=at))
    _happened(tx, (id,), "forgotten", who, at)


def exported(tx: Connection, ids: Iterable[int], who: str, at: datetime) -> None:
    """Somebody took them out of the program."""
    _happened(tx, ids, "exported", who, at)


def erase(tx: Connection, cases: Collection[str]) -> int:
    """Take messages that serve as examples out, with the cases that they came from; returns how many.

    What a machine is called is the plant's word and nobody's own; it stays.
    """
    of_these = sa.select(lesson_log.c.lesson).where(lesson_log.c.case.in_(tuple(cases)))
    which = sa.and_(lesson.c.what == "kind", lesson.c.id.in_(of_these), ~lesson.c.words.startswith(ERASED))
    gone = {"words": sa.literal(f"{ERASED} ") + sa.cast(lesson.c.id, sa.Text), "accepted_at": None, "refused": "erased"}
    return tx.execute(sa.update(lesson).where(which).values(gone)).rowcount


def get(tx: Connection, plant: str, id: int) -> Lesson | None:  # noqa: A002
    """One lesson; None for a number that was never given."""
    if not 0 < id <= LARGEST_ID:
        return None
    found = _lessons(tx, lesson.c.plant == plant, lesson.c.id == id)
    return found[0] if found else None


def of_plant(tx: Connection, plant: str) -> tuple[Lesson, ...]:
    """Everything that was taught, in the order in which it was first told."""
    return _lessons(tx, lesson.c.plant == plant)


def learnt(tx: Connection, plant: str) -> tuple[Lesson, ...]:
    """What counts: accepted and not forgotten."""
    return _lessons(tx, lesson.c.plant == plant, lesson.c.accepted_at.is_not(None))


def version(tx: Connection, plant: str) -> tuple[int, int]:
    """Changes whenever something is accepted, forgotten or erased; cheap enough to look at every few seconds."""
    ends = sa.select(sa.func.max(lesson_log.c.id)).where(
        lesson_log.c.lesson.in_(sa.select(lesson.c.id).where(lesson.c.plant == plant)),
        lesson_log.c.what.in_(("accepted", "forgotten")),
    )
    last = int(tx.scalar(ends) or 0)
    learnt = sa.and_(lesson.c.plant == plant, lesson.c.accepted_at.is_not(None))
    return last, int(tx.scalar(sa.select(sa.func.count()).where(learnt)) or 0)


def _lessons(tx: Connection, *which: sa.ColumnElement[bool]) -> tuple[Lesson, ...]:
    rows = tx.execute(sa.select(*_LESSON).where(*which).order_by(lesson.c.id)).all()
    events = sa.select(lesson_log.c.lesson, *_EVENT).join(lesson, lesson.c.id == lesson_log.c.lesson).where(*which)
    history: defaultdict[int, list[Confirmation]] = defaultdict(list)
    for of, *event in tx.execute(events.order_by(lesson_log.c.id)):
        history[of].append(Confirmation(*event))
    return tuple(Lesson(*row, history=tuple(history[row.id])) for row in rows)


def _happened(tx: Connection, ids: Iterable[int], what: Happened, who: str, at: datetime) -> None:
    rows = [{"lesson": id_, "at": at, "who": who, "what": what} for id_ in ids]
    if rows:
        tx.execute(sa.insert(lesson_log), rows)
        chained.note(tx, at, who, f"lesson_{what}", {"lessons": [row["lesson"] for row in rows]})


_LESSON = (
    lesson.c.id, lesson.c.what, lesson.c.ref, lesson.c.words, lesson.c.refused, lesson.c.accepted_at,
    lesson.c.forgotten_at,
)  # fmt: skip
_EVENT = (lesson_log.c.at, lesson_log.c.who, lesson_log.c.what, lesson_log.c.case)
