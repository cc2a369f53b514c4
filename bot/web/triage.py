"""The page of what came in and led to nothing, for the triage desk: take it again, or put it away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from bot import left_over
from bot.web.access import Caller, Looking, linecall
from bot.web.errors import in_words
from bot.web.rendering import frame, page
from bot.web.words import clock, voice_for
from workflow.case import LINECALL
from workflow.errors import Refused

if TYPE_CHECKING:
    from bot.app import App
    from bot.wording import Voice

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One message, in words."""

    id: int
    at: str
    channel: str
    address: str
    words: str
    why: str
    again: bool


@routes.get("/left-over")
def shown(request: Request, caller: Looking) -> HTMLResponse:
    """What waits, the newest first; its words for the triage desk alone."""
    app = linecall(request)
    voice = voice_for(app, caller.person)
    may = _may(app, caller)
    rows = [_row(one, voice) for one in left_over.listed(app)] if may else []
    return page(request, "left_over.html", frame(voice) | {"rows": rows, "may": may})


@routes.post("/left-over", response_model=None)
def decided(
    request: Request,
    caller: Looking,
    message: Annotated[int, Form()],
    what: Annotated[Literal["again", "away"], Form()],
) -> RedirectResponse:
    """Take one again, or put it away."""
    app = linecall(request)
    by = caller.person or LINECALL
    with in_words(app, caller.person):
        if not _may(app, caller):
            raise Refused("left_over.not_yours")
        (left_over.take_again if what == "again" else left_over.put_away)(app, [message], by)
    return RedirectResponse("/left-over", 303)


def _may(app: App, caller: Caller) -> bool:
    """Who is signed in by their function; the API token and this machine are whoever runs the service."""
    person = app.plant.person.get(caller.person or "")
    return left_over.may(app, person) if person is not None else caller.token or caller.local


def _row(one: left_over.LeftOver, voice: Voice) -> Row:
    message = one.received.message
    if not one.stranger:
        why = voice.say("page.triage.unreadable")
    elif one.person is None:
        why = voice.say("page.triage.nobody")
    else:
        why = voice.say("page.triage.known", who=one.person.name)
    return Row(
        one.received.id, clock(voice, message.sent_at), message.channel, message.sender, one.words, why, one.again
    )
