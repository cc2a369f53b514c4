"""A question's stretch of time, and what in it is left out of the answer: both are said, never guessed (R57)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.answers.periods import before, last_of, period_of
from bot.answers.times import Time, of_shift
from bot.answers.words import WORD, apart, patterns
from nlp.tokens import fold
from workflow.plant import Plant, production_day
from workflow.reading import Query

if TYPE_CHECKING:
    from bot.answers.wanted import Wanted

_SERVICE = ("customer service", "servicio al cliente", "atendimento ao cliente", "service client")  # a function


def in_time(found: Wanted, time: Time, query: Query, plant: Plant, now: datetime) -> Wanted:
    """The question with its stretch of time: as its words name it, else as it was read ("from 6 to 10")."""
    found = replace(found, time_left=time.unread or None)
    if found.against == "before" and time.start is None and query.start is None:
        return _named(found, "this_week", plant, now)  # "is it getting better?"
    if time.start is None and found.shifts is not None:
        return _named(found, "this_week", plant, now)  # two shifts side by side
    if time.start is None:
        if query.start is None and len(time.shifts) == 1 and (last := last_of(plant, time.shifts, now)) is not None:
            return replace(found, start=last[0], end=last[1])
        return replace(found, start=query.start, end=query.end)
    if found.against == "before" and time.earlier is None and time.named in _THIS:
        return _named(found, f"this_{time.named.removeprefix('last_')}", plant, now)  # "better than last week"
    if query.start is not None and time.named in ("yesterday", "today", "last_night") and not time.since:
        return replace(found, start=query.start, end=query.end)
    if time.day is not None and len(time.shifts) == 1:
        ran = of_shift(plant, time.shifts[0], time.day)
        return replace(found, start=ran[0], end=ran[1]) if ran is not None else left_out(found, time.shifts)
    if time.day is not None and query.start is not None and query.end is not None:
        moved = time.day - production_day(plant, query.start)
        hours = (plant.local(at).replace(tzinfo=None) + moved for at in (query.start, query.end))
        begin, end = (at.replace(tzinfo=plant.zone).astimezone(UTC) for at in hours)
        return replace(found, start=begin, end=end)  # "on Monday from 6 to 10"
    found = replace(found, start=time.start, end=time.end, named=time.named, shifts=time.shifts or None)
    if time.earlier is not None and found.against == "before":
        found = _compared(found, time.earlier, plant, now)
    return found


_THIS = frozenset(f"last_{stretch}" for stretch in ("shift", "week", "month", "quarter", "year"))


def _named(found: Wanted, named: str, plant: Plant, now: datetime) -> Wanted:
    start, end = period_of(named, None, plant, now)
    return replace(found, start=start, end=end, named=named)


def left_out(found: Wanted, words: Iterable[str]) -> Wanted:
    """The question, with words that its answer will not take into account."""
    return replace(found, left=(*(found.left or ()), *words))


def _compared(found: Wanted, earlier: tuple[datetime, datetime], plant: Plant, now: datetime) -> Wanted:
    """The later of two stretches of time against the other one, where that is not just the one before."""
    assert found.start is not None
    if earlier[0] > found.start:
        this = (found.start, min(found.end or now, now))
        found = replace(found, start=earlier[0], end=earlier[1] if earlier[1] < now else None, named="span")
        earlier = this
    assert found.start is not None
    if found.named != "span" and before(found.start, found.end, found.named, plant, now) == earlier:
        return found
    return replace(found, earlier=earlier)


def narrowing(text: str, words: str) -> Iterator[str]:
    """What narrows a question down and no answer takes into account, as it was typed: "older than 2 days"."""
    for found in patterns("")["narrows"].finditer(words):
        if not found[0].strip().startswith(_SERVICE):
            yield as_typed(found[0], text)


def as_typed(phrase: str, text: str) -> str:
    """The words of a text that are these folded ones; the folded ones where they are not found."""
    wanted, spans = phrase.split(), [(m.start(), m.end(), fold(m[0])) for m in WORD.finditer(apart(text))]
    for i in range(len(spans) - len(wanted) + 1):
        if [word for *_, word in spans[i : i + len(wanted)]] == wanted:
            return text[spans[i][0] : spans[i + len(wanted) - 1][1]]
    return " ".join(wanted)
