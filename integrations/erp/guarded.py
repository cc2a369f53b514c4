"""Leaves a system in peace that cannot be had: after a failure nobody else waits for its time-outs (a circuit)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from workflow.case import Posting, PostingKind
from workflow.errors import Away
from workflow.ports import Clock, Erp, Finding, Inspected, LetsGo, Receipt, SideBySide, Withdraws
from workflow.records import Records

FIRST, LONGEST = timedelta(seconds=2), timedelta(minutes=1)  # pause after the first failure, and after many

Answer = TypeVar("Answer")


class Guarded:
    """An ERP behind a circuit of its own: open after `Away`, tried again by one caller after each pause."""

    def __init__(self, erp: Erp, clock: Clock) -> None:
        self.erp, self._clock = erp, clock
        self.name: str = erp.name
        self.kinds: frozenset[PostingKind] = erp.kinds
        self.at_once = erp.at_once if isinstance(erp, SideBySide) else 1
        self._hands = threading.BoundedSemaphore(self.at_once)
        self._lock = threading.Lock()
        self._failures = 0
        self._until: datetime | None = None
        self._why = ""

    @property
    def away_because(self) -> str | None:
        """Why nothing is tried just now; None while all is well."""
        return self._why if self._until is not None else None

    def records(self) -> Records:
        """The snapshot; raises TryLater."""
        return self._through(self.erp.records)

    def find(self, key: str) -> Receipt | None:
        """As the ERP itself; raises Away without asking it while the pause lasts."""
        return self._through(lambda: self._asked(lambda: self.erp.find(key)))

    def post(self, posting: Posting) -> Receipt:
        """As the ERP itself; raises Away without asking it while the pause lasts."""
        return self._through(lambda: self._asked(lambda: self.erp.post(posting)))

    def withdraw(self, key: str) -> bool:
        """As the ERP itself; where nothing lies anywhere, nothing is in the way."""
        return self.erp.withdraw(key) if isinstance(self.erp, Withdraws) else True

    def examine(self) -> tuple[Finding, ...]:
        """What the system says about itself, asked past the circuit; nothing where it cannot."""
        return self.erp.examine() if isinstance(self.erp, Inspected) else ()

    def close(self) -> None:
        """Let go of the connections, where it keeps any."""
        if isinstance(self.erp, LetsGo):
            self.erp.close()

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        """Never more at once than it takes."""
        with self._hands:
            return ask()

    def _through(self, ask: Callable[[], Answer]) -> Answer:
        with self._lock:
            now = self._clock.now()
            if self._until is not None:
                if now < self._until:
                    raise Away(self._why, after=self._until - now)
                self._until = now + self._pause()  # this caller is the one who tries
            counted = self._failures
        try:
            answer = ask()
        except Away as away:
            with self._lock:
                now = self._clock.now()
                if self._failures == counted or self._until is None:  # who failed beside it has been counted already
                    pause = away.after or self._pause()
                    self._failures = counted + 1
                    self._until, self._why = now + pause, away.why
                pause = max(self._until - now, timedelta(0))
            raise Away(away.why, after=pause, outcome_unknown=away.outcome_unknown) from away
        with self._lock:
            self._failures, self._until = 0, None
        return answer

    def _pause(self) -> timedelta:
        return min(FIRST * float(2 ** min(self._failures, 10)), LONGEST)
