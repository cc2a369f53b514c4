"""The picture beside an answer, drawn from the very facts that its words are made of: both always say the same.

It is drawn when it is sent or looked at and kept nowhere. What it shows stands in the text too, for whoever cannot see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from bot import pictures
from bot.facts import as_words, clocks
from bot.wording import Voice
from workflow.case import Notice

log = structlog.get_logger()

FEWEST = 2  # of bars, weeks, shifts; one alone is no picture
FEWEST_TIMES = 3
PICTURED = ("answer.causes", "answer.within", "answer.downtime", "answer.metrics", "answer.compared", "answer.case")


def has_picture(notice: Notice) -> bool:
    """Whether there is something to draw beside the words of a notice."""
    return _drawer(notice) is not None


def drawn(notice: Notice, voice: Voice, *, dark: bool = False) -> bytes | None:
    """The picture as PNG, 1080 dots wide, for a reader; None where the notice has none. It never stops a message."""
    draw = _drawer(notice)
    if draw is None:
        return None
    if voice.language == "hi-Deva":
        voice = replace(voice, language="hi")  # the picture's letters are Latin; the text beside it says it in its own
    try:
        return draw(notice.facts, voice, dark)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        log.warning("picture.not_drawn", notice=notice.name)
        return None


def _drawer(notice: Notice) -> Callable[[Mapping[str, Any], Voice, bool], bytes] | None:
    facts = notice.facts
    match notice.name:
        case "answer.causes" if len(facts.get("causes") or ()) >= FEWEST:
            return _pareto
        case "answer.within" if len(facts.get("fixes") or ()) >= FEWEST:
            return _pareto
        case "answer.downtime" if len(_shifts_of(facts)) >= FEWEST:
            return _heat
        case "answer.metrics" | "answer.compared" if len(facts.get("weeks") or ()) >= FEWEST:
            return _weeks
        case "answer.case" if len(facts.get("times") or ()) >= FEWEST_TIMES:
            return _timeline
    return None


def _shifts_of(facts: Mapping[str, Any]) -> set[str]:
    return {one["shift"] for row in facts.get("stood") or () for one in row.get("shifts") or ()}


def _pareto(facts: Mapping[str, Any], voice: Voice, dark: bool) -> bytes:
    rows = facts.get("causes") or facts["fixes"]
    by_minutes = any(row.get("minutes") for row in rows)
    names = [said.get("fixed_by") or said["what"] for said in (as_words(row, voice) for row in rows)]
    bars = [
        pictures.Bar(name, float(row["minutes"] or 0) if by_minutes else float(row["n"]))
        for name, row in zip(names, rows, strict=True)
    ]
    total = float((facts.get("down") or {}).get("minutes") or 0) if by_minutes else float(facts.get("n") or 0)
    title = f"{voice.say('page.figures.causes')}\n{as_words(facts, voice)['period']}"
    return pictures.pareto(title, bars, voice.say("page.unit.minute") if by_minutes else "×", total=total, dark=dark)


def _heat(facts: Mapping[str, Any], voice: Voice, dark: bool) -> bytes:
    there = _shifts_of(facts)
    shifts = [shift.id for shift in voice.plant.shifts if shift.id in there]
    rows = [
        [next((s["minutes"] for s in row.get("shifts") or () if s["shift"] == name), 0.0) for name in shifts]
        for row in facts["stood"]
    ]
    lines = [as_words({"counted_of": row["counted_of"]}, voice)["counted_of"] for row in facts["stood"]]
    title = f"{voice.say('page.figures.heat')}\n{as_words(facts, voice)['period']}"
    return pictures.heat(title, lines, shifts, rows, dark=dark)


def _weeks(facts: Mapping[str, Any], voice: Voice, dark: bool) -> bytes:
    rows = [
        pictures.Week(voice.short_date(row["week"]), float(row["minutes"]), float(row["p90"])) for row in facts["weeks"]
    ]
    words = voice.say("page.figures.median"), voice.say("page.figures.p90")
    return pictures.weeks(voice.say("page.figures.weeks"), rows, voice.say("page.unit.minute"), *words, dark=dark)


def _timeline(facts: Mapping[str, Any], voice: Voice, dark: bool) -> bytes:
    marks = [
        pictures.Mark(voice.say(f"page.record.{one['mark']}"), datetime.fromisoformat(one["at"]), at)
        for one, at in zip(facts["times"], clocks(facts["times"], voice), strict=True)
    ]
    said = as_words(facts, voice)
    return pictures.timeline(f"{facts['case']} {said['what']}", marks, dark=dark)
