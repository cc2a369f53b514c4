"""What makes pages live: one small event whenever anything has changed, and a heartbeat that proves the line is up."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import structlog
from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from bot.web.access import Looking, caller_of
from bot.web.errors import Declined
from db import changes, members

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger(__name__)
routes = APIRouter()

LOOK_EVERY = 0.2  # seconds between looks at the counter of changes, while anybody listens
BEAT_EVERY = 10.0  # seconds; the pages call the line lost after three of them
MOST_LISTENERS = 500
MOST_OF_ONE = 20  # pages of one person, or of one machine: nobody takes the line from all others


class Live:
    """One look at the database for all listeners; nobody listens, nobody looks."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._listeners: Counter[str] = Counter()  # by who listens
        self._moved = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self.latest = 0  # the newest change that was seen
        self.revoked = 0  # how often sessions were ended so far
        self.well = True  # whether the last look succeeded

    async def follow(self, who: str) -> AsyncIterator[tuple[str, int]]:
        """`("changed", number)` at once and at each change, `("beat", number)` in between, until the service stops."""
        self._listeners[who] += 1
        if self._looking is None or self._looking.done():
            await self._look()
            self._looking = asyncio.create_task(self._keep_looking())
        try:
            seen = -1
            while not self._closed:
                if self.well and seen != self.latest:
                    seen = self.latest
                    yield "changed", seen
                    continue
                async with self._moved:
                    try:
                        await asyncio.wait_for(self._moved.wait(), BEAT_EVERY)
                    except TimeoutError:
                        if self.well:  # a database that cannot be read is not live, whatever the wire says
                            yield "beat", seen
        finally:
            self._listeners[who] -= 1
            self._listeners = +self._listeners

    def full(self, who: str) -> bool:
        """No more listeners are taken, or no more of this one."""
        return self._listeners.total() >= MOST_LISTENERS or self._listeners[who] >= MOST_OF_ONE

    async def close(self) -> None:
        """End every stream, so that the service can stop without waiting for browsers."""
        self._closed = True
        await self._wake()

    async def _keep_looking(self) -> None:
        while self._listeners and not self._closed:
            await asyncio.sleep(LOOK_EVERY)
            before = self.latest
            await self._look()
            if self.latest != before:
                await self._wake()

    async def _look(self) -> None:
        try:
            self.latest, self.revoked = await to_thread.run_sync(self._read)
            self.well = True
        except Exception as error:
            if self.well:
                log.warning("live.not_readable", error=type(error).__name__)
            self.well = False

    def _read(self) -> tuple[int, int]:
        with self._app.database.read() as tx:
            return changes.latest(tx), members.turns(tx)

    async def _wake(self) -> None:
        async with self._moved:
            self._moved.notify_all()


@routes.get(
    "/api/events",
    summary="Server-sent events: `changed` whenever anything has changed, `beat` in between",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(request: Request, caller: Looking) -> StreamingResponse:
    """A stream of small events; what has changed is read from the other addresses.

    It ends where its session does: whoever lost their phone is not followed from it.
    """
    live: Live = request.app.state.live
    who = caller.person or (request.client.host if request.client is not None else "")
    if live.full(who):
        raise Declined(503, "too_many", "Too many pages listen to this service at once. Close some of them.")

    async def stream() -> AsyncIterator[str]:
        yield "retry: 1000\n\n"
        revoked: int | None = None
        async for name, number in live.follow(who):
            if live.revoked != revoked:
                if not (await to_thread.run_sync(caller_of, request)).may_look:
                    return
                revoked = live.revoked
            yield f"event: {name}\nid: {number}\ndata: {json.dumps({'latest': number})}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
