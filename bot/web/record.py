"""One exception as a page: how far it is, who does what and why, what ERP gets, and what was done, when, by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.conditions_said import matched_in_words
from bot.say import log_line
from bot.web.board import hand_of
from bot.web.course import Course, course_of
from bot.web.reasons import reason
from bot.web.why import Reasons, reasons_of
from bot.web.words import age_words, capital, clock, kind_word, line_name, person_name, role_word, subject_of, type_word
from db import attachments, cases, outbox, postings, understood

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.wording import Voice
    from workflow.case import Case, PostingStatus, Task


@dataclass(frozen=True, slots=True)
class Step:
    """One station on the road from captured to closed."""

    label: str
    note: str
    state: str  # "past", "now", "ahead"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known, and whether anybody said it (R12)."""

    label: str
    value: str
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One function's part."""

    role: str
    name: str
    note: str
    why: str  # the rule that asked this function (R36)
    facts: str  # what it matched
    state: str
    mark: str


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot on hold."""

    lot: str
    held: str
    parts: tuple[str, ...]
    remaining: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One posting."""

    kind: str
    body: str
    state: str
    state_word: str
    receipt: str | None
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    at: str
    time: str
    words: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What several people were told at one time."""

    at: str
    time: str
    to: str
    about: str
    state: str


@dataclass(frozen=True, slots=True)
class Record:
    """Everything on the page."""

    number: str
    kind: str
    subject: str
    again: str | None
    line: str
    stopped: bool
    said: str
    reporter: str
    captured: str
    files: tuple[tuple[int, bool], ...]  # photos and forms that belong to it: id, and whether it is a picture
    road: tuple[Step, ...]
    facts: tuple[Fact, ...]
    reasons: tuple[Reasons, ...]  # why its messages were read so
    tasks: tuple[Part, ...]
    lots: tuple[Lot, ...]
    course: Course
    postings: tuple[Transaction, ...]
    owes_nothing: str
    log: tuple[Line, ...]
    notices: tuple[Notice, ...]


def record_of(tx: Connection, case: Case, voice: Voice) -> Record:
    """The page of one exception."""
    say, plant, now, number = voice.say, voice.plant, voice.now, case.number
    owed = postings.of_case(tx, number)
    return Record(
        number=case.number,
        kind=type_word(case, voice),
        subject=subject_of(case, voice),
        again=case.recurrent_of,
        line=line_name(plant, case.line) or say("page.record.the_line"),
        stopped=case.line_stopped is True and case.is_open,
        said=case.said,
        reporter=person_name(plant, case.reporter),
        captured=clock(voice, case.captured_at, now),
        files=tuple((f.id, (f.mime or "").startswith("image/")) for f in attachments.of_case(tx, number)),
        road=_road(case, owed, voice),
        facts=tuple(_facts(case, voice)),
        reasons=tuple(reasons_of(why, voice) for why in understood.of_case(tx, number)),
        tasks=tuple(_part(task, voice) for task in case.tasks),
        lots=tuple(_lots(case, voice)),
        course=course_of(case, owed, voice),
        postings=tuple(_transaction(status, voice) for status in owed),
        owes_nothing=say("page.record.owes_later" if case.is_open else "page.record.owes_nothing"),
        log=tuple(
            Line(entry.at.isoformat(), clock(voice, entry.at, now), capital(log_line(entry, voice.language, plant)))
            for entry in cases.log_of(tx, number)
        ),
        notices=_notices(outbox.of_case(tx, number), voice),
    )


def _notices(told: Sequence[outbox.Told], voice: Voice) -> tuple[Notice, ...]:
    """Who was told what and when; the same news to several people is one line."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for one in told:
        name = one.notice.name.split(".")[0]
        about = voice.say(f"page.told.{name}")
        key = (one.created_at.replace(second=0, microsecond=0).isoformat(), about, _how_far(one, voice))
        together.setdefault(key, []).append(person_name(voice.plant, one.notice.to))
    return tuple(
        Notice(at, clock(voice, datetime.fromisoformat(at), voice.now), ", ".join(dict.fromkeys(people)), about, state)
        for (at, about, state), people in together.items()
    )


