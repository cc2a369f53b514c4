"""What whoever runs the service asks it: is it alive, is it ready, how much waits, what can the API do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import anyio
import structlog
from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import generate_latest
from sqlalchemy import select

from bot.web.access import Looking, linecall
from bot.web.documents import Alive, Ready
from bot.web.gauges import registry_of
from bot.web.rendering import page

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)
routes = APIRouter()

NEEDED = ("database", "disk", "alive")  # without one of these nothing goes on
PATIENCE = 5.0  # seconds that a probe waits for the database
LEAST_DISK = 50 * 1024 * 1024  # bytes; below it SQLite may soon refuse a message


@routes.get("/health", response_model=Alive, summary="Whether the process answers")
async def health() -> dict[str, bool]:
    """Liveness: nothing is asked of anybody else."""
    return {"alive": True}


@routes.get(
    "/ready",
    summary="Whether messages are stored, read and chased; 503 with what is not well",
    response_model=Ready,
    responses={503: {"model": Ready}},
)
async def ready(request: Request) -> JSONResponse:
    """The truth, part by part; whoever balances load or pages somebody looks at the status alone.

    Without ERP people are still heard, told and chased, and its postings wait: that is `degraded`, and no reason to
    send anybody's messages elsewhere or to start the service again.
    """
    app = linecall(request)
    parts: dict[str, Any] = {"database": False, "disk": False}
    with anyio.move_on_after(PATIENCE):
        parts["database"] = await to_thread.run_sync(_writable, app, abandon_on_cancel=True)
    parts["disk"] = _disk(app)
    if parts["database"]:
        parts |= await to_thread.run_sync(app.ready)
    well = all(parts.get(name) is True for name in NEEDED)
    return JSONResponse({"ready": well, **parts}, 200 if well else 503)


@routes.get(
    "/metrics",
    summary="Prometheus: how much waits, and for how long; counts only",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def prometheus(request: Request, _: Looking) -> PlainTextResponse:
    """The text format 0.0.4; `docs/operate.md` says what each means."""
    text = generate_latest(registry_of(linecall(request), request.app.state.requests))
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")


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
    answers = [status for status in call.get("responses", {}) if status.startswith("2")]
    return {
        "verb": verb.upper(),
        "path": path,
        "summary": call.get("summary", ""),
        "detail": call.get("description", ""),
        "parts": parts,
        "answers": answers,
    }
