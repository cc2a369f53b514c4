"""A SAP Gateway on loopback: OData V2 as SAP speaks it, and as strict.

It serves the schema that it is given and refuses what SAP refuses: no or wrong CSRF token, no If-Match, a stale one, an
unknown field, a wrong type or length, a filter on the wrong type, a user without a role, a password tried too often.
What the business says stands in `sap_plant.py`.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import quoteattr

from tests.sap_contract import Entity, Service

ROOT = "/sap/opu/odata/sap/"
SHOWN = ":common-name"  # of the certificate that was shown; no request can send a header of that name
PAGE = 20  # rows of one answer: small, so that every reader has to follow the pages
WRONG_PASSWORDS = 5  # until SAP locks the user
DEFAULT: Mapping[str, Any] = {"S": "", "L": "", "D": None, "T": "PT00H00M00S", "Z": None, "B": False, "F": 0.0, "I": 0,
                              "G": "00000000-0000-0000-0000-000000000000"}  # fmt: skip
EDM = {"S": "Edm.String", "L": "Edm.String", "D": "Edm.DateTime", "T": "Edm.Time", "Z": "Edm.DateTimeOffset",
       "B": "Edm.Boolean", "F": "Edm.Double", "I": "Edm.Int32", "G": "Edm.Guid", "N": "Edm.Decimal"}  # fmt: skip
Row = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]  # status, headers, body


class SapError(Exception):
    """What SAP answers with instead."""

    def __init__(self, status: int, code: str, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.headers = status, code, text, headers


class Business:
    """What the plant's rules do when somebody writes; `sap_plant.py` has them."""

    def create(self, entity: str, row: Row, below: dict[str, list[Row]]) -> Row:
        raise SapError(405, "/IWFND/CM_MGW/022", f"Method 'POST' is not allowed for {entity}")

    def change(self, entity: str, row: Row, changes: Row) -> None:
        raise SapError(405, "/IWFND/CM_MGW/022", f"Method 'PATCH' is not allowed for {entity}")

    def act(self, function: str, given: Mapping[str, Any]) -> tuple[str, Row]:
        raise SapError(404, "/IWFND/MED/055", f"Function import {function} not found")


