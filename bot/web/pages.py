"""The pages that people see: chat, board, one exception, sign-in; and the fragments that keep them current."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from bot.web import sign_in
from bot.web.access import Caller, Looking, is_token, known_person, linecall, must_be
from bot.web.board import board_now
from bot.web.chat import MOST_COLUMNS, column_of, first_columns, next_person
from bot.web.errors import Declined
from bot.web.record import record_of
from bot.web.rendering import frame, page
from bot.web.said import said_about
from bot.web.sight import case_for, sight_of
from bot.web.words import voice_for

routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@routes.get("/")
def front(caller: Looking, line: str | None = None) -> RedirectResponse:
    """Whoever may speak lands in the chat, a screen on the wall at the board; `/?line=L3` is for one at a line."""
    if line:
        return RedirectResponse(f"/board?{urlencode({'line': line})}", 303)
    return RedirectResponse("/chat" if caller.play or caller.person else "/board", 303)


@routes.get("/chat")
def chat(
    request: Request, caller: Looking, with_: Annotated[list[str] | None, Query(alias="with")] = None
) -> HTMLResponse:
    """Play any person side by side; without the play mode one's own conversation alone."""
    app = linecall(request)
    playing = caller.play or caller.token
    if not playing and caller.person is None:
        raise Declined(
            403,
            "not_signed_in",
            "Nobody is signed in here. `linecall sign-in PERSON` prints a link for one person; "
            "LINECALL_PLAY=1 lets anyone at this page play any person.",
        )
    now = app.clock.now()
    wanted = [person for person in dict.fromkeys(with_ or ()) if person in app.plant.person][:MOST_COLUMNS]
    if not playing:
        assert caller.person is not None
        wanted = [caller.person]
    shown = wanted or first_columns(app.plant, app.records, now)
    voice = voice_for(app, caller.person)
    with app.database.read() as tx:
        columns = [column_of(tx, app.plant.person[person], slot, voice) for slot, person in enumerate(shown, 1)]
    return page(request, "chat.html", frame(voice) | {"columns": columns, "playing": playing})


@routes.get("/chat/column")
def chat_column(
    request: Request,
    caller: Looking,
    slot: Annotated[int, Query(ge=0, le=10_000)],
    person: str | None = None,
    shown: Annotated[list[str] | None, Query()] = None,
) -> HTMLResponse:
    """One more column, of a person or of whoever is sensible next."""
    app = linecall(request)
    who = known_person(app, person) if person else next_person(app.plant, app.clock.now(), shown or ())
    must_be(caller, who)
    voice = voice_for(app, caller.person)
    with app.database.read() as tx:
        column = column_of(tx, who, slot, voice)
    return page(request, "_column.html", {"column": column, "playing": caller.play or caller.token})


@routes.get("/chat/{person}/messages")
def chat_messages(
    request: Request, caller: Looking, person: str, slot: Annotated[int, Query(ge=0, le=10_000)]
) -> HTMLResponse:
    """The bubbles of one column."""
    app = linecall(request)
    who = known_person(app, person)
    must_be(caller, who)
    voice = voice_for(app, caller.person)
    with app.database.read() as tx:
        column = column_of(tx, who, slot, voice)
    return page(request, "_messages.html", {"column": column})


@routes.get("/board")
def board(request: Request, caller: Looking, line: str | None = None) -> HTMLResponse:
    """What is open, who has it, what is late, what ERP has not taken; of one line where a screen stands there."""
    return page(request, "board.html", _board(request, caller, line))


@routes.get("/board/now")
def board_fragment(request: Request, caller: Looking, line: str | None = None) -> HTMLResponse:
    """The board's content."""
    return page(request, "_board.html", _board(request, caller, line))


@routes.get("/cases/{number}")
def record(request: Request, caller: Looking, number: str) -> HTMLResponse:
    """One exception."""
    return page(request, "case.html", _record(request, caller, number))


@routes.get("/cases/{number}/now")
def record_fragment(request: Request, caller: Looking, number: str) -> HTMLResponse:
    """One exception's content."""
    return page(request, "_case.html", _record(request, caller, number))


@routes.get("/sign-in")
def sign_in_page(request: Request, token: str | None = None) -> HTMLResponse:
    """Looking at a link does not use it up: chats fetch links to show a preview."""
    return _sign_in_page(request, link=token)


@routes.post("/sign-in", response_model=None)
def sign_in_here(
    request: Request, link: Annotated[str | None, Form()] = None, key: Annotated[str | None, Form()] = None
) -> HTMLResponse | RedirectResponse:
    """Use up a link, or enter the API token, and get a cookie for it."""
    app = linecall(request)
    if link:
        session = sign_in.take_link(app, link)
        if session is None:
            return _sign_in_page(request, problem="used", status=403)
        return _signed_in(request, session, "/chat")
    if key and is_token(app, key):
        return _signed_in(request, sign_in.Session("token"), "/board")
    return _sign_in_page(request, problem="wrong_token", status=401)


@routes.post("/sign-out", response_model=None)
def sign_out() -> RedirectResponse:
    """Forget who sits here."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(sign_in.COOKIE)
    return response


def _board(request: Request, caller: Caller, wanted: str | None) -> dict[str, Any]:
    app = linecall(request)
    voice = voice_for(app, caller.person)
    line = next((line for line in app.plant.line if line.casefold() == wanted.casefold()), None) if wanted else None
    if wanted and line is None:  # a board that knows no such line would say that nothing is open there
        known = ", ".join(app.plant.line)
        raise Declined(404, "unknown_line", voice.say("page.declined.no_such_line", lines=known))
    with app.database.read() as tx:
        return frame(voice) | {"board": board_now(app, tx, voice, sight_of(app, caller), line)}


def _record(request: Request, caller: Caller, number: str) -> dict[str, Any]:
    app = linecall(request)
    voice = voice_for(app, caller.person)
    with app.database.read() as tx:
        case = case_for(app, tx, caller, number)
        found = record_of(tx, case, voice)
        # A machine at which nobody has signed in reads nobody's messages: it does not in the chat either.
        known = caller.person is not None or caller.token or caller.play
        said = said_about(tx, case, sight_of(app, caller), voice) if known else ()
    return frame(voice) | {"case": found, "conversation": said}


def _sign_in_page(
    request: Request, link: str | None = None, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    app = linecall(request)
    facts = {
        "link": link,
        "problem": problem,
        "has_token": app.config.api_token is not None,
        "example": app.plant.people[0].id if app.plant.people else "PERSON",
    }
    return page(request, "sign_in.html", facts, status)


def _signed_in(request: Request, session: sign_in.Session, then: str) -> RedirectResponse:
    config = linecall(request).config
    response = RedirectResponse(then, 303)
    # Behind a proxy that speaks TLS, this service itself hears plain HTTP: the public address tells.
    secure = request.headers.get("origin", "").startswith("https://") or request.url.scheme == "https"
    response.set_cookie(
        sign_in.COOKIE,
        sign_in.session_cookie(config, session),
        max_age=sign_in.SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return response
