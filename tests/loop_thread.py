"""An event loop in a thread of its own, for servers that tests talk to with plain calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

WITHIN = 10  # seconds

T = TypeVar("T")


class LoopThread:
    """Runs from `start` to `end`; whatever runs in it is done from outside by `run`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What a coroutine gives, run over there; raises TimeoutError."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WITHIN)

    def end(self, last: Coroutine[Any, Any, None]) -> None:
        """Run this, and nothing any more."""
        self.run(last)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WITHIN)
        self._loop.close()
