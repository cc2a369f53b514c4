"""One exception as a page: how far it is, who does what and why, what ERP gets, and what was done, when, by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.say import log_line, word
from bot.web.board import STATE_WORDS, hand_of
from bot.web.words import age_words, capital, clock, kind_word, line_name, person_name, role_word, subject_of, type_word
from db import cases, outbox, postings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from workflow.case import Case, PostingStatus, Task
    from workflow.plant import Plant

LANGUAGE = "en"


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
    road: tuple[Step, ...]
    facts: tuple[Fact, ...]
    tasks: tuple[Part, ...]
    lots: tuple[Lot, ...]
    postings: tuple[Transaction, ...]
    owes_nothing: str
    log: tuple[Line, ...]
    notices: tuple[Notice, ...]


def record_of(app: App, tx: Connection, number: str) -> Record | None:
    """The page of one exception; None where there is none of this number."""
    case = cases.get(tx, number)
    if case is None:
        return None
    plant, now = app.plant, app.clock.now()
    owed = postings.of_case(tx, number)
    return Record(
        number=case.number,
        kind=type_word(case),
        subject=subject_of(case, plant, app.records),
        again=case.recurrent_of,
        line=line_name(plant, case.line) or "The line",
        stopped=case.line_stopped is True and case.is_open,
        said=case.said,
        reporter=person_name(plant, case.reporter),
        captured=clock(plant, case.captured_at, now),
        road=_road(case, owed, plant, now),
        facts=tuple(_facts(case, plant, now)),
        tasks=tuple(_part(task, plant, now) for task in case.tasks),
        lots=tuple(_lots(case)),
        postings=tuple(_transaction(status, plant) for status in owed),
        owes_nothing="Nothing yet: it is decided when it is solved."
        if case.is_open
        else "This exception owes ERP nothing.",
        log=tuple(
            Line(entry.at.isoformat(), _instant(plant, entry.at, now), capital(log_line(entry, LANGUAGE, plant)))
            for entry in cases.log_of(tx, number)
        ),
        notices=_notices(outbox.of_case(tx, number), plant, now),
    )


ABOUT = {  # what a notice was about, where its name alone would puzzle
    "erp_still_free": "ERP still shows it free",
    "erp_waits": "ERP does not answer yet",
    "held_in_erp": "held in ERP",
    "released_in_erp": "released in ERP",
    "reminder": "reminded",
    "read_back": "decision read back",
    "confirm_clearly": "asked for a clear yes",
    "still_on_it": "asked whether it goes on",
    "you_have_it": "has it",
    "taken": "somebody has it",
    "on_its_way": "somebody has it",
    "opened": "answered",
}


def _notices(told: Sequence[outbox.Told], plant: Plant, now: datetime) -> tuple[Notice, ...]:
    """Who was told what and when; the same news to several people is one line."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for one in told:
        name = one.notice.name.split(".")[0]
        about = ABOUT.get(name, name.replace("_", " "))
        key = (one.created_at.replace(second=0, microsecond=0).isoformat(), about, _undelivered(one))
        together.setdefault(key, []).append(person_name(plant, one.notice.to))
    return tuple(
        Notice(at, _instant(plant, datetime.fromisoformat(at), now), ", ".join(dict.fromkeys(people)), about, state)
        for (at, about, state), people in together.items()
    )


def _undelivered(told: outbox.Told) -> str:
    if told.sent_at is not None:
        return ""
    if told.dropped_at is not None:
        return f"not sent: {told.dropped_why}"
    return f"waits: {told.error}" if told.error else "on its way"


def _road(case: Case, owed: Sequence[PostingStatus], plant: Plant, now: datetime) -> tuple[Step, ...]:
    taken = [task.acknowledged_at for task in case.tasks if task.acknowledged_at and not task.withdrawn_at]
    everyone = case.status in ("acknowledged", "resolved", "closed")
    stations: list[tuple[str, datetime | None, str]]
    stations = [("Event", case.since, ""), ("Reported", case.captured_at, "")]
    stations.append(("Everyone on it", max(taken) if everyone and taken else None, ""))
    stations.append(("Solved", case.resolved_at, person_name(plant, case.resolved_by)))
    stations.append(("Closed in ERP", case.closed_at, ""))
    if case.cancelled_at is not None:
        stations = [*stations[:2], ("Cancelled", case.cancelled_at, "")]
    steps: list[Step] = []
    waiting = False
    for label, at, note in stations:
        passed = at is not None or (label == "Everyone on it" and case.resolved_at is not None)
        state = "past" if passed else "ahead" if waiting else "now"
        waiting = waiting or not passed
        when = _instant(plant, at, now) if at is not None else ""
        missing = sum(1 for status in owed if status.state not in ("posted", "manual"))
        if label == "Closed in ERP" and state == "now" and missing:
            note = f"{missing} not confirmed yet"
        steps.append(Step(label, " · ".join(part for part in (when, note) if part), state))
    return tuple(steps)


