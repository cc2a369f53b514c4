"""How far a mail proves who wrote it: an answer to what only its reader had, or the word of our own server.

`From` alone proves nothing. Our message ids carry a seal over the address to which they went; whoever answers has got
the message. Else the plant's own mail server has to say that the sender's domain signed it (RFC 8601, DKIM or DMARC).
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Iterable
from hashlib import sha256

SEAL_BYTES = 15
_OURS = re.compile(r"<lc\.([0-9a-f]{24})\.([\w-]{20})@[\w.-]{1,255}>", re.ASCII)
_RESULT = re.compile(r"\b(dkim|dmarc)\s*=\s*pass\b([^;]*)", re.IGNORECASE)
_DOMAIN = re.compile(r"\bheader\.(?:d|from|i)\s*=\s*\"?@?([\w.-]+)", re.IGNORECASE | re.ASCII)


def message_id(secret: bytes, key: str, address: str, domain: str) -> str:
    """The Message-ID of a message to an address; the same for the same key, so that a repeat is the same message."""
    name = sha256(key.encode()).hexdigest()[:24] if key else secrets.token_hex(12)
    return f"<lc.{name}.{_seal(secret, name, address)}@{domain}>"


def answered(secret: bytes, ids: Iterable[str], address: str) -> str | None:
    """The message of ours that a mail from this address answers; None where it never had one of these."""
    for one in ids:
        found = _OURS.fullmatch(one)
        if found is not None and hmac.compare_digest(found[2], _seal(secret, found[1], address)):
            return one
    return None


def vouched_for(results: Iterable[str], our_server: str | None, address: str) -> bool:
    """Whether our own server says that the domain of an address signed the mail.

    Only its topmost header counts: what a sender wrote there himself stands below it, or was taken out.
    """
    top = next(iter(results), "")
    server, _, rest = top.partition(";")
    if our_server is None or not server.split() or server.split()[0].lower() != our_server.lower():
        return False
    domain = address.rpartition("@")[2].lower()
    for found in _RESULT.finditer(_without_comments(rest)):
        signed = {one.lower().rstrip(".") for one in _DOMAIN.findall(found[2])}
        if any(domain == one or domain.endswith(f".{one}") for one in signed if "." in one):
            return True
    return False


def ids_in(headers: Iterable[str]) -> tuple[str, ...]:
    """The message ids in `In-Reply-To` and `References`, the nearest first."""
    return tuple(one for header in headers for one in reversed(re.findall(r"<[^<>\s]{1,500}>", header)))


def _without_comments(text: str) -> str:
    shorter = re.sub(r"\([^()]*\)", " ", text)
    return shorter if shorter == text else _without_comments(shorter)


def _seal(secret: bytes, name: str, address: str) -> str:
    what = f"{name}\x00{address.lower()}".encode("utf-8", "surrogatepass")
    digest = hmac.new(secret, b"linecall.mail\x00" + what, sha256).digest()
    return base64.urlsafe_b64encode(digest[:SEAL_BYTES]).decode("ascii")
