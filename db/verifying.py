"""Whether the log is still what was written: which entry of which case was changed, taken out, put in or moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from db import anchors, chain
from db.anchors import Anchor
from db.tables import head, log, plant_log, seal, words

How = Literal[
    "changed",  # the row says something else than what was sealed
    "missing",  # it was taken out
    "inserted",  # it was put in past the program
    "moved",  # it stands at another place
    "words_changed",  # somebody's words were put differently
    "words_gone",  # words are gone and no erasing is in the log
    "cut",  # the end of the log is gone
    "rewritten",  # the chain fits, and an anchor knows another one
    "anchor_missing",
    "anchor_forged",
    "anchor_other_key",
    "older",  # the whole database is an earlier one than the newest anchor outside
]


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that is not as it was written."""

    how: How
    case: str | None = None  # None: the anchors; "": the plant's own log
    position: int | None = None  # of the entry in the case's log, from 1
    until: int | None = None  # last entry concerned, where it is more than one
    at: datetime | None = None
    who: str | None = None
    what: str | None = None
    number: int | None = None  # of the anchor


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at and what was found."""

    cases: int
    entries: int
    anchors: int
    anchored_until: datetime | None
    erased: int  # pieces of words that were erased, as the log says
    broken: tuple[Broken, ...]

    @property
    def whole(self) -> bool:
        """Everything is as it was written."""
        return not self.broken


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry as the database has it, with its seal and its words."""

    id: int
    at: datetime
    who: str
    what: str
    why: str
    facts: Any
    position: int | None  # None: it has no seal
    digest: str
    said: tuple[tuple[str, str, str | None, str | None], ...]  # field, commitment, salt, text


def verify(tx: Connection, keys: Sequence[bytes], outside: tuple[int, str] | None = None) -> Verified:
    """Recompute every chain and every anchor; `outside` is the newest anchor that is known elsewhere: number, mac."""
    dropped = list(anchors.known(tx))
    known: dict[str, list[tuple[int, str, int]]] = {}
    for one in dropped:
        for case, (position, digest) in one.heads.items():
            known.setdefault(case, []).append((position, digest, one.number))
    ends_now = sa.select(head.c.case, head.c.position, head.c.digest)
    ends = {case: (position, digest) for case, position, digest in tx.execute(ends_now)}
    broken: list[Broken] = []
    cases = entries = erased = 0
    for case, rows in _chains(tx):
        found = list(rows)
        cases += case != chain.PLANT
        entries += len(found)
        erased += sum(text is None for row in found for *_, text in row.said)
        broken += _of_one(case, found, ends.pop(case, None), known.pop(case, []))
    for case in sorted({*ends, *known}):
        end = max([*(p for p, _, _ in known.get(case, ())), *((ends[case][0],) if case in ends else ())])
        broken.append(Broken("cut", case, 1, end if end > 1 else None))
    broken += _anchors(dropped, keys, outside)
    until = dropped[-1].at if dropped else None
    return Verified(cases, entries, len(dropped), until, erased, tuple(broken))


