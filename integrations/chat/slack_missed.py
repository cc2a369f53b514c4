"""What Slack did not bring: its events are best effort, and in a known incident a day of them was dropped (S7).

So the open threads, our conversations with people and the channels of functions are read again, after each new
connection and regularly. What is known already is known by its id and changes nothing. Each is read for itself: one
that is gone, or that Slack does not give now, is in no other's way.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple

import structlog
from slack_sdk.errors import SlackApiError

from integrations.chat.gate import text_in
from integrations.chat.missed import LOOKS_BACK, OVERLAP, Looking
from integrations.chat.slack_events import NAME, Us, corrected, message, root_of
from integrations.chat.slack_wire import TOKEN, Wire, as_ours, at_status, pause, reason
from workflow.messages import Inbound
from workflow.ports import Receive

log = structlog.get_logger()

_PLACE = re.compile(r"[A-Z0-9]+:[0-9.]+", re.ASCII)  # a message; presses, commands and forms have ids of their own
_CONVERSATION, _USER = re.compile(r"[CDG][A-Z0-9]+", re.ASCII), re.compile(r"[UW][A-Z0-9]+", re.ASCII)
BETWEEN = 1.3  # seconds: a tier 3 method may be called about 50 times a minute (S8)
LONGEST_REST = 120.0  # seconds that a look pauses where Slack asks for it
REFUSED = TOKEN - {"missing_scope", "no_permission"}  # the token itself; these two are said of one place


class Where(NamedTuple):
    """What may have been written to us, and where."""

    threads: tuple[str, ...] = ()  # ids of messages under which open exceptions are spoken of
    places: tuple[str, ...] = ()  # channels
    people: tuple[str, ...] = ()  # user ids


class Missed(Looking):
    """Looks again at open threads, at what people write to us, and at the channels in which functions talk."""

    channel = NAME

    def __init__(
        self,
        wire: Wire,
        us: Callable[[], Us],
        where: Callable[[], Where],
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__()
        self._wire, self._us, self._where, self._rest = wire, us, where, rest
        self._since: dict[str, float] = {}  # a thread, or a conversation -> up to when it was read, seconds since 1970
        self._direct: dict[str, str] = {}  # user id -> our conversation with them

    async def look(self, receive: Receive) -> None:
        """Read every open thread, then every conversation, each since it was last read, the one read longest ago first.

        Ends early where it is asked for again: the threads come first once more. TryLater where none could be read.
        """
        where = await asyncio.to_thread(self._where)
        threads = [":".join(root_of(one)) for one in where.threads if _PLACE.match(one)]
        conversations = [one for one in where.places if _CONVERSATION.fullmatch(one)]
        conversations += [thread.partition(":")[0] for thread in threads if thread.startswith("D")]
        asked = [one for one in where.people if _USER.fullmatch(one)]
        others = sorted(dict.fromkeys((*conversations, *asked)), key=lambda one: self._since.get(one, 0.0))
        all_of_it = (*dict.fromkeys(threads), *others)
        for one in all_of_it:
            await self._looked(receive, one)
            await self._rest(BETWEEN)
            if self.asked_again:
                return
        self._since = {one: at for one, at in self._since.items() if one in all_of_it}

    async def _looked(self, receive: Receive, one: str) -> None:
        """Read one; what goes wrong there is its own, and it is read from the same time at the next look.

        Raises Rejected where our token is refused: nothing else could be read either.
        """
        began = time.time()
        place, _, root = one.partition(":")
        since = f"{self._since.get(one, began - LOOKS_BACK):.6f}"
        try:
            if _USER.fullmatch(place):
                place = await self._conversation(place)
            if root:
                await self._read(receive, "conversations.replies", place, root, since)
            else:
                await self._read(receive, "conversations.history", place, None, since)
        except SlackApiError as error:
            if reason(error) in REFUSED:
                as_ours(error)
            log.info("slack.place_not_read", why=reason(error) or at_status(error))
            if at_status(error) == 429 or reason(error) == "ratelimited":
                await self._rest(min(pause(error).total_seconds(), LONGEST_REST))
        else:
            self._since[one] = began - OVERLAP

    async def _conversation(self, user: str) -> str:
        if user not in self._direct:
            opened = await self._wire.call("conversations.open", users=user)  # shows nobody anything
            self._direct[user] = text_in(opened, "channel", "id")
        return self._direct[user]

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
