"""JSON over HTTP with a system that may be away, slow or shut: whatever goes wrong on the way is one of our answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from workflow.errors import Away, TryLater

TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # seconds
BUSY = timedelta(seconds=3)  # until a record that somebody else saves is free again
KEY_REFUSED = timedelta(minutes=15)
SLOW_DOWN = timedelta(seconds=30)  # where 429 or 503 names no time
READS = 4  # attempts at reading over a connection that breaks


class _Broken(TryLater):
    """The connection broke before the answer came: what only reads is asked again at once."""


class JsonWire:
    """One key's way into one system; used from several threads. A refused key is tried once and never again."""

    def __init__(
        self, system: str, setting: str, url: str, headers: Mapping[str, str], transport: httpx.BaseTransport | None
    ) -> None:
        self.system, self._setting = system, setting
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, transport=transport, headers=dict(headers))
        self._refused = False

    def ask(self, method: str, path: str, *, reads: bool, **what: Any) -> httpx.Response:
        """One request; the answer is a yes or a refusal that the system itself explains. Raises Away, TryLater."""
        for attempt in range(READS if reads else 1):
            try:
                return self._once(method, path, **what)
            except _Broken:
                if not reads or attempt == READS - 1:
                    raise
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _once(self, method: str, path: str, **what: Any) -> httpx.Response:
        if self._refused:
            raise Away(self._no_login, after=KEY_REFUSED)
        try:
            answer = self._http.request(method, path, **what)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Away(f"{self.system} cannot be reached") from error
        except httpx.TimeoutException as error:
            raise TryLater(f"{self.system} did not answer in time", outcome_unknown=True) from error
        except httpx.TransportError as error:
            raise _Broken(f"the connection to {self.system} broke", after=BUSY, outcome_unknown=True) from error
        code = answer.status_code
        if code == httpx.codes.UNAUTHORIZED:
            self._refused = True
            raise Away(self._no_login, after=KEY_REFUSED)
        if code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE):
            said = answer.headers.get("Retry-After", "")
            after = timedelta(seconds=min(int(said), 3600)) if said.isdigit() else SLOW_DOWN
            raise Away(f"{self.system} is busy (HTTP {code})", after=after)
        return answer

    @property
    def _no_login(self) -> str:
        return f"{self.system} refuses our key; correct {self._setting} and start again"


def said_in(answer: httpx.Response, system: str) -> Any:
    """The JSON of an answer; raises TryLater where it is none, such as a proxy's page."""
    try:
        return answer.json()
    except ValueError:
        unknown = f"{system} answered something else than JSON (HTTP {answer.status_code})"
        raise TryLater(unknown, outcome_unknown=True) from None
