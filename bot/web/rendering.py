"""Pages from templates: autoescaped, in the plant's time, with what every page needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

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


def page(request: Request, template: str, facts: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """A whole page or a fragment of one."""
    plant = getattr(getattr(request.app.state, "linecall", None), "plant", None) if "app" in request.scope else None
    known = {"plant_name": plant.name if plant else "Linecall", "path": request.url.path}
    return HTMLResponse(_templates().get_template(template).render(known | dict(facts)), status)
