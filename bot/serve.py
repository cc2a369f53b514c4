"""The service: the web door in front, the engine behind it, both down in good order."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import structlog
import uvicorn

from bot.app import App
from bot.engine import Engine, Lane
from bot.web import WebServer, create_web
from db import postings
from integrations.erp.import_stand_in import ImportStandIn

log = structlog.get_logger()


def serve(app: App) -> None:
    """Run until a signal says otherwise; rounds in flight are finished before the database is let go."""
    with ExitStack() as stack:
        stack.callback(app.close)
        engine = stack.enter_context(Engine(app))
        app.alive = engine.alive
        if app.config.play and app.config.erp == "plant_folder" and app.config.plant is not None:
            _play_erp(app, engine)
        server = WebServer(
            uvicorn.Config(
                create_web(app),
                host=app.config.host,
                port=app.config.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=5,
            )
        )
        asyncio.run(server.serve())


def _play_erp(app: App, engine: Engine) -> None:
    """Where anyone may play anyone, the ERP's import is played too: it answers what was posted within a second."""
    assert app.config.plant is not None
    stand_in = ImportStandIn(app.config.data / "erp", app.config.plant)
    lane = Lane("erp_stand_in", lambda a: _take_in(a, stand_in), app)
    engine.add(lane, seconds=1)


def _take_in(app: App, stand_in: ImportStandIn) -> int:
    taken = stand_in.take_in(app.clock.now())
    if taken:
        with app.database.write() as tx:
            postings.release_backoff(tx, app.clock.now())
        app.ring("postings")
    return 0
