"""How the time of one exception went, as a picture: what stood, who was waited for, who worked, until ERP had it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.web.words import age_words, clock, person_name, role_word

if TYPE_CHECKING:
    from bot.wording import Voice
    from workflow.case import Case, PostingStatus, Task

WIDE = 1000  # of the drawing; it is stretched to the page, and holds no text


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time: its beginning and its length in thousandths of the whole."""

    x: int
    width: int
    kind: str  # "stood", "waited", "worked"; they differ in height too, so that colour is never all that tells


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the picture, with its times in words beside it."""

    name: str
    words: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """The whole picture, from the event until it is over, or until now."""

    start: str
    end: str
    lanes: tuple[Lane, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    end: datetime

    def bar(self, start: datetime, end: datetime, kind: str) -> Bar:
        """A stretch within it; what took no time is still to be seen."""
        whole = (self.end - self.start).total_seconds() or 1.0
        x = max(0, min(WIDE, round(WIDE * (start - self.start).total_seconds() / whole)))
        until = max(x, min(WIDE, round(WIDE * (end - self.start).total_seconds() / whole)))
        return Bar(min(x, WIDE - 4), max(4, until - x), kind)


def course_of(case: Case, owed: Sequence[PostingStatus], voice: Voice) -> Course:
    """One lane for what stood, one for each function, one for ERP."""
    over = case.closed_at or case.cancelled_at
    span = _Span(case.since, max(over or voice.now, case.since))
    lanes = [*_stood(case, span, voice), *(_lane(task, case, span, voice) for task in case.tasks)]
    lanes += _erp(owed, span, voice)
    end = clock(voice, over, voice.now) if over is not None else voice.say("page.course.now")
    return Course(clock(voice, case.since, voice.now), end, tuple(lanes))


def _stood(case: Case, span: _Span, voice: Voice) -> Iterator[Lane]:
    if not case.line_stopped or case.cancelled_at is not None:
        return
    until = case.resolved_at or span.end
    words = age_words(until - span.start, voice)
    yield Lane(voice.say("page.course.stood"), words, (span.bar(span.start, until, "stood"),))


def _lane(task: Task, case: Case, span: _Span, voice: Voice) -> Lane:
    gone = task.withdrawn_at or case.resolved_at or span.end
    taken = task.acknowledged_at or task.done_at
    waited = max(taken or gone, task.asked_at)
    bars = [span.bar(task.asked_at, waited, "waited")]
    name = "waited" if taken else "not_taken"
    words = [voice.say(f"page.course.{name}", time=age_words(waited - task.asked_at, voice))]
    if taken is not None:
        done = max(task.done_at or gone, taken)
        bars.append(span.bar(taken, done, "worked"))
        words.append(voice.say("page.course.worked", time=age_words(done - taken, voice)))
    who = person_name(voice.plant, task.done_by or task.acknowledged_by)
    return Lane(" · ".join(part for part in (role_word(task.role, voice), who) if part), ", ".join(words), tuple(bars))


def _erp(owed: Sequence[PostingStatus], span: _Span, voice: Voice) -> Iterator[Lane]:
    known = [(s.owed_since, s.confirmed_at) for s in owed if s.owed_since is not None]
    if not known:
        return
    bars = tuple(span.bar(since, at or span.end, "waited") for since, at in known)
    longest = max((at or voice.now) - since for since, at in known)
    missing = sum(at is None for _, at in known)
    name = "not_in_erp" if missing else "in_erp"
    yield Lane("ERP", voice.say(f"page.course.{name}", time=age_words(longest, voice), n=str(missing)), bars)
