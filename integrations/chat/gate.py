"""The gate before every SDK: a body that a stranger may have sent is measured and parsed here, strictly, once.

The vendors' own parsers raise on hostile input, and Python's takes the last of two equal keys, so that what a proxy
saw and what we act on could differ. Whoever passes a body on checks its size and its proof first.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from workflow.errors import LinecallError
from workflow.messages import Inbound

DEEPEST = 64  # levels of a JSON document; the platforms' own have fewer than 20
MOST_FIELDS = 200  # of a form
REPLAY_WINDOW = timedelta(minutes=5)  # how old a signed time may be; Slack's own number

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")


class Unreadable(LinecallError):
    """What came is not what its platform sends; says what is wrong with its shape, never what stands in it."""


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; raises Unreadable for anything else, and for keys that stand twice."""
    depth = deepest = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise Unreadable("too deep")
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("not an object")
    return found


def form(body: bytes) -> dict[str, str]:
    """The fields of a form, blank ones kept; raises Unreadable where one stands twice."""
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise Unreadable("not a form") from None
    return _once(pairs)


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal; takes as long for a wrong one as for the right one."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


def secrets_in(setting: str | None) -> tuple[str, ...]:
    """The secrets that a setting names: one, or while it is changed the new one, a comma, and the old one."""
    return tuple(one.strip() for one in (setting or "").split(",") if one.strip())


def any_same(given: str, expected: Iterable[str]) -> bool:
    """Whether a secret is one of several; every one is looked at, so that the time tells nothing."""
    return sum(same(given, one) for one in expected) > 0


def recent(stamp: str, at: datetime, within: timedelta = REPLAY_WINDOW) -> bool:
    """Whether a signed time, in seconds since 1970, is near enough: older requests may be somebody's recording."""
    return (
        stamp.isascii() and stamp.isdigit() and len(stamp) < 13 and abs(at.timestamp() - int(stamp)) <= within.seconds
    )


def as_it_came(channel: str, path: str, what: bytes | Any, came_at: datetime, query: str = "") -> Inbound:
    """What cannot be read, to be set aside: a body, or the object of a poll. No headers: these hold secrets."""
    body = what.decode("utf-8", "replace") if isinstance(what, bytes) else json.dumps(what)
    id_ = f"raw:{sha256(body.encode('utf-8', 'replace')).hexdigest()[:32]}"
    return Inbound(channel, id_, "", "", came_at, raw=json.dumps([path, query, body]))


def text_in(found: Mapping[str, Any], *path: str) -> str:
    """The text at a path of keys; "" where there is none."""
    value = at(found, *path)
    return value if isinstance(value, str) else ""


def at(found: Any, *path: str) -> Any:
    """Whatever stands at a path of keys; None where there is nothing."""
    for key in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("a key stands twice")
    return found


def _no_number(_: str) -> NoReturn:
    raise Unreadable("not a number")
