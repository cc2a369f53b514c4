"""Keeps cases with their tasks and their log; one `Change` is saved as a whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db import cards, changes, figures, log, outbox, postings, settings
from db.connect import Stale as Stale
from db.sql import insert
from db.tables import case as case_table
from db.tables import figure, mention, on_the_floor, sequence, task
from workflow.case import Case, Change, Entry, Status, Task
from workflow.metrics import counts
from workflow.reading import ExceptionType

FIRST_NUMBER = 1001
MENTIONED = ("assets", "work_orders", "items", "lots")
_CASE_COLUMNS = tuple(f.name for f in fields(Case) if f.name not in ("tasks", "version"))
_TASK_COLUMNS = tuple(f.name for f in fields(Task))
_AT_ONCE = 500  # cases whose tasks are fetched in one statement


@dataclass(frozen=True, slots=True)
class Within:
    """The part of the plant that a search is limited to: these lines, and what this person reported."""

    lines: tuple[str, ...]
    person: str


def next_number(tx: Connection) -> str:
    """The next case number: `EX-1001`, `EX-1002`; never one that a committed transaction has taken."""
    first = insert(tx, sequence).values(name="case", last=FIRST_NUMBER)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"last": sequence.c.last + 1})
    return f"EX-{tx.execute(counted.returning(sequence.c.last)).scalar_one()}"


def get(tx: Connection, number: str) -> Case | None:
    """One case with its tasks."""
    found = _cases(tx, sa.select(case_table).where(case_table.c.number == number))
    return found[0] if found else None


def save(tx: Connection, change: Change, now: datetime) -> Case:
    """Keep an act: case, tasks, log entries, notices into the outbox, postings as due. Returns the case as saved.

    Raises Stale where the case was changed since it was read (or, at version 0, where its number is taken), and
    DifferentPosting where a posting key is known with another content. The transaction is then good for nothing but a
    rollback, unless a savepoint was set.
    """
    case = change.case
    row = {name: getattr(case, name) for name in _CASE_COLUMNS} | {"version": case.version + 1}
    if case.version == 0:
        saving: sa.UpdateBase = insert(tx, case_table).values(row).on_conflict_do_nothing()
    else:
        same = sa.and_(case_table.c.number == case.number, case_table.c.version == case.version)
        saving = sa.update(case_table).where(same).values(row)
    if tx.scalar(saving.returning(case_table.c.number)) is None:
        raise Stale(f"{case.number} is no longer at version {case.version}")
    _save_tasks(tx, case)
    _save_mentions(tx, case)
    figures.keep(tx, case)
    log.append(tx, case, change.entries)
    outbox.put_all(tx, case.number, change.notices, now)
    postings.owe(tx, change.postings, now)
    cards.touch(tx, case.number, now)
    changes.touch(tx)
    return replace(case, version=case.version + 1)


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
    newest_first = query.order_by(*(column.desc() for column in _BY_REPORT)).limit(limit)
    return _cases(tx, newest_first)[::-1]


def visible(within: Within) -> sa.ColumnElement[bool]:
    """The condition that a case lies within that part."""
    return sa.or_(case_table.c.line.in_(within.lines), case_table.c.reporter == within.person)


def of(tx: Connection, numbers: Sequence[str]) -> tuple[Case, ...]:
    """The cases of these numbers, by the time of their report."""
    return _cases(tx, sa.select(case_table).where(case_table.c.number.in_(numbers)).order_by(*_BY_REPORT))


def open_cases(tx: Connection) -> tuple[Case, ...]:
    """Cases with something still to be done on the floor: draft, open or acknowledged; oldest report first."""
    return _cases(tx, sa.select(case_table).where(on_the_floor).order_by(*_BY_REPORT))


def count(tx: Connection) -> int:
    """How many cases there are."""
    return int(tx.scalar(sa.select(sa.func.count()).select_from(case_table)) or 0)


def due(tx: Connection, now: datetime, limit: int) -> tuple[str, ...]:
    """Numbers of cases with a task whose next step is due, earliest first.

    In a write transaction on PostgreSQL their rows are locked, and those that another worker holds are left out: what
    is read of them afterwards stays true until the commit.
    """
    query = (
        sa.select(case_table.c.number)
        .join(task, task.c.case == case_table.c.number)
        .where(task.c.next_step_at <= now)
        .order_by(task.c.next_step_at, task.c.case)
        .limit(limit)
    )
    if not tx.get_execution_options().get("postgresql_readonly"):
        query = query.with_for_update(of=case_table, skip_locked=True)
    return tuple(dict.fromkeys(tx.scalars(query)))


def engaged(tx: Connection) -> dict[str, str]:
    """Who has a stopped line in hand: person and the number of its case."""
    c = case_table.c
    at_work = sa.and_(task.c.acknowledged_at.is_not(None), task.c.done_at.is_(None), task.c.withdrawn_at.is_(None))
    query = sa.select(task.c.acknowledged_by, c.number).join(case_table, c.number == task.c.case)
    found = tx.execute(query.where(on_the_floor, c.line_stopped, at_work).order_by(c.captured_at))
    return {person: number for person, number in found if person is not None}


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


def _cases(tx: Connection, query: sa.Select[tuple[object, ...]]) -> tuple[Case, ...]:
    rows = tx.execute(query).mappings().all()
    tasks = _tasks_of(tx, [row["number"] for row in rows])
    return tuple(Case(**row, tasks=tuple(tasks[row["number"]])) for row in rows)


def _tasks_of(tx: Connection, numbers: Sequence[str]) -> dict[str, list[Task]]:
    found: dict[str, list[Task]] = defaultdict(list)
    for start in range(0, len(numbers), _AT_ONCE):
        of_these = task.c.case.in_(numbers[start : start + _AT_ONCE])
        for row in tx.execute(sa.select(task).where(of_these).order_by(task.c.case, task.c.position)).mappings():
            found[row["case"]].append(Task(**{name: row[name] for name in _TASK_COLUMNS}))
    return found


def _save_tasks(tx: Connection, case: Case) -> None:
    if case.version > 0:
        tx.execute(sa.delete(task).where(task.c.case == case.number))
    if case.tasks:
        rows = [
            {"case": case.number, "position": position} | {name: getattr(one, name) for name in _TASK_COLUMNS}
            for position, one in enumerate(case.tasks)
        ]
        tx.execute(sa.insert(task), rows)


def _save_mentions(tx: Connection, case: Case) -> None:
    """Make the case findable by the ids it names; they seldom change, so they are compared first."""
    named = {(field, value) for field in MENTIONED for value in getattr(case, field)}
    known: set[tuple[str, str]] = set()
    if case.version > 0:
        rows = tx.execute(sa.select(mention.c.field, mention.c.value).where(mention.c.case == case.number))
        known = {(field, value) for field, value in rows}
        if known == named:
            return
        tx.execute(sa.delete(mention).where(mention.c.case == case.number))
    if named:
        rows_now = [{"field": field, "value": value, "case": case.number} for field, value in sorted(named)]
        tx.execute(insert(tx, mention).on_conflict_do_nothing(), rows_now)
