"""The words of `order_words.yaml` in what was said of an order: more, fewer, cancelled, and to which day."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from nlp.our_yaml import our_yaml
from nlp.tokens import fold
from workflow.order_change import Words

WORDS = Path(__file__).with_name("order_words.yaml")
LATEST = timedelta(days=270)  # a day without its year is none that is further away
_ISO = re.compile(r"\b(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)\b")
_DOTTED = re.compile(r"\b(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.(?P<year>\d{4})?(?!\d)")
_SLASHED = re.compile(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/])")
_TOKEN = re.compile(
    r"(?P<number>\d{1,3}(?:[.,'’\u00a0\u202f ]\d{3})+(?!\d)|\d+(?:[.,]\d{1,2})?)|(?P<word>[^\W\d_][\w\u0900-\u097f'’]*)"
)


def words_of(text: str, said_on: date) -> Words:
    """What a text says of an order; its days are those from `said_on` on, as the plant's calendar has them."""
    days: list[date] = []

    def dated(found: re.Match[str]) -> str:
        days.extend(_dates(found, said_on))
        return " "

    rest = text
    for pattern in (_ISO, _DOTTED, _SLASHED):
        rest = pattern.sub(dated, rest)
    amounts: list[float] = []
    said: list[str] = []
    for token in _TOKEN.finditer(rest):
        if token["word"] is not None:
            said.append(fold(token["word"]))
        else:
            said.append("#")
            amounts.append(float(re.sub(r"[.,'’\u00a0\u202f ](?=\d{3})", "", token["number"]).replace(",", ".")))
    words, named = _without_months(said, amounts, said_on)
    days += named
    line = f" {' '.join(words)} "
    days += _weekdays(words, said_on)
    raised = _says("raised", line) and _by(line)
    lowered = _says("lowered", line) and _by(line)
    return Words(
        more=_says("more", line) or raised,
        fewer=_says("fewer", line) or lowered,
        cancelled=_says("cancelled", line),
        whole=_says("all", line),
        becomes=_says("becomes", line),
        amounts=tuple(amounts),
        days=tuple(dict.fromkeys(day for day in days if day >= said_on)),
    )


def _dates(found: re.Match[str], said_on: date) -> Iterable[date]:
    """The day that figures mean; none where day and month may be exchanged."""
    known = found.groupdict()
    if "a" in known:
        a, b = int(known["a"]), int(known["b"])
        if a <= 12 and b <= 12 and a != b:
            return ()
        day, month = (a, b) if a > 12 else (b, a)
    else:
        day, month = int(known["day"]), int(known["month"])
    return _on(day, month, said_on, int(known["year"]) if known.get("year") else None)


def _on(day: int, month: int, said_on: date, year: int | None = None) -> Iterable[date]:
    for one in (year,) if year is not None else (said_on.year, said_on.year + 1):
        try:
            at = date(one, month, day)
        except ValueError:
            continue
        if said_on <= at <= said_on + LATEST:
            return (at,)
    return ()


def _without_months(said: list[str], amounts: list[float], said_on: date) -> tuple[list[str], list[date]]:
    """ "20 November", "Nov 20th", "20 de noviembre": the words without them, and the days; `amounts` loses them too."""
    months = {name: n for n, names in enumerate(_tree()["months"], 1) for name in map(fold, names)}
    at = [i for i, word in enumerate(said) if word == "#"]
    gone: set[int] = set()
    days: list[date] = []
    for i, word in enumerate(said):
        if word not in months:
            continue
        beside = (i - 1, i - 2) if i > 1 and said[i - 1] in ("de", "of") else (i - 1,)
        near = [j for j in (*beside, i + 1) if j in at and j not in gone and amounts[at.index(j)] in range(1, 32)]
        if near and (found := tuple(_on(int(amounts[at.index(near[0])]), months[word], said_on))):
            days += found if not _was(said[: min(near[0], i)], said[max(near[0], i) + 1 :]) else ()
            gone |= {near[0], i}
    amounts[:] = [amount for amount, j in zip(amounts, at, strict=True) if j not in gone]
    return [word for i, word in enumerate(said) if i not in gone], days


def _weekdays(said: list[str], said_on: date) -> list[date]:
    names = {fold(name): n for n, day in enumerate(_tree()["weekdays"]) for name in day}
    near = {fold(name): n for n, which in enumerate(("today", "tomorrow")) for name in _tree()[which]}
    found: list[date] = []
    for i, word in enumerate(said):
        if (word not in names and word not in near) or _was(said[:i], said[i + 1 :]):
            continue
        ahead = near[word] if word in near else (names[word] - said_on.weekday()) % 7 or 7
        found.append(said_on + timedelta(days=ahead))
    return found


def _was(before: list[str], behind: list[str]) -> bool:
    """Whether the words around a day say that it is not this one any more."""
    front = f" {' '.join(before[-3:])} "
    return _pattern("not_this_day", r"$").search(front) is not None or (
        _pattern("not_that_day", "", r"^").search(f" {' '.join(behind[:3])} ") is not None
    )


def _by(line: str) -> bool:
    """ "by 500": the number is a difference; "de 2600 à 3200" and "em vez de 2000" are none."""
    return bool(
        re.search(rf"(?<! vez)(?<! lugar)(?<! lieu) {_any('by')} # (?!(?:\S+ )?a #)", line)
        or re.search(rf" # (?:\S+ )?(?:\S+ )?{_any('by_behind')} ", line)
    )


def _says(name: str, line: str) -> bool:
    return _pattern(name).search(line) is not None


@cache
def _pattern(name: str, behind: str = "", before: str = "") -> re.Pattern[str]:
    return re.compile(rf"{before} {_any(name)} {behind}")


@cache
def _any(name: str) -> str:
    lists: Mapping[str, list[str]] = _tree()[name]
    words = {" ".join(fold(word) for word in said.split()) for listed in lists.values() for said in listed}
    either = (re.escape(word).replace(r"\*", r"\S*") for word in sorted(words, key=len)[::-1])
    return f"(?:{'|'.join(either)})"


@cache
def _tree() -> Mapping[str, Any]:
    tree: Mapping[str, Any] = our_yaml(WORDS.read_text("utf-8"))
    return tree
