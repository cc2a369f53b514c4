"""The web door put together: what is served where, and what stands in front of it."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from bot.web import (
    api,
    cases_api,
    cases_page,
    exports,
    figures_page,
    hooks,
    improve_page,
    live,
    operate,
    pages,
    people,
    plants_page,
    queue,
    rules_page,
    search,
    triage,
    upload,
)
from bot.web.door import Door
from bot.web.errors import REFUSALS, answer_errors
from bot.web.gauges import Requests, Timed
from bot.web.live import Live
from bot.web.rendering import STATIC

if TYPE_CHECKING:
    from bot.app import App


def create_web(app: App) -> FastAPI:
    """The ASGI application that serves the API and the pages of one plant."""

    web = FastAPI(
        title="Linecall",
        version="1",
        description="Exceptions of one plant: reported, routed, chased, resolved and posted to ERP.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    web.state.linecall = app
    web.state.live = Live(app)
    answer_errors(web)
    of_figures, of_rules = (cases_page, figures_page, exports, plants_page), (rules_page, improve_page)
    of_api = (hooks, upload, api, cases_api, live, operate)
    for part in (*of_api, pages, *of_figures, queue, search, people, *of_rules, triage):
        web.include_router(part.routes, responses=REFUSALS)
    web.mount("/static", Static(directory=STATIC))
    web.state.requests = Requests()
    web.add_middleware(Timed, requests=web.state.requests)
    web.add_middleware(Door, config=app.config, most_bytes=upload.most_bytes)
    return web


class WebServer(uvicorn.Server):
    """A server that ends the live streams before it waits for its connections: open pages never delay a stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals while it serves, and no more: uvicorn raises them again and would end us at once."""
        if threading.current_thread() is not threading.main_thread():  # a test's: there, no signal can be taken
            yield
            return
        before = {kind: signal.signal(kind, self.handle_exit) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, end the streams, finish what is being answered."""
        web = self.config.app
        if isinstance(web, FastAPI):
            await web.state.live.close()
        await super().shutdown(sockets)


class Static(StaticFiles):
    """Files whose address changes with their content, so that a browser keeps them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; for ever where its address carries its hash."""
        response = await super().get_response(path, scope)
        keep = "public, max-age=31536000, immutable" if b"v=" in scope["query_string"] else "no-cache"
        response.headers["Cache-Control"] = keep
        return response
