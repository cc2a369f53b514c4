"""What every person saw and said, which case it was about, and what they were asked last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes, outbox
from db.columns import LARGEST_ID
from db.connect import one_at_a_time
from db.message_ids import spellings
from db.outbox import Told
from db.sql import insert
from db.tables import line, question
from db.tables import notice as notice_table
from workflow.messages import Button
from workflow.reading import Asks

OURS = "web"  # the built-in channel: there a message is known by the id of its line


# A copy is what a person was told in one more of their chats (R15): it can be answered there, and is shown once.
Sender = Literal["bot", "person", "copy"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a person said or was told."""

    id: int
    at: datetime
    sender: Sender
    text: str
    buttons: tuple[Button, ...] = ()
    case: str | None = None
    channel: str = OURS
    button: str | None = None  # what a pressed button carried
    message_id: str | None = None  # as its channel knows it


@dataclass(frozen=True, slots=True)
class Open:
    """A question that a person has not answered yet."""

    case: str
    asks: Asks
    options: tuple[str, ...]
    at: datetime


def said(
    tx: Connection,
    person: str,
    at: datetime,
    text: str,
    message_id: str | None,
    channel: str,
    case: str | None = None,
    button: str | None = None,
) -> int:
    """A person said something, or pressed a button; returns the line's id."""
    return _add(tx, person, "person", at, text, (), button, case, channel, message_id)


def told(
    tx: Connection,
    person: str,
    at: datetime,
    text: str,
    buttons: Sequence[Button],
    case: str | None,
    channel: str,
    message_id: str | None,
    notice: int | None = None,
    *,
    copy: bool = False,
) -> int:
    """A person was told something, which came of a notice; returns the line's id."""
    sender: Sender = "copy" if copy else "bot"
    return _add(tx, person, sender, at, text, tuple(buttons), None, case, channel, message_id, notice)


def pictured(tx: Connection, person: str, lines: Sequence[int], names: Sequence[str]) -> Mapping[int, Told]:
    """Of these lines of a person those that came of a notice of one of these names, with it."""
    if not lines:
        return {}
    query = (
        sa.select(line.c.id.label("line"), line.c.notice)
        .join(notice_table, notice_table.c.id == line.c.notice)
        .where(line.c.person == person, line.c.id.in_(lines), notice_table.c.name.in_(names))
    )
    found = {row.notice: row.line for row in tx.execute(query)}
    return {found[told.id]: told for told in outbox.by_ids(tx, list(found))}


def belongs(tx: Connection, id: int, case: str) -> None:  # noqa: A002
    """What was said in a line has led to this case: a later reply to it is about the case."""
    tx.execute(_BELONGS, {"_id": id, "case": case})
    changes.touch(tx)


def of(tx: Connection, person: str, after: int = 0, limit: int | None = None) -> tuple[Line, ...]:
    """The lines of a person with a higher id than `after`, oldest first; with a limit the newest of them."""
    query = (
        sa.select(*_LINE)
        .where(line.c.person == person, line.c.id > min(after, LARGEST_ID), line.c.sender != "copy")
        .order_by(line.c.id.desc())
    )
    rows = tx.execute(query.limit(limit) if limit is not None else query).all()
    return tuple(Line(*row) for row in reversed(rows))


def of_case(tx: Connection, case: str, limit: int, person: str | None = None) -> tuple[tuple[str, Line], ...]:
    """What was said and told about a case, by whom or to whom, oldest first; the newest of it; of one person alone."""
    its = sa.and_(line.c.case == case, line.c.sender != "copy", line.c.text != "")
    if person is not None:
        its = sa.and_(its, line.c.person == person)
    query = sa.select(line.c.person, *_LINE).where(its).order_by(line.c.at.desc(), line.c.id.desc()).limit(limit)
    return tuple((row.person, Line(*tuple(row)[1:])) for row in reversed(tx.execute(query).all()))


def since(tx: Connection, after: int) -> tuple[tuple[str, Line], ...]:
    """Everybody's lines with a higher id than `after`, each with its person, oldest first."""
    new = sa.and_(line.c.id > min(after, LARGEST_ID), line.c.sender != "copy")
    query = sa.select(line.c.person, *_LINE).where(new).order_by(line.c.id)
    return tuple((row.person, Line(*tuple(row)[1:])) for row in tx.execute(query))


def thread_of(tx: Connection, channel: str, message_id: str) -> str | None:
    """The case that a message belongs to, by the id that it has in its channel; None where there is none."""
    found = line_of(tx, channel, message_id)
    return found.case if found is not None else None


def line_of(tx: Connection, channel: str, message_id: str) -> Line | None:
    """The newest line that a message became, by the id that it has in its channel; None where there is none."""
    if channel == OURS and message_id.isdecimal() and int(message_id) <= LARGEST_ID:
        known = tx.execute(sa.select(*_LINE).where(line.c.id == int(message_id), line.c.channel == OURS)).one_or_none()
        if known is not None:
            return Line(*known)
    for one in spellings(message_id):
        same = sa.and_(line.c.channel == channel, line.c.message_id == one)
        found = tx.execute(sa.select(*_LINE).where(same).order_by(line.c.id.desc()).limit(1)).one_or_none()
        if found is not None:
            return Line(*found)
    return None


def last_case(tx: Connection, person: str, since: datetime) -> str | None:
    """The case of which a person and the program spoke last, if that was not before `since`."""
    return tx.scalar(_LAST_CASE, {"person": person, "since": since})


