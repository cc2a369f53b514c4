"""Keeps cases with their tasks and their log; one `Change` is saved as a whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Connection, Pool

from db import cards, changes, figures, log, outbox, postings, settings
from db.connect import Stale as Stale
from db.sql import inserting, or_nothing
from db.tables import case as case_table
from db.tables import figure, mention, on_the_floor, sequence, task
from workflow.case import Case, Change, Entry, Status, Task
from workflow.metrics import counts
from workflow.reading import ExceptionType
from workflow.routing import CAUSE

FIRST_NUMBER = 1001
MENTIONED = ("assets", "work_orders", "items", "lots")
_CASE_COLUMNS = tuple(f.name for f in fields(Case) if f.name not in ("tasks", "version"))
_TASK_COLUMNS = tuple(f.name for f in fields(Task))
_TASK_KEPT = tuple(task.c.keys())[2:]  # beside its case and its position
_AT_ONCE = 500  # cases whose tasks are fetched in one statement
# Of each database, its open cases as they were last read.
_kept: WeakKeyDictionary[Pool, Mapping[str, Case]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Within:
    """The part of the plant that a search is limited to: these lines, and what this person reported."""

    lines: tuple[str, ...]
    person: str


def next_number(tx: Connection) -> str:
    """The next case number: `EX-1001`, `EX-1002`; never one that a committed transaction has taken."""
    return f"EX-{tx.execute(_counted(tx.dialect.name)).scalar_one()}"


def get(tx: Connection, number: str) -> Case | None:
    """One case with its tasks."""
    found = _cases(tx, _ONE, {"number": number})
    return found[0] if found else None


def save(tx: Connection, change: Change, now: datetime) -> Case:
    """Keep an act: case, tasks, log entries, notices into the outbox, postings as due. Returns the case as saved.

    Raises Stale where the case was changed since it was read (or, at version 0, where its number is taken), and
    DifferentPosting where a posting key is known with another content. The transaction is then good for nothing but a
    rollback, unless a savepoint was set.
    """
    return save_all(tx, (change,), now)[0]


def save_all(tx: Connection, several: Sequence[Change], now: datetime) -> tuple[Case, ...]:
    """The same for acts on several cases, each another one: a statement costs the same for one as for a hundred."""
    if not several:
        return ()
    before = [change.case for change in several]
    fresh, known = [c for c in before if c.version == 0], [c for c in before if c.version > 0]
    if fresh and _n(tx, or_nothing(tx, case_table), [_row(c) for c in fresh]) != len(fresh):
        raise Stale(f"{fresh[0].number} is there already")
    seen = [_row(c) | {"_number": c.number, "_version": c.version} for c in known]
    if known and _n(tx, _AS_SEEN, seen) != len(known):
        raise Stale(f"{known[0].number} is no longer at version {known[0].version}")
    _save_tasks(tx, before)
    for ended in (c for c in before if not c.is_open):
        _wake_parts(tx, ended, now)
    _save_mentions(tx, before)
    figures.keep(tx, *before)
    log.append(tx, [(change.case, change.entries) for change in several])
    outbox.put_of(tx, [(change.case.number, notice) for change in several for notice in change.notices], now)
    postings.owe(tx, [posting for change in several for posting in change.postings], now)
    cards.touch(tx, [c.number for c in before], now)
    changes.touch(tx)
    return tuple(replace(c, version=c.version + 1) for c in before)


def find(
    tx: Connection,
    *,
    status: Status | Iterable[Status] | None = None,
    line: str | None = None,
    type: ExceptionType | None = None,  # noqa: A002 - the word of the contract
    asset: str | None = None,
    work_order: str | None = None,
    lot: str | None = None,
    item: str | None = None,
    reporter: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    within: Within | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> tuple[Case, ...]:
    """Cases that fit everything asked for, by the time of their report, oldest first.

    `since` is inside, `until` outside; both look at `captured_at`. With a limit the newest ones are taken.
    """
    query = sa.select(case_table)
    if status is not None:
        wanted = (status,) if isinstance(status, str) else tuple(status)
        query = query.where(sa.or_(sa.false(), *(_status(name) for name in wanted)))
    for column, value in (("line", line), ("type", type), ("reporter", reporter)):
        if value is not None:
            query = query.where(case_table.c[column] == value)
    for field, value in (("assets", asset), ("work_orders", work_order), ("lots", lot), ("items", item)):
        if value is not None:
            named = sa.and_(mention.c.field == field, mention.c.value == value)
            query = query.where(case_table.c.number.in_(sa.select(mention.c.case).where(named)))
    if since is not None:
        query = query.where(case_table.c.captured_at >= since)
    if until is not None:
        query = query.where(case_table.c.captured_at < until)
    if within is not None:
        query = query.where(visible(within))
    if limit is None:
        return _cases(tx, query.order_by(*_BY_REPORT))
    newest_first = query.order_by(*(column.desc() for column in _BY_REPORT)).limit(limit).offset(offset)
    return _cases(tx, newest_first)[::-1]


def visible(within: Within) -> sa.ColumnElement[bool]:
    """The condition that a case lies within that part."""
    return sa.or_(case_table.c.line.in_(within.lines), case_table.c.reporter == within.person)


def of(tx: Connection, numbers: Sequence[str]) -> tuple[Case, ...]:
    """The cases of these numbers; of up to 500, by the time of their report."""
    return tuple(
        case
        for start in range(0, len(numbers), _AT_ONCE)
        for case in _cases(tx, _SEVERAL, {"cases": numbers[start : start + _AT_ONCE]})
    )


def open_cases(tx: Connection) -> tuple[Case, ...]:
    """Cases with something still to be done on the floor: draft, open or acknowledged; oldest report first.

    Every message asks for them, and hardly one has changed since the last: those are kept in memory by their versions.
    """
    now = tx.execute(_OPEN).all()
    kept = _kept.get(tx.engine.pool, {})
    known = {number: kept[number] for number, version in now if number in kept and kept[number].version == version}
    fresh = of(tx, [number for number, _ in now if number not in known])
    found = known | {case.number: case for case in fresh}
    if fresh and _is_snapshot(tx):  # what was changed in this transaction may yet be rolled back
        _kept[tx.engine.pool] = found
    return tuple(found[number] for number, _ in now)


def count(tx: Connection) -> int:
    """How many cases there are."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(case_table)) or 0)


