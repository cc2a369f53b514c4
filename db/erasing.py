"""Takes people's words out of every table for good, and writes into the log whose, where and on whose word.

The log's rows stay as they are: they hold a commitment of the words and not the words (decision 12). What an open
exception needs is left until it has ended; whoever erases is told which these are. What ERP or a chat platform was
given is theirs and is not reached from here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import cases, lessons, log, settings, understood
from db.tables import address, attachment, case, inbox, invitation, line, member, notice, posting, seal, words
from workflow.case import ERASED, LINECALL, Change, Entry, Part
from workflow.messages import Inbound

RECOGNISED = 4  # characters from which words are found inside a longer text; shorter ones between quotation marks only
_QUOTED = re.compile("([“„«]\\s?)([^“”»]*?)(\\s?[“”»])")  # as each language writes them (`bot/texts/`)


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was taken out."""

    quotes: int = 0  # pieces of the log
    cases: tuple[str, ...] = ()
    messages: int = 0  # as they came in
    lines: int = 0  # of conversations, and notices and postings that quoted
    addresses: int = 0  # by which they were reached, and invitations
    files: tuple[str, ...] = ()  # of the attachments folder, which nobody needs any more
    left: tuple[str, ...] = ()  # cases that have not ended and keep their words until then


@dataclass(slots=True)
class _Found:
    """What is to be erased of one case."""

    entries: set[int] = field(default_factory=set)  # positions in its log
    texts: set[str] = field(default_factory=set)


def of_person(tx: Connection, person: str, addresses: Collection[tuple[str, str]], now: datetime, by: str) -> Erased:
    """Erase what one person wrote and sent, wherever it was kept or quoted; `addresses`: channel and address.

    Raises Stale where a case changed meanwhile.
    """
    quotes, changed, texts = _out_of_the_log(tx, words.c.person == person, now, by, person)
    open_lines = sa.and_(line.c.case.is_not(None), line.c.case.not_in(_ended()))
    own = sa.and_(line.c.person == person, line.c.sender == "person", ~open_lines)
    from_here = sa.or_(
        sa.false(), *(sa.and_(inbox.c.channel == c, inbox.c.sender == address) for c, address in addresses)
    )
    texts |= set(tx.scalars(sa.select(line.c.text).where(own)))
    overrides = _out_of_the_settings(tx, person, None, now)
    messages = _messages(tx, from_here)
    lines = _lines(tx, own)
    lines += _quoted(tx, texts, sa.or_(line.c.case.in_(changed), line.c.person == person))
    lines += _quoted_of_no_case(tx, overrides)
    files = _files(tx, attachment.c.person == person)
    kept = sa.select(case.c.number).where(case.c.number.not_in(_ended()))
    involved = sa.or_(
        case.c.reporter == person,
        case.c.number.in_(_cases_of(sa.and_(words.c.person == person, words.c.text.is_not(None)))),
        case.c.number.in_(sa.select(line.c.case).where(line.c.person == person, line.c.sender == "person")),
    )
    left = tuple(tx.scalars(kept.where(involved).order_by(case.c.number)))
    addresses_gone = 0 if left else _addresses(tx, person)  # an open exception still has to reach them
    found = Erased(quotes, changed, messages, lines, addresses_gone, files, left)
    if quotes or messages or lines or files or addresses_gone or overrides:
        log.note(tx, now, by, "words_erased", {"person": person, "cases": list(changed), "left": list(left)})
    return found


