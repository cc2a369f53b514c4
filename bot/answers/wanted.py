"""What exactly a question wants: the reader's query, and what the words besides tell at the border of answers (R57)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml

from bot.answers.periods import period_of
from nlp.tokens import fold
from workflow.plant import Person, Plant
from workflow.reading import ExceptionType, Query, Reading, Why

Subject = Literal[
    "open", "summary", "metrics", "status", "priorities", "who",
    "history", "causes", "holds", "downtime", "on_shift", "ranking", "count", "owed", "case", "improve",
]  # fmt: skip
By = Literal["line", "type", "shift", "role"]
Against = Literal["before", "baseline"]

_NUMBER = re.compile(r"\bEX-\d+\b", re.IGNORECASE)
_WORD = re.compile(r"[\w\u0900-\u097f'’]+")
_MOST = 300  # characters: what is longer is no question of this kind
_NEVER_TYPED = frozenset({"status", "history", "causes", "holds", "downtime", "on_shift", "ranking", "owed"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question to the records, complete: its subject, which cases, and how they are put side by side."""

    about: Subject
    line: str | None = None
    type: ExceptionType | None = None
    work_order: str | None = None
    asset: str | None = None
    assets: tuple[str, ...] | None = None  # "the filler", of four: each of them
    case: str | None = None  # a number: EX-1042
    owner: str | None = None  # a person's id: what they have
    late: bool = False
    by: By | None = None
    against: Against | None = None
    start: datetime | None = None
    end: datetime | None = None
    n: int | None = None  # "last ten"
    named: str | None = None  # of the period: "last_week"


def wanted(
    reading: Reading, text: str, sender: Person, plant: Plant, now: datetime, why: Why | None = None
) -> Wanted | None:
    """The question that a message asks; None where it asks none.

    Anything but a question is taken for one only by words that no report has (`sure` in words.yaml), by a single word
    that asks (`alone`), or where a remark names a subject and a time. `why` tells which machines a word may mean.
    """
    words = _folded(text)
    query = reading.query
    if query is None:
        danger = any(exception.type == "safety" for exception in reading.exceptions)
        if reading.intent == "disposition" or danger or len(text) > _MOST or not _asks(reading, words):
            return None
        query = Query("metrics", *_linked(reading))
    subject = _alone(words) or _first("subject", words) or ("metrics" if reading.query is None else query.about)
    if subject == "causes" and _first("by", words) is not None:
        subject = "downtime"  # "which line is worst"
    if query.about == "priorities":
        subject = query.about
    if subject in ("downtime", "metrics", "count") and query.work_order is not None:
        subject = query.about
    found = Wanted(
        subject,  # type: ignore[arg-type]  # the keys of words.yaml, checked by a test
        line=query.line,
        type=None if subject in _NEVER_TYPED else query.type,
        work_order=query.work_order,
        asset=_asset(reading, words, plant, query.line),
        owner=_person(words, sender, plant) if subject in ("open", "who", "status") else None,
        late=_says("late", words) and subject in ("open", "who", "status"),
        by=_first("by", words),  # type: ignore[arg-type]
        against=_first("against", words),  # type: ignore[arg-type]
        n=_number(words) if subject == "history" else None,
    )
    if found.about == "status" and found.work_order is None:
        found = replace(found, about=_without_order(found))
    if reading.query is not None and (number := _NUMBER.search(text)) is not None:
        return Wanted("case", case=number[0].upper())
    if found.against is not None:
        found = replace(found, about="metrics", asset=None)
        if _compares_lines(words):
            found = replace(found, by="line", line=None, against=None)
    several = _several(why) if found.asset is None else ()
    if len(several) == 1:
        found = replace(found, asset=several[0])
    elif several and found.line is None and found.work_order is None:
        found = replace(found, assets=several, about="open" if found.about == "status" else found.about)
    if found.asset is not None and found.line is None:
        found = replace(found, line=plant.asset[found.asset].line)
    named, n = _period(words)
    if found.against == "before" and named is not None and named.startswith("last_"):
        named = f"this_{named.removeprefix('last_')}"  # "better than last week" speaks of this one
    if found.against == "before" and named is None and query.start is None:
        named = "this_week"  # "is it getting better?"
    start, end = period_of(named, n, plant, now) if named is not None else (query.start, query.end)
    if named is None or (query.start is not None and named in ("yesterday", "today", "last_night")):
        start, end, named = query.start or start, query.end if query.start is not None else end, None
    if _first("subject", words) is None and _alone(words) is None and found.owner is None and not found.late:
        # "were there any breakdowns yesterday": nobody asks for what is open now
        over = end is not None and end <= now
        if (found.about == "status" and start is not None) or (found.about == "open" and over):
            found = replace(found, about="summary")
    return replace(found, start=start, end=end, named=named)


