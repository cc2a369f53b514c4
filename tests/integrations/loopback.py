"""A server of the tests on loopback, in a thread of its own, there from `with` to its end."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class Lately:
    """At most so many within any span of time, as platforms count."""

    def __init__(self, most: int, span: float) -> None:
        self._most, self._span = most, span  # messages, seconds
        self._at: list[float] = []

    def wait(self, now: float) -> float:
        """Seconds until one more may come; 0 where it may now."""
        self._at = [at for at in self._at if now - at < self._span]
        return self._span - (now - self._at[-self._most]) if len(self._at) >= self._most else 0.0

    def took(self, now: float) -> None:
        """One came."""
        self._at.append(now)


class Bucket:
    """One each `every` seconds, and so many at once after a pause."""

    def __init__(self, most: int, every: float) -> None:
        self._most, self._every = most, every
        self._left, self._at = float(most), 0.0

    def wait(self, now: float) -> float:
        """Seconds until one more may come; 0 where it may now."""
        left = min(self._most, self._left + (now - self._at) / self._every)
        return max(0.0, (1 - left) * self._every)

    def took(self, now: float) -> None:
        """One came."""
        self._left = min(self._most, self._left + (now - self._at) / self._every) - 1
        self._at = now


class Loopback:
    """Answers at `url` as its handler does."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