def _how_far(told: outbox.Told, voice: Voice) -> str:
    if told.sent_at is not None:
        reached = "read" if told.read_at else "delivered" if told.delivered_at else ""
        return voice.say(f"page.record.{reached}") if reached else ""
    if told.dropped_at is not None:
        return voice.say("page.record.not_sent", why=reason(told.dropped_why, voice))
    return (
        voice.say("page.record.waits", why=reason(told.error, voice))
        if told.error
        else voice.say("page.record.under_way")
    )


def _road(case: Case, owed: Sequence[PostingStatus], voice: Voice) -> tuple[Step, ...]:
    taken = [task.acknowledged_at for task in case.tasks if task.acknowledged_at and not task.withdrawn_at]
    everyone = case.status in ("acknowledged", "resolved", "closed")
    stations: list[tuple[str, datetime | None, str]]
    stations = [("event", case.since, ""), ("reported", case.captured_at, "")]
    stations.append(("everyone", max(taken) if everyone and taken else None, ""))
    stations.append(("solved", case.resolved_at, person_name(voice.plant, case.resolved_by)))
    stations.append(("closed", case.closed_at, ""))
    if case.cancelled_at is not None:
        stations = [*stations[:2], ("cancelled", case.cancelled_at, "")]
    steps: list[Step] = []
    waiting = False
    for station, at, note in stations:
        passed = at is not None or (station == "everyone" and case.resolved_at is not None)
        state = "past" if passed else "ahead" if waiting else "now"
        waiting = waiting or not passed
        when = clock(voice, at, voice.now)
        missing = sum(1 for status in owed if status.state not in ("posted", "manual"))
        if station == "closed" and state == "now" and missing:
            note = voice.count("page.record.unconfirmed", missing)
        steps.append(
            Step(voice.say(f"page.record.{station}"), " · ".join(part for part in (when, note) if part), state)
        )
    return tuple(steps)


def _facts(case: Case, voice: Voice) -> list[Fact]:
    plant, said = voice.plant, set(case.inferred)
    facts = []
    if case.line:
        line = f"{line_name(plant, case.line)} ({case.line}){_running(case, voice)}"
        facts.append(_fact("line", line, voice, inferred="line" in said))
    for name, field, values in (
        ("machine", "assets", [plant.called(a) or a for a in case.assets]),
        ("work_order", "work_orders", _with_unknown(case.work_orders, voice.records.work_order, voice)),
        ("item", "items", case.items),
        ("lot", "lots", _with_unknown(case.lots, voice.records.lot, voice)),
    ):
        if values:
            facts.append(_fact(name, ", ".join(values), voice, inferred=field in said))
    if case.quantity:
        quantity = _amount(case.quantity.value, case.quantity.uom, voice)
        facts.append(_fact("quantity", quantity, voice, inferred="quantity" in said))
    if case.occurred_at:
        facts.append(_fact("since", clock(voice, case.occurred_at, voice.now), voice))
    if case.resolution:
        facts.append(_fact("done", case.resolution, voice))
    if case.downtime_min is not None:
        facts.append(_fact("downtime", f"{voice.number(case.downtime_min)} {voice.say('page.unit.minute')}", voice))
    if case.scrap:
        facts.append(_fact("scrap", _amount(case.scrap.value, case.scrap.uom, voice), voice))
    if case.joined:
        facts.append(_fact("joined", ", ".join(person_name(plant, p) for p in case.joined), voice))
    if case.linked:
        facts.append(_fact("linked", ", ".join(case.linked), voice))
    return facts


def _with_unknown(ids: Sequence[str], known: Mapping[str, object], voice: Voice) -> list[str]:
    """Ids, and of each that ERP does not know yet that it waits for that (R50)."""
    return [id_ if id_ in known else f"{id_} ({voice.say('page.record.unknown_yet')})" for id_ in ids]


def _fact(name: str, value: str, voice: Voice, *, inferred: bool = False) -> Fact:
    return Fact(voice.say(f"page.record.{name}"), value, inferred)


def _amount(value: float, uom: str, voice: Voice) -> str:
    return voice.quantity({"value": value, "uom": uom})


