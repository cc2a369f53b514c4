"""The web door of a plant on a desk: whoever knocks is a client with an address, a Host and what they carry."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from bot.config import Config
from bot.engine import Engine, Lane
from bot.rehearsal import Rehearsal
from bot.web import WebServer, create_web

RIVERSIDE = Path(__file__).resolve().parent.parent.parent / "fixtures" / "plants" / "riverside"
MONDAY_MORNING = datetime(2026, 11, 16, 12, 20, tzinfo=UTC)  # 06:20 in the plant: the day shift is there
BREAKDOWN = "filler on 3 jammed again, line is down"


class Visitor:
    """Somebody at the door, with an address, a Host, headers, and cookies of their own."""

    def __init__(self, web: FastAPI, host: str, address: str, headers: dict[str, str]) -> None:
        transport = httpx.ASGITransport(web, raise_app_exceptions=False, client=(address, 50000))
        self._client = httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers)

    @property
    def cookies(self) -> httpx.Cookies:
        """What the service has given this visitor to carry."""
        return self._client.cookies

    def get(self, path: str, **request: Any) -> httpx.Response:
        """Ask for something."""
        return asyncio.run(self._client.get(path, **request))

    def post(self, path: str, **request: Any) -> httpx.Response:
        """Bring something."""
        return asyncio.run(self._client.post(path, **request))


class OpenDoor(Rehearsal):
    """A rehearsal behind its web door."""

    def __init__(self, data: Path, start: datetime = MONDAY_MORNING, **settings: Any) -> None:
        config = Config(data=data, **{"plant": RIVERSIDE, "play": True, **settings})
        super().__init__(config, start)
        self.web = create_web(self.app)
        self.someone = self.knocks()

    def knocks(self, *, host: str = "localhost:8080", address: str = "127.0.0.1", **headers: str) -> Visitor:
        """Somebody at the door; `X_Forwarded_For=…` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Visitor(self.web, host, address, named)

    def writes(self, person: str, text: str, **more: Any) -> httpx.Response:
        """A person writes through the API, and the program works until it has nothing left to do."""
        answer = self.someone.post("/api/messages", json={"person": person, "text": text, **more})
        self.settle()
        return answer

    def reads(self, person: str) -> list[dict[str, Any]]:
        """A person's conversation as the API shows it."""
        answer = self.someone.get(f"/api/conversations/{person}")
        assert answer.status_code == 200, answer.text
        lines: list[dict[str, Any]] = answer.json()
        return lines

    @contextmanager
    def running(self, *, erp: bool = True) -> Iterator[str]:
        """The service as it runs in life: engine, an ERP that answers, and a web server; yields its address."""
        self.erp.away = not erp
        self._moment = time.monotonic()
        server = WebServer(
            uvicorn.Config(
                self.web, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1
            )
        )
        with Engine(self.app) as engine:
            self.app.alive = engine.alive
            engine.add(Lane("erp", lambda _: self._a_moment_passes(), self.app), seconds=0.2)
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.started:
                assert thread.is_alive(), "the web server did not start"
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            try:
                yield f"http://localhost:{port}"
            finally:
                server.should_exit = True
                thread.join(10)

    def _a_moment_passes(self) -> int:
        """The plant's clock goes on with ours, and ERP's import looks for files."""
        now = time.monotonic()
        self.clock.turn(timedelta(seconds=now - self._moment))
        self._moment = now
        if self.erp.take_in(self.clock.now()):
            self.app.ring("postings")
        return 0
