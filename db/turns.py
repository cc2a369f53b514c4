"""A lock that is fair: whoever asks first writes first, however busy the others are."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that is handed on in the order of asking; Python's own lets a busy thread starve the others."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold it; raises RuntimeError where this thread holds it already, since that would wait for ever."""
        self._take()
        try:
            yield
        finally:
            self._hand_on()

    def _take(self) -> None:
        me = threading.get_ident()
        mine = threading.Lock()
        mine.acquire()
        with self._guard:
            if self._holder == me:
                raise RuntimeError("a transaction is open in this thread already: pass it on as tx")
            if self._holder is None:
                self._holder = me
                return
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:
            with self._guard:
                handed = mine not in self._waiting
                if not handed:
                    self._waiting.remove(mine)
            if handed:
                self._hand_on()
            raise
        self._holder = me

    def _hand_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._holder = -1  # somebody's, who has not woken up yet
                self._waiting.popleft().release()
            else:
                self._holder = None
