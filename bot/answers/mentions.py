"""The days, months and stretches of time that words name, wherever they stand in a question (R5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from bot.answers.periods import period_of
from bot.answers.words import number_of, pattern_of, patterns
from nlp.our_yaml import our_yaml
from nlp.tokens import fold
from workflow.plant import Plant, production_day, production_day_span

_DAYS = frozenset({"yesterday", "today", "before_yesterday"})
_ISO = r"(?P<iso>\b\d{4}-\d{1,2}-\d{1,2}\b)"
_DOTS = r"(?P<dots>(?<![\d.])\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{4}|\d{2})?(?!\d))"
_SLASH = r"(?P<slash>(?<![\d/])\d{1,2}/\d{1,2}(?:/(?:\d{4}|\d{2}))?(?![\d/]))"
_WRITTEN = re.compile(f"{_ISO}|{_DOTS}|{_SLASH}")
_MARK = "zeit"  # what stands for a date while the words are looked through
_ALWAYS = "24/7"


@dataclass(frozen=True, slots=True)
class Mention:
    """A time as the words name it; `at`: where they stand in the folded words."""

    at: tuple[int, int]
    start: datetime
    end: datetime | None  # None: it still runs
    named: str
    day: date | None = None  # a single production day


def mentions_in(words: str, dates: list[date | None], plant: Plant, now: datetime) -> Iterator[Mention]:
    """Every time that the folded words name; some share words. `dates`: those that were written in figures."""
    today = production_day(plant, now)
    for m in re.finditer(rf" {_MARK}(\d+)x(?= )", words):
        if (day := dates[int(m[1])]) is not None:
            yield the_day(m.span(), day, plant)
    yield from _dates_in_words(words, plant, today)
    for n, phrases in time_words()["weekday"].items():
        for m in phrases_in(tuple(phrases)).finditer(words):
            back = (today.weekday() - int(n)) % 7 or 7
            yield the_day(_with_last(words, m.span()), today - timedelta(days=back), plant)
    for n, phrases in time_words()["month"].items():
        for m in re.finditer(f"{any_of(phrases)}(?: (?:de |do |of )?(20\\d\\d))?(?= )", words):
            yield _month(_with_last(words, m.span()), int(n), m[1], plant, today)
    ordinal = rf" ([1-4])(?:st|nd|rd|th|er|e|o|ro)?{any_of(time_words()['quarter_word'])}(?: (?:de )?(20\d\d))?(?= )"
    for m in re.finditer(rf" q([1-4])(?: (20\d\d))?(?= )|{ordinal}", words):
        if not _is_a_name(m[0], plant):
            yield _quarter(m.span(), int(m[1] or m[3]), m[2] or m[4], plant, today)
    for m in re.finditer(rf"{any_of(time_words()['week_word'])} (\d{{1,2}})(?= )", words):
        if 1 <= int(m[1]) <= 53 and (week := _calendar_week(m.span(), int(m[1]), plant, today)) is not None:
            yield week
    for m in re.finditer(
        r" (?:in|en|em|w|of|de|for|im jahr|in dem jahr|ano|rok|roku|jahr|year|annee) (20\d\d)(?= )", words
    ):
        if int(m[1]) <= today.year:
            year = date(int(m[1]), 1, 1)
            yield _stretch(m.span(), year, date(year.year + 1, 1, 1), "year", plant)
    yield from _so_many(words, plant, now)
    for name, pattern in patterns("period").items():
        if name not in ("hours", "days", "weeks"):
            for m in pattern.finditer(words):
                start, end = period_of(name, None, plant, now)
                day = production_day(plant, start) if name in _DAYS else None
                yield Mention(m.span(), start, end, name, day)


def dates_marked(text: str, plant: Plant, now: datetime) -> tuple[str, list[date | None]]:
    """The text with a word in place of each date in figures."""
    found: list[date | None] = []
    today = production_day(plant, now)

    def marked(m: re.Match[str]) -> str:
        day = _read(m, plant, today) if m[0] != _ALWAYS else None
        if day is None:
            return m[0]
        found.append(day)
        return f" {_MARK}{len(found) - 1}x "

    return _WRITTEN.sub(marked, text), found


def _read(m: re.Match[str], plant: Plant, today: date) -> date | None:
    parts = [int(part) for part in re.findall(r"\d+", m[0])]
    if m["iso"]:
        return _date(*parts)
    day, month = parts[:2]
    if m["slash"] and (month > 12 or (month_first(plant) and day <= 12)):
        day, month = month, day
    if len(parts) > 2:
        return _date(parts[2] if parts[2] > 99 else 2000 + parts[2], month, day)
    return _latest(month, day, today)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _latest(month: int, day: int, today: date) -> date | None:
    """The last day of that name that has begun."""
    this = _date(today.year, month, day)
    return this if this is not None and this <= today else _date(today.year - 1, month, day)


def _dates_in_words(words: str, plant: Plant, today: date) -> Iterator[Mention]:
    """ "12 November", "November 12th", "12 de noviembre 2025", "3 to 7 November"."""
    for n, phrases in time_words()["month"].items():
        month = any_of([p.removeprefix("in ").removeprefix("im ") for p in phrases] + (["may"] if n == "5" else []))
        ordinal, year = r"(\d{1,2})(?:st|nd|rd|th|er|º|o)?", r"(?: (?:de |do |of )?(20\d\d))?"
        joined = f" {ordinal}{any_of(time_words()['until'])}(?: the| el| o| den| le)?"
        for m in re.finditer(
            f"(?:{joined})? {ordinal}(?: of| de| do)?{month}{year}(?= )|{month}(?: the)? {ordinal}{year}(?= )", words
        ):
            first, day, year_said = m[1], m[2] or m[4], m[3] or m[5]
            last = _date(int(year_said), int(n), int(day)) if year_said else _latest(int(n), int(day), today)
            if last is None:
                continue
            if first is None:
                yield the_day(m.span(), last, plant)
            elif (begin := _date(last.year, last.month, int(first))) is not None and begin < last:
                yield _stretch(m.span(), begin, last + timedelta(days=1), "span", plant)


def _so_many(words: str, plant: Plant, now: datetime) -> Iterator[Mention]:
    """ "last 3 weeks", "los 3 ultimos dias", "last hour", "24h", "2 days ago"."""
    tree, number = time_words(), r" (?P<n>\d{1,3}|\D\S*)"
    today = production_day(plant, now)
    for unit, phrases in tree["unit"].items():
        last, named = any_of(tree["last"]), any_of(phrases)
        forms = (f"{last}{number}{named}(?= )", f"{number}{last}{named}(?= )", f"{number}{named}{last}(?= )")
        glued = f"{last} (?P<n>\\d{{1,3}})h(?= )" if unit == "hours" else None
        for form in (*forms, glued) if glued else forms:
            for m in re.finditer(form, words):
                if (n := number_of(m["n"])) is not None and n >= 1:
                    start = _back(unit, n, plant, now, today)
                    yield Mention(m.span(), start, None, unit)
        if unit == "hours":
            for m in re.finditer(f"{last}{named}(?= )", words):
                yield Mention(m.span(), now - timedelta(hours=1), None, "hours")
        for form in (
            f"{any_of(tree['ago_before'])}{number}{named}(?= )",
            f"{number}{named}{any_of(tree['ago_after'])}(?= )",
        ):
            for m in re.finditer(form, words):
                if (n := number_of(m["n"])) is not None:
                    yield from _ago(m.span(), unit, n, plant, now, today)


def _back(unit: str, n: int, plant: Plant, now: datetime, today: date) -> datetime:
    if unit == "hours":
        return now - timedelta(hours=n)
    if unit in ("days", "weeks"):
        return period_of(unit, n, plant, now)[0]
    months = {"months": n, "quarters": 3 * n, "years": 12 * n}[unit]
    return production_day_span(plant, _months_before(today, months) + timedelta(days=1))[0]


def _ago(at: tuple[int, int], unit: str, n: int, plant: Plant, now: datetime, today: date) -> Iterator[Mention]:
    match unit:
        case "hours":
            yield Mention(at, now - timedelta(hours=n), None, "hours")
        case "days":
            yield the_day(at, today - timedelta(days=n), plant)
        case "weeks":
            monday = today - timedelta(days=today.weekday() + 7 * n)
            yield _stretch(at, monday, monday + timedelta(days=7), "calendar_week", plant)
        case "months":
            first = _months_before(today.replace(day=1), n)
            yield _stretch(at, first, _months_before(first, -1), "month", plant)
        case "years":
            yield _stretch(at, date(today.year - n, 1, 1), date(today.year - n + 1, 1, 1), "year", plant)


def _months_before(day: date, n: int) -> date:
    """The same day so many months before, or the month's last."""
    months = day.year * 12 + day.month - 1 - n
    year, month = divmod(months, 12)
    for d in range(day.day, 0, -1):
        if (found := _date(year, month + 1, d)) is not None:
            return found
    raise AssertionError("every month has a first day")