def _asks(reading: Reading, words: str) -> bool:
    if _says("sure", words) or _alone(words) is not None:
        return True
    if reading.intent != "chatter" or reading.exceptions:
        return False
    if _first("subject", words) == "owed":
        return True
    beside = (_first(kind, words) for kind in ("period", "by", "against"))
    return _first("subject", words) is not None and any(beside)


def _alone(words: str) -> str | None:
    """What a message asks that is nothing but one such word: "status"."""
    said = " ".join(words.split())
    return next((name for name, phrases in _lists("alone").items() if said in map(fold, phrases)), None)


def _compares_lines(words: str) -> bool:
    """ "compare line 1 and line 3"."""
    return len(set(re.findall(r" (?:line|lini\w*|linea|linha|ligne|l) ?(\d+)(?= )", words))) > 1


def _several(why: Why | None) -> tuple[str, ...]:
    """The machines that the words of a question may mean, where one alone was not named."""
    found = (c.ids for c in why.candidates if c.what == "asset" and not c.set_aside) if why is not None else ()
    return tuple(dict.fromkeys(i for ids in found for i in ids))


def _without_order(found: Wanted) -> Subject:
    if found.late or found.owner is not None or found.asset is not None or found.line is not None:
        return "open"
    return "metrics" if found.by is not None or found.against is not None else "status"


def _linked(reading: Reading) -> tuple[str | None, None, None]:
    of = reading.mentioned or next(iter(reading.exceptions), None)
    return (of.line if of is not None else None), None, None


def _asset(reading: Reading, words: str, plant: Plant, line: str | None) -> str | None:
    of = reading.mentioned or next(iter(reading.exceptions), None)
    if of is not None and of.assets:
        return of.assets[0]
    named = [
        asset.id
        for asset in plant.asset.values()
        if f" {_folded(asset.name).strip()} " in words and (line is None or asset.line == line)
    ]
    return named[0] if len(named) == 1 else None


def _person(words: str, sender: Person, plant: Plant) -> str | None:
    """The one person who is named, by the whole name or a first or last name that only they have."""
    found = set()
    for person in plant.people:
        names = [fold(part) for part in person.name.split()]
        if person.id != sender.id and any(f" {name} " in words for name in (names[0], names[-1])):
            found.add(person.id)
    return found.pop() if len(found) == 1 else None


def _period(words: str) -> tuple[str | None, int | None]:
    named = _first("period", words)
    return named, _number(words) if named in ("days", "weeks") else None


def _number(words: str) -> int | None:
    for value in re.findall(r" (\d{1,2})(?= )", words):
        if 2 <= int(value) <= 99:
            after = words.split(f" {value} ", 1)
            if re.search(r"(last|past|ultim\w+|letzten|ostatni\w+|pichl\w+|dernier\w+|पिछल\S+)$", after[0]):
                return int(value)
    for value, pattern in _patterns("number").items():
        if re.search(r"(?:last|past|ultim\w+|letzten|ostatni\w+|pichl\w+|dernier\w+|पिछल\S+)" + pattern.pattern, words):
            return int(value)
    return None


def _folded(text: str) -> str:
    return f" {' '.join(fold(word) for word in _WORD.findall(text))} "


def _says(name: str, words: str) -> bool:
    pattern: re.Pattern[str] = _patterns("")[name]
    return pattern.search(words) is not None


def _first(kind: str, words: str) -> str | None:
    return next((name for name, pattern in _patterns(kind).items() if pattern.search(words)), None)


def number_words() -> frozenset[str]:
    """How small numbers are written in words, in every language; "one" and "a" are no numbers here."""
    return frozenset(fold(word) for words in _tree()["number"].values() for word in words)


def _lists(kind: str) -> Mapping[str, list[str]]:
    lists: Mapping[str, list[str]] = _tree()[kind]
    return lists


@cache
def _tree() -> Mapping[str, Any]:
    tree: Mapping[str, Any] = yaml.safe_load(files("bot.answers").joinpath("words.yaml").read_text(encoding="utf-8"))
    return tree


@cache
def _patterns(kind: str) -> Mapping[str, re.Pattern[str]]:
    tree = _tree()
    lists: Mapping[str, Any] = tree[kind] if kind else {name: value for name, value in tree.items() if name in _PLAIN}
    numbers = "|".join(word for phrases in tree["number"].values() for word in phrases)
    return {name: re.compile(_pattern(phrases, numbers)) for name, phrases in lists.items()}


_PLAIN = ("sure", "late")


def _pattern(phrases: list[str], numbers: str) -> str:
    def word(part: str) -> str:
        if part == "...":
            return r"(?: \S+){0,3}"
        if part == "#":
            return rf" (?:\d{{1,2}}|{numbers})"
        return " " + (re.escape(fold(part[:-1])) + r"\S*" if part.endswith("*") else re.escape(fold(part)))

    return "(?:" + "|".join("".join(word(part) for part in phrase.split()) for phrase in phrases) + ")(?= )"