def _facts(case: Case, plant: Plant, now: datetime) -> list[Fact]:
    said = set(case.inferred)
    facts = []
    if case.line:
        facts.append(Fact("Line", f"{line_name(plant, case.line)} ({case.line}){_running(case)}", "line" in said))
    for label, field, values in (
        ("Machine", "assets", [plant.asset[a].name if a in plant.asset else a for a in case.assets]),
        ("Work order", "work_orders", case.work_orders),
        ("Item", "items", case.items),
        ("Lot", "lots", case.lots),
    ):
        if values:
            facts.append(Fact(label, ", ".join(values), field in said))
    if case.quantity:
        facts.append(Fact("Quantity", f"{case.quantity.value:g} {case.quantity.uom}", "quantity" in said))
    if case.occurred_at:
        facts.append(Fact("Since", clock(plant, case.occurred_at, now)))
    if case.resolution:
        facts.append(Fact("What was done", case.resolution))
    if case.downtime_min is not None:
        facts.append(Fact("Downtime", f"{case.downtime_min:g} min"))
    if case.scrap:
        facts.append(Fact("Scrap", f"{case.scrap.value:g} {case.scrap.uom}"))
    if case.joined:
        facts.append(Fact("Also reported by", ", ".join(person_name(plant, p) for p in case.joined)))
    if case.linked:
        facts.append(Fact("From the same message", ", ".join(case.linked)))
    return facts


def _running(case: Case) -> str:
    return {True: ", stopped", False: ", running", None: ""}[case.line_stopped]


def _part(task: Task, plant: Plant, now: datetime) -> Part:
    role = role_word(task.role)
    rule = task.why.replace("_", " ")
    why = rule.removeprefix(f"{task.role.replace('_', ' ')}: ")
    facts = ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in task.facts.items())
    who = person_name(plant, task.done_by or task.acknowledged_by or task.owner)
    if task.withdrawn_at is not None:
        return Part(
            role, who or "–", f"no longer needed since {clock(plant, task.withdrawn_at, now)}", why, facts, "gone", "–"
        )
    if task.done_at is not None:
        taken = f"taken {clock(plant, task.acknowledged_at, now)}, " if task.acknowledged_at else ""
        return Part(role, who, f"{taken}done {clock(plant, task.done_at, now)}", why, facts, "done", "✓")
    hand = hand_of(task, plant, now)
    note = f"asked {clock(plant, task.asked_at, now)}, {hand.note}" if hand.note else ""
    if hand.state == "nobody":
        told = ", ".join(person_name(plant, p) for p in task.told) or "nobody on shift"
        note = f"asked {clock(plant, task.asked_at, now)} ({age_words(now - task.asked_at)} ago): {told}"
    return Part(role, hand.name, note, why, facts, hand.state, hand.mark)


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case list() | tuple():
            return ", ".join(_plain(one) for one in value)
        case dict() if "value" in value and "uom" in value:
            return f"{_plain(float(value['value']))} {value['uom']}"
        case _:
            return str(value)


def _lots(case: Case) -> list[Lot]:
    return [
        Lot(
            held.lot,
            f"{held.quantity:g} {held.uom}",
            tuple(
                f"{capital(word(LANGUAGE, f'decision.{part.decision}'))} {part.quantity:g} {part.uom}"
                for part in case.parts
                if part.lot == held.lot
            ),
            f"{held.remaining:g} {held.uom}" if held.remaining > 0 else "nothing",
        )
        for held in case.held
    ]


def _transaction(status: PostingStatus, plant: Plant) -> Transaction:
    posting = status.posting
    body = ", ".join(_body(plant, posting.body))
    tries = f" ({status.attempts} tries)" if status.attempts > 1 and status.state in ("waiting", "failed") else ""
    owner = f", looked after by {person_name(plant, status.owner)}" if status.owner and status.state == "failed" else ""
    return Transaction(
        kind=kind_word(status.posting.kind),
        body=body,
        state=status.state,
        state_word=STATE_WORDS[status.state],
        receipt=status.receipt,
        key=posting.key,
        why=f"{status.error}{tries}{owner}" if status.error and status.state in ("waiting", "failed") else "",
    )


def _body(plant: Plant, body: Mapping[str, Any]) -> list[str]:
    """What is booked, in words; a quantity with its unit."""
    words = []
    for name, value in body.items():
        match name:
            case "uom" | "text" | "reason" | "start" | "end" | "decision":
                continue
            case "quantity":
                words.append(f"{_plain(value)} {body.get('uom', '')}".strip())
            case _ if name.endswith("_by"):
                words.append(f"{name.replace('_', ' ')} {person_name(plant, str(value))}")
            case "minutes" if "start" in body and "end" in body:
                start, end = (clock(plant, datetime.fromisoformat(str(body[at]))) for at in ("start", "end"))
                words.append(f"{_plain(value)} min ({start} to {end})")
            case _:
                words.append(f"{name.replace('_', ' ')} {_plain(value)}")
    return words


def _instant(plant: Plant, at: datetime, now: datetime) -> str:
    local = plant.local(at)
    return f"{local:%H:%M}" if plant.local(now).date() == local.date() else f"{local:%d %b %H:%M}"
