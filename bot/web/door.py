"""What is refused before anything of a request is read: bodies without end, foreign hosts, foreign pages."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.config import Config
from bot.web.errors import refusal

MOST_BYTES = 256 * 1024  # of one request body
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
UNGUARDED = ("/health", "/ready", "/hooks/")  # probes ask by any name; hooks prove themselves by signature

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all, a browser sends its own forms with `Origin: null`
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Door:
    """ASGI middleware in front of every route; it reads a body once, up to its limit, and hands it on whole."""

    def __init__(
        self, app: ASGIApp, config: Config, most_bytes: Callable[[Scope], int | None] = lambda _: None
    ) -> None:
        self._app = app
        self._config = config
        self._most_bytes = most_bytes  # of a request that may bring more than others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what may not come in; hand on the rest."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send = _with_headers(scope, send)
        problem = self._foreign(scope)
        if problem is None and scope["method"] in CHANGES:
            most = self._most_bytes(scope) or MOST_BYTES
            body = await _whole_body(Headers(scope=scope), receive, most)
            if body is None:
                problem = (413, "too_large", f"A request holds at most {most // 1024} KB.")
            else:
                receive = _replayed(body, receive)
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await refusal(Request(scope), *problem)(scope, receive, send)

    def _foreign(self, scope: Scope) -> tuple[int, str, str] | None:
        """Why this request smells of DNS rebinding or of another site's page; None where it does not."""
        if scope["path"].startswith(UNGUARDED):
            return None
        if any(character < " " for character in scope["path"]):
            return 400, "bad_request", "This address holds characters that no address has."
        headers = Headers(scope=scope)
        has_token = headers.get("authorization", "").lower().startswith("bearer ")  # no browser adds one by itself
        host = host_name(headers.get("host", ""))
        if not has_token and not knows_host(host, self._config):
            return 403, "wrong_host", "This service is not known under that name. Set LINECALL_PUBLIC_URL to it."
        origin = headers.get("origin")
        if origin is not None and scope["method"] in CHANGES and not _same_site(origin, headers, self._config):
            return 403, "wrong_origin", "Changes are accepted from Linecall's own pages and from programs only."
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] in CHANGES:
            return 403, "wrong_origin", "Changes are accepted from Linecall's own pages and from programs only."
        return None


def host_name(host: str) -> str:
    """The name in a Host header or an origin, without its port, in lower case; empty where it cannot be read."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def knows_host(host: str, config: Config) -> bool:
    """Whether the service may be spoken to under this name.

    An IP address cannot be rebound to another machine by a foreign name server, so with a token any of this
    machine's addresses will do.
    """
    called = (config.public_url, config.twilio_fallback_url)
    if host in LOCAL_NAMES or any(url and host == urlsplit(url).hostname for url in called):
        return True
    return config.api_token is not None and (host == config.host.lower() or _is_address(host))


def _same_site(origin: str, headers: Headers, config: Config) -> bool:
    if config.public_url:
        public = urlsplit(config.public_url)
        if origin.lower() == f"{public.scheme}://{public.netloc}".lower():
            return True
    host = headers.get("host", "").lower()
    return bool(host) and origin.lower() in (f"http://{host}", f"https://{host}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def _whole_body(headers: Headers, receive: Receive, most: int) -> bytes | None:
    said = headers.get("content-length", "0")
    if not said.isdigit() or int(said) > most:
        return None
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return bytes(body)
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    handed_on = False

    async def replay() -> Message:
        nonlocal handed_on
        if handed_on:
            return await receive()
        handed_on = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _with_headers(scope: Scope, send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not scope["path"].startswith("/static/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return send_with_headers
