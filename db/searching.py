"""Cases found by what somebody remembers of them: a number, an id, a machine, a name, or words that were written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db import cases
from db.cases import Within, visible
from db.tables import case as case_table
from db.tables import mention
from workflow.case import Case

MOST_TERMS = 8
AT_ONCE = 500  # cases that are fetched in one statement
NUMBER = re.compile(r"EX-\d{1,12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that has to fit: a word as it was typed, and what of the plant it may be a name of."""

    text: str
    lines: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; every term and every limit has to fit, nothing said means all."""

    terms: tuple[Term, ...] = ()
    line: str | None = None
    type: str | None = None
    is_open: bool | None = None  # still to be solved on the floor, or not any more
    since: datetime | None = None
    within: Within | None = None


def search(tx: Connection, sought: Sought, limit: int) -> tuple[Case, ...]:
    """The newest cases that fit, newest first."""
    c = case_table.c
    wanted = [_fits(term) for term in sought.terms[:MOST_TERMS]]
    for column, value in ((c.line, sought.line), (c.type, sought.type)):
        if value is not None:
            wanted.append(column == value)
    if sought.is_open is not None:
        over = sa.or_(*(at.is_not(None) for at in (c.resolved_at, c.closed_at, c.cancelled_at, c.merged_into)))
        wanted.append(sa.not_(over) if sought.is_open else over)
    if sought.since is not None:
        wanted.append(c.captured_at >= sought.since)
    if sought.within is not None:
        wanted.append(visible(sought.within))
    numbers = sa.select(c.number).where(*wanted).order_by(c.captured_at.desc(), c.number.desc()).limit(limit)
    return cases.of(tx, tx.scalars(numbers).all())[::-1]


def reported(
    tx: Connection, since: datetime, until: datetime, after: Case | None, most: int, within: Within | None = None
) -> tuple[Case, ...]:
    """A page of the cases of a period, by the time of their report: so many (500) after that case, or the first."""
    at, number = case_table.c.captured_at, case_table.c.number
    length = sa.func.length(number)  # numbers of one length sort as text, and a longer number is a later one
    query = sa.select(number).where(at < until, at >= (since if after is None else after.captured_at))
    if after is not None:
        later = sa.or_(length > len(after.number), sa.and_(length == len(after.number), number > after.number))
        query = query.where(sa.or_(at > after.captured_at, later))
    if within is not None:
        query = query.where(visible(within))
    return cases.of(tx, tx.scalars(query.order_by(at, length, number).limit(most)).all())


def first_reported(tx: Connection) -> datetime | None:
    """When the first case was reported; None where there is none."""
    at: datetime | None = tx.scalar(sa.select(sa.func.min(case_table.c.captured_at)))
    return at


def resolutions(tx: Connection, numbers: Sequence[str]) -> Mapping[str, str]:
    """What fixed each of these cases, in the words of who fixed it; "" where nobody said."""
    c = case_table.c
    found: dict[str, str] = {}
    for start in range(0, len(numbers), AT_ONCE):
        query = sa.select(c.number, c.resolution).where(c.number.in_(numbers[start : start + AT_ONCE]))
        found |= {row.number: row.resolution or "" for row in tx.execute(query)}
    return found


def _fits(term: Term) -> sa.ColumnElement[bool]:
    c, text = case_table.c, term.text
    if NUMBER.fullmatch(text):
        return c.number == text.upper()  # it can mean nothing else
    named = sa.select(mention.c.case).where(sa.or_(_holds(mention.c.value, (text,)), _is_asset(term.assets)))
    ways: list[sa.ColumnElement[bool]] = [
        c.number == f"EX-{text}",
        c.number.in_(named),
        _holds(c.said, _as_written(text)),
        _holds(c.resolution, _as_written(text)),
    ]
    for column, names in ((c.line, term.lines), (c.type, term.types), (c.reporter, term.reporters)):
        if names:
            ways.append(column.in_(names))
    return sa.or_(*ways)


def _is_asset(assets: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(mention.c.field == "assets", mention.c.value.in_(assets)) if assets else sa.false()


def _holds(column: sa.ColumnElement[str], texts: Sequence[str]) -> sa.ColumnElement[bool]:
    """Whether one of the texts stands in a column, in large letters or small; none of them is a pattern."""
    return sa.or_(*(column.icontains(text, autoescape=True) for text in texts))


def _as_written(text: str) -> tuple[str, ...]:
    """A word as it may have been written: the embedded database knows large and small of A to Z alone."""
    if text.isascii():
        return (text,)
    return tuple(dict.fromkeys((text, text.lower(), text.upper(), text.capitalize())))
