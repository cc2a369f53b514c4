"""Which stretch of time a question names: days of the week, dates, months, quarters, the last so many of anything (R5).

What names a time and is not understood is handed back, so that no answer is of another time without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.answers.mentions import Mention, any_of, dates_marked, mentions_in, phrases_in, the_day, time_words
from bot.answers.periods import shift_spans
from bot.answers.words import folded, in_full
from workflow.plant import Plant, Shift, production_day, production_day_span

SHIFTS: Mapping[str, tuple[int, int]] = {"day": (4, 11), "late": (11, 18), "night": (18, 28)}  # hours of their starts


@dataclass(frozen=True, slots=True)
class Time:
    """The stretch of time of a question; nothing said: no start."""

    start: datetime | None = None
    end: datetime | None = None
    named: str | None = None
    day: date | None = None
    shifts: tuple[str, ...] = ()  # of the plant's shifts those that are named
    earlier: tuple[datetime, datetime] | None = None  # what it is compared with, where that is said
    since: bool = False
    unread: tuple[str, ...] = ()  # words of time that were not understood
    quarter: int | None = None  # "Q3", which is no line
    rest: str = ""  # the other words


def time_said(text: str, plant: Plant, now: datetime, *, compares: bool = False) -> Time:
    """The time that a question names."""
    text, dates = dates_marked(text, plant, now)
    words = in_full(folded(text))
    shifts = tuple(shift.id for name, shift in _shifts(plant) if shift and _has(time_words()["shift"][name], words))
    free = words
    for name, _ in _shifts(plant):
        free = phrases_in(tuple(time_words()["shift"][name])).sub(lambda m: " " + "_" * (len(m[0]) - 1), free)
    odd = [m.span() for m in phrases_in(tuple(time_words()["unread"])).finditer(free)]
    found = [one for one in _without_overlaps([*mentions_in(free, dates, plant, now)])
             if not any(_over(one.at, at) and one.at[1] - one.at[0] < at[1] - at[0] for at in odd)]  # fmt: skip
    unread = [free[slice(*at)].strip() for at in odd if not any(_over(at, one.at) for one in found)]
    others = free
    for one in reversed(found):
        others = f"{others[: one.at[0]]} {others[one.at[1] :].lstrip()}"
    if not found:
        return Time(shifts=shifts, unread=tuple(unread), rest=others)
    first, rest = found[0], found[1:]
    if len(found) > 1 and (both := _of_a_week(found, plant)) is not None:
        first, rest = both, found[2:]
    since = not compares and _since(free, first)
    quarter = next((int(m[1]) for m in re.finditer(r" q([1-4])(?= )", free) if first.named == "quarter"), None)
    said = Time(first.start, first.end, first.named, first.day, shifts, None, since, (), quarter, others)
    if rest and (ranged := _range(free, first, rest[0], plant, now)) is not None:
        return replace(
            said, end=ranged.end, named="span", day=None, since=False, unread=(*unread, *_said(free, rest[1:]))
        )
    if rest and compares:
        said, rest = replace(said, earlier=(rest[0].start, min(rest[0].end or now, now))), rest[1:]
    if since:
        said = replace(said, end=None, named="span", day=None)
    return replace(said, unread=(*unread, *_said(free, rest)))


def of_shift(plant: Plant, shift: str, day: date) -> tuple[datetime, datetime] | None:
    """From when until when a shift runs on a production day; None where it does not."""
    start, end = production_day_span(plant, day)
    found = [(a, b) for name, a, b in shift_spans(plant, start, end) if name == shift]
    return found[0] if found else None


def _of_a_week(found: list[Mention], plant: Plant) -> Mention | None:
    """ "Friday last week": that week's Friday."""
    for day, week in ((found[0], found[1]), (found[1], found[0])):
        if day.named == "day" and day.day is not None and week.named in ("last_week", "this_week", "calendar_week"):
            monday = production_day(plant, week.start)
            return the_day(found[0].at, monday + timedelta(days=day.day.weekday()), plant)
    return None


def _since(words: str, first: Mention) -> bool:
    before = re.search(f"(?:{any_of(time_words()['since'])})$", words[: first.at[0]])
    after = re.match(f"(?:{any_of(time_words()['since_after'])})(?= )", words[first.at[1] :])
    return before is not None or after is not None


def _said(words: str, mentions: list[Mention]) -> Iterator[str]:
    return (words[slice(*one.at)].strip() for one in mentions)


def _range(words: str, first: Mention, second: Mention, plant: Plant, now: datetime) -> Mention | None:
    """ "Monday to Wednesday": until the end of the second, which is the next of its name."""
    between = words[first.at[1] : second.at[0]]
    to, both = (re.fullmatch(any_of(time_words()[name]), between) for name in ("until", "and"))
    if second.start <= first.start and first.day and second.day and second.named == "day":
        later = second.day + timedelta(days=7)
        second = the_day(second.at, later, plant) if later <= production_day(plant, now) else second
    next_to = second.start == first.end
    if second.start <= first.start or (to is None and not (both is not None and next_to)):
        return None
    return second


def _without_overlaps(found: list[Mention]) -> list[Mention]:
    """In their order; of two that share words the longer one."""
    kept: list[Mention] = []
    for one in sorted(found, key=lambda m: m.at[0] - m.at[1]):
        if not any(_over(one.at, other.at) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda m: m.at)


def _over(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def _shifts(plant: Plant) -> list[tuple[str, Shift | None]]:
    """Which of the plant's shifts is meant by day, late and night shift."""
    return [
        (name, next((s for s in plant.shifts if first <= _hour(s) < last), None))
        for name, (first, last) in SHIFTS.items()
    ]


def _hour(shift: Shift) -> int:
    return shift.start.hour if shift.start.hour >= 4 else shift.start.hour + 24


def _has(phrases: list[str], words: str) -> bool:
    return phrases_in(tuple(phrases)).search(words) is not None