def older_than(tx: Connection, ended_before: datetime, now: datetime) -> Erased:
    """Erase all words of cases that ended before an instant, and of what was said besides and is older (retention)."""
    gone = _ended(ended_before)
    quotes, changed, texts = _out_of_the_log(tx, _of_cases(gone), now, LINECALL, None)
    old = sa.or_(line.c.case.in_(gone), sa.and_(line.c.case.is_(None), line.c.at < ended_before))
    own = sa.and_(line.c.sender == "person", old)
    overrides = _out_of_the_settings(tx, None, ended_before, now)
    messages = _messages(tx, inbox.c.sent_at < ended_before)
    lines = _lines(tx, own)
    lines += _quoted(tx, texts, line.c.case.in_(changed)) + _quoted_of_no_case(tx, overrides)
    old_files = sa.or_(
        attachment.c.case.in_(gone), sa.and_(attachment.c.case.is_(None), attachment.c.at < ended_before)
    )
    files = _files(tx, old_files)
    if quotes or messages or lines or files or overrides:
        facts = {"ended_before": ended_before.isoformat(), "cases": list(changed), "messages": messages}
        log.note(tx, now, LINECALL, "words_expired", facts)
    return Erased(quotes, changed, messages, lines, files=files)


def _out_of_the_settings(tx: Connection, person: str | None, before: datetime | None, now: datetime) -> set[str]:
    """Reasons for which an order was put first, of one person or from before an instant; returns the texts."""

    def theirs(by: str, at: str) -> bool:
        return by == person if before is None else datetime.fromisoformat(at) < before

    gone: set[str] = set()
    kept = settings.get(tx, settings.PLANT_SAID) or {}
    left = {name: one for name, one in kept.items() if not theirs(one["person"], one["at"])}
    if len(left) < len(kept):
        gone |= {one["text"] for name, one in kept.items() if name not in left}
        settings.put(tx, settings.PLANT_SAID, left, now)
    first = settings.get(tx, settings.PUT_FIRST) or {}
    said = {line_id: one for line_id, one in first.items() if theirs(one["by"], one["at"]) and one["reason"] != ERASED}
    if said:
        gone |= {one["reason"] for one in said.values()}
        settings.put(tx, settings.PUT_FIRST, first | {n: one | {"reason": ERASED} for n, one in said.items()}, now)
    return gone


def _quoted_of_no_case(tx: Connection, texts: Collection[str]) -> int:
    """The same words where others were told of them beside any case."""
    if not texts:
        return 0
    n = _quoted(tx, texts, line.c.case.is_(None))
    for id_, facts in tx.execute(sa.select(notice.c.id, notice.c.facts).where(notice.c.case.is_(None))).all():
        if (without := _deep(dict(facts), texts)) != facts:
            tx.execute(sa.update(notice).where(notice.c.id == id_).values(facts=without))
            n += 1
    return n


def _addresses(tx: Connection, person: str) -> int:
    """Phones that an invitation bound, and the invitations; what `plant.yaml` says is the plant's to take out."""
    tx.execute(sa.update(member).where(member.c.person == person).values(language=None))  # ended sessions stay ended
    gone = [tx.execute(sa.delete(table).where(table.c.person == person)).rowcount for table in (address, invitation)]
    return sum(gone)


def _ended(before: datetime | None = None) -> sa.Select[tuple[str]]:
    """Cases whose words nobody needs any more: closed, cancelled, or part of another one that is."""
    c = case.c
    ended = sa.or_(c.closed_at.is_not(None), c.cancelled_at.is_not(None), c.merged_into.is_not(None))
    query = sa.select(c.number).where(ended)
    return (
        query if before is None else query.where(sa.func.coalesce(c.closed_at, c.cancelled_at, c.captured_at) < before)
    )


def _cases_of(which: sa.ColumnElement[bool]) -> sa.Select[tuple[str]]:
    return sa.select(seal.c.case).join(words, words.c.entry == seal.c.entry).where(which)


def _of_cases(numbers: sa.Select[tuple[str]]) -> sa.ColumnElement[bool]:
    return words.c.entry.in_(sa.select(seal.c.entry).where(seal.c.case.in_(numbers)))


