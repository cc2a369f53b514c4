"""Figures as rows of a page: each number with how many stand behind it, its list, and what it was before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.answers.groups import verdict_of
from bot.figures_said import FEW
from bot.web.words import minutes_words
from db import figures

if TYPE_CHECKING:
    from bot.answers.behind import Listing, Show
    from bot.wording import Voice
    from db.figures import Group, Spread

NONE = "–"


def row_of(
    name: str, group: Group, then: Group | None, listing: Listing | None, voice: Voice, page: str = ""
) -> dict[str, Any]:
    """The four figures of a line, or of a plant, in words; without a listing numbers that lead nowhere.

    `then`: the same of the period before. `page`: where the lists are, if not here.
    """
    cells = [_time(figure, group, then, voice) for figure in figures.FIGURES]
    cells.append(_rate(group, then, voice))
    for cell in cells:
        cell["list"] = _list(listing, cell["name"], page) if cell["n"] else ""
    return {
        "name": name,
        "n": voice.number(group.n),
        "list": _list(listing, "all", page),
        "before_n": voice.say("page.figures.before_n", n=voice.number(then.n if then is not None else 0)),
        "cells": cells,
        "cases": group.cases,
    }


def past_row(name: str, now: Spread, was: Spread, listing: Listing, voice: Voice) -> dict[str, Any]:
    """The resolution time now and in the time before Linecall."""
    return {
        "name": name,
        "was": _said(was.median, voice),
        "was_p90": _said(was.p90, voice),
        "was_n": _from(was.n, voice),
        "now": _said(now.median, voice),
        "now_p90": _said(now.p90, voice),
        "now_n": _from(now.n, voice),
        "list": _list(listing, "resolution") if now.n else "",
        "verdict": voice.say(f"page.figures.{verdict_of(now.median, now.n, was.median, was.n)}"),
    }


def called(by: str, key: str, voice: Voice) -> str:
    """What stands side by side: a line, a kind, a function, a shift."""
    if not key:
        return voice.say("without_one")
    return key if by == "shift" else voice.line(key) if by == "line" else voice.say(f"{by}.{key}")


def part_of(listing: Listing, by: str, key: str) -> Listing:
    """The part of a listing that stands under this name."""
    match by:
        case "line":
            return replace(listing, line=key)
        case "type":
            return replace(listing, type=key)
        case "role":
            return replace(listing, role=key)
    return replace(listing, shifts=(key,))


def _time(figure: str, group: Group, then: Group | None, voice: Voice) -> dict[str, Any]:
    now = group.spreads[figure]
    was = then.spreads[figure] if then is not None else figures.Spread(None, None, 0)
    return {
        "name": figure,
        "value": _said(now.median, voice),
        "p90": _said(now.p90, voice) if now.n >= FEW else NONE,
        "n": now.n,
        "from": _from(now.n, voice),
        "before": _said(was.median, voice),
        "before_from": _from(was.n, voice),
        "verdict": voice.say(f"page.figures.{verdict_of(now.median, now.n, was.median, was.n)}"),
    }


def _rate(group: Group, then: Group | None, voice: Voice) -> dict[str, Any]:
    now, was = group.rate, then.rate if then is not None else None
    n = then.solved if then is not None else 0
    verdict = verdict_of(now, group.solved, was, n, least=0.005, more_is_better=True)
    return {
        "name": "first_pass",
        "value": voice.percent(now) if now is not None else NONE,
        "p90": NONE,
        "n": group.solved,
        "from": _from(group.solved, voice),
        "before": voice.percent(was) if was is not None else NONE,
        "before_from": _from(n, voice),
        "verdict": voice.say(f"page.figures.{verdict}"),
    }


def _said(minutes: float | None, voice: Voice) -> str:
    return NONE if minutes is None else " ".join(minutes_words(minutes, voice))


def _from(n: int, voice: Voice) -> str:
    return voice.count("page.figures.only" if n < FEW else "page.figures.from", n)


def _list(listing: Listing | None, show: Show, page: str = "") -> str:
    return f"{page}/cases?{replace(listing, show=show).query}" if listing is not None else ""