def last_channel(tx: Connection, person: str, since: datetime, *, but: str) -> str | None:
    """The channel in which a person wrote last, if that was not before `since`; one of them does not count."""
    return tx.scalar(_LAST_CHANNEL, {"person": person, "but": but, "since": since})


def wrote_in(tx: Connection, person: str, channel: str, since: datetime) -> bool:
    """Whether a person has written or pressed something in a channel, and not before `since`."""
    theirs = sa.and_(line.c.person == person, line.c.sender == "person", line.c.channel == channel, line.c.at >= since)
    return tx.scalar(sa.select(line.c.id).where(theirs).limit(1)) is not None


def first_told(tx: Connection, person: str, channel: str, case: str) -> str | None:
    """The message with which a person was first told of a case in a channel: what later ones there answer to."""
    return tx.scalar(_FIRST_TOLD, {"person": person, "channel": channel, "case": case})


def offered(tx: Connection, person: str, channel: str, since: datetime) -> tuple[Line, ...]:
    """What a person was told in a channel with something to choose from, the newest first, and not before `since`."""
    ours = sa.and_(line.c.person == person, _OURS, line.c.channel == channel, line.c.at >= since)
    rows = tx.execute(sa.select(*_LINE).where(ours).order_by(line.c.id.desc()).limit(50))
    return tuple(one for one in (Line(*row) for row in rows) if one.buttons)


def last_said(tx: Connection, person: str, channel: str) -> int:
    """The line that a person last wrote in a channel; 0 where there is none."""
    theirs = sa.and_(line.c.person == person, line.c.sender == "person", line.c.channel == channel)
    return int(tx.scalar(sa.select(sa.func.max(line.c.id)).where(theirs)) or 0)


def threads(tx: Connection, channel: str, numbers: Sequence[str], most: int) -> tuple[str, ...]:
    """The first message about each of these cases in each conversation of a channel, the newest first."""
    first = (
        sa.select(sa.func.min(line.c.id).label("id"))
        .where(line.c.channel == channel, line.c.case.in_(numbers), line.c.message_id.is_not(None))
        .group_by(line.c.case, line.c.person, line.c.sender)
        .subquery()
    )
    query = sa.select(line.c.message_id).join(first, first.c.id == line.c.id).order_by(line.c.id.desc()).limit(most)
    return tuple(dict.fromkeys(tx.scalars(query)))


def ask(tx: Connection, person: str, case: str, asks: Asks, options: Sequence[str], at: datetime) -> None:
    """Remember what a person was asked; a newer question takes the place of an older one."""
    row = {"case": case, "asks": asks, "options": tuple(options), "at": at}
    tx.execute(
        insert(tx, question).values(row | {"person": person}).on_conflict_do_update(index_elements=["person"], set_=row)
    )


def asked(tx: Connection, person: str) -> Open | None:
    """What a person was asked last and has not answered."""
    row = tx.execute(_ASKED, {"person": person}).one_or_none()
    return Open(*row) if row is not None else None


def answered(tx: Connection, person: str) -> None:
    """The question is answered, or asks for nothing any more."""
    tx.execute(sa.delete(question).where(question.c.person == person))


_LINE = (
    line.c.id,
    line.c.at,
    line.c.sender,
    line.c.text,
    line.c.buttons,
    line.c.case,
    line.c.channel,
    line.c.button,
    line.c.message_id,
)


def _add(
    tx: Connection,
    person: str,
    sender: Sender,
    at: datetime,
    text: str,
    buttons: tuple[Button, ...],
    button: str | None,
    case: str | None,
    channel: str,
    message_id: str | None,
    notice: int | None = None,
) -> int:
    # One writer a conversation: else a lower id may be committed after a higher one, and a page that reads on from
    # the highest would never show it.
    one_at_a_time(tx, f"line {person}")
    row = {
        "person": person,
        "sender": sender,
        "at": at,
        "text": text,
        "buttons": buttons,
        "button": button,
        "case": case,
        "channel": channel,
        "message_id": message_id,
        "notice": notice,
    }
    added = tx.execute(_ADD, row)
    changes.touch(tx)
    return int(added.scalar_one())


_OURS = line.c.sender != "person"
_PERSON = line.c.person == sa.bindparam("person")
_SINCE = line.c.at >= sa.bindparam("since", type_=line.c.at.type)
_ADD = sa.insert(line).returning(line.c.id)
_BELONGS = sa.update(line).where(line.c.id == sa.bindparam("_id"))
_LAST_CASE = sa.select(line.c.case).where(_PERSON, line.c.case.is_not(None), _SINCE).order_by(line.c.id.desc()).limit(1)
_LAST_CHANNEL = (
    sa.select(line.c.channel)
    .where(_PERSON, line.c.sender == "person", line.c.channel != sa.bindparam("but"), _SINCE)
    .order_by(line.c.id.desc())
    .limit(1)
)
_FIRST_TOLD = (
    sa.select(line.c.message_id)
    .where(_PERSON, _OURS, line.c.channel == sa.bindparam("channel"))
    .where(line.c.case == sa.bindparam("case"), line.c.message_id.is_not(None))
    .order_by(line.c.id)
    .limit(1)
)
_ASKED = sa.select(question.c.case, question.c.asks, question.c.options, question.c.at).where(
    question.c.person == sa.bindparam("person")
)