def _running(case: Case, voice: Voice) -> str:
    if case.line_stopped is None:
        return ""
    return f", {voice.say('page.record.stopped' if case.line_stopped else 'page.record.running')}"


def _part(task: Task, voice: Voice) -> Part:
    plant, now = voice.plant, voice.now
    role = role_word(task.role, voice)
    rule = task.why.replace("_", " ")
    why = rule.removeprefix(f"{task.role.replace('_', ' ')}: ")
    facts = matched_in_words(task.facts, voice)
    who = person_name(plant, task.done_by or task.acknowledged_by or task.owner)
    if task.withdrawn_at is not None:
        gone = voice.say("page.record.not_needed", at=clock(voice, task.withdrawn_at, now))
        return Part(role, who or "–", gone, why, facts, "gone", "–")
    if task.done_at is not None:
        taken, done = clock(voice, task.acknowledged_at, now), clock(voice, task.done_at, now)
        note = voice.say("page.record.taken_and_done", taken=taken, done=done)
        return Part(role, who, note, why, facts, "done", "✓")
    hand = hand_of(task, voice)
    asked = clock(voice, task.asked_at, now)
    note = voice.say("page.record.asked", at=asked, note=hand.note) if hand.note else ""
    if hand.state == "nobody":
        told = ", ".join(person_name(plant, p) for p in task.told) or voice.say("page.record.nobody_on_shift")
        ago = age_words(now - task.asked_at, voice)
        note = voice.say("page.record.asked_whom", at=asked, age=ago, people=told)
    return Part(role, hand.name, note, why, facts, hand.state, hand.mark)


def _plain(value: object, voice: Voice) -> str:
    match value:
        case bool():
            return voice.say("button.yes" if value else "button.no").lower()
        case float():
            return voice.number(value)
        case list() | tuple():
            return ", ".join(_plain(one, voice) for one in value)
        case dict() if "value" in value and "uom" in value:
            return _amount(float(value["value"]), value["uom"], voice)
        case _:
            return str(value)


def _lots(case: Case, voice: Voice) -> list[Lot]:
    return [
        Lot(
            held.lot,
            _amount(held.quantity, held.uom, voice),
            tuple(
                f"{capital(voice.say(f'decision.{part.decision}'))} {_amount(part.quantity, part.uom, voice)}"
                for part in case.parts
                if part.lot == held.lot
            ),
            _amount(held.remaining, held.uom, voice) if held.remaining > 0 else voice.say("page.record.none_held"),
        )
        for held in case.held
    ]


def _transaction(status: PostingStatus, voice: Voice) -> Transaction:
    posting = status.posting
    troubled = status.state in ("waiting", "failed")
    tries = f" ({voice.count('page.record.tries', status.attempts)})" if status.attempts > 1 else ""
    owner = person_name(voice.plant, status.owner) if status.owner and status.state == "failed" else ""
    looked_after = f", {voice.say('page.record.looked_after', who=owner)}" if owner else ""
    return Transaction(
        kind=kind_word(posting, voice),
        body=", ".join(body_words(posting.body, voice)),
        state=status.state,
        state_word=voice.say(f"page.erp.{status.state}"),
        receipt=status.receipt,
        key=posting.key,
        why=f"{status.error}{tries}{looked_after}" if status.error and troubled else "",
    )


def body_words(body: Mapping[str, Any], voice: Voice) -> list[str]:
    """What is booked, in words; a quantity with its unit."""
    words = []
    for name, value in body.items():
        match name:
            case "uom" | "text" | "reason" | "start" | "end" | "decision":
                continue
            case "quantity":
                words.append(f"{_plain(value, voice)} {body.get('uom', '')}".strip())
            case _ if name.endswith("_by"):
                words.append(f"{voice.say(f'field.{name}')} {person_name(voice.plant, str(value))}")
            case "minutes" if "start" in body and "end" in body:
                start, end = (clock(voice, datetime.fromisoformat(str(body[at]))) for at in ("start", "end"))
                words.append(voice.say("page.record.span", minutes=_plain(value, voice), start=start, end=end))
            case _:
                words.append(f"{voice.say(f'field.{name}')} {_plain(value, voice)}")
    return words
