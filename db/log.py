"""The log of every case, and of the plant: appended with its seal, never changed; people's words lie apart from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import chain, settings
from db.connect import one_at_a_time
from db.sql import or_set
from db.tables import Facts, head, plant_log, seal, words
from db.tables import log as table
from workflow.case import ERASED, LINECALL, Case, Entry
from workflow.quoted import quoted_in

COMMITTED = "said"  # the fact of the plant's own log that holds commitments in place of words


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


def note(
    tx: Connection, at: datetime, who: str, what: str, facts: Mapping[str, Any], said: Mapping[str, str] | None = None
) -> None:
    """Write down what belongs to no case: ids and figures, and of a person's words a commitment (R61).

    `said`: the words by their field; they lie apart and can be erased, as those of a case can.
    """
    one_at_a_time(tx, "plant_log")
    position, before = _heads(tx, [chain.PLANT]).get(chain.PLANT, (0, chain.START))
    if said:
        kept, committed = settings.get(tx, settings.PLANT_SAID) or {}, {}
        for field, text in said.items():
            salt = chain.new_salt()
            committed[field] = chain.commitment(salt, field, text)
            quote = {"person": who, "at": at.isoformat(), "salt": salt, "text": text}
            kept |= {f"{position + 1}:{field}": quote}
        settings.put(tx, settings.PLANT_SAID, kept, at)
        facts = {**facts, COMMITTED: committed}
    digest = chain.digest(before, chain.PLANT, position + 1, at, who, what, "", Facts.as_kept(facts), ())
    row = {"position": position + 1, "at": at, "who": who, "what": what, "facts": facts, "digest": digest}
    tx.execute(sa.insert(plant_log).values(row))
    _moved(tx, {chain.PLANT: (position + 1, digest)})


def of_plant(tx: Connection) -> tuple[Happening, ...]:
    """What belongs to no case, in the order in which it happened."""
    columns = (plant_log.c.position, plant_log.c.at, plant_log.c.who, plant_log.c.what, plant_log.c.facts)
    kept = settings.get(tx, settings.PLANT_SAID) or {}
    rows = tx.execute(sa.select(*columns).order_by(plant_log.c.position))
    return tuple(Happening(at, who, what, _with_words(n, facts, kept)) for n, at, who, what, facts in rows)


def _with_words(position: int, facts: Mapping[str, Any], kept: Mapping[str, Any]) -> Mapping[str, Any]:
    """Facts with the words that were said; erased ones, and such as were not those, read as ERASED."""
    if COMMITTED not in facts:
        return facts
    said = {}
    for field, commitment in facts[COMMITTED].items():
        quote = kept.get(f"{position}:{field}")
        said[field] = ERASED
        if quote is not None and chain.commitment(quote["salt"], field, quote["text"]) == commitment:
            said[field] = quote["text"]
    return {name: value for name, value in facts.items() if name != COMMITTED} | said


def _heads(tx: Connection, cases: Sequence[str]) -> dict[str, tuple[int, str]]:
    found = tx.execute(_HEADS, {"cases": list(dict.fromkeys(cases))})
    return {case: (position, digest) for case, position, digest in found}


def _moved(tx: Connection, heads: Mapping[str, tuple[int, str]]) -> None:
    rows = [{"case": case, "position": p, "digest": d, "anchored": 0} for case, (p, d) in heads.items()]
    tx.execute(or_set(tx, head, ("case",), ("position", "digest")), rows)


def _apart(entry: Entry) -> tuple[Entry, dict[str, str]]:
    """An entry without people's words, and the words."""
    fields = quoted_in(entry)
    if not fields:
        return entry, {}
    quotes: dict[str, str] = {}
    why, facts = entry.why, Facts.as_kept(entry.facts)
    for field in fields:
        if field == "why":
            quotes[field], why = why, ""
        else:
            inside, name = _inside(facts, field)
            quotes[field] = inside.pop(name)
    return Entry(entry.at, entry.who, entry.what, why, facts), quotes


def _together(entry: Entry, said: Mapping[str, str]) -> Entry:
    if not said:
        return entry
    facts = Facts.as_kept(entry.facts)
    for field, text in said.items():
        if field != "why":
            inside, name = _inside(facts, field)
            inside[name] = text
    return Entry(entry.at, entry.who, entry.what, said.get("why", entry.why), facts)


def _inside(facts: Any, field: str) -> tuple[dict[str, Any], str]:
    """The mapping that holds a field, and its name there: of "facts.parts.0.condition" the first of the parts."""
    *way, name = field.split(".")[1:]
    for step in way:
        facts = facts[int(step)] if isinstance(facts, list) else facts[step]
    return facts, name


_APPEND = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
_SEAL = sa.insert(seal)
_SAID = sa.insert(words)
_HEADS = sa.select(head.c.case, head.c.position, head.c.digest).where(
    head.c.case.in_(sa.bindparam("cases", expanding=True))
)
