"""The plants of a group side by side under the figures: fetched after the page, so that nobody waits for a plant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from bot.answers.behind import Listing, standing
from bot.answers.groups import one_group
from bot.answers.periods import period_of
from bot.answers.rights import only_lines
from bot.web.access import Looking, linecall
from bot.web.cut import Period
from bot.web.figure_rows import row_of
from bot.web.rendering import page
from bot.web.words import clock, minutes_words, voice_for
from db import figures, stops
from db.figure_rows import Which

if TYPE_CHECKING:
    from bot.group import There, Told
    from bot.wording import Voice

routes = APIRouter(include_in_schema=False)
Counted = tuple[Which, figures.Group | None, float]  # the period, its figures, minutes down


@routes.get("/figures/plants")
def plants(request: Request, caller: Looking, period: Period = "this_week") -> HTMLResponse:
    """Each plant with its own figures of its own period, for a person who is known there; nothing is added up."""
    app = linecall(request)
    voice = voice_for(app, caller.person)
    person = app.plant.person.get(caller.person or "")
    rows: list[dict[str, Any]] = []
    if person is not None and app.group.members:
        told = app.group.ask(app, person, [None, *app.group.members], lambda there: _counted(there, period))
        rows = [_row(one, voice) for one in told]
    names = {name: voice.say(f"figure.{name}") for name in (*figures.FIGURES, "first_pass")}
    return page(request, "_plants.html", {"plants": rows, "period": period, "named": names})


def _counted(there: There, period: Period) -> Counted:
    start, end = period_of(period, None, there.world.plant, there.world.now)
    which = Which(start, end or there.world.now, lines=only_lines(there.asker))
    stood = stops.stood(there.tx, which, "line", standing(there.tx, which, there.asker, there.world))
    return which, one_group(there.tx, which), sum(one.minutes for one in stood)


def _row(told: Told[Counted], voice: Voice) -> dict[str, Any]:
    row = {
        "name": told.name,
        "page": None if told.ours else told.page,
        "span": "",
        "why": "",
        "whole": None,
        "down": "",
    }
    if told.said is None or told.plant is None:
        return row | {"why": voice.say(f"site_why.{told.silent or 'away'}")}
    which, group, minutes = told.said
    there = replace(voice, plant=told.plant)
    row["span"] = f"{clock(there, which.since, voice.now)} – {clock(there, which.until, voice.now)}"
    if group is None:
        return row
    listing = Listing(since=which.since, until=which.until) if told.ours or told.page else None
    whole = row_of("", group, None, listing, there, "" if told.ours else told.page or "")
    return row | {"whole": whole, "down": " ".join(minutes_words(minutes, voice))}