def the_day(at: tuple[int, int], day: date, plant: Plant) -> Mention:
    """A production day as it is named there."""
    start, end = production_day_span(plant, day)
    return Mention(at, start, end, "day", day)


def _stretch(at: tuple[int, int], first: date, after: date, named: str, plant: Plant) -> Mention:
    return Mention(at, production_day_span(plant, first)[0], production_day_span(plant, after)[0], named)


def _month(at: tuple[int, int], month: int, year: str | None, plant: Plant, today: date) -> Mention:
    of = int(year) if year else today.year if month <= today.month else today.year - 1
    first = date(of, month, 1)
    return _stretch(at, first, _months_before(first, -1), "month", plant)


def _quarter(at: tuple[int, int], n: int, year: str | None, plant: Plant, today: date) -> Mention:
    of = int(year) if year else today.year if 3 * n - 2 <= today.month else today.year - 1
    first = date(of, 3 * n - 2, 1)
    return _stretch(at, first, _months_before(first, -3), "quarter", plant)


def _calendar_week(at: tuple[int, int], n: int, plant: Plant, today: date) -> Mention | None:
    for year in (today.isocalendar().year, today.isocalendar().year - 1):
        try:
            monday = date.fromisocalendar(year, n, 1)
        except ValueError:
            continue
        if monday <= today:
            return _stretch(at, monday, monday + timedelta(days=7), "calendar_week", plant)
    return None


