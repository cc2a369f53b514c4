"""What whoever runs the service asks it: is it alive, is it ready, how much waits, what can the API do."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import TYPE_CHECKING, Any

import anyio
import structlog
from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from sqlalchemy import select

from bot.web.access import Looking, linecall
from bot.web.rendering import page
from db import cases, inbox, outbox, postings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.app import App

log = structlog.get_logger(__name__)
routes = APIRouter()

PATIENCE = 5.0  # seconds that a probe waits for the database
LEAST_DISK = 50 * 1024 * 1024  # bytes; below it SQLite may soon refuse a message


@routes.get("/health", summary="Whether the process answers")
async def health() -> dict[str, bool]:
    """Liveness: nothing is asked of anybody else."""
    return {"alive": True}


@routes.get("/ready", summary="Whether messages are stored, read, chased and posted; 503 with what is not well")
async def ready(request: Request) -> JSONResponse:
    """The truth, part by part; whoever balances load or pages somebody looks at the status alone."""
    app = linecall(request)
    parts: dict[str, Any] = {"database": False, "disk": False}
    with anyio.move_on_after(PATIENCE):
        parts["database"] = await to_thread.run_sync(_writable, app, abandon_on_cancel=True)
    parts["disk"] = _disk(app)
    if parts["database"]:
        parts |= await to_thread.run_sync(app.ready)
    well = all(value for value in parts.values() if isinstance(value, bool))
    return JSONResponse({"ready": well, **parts}, 200 if well else 503)


@routes.get(
    "/metrics", summary="Prometheus: how much waits, and for how long; counts only", response_class=PlainTextResponse
)
def prometheus(request: Request, _: Looking) -> PlainTextResponse:
    """The text format 0.0.4."""
    return PlainTextResponse("".join(_samples(linecall(request))), media_type="text/plain; version=0.0.4")


@routes.get("/openapi.json", include_in_schema=False)
def openapi(request: Request, _: Looking) -> JSONResponse:
    """The API, for programs."""
    return JSONResponse(request.app.openapi())


@routes.get("/docs", include_in_schema=False)
def docs(request: Request, _: Looking) -> HTMLResponse:
    """The API, for people: a page of its own, since nothing is loaded from elsewhere."""
    schema = request.app.openapi()
    app = linecall(request)
    access = (
        "Send the API token as `Authorization: Bearer …`."
        if app.config.api_token
        else "No LINECALL_API_TOKEN is set: the API answers on this machine only."
    )
    calls = [_call(verb, path, call, schema) for path, verbs in schema["paths"].items() for verb, call in verbs.items()]
    facts = {"intro": schema["info"]["description"], "version": schema["openapi"], "calls": calls, "access": access}
    return page(request, "docs.html", facts)


def _writable(app: App) -> bool:
    try:
        with app.database.write() as tx:
            tx.execute(select(1))
    except Exception as error:
        log.warning("ready.database", error=type(error).__name__)
        return False
    return True


def _disk(app: App) -> bool:
    try:
        return shutil.disk_usage(app.config.data).free > LEAST_DISK
    except OSError:
        return False


def _samples(app: App) -> Iterator[str]:
    now = app.clock.now()
    with app.database.read() as tx:
        unread = inbox.unhandled_count(tx)
        oldest_unread = inbox.due(tx, now, 1)
        unsent = outbox.unsent_count(tx)
        oldest_unsent = outbox.waiting(tx, 1)
        set_aside = len(inbox.poisoned(tx, 1000))
        on_floor = [case for case in cases.open_cases(tx) if case.is_open]
        owed = postings.find(tx)
    states: dict[str, int] = {}
    for status in owed:
        states[status.state] = states.get(status.state, 0) + 1
    waiting = [s.owed_since for s in owed if s.state in ("due", "waiting", "failed") and s.owed_since is not None]
    unanswered = [t.asked_at for case in on_floor for t in case.tasks if t.waits_for_acknowledgement]
    yield from _gauge("linecall_inbox_unhandled", "Messages stored and not handled yet", unread)
    yield from _gauge(
        "linecall_inbox_oldest_seconds",
        "Age of the oldest of them",
        _oldest([r.received_at for r in oldest_unread], now),
    )
    yield from _gauge("linecall_inbox_set_aside", "Messages that could not be handled", set_aside)
    yield from _gauge("linecall_exceptions_open", "Exceptions still to be solved on the floor", len(on_floor))
    stopped = sum(case.line_stopped is True for case in on_floor)
    yield from _gauge("linecall_exceptions_line_stopped", "Open exceptions that stop a line", stopped)
    yield from _gauge("linecall_tasks_unanswered", "Functions asked that have not answered", len(unanswered))
    yield from _gauge("linecall_tasks_unanswered_oldest_seconds", "Age of the oldest", _oldest(unanswered, now))
    yield from _gauge("linecall_outbox_due", "Notices not sent yet", unsent)
    yield from _gauge(
        "linecall_outbox_oldest_seconds",
        "Age of the oldest of them",
        _oldest([told.created_at for told in oldest_unsent], now),
    )
    yield "# HELP linecall_postings ERP transactions by state\n# TYPE linecall_postings gauge\n"
    for state, count in sorted(states.items()):
        yield f'linecall_postings{{state="{state}"}} {count}\n'
    yield from _gauge(
        "linecall_postings_oldest_seconds", "Age of the oldest that ERP has not taken", _oldest(waiting, now)
    )


def _gauge(name: str, what: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {what}\n# TYPE {name} gauge\n{name} {value:g}\n"


def _oldest(since: list[datetime], now: datetime) -> float:
    return max(0.0, (now - min(since)).total_seconds()) if since else 0.0


def _call(verb: str, path: str, call: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    parts = [
        {
            "name": part["name"],
            "where": part["in"],
            "required": part.get("required", False),
            "what": part.get("description", ""),
        }
        for part in call.get("parameters", [])
    ]
    body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    for one in (body, *body.get("anyOf", [])):
        name = one.get("$ref", "").rsplit("/", 1)[-1]
        model = schema.get("components", {}).get("schemas", {}).get(name, {})
        for field, about in model.get("properties", {}).items():
            required = field in model.get("required", [])
            parts.append({"name": field, "where": "body", "required": required, "what": about.get("description", "")})
    answers = [status for status in call.get("responses", {}) if status != "422"]
    return {
        "verb": verb.upper(),
        "path": path,
        "summary": call.get("summary", ""),
        "detail": call.get("description", ""),
        "parts": parts,
        "answers": answers,
    }
