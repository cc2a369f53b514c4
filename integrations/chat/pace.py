"""Keeps messages apart, in one chat and over all, so that a platform rarely has to say "slower".

The leaky bucket as a meter (GCRA), by the clock of this process; where several processes send, `db/pace.py` keeps the
same rates for all of them together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

from workflow.errors import NotYet
from workflow.ports import Rate

WAITS = 2.0  # seconds that a message waits for its turn here; what has to wait longer comes again
MOST = 10_000  # chats that are remembered


class Pace:
    """Whose turn it is. Of each limit it keeps the instant at which all that was let through has had its time."""

    def __init__(
        self, rates: tuple[Rate, ...], now: Callable[[], float] = time.monotonic, waits: float = WAITS
    ) -> None:
        self._rates = rates
        self._now, self._waits = now, waits  # seconds
        self._free_at: dict[tuple[int, str], float] = {}

    async def turn(self, chat: str) -> None:
        """Wait until a message may go to this chat; raises NotYet where that is too far off to wait here."""
        now = self._now()
        named = ((n, rate.counts(chat), rate) for n, rate in enumerate(self._rates))
        limits = {(n, name): rate for n, name, rate in named if name is not None}
        free_at = {limit: max(self._free_at.get(limit, 0.0), now) + _s(rate.every) for limit, rate in limits.items()}
        wait = max((free_at[limit] - now - _s(rate.every) * rate.burst for limit, rate in limits.items()), default=0.0)
        if wait > self._waits:
            raise NotYet("many messages wait for this chat", timedelta(seconds=wait))
        self._free_at |= free_at
        if len(self._free_at) > MOST:
            self._free_at = {limit: at for limit, at in self._free_at.items() if at > now}
        if wait > 0:
            await asyncio.sleep(wait)


def _s(every: timedelta) -> float:
    return every.total_seconds()
