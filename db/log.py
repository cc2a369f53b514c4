"""The log of every case, and of the plant: appended with its seal, never changed; people's words lie apart from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import chain
from db.connect import one_at_a_time
from db.sql import or_set
from db.tables import Facts, head, plant_log, seal, words
from db.tables import log as table
from workflow.case import ERASED, LINECALL, Case, Entry, quoted_in


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that belongs to no case: rules taken into use, words erased (R61)."""

    at: datetime
    who: str
    what: str
    facts: Mapping[str, Any]


def append(tx: Connection, several: Sequence[tuple[Case, Sequence[Entry]]]) -> None:
    """Write entries at the end of cases' logs, each sealed with the digest of the one before.

    The cases' own rows must have been written in this transaction: that is what keeps two writers of one chain apart.
    """
    written = [(case, entry) for case, entries in several for entry in entries]
    if not written:
        return
    rows = [
        {"case": case.number, "at": e.at, "who": e.who, "what": e.what, "why": e.why, "facts": e.facts}
        for case, full in written
        for e in (_apart(full)[0],)
    ]
    ids = tx.scalars(_APPEND, rows)
    sealed(tx, [(case, id_, entry) for id_, (case, entry) in zip(ids, written, strict=True)])


def sealed(tx: Connection, written: Sequence[tuple[Case, int, Entry]]) -> list[tuple[int, Entry]]:
    """Seal rows of cases' logs, by their ids in order; returns each entry as its row must be: without the words."""
    heads = _heads(tx, [case.number for case, _, _ in written])
    seals: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    rows: list[tuple[int, Entry]] = []
    for case, id_, full in written:
        entry, quotes = _apart(full)
        position, digest = heads.get(case.number, (0, chain.START))
        position += 1
        committed = []
        for field, text in quotes.items():
            salt = chain.new_salt()
            committed.append((field, chain.commitment(salt, field, text)))
            person = case.reporter if entry.who == LINECALL or text == case.said else entry.who
            quote = {"entry": id_, "field": field, "person": person, "commitment": committed[-1][1]}
            said.append(quote | {"salt": salt, "text": text})
        facts = Facts.as_kept(entry.facts)
        digest = chain.digest(
            digest, case.number, position, entry.at, entry.who, entry.what, entry.why, facts, committed
        )
        heads[case.number] = (position, digest)
        seals.append({"entry": id_, "case": case.number, "position": position, "digest": digest})
        rows.append((id_, entry))
    if seals:
        tx.execute(_SEAL, seals)
        _moved(tx, heads)
    if said:
        tx.execute(_SAID, said)
    return rows


def happened(tx: Connection, numbers: Sequence[str], whats: Sequence[str]) -> dict[str, frozenset[str]]:
    """Which of these things happened in each of these cases, without reading their logs one after the other."""
    found: dict[str, set[str]] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        several = table.c.case.in_(numbers[start : start + _AT_ONCE])
        query = sa.select(table.c.case, table.c.what).where(several, table.c.what.in_(whats)).distinct()
        for case, what in tx.execute(query):
            found.setdefault(case, set()).add(what)
    return {case: frozenset(these) for case, these in found.items()}


_AT_ONCE = 500  # cases of one statement


def of_case(tx: Connection, number: str) -> tuple[Entry, ...]:
    """The log of a case, in the order in which it was written; words that were erased read as ERASED."""
    columns = (table.c.id, table.c.at, table.c.who, table.c.what, table.c.why, table.c.facts)
    rows = tx.execute(sa.select(*columns).where(table.c.case == number).order_by(table.c.id)).all()
    of_these = sa.select(table.c.id).where(table.c.case == number)
    said: dict[int, dict[str, str]] = {}
    for id_, field, text in tx.execute(
        sa.select(words.c.entry, words.c.field, words.c.text).where(words.c.entry.in_(of_these))
    ):
        said.setdefault(id_, {})[field] = ERASED if text is None else text
    return tuple(_together(Entry(*row[1:]), said.get(row[0], {})) for row in rows)


def last_of(tx: Connection, number: str, whats: Sequence[str]) -> datetime | None:
    """When one of these was last written into the log of a case; None where none of them is there."""
    last: datetime | None = tx.scalar(
        sa.select(sa.func.max(table.c.at)).where(table.c.case == number, table.c.what.in_(whats))
    )
    return last


def note(tx: Connection, at: datetime, who: str, what: str, facts: Mapping[str, Any]) -> None:
    """Write down what belongs to no case; ids and figures only, never a person's words (R61)."""
    one_at_a_time(tx, "plant_log")
    position, before = _heads(tx, [chain.PLANT]).get(chain.PLANT, (0, chain.START))
    digest = chain.digest(before, chain.PLANT, position + 1, at, who, what, "", Facts.as_kept(facts), ())
    row = {"position": position + 1, "at": at, "who": who, "what": what, "facts": facts, "digest": digest}
    tx.execute(sa.insert(plant_log).values(row))
    _moved(tx, {chain.PLANT: (position + 1, digest)})


def of_plant(tx: Connection) -> tuple[Happening, ...]:
    """What belongs to no case, in the order in which it happened."""
    columns = (plant_log.c.at, plant_log.c.who, plant_log.c.what, plant_log.c.facts)
    return tuple(Happening(*row) for row in tx.execute(sa.select(*columns).order_by(plant_log.c.position)))


def _heads(tx: Connection, cases: Sequence[str]) -> dict[str, tuple[int, str]]:
    found = tx.execute(_HEADS, {"cases": list(dict.fromkeys(cases))})
    return {case: (position, digest) for case, position, digest in found}


def _moved(tx: Connection, heads: Mapping[str, tuple[int, str]]) -> None:
    rows = [{"case": case, "position": p, "digest": d, "anchored": 0} for case, (p, d) in heads.items()]
    tx.execute(or_set(tx, head, ("case",), ("position", "digest")), rows)


def _apart(entry: Entry) -> tuple[Entry, dict[str, str]]:
    """An entry without people's words, and the words."""
    quotes: dict[str, str] = {}
    why, facts = entry.why, dict(entry.facts)
    for field in quoted_in(entry):
        if field == "why":
            quotes[field], why = why, ""
        else:
            quotes[field] = facts.pop(field.removeprefix("facts."))
    return (Entry(entry.at, entry.who, entry.what, why, facts), quotes) if quotes else (entry, quotes)


def _together(entry: Entry, said: Mapping[str, str]) -> Entry:
    if not said:
        return entry
    facts = {field.removeprefix("facts."): text for field, text in said.items() if field != "why"}
    return Entry(entry.at, entry.who, entry.what, said.get("why", entry.why), {**entry.facts, **facts})


_APPEND = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
_SEAL = sa.insert(seal)
_SAID = sa.insert(words)
_HEADS = sa.select(head.c.case, head.c.position, head.c.digest).where(
    head.c.case.in_(sa.bindparam("cases", expanding=True))
)
