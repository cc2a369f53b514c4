"""Photos, voice notes and forms that people sent: what was read on them, and whether its sender has confirmed it.

A row is put in the transaction that takes its message. A claim moves `due_at` behind a lease: where the claimer dies,
the row comes due again by itself, and `attempts` is the fence: only the newest claim may finish.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.columns import LARGEST_ID
from db.tables import attachment as table
from workflow.messages import MediaKind


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of one message."""

    id: int
    inbox: int  # row of the message that brought it
    line: int  # of the conversation
    person: str
    channel: str
    kind: MediaKind
    reference: str
    alone: bool  # no word came with it
    at: datetime  # when it was sent
    attempts: int
    file: str | None  # its name in the attachments folder, once it is there
    mime: str | None
    case: str | None
    read_at: datetime | None
    found: Mapping[str, Any]  # ids of the plant that stand on it, or were said in it
    heard: str | None  # a voice note, word for word
    problem: str | None  # why it could not be read: name of a reason
    offered_at: datetime | None  # its sender was asked whether that is right
    answered_at: datetime | None
    confirmed: bool | None  # what the sender answered


def put(
    tx: Connection,
    inbox: int,
    line: int,
    person: str,
    channel: str,
    files: Iterable[tuple[MediaKind, str]],
    at: datetime,
    now: datetime,
    *,
    alone: bool,
) -> None:
    """Have the files of a message read; each is its kind and its reference in the channel."""
    rows: list[dict[str, Any]] = [
        {
            "inbox": inbox, "line": line, "person": person, "channel": channel, "kind": kind, "reference": reference,
            "alone": alone, "at": at, "due_at": now, "attempts": 0, "found": {},
        }
        for kind, reference in files
    ]  # fmt: skip
    if rows:
        tx.execute(sa.insert(table), rows)
        changes.touch(tx)


