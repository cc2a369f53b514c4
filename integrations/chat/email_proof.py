"""How far a mail proves who wrote it: an answer to what only its reader had, or the word of our own server.

`From` alone proves nothing. Our message ids carry a seal over the address to which they went; whoever answers has got
the message. Else the plant's own mail server has to say that the sender's domain signed it (RFC 8601, DKIM or DMARC).
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

SEAL_BYTES = 15
PROVES = 14  # days that a message of ours proves who answers it: with time others come to see its id
MOST_RESULTS = 20_000  # characters of one header that are looked at
MOST_HEADERS = 20  # of our own server, from the topmost on: what it writes stands above what came
_OURS = re.compile(r"<lc\.([0-9a-f]{24})\.([0-9]{1,6})\.([\w-]{20})@[\w.-]{1,255}>", re.ASCII)
_DOMAIN = re.compile(r"(?:[a-z0-9_-]{1,63}\.){1,10}[a-z0-9-]{2,63}\.?", re.ASCII | re.IGNORECASE)
_PIECE = re.compile(
    r'(?<==)"(?P<whole>[A-Za-z0-9.-]+)"(?=[\s;(]|$)'  # a quoted value that needs no quotes
    r'|(?P<quoted>"(?:[^"\\]|\\.)*+")|(?P<opens>\()|(?P<plain>[^"()\\]+)',
    re.DOTALL,
)
_IN_COMMENT = re.compile(r"[^()\\]+|\\.|[()]", re.DOTALL)
_QUOTED = "\N{REPLACEMENT CHARACTER}"  # stands for a quoted string: no name, no domain and no separator
_PAIR = re.compile(r"([^\s=]+)\s*=\s*(\S*)\s*")


@dataclass(frozen=True, slots=True)
class _Result:
    """One method of RFC 8601: `dkim=pass header.d=example.com`."""

    method: str
    outcome: str
    facts: Mapping[str, str] = field(default_factory=dict)


def message_id(secret: bytes, key: str, address: str, domain: str, at: datetime) -> str:
    """The Message-ID of a message to an address: for the same key on the same day (UTC) the same.

    Its day is part of it and under the seal: an answer proves its writer for 14 days.
    """
    name = sha256(key.encode()).hexdigest()[:24] if key else secrets.token_hex(12)
    day = _day(at)
    return f"<lc.{name}.{day}.{_seal(secret, name, day, address)}@{domain}>"


def answered(secret: bytes, ids: Iterable[str], address: str, at: datetime) -> str | None:
    """The message of ours that a mail from this address answers; None where it had none of these in 14 days."""
    for one in ids:
        found = _OURS.fullmatch(one)
        if found is None or _day(at) - int(found[2]) > PROVES:
            continue
        if hmac.compare_digest(found[3], _seal(secret, found[1], int(found[2]), address)):
            return one
    return None


def vouched_for(results: Iterable[str], our_server: str | None, address: str) -> bool:
    """Whether our own server says that the domain of an address signed the mail.

    Only its topmost header counts: what a sender wrote there himself stands below it, or was taken out. DKIM counts
    for the domain that signed (`header.d`) and those below it, DMARC for the very domain in `From` (`header.from`).
    """
    headers = list(results)
    if not headers or not _is_from(headers[0], our_server) or disowned(headers, our_server):
        return False
    domain = address.rpartition("@")[2].lower()
    passed = [one for one in _results(headers[0]) if one.outcome == "pass"]
    signed = {_domain(one.facts.get("header.d", "")) for one in passed if one.method == "dkim"} - {""}
    aligned = {_domain(one.facts.get("header.from", "")) for one in passed if one.method == "dmarc"}
    return domain in aligned or any(domain == one or domain.endswith(f".{one}") for one in signed)


def disowned(results: Iterable[str], our_server: str | None) -> bool:
    """Whether our own server says that the mail is not from the domain in `From` (DMARC), or cannot be understood."""
    ours = [one for one in results if _is_from(one, our_server)][:MOST_HEADERS]
    return any(
        one.outcome == "unclear" or (one.method == "dmarc" and one.outcome in ("fail", "permerror"))
        for header in ours
        for one in _results(header)
    )


def ids_in(headers: Iterable[str]) -> tuple[str, ...]:
    """The message ids in `In-Reply-To` and `References`, the nearest first."""
    return tuple(one for header in headers for one in reversed(re.findall(r"<[^<>\s]{1,500}>", header)))


def _is_from(header: str, our_server: str | None) -> bool:
    server = header.partition(";")[0].split()
    return our_server is not None and bool(server) and server[0].lower() == our_server.lower()


def _results(header: str) -> Iterator[_Result]:
    """What a header says, method by method; "unclear" where its quotes and brackets do not close."""
    bare = _bare(header)
    if bare is None:
        yield _Result("", "unclear")
        return
    for part in bare.split(";")[1:]:
        if part.strip():
            yield _result(part.strip())


def _result(part: str) -> _Result:
    """A method, its outcome and what it stands on; whatever is not written so is a permerror of the method."""
    pairs: dict[str, str] = {}
    at = 0
    while at < len(part):
        found = _PAIR.match(part, at)
        if found is None or found[1].lower() in pairs:
            return _Result(re.split(r"[\s=/]", part.lower(), maxsplit=1)[0], "permerror")
        pairs[found[1].lower()] = found[2]
        at = found.end()
    method, outcome = next(iter(pairs.items()))
    return _Result(method.partition("/")[0], outcome.lower(), pairs)


def _bare(header: str) -> str | None:
    """A header without its comments, and with nothing in quotes that could be taken for more than a value."""
    kept: list[str] = []
    at = 0
    while at < len(header):
        found = _PIECE.match(header, at) if len(header) <= MOST_RESULTS else None
        if found is None:
            return None
        end = _comments_end(header, at) if found["opens"] else found.end()
        if end is None:
            return None
        kept.append(found["whole"] or found["plain"] or (_QUOTED if found["quoted"] else " "))
        at = end
    return "".join(kept)


def _comments_end(header: str, at: int) -> int | None:
    depth = 0
    for found in _IN_COMMENT.finditer(header, at):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


def _domain(value: str) -> str:
    return value.lower().rstrip(".") if _DOMAIN.fullmatch(value) else ""


def _day(at: datetime) -> int:
    """Days since 1970."""
    return int(at.astimezone(UTC).timestamp() // 86_400)


def _seal(secret: bytes, name: str, day: int, address: str) -> str:
    what = f"{name}\x00{day}\x00{address.lower()}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, b"linecall.mail\x00" + what, sha256).digest()
    return base64.urlsafe_b64encode(digest[:SEAL_BYTES]).decode("ascii")
