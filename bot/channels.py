"""The loop on which every foreign chat lives: it listens there while the service runs, and plain rounds send by it.

A chat's SDK keeps connections, and these belong to one event loop. The rounds and the acts are plain threads
(decision 6), so the loop has a thread of its own, made when it is first needed and ended with the program.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from bot.reach import OURS
from workflow.messages import Arrival
from workflow.ports import Acknowledges, Closes

if TYPE_CHECKING:
    from bot.app import App
    from workflow.messages import Inbound
    from workflow.ports import Channel, Receive

log = structlog.get_logger()
T = TypeVar("T")

LONGEST_PAUSE = 60.0  # seconds before a chat that does not listen is tried again
LISTENS_FOR = timedelta(seconds=15)  # without a sign of life; then another process listens in our place
ENDS_WITHIN = 5.0  # seconds that a stop waits for the chats to hang up


class ChannelLoop:
    """One event loop in one thread, for the chats alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._listening: list[Future[None]] = []
        self._kept: set[Future[Any]] = set()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run something of a chat to its end, from a plain thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running()).result()

    def all(self, coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T | BaseException]:
        """Run several side by side; where one fails, its exception stands in its place."""

        async def together() -> list[T | BaseException]:
            return await asyncio.gather(*coroutines, return_exceptions=True)

        return self.run(together())

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Begin something that nobody waits for."""
        begun = asyncio.run_coroutine_threadsafe(coroutine, self._running())
        self._kept.add(begun)
        begun.add_done_callback(self._kept.discard)

    def listen(self, app: App) -> None:
        """Have every chat listen until `hang_up`; one that fails is tried again, and is in nobody's way."""
        for name, channel in app.channels.items():
            self._listening.append(asyncio.run_coroutine_threadsafe(_listen(app, name, channel), self._running()))

    def hang_up(self) -> None:
        """No chat listens any more; what was stored is stored, what was not is brought again by its platform."""
        for one in self._listening:
            one.cancel()
        if self._listening and self._loop is not None:
            idle = asyncio.run_coroutine_threadsafe(_idle(), self._loop)
            try:
                idle.result(ENDS_WITHIN)
            except TimeoutError:
                log.warning("channels.not_hung_up")
        self._listening = []

    def close(self, channels: Iterable[Channel]) -> None:
        """Let every chat go of its connections, and end the loop and its thread."""
        self.hang_up()
        if self._loop is not None:
            self.all(asyncio.wait_for(c.close(), ENDS_WITHIN) for c in channels if isinstance(c, Closes))
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        thread.join(ENDS_WITHIN)
        if not thread.is_alive():
            loop.close()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="linecall-channels", daemon=True)
                self._thread.start()
            return self._loop


async def _listen(app: App, name: str, channel: Channel) -> None:
    async def receive(message: Inbound | Arrival) -> None:
        if isinstance(message, Arrival):
            await asyncio.to_thread(app.arrived, message)
            return
        if await asyncio.to_thread(app.receive, message) is not None:
            await acknowledge(channel, message)

    pause = 1.0
    while True:
        try:
            if name == OURS or not app.shared:
                await channel.listen(receive)
            else:
                await _listen_alone(app, f"listen {name}", channel, receive)
            log.warning("channel.stopped_listening", channel=name)
        except Exception as error:
            # The text of a vendor's error may hold an address with a token in it.
            log.error("channel.does_not_listen", channel=name, error=type(error).__name__)  # noqa: TRY400
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _listen_alone(app: App, lease: str, channel: Channel, receive: Receive) -> None:
    """Listen for as long as no other process does: two pollers of one bot would take each other's messages."""
    while not await asyncio.to_thread(app.holds, lease, LISTENS_FOR):
        await asyncio.sleep(LISTENS_FOR.total_seconds() / 3)
    log.info("channel.listens", channel=channel.name)
    listening = asyncio.ensure_future(channel.listen(receive))
    keeping = asyncio.create_task(_keep(app, lease))
    try:
        await asyncio.wait((listening, keeping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (listening, keeping):
            one.cancel()
        ended = await asyncio.gather(listening, keeping, return_exceptions=True)
    if isinstance(ended[0], Exception):
        raise ended[0]


async def _keep(app: App, lease: str) -> None:
    """Until the lease is lost: somebody else has it, or the database could not be asked for as long as it lasts."""
    kept = time.monotonic()
    while time.monotonic() - kept < LISTENS_FOR.total_seconds() * 2 / 3:
        await asyncio.sleep(LISTENS_FOR.total_seconds() / 3)
        try:
            if not await asyncio.to_thread(app.holds, lease, LISTENS_FOR):
                return
        except Exception as error:
            log.warning("channel.lease_not_kept", error=type(error).__name__)
        else:
            kept = time.monotonic()


async def acknowledge(channel: Channel, message: Inbound) -> None:
    """Let a chat say that a message is stored, where it has a way to; nothing depends on it."""
    if not isinstance(channel, Acknowledges):
        return
    try:
        await channel.stored(message)
    except Exception as error:
        log.info("channel.not_acknowledged", channel=channel.name, error=type(error).__name__)


async def _idle() -> None:
    """Until everything else on the loop that was cancelled has ended."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await asyncio.gather(*others, return_exceptions=True)