@dataclass
class Gateway:
    """One system: its schema, its rows, its users; what it did is in `writes`."""

    services: Mapping[str, Service]
    now: Callable[[], datetime]
    business: Business = field(default_factory=Business)
    rows: dict[str, list[Row]] = field(default_factory=dict)  # entity -> rows
    users: dict[str, str] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)  # common name -> the user that it is mapped to
    readers: set[str] = field(default_factory=set)  # users without a right to write
    inactive: set[str] = field(default_factory=set)  # services that nobody activated
    calls: list[str] = field(default_factory=list)
    url: str = ""
    _wrong: dict[str, int] = field(default_factory=dict)
    _sessions: dict[str, str] = field(default_factory=dict)  # cookie -> CSRF token
    _bearers: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    # rows -----------------------------------------------------------------------------------------------------------

    def entity(self, name: str) -> Entity:
        return next(service.entities[name] for service in self.services.values() if name in service.entities)

    def add(self, name: str, **values: Any) -> Row:
        """A row as SAP would have it; unknown fields are a mistake of the test."""
        entity = self.entity(name)
        row = {one.name: "0" if one.type[0] == "N" else DEFAULT[one.type[0]] for one in entity.fields.values()}
        assert set(values) <= set(row), set(values) - set(row)
        row |= values
        row["__version"] = secrets.token_hex(4)
        self.rows.setdefault(name, []).append(row)
        return row

    def touch(self, row: Row) -> None:
        """It was changed: ETag and time of change move on."""
        row["__version"] = secrets.token_hex(4)
        if "LastChangeDateTime" in row:
            digits = row["LastChangeDateTime"] is not None and not str(row["LastChangeDateTime"]).startswith("/")
            row["LastChangeDateTime"] = f"{self.now():%Y%m%d%H%M%S}" if digits else instant(self.now())

    def forget_sessions(self) -> None:
        """Every session is over: cookies and CSRF tokens count no more, OAuth tokens neither."""
        self._sessions.clear()
        self._bearers.clear()

    # one request ----------------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        with self._lock:
            try:
                return self._answer(method, target, headers, body)
            except SapError as no:
                return (
                    no.status,
                    no.headers,
                    {
                        "error": {
                            "code": no.code,
                            "message": {"lang": "en", "value": no.text},
                            "innererror": {
                                "transactionid": secrets.token_hex(8).upper(),
                                "errordetails": [
                                    {
                                        "code": no.code,
                                        "message": no.text,
                                        "propertyref": "",
                                        "severity": "error",
                                        "target": "",
                                    },
                                    {
                                        "code": "/IWBEP/CX_MGW_BUSI_EXCEPTION",
                                        "message": "An exception was raised.",
                                        "severity": "error",
                                    },
                                ],
                            },
                        }
                    },
                )

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(target)
        if parts.path == "/oauth/token":
            return self._oauth(headers, body)
        user = self._user(headers)
        name, _, rest = parts.path.removeprefix(ROOT).partition("/")
        service = self.services.get(unquote(name))
        if service is None or service.name in self.inactive or not parts.path.startswith(ROOT):
            text = f"No service found for namespace '', name '{name}', version '0001'"
            raise SapError(403 if service and service.name in self.inactive else 404, "/IWFND/MED/170", text)
        self.calls.append(f"{method} {unquote(rest)}")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        sent: dict[str, str] = {}
        if method in ("GET", "HEAD"):
            if headers.get("x-csrf-token", "").lower() == "fetch":
                cookie = secrets.token_hex(8)
                self._sessions[cookie] = secrets.token_urlsafe(12)
                sent = {"x-csrf-token": self._sessions[cookie], "set-cookie": f"SAP_SESSIONID_S4H_100={cookie}; path=/"}
            status, more, answered = self._read(service, unquote(rest), query)
            return status, sent | more, answered
        self._session(headers)
        if user in self.readers:
            raise SapError(403, "/IWBEP/CM_MGW_RT/021", f"User {user.upper()} is not authorized to post")
        return self._write(service, method, unquote(rest), query, headers, body)

    def _user(self, headers: Mapping[str, str]) -> str:
        kind, _, said = headers.get("authorization", "").partition(" ")
        if mapped := self.certificates.get(headers.get(SHOWN, "")):
            return mapped
        if kind.lower() == "bearer" and said in self._bearers:
            return said.partition(".")[0]
        if kind.lower() == "basic":
            user, _, password = base64.b64decode(said).decode().partition(":")
            if self._wrong.get(user, 0) < WRONG_PASSWORDS and self.users.get(user) == password:
                return user
            self._wrong[user] = self._wrong.get(user, 0) + 1
        raise SapError(401, "", "Logon failed", **{"www-authenticate": 'Basic realm="SAP NetWeaver"'})

    def _oauth(self, headers: Mapping[str, str], body: bytes) -> Answer:
        if dict(parse_qsl(body.decode())).get("grant_type") != "client_credentials":
            return 400, {}, {"error": "unsupported_grant_type"}
        try:
            token = f"{self._user(headers)}.{secrets.token_hex(8)}"
        except SapError:
            return 401, {}, {"error": "invalid_client"}
        self._bearers.add(token)
        return 200, {}, {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def _session(self, headers: Mapping[str, str]) -> None:
        cookies = dict(one.strip().partition("=")[::2] for one in headers.get("cookie", "").split(";"))
        token = self._sessions.get(cookies.get("SAP_SESSIONID_S4H_100", ""))
        if token is None or headers.get("x-csrf-token") != token:
            raise SapError(403, "", "CSRF token validation failed", **{"x-csrf-token": "Required"})

    # reading --------------------------------------------------------------------------------------------------------

    def _read(self, service: Service, rest: str, query: dict[str, str]) -> Answer:
        known = {"$format", "$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$skiptoken", "sap-client"}
        if unknown := [name for name in query if name not in known and name.startswith("$")]:
            raise SapError(400, "/IWFND/CM_MGW/016", f"System query option '{unknown[0]}' is invalid")
        if rest == "":
            return 200, {}, {"d": {"EntitySets": list(service.entities)}}
        if rest == "$metadata":
            return 200, {"content-type": "application/xml"}, metadata(service)
        name, key, more = re.fullmatch(r"(\w+)(\(.*\))?(/\$count)?", rest).groups() if re.fullmatch(  # type: ignore[union-attr]
            r"(\w+)(\(.*\))?(/\$count)?", rest) else ("", None, None)  # fmt: skip
        entity = service.entities.get(name)
        if entity is None:
            raise SapError(404, "/IWFND/MED/030", f"Resource not found for segment '{rest}'")
        if key is not None:
            row = self._one(entity, key)
            return 200, self._etag(entity, row), {"d": self._shown(service, entity, row, query)}
        where = Filter(entity, query["$filter"]).test if query.get("$filter") else lambda _: True
        rows = [row for row in self.rows.get(entity.name, []) if where(row)]
        if more:
            return 200, {"content-type": "text/plain"}, str(len(rows))
        order = query.get("$orderby", "")
        if order:
            if order not in entity.fields:
                raise SapError(400, "/IWFND/MED/030", f"Property {order} not found in type '{entity.name}'")
            rows.sort(key=lambda row: str(row[order]))
        rows = rows[int(query.get("$skip", 0)) :]
        rows = rows[: int(query["$top"])] if "$top" in query else rows
        start = int(query.get("$skiptoken", 0))
        page = {"results": [self._shown(service, entity, row, query) for row in rows[start : start + PAGE]]}
        if len(rows) > start + PAGE:
            asked = "&".join(f"{name}={value}" for name, value in query.items() if name != "$skiptoken").replace(
                " ", "%20"
            )
            # SAP names itself by the host that it knows itself by, which is seldom ours.
            page["__next"] = f"https://s4h.internal:44300{ROOT}{service.name}/{rest}?{asked}&$skiptoken={start + PAGE}"  # type: ignore[assignment]
        return 200, {}, {"d": page}

    def _one(self, entity: Entity, key: str) -> Row:
        inside = key[1:-1]
        parts = dict(re.findall(r"(\w+)=('(?:[^']|'')*')", inside)) if "=" in inside else {entity.keys[0]: inside}
        wanted = {name: value[1:-1].replace("''", "'") for name, value in parts.items() if value.startswith("'")}
        if not wanted or any(name not in entity.keys for name in wanted):
            raise SapError(400, "/IWFND/MED/028", f"Invalid key predicate {key} of {entity.name}")
        for row in self.rows.get(entity.name, []):
            if all(row[name] == value for name, value in wanted.items()):
                return row
        raise SapError(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{entity.name}'")

    def _etag(self, entity: Entity, row: Row) -> dict[str, str]:
        return {"etag": f"W/\"'{row['__version']}'\""} if entity.etag else {}

    def _shown(self, service: Service, entity: Entity, row: Row, query: dict[str, str]) -> Row:
        wanted = [name for name in query.get("$select", "").split(",") if name]
        expand = [name for name in query.get("$expand", "").split(",") if name]
        if unknown := [name for name in wanted if name not in entity.fields and name not in entity.below]:
            raise SapError(400, "/IWFND/MED/030", f"Property {unknown[0]} not found in type '{entity.name}'")
        if unknown := [name for name in expand if name.partition("/")[0] not in entity.below]:
            raise SapError(400, "/IWFND/MED/030", f"Navigation {unknown[0]} not found in type '{entity.name}'")
        shown = {"__metadata": {"type": f"{service.name}.{entity.name}", **self._etag(entity, row)}}
        shown |= {name: value for name, value in row.items() if name in (wanted or entity.fields)}
        for navigation, target in entity.below.items():
            if not any(name.partition("/")[0] == navigation for name in expand):
                shown[navigation] = {"__deferred": {"uri": f"{service.name}/{navigation}"}}
                continue
            lower = {
                "$expand": ",".join(name.partition("/")[2] for name in expand if name.startswith(f"{navigation}/"))
            }
            below = service.entities[target]
            join = [name for name in entity.keys if name in below.fields]
            shown[navigation] = {
                "results": [
                    self._shown(service, below, one, lower)
                    for one in self.rows.get(target, [])
                    if all(one[name] == row[name] for name in join)
                ]
            }
        return shown

    # writing --------------------------------------------------------------------------------------------------------

    def _write(self, service: Service, method: str, rest: str, query: dict[str, str], headers: Mapping[str, str],
               body: bytes) -> Answer:  # fmt: skip
        if method == "POST" and rest in service.functions:
            return self._call(service, rest, query, headers)
        if method == "POST" and rest in service.entities:
            entity = service.entities[rest]
            row, below = self._checked(service, entity, parsed(body), new=True)
            made = self.business.create(entity.name, row, below)
            return 201, self._etag(entity, made), {"d": self._shown(service, entity, made, {})}
        found = re.fullmatch(r"(\w+)(\(.*\))", rest)
        if method not in ("PATCH", "MERGE") or found is None or found[1] not in service.entities:
            raise SapError(405, "/IWFND/CM_MGW/022", f"Method '{method}' is not allowed for '{rest}'")
        entity = service.entities[found[1]]
        row = self._one(entity, found[2])
        self._match(entity, row, headers)
        changes, _ = self._checked(service, entity, parsed(body), new=False)
        self.business.change(entity.name, row, changes)
        return 204, {}, None

    def _match(self, entity: Entity, row: Row, headers: Mapping[str, str]) -> None:
        if entity.etag is None:
            return
        said = headers.get("if-match")
        if said is None:
            raise SapError(428, "/IWFND/CM_MGW/514", "Precondition required: send an If-Match header")
        if said not in ("*", self._etag(entity, row)["etag"]):
            raise SapError(412, "/IWFND/CM_MGW/515", "Precondition failed")

    def _call(self, service: Service, name: str, query: dict[str, str], headers: Mapping[str, str]) -> Answer:
        types = service.functions[name]
        given = {one: value for one, value in query.items() if one != "sap-client"}
        if unknown := [one for one in given if one not in types]:
            raise SapError(400, "/IWFND/CM_MGW/096", f"Invalid function import parameter '{unknown[0]}'")
        if name == "PostDifferences":
            wanted = {one: literal(value, types[one]) for one, value in given.items() if one != "PostingDate"}
            entity = service.entities["A_PhysInventoryDocHeader"]
            rows = [
                row for row in self.rows.get(entity.name, []) if all(row[one] == said for one, said in wanted.items())
            ]
            if rows:
                self._match(entity, rows[0], headers)
        entity_name, row = self.business.act(name, {one: literal(value, types[one]) for one, value in given.items()})
        return 200, {}, {"d": self._shown(service, service.entities[entity_name], row, {})}

    def _checked(self, service: Service, entity: Entity, body: Any, new: bool) -> tuple[Row, dict[str, list[Row]]]:
        row: Row = {}
        below: dict[str, list[Row]] = {}
        for name, value in body.items():
            if new and name in entity.deep:
                target = service.entities[entity.below[name]]
                below[name] = [self._checked(service, target, one, new=True)[0] for one in value]
                continue
            one = entity.fields.get(name)
            if one is None:
                raise SapError(400, "005056A509B11EE1B9A8FEC11C21D78E", f"Property '{name}' is invalid")
            if not (one.creatable or one.updatable or one.key if new else one.updatable):
                raise SapError(400, "/IWFND/CM_MGW/099", f"Property '{name}' of '{entity.name}' cannot be written")
            check(name, value, one.type)
            row[name] = value
        return row, below


def parsed(body: bytes) -> Any:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise SapError(400, "/IWBEP/CM_MGW_RT/176", "Error while parsing a JSON document")
    return said


def check(name: str, value: Any, type_: str) -> None:
    """Whether SAP's deserialiser takes this value for this type."""
    wrong = SapError(400, "/IWFND/CM_MGW/086", f"Property '{name}' has invalid value '{value}'")
    text = value if isinstance(value, str) else None
    match type_[0]:
        case "S":
            fits = text is not None and len(text) <= int(type_[1:])
        case "L":
            fits = text is not None
        case "D" | "Z":
            fits = value is None or (text is not None and re.fullmatch(r"/Date\(-?\d+\)/", text) is not None)
            if fits and type_[0] == "D" and value is not None:
                fits = int(value[6:-2]) % 86_400_000 == 0
        case "T":
            fits = text is not None and re.fullmatch(r"PT\d\dH\d\dM\d\dS", text) is not None
        case "N":
            digits, scale = (int(part) for part in type_[1:].split("."))
            found = re.fullmatch(r"-?(\d+)(?:\.(\d+))?", text or "")
            fits = found is not None and len(found[1]) <= digits - scale and len(found[2] or "") <= scale
        case "B":
            fits = isinstance(value, bool)
        case "G":
            fits = text is not None and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None
        case _:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
    if not fits:
        raise wrong


def literal(said: str, type_: str) -> Any:
    """A literal of the address as the row holds it; the wrong kind is refused."""
    kind = type_[0]
    if kind in "SL" and re.fullmatch(r"'(?:[^']|'')*'", said, re.DOTALL):
        return said[1:-1].replace("''", "'")
    if kind == "D" and (found := re.fullmatch(r"datetime'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)'", said)):
        return instant(datetime.fromisoformat(found[1]).replace(tzinfo=UTC))
    if kind == "Z" and (found := re.fullmatch(r"datetimeoffset'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z'", said)):
        return instant(datetime.fromisoformat(found[1]).replace(tzinfo=UTC))
    if kind == "G" and (found := re.fullmatch(r"guid'([0-9a-f-]{36})'", said)):
        return found[1]
    if kind == "B" and said in ("true", "false"):
        return said == "true"
    if kind == "N" and re.fullmatch(r"-?\d+(\.\d+)?[mM]", said):
        return said[:-1]
    raise SapError(400, "/IWFND/CM_MGW/082", f"Invalid literal {said}")


class Filter:
    """`$filter`, as far as it goes here: and, or, brackets, comparisons, startswith."""

    TOKEN = re.compile(r"\s*((?:datetimeoffset|datetime|guid|time)?'(?:[^']|'')*'|[(),]|[\w.$/-]+)")

    def __init__(self, entity: Entity, said: str) -> None:
        self.entity, self.tokens, at = entity, [], 0
        said = said.strip()
        while at < len(said):
            found = self.TOKEN.match(said, at)
            if found is None:
                raise SapError(400, "/IWFND/CM_MGW/082", f"Invalid filter {said[at:]}")
            self.tokens.append(found[1])
            at = found.end()
        self.test = self._any()
        if self.tokens:
            raise SapError(400, "/IWFND/CM_MGW/082", f"Invalid filter at {self.tokens[0]}")

    def _next(self) -> str:
        return self.tokens.pop(0) if self.tokens else ""

    def _any(self) -> Callable[[Row], bool]:
        tests = [self._all()]
        while self.tokens and self.tokens[0] == "or":
            self._next()
            tests.append(self._all())
        return lambda row: any(test(row) for test in tests)

    def _all(self) -> Callable[[Row], bool]:
        tests = [self._single()]
        while self.tokens and self.tokens[0] == "and":
            self._next()
            tests.append(self._single())
        return lambda row: all(test(row) for test in tests)

    def _single(self) -> Callable[[Row], bool]:
        token = self._next()
        if token == "(":
            inside = self._any()
            self._wants(")")
            return inside
        if token == "startswith":
            self._wants("(")
            name = self._field(self._next())
            self._wants(",")
            start = literal(self._next(), self.entity.fields[name].type)
            self._wants(")")
            return lambda row: str(row[name]).startswith(start)
        name, operator = self._field(token), self._next()
        value = literal(self._next(), self.entity.fields[name].type)
        number = self.entity.fields[name].type[0] in "DZ"

        def of(one: Any) -> Any:
            return int(one[6:-2]) if number and one is not None else -1 if number else one

        compare: dict[str, Callable[[Any, Any], bool]] = {
            "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "ge": lambda a, b: a >= b,
            "gt": lambda a, b: a > b, "le": lambda a, b: a <= b, "lt": lambda a, b: a < b,
        }  # fmt: skip
        if operator not in compare:
            raise SapError(400, "/IWFND/CM_MGW/082", f"Invalid operator {operator}")
        return lambda row: compare[operator](of(row[name]), of(value))

    def _field(self, name: str) -> str:
        if name not in self.entity.fields:
            raise SapError(400, "/IWFND/MED/030", f"Property {name} not found in type '{self.entity.name}'")
        return name

    def _wants(self, token: str) -> None:
        if self._next() != token:
            raise SapError(400, "/IWFND/CM_MGW/082", f"Invalid filter: {token} is missing")


def instant(at: datetime) -> str:
    """As OData V2 writes it."""
    return f"/Date({round((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))})/"


def metadata(service: Service) -> str:
    """EDMX with SAP's own attributes for what may be written."""
    types, sets = [], []
    for entity in service.entities.values():
        keys = "".join(f"<PropertyRef Name={quoteattr(name)}/>" for name in entity.keys)
        fields = "".join(
            f'<Property Name="{one.name}" Type="{EDM[one.type[0]]}" sap:updatable="{str(one.updatable).lower()}"'
            f' sap:creatable="{str(one.creatable or one.updatable).lower()}"/>'
            for one in entity.fields.values()
        )
        types.append(f'<EntityType Name="{entity.name}Type"><Key>{keys}</Key>{fields}</EntityType>')
        sets.append(f'<EntitySet Name="{entity.name}" EntityType="{service.name}.{entity.name}Type"/>')
    sets += [f'<FunctionImport Name="{name}" m:HttpMethod="POST"/>' for name in service.functions]
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="1.0" '
        'xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:sap="http://www.sap.com/Protocols/SAPData" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"><edmx:DataServices>'
        f'<Schema xmlns="http://schemas.microsoft.com/ado/2008/09/edm">{"".join(types)}'
        f"<EntityContainer>{''.join(sets)}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )


@contextmanager
def serving(gateway: Any, tls: ssl.SSLContext | None = None) -> Iterator[Any]:
    """It answers at `gateway.url` until the end: whatever has `answer` and `url`."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body in one go

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if isinstance(self.connection, ssl.SSLSocket):
                shown: Any = (self.connection.getpeercert() or {}).get("subject", ())
                headers[SHOWN] = dict(part for parts in shown for part in parts).get("commonName", "")
            status, sent, said = gateway.answer(self.command, self.path, headers, body)
            data = b"" if said is None else said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in ({"content-type": "application/json"} | sent).items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_MERGE = do_DELETE = do_PUT = do_HEAD = _any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    gateway.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