def _of_one(
    case: str, rows: list[_Row], end: tuple[int, str] | None, anchored: list[tuple[int, str, int]]
) -> Iterator[Broken]:
    """One chain from its beginning: what is wrong is named once, and the rest is read on from what was sealed."""
    position, before, sure = 0, chain.START, True
    there = {row.position for row in rows}
    digests: dict[int, str] = {}
    open_words: dict[int, _Row] = {}
    erased: set[int] = set()
    for row in rows:
        where: dict[str, Any] = {"at": row.at, "who": row.who, "what": row.what}
        if row.position is None:
            yield Broken("inserted", case, None, **where)
            continue
        if row.position <= position:
            yield Broken("moved", case, row.position, **where)
            sure = False
            continue
        if row.position > position + 1:
            gone = [n for n in range(position + 1, row.position) if n not in there]
            if gone:
                yield Broken("missing", case, gone[0], gone[-1] if len(gone) > 1 else None)
            sure = False
        position = row.position
        if sure and _digest(case, row, before) != row.digest:
            yield Broken("changed", case, position, **where)
        before, sure = row.digest, True
        digests[position] = row.digest
        for field, commitment, salt, text in row.said:
            if text is None or salt is None:
                open_words[position] = row
            elif chain.commitment(salt, field, text) != commitment:
                yield Broken("words_changed", case, position, **where)
        if row.what == "erased" and isinstance(row.facts, dict):
            erased.update(row.facts.get("entries") or ())
    for without, row in open_words.items():
        if without not in erased:
            yield Broken("words_gone", case, without, None, row.at, row.who, row.what)
    known = [*anchored, *([(*end, 0)] if end is not None else [])]
    longest = max((p for p, _, _ in known), default=position)
    if longest > position:
        yield Broken("cut", case, position + 1, longest if longest > position + 1 else None)
    other = [(p, n) for p, digest, n in known if digests.get(p, digest) != digest]
    if other:
        until, number = min(other, key=lambda one: (one[0], -one[1]))
        good = max((p for p, _, n in anchored if p < until and (p, n) not in other), default=0)
        yield Broken("rewritten", case, good + 1, until if until > good + 1 else None, number=number or None)


def _digest(case: str, row: _Row, before: str) -> str:
    committed = [(field, commitment) for field, commitment, _, _ in row.said]
    return chain.digest(before, case, row.position or 0, row.at, row.who, row.what, row.why, row.facts, committed)


def _chains(tx: Connection) -> Iterator[tuple[str, Iterator[_Row]]]:
    """Every chain with its rows in the order in which they are shown; the plant's own first."""
    own = tx.execute(sa.select(plant_log).order_by(plant_log.c.position)).all()
    if own:
        yield (
            chain.PLANT,
            (_Row(r.position, r.at, r.who, r.what, "", dict(r.facts), r.position, r.digest, ()) for r in own),
        )
    # As plain JSON: what pydantic would make of the facts is not what was hashed, and costs time.
    facts = sa.type_coerce(log.c.facts, sa.JSON()).label("facts")
    columns = (log.c.case, log.c.id, log.c.at, log.c.who, log.c.what, log.c.why, facts, seal.c.position)
    said = (words.c.field, words.c.commitment, words.c.salt, words.c.text)
    # A seal that names another case than its entry seals nothing.
    sealed = sa.and_(seal.c.entry == log.c.id, seal.c.case == log.c.case)
    query = (
        sa.select(*columns, seal.c.digest, *said)
        .select_from(log.outerjoin(seal, sealed).outerjoin(words, words.c.entry == log.c.id))
        .order_by(log.c.case, log.c.id, words.c.field)
    )
    found = tx.execute(query.execution_options(yield_per=2000))
    for case, lines in groupby(found, key=lambda line: str(line[0])):
        yield case, _rows(lines)


def _rows(lines: Iterator[Any]) -> Iterator[_Row]:
    for _, same in groupby(lines, key=lambda line: line[1]):
        parts = list(same)
        said = tuple((p[9], p[10], p[11], p[12]) for p in parts if p[9] is not None)
        first = parts[0]
        yield _Row(first[1], first[2], first[3], first[4], first[5], first[6], first[7], first[8] or "", said)


def _anchors(dropped: list[Anchor], keys: Sequence[bytes], outside: tuple[int, str] | None) -> Iterator[Broken]:
    how: dict[str, How] = {"missing": "anchor_missing", "forged": "anchor_forged", "other_key": "anchor_other_key"}
    for number, why in anchors.proved(dropped, keys):
        yield Broken(how[why], number=number)
    if outside is not None:
        number, mac = outside
        same = next((one for one in dropped if one.number == number), None)
        if same is None or same.mac != mac:
            yield Broken("older", number=number)
