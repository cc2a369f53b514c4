"""What a platform did not bring is looked for: at the start, regularly, and whenever a connection was new.

What is known already is known by its id and changes nothing.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

import structlog

from workflow.ports import Receive

log = structlog.get_logger()

EVERY = 300.0  # seconds
LOOKS_BACK = 24 * 3600.0  # seconds, at the first look
OVERLAP = 120.0  # seconds of each look that the one before has seen too


class Looking(ABC):
    """Looks again at what people wrote where we would have been told of it."""

    channel = ""

    def __init__(self) -> None:
        self._soon = asyncio.Event()

    def look_soon(self) -> None:
        """A new connection: whatever came while there was none was lost."""
        self._soon.set()

    async def look_on(self, receive: Receive, every: float = EVERY) -> None:
        """Look until cancelled."""
        while True:
            self._soon.clear()  # a connection that is new while we look is looked after once more
            try:
                await self.look(receive)
            except Exception as error:
                log.warning(f"{self.channel}.not_looked", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._soon.wait(), every)
            except TimeoutError:
                continue

    @property
    def asked_again(self) -> bool:
        """Whether a connection is new since this look began: what is most urgent is looked at first, and anew."""
        return self._soon.is_set()

    @abstractmethod
    async def look(self, receive: Receive) -> None:
        """Hand over what came since the last look; raises where the platform does not tell."""
