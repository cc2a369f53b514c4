"""Pages from templates: autoescaped, in the plant's time, with what every page needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.exc import SQLAlchemyError

from bot.web.sign_in import COOKIE, read_session
from bot.web.words import clock, voice_for
from bot.wording import FALLBACK, Voice, word

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["static"] = static_url
    return templates


@cache
def static_url(name: str) -> str:
    """The address of a file in `static/`, which changes with its content so that a browser may keep it for ever."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


def reader(request: Request) -> Voice | None:
    """Who looks: a signed-in person, else the plant; None before the program is there to ask."""
    app = getattr(request.app.state, "linecall", None) if "app" in request.scope else None
    if app is None:
        return None
    try:
        session = read_session(app, request.cookies.get(COOKIE))
    except (OSError, SQLAlchemyError):  # a page that says what went wrong must not go wrong itself
        session = None
    return voice_for(app, session.person if session is not None else None)


def frame(voice: Voice) -> dict[str, Any]:
    """What a live page knows beside its own facts: whose clock it shows, and what time it is."""
    zone, now = voice.plant.timezone, voice.now.astimezone(UTC).isoformat()
    return {"zone": zone, "now": now, "clock": clock(voice, voice.now)}


def page(request: Request, template: str, facts: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A whole page or a fragment of one, in the language of who looks; `say` and `count` give its words."""
    voice = reader(request)
    language = voice.language if voice is not None else FALLBACK

    def say(name: str, **said: object) -> str:
        return word(language, f"page.{name}", **{fact: str(value) for fact, value in said.items()})

    def count(name: str, n: int) -> str:
        return voice.count(f"page.{name}", n) if voice is not None else say(name, n=n)

    known = {
        "plant_name": voice.plant.name if voice is not None else "Linecall",
        "path": request.url.path,
        "sees_people": getattr(request.state, "sees_people", False),
        "language": language,
        "say": say,
        "count": count,
    }
    return HTMLResponse(_templates().get_template(template).render(known | dict(facts)), status)
