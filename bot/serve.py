"""The service: the web door in front, the engine behind it, both down in good order."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import structlog
import uvicorn

from bot.app import App
from bot.engine import SHARED, Engine, Lane, Part
from bot.web import WebServer, create_web
from db import posting_waits
from integrations.erp.import_stand_in import ImportStandIn

log = structlog.get_logger()


SWITCHES = 0.001  # seconds that a busy thread keeps the others waiting; Python's own 5 ms add up at every hand-over


def serve(app: App, part: Part = "all") -> None:
    """Run until a signal says otherwise; rounds in flight are finished before the database is let go."""
    sys.setswitchinterval(SWITCHES)
    with ExitStack() as stack:
        stack.callback(app.close)
        engine = stack.enter_context(Engine(app, part))
        app.alive = engine.alive
        if (
            part in ("all", "web")
            and app.config.play
            and app.config.erp == "plant_folder"
            and app.config.plant is not None
        ):
            _play_erp(app, engine)
        asyncio.run(_server(app, app.config.host, app.config.port).serve())


def work(app: App, port: int | None = None) -> None:
    """Rounds alone, woken by the other processes of this plant; with a port also `/health`, `/ready`, `/metrics`."""
    from bot import wakes

    with ExitStack() as stack:
        stack.callback(app.close)
        engine = stack.enter_context(Engine(app, "rounds"))
        app.alive = engine.alive
        if port is not None:
            stack.enter_context(_probes(app, port))
        asyncio.run(wakes.work(app.database, engine.drain, lanes=len(SHARED)))


def _server(app: App, host: str, port: int) -> WebServer:
    return WebServer(
        uvicorn.Config(
            create_web(app),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )


@contextmanager
def _probes(app: App, port: int) -> Iterator[None]:
    """The door in a thread of its own, for whoever asks a worker how it is."""
    server = _server(app, app.config.host, port)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="linecall-probes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


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
            posting_waits.release_backoff(tx, app.clock.now(), tuple(app.erp.kinds))
        app.ring("postings")
    return 0
