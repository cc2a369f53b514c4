"""Speaks SAP's OData V2: CSRF tokens, cookies, ETags, pages, and its refusals turned into one of our three answers."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from integrations.erp.sap_login import LOGIN_REFUSED, refused
from workflow.errors import Away, Rejected, TryLater

ROOT = "/sap/opu/odata/sap/"
TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # seconds; a goods movement in a busy system takes its time
BUSY = timedelta(seconds=5)  # until an object that somebody has open is free again
SLOW_DOWN = timedelta(seconds=30)  # where 429 or 503 names no time
READS = 4  # attempts at reading over a connection that breaks
PAGE = 500  # rows of one answer
SETUP = "docs/erp/sap.md"
LOCKED = re.compile(
    r"\blocked by\b|being processed by|currently (?:locked|being (?:processed|edited))|already locked", re.I
)
LOCK_CODES = frozenset({"MC/601", "M3/023", "M3/024"})  # "currently locked by user", of an object or a material
NOT_ACTIVE = ("/IWFND/MED/170", "/IWFND/MED/171")  # no such service at this system

Row = dict[str, Any]


class SapSaysNo(Rejected):
    """SAP's own refusal; `codes` are its messages as CLASS/NUMBER: "M7/021"."""

    def __init__(self, why: str, status: int, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(why)
        self.status, self.codes = status, codes


class _Broken(TryLater):
    """The connection broke before the answer came: what only reads is asked again at once."""


class Sap:
    """One communication user's way into one SAP system; used from several threads.

    `token_url` given: user and password are an OAuth 2.0 client; else they go in as HTTP Basic. No password: the
    certificate in `tls` says who we are. A refused password is tried once and never again before the next start, since
    SAP locks a user after a few wrong ones.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str | None,
        client: str | None = None,
        token_url: str | None = None,
        transport: httpx.BaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.user = user
        self._password, self._token_url, self._client = password, token_url, client
        headers = {"Accept": "application/json", "Accept-Language": "en"}
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT, transport=transport, headers=headers,
                                  verify=tls if tls is not None else True)  # fmt: skip
        self._lock = threading.Lock()
        self._tokens: dict[str, str] = {}  # service -> CSRF token
        self._bearer: str | None = None
        self._refused = False

    # reading --------------------------------------------------------------------------------------------------------

    def read(
        self,
        service: str,
        entities: str,
        where: str = "",
        select: Sequence[str] = (),
        expand: Sequence[str] = (),
        order: str = "",
    ) -> list[Row]:
        """All rows that fit, page by page; what is expanded comes as a list or a row below its name."""
        query = {"$format": "json", "$filter": where, "$select": ",".join(select), "$expand": ",".join(expand),
                 "$orderby": order}  # fmt: skip
        asked: Mapping[str, str] | None = {name: value for name, value in query.items() if value}
        path, rows, seen = f"{ROOT}{service}/{entities}", list[Row](), {""}
        page_at = path
        while True:
            body = _body(self._get(page_at, asked))
            page = body.get("results") if isinstance(body, dict) else body
            if not isinstance(page, list):
                raise TryLater("SAP answered a list with something else", outcome_unknown=True)
            rows += [_plain(row) for row in page]
            following = body.get("__next") if isinstance(body, dict) else None
            if not following:
                return rows
            # Only the rest of the address is taken from it: our password goes to no other host than the one configured.
            rest = urlsplit(str(following)).query
            if rest in seen:
                raise TryLater("SAP answers the same page of a list again and again")
            seen.add(rest)
            page_at, asked = f"{path}?{rest}", None

    def one(self, service: str, entity: str, expand: Sequence[str] = ()) -> Row | None:
        """One row with its `__etag`, or None where SAP knows no such thing."""
        query = {"$format": "json"} | ({"$expand": ",".join(expand)} if expand else {})
        try:
            return _plain(_body(self._get(f"{ROOT}{service}/{entity}", query)))
        except SapSaysNo as no:
            if no.status == httpx.codes.NOT_FOUND and not no.codes & set(NOT_ACTIVE):
                return None
            raise

    def count(self, service: str, entities: str, where: str) -> int:
        """How many rows fit."""
        said = self._get(f"{ROOT}{service}/{entities}/$count", {"$filter": where}, accept="text/plain").text
        if not said.strip("﻿ \n").isdigit():
            raise TryLater("SAP answered a count with something else")
        return int(said.strip("﻿ \n"))

    def described(self, service: str) -> str:
        """A service's own `$metadata`, as XML."""
        return self._get(f"{ROOT}{service}/$metadata", None, accept="application/xml").text

    # writing --------------------------------------------------------------------------------------------------------

    def create(self, service: str, entities: str, body: Mapping[str, Any]) -> Row:
        """One new document, its items with it; what SAP made of it."""
        return _plain(_body(self._write("POST", service, entities, body)))

    def change(self, service: str, entity: str, body: Mapping[str, Any], etag: str | None) -> None:
        """Change these fields, if nobody has changed the object since it was read with that ETag; None: it has none."""
        self._write("PATCH", service, entity, body, {"If-Match": etag} if etag else {})

    def act(self, service: str, function: str, etag: str | None = None, **parameters: str) -> Row:
        """Call a function import; the parameters are literals of OData."""
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
        headers = {"If-Match": etag} if etag else {}
        return _plain(_body(self._write("POST", service, f"{function}?{query}", None, headers)))

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    # the wire -------------------------------------------------------------------------------------------------------

    def _get(
        self, path: str, query: Mapping[str, str] | None, accept: str = "application/json", **headers: str
    ) -> httpx.Response:
        for attempt in range(READS):
            try:
                answer = self._send("GET", path, params=query, headers={"Accept": accept, **headers})
                _refuse(answer)
            except _Broken:
                if attempt == READS - 1:
                    raise
            else:
                return answer
        raise AssertionError("unreachable")

    def _write(
        self, method: str, service: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] = {}
    ) -> httpx.Response:
        for attempt in (1, 2):
            token = self.token(service)
            answer = self._send(method, f"{ROOT}{service}/{path}", json=body,
                                headers={**headers, "X-CSRF-Token": token})  # fmt: skip
            if not _wants_a_token(answer):
                _refuse(answer)
                return answer
            with self._lock:  # it is over; nothing was done, so the call is safe to repeat
                if self._tokens.get(service) == token:
                    del self._tokens[service]
            if attempt == 2:
                raise Away("SAP does not take the CSRF token that it has just given us", after=SLOW_DOWN)
        raise AssertionError("unreachable")

    def token(self, service: str) -> str:
        """A CSRF token of a service, fetched where there is none yet: proof that the user may come in."""
        with self._lock:
            token = self._tokens.get(service)
        if token is None:
            asked = {"X-CSRF-Token": "Fetch"}
            token = self._get(f"{ROOT}{service}/", {"$format": "json"}, **asked).headers.get("X-CSRF-Token", "")
            if not token:
                raise TryLater("SAP hands out no CSRF token", after=SLOW_DOWN)
            with self._lock:
                self._tokens[service] = token
        return token

    def _send(self, method: str, path: str, **what: Any) -> httpx.Response:
        for attempt in (1, 2):
            bearer = self._login()
            headers = dict(what.pop("headers", {}))
            client = {"sap-client": self._client} if self._client else {}
            auth = None if bearer or self._password is None else (self.user, self._password)
            sent = headers | client | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
            answer = self._over_the_wire(method, path, headers=sent, auth=auth, **what)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                return answer
            if bearer is None or attempt == 2:
                break
            with self._lock:  # an old OAuth token; nothing was done
                self._bearer = None
            what["headers"] = headers
        self._refused = True
        raise Away(self._no_login, after=LOGIN_REFUSED)

    def _over_the_wire(self, method: str, path: str, **what: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **what)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise refused(error) or Away("SAP cannot be reached") from error
        except httpx.TimeoutException as error:
            raise TryLater("SAP did not answer in time", outcome_unknown=True) from error
        except httpx.TransportError as error:  # TLS 1.3 refuses a certificate only after the handshake
            raise refused(error) or _Broken("the connection to SAP broke", after=BUSY, outcome_unknown=True) from error

    def _login(self) -> str | None:
        """The OAuth token, or None where each request carries user and password."""
        if self._refused:
            raise Away(self._no_login, after=LOGIN_REFUSED)
        if self._token_url is None:
            return None
        with self._lock:
            if self._bearer is None:
                answer = self._over_the_wire("POST", self._token_url, data={"grant_type": "client_credentials"},
                                             auth=(self.user, self._password or ""))  # fmt: skip
                if answer.status_code in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
                    self._refused = True
                    raise Away(self._no_login, after=LOGIN_REFUSED)
                _refuse(answer)
                try:
                    self._bearer = str(answer.json()["access_token"])
                except (ValueError, TypeError, KeyError):
                    raise Away("LINECALL_SAP_TOKEN_URL gives no access token", after=SLOW_DOWN) from None
            return self._bearer

    @property
    def _no_login(self) -> str:
        by = "CERTIFICATE or its mapping to a user" if self._password is None else "PASSWORD"
        return f"SAP refuses the login of {self.user}; correct LINECALL_SAP_{by} and start again"


