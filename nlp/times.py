"""Clock times, durations and days as people say them, against the message's own time in the plant's zone (R5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal

from nlp.pattern import Spans
from workflow.plant import Plant, shifts_at

Role = Literal["since", "at", "from", "until", "by", "in", "ago", "for", "after_that", ""]


@dataclass(frozen=True, slots=True)
class Moment:
    """A clock time or a duration in the message."""

    kind: Literal["clock", "duration", "anchor"]
    start: int  # token, with the words of its role
    end: int
    role: Role
    hour: int | None = None  # None: the hour is not said ("since ten past")
    minute: int = 0
    minutes: float = 0.0  # of a duration
    exact: bool = False  # 24-hour, or with am/pm: nothing is left to guess
    half: Literal["am", "pm", "night", ""] = ""
    day: int | None = None  # days from today, where said
    anchor: str = ""
    spanlike: bool = False  # "2h14": a clock time or a duration


def instant(moment: Moment, plant: Plant, now: datetime, *, towards: Literal["past", "future", "near"]) -> datetime:
    """The instant that a clock time means, UTC: the nearest one in a direction, or the nearest at all."""
    local = plant.local(now)
    if moment.kind == "anchor":
        return _shift_start(plant, now)
    if moment.kind == "duration":
        delta = timedelta(minutes=moment.minutes)
        return now - delta if towards == "past" else now + delta
    if moment.hour is None:
        at = local.replace(minute=moment.minute, second=0, microsecond=0)
        if towards == "past" and at > local + timedelta(minutes=3):
            at -= timedelta(hours=1)
        if towards == "future" and at < local:
            at += timedelta(hours=1)
        return at.astimezone(UTC)
    candidates = []
    for hour in _hours(moment):
        for day in (moment.day,) if moment.day is not None else (-1, 0, 1):
            date = local.date() + timedelta(days=day)
            candidates.append(datetime.combine(date, time(hour % 24, moment.minute), plant.zone).astimezone(UTC))
    slack = timedelta(minutes=5)
    if towards == "past":
        fit = [c for c in candidates if c <= now + slack]
        return max(fit) if fit else min(candidates)
    if towards == "future":
        fit = [c for c in candidates if c >= now - timedelta(minutes=1)]
        return min(fit) if fit else max(candidates)
    return min(candidates, key=lambda c: abs(c - now))


def _hours(moment: Moment) -> tuple[int, ...]:
    hour = moment.hour or 0
    if moment.half == "am":
        return (0 if hour == 12 else hour,)
    if moment.half == "pm":
        return (hour if hour >= 12 else hour + 12,)
    if moment.half == "night":
        return (hour % 24 if hour < 6 or hour == 12 or hour > 12 else hour + 12,)
    if hour > 12 or hour == 0 or moment.exact:
        return (hour,)
    return (hour % 12, hour % 12 + 12)


def _shift_start(plant: Plant, now: datetime) -> datetime:
    running = shifts_at(plant, now)
    return running[0].start if running else now


_NEAR_DAYS = (("day_yesterday", -1), ("day_today", 0), ("day_tomorrow", 1))
_WEEKDAYS = tuple(f"weekday_{day}" for day in range(7))
_DAYS = frozenset((*(group for group, _ in _NEAR_DAYS), *_WEEKDAYS))


def days_said(spans: Spans, plant: Plant, now: datetime, clocks: Sequence[Moment]) -> list[tuple[int, int]]:
    """(token, days from today) for "yesterday", "mañana", "Freitag"; not the "mañana" of "6 de la mañana"."""
    inside = {i for moment in clocks for i in range(moment.start, moment.end)}
    today = plant.local(now).weekday()
    found: list[tuple[int, int]] = []
    for i, here in enumerate(spans):
        if i in inside or _DAYS.isdisjoint(here) or (i and "greets" in spans[i - 1]):  # "Guten Morgen"
            continue
        found += [(i, offset) for group, offset in _NEAR_DAYS if group in here]
        found += [(i, (day - today) % 7 or 7) for day, group in enumerate(_WEEKDAYS) if group in here]
    return found


def eta_minutes(moments: Sequence[Moment], plant: Plant, now: datetime) -> tuple[float, Moment] | None:
    """Minutes until what the sender promises: the last bound, clock or duration said (R27)."""
    best: tuple[float, Moment] | None = None
    clock: float | None = None
    for moment in moments:
        if moment.role in ("ago", "since", "from"):
            continue
        if moment.kind == "clock":
            # "it lands at quarter past one, running by half past": the second is of the hour of the first.
            begin = now + timedelta(minutes=clock) if moment.hour is None and clock is not None else now
            minutes = (instant(moment, plant, begin, towards="future") - now).total_seconds() / 60
            clock = minutes
        elif moment.kind == "duration":
            minutes = moment.minutes + (clock if moment.role == "after_that" and clock is not None else 0.0)
        else:
            continue
        if best is None or moment.role in ("in", "by", "until", "at", "after_that") or best[1].role == "":
            best = (round(minutes, 1), moment)
    return best
