"""What the board shows: line by line every open exception with who has it and what is late, and what ERP lacks."""

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
from db import cases, inbox, postings
from workflow.metrics import Spread, metrics
from workflow.plant import production_day, production_day_span, shifts_at

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.web.sight import Sight
    from bot.wording import Voice
    from workflow.case import Case, PostingStatus, Task
    from workflow.metrics import Metrics

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
    back_clock: str  # of what came back: since when it is open again (R4)
    age: str
    hands: tuple[Hand, ...]
    more: str
    alone: bool
    late: bool


@dataclass(frozen=True, slots=True)
class AtLine:
    """What is open at one line; an exception that names no line stands by itself."""

    line: str | None
    name: str
    rows: tuple[Row, ...]


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
    left_over: int  # messages that led to nothing and wait for the triage desk
    line: str | None = None  # the only line that is shown

    @property
    def by_line(self) -> tuple[AtLine, ...]:
        """The rows of each line together, the line with the most urgent of all first."""
        together: dict[str, list[Row]] = {}
        for row in self.rows:
            together.setdefault(row.line or row.number, []).append(row)
        return tuple(AtLine(r[0].line, r[0].line_name or r[0].number, tuple(r)) for r in together.values())

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


def board_now(app: App, tx: Connection, voice: Voice, sight: Sight, line: str | None = None) -> Board:
    """The board as of this instant: safety first, stopped lines, then what nobody has, then the oldest.

    `line`: the screen stands at this one and shows nothing of the others.
    """
    now = voice.now

    def shown(case: Case) -> bool:
        return line in (None, case.line) and sight.of(case)

    open_now = [case for case in cases.open_cases(tx) if case.is_open and shown(case)]
    rows = [_row(case, voice) for case in open_now]
    order = {case.number: case.since for case in open_now}
    rows.sort(key=lambda row: (not row.safety, not row.stopped, not row.alone, order[row.number]))
    start, period = _period(voice)
    lately = [case for case in cases.find(tx, since=start, until=now + timedelta(seconds=1)) if shown(case)]
    newest = cases.find(tx, status="closed", line=line, within=sight.within, limit=50)
    ended = [case for case in newest if case.closed_at is not None]
    ended.sort(key=lambda case: case.closed_at or now, reverse=True)
    owed = sight.of_postings(tx, postings.unconfirmed(tx), line)
    return Board(
        rows=tuple(rows),
        owed=tuple(_owed(status, voice) for status in unconfirmed(owed)),
        closed=tuple(_closed(case, voice) for case in ended[:LAST_CLOSED]),
        figures=_figures(metrics(lately, app.plant, start, now + timedelta(seconds=1)), voice),
        period=period,
        records_note=_records_note(app, voice),
        left_over=inbox.poisoned_count(tx) + inbox.stranger_count(tx),
        line=line,
    )


def hand_of(task: Task, voice: Voice) -> Hand:
    """Who has one function's part; where nobody has, that is what it says (R26)."""
    say, plant, now = voice.say, voice.plant, voice.now
    role = role_word(task.role, voice)
    late = _is_late(task, now)
    if task.acknowledged_at is None:
        nobody = say("page.wall.nobody")
        asked_ago = say("page.wall.asked_ago", age=age_words(now - task.asked_at, voice))
        if late:
            return Hand(nobody, role, asked_ago, "nobody", "▲")
        asked = person_name(plant, task.owner) if task.owner else ""
        return Hand(nobody, role, say("page.wall.asked_one", who=asked) if asked else asked_ago, "nobody", "?")
    name = person_name(plant, task.acknowledged_by or task.owner)
    promised = clock(voice, task.promised_at)
    if task.waiting_for:
        note = say("page.wall.waits_for", what=task.waiting_for, at=promised)
        return Hand(name, role, note, "overdue" if late else "waiting", "‖")
    if late:
        return Hand(name, role, say("page.wall.late_since", at=promised), "overdue", "▲")
    since = say("page.wall.since", at=clock(voice, task.acknowledged_at))
    return Hand(name, role, say("page.wall.by", at=promised) if promised else since, "taken", "✓")