# what comes back -----------------------------------------------------------------------------------------------------


def _wants_a_token(answer: httpx.Response) -> bool:
    required = answer.headers.get("X-CSRF-Token", "").lower() == "required"
    return answer.status_code == httpx.codes.FORBIDDEN and required


def _refuse(answer: httpx.Response) -> None:
    """Raise what an answer says no with; nothing where it says yes."""
    code = answer.status_code
    if code < 300:
        return
    if code in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE):
        raise Away(f"SAP is busy (HTTP {code})", after=_retry_after(answer))
    words, codes = _said(answer)
    if code in (httpx.codes.LOCKED,) or codes & LOCK_CODES or LOCKED.search(words):
        raise TryLater(words or "somebody has it open in SAP", after=BUSY)
    if code == httpx.codes.PRECONDITION_FAILED:
        raise TryLater("somebody else has changed it in SAP meanwhile", after=BUSY)
    if code >= 500:
        raise TryLater(f"SAP failed (HTTP {code})", outcome_unknown=True)
    if code == httpx.codes.FORBIDDEN:
        raise SapSaysNo(f"SAP does not permit it: {words or 'no authorization'}; see the roles in {SETUP}", code, codes)
    if codes & set(NOT_ACTIVE) or (code == httpx.codes.NOT_FOUND and not codes):
        raise SapSaysNo(f"SAP has no such service here: {words or answer.url.path}; see {SETUP}", code,
                        codes | {NOT_ACTIVE[0]})  # fmt: skip
    raise SapSaysNo(words or f"SAP refused it without a reason (HTTP {code})", code, codes)


