"""A mail becomes what a person wrote, without what they quoted and signed with; or what became of a mail of ours.

What no person wrote is passed over (RFC 3834): vacation notes, newsletters, and whatever else a machine sent.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses
from hashlib import sha256

from imap_tools import MailAttachment, MailMessage
from imap_tools.utils import decode_value

from integrations.chat.email_html import words_of
from integrations.chat.email_proof import answered, disowned, ids_in, vouched_for
from integrations.chat.gate import Unreadable
from workflow.messages import Arrival, Inbound, Media, MediaKind

NAME = "email"
UNPROVED = "?"  # how an address begins that nobody proved: nobody speaks from it, and nothing is sent to it
ABOVE = "##-"  # stands in the first line of every mail of ours: whatever is below it was quoted
MOST_MAIL = 20 * 1024 * 1024  # bytes of a mail that is fetched
MOST_TEXT = 20_000  # characters that are looked at
LITTLE = 4_000  # characters of what nobody proved: enough for a person to see what it is about
MOST_HTML = 10  # times as many characters of HTML: styles stand before the words
NAMES_OF_HOSTS = ("idna", "punycode")  # no charset of a mail; Python takes long over long ones
LONGEST = 2_000  # characters of a header that is parsed further; the standard library takes long over endless ones
SMALL_PICTURE = 20_000  # bytes; what is smaller and stands in the text is a logo
_ADDRESS = re.compile(r"[^@\s<>\"',;:\\]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}")
_QUOTE_BEGINS = (
    re.compile(
        r"^-{2,}\s*(?:original message|ursprüngliche nachricht|mensaje original|mensagem original|message d'origine|"
        r"wiadomość oryginalna|forwarded message|weitergeleitete nachricht)\b.*",
        re.IGNORECASE,
    ),
    re.compile(r"^(?:on|am|el|em|le|w dniu|dnia)\b.{4,300}(?:wrote|schrieb|escribió|escreveu|a écrit|napisał\(?a?\)?|"
        r"pisze)\b.{0,200}:\s*$", re.IGNORECASE),
    re.compile(r"^(?:from|von|de|od|da)\s*:\s.+@", re.IGNORECASE),
    re.compile(r"^_{8,}$"),
)  # fmt: skip
_SENT_FROM = re.compile(
    r"^(?:sent from my|von meinem .{1,30} gesendet|enviado desde mi|enviado do meu|envoyé de(?:puis)? mon|"
    r"wysłane z|get outlook for)\b.*", re.IGNORECASE
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proof:
    """What mails are proved with here."""

    secret: bytes
    our_server: str | None  # as our mail server calls itself in Authentication-Results; none: answers alone prove


def read(mail: MailMessage, where: str, proof: Proof, now: datetime) -> Inbound | Arrival | None:
    """What a mail is; None for what no person wrote. Raises Unreadable for what no mail program sends."""
    if mail.obj.get_content_type() == "multipart/report":
        return _bounced(mail, proof, now)
    if _from_a_machine(mail):
        return None
    address = _writer(mail)
    ours, known = _proof_of(mail, address, proof, now)
    id_ = next(iter(_all(mail, "message-id")), "").strip()[:400]
    if not id_:
        id_ = f"sha:{sha256(mail.obj.as_bytes()).hexdigest()}"
    # Whoever is not proved shares neither an id nor a place with whoever is: it would take theirs away.
    mark = "" if known else UNPROVED
    return Inbound(
        NAME,
        mark + id_,
        mark + address,
        mark + address,
        _when(mail, now),
        _said(mail, MOST_TEXT if known else LITTLE),
        reply_to=ours,
        media=tuple(_media(mail, where)),
    )


def proved(mail: MailMessage, proof: Proof, now: datetime) -> bool:
    """Whether it is known who wrote a mail, be it readable or not."""
    try:
        return _proof_of(mail, _writer(mail), proof, now)[1]
    except Exception:
        return False


def own_words(text: str) -> str:
    """What somebody wrote, without what they answer to, and without their signature."""
    kept: list[str] = []
    lines = [line.rstrip() for line in text[:MOST_TEXT].replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    for n, line in enumerate(lines):
        bare = line.strip()
        two = f"{bare} {lines[n + 1].strip()}" if n + 1 < len(lines) else bare  # "On … wrote:" may be broken in two
        if ABOVE in bare or line in ("--", "-- ") or bare == "--" or _SENT_FROM.match(bare):
            break
        if any(begins.match(bare) for begins in _QUOTE_BEGINS) or _QUOTE_BEGINS[1].match(two):
            break
        if bare.startswith(">"):
            continue
        kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _proof_of(mail: MailMessage, address: str, proof: Proof, now: datetime) -> tuple[str | None, bool]:
    """The message of ours that a mail answers, and whether its writer is proved."""
    results = _all(mail, "authentication-results")
    if disowned(results, proof.our_server):
        return None, False
    ours = answered(proof.secret, ids_in([*_all(mail, "in-reply-to"), *_all(mail, "references")]), address, now)
    return ours, ours is not None or vouched_for(results, proof.our_server, address)


def _said(mail: MailMessage, most: int) -> str:
    words = own_words(_text(mail, "text/plain", most) or words_of(_text(mail, "text/html", MOST_HTML * most))[:most])
    if words:
        return words
    # Whoever writes anew often says it in the subject alone.
    subject = mail.subject.strip() if sum(map(len, _all(mail, "subject"))) <= LONGEST else ""
    return "" if re.match(r"\w{1,4}\s*:", subject) else subject


def _text(mail: MailMessage, kind: str, most: int) -> str:
    """What stands in the parts of a kind that are no files, as far as it is looked at."""
    found = ""
    for part in mail.obj.walk():
        if part.get_content_type() == kind and not part.get_filename() and len(found) < most:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                charset = part.get_content_charset()
                found += decode_value(payload[: 4 * most], "utf-8" if charset in NAMES_OF_HOSTS else charset)
    return found[:most]


def _from_a_machine(mail: MailMessage) -> bool:
    automatic = next(iter(_all(mail, "auto-submitted")), "no").partition(";")[0].strip().lower()
    precedence = next(iter(_all(mail, "precedence")), "").strip().lower()
    return (
        automatic != "no"
        or precedence in ("bulk", "list", "junk", "auto_reply")
        or any(_all(mail, name) for name in ("list-id", "list-unsubscribe", "x-autoreply", "x-autorespond"))
        or any(path.strip() == "<>" for path in _all(mail, "return-path"))
    )


def _bounced(mail: MailMessage, proof: Proof, now: datetime) -> Arrival | None:
    """A delivery report (RFC 3464) about a mail of ours: believed where it names one that went to that address."""
    parts = list(mail.obj.walk())
    report = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    returned = next((p for p in parts if p.get_content_type() in ("message/rfc822", "text/rfc822-headers")), None)
    if report is None or returned is None:
        return None
    fields = {name.lower(): str(value) for block in _blocks(report) for name, value in block.items()}
    whose = fields.get("final-recipient", "").rpartition(";")[2].strip().lower()
    if fields.get("action", "").strip().lower() != "failed":
        return None  # "delayed": it is still being tried
    ids = [str(block.get("message-id", "")) for block in _blocks(returned)]
    ours = answered(proof.secret, ids_in(ids), whose, now)
    if ours is None:
        return None
    status = re.match(r"[245]\.\d{1,3}\.\d{1,3}", fields.get("status", "").strip())
    code = status[0] if status else "5.0.0"
    dead = whose if code.startswith(("5.0.", "5.1.", "5.2.1")) else ""
    return Arrival(NAME, ours, "failed", now, f"the mail server says {code}", dead)


def _blocks(part: Message) -> Iterator[Message]:
    """The header blocks in a part that is a message, or text that looks like one."""
    inside = part.get_payload()
    if isinstance(inside, list):
        yield from (one for one in inside if isinstance(one, Message))
    elif isinstance(inside, str):
        yield email.message_from_string(inside)


def _writer(mail: MailMessage) -> str:
    written = _all(mail, "from")
    if sum(map(len, written)) > LONGEST:
        raise Unreadable("not from one address")
    addresses = [address for _, address in getaddresses(written)]
    if len(addresses) != 1 or _ADDRESS.fullmatch(addresses[0]) is None:
        raise Unreadable("not from one address")
    return addresses[0].lower()


def too_large(mail: MailMessage) -> bool:
    """Whether of a mail its headers alone are fetched."""
    return mail.size_rfc822 > MOST_MAIL


def _media(mail: MailMessage, where: str) -> Iterator[Media]:
    if too_large(mail):
        yield Media("document", f"{where}/0")  # it is refused when it is fetched, and its sender is told
        return
    for n, one in enumerate(mail.attachments[:20]):
        kind = _kind(one)
        if kind is not None:
            yield Media(kind, f"{where}/{n}")


def _kind(one: MailAttachment) -> MediaKind | None:
    first = one.content_type.partition("/")[0]
    if one.content_disposition != "attachment" and (first != "image" or one.size < SMALL_PICTURE):
        return None
    return "photo" if first == "image" else "voice" if first == "audio" else "document"


def _when(mail: MailMessage, now: datetime) -> datetime:
    """When it was written; a clock that is ahead, or a date that makes no sense, is not believed."""
    if sum(map(len, _all(mail, "date"))) > LONGEST:
        return now
    said = mail.date
    if said.tzinfo is None or said.year < 2000:
        return now
    return min(said.astimezone(UTC), now)


def _all(mail: MailMessage, name: str) -> list[str]:
    return [" ".join(str(value).split()) for value in mail.obj.get_all(name, [])]