def _out_of_the_log(
    tx: Connection, which: sa.ColumnElement[bool], now: datetime, by: str, person: str | None
) -> tuple[int, tuple[str, ...], set[str]]:
    """Erase words of ended cases, each with an entry that says so; returns how many, in which cases, and the texts."""
    query = (
        sa.select(seal.c.case, seal.c.position, words.c.entry, words.c.field, words.c.text)
        .join(words, words.c.entry == seal.c.entry)
        .where(which, words.c.text.is_not(None), seal.c.case.in_(_ended()))
        .order_by(seal.c.case, seal.c.position)
    )
    found: dict[str, _Found] = {}
    n = 0
    for number, position, entry, name, text in tx.execute(query).all():
        here = found.setdefault(number, _Found())
        here.entries.add(position)
        here.texts.add(text)
        gone = sa.update(words).where(words.c.entry == entry, words.c.field == name)
        tx.execute(gone.values(text=None, salt=None))
        n += 1
    for number, here in found.items():
        n += _said_again(tx, number, here)
        _out_of_the_case(tx, number, here, now, by, person)
    reported = sa.select(case.c.number).where(case.c.number.in_(tuple(found)), case.c.reporter == person)
    theirs = tuple(found) if person is None else tuple(tx.scalars(reported))
    understood.erase(tx, theirs)
    lessons.erase(tx, theirs)
    return n, tuple(found), {text for here in found.values() for text in here.texts}


def _said_again(tx: Connection, number: str, found: _Found) -> int:
    """The same words in entries of others, who repeated them: a condition that somebody else says is met."""
    texts = [text for text in found.texts if len(text) >= RECOGNISED]
    query = (
        sa.select(seal.c.position, words.c.entry, words.c.field)
        .join(words, words.c.entry == seal.c.entry)
        .where(seal.c.case == number, words.c.text.in_(texts))
    )
    rows = tx.execute(query).all()
    for position, entry, name in rows:
        found.entries.add(position)
        gone = sa.update(words).where(words.c.entry == entry, words.c.field == name)
        tx.execute(gone.values(text=None, salt=None))
    return len(rows)


def _out_of_the_case(tx: Connection, number: str, found: _Found, now: datetime, by: str, person: str | None) -> None:
    before = cases.get(tx, number)
    if before is None:
        return  # its rows are gone; `linecall verify-log` says so
    everybodys = person is None
    if before.said and (everybodys or before.reporter == person):
        found.texts.add(before.said)
    if before.resolution and (everybodys or before.resolved_by == person):
        found.texts.add(before.resolution)
    proposal = before.proposal
    after = replace(
        before,
        said=_without(before.said, found.texts),
        resolution=_without(before.resolution, found.texts),
        proposal=replace(
            proposal, reason=_without(proposal.reason, found.texts), parts=_unconditional(proposal.parts, found.texts)
        )
        if proposal
        else None,
        parts=_unconditional(before.parts, found.texts),
        held=tuple(
            replace(
                held,
                promised=tuple(replace(p, part=_unconditional((p.part,), found.texts)[0]) for p in held.promised),
            )
            for held in before.held
        ),
        tasks=tuple(
            replace(
                t,
                waiting_for=_without(t.waiting_for, found.texts) if t.waiting_for else t.waiting_for,
                facts=_deep(t.facts, found.texts),
            )
            for t in before.tasks
        ),
    )
    facts: dict[str, Any] = {"entries": sorted(found.entries)}
    entry = Entry(now, by, "erased", "", facts | ({"person": person} if person else {}))
    cases.save(tx, Change(after, (entry,)), now)


def _unconditional(parts: tuple[Part, ...], texts: Collection[str]) -> tuple[Part, ...]:
    return tuple(replace(part, condition=_without(part.condition, texts)) for part in parts)


def _messages(tx: Connection, which: sa.ColumnElement[bool]) -> int:
    """Messages as they came in; what is not handled yet, or belongs to a case that goes on, stays."""
    goes_on = sa.exists().where(
        line.c.channel == inbox.c.channel,
        line.c.message_id == inbox.c.message_id,
        line.c.case.is_not(None),
        line.c.case.not_in(_ended()),
    )
    query = sa.select(inbox.c.id, inbox.c.message).where(which, inbox.c.handled_at.is_not(None), ~goes_on)
    n = 0
    for id_, message in tx.execute(query).all():
        empty = _emptied(message)
        if empty != message:
            tx.execute(sa.update(inbox).where(inbox.c.id == id_).values(message=empty))
            n += 1
    return n