def month_first(plant: Plant) -> bool:
    """Whether 11/12 is the twelfth of November here: where the plant is in the United States."""
    return plant.timezone in _AMERICAN or plant.timezone.startswith(("US/", "America/Indiana/", "America/Kentucky/"))


_AMERICAN = frozenset(
    f"America/{city}"
    for city in ("New_York", "Chicago", "Denver", "Los_Angeles", "Phoenix", "Detroit", "Anchorage", "Boise")
)


def _with_last(words: str, at: tuple[int, int]) -> tuple[int, int]:
    """The words with "last" before or after them."""
    before = re.search(f"{any_of(time_words()['last'])}$", words[: at[0]])
    after = re.match(f"{any_of(time_words()['last'])}(?= )", words[at[1] :])
    return at[0] - (len(before[0]) if before else 0), at[1] + (len(after[0]) if after else 0)


def _is_a_name(words: str, plant: Plant) -> bool:
    """Whether the plant calls something so: a line Q3 is no quarter."""
    said = words.strip()
    names = {name for line in plant.lines for name in (line.id, line.name, *line.aliases)}
    names |= {name for asset in plant.asset.values() for name in (asset.id, asset.name, *asset.aliases)}
    return said in {fold(name) for name in names}


@cache
def phrases_in(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of some phrases."""
    return re.compile(pattern_of(list(phrases)))


def any_of(phrases: list[str]) -> str:
    """The same as a part of a larger pattern, with the blank before it."""
    return _alternatives(tuple(phrases))


@cache
def _alternatives(phrases: tuple[str, ...]) -> str:
    """Each phrase with its blank before, as one alternative; the longest first."""
    said = {"".join(f" {re.escape(fold(word))}" for word in phrase.split()) for phrase in phrases}
    return f"(?:{'|'.join(sorted(said, key=len, reverse=True))})"


@cache
def time_words() -> Mapping[str, Any]:
    """What `days.yaml` has."""
    tree: Mapping[str, Any] = our_yaml(files("bot.answers").joinpath("days.yaml").read_text(encoding="utf-8"))
    return tree
