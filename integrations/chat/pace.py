"""Keeps messages apart, in one chat and over all, so that a platform rarely has to say "slower"."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from workflow.errors import TryLater

LONGEST_WAIT = 6.0  # seconds in the queue of one chat; who would wait longer comes again instead


class Pace:
    """Whose turn it is, by the clock of this process; what is due much later is put off and never half sent."""

    def __init__(self, gap_in_chat: float, gap: float) -> None:
        self._gap_in_chat, self._gap = gap_in_chat, gap  # seconds
        self._chats: dict[str, float] = {}
        self._next = 0.0

    async def turn(self, chat: str) -> None:
        """Wait until a message may go to this chat; raises TryLater where that is too far off to wait here."""
        now = time.monotonic()
        due = max(now, self._next, self._chats.get(chat, 0.0))
        if due - now > LONGEST_WAIT:
            raise TryLater("many messages wait for this chat", timedelta(seconds=due - now))
        self._next, self._chats[chat] = due + self._gap, due + self._gap_in_chat
        if len(self._chats) > 10_000:
            self._chats = {c: at for c, at in self._chats.items() if at > now}
        if due > now:
            await asyncio.sleep(due - now)