def due(tx: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """Numbers of cases with a task whose next step is due, earliest first.

    In a write transaction on PostgreSQL their rows are locked, and those that another worker holds are left out: what
    is read of them afterwards stays true until the commit.
    """
    query = _DUE if _is_snapshot(tx) else _DUE_LOCKED
    return tuple(dict.fromkeys(tx.scalars(query, {"now": now, "most": limit})))


def engaged(tx: Connection) -> dict[str, str]:
    """Who has a stopped line in hand: person and the number of its case."""
    return {person: number for person, number in tx.execute(_ENGAGED) if person is not None}


def to_be_watched(tx: Connection) -> tuple[str, ...]:
    """Every case on the floor, and every other one with a timer that nobody needs any more."""
    timed = sa.select(task.c.case).where(task.c.next_step_at.is_not(None))
    query = sa.select(case_table.c.number).where(sa.or_(on_the_floor, case_table.c.number.in_(timed)))
    return tuple(tx.scalars(query.order_by(*_BY_REPORT)))


def next_due(tx: Connection) -> datetime | None:
    """When the next step of any task is due; None where nobody is chased."""
    chased = task.c.next_step_at.is_not(None)  # said aloud, so that the index over due tasks serves
    at: datetime | None = tx.scalar(sa.select(sa.func.min(task.c.next_step_at)).where(chased))
    return at


def log_of(tx: Connection, number: str) -> tuple[Entry, ...]:
    """The log of a case, in the order in which it was written; words that were erased read as ERASED."""
    return log.of_case(tx, number)


def count_anew(tx: Connection) -> int:
    """Derive the rows of every case's figures, once after an upgrade that changes what they hold."""
    if settings.get(tx, "figures") == figures.VERSION:
        return 0
    tx.execute(sa.delete(figure))
    n, numbers = 0, tx.scalars(sa.select(case_table.c.number)).all()
    for start in range(0, len(numbers), _AT_ONCE):
        found = _cases(tx, sa.select(case_table).where(case_table.c.number.in_(numbers[start : start + _AT_ONCE])))
        rows = [figures.row_of(case) for case in found if counts(case)]
        if rows:
            tx.execute(sa.insert(figure), rows)
            n += len(rows)
    settings.put(tx, "figures", figures.VERSION, datetime.now(UTC))
    return n


# Numbers of one length sort as text, and a longer number is a later one.
_BY_REPORT = (case_table.c.captured_at, sa.func.length(case_table.c.number), case_table.c.number)


def _status(name: Status) -> sa.ColumnElement[bool]:
    """The facts that make up a status, as `Case.status` derives it."""
    c = case_table.c
    not_ended = sa.and_(c.merged_into.is_(None), c.cancelled_at.is_(None))
    required = sa.and_(task.c.case == c.number, task.c.required, task.c.withdrawn_at.is_(None))
    unanswered = sa.and_(required, task.c.acknowledged_at.is_(None))
    acknowledged = sa.and_(sa.exists().where(required), ~sa.exists().where(unanswered))
    match name:
        case "merged":
            return c.merged_into.is_not(None)
        case "cancelled":
            return sa.and_(c.merged_into.is_(None), c.cancelled_at.is_not(None))
        case "closed":
            return sa.and_(not_ended, c.closed_at.is_not(None))
        case "resolved":
            return sa.and_(not_ended, c.closed_at.is_(None), c.resolved_at.is_not(None))
        case "draft":
            return sa.and_(on_the_floor, c.opened_at.is_(None))
        case "acknowledged":
            return sa.and_(on_the_floor, c.opened_at.is_not(None), acknowledged)
        case "open":
            return sa.and_(on_the_floor, c.opened_at.is_not(None), ~acknowledged)


def _cases(
    tx: Connection, query: sa.Select[tuple[object, ...]], given: Mapping[str, object] | None = None
) -> tuple[Case, ...]:
    rows = tx.execute(query, given).all()
    tasks = _tasks_of(tx, [row.number for row in rows])
    return tuple(Case(**row._mapping, tasks=tuple(tasks[row.number])) for row in rows)


def _tasks_of(tx: Connection, numbers: Sequence[str]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = defaultdict(list)
    for start in range(0, len(numbers), _AT_ONCE):
        for case, _, *values in tx.execute(_TASKS, {"cases": numbers[start : start + _AT_ONCE]}):
            found[case].append(Task(**dict(zip(_TASK_KEPT, values, strict=True))))
    return found


def _is_snapshot(tx: Connection) -> bool:
    options = tx.get_execution_options()
    return bool(options.get("postgresql_readonly") or options.get("linecall_reads"))


def _wake_parts(tx: Connection, case: Case, now: datetime) -> None:
    """What is a part of this exception is asked about at once when it is over (R21)."""
    of_it = sa.exists().where(case_table.c.number == task.c.case, case_table.c.parent == case.number)
    waits = sa.and_(task.c.next_step_at > now, task.c.why == CAUSE, ~task.c.asked_still)
    tx.execute(sa.update(task).where(waits, of_it).values(next_step_at=now))


def _row(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _CASE_COLUMNS} | {"version": case.version + 1}


def _n(tx: Connection, statement: sa.UpdateBase, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many rows were written."""
    return tx.execute(statement, rows, execution_options={"preserve_rowcount": True}).rowcount


def _save_tasks(tx: Connection, several: Sequence[Case]) -> None:
    if known := [case.number for case in several if case.version > 0]:
        tx.execute(_TASKS_GO, {"cases": known})
    rows = [
        {"case": case.number, "position": position} | {name: getattr(one, name) for name in _TASK_COLUMNS}
        for case in several
        for position, one in enumerate(case.tasks)
    ]
    if rows:
        tx.execute(_TASKS_COME, rows)


def _save_mentions(tx: Connection, several: Sequence[Case]) -> None:
    """Make cases findable by the ids they name; these seldom change, so they are compared first."""
    named = {c.number: {(field, value) for field in MENTIONED for value in getattr(c, field)} for c in several}
    noted: dict[str, set[tuple[str, str]]] = defaultdict(set)
    if known := [case.number for case in several if case.version > 0]:
        for number, field, value in tx.execute(_MENTIONS, {"cases": known}):
            noted[number].add((field, value))
    changed = [number for number, those in named.items() if those != noted[number]]
    if gone := [number for number in changed if noted[number]]:
        tx.execute(_MENTIONS_GO, {"cases": gone})
    rows = [{"field": f, "value": v, "case": number} for number in changed for f, v in sorted(named[number])]
    if rows:
        tx.execute(or_nothing(tx, mention), rows)


_NUMBERS: sa.BindParameter[Any] = sa.bindparam("cases", expanding=True)
_ONE = sa.select(case_table).where(case_table.c.number == sa.bindparam("number"))
_SEVERAL = sa.select(case_table).where(case_table.c.number.in_(_NUMBERS)).order_by(*_BY_REPORT)
_OPEN = sa.select(case_table.c.number, case_table.c.version).where(on_the_floor).order_by(*_BY_REPORT)
_AS_SEEN = sa.update(case_table).where(
    case_table.c.number == sa.bindparam("_number"), case_table.c.version == sa.bindparam("_version")
)
_TASKS = sa.select(task).where(task.c.case.in_(_NUMBERS)).order_by(task.c.case, task.c.position)
_TASKS_GO = sa.delete(task).where(task.c.case.in_(_NUMBERS))
_TASKS_COME = sa.insert(task)
_MENTIONS = sa.select(mention.c.case, mention.c.field, mention.c.value).where(mention.c.case.in_(_NUMBERS))
_MENTIONS_GO = sa.delete(mention).where(mention.c.case.in_(_NUMBERS))
_DUE = (
    sa.select(case_table.c.number)
    .join(task, task.c.case == case_table.c.number)
    .where(task.c.next_step_at <= sa.bindparam("now", type_=task.c.next_step_at.type))
    .order_by(task.c.next_step_at, task.c.case)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_DUE_LOCKED = _DUE.with_for_update(of=case_table, skip_locked=True)
_AT_WORK = sa.and_(task.c.acknowledged_at.is_not(None), task.c.done_at.is_(None), task.c.withdrawn_at.is_(None))
_ENGAGED = (
    sa.select(task.c.acknowledged_by, case_table.c.number)
    .join(case_table, case_table.c.number == task.c.case)
    .where(on_the_floor, case_table.c.line_stopped, _AT_WORK)
    .order_by(case_table.c.captured_at)
)


@cache
def _counted(dialect: str) -> sa.sql.dml.ReturningInsert[Any]:
    first = inserting(dialect, sequence).values(name="case", last=FIRST_NUMBER)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"last": sequence.c.last + 1})
    return counted.returning(sequence.c.last)
