"""Socket Mode through Slack's Bolt: it keeps the connection, and every envelope comes to us before anything parses it.

An envelope is answered once its row is committed; one that could not be stored stays unanswered, and Slack brings it
again. Bolt itself knows no repeats and would run a click of another workspace (reliability: S3, Slack Connect).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from integrations.chat.slack_wire import SILENT

log = structlog.get_logger()

PING = 5  # seconds; four unanswered ones, and Bolt takes a new connection
LOOKS = 1.0  # seconds between looks at which connection it is

Take = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any] | None]]


class Socket:
    """The connection that Slack speaks through; `take` stores an envelope and returns what it is answered."""

    def __init__(self, app_token: str, base_url: str, take: Take) -> None:
        self._app_token = app_token
        self._base_url = base_url
        self._take = take

    async def listen(self, url: str, connected: Callable[[], None]) -> None:
        """Until cancelled; `connected` is called with each new connection, since the last may have died unnoticed."""
        web = AsyncWebClient(
            self._app_token, base_url=self._base_url, logger=SILENT, retry_handlers=[], trust_env_in_session=True
        )
        app = AsyncApp(client=web, logger=SILENT, request_verification_enabled=False)
        handler = _Handler(app, self._app_token, logger=SILENT, web_client=web, ping_interval=PING)
        handler.take = self._take
        handler.client.wss_uri = url
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]
            session = None
            while True:
                if handler.client.current_session is not session:
                    session = handler.client.current_session
                    connected()
                await asyncio.sleep(LOOKS)
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]


class _Handler(AsyncSocketModeHandler):
    take: Take

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        try:
            answer = await self.take(req.type, req.payload)
        except Exception as error:
            log.error("slack.not_stored", kind=req.type, error=type(error).__name__)  # noqa: TRY400
            return  # not answered: Slack brings it again
        payload = dict(answer) if answer is not None else None
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=req.envelope_id, payload=payload))