def _said(answer: httpx.Response) -> tuple[str, frozenset[str]]:
    """SAP's own words without repeats, and the codes of its messages."""
    try:
        error = answer.json()["error"]
        message = error["message"]
        first = str(message["value"] if isinstance(message, dict) else message)
        details = [row for row in (error.get("innererror") or {}).get("errordetails") or [] if isinstance(row, dict)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return "", frozenset()
    wrong = [
        row for row in details if row.get("severity") in ("error", "abort") and "/IWBEP/" not in str(row.get("code"))
    ]
    words = dict.fromkeys([first, *(str(row.get("message", "")) for row in wrong)])
    codes = {str(error.get("code", "")), *(str(row.get("code", "")) for row in details)}
    return " ".join(word for word in words if word)[:500], frozenset(code for code in codes if code)


def _body(answer: httpx.Response) -> Any:
    if answer.status_code == httpx.codes.NO_CONTENT or not answer.content:
        return {}
    try:
        return answer.json()["d"]
    except (ValueError, TypeError, KeyError):
        raise TryLater("SAP answered something else than OData", outcome_unknown=True) from None


def _plain(row: Any) -> Row:
    """A row without OData's wrapping; what was only deferred is left out."""
    if not isinstance(row, dict):
        raise TryLater("SAP answered something else than a record", outcome_unknown=True)
    plain: Row = {}
    for name, value in row.items():
        if name == "__metadata":
            plain["__etag"] = (value or {}).get("etag") if isinstance(value, dict) else None
        elif isinstance(value, dict) and "results" in value:
            plain[name] = [_plain(below) for below in value["results"]]
        elif isinstance(value, dict) and "__deferred" not in value:
            plain[name] = _plain(value)
        elif not isinstance(value, dict):
            plain[name] = value
    return plain


def _retry_after(answer: httpx.Response) -> timedelta:
    said = answer.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(said), 3600)) if said.isdigit() else SLOW_DOWN
