"""What Slack did not bring: its events are best effort, and in a known incident a day of them was dropped (S7).

So the open threads and our conversations with people are read again, after each new connection and regularly. What is
known already is known by its id and changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog

from integrations.chat.gate import text_in
from integrations.chat.missed import LOOKS_BACK, OVERLAP, Looking
from integrations.chat.slack_events import NAME, Us, corrected, message, root_of
from integrations.chat.slack_wire import Wire
from workflow.messages import Inbound
from workflow.ports import Receive

log = structlog.get_logger()

_PLACE = re.compile(r"[A-Z0-9]+:[0-9.]+", re.ASCII)  # a message; presses, commands and forms have ids of their own
BETWEEN = 1.3  # seconds: a tier 3 method may be called about 50 times a minute (S8)


class Missed(Looking):
    """Looks again at open threads, and at the conversations that they are in."""

    channel = NAME

    def __init__(self, wire: Wire, us: Callable[[], Us], threads: Callable[[], tuple[str, ...]]) -> None:
        super().__init__()
        self._wire, self._us, self._threads = wire, us, threads
        self._since: float | None = None

    async def look(self, receive: Receive, between: float = BETWEEN) -> None:
        """Read every open thread, and every conversation that one of them is in, since the last look."""
        began = time.time()
        since = f"{(self._since if self._since is not None else began - LOOKS_BACK):.6f}"
        known = await asyncio.to_thread(self._threads)
        open_threads = dict.fromkeys(":".join(root_of(one)) for one in known if _PLACE.match(one))
        places = dict.fromkeys(thread.partition(":")[0] for thread in open_threads)
        for place in places:
            if place.startswith("D"):
                await self._read(receive, "conversations.history", place, None, since)
                await asyncio.sleep(between)
        for thread in open_threads:
            place, root = root_of(thread)
            await self._read(receive, "conversations.replies", place, root, since)
            await asyncio.sleep(between)
        self._since = began - OVERLAP

    async def _read(self, receive: Receive, method: str, channel: str, root: str | None, since: str) -> None:
        cursor: str | None = None
        found: list[Mapping[str, Any]] = []
        while True:
            page = await self._wire.call(
                method, channel=channel, ts=root, oldest=since, limit=200, cursor=cursor, inclusive=True
            )
            found += [one for one in page.get("messages") or () if isinstance(one, dict)]
            cursor = text_in(page, "response_metadata", "next_cursor") or None
            if cursor is None:
                break
        for one in sorted(found, key=lambda m: text_in(m, "ts")):
            for said in self._said(one, channel):
                await receive(said)

    def _said(self, one: Mapping[str, Any], channel: str) -> Iterator[Inbound]:
        us = self._us()
        try:
            said = message({**one, "channel": channel}, us, us.team)
        except Exception as error:
            log.info("slack.history_not_read", error=type(error).__name__)
            return
        if said is None:
            return
        yield said
        edited = text_in(one, "edited", "ts")
        if edited:
            yield corrected(said, edited)
