"""A line between us and a real part, which does what lines do: it breaks, loses the last word, halves it, or is slow.

It stands on loopback and passes bytes on. What goes wrong goes wrong at a request that a test names by some of its
bytes, once; `dice` of a seed make it reproducible.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import Counter
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit, urlunsplit

from tests.loop_thread import LoopThread

Act = Literal["cut", "lost", "half", "slow"]
# cut: reset before the request is passed on; nothing was done over there
# lost: passed on, and reset before the first byte of the answer; it was done, and we never hear of it
# half: passed on, and reset in the middle of the answer
# slow: passed on late
ACTS: tuple[Act, ...] = ("cut", "lost", "half", "slow")
LATE = 0.3  # seconds
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close is a reset


class Line:
    """To `host:port`; `done` counts what went wrong so far."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.done: Counter[str] = Counter()
        self._plans: list[tuple[bytes, Act]] = []
        self._out = False
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = LoopThread()

    @property
    def url(self) -> str:
        """The same address, through this line."""
        who = self._to.netloc.rpartition("@")[0]
        where = f"127.0.0.1:{self._port}"
        return urlunsplit(self._to._replace(netloc=f"{who}@{where}" if who else where))

    def breaks(self, at: bytes, act: Act) -> None:
        """What happens at the next request that holds these bytes."""
        self._plans.append((at, act))

    def rolls(self, at: bytes, dice: random.Random, share: float = 1.0) -> Act | None:
        """The same by dice: what was rolled, None in the other cases."""
        if dice.random() >= share:
            return None
        act = dice.choice(ACTS)
        self.breaks(at, act)
        return act

    def mends(self) -> None:
        """All is well again."""
        self._plans.clear()
        self._out = False

    def is_cut(self) -> None:
        """The plug is out: every connection is reset, and no new one is taken until it mends."""
        self._out = True
        self._loop.run(self._reset_all())

    def __enter__(self) -> Self:
        self._loop.start()
        self._server = self._loop.run(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self._port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.end(self._end())

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._out:
            _reset(writer)
            return
        there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
        pair = writer, back
        self._open.add(pair)
        fate: list[Act] = []  # what becomes of the next answer here
        try:
            await asyncio.gather(self._requests(reader, back, pair, fate), self._answers(there, writer, pair, fate))
        except OSError:
            _reset(*pair)
        finally:
            self._open.discard(pair)

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        there: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        fate: list[Act],
    ) -> None:
        while chunk := await reader.read(65536):
            plan = next((plan for plan in self._plans if plan[0] in chunk), None)
            if plan is not None:
                self._plans.remove(plan)
                self.done[plan[1]] += 1
                if plan[1] == "cut":
                    _reset(*pair)
                    return
                fate += [plan[1]] if plan[1] != "slow" else []
                await asyncio.sleep(LATE if plan[1] == "slow" else 0)
            there.write(chunk)
            await there.drain()
        there.close()

    async def _answers(
        self,
        reader: asyncio.StreamReader,
        here: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, asyncio.StreamWriter],
        fate: list[Act],
    ) -> None:
        while chunk := await reader.read(65536):
            if fate:
                if fate[0] == "half":
                    here.write(chunk[: len(chunk) // 2])
                    await here.drain()
                    await asyncio.sleep(0.05)  # a reset takes back what is still on its way
                _reset(*pair)
                return
            here.write(chunk)
            await here.drain()
        here.close()

    async def _end(self) -> None:
        self._server.close()
        await self._reset_all()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)
        await asyncio.sleep(0.05)  # what was reset is closed in the rounds after

    async def _reset_all(self) -> None:
        for pair in tuple(self._open):
            _reset(*pair)
        await asyncio.sleep(0)


def _reset(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        wire = writer.get_extra_info("socket")
        if wire is not None and wire.fileno() >= 0:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
