"""One call to Slack's Web API through its own SDK, and its many ways of saying no in our three.

The SDK's retries are off: they would post a message twice where an answer got lost (S13); the outbox looks first.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from integrations.chat.gate import at
from workflow.errors import Rejected, TooLarge, TryLater, Unreachable

PUBLIC = "https://slack.com/api/"
FILES = "files.slack.com"
READS_WITHIN = 10  # seconds
LONGEST_QUIET = timedelta(hours=1)
# Every method that we call, and the scopes of which it needs one for each kind of conversation that we use.
METHODS: Mapping[str, frozenset[str]] = {
    "auth.test": frozenset(),
    "chat.postEphemeral": frozenset({"chat:write"}),
    "chat.postMessage": frozenset({"chat:write"}),
    "chat.update": frozenset({"chat:write"}),
    "conversations.history": frozenset({"channels:history", "groups:history", "im:history"}),
    "conversations.info": frozenset({"channels:read", "groups:read"}),
    "conversations.open": frozenset({"im:write"}),
    "conversations.replies": frozenset({"channels:history", "groups:history", "im:history"}),
    "files.completeUploadExternal": frozenset({"files:write"}),
    "files.getUploadURLExternal": frozenset({"files:write"}),
    "files.info": frozenset({"files:read"}),
    "views.open": frozenset(),
    "views.publish": frozenset(),
}
# Every event that we are sent, and its scope; a slash command and a shortcut need `commands`.
EVENTS: Mapping[str, frozenset[str]] = {
    "app_home_opened": frozenset(),
    "app_mention": frozenset({"app_mentions:read"}),
    "message.channels": frozenset({"channels:history"}),
    "message.groups": frozenset({"groups:history"}),
    "message.im": frozenset({"im:history"}),
}
COMMANDS = "commands"
SCOPES = frozenset({COMMANDS}).union(*METHODS.values(), *EVENTS.values())
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
DEAD = frozenset(
    """cannot_dm_bot channel_not_found is_archived messages_tab_disabled no_permission not_in_channel
    restricted_action user_disabled user_not_found user_not_visible users_not_found""".split()  # noqa: SIM905
)
TOKEN = frozenset(
    """access_denied account_inactive invalid_auth missing_scope no_permission not_allowed_token_type not_authed
    team_access_not_granted token_expired token_revoked""".split()  # noqa: SIM905
)
MAY_HAVE = frozenset("fatal_error internal_error request_timeout service_unavailable team_added_to_org".split())  # noqa: SIM905
SILENT = logging.getLogger("linecall.slack_sdk")  # whole answers and addresses with tickets go through the SDK's logs
SILENT.setLevel(logging.CRITICAL + 1)


class Wire:
    """The Web API under one bot token."""

    def __init__(self, token: str, base_url: str | None) -> None:
        self._token = token
        self.base_url = f"{(base_url or PUBLIC).rstrip('/')}/"
        self._session: aiohttp.ClientSession | None = None
        self._lock = asyncio.Lock()

    async def call(self, method: str, **values: Any) -> Mapping[str, Any]:
        """Call a method and return its answer; raises the SDK's errors, `as_ours` turns them.

        A value of None is left out; KeyError for a method whose scopes nobody wrote down.
        """
        METHODS[method]
        client = AsyncWebClient(
            self._token,
            base_url=self.base_url,
            timeout=READS_WITHIN,
            session=await self._ready(),
            trust_env_in_session=True,
            retry_handlers=[],
            logger=SILENT,
        )
        form = {name: _plain(value) for name, value in values.items() if value is not None}
        answer = await client.api_call(method, data=form)
        data = answer.data
        return {**data, "scopes": answer.headers.get("x-oauth-scopes")} if isinstance(data, dict) else {}

    async def socket_url(self, app_token: str) -> str:
        """Where Socket Mode is to be had now; the address holds a ticket and is never logged."""
        client = AsyncWebClient(
            base_url=self.base_url,
            timeout=READS_WITHIN,
            session=await self._ready(),
            retry_handlers=[],
            logger=SILENT,
        )
        return str((await client.apps_connections_open(app_token=app_token))["url"])

    async def knocks(self, url: str) -> int | None:
        """The status with which a hook of ours answers a stranger; None where nobody answers."""
        try:
            async with (await self._ready()).post(url, data=b"", allow_redirects=False) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None

    async def file(self, url: str, most: int, size: object = None) -> bytes:
        """The content of a file, `size` bytes as Slack says; the token goes to Slack's own host alone (S20).

        It follows no redirect. Raises TooLarge where the file has more than `most` bytes.
        """
        if isinstance(size, int) and size > most:
            raise TooLarge("the file is too large")
        self._check_host(url)
        session = await self._ready()
        headers = {"Authorization": f"Bearer {self._token}"}
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status == 429 or answer.status >= 500:
                raise TryLater("Slack does not give the file now")
            if answer.status != 200:
                raise Rejected("Slack does not give the file")
            if answer.content_type == "text/html":
                raise Rejected("Slack shows its sign-in page instead of the file: the scope files:read is missing")
            found = await answer.content.read(most + 1)
            while len(found) <= most and (more := await answer.content.read(most + 1 - len(found))):
                found += more
        if len(found) > most:
            raise TooLarge("the file is too large")
        return found

    async def upload(self, url: str, content: bytes) -> None:
        """Put a file at the address that Slack named for it; it is a ticket and needs no token of ours."""
        self._check_host(url)
        async with (await self._ready()).post(url, data=content, allow_redirects=False) as answer:
            if answer.status != 200:
                raise TryLater("Slack does not take the file now")

    def _check_host(self, url: str) -> None:
        host = urlsplit(url).hostname
        if host not in (FILES, urlsplit(self.base_url).hostname) or (
            urlsplit(url).scheme != "https" and self.base_url == PUBLIC
        ):
            raise Rejected("the file is not at Slack")

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ready(self) -> aiohttp.ClientSession:
        async with self._lock:
            if self._session is None or self._session.closed:
                # Through a proxy where the plant has one: HTTPS_PROXY is read.
                self._session = aiohttp.ClientSession(
                    timeout=aiohttp.ClientTimeout(total=READS_WITHIN, connect=5), trust_env=True
                )
            return self._session


def as_ours(error: BaseException) -> NoReturn:
    """Say it in one of our ways; what may have arrived all the same is said to be unknown."""
    if isinstance(error, TryLater | Rejected):
        raise error
    if not isinstance(error, SlackApiError):
        raise TryLater("Slack does not answer", outcome_unknown=not isinstance(error, NOT_SENT)) from None
    said, status = reason(error), at_status(error)
    if said == "ratelimited" or status == 429:
        raise TryLater("Slack asks for a pause", min(pause(error), LONGEST_QUIET)) from None
    if said in TOKEN:
        raise Rejected(f"Slack refuses the token: {said}") from None
    if said in DEAD:
        raise Unreachable(f"Slack does not deliver there: {said}") from None
    if not said or said in MAY_HAVE or status >= 500:
        raise TryLater("Slack does not answer as it should", outcome_unknown=True) from None
    raise Rejected(f"Slack refuses this message: {said[:60]}") from None


def reason(error: BaseException) -> str:
    """Slack's word for what is wrong; "" where it said none."""
    data = getattr(getattr(error, "response", None), "data", None)
    said = at(data, "error")
    return said if isinstance(said, str) else ""


def at_status(error: SlackApiError) -> int:
    """The HTTP status of its answer; 0 where there is none."""
    status = getattr(error.response, "status_code", 0)
    return status if isinstance(status, int) else 0


def pause(error: SlackApiError) -> timedelta:
    """How long it asks us to wait."""
    headers = getattr(error.response, "headers", {})
    after = str(headers.get("Retry-After", headers.get("retry-after", "")))
    return timedelta(seconds=int(after) + 1 if after.isascii() and after.isdigit() and len(after) < 6 else 30)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
