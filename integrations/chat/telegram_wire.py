"""One call to Telegram's Bot API through python-telegram-bot, and its many ways of saying no in our three.

Its request layer is used and not its classes: it knows the transport and the errors, and whatever objects come back
stay plain, so that nothing is lost because a server leaves out a field that a class wants.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from workflow.errors import Rejected, TryLater, Unreachable

os.environ.setdefault("PTB_TIMEDELTA", "true")  # its coming type of a pause; without, each pause is a warning
PUBLIC = "https://api.telegram.org"
READS_WITHIN = 10.0  # seconds
LONGEST_QUIET = timedelta(hours=1)
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)  # nothing can have arrived
DEAD = ("chat not found", "user not found", "user is deactivated", "peer_id_invalid", "bot can't initiate")
SAME = "message is not modified"


class Wire:
    """The Bot API under one token."""

    def __init__(self, token: str, base_url: str | None) -> None:
        base = (base_url or PUBLIC).rstrip("/").removesuffix("/bot")
        self._calls = f"{base}/bot{token}"
        self._files = f"{base}/file/bot{token}"
        self._request: HTTPXRequest | None = None
        self._lock = asyncio.Lock()

    async def call(self, method: str, *, wait: float = 0, **values: Any) -> Any:
        """Call a method and return its result; `wait` is how long the server may hold the request open.

        Raises the errors of python-telegram-bot; `as_ours` turns them.
        """
        parameters = [RequestParameter.from_input(key, value) for key, value in values.items() if value is not None]
        request = await self._ready()
        return await request.post(
            f"{self._calls}/{method}", RequestData(parameters), read_timeout=READS_WITHIN + wait, pool_timeout=2.0
        )

    async def file(self, path: str) -> bytes:
        """The content of a file; its address holds the token and is never kept."""
        request = await self._ready()
        return await request.retrieve(f"{self._files}/{path}", read_timeout=30.0)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._request is not None:
            await self._request.shutdown()
            self._request = None

    async def _ready(self) -> HTTPXRequest:
        async with self._lock:
            if self._request is None:
                # Through a proxy where the plant has one: httpx reads HTTPS_PROXY by itself.
                self._request = HTTPXRequest(connection_pool_size=32, connect_timeout=5.0)
                await self._request.initialize()
            return self._request


def as_ours(error: TelegramError) -> NoReturn:
    """Say it in one of our ways; what may have arrived all the same is said to be unknown."""
    text = str(error).lower()
    match error:
        case RetryAfter():
            pause = error.retry_after
            pause = pause if isinstance(pause, timedelta) else timedelta(seconds=pause)
            raise TryLater("Telegram asks for a pause", min(pause + timedelta(seconds=1), LONGEST_QUIET)) from None
        case Forbidden():
            raise Unreachable("has blocked or never started the bot") from None
        case InvalidToken():
            raise Rejected("Telegram refuses the token") from None
        case ChatMigrated():
            raise Rejected("the group has moved") from None
        case BadRequest() if any(sign in text for sign in DEAD):
            raise Unreachable("has never started the bot") from None
        case BadRequest():
            raise Rejected("Telegram refuses this message") from None
        case Conflict():
            raise TryLater("another program uses this bot") from None
        case TimedOut() | NetworkError():
            unknown = not isinstance(error.__cause__, NOT_SENT)
            raise TryLater("Telegram does not answer", outcome_unknown=unknown) from None
    raise TryLater("Telegram does not answer as it should", outcome_unknown=True) from None


def is_same(error: TelegramError) -> bool:
    """Whether an edit was refused because it would change nothing: that is no error (T10)."""
    return isinstance(error, BadRequest) and SAME in str(error).lower()


def moved_to(error: TelegramError) -> str | None:
    """Where a group has gone that became a supergroup (R53)."""
    return str(error.new_chat_id) if isinstance(error, ChatMigrated) else None


def keyboard(buttons: list[tuple[str, str]]) -> Mapping[str, Any] | None:
    """Buttons under a message: two in a row where their labels are short, for gloves."""
    rows: list[list[Mapping[str, str]]] = []
    for label, value in buttons:
        one = {"text": label, "callback_data": value}
        if rows and len(rows[-1]) == 1 and len(label) <= 16 and len(rows[-1][0]["text"]) <= 16:
            rows[-1].append(one)
        else:
            rows.append([one])
    return {"inline_keyboard": rows} if rows else None