def _emptied(message: Inbound) -> Inbound:
    media = tuple(replace(one, caption=ERASED if one.caption else "") for one in message.media)
    filled = None if message.filled is None else dict.fromkeys(message.filled, ERASED)
    return replace(message, text=ERASED if message.text else "", media=media, filled=filled)


def _lines(tx: Connection, which: sa.ColumnElement[bool]) -> int:
    saying = sa.and_(which, line.c.text != ERASED, line.c.button.is_(None))  # a button's label is ours
    return tx.execute(sa.update(line).where(saying).values(text=ERASED)).rowcount


def _quoted(tx: Connection, texts: Collection[str], which: sa.ColumnElement[bool]) -> int:
    """Take words out of what the program told others, still tells them, or told ERP."""
    if not texts:
        return 0
    n = 0
    for id_, text in tx.execute(sa.select(line.c.id, line.c.text).where(which, line.c.sender != "person")).all():
        without = _without(text, texts)
        if without != text:
            tx.execute(sa.update(line).where(line.c.id == id_).values(text=without))
            n += 1
    concerned = sa.select(line.c.case).where(which, line.c.case.is_not(None))
    for table, column in ((notice, notice.c.facts), (posting, posting.c.body)):
        for id_, facts in tx.execute(sa.select(table.c.id, column).where(table.c.case.in_(concerned))).all():
            without_facts = _deep(dict(facts), texts)
            if without_facts != facts:
                tx.execute(sa.update(table).where(table.c.id == id_).values({column.name: without_facts}))
                n += 1
    return n


def _files(tx: Connection, which: sa.ColumnElement[bool]) -> tuple[str, ...]:
    """Photos and voice notes, and what was heard in them; the names of files that no other message brought."""
    done = sa.and_(
        which,
        attachment.c.due_at.is_(None),
        sa.or_(attachment.c.case.is_(None), attachment.c.case.in_(_ended())),
        sa.or_(attachment.c.file.is_not(None), sa.and_(attachment.c.heard.is_not(None), attachment.c.heard != ERASED)),
    )
    rows = tx.execute(sa.select(attachment.c.id, attachment.c.file, attachment.c.heard).where(done)).all()
    for id_, _, heard in rows:
        nothing = {"file": None, "mime": None, "heard": ERASED if heard else None}
        tx.execute(sa.update(attachment).where(attachment.c.id == id_).values(nothing))
    names = {name for _, name, _ in rows if name}
    still = set(tx.scalars(sa.select(attachment.c.file).where(attachment.c.file.in_(names))))
    return tuple(sorted(names - still))


def _without(text: str, texts: Collection[str]) -> str:
    """A text of ours without people's words: between quotation marks, cut ones too, and as they stand."""
    plain = {_line(one) for one in texts} - {"", ERASED}

    def quoted(match: re.Match[str]) -> str:
        inside = match[2].removesuffix("…").rstrip()
        known = inside and any(one.startswith(inside) for one in plain)
        return f"{match[1]}{ERASED}{match[3]}" if known else match[0]

    if _line(text) in plain:
        return ERASED
    text = _QUOTED.sub(quoted, text)
    for one in sorted({*texts, *plain} - {"", ERASED}, key=len, reverse=True):
        if len(one) >= RECOGNISED:
            text = text.replace(one, ERASED)
    return text


def _deep(value: Any, texts: Collection[str]) -> Any:
    match value:
        case str():
            return _without(value, texts)
        case Mapping():
            return {name: _deep(inner, texts) for name, inner in value.items()}
        case list() | tuple():
            return [_deep(inner, texts) for inner in value]
    return value


def _line(text: str) -> str:
    """As a notice shows it: on one line, without what cannot be seen (`bot/wording.py`)."""
    kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c.isspace() or c in "\u200c\u200d")
    return " ".join("".join(kept).split()).translate(str.maketrans("“”„«»", '"' * 5))
