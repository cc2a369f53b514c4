"""Speaks JSON-RPC with a Tryton server and turns whatever goes wrong into one of our three answers."""

from __future__ import annotations

import base64
import itertools
import threading
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from workflow.errors import Away, Rejected, TryLater

TIMEOUT = httpx.Timeout(20.0, connect=5.0)  # seconds; a posting is at most a dozen calls
BUSY = timedelta(seconds=2)  # until a record that somebody else is saving is free again
LOGIN_REFUSED = timedelta(minutes=15)  # Tryton itself slows down and then locks out who keeps on trying
READS = 4  # attempts at reading over a connection that breaks
SLOW_DOWN = timedelta(seconds=30)  # where 429 or 503 names no time

Row = dict[str, Any]


class Warned(Rejected):
    """Tryton would do it if a person confirmed its warning; `name` is what a client confirms."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"Tryton asks for a confirmation: {message}")
        self.name = name


class _Broken(TryLater):
    """The connection broke before the answer came: what only reads is asked again at once."""


class TrytonRpc:
    """One user's session; used from several threads. A password is tried once and never again after a refusal."""

    def __init__(
        self, url: str, database: str, user: str, password: str, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._path = f"/{database}/rpc/"
        self._user, self._password = user, password
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, transport=transport)
        self._ids = itertools.count(1)
        self._login_lock = threading.Lock()
        self._session: str | None = None
        self._refused = False
        self._context: Mapping[str, Any] = {}

    @property
    def context(self) -> Mapping[str, Any]:
        """The user's company, employee, groups and language, as the server says; logs in where nobody did yet."""
        self._authorization()
        return self._context

    def call(self, model: str, method: str, *params: Any, context: Mapping[str, Any] | None = None) -> Any:
        """One remote call, which is one transaction over there.

        Raises Away, TryLater, Rejected with Tryton's own words, or Warned.
        """
        for attempt in (1, 2):
            session = self._authorization()
            answer = self._send(f"model.{model}.{method}", [*params, {**self._context, **(context or {})}], session)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                return _result(answer)
            with self._login_lock:  # the session is over; nothing was done, so the call is safe to repeat
                if self._session == session:
                    self._session = None
            if attempt == 2:
                raise Away("Tryton does not take the session that it has just given us", after=SLOW_DOWN)
        raise AssertionError("unreachable")

    def search(
        self,
        model: str,
        domain: Sequence[Any],
        fields: Sequence[str],
        order: Sequence[Any] | None = None,
        limit: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        """Records with these fields; `product.code` comes as `row["product."]["code"]`."""
        for attempt in range(READS):
            try:
                return list(
                    self.call(model, "search_read", list(domain), 0, limit, order, list(fields), context=context)
                )
            except _Broken:
                if attempt == READS - 1:
                    raise
        return []

    def create(self, model: str, values: Mapping[str, Any]) -> int:
        """One new record; its id."""
        (made,) = self.call(model, "create", [values])
        return int(made)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _authorization(self) -> str:
        with self._login_lock:
            if self._session is None:
                self._session = self._log_in()
            return self._session

    def _log_in(self) -> str:
        if self._refused:
            raise Away(_no_login(self._user), after=LOGIN_REFUSED)
        answer = self._send("common.db.login", [self._user, {"password": self._password}], None)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._refused = True
            raise Away(_no_login(self._user), after=LOGIN_REFUSED)
        try:
            uid, token = _result(answer)[:2]
        except Rejected as no:  # an unknown database, for example: a person has to set it up
            raise Away(f"Tryton lets nobody in: {no.why}", after=LOGIN_REFUSED) from no
        except (TypeError, ValueError) as error:
            raise Away("Tryton answers a login with something else", after=SLOW_DOWN) from error
        session = base64.b64encode(f"{self._user}:{uid}:{token}".encode()).decode()
        self._context = _result(self._send("model.res.user.get_preferences", [True, {}], session))
        return session

    def _send(self, method: str, params: Sequence[Any], session: str | None) -> httpx.Response:
        body = {"id": next(self._ids), "method": method, "params": typed(params)}
        headers = {"Authorization": f"Session {session}"} if session is not None else {}
        try:
            return self._http.post(self._path, json=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Away("Tryton cannot be reached", after=None) from error
        except httpx.TimeoutException as error:
            raise TryLater("Tryton did not answer in time", outcome_unknown=True) from error
        except httpx.TransportError as error:
            raise _Broken("the connection to Tryton broke", outcome_unknown=True) from error


def typed(value: Any) -> Any:
    """A Python value in Tryton's JSON: dates, decimals and spans of time carry their class."""
    if isinstance(value, datetime):
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(value, part) for part in parts}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, Mapping):
        return {name: typed(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [typed(part) for part in value]
    return value


def untyped(value: Any) -> Any:
    """Tryton's JSON as Python values; its instants are UTC without saying so."""
    if isinstance(value, list):
        return [untyped(part) for part in value]
    if not isinstance(value, dict):
        return value
    match value.get("__class__"):
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "datetime":
            return datetime(**{name: part for name, part in value.items() if name != "__class__"})  # noqa: DTZ001
        case "timedelta":
            return timedelta(seconds=value["seconds"])
        case "Decimal":
            return Decimal(value["decimal"])
    return {name: untyped(part) for name, part in value.items()}


def _result(answer: httpx.Response) -> Any:
    """What the server gave, or its refusal as one of ours."""
    code = answer.status_code
    if code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE):
        raise Away(f"Tryton is busy (HTTP {code})", after=_retry_after(answer))
    if code == httpx.codes.FORBIDDEN:
        raise Rejected("Tryton does not let this program call that; see the rights in docs/erp/tryton.md")
    if code >= 500:
        raise TryLater(f"Tryton failed (HTTP {code})", outcome_unknown=True)
    try:
        body = answer.json()
        if "result" in body:
            return untyped(body["result"])
        error = body["error"]
    except (ValueError, TypeError, KeyError):
        raise TryLater(f"Tryton answered something else than JSON-RPC (HTTP {code})", outcome_unknown=True) from None
    raise _refusal(error)


def _refusal(error: Any) -> TryLater | Rejected:
    kind, said = (str(error[0]), error[1]) if isinstance(error, list) and len(error) > 1 else (str(error), "")
    words = [str(part) for part in said if isinstance(part, str) and part] if isinstance(said, list) else [str(said)]
    match kind:
        case "UserError":
            return Rejected(" ".join(words) or "Tryton refused it without a reason")
        case "UserWarning":
            return Warned(words[0] if words else "", " ".join(words[1:]))
        case "ConcurrencyException":
            return TryLater("somebody else is working on the same record in Tryton", after=BUSY)
    if "locked" in kind or "could not obtain lock" in kind or "could not serialize" in kind:
        return TryLater("the record is locked in Tryton", after=BUSY)
    return Rejected(f"Tryton does not know {kind}: is it another version, or is a module missing?")


def _retry_after(answer: httpx.Response) -> timedelta:
    said = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(said), 3600)) if said.isdigit() else SLOW_DOWN


def _no_login(user: str) -> str:
    return f"Tryton refuses the login of {user}; correct LINECALL_TRYTON_PASSWORD and start again"