def claim(tx: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[Attachment, ...]:
    """Take files that are due to be read; nobody else gets them until the lease is over."""
    due = sa.select(table.c.id).where(table.c.due_at <= now).order_by(table.c.due_at, table.c.id).limit(limit)
    if tx.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    ids = tx.scalars(due).all()
    if not ids:
        return ()
    claimed = {"due_at": now + lease, "attempts": table.c.attempts + 1}
    tx.execute(sa.update(table).where(table.c.id.in_(ids)).values(claimed))
    rows = tx.execute(sa.select(*_COLUMNS).where(table.c.id.in_(ids)).order_by(table.c.id))
    return tuple(Attachment(*tuple(row)) for row in rows)


def later(tx: Connection, one: Attachment, due_at: datetime) -> None:
    """It could not be had or read now and comes again."""
    tx.execute(_mine(one).values(due_at=due_at))


def kept(tx: Connection, one: Attachment, file: str, mime: str, kind: MediaKind) -> None:
    """The file is in the attachments folder, and what it really is."""
    tx.execute(_mine(one).values(file=file, mime=mime, kind=kind))
    changes.touch(tx)


def read(
    tx: Connection, one: Attachment, found: Mapping[str, Any], heard: str | None, problem: str | None, now: datetime
) -> bool:
    """What was read; False where another claim was faster, and then nothing may follow from this one."""
    values = {"found": found, "heard": heard, "problem": problem, "read_at": now, "due_at": None}
    changes.touch(tx)
    return tx.execute(_mine(one).values(values)).rowcount == 1


def followed_by(tx: Connection, id: int, inbox: int) -> None:  # noqa: A002 - the row's id
    """The message in which what was read comes before the desk."""
    tx.execute(sa.update(table).where(table.c.id == id).values(follow_up=inbox))


def behind(tx: Connection, inbox: int) -> Attachment | None:
    """The attachment whose reading a message brings before the desk; None for a message of a person."""
    row = tx.execute(_BEHIND, {"inbox": inbox}).one_or_none()
    return Attachment(*tuple(row)) if row is not None else None


def offered(tx: Connection, id: int, found: Mapping[str, Any], case: str | None, now: datetime) -> None:  # noqa: A002
    """Its sender is asked whether this is right."""
    tx.execute(sa.update(table).where(table.c.id == id).values(offered_at=now, found=found, case=case))


def open_offer(tx: Connection, person: str, since: datetime) -> Attachment | None:
    """The newest one about which a person was asked and has not answered."""
    row = tx.execute(_OPEN_OFFER, {"person": person, "since": since}).one_or_none()
    return Attachment(*tuple(row)) if row is not None else None


def answer(tx: Connection, id: int, person: str, now: datetime, *, confirmed: bool) -> Attachment | None:  # noqa: A002
    """Its sender's answer, taken once; None where it was given already, was never asked for, or is not theirs."""
    if not 0 < id <= LARGEST_ID:
        return None
    waits = (
        table.c.id == id,
        table.c.person == person,
        table.c.offered_at.is_not(None),
        table.c.answered_at.is_(None),
    )
    done = tx.execute(sa.update(table).where(*waits).values(answered_at=now, confirmed=confirmed))
    return _one(tx, table.c.id == id) if done.rowcount == 1 else None


def belongs(tx: Connection, id: int, case: str) -> None:  # noqa: A002
    """It belongs to a case: whoever may see that one may see it."""
    tx.execute(sa.update(table).where(table.c.id == id).values(case=case))
    changes.touch(tx)


def confirmed_for(tx: Connection, case: str) -> Attachment | None:
    """The latest one that was confirmed for a case."""
    return _one(tx, table.c.case == case, table.c.confirmed.is_(True))


def of_case(tx: Connection, case: str) -> tuple[Attachment, ...]:
    """The files that belong to a case and are kept, oldest first."""
    query = sa.select(*_COLUMNS).where(table.c.case == case, table.c.file.is_not(None)).order_by(table.c.id)
    return tuple(Attachment(*tuple(row)) for row in tx.execute(query))


def get(tx: Connection, id: int) -> Attachment | None:  # noqa: A002
    """One of them; None for an id that was never given."""
    return _one(tx, table.c.id == id) if 0 < id <= LARGEST_ID else None


def of_lines(tx: Connection, lines: Iterable[int]) -> Mapping[int, tuple[Attachment, ...]]:
    """What was sent with lines of a conversation, as far as it is in the folder."""
    wanted = sa.select(*_COLUMNS).where(table.c.line.in_(tuple(lines)), table.c.file.is_not(None)).order_by(table.c.id)
    by_line: dict[int, tuple[Attachment, ...]] = {}
    for row in tx.execute(wanted):
        one = Attachment(*tuple(row))
        by_line[one.line] = (*by_line.get(one.line, ()), one)
    return by_line


def sent_since(tx: Connection, person: str, since: datetime) -> int:
    """How many files a person has sent lately."""
    mine = sa.and_(table.c.person == person, table.c.at >= since)
    return int(tx.scalar(sa.select(sa.func.count()).where(mine)) or 0)


_COLUMNS = (
    table.c.id, table.c.inbox, table.c.line, table.c.person, table.c.channel, table.c.kind, table.c.reference,
    table.c.alone, table.c.at, table.c.attempts, table.c.file, table.c.mime, table.c.case, table.c.read_at,
    table.c.found, table.c.heard, table.c.problem, table.c.offered_at, table.c.answered_at, table.c.confirmed,
)  # fmt: skip


def _one(tx: Connection, *which: sa.ColumnElement[bool]) -> Attachment | None:
    row = tx.execute(_NEWEST.where(*which)).one_or_none()
    return Attachment(*tuple(row)) if row is not None else None


def _mine(one: Attachment) -> sa.Update:
    return sa.update(table).where(table.c.id == one.id, table.c.attempts == one.attempts, table.c.due_at.is_not(None))


_NEWEST = sa.select(*_COLUMNS).order_by(table.c.id.desc()).limit(1)
_BEHIND = _NEWEST.where(table.c.follow_up == sa.bindparam("inbox"))
_OPEN_OFFER = _NEWEST.where(
    table.c.person == sa.bindparam("person"),
    table.c.offered_at >= sa.bindparam("since", type_=table.c.offered_at.type),
    table.c.answered_at.is_(None),
)
