"""What the board shows: every open exception with who has it and what is late, and what ERP has not taken yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.views import unconfirmed
from bot.web.words import (
    age_words,
    clock,
    kind_word,
    line_name,
    minutes_words,
    person_name,
    role_word,
    subject_of,
    type_word,
)
from db import cases, postings
from workflow.metrics import Spread, metrics
from workflow.plant import production_day, production_day_span, shifts_at

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from workflow.case import Case, PostingStatus, Task
    from workflow.metrics import Metrics
    from workflow.plant import Plant

MOST_HANDS = 3  # functions shown beside one exception
LAST_CLOSED = 5
RECORDS_OLD = timedelta(hours=24)  # flat files come with the nightly export


@dataclass(frozen=True, slots=True)
class Hand:
    """One function of an exception: who has it, or that nobody has."""

    name: str
    role: str
    note: str
    state: str  # "nobody", "taken", "overdue", "asked"
    mark: str  # says the state without colour


@dataclass(frozen=True, slots=True)
class Row:
    """One open exception."""

    number: str
    kind: str
    subject: str
    said: str
    line: str | None
    line_name: str
    stopped: bool | None
    safety: bool
    again: bool
    since: str
    from_clock: str
    age: str
    hands: tuple[Hand, ...]
    more: str
    alone: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """One posting that ERP has not taken yet."""

    case: str
    kind: str
    state: str
    state_word: str
    since: str
    age: str
    why: str


@dataclass(frozen=True, slots=True)
class Closed:
    """One exception that is over."""

    number: str
    subject: str
    took: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the four figures, with how many exceptions stand behind it (R57)."""

    label: str
    value: str
    unit: str
    n: str


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on the board."""

    rows: tuple[Row, ...]
    owed: tuple[Owed, ...]
    closed: tuple[Closed, ...]
    figures: tuple[Figure, ...]
    period: str
    records_note: str

    @property
    def stopped(self) -> int:
        """How many lines stand."""
        return len({row.line or row.number for row in self.rows if row.stopped})

    @property
    def alone(self) -> int:
        """How many exceptions nobody has taken."""
        return sum(row.alone for row in self.rows)

    @property
    def late(self) -> int:
        """How many exceptions have somebody late."""
        return sum(row.late for row in self.rows)


def board_now(app: App, tx: Connection) -> Board:
    """The board as of this instant: safety first, stopped lines, then what nobody has, then the oldest."""
    now = app.clock.now()
    plant = app.plant
    open_now = [case for case in cases.open_cases(tx) if case.is_open]
    rows = [_row(case, app, now) for case in open_now]
    order = {case.number: case.since for case in open_now}
    rows.sort(key=lambda row: (not row.safety, not row.stopped, not row.alone, order[row.number]))
    start, period = _period(plant, now)
    lately = cases.find(tx, since=start, until=now + timedelta(seconds=1))
    ended = [case for case in cases.find(tx, status="closed", limit=50) if case.closed_at is not None]
    ended.sort(key=lambda case: case.closed_at or now, reverse=True)
    return Board(
        rows=tuple(rows),
        owed=tuple(_owed(status, now) for status in unconfirmed(postings.find(tx))),
        closed=tuple(_closed(case, app) for case in ended[:LAST_CLOSED]),
        figures=_figures(metrics(lately, plant, start, now + timedelta(seconds=1))),
        period=period,
        records_note=_records_note(app, now),
    )


def hand_of(task: Task, plant: Plant, now: datetime) -> Hand:
    """Who has one function's part; where nobody has, that is what it says (R26)."""
    role = role_word(task.role)
    waiting = age_words(now - task.asked_at)
    if task.acknowledged_at is None:
        if _is_late(task, now):
            return Hand("Nobody yet", role, f"asked {waiting} ago", "nobody", "▲")
        asked = person_name(plant, task.owner) if task.owner else ""
        return Hand("Nobody yet", role, f"{asked} asked" if asked else f"asked {waiting} ago", "nobody", "?")
    name = person_name(plant, task.acknowledged_by or task.owner)
    if task.waiting_for:
        note = f"waits for {task.waiting_for}" + (f", {clock(plant, task.promised_at)}" if task.promised_at else "")
        return Hand(name, role, note, "overdue" if _is_late(task, now) else "waiting", "‖")
    if _is_late(task, now):
        assert task.promised_at is not None
        return Hand(name, role, f"late since {clock(plant, task.promised_at)}", "overdue", "▲")
    note = f"by {clock(plant, task.promised_at)}" if task.promised_at else f"since {clock(plant, task.acknowledged_at)}"
    return Hand(name, role, note, "taken", "✓")


