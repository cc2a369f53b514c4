"""Every refusal as one small JSON document, or one friendly page, that says what to do; never a traceback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException

from bot.facts import as_words
from bot.web.rendering import page
from bot.web.words import voice_for
from db.connect import Stale
from workflow.errors import LinecallError, Refused

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)

NOT_NOW = "Linecall cannot reach its database at this moment. Nothing was stored: please send it again in a minute."


class Refusal(BaseModel):
    """What is answered instead."""

    error: str = Field(description="a short code for programs")
    message: str = Field(description="what to do, for a person")


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "the API token, or a sign-in, is needed"},
    403: {"model": Refusal, "description": "not for who asks"},
    422: {"model": Refusal, "description": "what was sent cannot be used; the message names it"},
    503: {"model": Refusal, "description": "the database cannot be reached; send it again in a minute"},
}

_MORE = {
    404: "there is none, or none for who asks",
    409: "it cannot be done as things stand; the message says why",
    410: "it is not there any more",
    413: "more than one message or file holds",
    415: "a kind of file that is not taken",
    429: "too many in a short time",
}


def refuses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a call answers instead besides what every call may, for its description."""
    return {status: {"model": Refusal, "description": _MORE[status]} for status in statuses}


class Declined(LinecallError):
    """A request that is refused: HTTP status, a short code for programs, and a sentence for a person."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message


# What a rule of the house says no to: HTTP status and code for programs.
NO: Mapping[str, tuple[int, str]] = {
    "book.not_yours": (403, "not_your_role"),
    "left_over.not_yours": (403, "not_your_role"),
    "book.unknown": (409, "outcome_unknown"),
    "book.taken": (409, "outcome_unknown"),
    "book.confirmed": (409, "confirmed"),
}


@contextmanager
def in_words(app: App, person: str | None) -> Iterator[None]:
    """A refusal by the plant's rules becomes one of the door, in the language of whoever asked."""
    try:
        yield
    except Refused as no:
        voice = voice_for(app, person)
        status, code = NO.get(no.name, (409, "refused"))
        raise Declined(status, code, voice.say(f"refused.{no.name}", **as_words(no.facts, voice))) from no


def answer_errors(web: FastAPI) -> None:
    """Register what is answered when a request cannot be served."""
    web.add_exception_handler(Declined, _declined)
    web.add_exception_handler(RequestValidationError, _invalid)
    web.add_exception_handler(HTTPException, _http)
    web.add_exception_handler(SQLAlchemyError, _database)
    web.add_exception_handler(OSError, _machine)
    web.add_exception_handler(Stale, _machine)
    web.add_exception_handler(Exception, _bug)


def refusal(request: Request, status: int, error: str, message: str) -> Response:
    """`{"error", "message"}` for programs; for a person at a browser's address line a page that says the same."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": "5"} if status == 503 else {}
    if _is_a_page(request):
        response = page(request, "refused.html", {"status": status, "message": message, "error": error}, status)
        response.headers.update(headers)
        return response
    return JSONResponse({"error": error, "message": message}, status, headers)


def _is_a_page(request: Request) -> bool:
    asks_for_html = "text/html" in request.headers.get("accept", "")
    return asks_for_html and not request.url.path.startswith(("/api/", "/hooks/", "/static/"))


async def _declined(request: Request, error: Exception) -> Response:
    assert isinstance(error, Declined)
    return refusal(request, error.status, error.error, error.message)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refusal(request, 422, *_first_problem(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            return refusal(request, 404, "not_found", "There is nothing at this address. /docs lists what there is.")
        case 405:
            allowed = (error.headers or {}).get("Allow", "another method")
            response = refusal(request, 405, "wrong_method", f"This address answers to {allowed}.")
            response.headers["Allow"] = allowed
            return response
        case 400:
            return refusal(request, 400, "bad_request", "The request could not be read. Send a JSON document in UTF-8.")
        case status:
            return refusal(request, status, "refused", str(error.detail))


async def _database(request: Request, error: Exception) -> Response:
    if isinstance(error, DataError | IntegrityError):
        return await _bug(request, error)
    log.error("web.database", path=_route(request), error=type(error).__name__)
    return refusal(request, 503, "not_now", NOT_NOW)


async def _machine(request: Request, error: Exception) -> Response:
    log.error("web.machine", path=_route(request), error=type(error).__name__)
    return refusal(request, 503, "not_now", NOT_NOW)


async def _bug(request: Request, error: Exception) -> Response:
    log.error("web.bug", path=_route(request), exc_info=error)
    return refusal(
        request, 500, "internal", "Something went wrong inside Linecall. It is in the log of the service; try again."
    )


def _route(request: Request) -> str:
    """The address without what was filled in: people and keys are no business of the log."""
    return str(getattr(request.scope.get("route"), "path", request.url.path.split("/")[1:2]))


def _first_problem(problems: Sequence[Any]) -> tuple[str, str]:
    problem = problems[0]
    where = ".".join(str(part) for part in problem["loc"][1:] if not isinstance(part, int))
    match problem["type"]:
        case "json_invalid":
            return "bad_json", "The body is not valid JSON. Send one JSON object in UTF-8."
        case "missing" if not where:
            return "empty_body", 'The body is empty. Send a JSON object such as {"person": "…", "text": "…"}.'
        case "missing":
            return "missing", f"`{where}` is missing."
        case "extra_forbidden":
            return "unknown_field", f"`{where}` is not known here."
        case "model_attributes_type" | "dict_type":
            return "bad_json", "The body has to be a JSON object, sent as `Content-Type: application/json`."
        case _:
            said = str(problem["msg"]).removeprefix("Value error, ")
            return "invalid", f"`{where}`: {said}" if where else said
