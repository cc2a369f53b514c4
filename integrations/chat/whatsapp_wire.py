"""One call to Twilio through its own library, over a connection of ours: no retries, no logs, errors in our three ways.

Codes: twilio.com/docs/api/errors. What Twilio accepted may still fail later; its status callbacks bring the same codes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn
from urllib.parse import urlsplit

import httpx
from twilio.base.exceptions import TwilioRestException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from workflow.errors import Rejected, TooLarge, TryLater, Unreachable

ANSWERS_WITHIN = 8.0  # seconds
FETCHED_WITHIN = 20.0  # seconds for a photo or a voice note, whatever its server does in between
MOST_MEDIA = 16 * 1024 * 1024  # bytes; WhatsApp's own limit for what people send (W12)
MOST_REDIRECTS = 3
TWILIOS = (".twilio.com", ".twiliocdn.com")  # where its media live; a redirect elsewhere is not followed

PAIR_GAP, PAIR_BURST = 6.0, 30  # seconds a message to one person, and how many at once; Meta's bucket holds 45 (W10)
SENDER_GAP, SENDER_BURST = 1 / 70, 10  # seconds; within any second Twilio sends 80 for one number (W9)

BUSY = frozenset({14107, 20429, 63018, 63038})  # too fast: for Twilio, or for this one person
DEAD: Mapping[int, str] = {
    21211: "no such number",
    21610: "has opted out of messages",  # at Twilio, where its own STOP handling was left on
    21614: "no such number",
    63003: "not on WhatsApp",
    63014: "has blocked us",
    63024: "not on WhatsApp",
}
SAID_NO: Mapping[int, str] = {
    20003: "Twilio refuses account or token",
    20404: "Twilio does not know that",
    21617: "too long for WhatsApp",
    21655: "Twilio does not know this template",
    21656: "the words do not fit the template",
    63005: "WhatsApp refuses what stands in it",
    63007: "Twilio does not know our WhatsApp number",
    63016: "the 24 hours are over and it was no template",
    63021: "WhatsApp refuses what stands in it",
    63032: "WhatsApp does not deliver it to this person",
}
UNSURE = frozenset({500, 502, 504})  # it may have been taken all the same


class Connection(AsyncHttpClient):  # type: ignore[misc]
    """What Twilio's library sends goes through this: one pool of connections, and no words in any log."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger("twilio.quiet"), True, ANSWERS_WITHIN)
        self.http = httpx.AsyncClient(timeout=httpx.Timeout(ANSWERS_WITHIN, connect=4.0), follow_redirects=False)

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: ARG002
    ) -> Response:
        """One request; raises TryLater where it was too much or did not come back, and never tries twice by itself."""
        as_json = (headers or {}).get("Content-Type") == "application/json"
        body: dict[str, Any] = {"json": data} if as_json else {"data": _plain(data)}
        try:
            answer = await self.http.request(
                method,
                url,
                params=_plain(params),
                headers=headers,
                auth=auth,
                timeout=timeout or ANSWERS_WITHIN,
                **body,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise TryLater("Twilio cannot be reached") from None
        except httpx.HTTPError:
            raise TryLater("Twilio does not answer", outcome_unknown=True) from None
        if answer.status_code == 429:
            raise TryLater("Twilio asks for a pause", pause(answer.headers.get("retry-after")))
        if answer.status_code >= 500:
            raise TryLater("Twilio is in trouble", outcome_unknown=answer.status_code in UNSURE)
        return Response(answer.status_code, answer.text, answer.headers)

    async def close(self) -> None:
        """Let go of the connections."""
        await self.http.aclose()


class Wire:
    """One account at Twilio."""

    def __init__(self, account: str, token: str, base_url: str | None) -> None:
        self.account = account
        self._auth = (account, token)
        self._base = (base_url or "https://api.twilio.com").rstrip("/")
        self._elsewhere = base_url is not None
        self._client: Any = None
        self._connection: Connection | None = None

    @property
    def twilio(self) -> Any:
        """Twilio's own client; made when it is first needed, on the loop that uses it."""
        if self._client is None:
            self._client = Client(*self._auth, http_client=self._connected())
            if self._elsewhere:
                for service in (self._client.api, self._client.content, self._client.messaging):
                    service.base_url = self._base
        return self._client

    async def knocks(self, url: str) -> int | None:
        """The status with which a hook of ours answers a stranger; None where nobody answers."""
        try:
            return (await self._connected().http.post(url, content=b"")).status_code
        except httpx.HTTPError:
            return None

    async def media(self, message: str, media: str) -> bytes:
        """What somebody sent, by Twilio's ids alone: no address out of a message is ever asked."""
        url = f"{self._base}/2010-04-01/Accounts/{self.account}/Messages/{message}/Media/{media}"
        try:
            async with asyncio.timeout(FETCHED_WITHIN):
                return await self._fetched(url)
        except TimeoutError:
            raise TryLater("Twilio does not send the file") from None
        except httpx.HTTPError:
            raise TryLater("Twilio does not send the file") from None

    async def close(self) -> None:
        """Let go of the connections."""
        if self._connection is not None:
            await self._connection.close()
        self._client = self._connection = None

    async def _fetched(self, url: str) -> bytes:
        http = self._connected().http
        for _ in range(MOST_REDIRECTS + 1):
            # The key goes to the API alone, never to where it sends us on.
            auth = self._auth if url.startswith(f"{self._base}/") else None
            async with http.stream("GET", url, auth=auth) as answer:
                if answer.has_redirect_location:
                    url = str(answer.url.join(answer.headers["location"]))
                    if not self._may_ask(url):
                        raise Rejected("Twilio sends us elsewhere for the file")
                    continue
                if answer.status_code in (429, 503) or answer.status_code >= 500:
                    raise TryLater("Twilio does not send the file", pause(answer.headers.get("retry-after")))
                if answer.status_code != 200:
                    raise Rejected("Twilio does not have the file any more")
                return await _within(answer, MOST_MEDIA)
        raise Rejected("Twilio sends us round in circles for the file")

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection()
        return self._connection

    def _may_ask(self, url: str) -> bool:
        """Twilio's own hosts over https; in a test also the server that stands in for Twilio."""
        parts = urlsplit(url)
        if self._elsewhere and url.startswith(f"{self._base}/"):
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and parts.port in (None, 443) and host.endswith(TWILIOS) and "@" not in url


def pause(said: str | None) -> timedelta:
    """How long a busy server wants to be left alone; a little more than it says, an hour at most."""
    seconds = int(said) + 1 if said is not None and said.isascii() and said.isdigit() and len(said) < 6 else 7
    return timedelta(seconds=min(seconds, 3600))


def as_ours(error: TwilioRestException) -> NoReturn:
    """Say it in one of our ways."""
    code = error.code if isinstance(error.code, int) else 0
    if code in BUSY or error.status == 429:
        raise TryLater("one message every few seconds to one person", pause(None)) from None
    if code in DEAD:
        raise Unreachable(f"{code}: {DEAD[code]}") from None
    if error.status >= 500:
        raise TryLater("Twilio is in trouble", outcome_unknown=True) from None
    raise Rejected(why_of(code or error.status)) from None


def why_of(code: int) -> str:
    """What a code means, in words that the plant's IT person can act on."""
    return f"{code}: {DEAD.get(code) or SAID_NO.get(code) or 'see twilio.com/docs/api/errors'}"


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Without what was not given: a parameter that is not set is not sent."""
    return {name: value for name, value in values.items() if value is not None} if values is not None else None


async def _within(answer: httpx.Response, most: int) -> bytes:
    """A body that ends before it is too large; what it says of its own length is not believed."""
    got = bytearray()
    async for chunk in answer.aiter_bytes():
        got += chunk
        if len(got) > most:
            raise TooLarge("the file is too large")
    return bytes(got)