def _row(case: Case, app: App, now: datetime) -> Row:
    plant = app.plant
    # Who was only told is welcome to take it, but nobody waits for them; the board shows whom everybody waits for.
    live = [task for task in case.tasks if task.live and (task.required or task.acknowledged_at)]
    hands = [hand_of(task, plant, now) for task in live]
    if case.status == "draft":
        hands = [Hand("Being asked back", person_name(plant, case.reporter), "one answer is missing", "asked", "…")]
    elif not live:
        hands = [Hand("Nobody yet", "", "", "nobody", "?")]
    more = len(hands) - MOST_HANDS
    return Row(
        number=case.number,
        kind=type_word(case),
        subject=subject_of(case, plant, app.records),
        said=case.said,
        line=case.line,
        line_name=line_name(plant, case.line),
        stopped=case.line_stopped,
        safety=case.type == "safety",
        again=bool(case.recurrent_of or case.reopened),
        since=case.since.isoformat(),
        from_clock=clock(plant, case.since, now),
        age=age_words(now - case.since),
        hands=tuple(hands[:MOST_HANDS]),
        more=f"and {more} more" if more > 0 else "",
        alone=case.status != "draft" and not any(task.acknowledged_at for task in live),
        late=any(_is_late(task, now) for task in live),
    )


def _is_late(task: Task, now: datetime) -> bool:
    """Past its first deadline without an answer, or past its own promise."""
    if task.acknowledged_at is None:
        return bool(task.escalated or (task.ladder and task.asked_at + task.ladder[0].after <= now))
    return task.promised_at is not None and task.promised_at < now


def _owed(status: PostingStatus, now: datetime) -> Owed:
    since = status.owed_since or status.posting.occurred_at or now
    return Owed(
        case=status.posting.case,
        kind=kind_word(status.posting.kind),
        state=status.state,
        state_word=STATE_WORDS[status.state],
        since=since.isoformat(),
        age=age_words(now - since),
        why=(status.error or "")[:160],
    )


STATE_WORDS = {
    "due": "due",
    "posted": "in ERP",
    "waiting": "waits for ERP",
    "failed": "refused",
    "reversed": "taken back",
    "manual": "by hand",
    "dry_run": "dry run",
}


def _closed(case: Case, app: App) -> Closed:
    took = (case.closed_at or case.captured_at) - case.captured_at
    return Closed(case.number, subject_of(case, app.plant, app.records), age_words(took))


def _figures(found: Metrics) -> tuple[Figure, ...]:
    rate = found.first_pass
    value = "–" if rate.value is None else f"{rate.value:.0%}".removesuffix("%")
    return (
        _figure("message to closed in ERP", found.resolution_min),
        _figure("event to everyone on it", found.alignment_min),
        _figure("event to booked in ERP", found.posting_lag_min),
        Figure("solved at the first go", value, "%" if rate.value is not None else "", f"{len(rate.yes)} of {rate.n}"),
    )


def _figure(label: str, spread: Spread) -> Figure:
    if spread.median is None:
        return Figure(label, "–", "", "none yet")
    value, unit = minutes_words(spread.median)
    return Figure(label, value, unit, f"median of {spread.n}")


def _period(plant: Plant, now: datetime) -> tuple[datetime, str]:
    """The shift that runs now, else the production day."""
    running = shifts_at(plant, now)
    if running:
        span = running[0]
        return span.start, f"This shift ({span.shift}, since {clock(plant, span.start)})"
    start, _ = production_day_span(plant, production_day(plant, now))
    return min(start, now), "Today"


def _records_note(app: App, now: datetime) -> str:
    as_of = app.records.as_of
    if app.ready().get("records") is False:
        since = f" since {clock(app.plant, as_of)}" if as_of else ""
        return f"ERP cannot be read{since}"
    if as_of is not None and now - as_of > RECORDS_OLD:
        return f"Records from ERP are {age_words(now - as_of)} old"
    return ""