def _row(case: Case, voice: Voice) -> Row:
    say, plant, now = voice.say, voice.plant, voice.now
    # Who was only told is welcome to take it, but nobody waits for them; the board shows whom everybody waits for.
    live = [task for task in case.tasks if task.live and (task.required or task.acknowledged_at)]
    hands = [hand_of(task, voice) for task in live]
    if case.status == "draft":
        hands = [_asked_back(case, voice)]
    elif not live:
        hands = [Hand(say("page.wall.nobody"), "", "", "nobody", "?")]
    more = len(hands) - MOST_HANDS
    return Row(
        number=case.number,
        kind=type_word(case, voice),
        subject=subject_of(case, voice),
        said=case.said,
        line=case.line,
        line_name=line_name(plant, case.line),
        stopped=case.line_stopped,
        safety=case.type == "safety",
        again=bool(case.recurrent_of or case.reopened),
        since=case.since.isoformat(),
        from_clock=clock(voice, case.since, now),
        back_clock=clock(voice, case.reopened_at, now),
        age=age_words(now - case.since, voice),
        hands=tuple(hands[:MOST_HANDS]),
        more=say("page.wall.more", n=str(more)) if more > 0 else "",
        alone=case.status != "draft" and not any(task.acknowledged_at for task in live),
        late=any(_is_late(task, now) for task in live),
    )


def _asked_back(case: Case, voice: Voice) -> Hand:
    asked, missing = voice.say("page.wall.asked_back"), voice.say("page.wall.answer_missing")
    return Hand(asked, person_name(voice.plant, case.reporter), missing, "asked", "…")


def _is_late(task: Task, now: datetime) -> bool:
    """Past its first deadline without an answer, or past its own promise."""
    if task.acknowledged_at is None:
        return bool(task.escalated or (task.ladder and task.asked_at + task.ladder[0].after <= now))
    return task.promised_at is not None and task.promised_at < now


def _owed(status: PostingStatus, voice: Voice) -> Owed:
    since = status.owed_since or status.posting.occurred_at or voice.now
    return Owed(
        case=status.posting.case,
        kind=kind_word(status.posting, voice),
        state=status.state,
        state_word=voice.say(f"page.erp.{status.state}"),
        since=since.isoformat(),
        age=age_words(voice.now - since, voice),
        why=(status.error or "")[:160],
    )


def _closed(case: Case, voice: Voice) -> Closed:
    took = (case.closed_at or case.captured_at) - case.captured_at
    return Closed(case.number, subject_of(case, voice), age_words(took, voice))


def _figures(found: Metrics, voice: Voice) -> tuple[Figure, ...]:
    rate = found.first_pass
    value = "–" if rate.value is None else f"{rate.value * 100:.0f}"
    behind = voice.say("page.wall.of", some=str(len(rate.yes)), n=str(rate.n))
    return (
        _figure("resolution", found.resolution_min, voice),
        _figure("alignment", found.alignment_min, voice),
        _figure("posting_lag", found.posting_lag_min, voice),
        Figure(voice.say("figure.first_pass"), value, "%" if rate.value is not None else "", behind),
    )


def _figure(name: str, spread: Spread, voice: Voice) -> Figure:
    label = voice.say(f"figure.{name}")
    if spread.median is None:
        return Figure(label, "–", "", voice.say("page.wall.none"))
    value, unit = minutes_words(spread.median, voice)
    return Figure(label, value, unit, voice.say("page.wall.median_of", n=str(spread.n)))


def _period(voice: Voice) -> tuple[datetime, str]:
    """The shift that runs now, else the production day."""
    plant, now = voice.plant, voice.now
    running = shifts_at(plant, now)
    if running:
        span = running[0]
        return span.start, voice.say("page.wall.shift", shift=span.shift, at=clock(voice, span.start))
    start, _ = production_day_span(plant, production_day(plant, now))
    return min(start, now), voice.say("page.wall.today")


def _records_note(app: App, voice: Voice) -> str:
    as_of = voice.records.as_of
    if app.ready().get("records") is False:
        return voice.say("page.wall.unreadable", at=clock(voice, as_of))
    if as_of is not None and voice.now - as_of > RECORDS_OLD:
        return voice.say("page.wall.records_old", age=age_words(voice.now - as_of, voice))
    return ""
