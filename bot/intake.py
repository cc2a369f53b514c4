"""What comes in is stored at once, and all that waits at the same moment in one transaction: a platform waits for us.

A commit costs the same for one message as for fifty. So whoever comes while one is running waits for the next, and the
first of them makes it for all. Reading a message can wait; an answer at a hook cannot, so reading steps aside for it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.taking import take_in
from db.connect import in_our_words

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from workflow.messages import Inbound

STEPS_ASIDE = 0.25  # seconds that the reader waits, before each message, for a quiet moment at the hooks


class _One:
    """A message on its way into a row, and the thread that waits for it."""

    def __init__(self, message: Inbound) -> None:
        self.message = message
        self.stored: int | None = None
        self.error: BaseException | None = None
        self.woken = threading.Event()
        self.leads = False  # woken to make the next transaction, its own message first


class Intake:
    """Stores messages for many threads."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._waiting: list[_One] = []
        self._running = False
        self._knocks = 0
        self._quiet = threading.Event()
        self._quiet.set()

    def store(self, message: Inbound) -> int | None:
        """Store a message durably; None for a repeat (R23). Raises what the database raises."""
        mine = _One(message)
        with self._lock:
            self._waiting.append(mine)
            mine.leads = not self._running
            self._running = True
        if not mine.leads:
            mine.woken.wait()
        if mine.leads:
            self._make_one()
        if mine.error is not None:
            raise mine.error
        return mine.stored

    @contextmanager
    def knock(self) -> Iterator[None]:
        """While a platform waits at a hook."""
        with self._lock:
            self._knocks += 1
            self._quiet.clear()
        try:
            yield
        finally:
            with self._lock:
                self._knocks -= 1
                if not self._knocks:
                    self._quiet.set()

    def step_aside(self) -> None:
        """Wait for a quiet moment at the hooks, and never long."""
        self._quiet.wait(STEPS_ASIDE)

    def _make_one(self) -> None:
        """One transaction for all that waits now; then the first of those who have come since makes theirs."""
        with self._lock:
            batch, self._waiting = self._waiting, []
        try:
            with self._app.database.write() as tx:
                for one in batch:
                    self._put(tx, one)
        except BaseException as error:  # nothing of it is stored: each platform brings its own again
            for one in batch:
                one.stored, one.error = None, one.error or error
        with self._lock:
            self._running = bool(self._waiting)
            if self._running:
                self._waiting[0].leads = True
                self._waiting[0].woken.set()
        for one in batch:
            one.woken.set()

    def _put(self, tx: Connection, one: _One) -> None:
        try:
            with tx.begin_nested():
                one.stored = take_in(self._app, tx, one.message)
        except Exception as error:  # its own, and no other message's
            one.error = in_our_words(error)
