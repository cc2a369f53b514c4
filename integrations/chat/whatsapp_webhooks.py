"""What Twilio posts becomes what a person did, or what became of a message of ours: proved by its signature alone.

Fields: twilio.com/docs/messaging/guides/webhook-request. Identity is `From`, the provider's own id (a number, or the
user id of somebody who hides it); what a profile calls itself (`ProfileName`, `WaId`) proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from twilio.request_validator import RequestValidator

from integrations.chat.gate import Unreadable, any_same, form
from integrations.chat.whatsapp_wire import DEAD, why_of
from workflow.messages import Arrival, Inbound, Media, MediaKind
from workflow.ports import Knock

NAME = "whatsapp"
PREFIX = "whatsapp:"
SIGNATURE = "x-twilio-signature"
FORM = "application/x-www-form-urlencoded"
MOST_MEDIA = 10  # files of one message
ADDRESS = re.compile(r"\+[1-9]\d{5,14}|[A-Z]{2}\.\w{1,128}", re.ASCII)
_SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}", re.ASCII)
_MEDIA = re.compile(
    r"https?://[^/?#]+/2010-04-01/Accounts/(AC[0-9a-f]{32})/Messages/([A-Z]{2}[0-9a-f]{32})/Media/(ME[0-9a-f]{32})"
)
STATES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}


def signed(knock: Knock, ours: Sequence[str], tokens: Sequence[str]) -> bool:
    """Whether Twilio signed this form for one of these addresses of ours (HMAC-SHA1 over URL and fields); never raises.

    They come from our configuration, never from a header: behind a proxy `Host` is whatever somebody sent (W2).
    """
    given = knock.headers.get(SIGNATURE, "")
    kind = knock.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not given or kind != FORM:
        return False
    try:
        fields = form(knock.body)
    except Unreadable:
        return False  # no form of Twilio's has a key twice; what cannot be read so cannot be proved
    path = knock.path + (f"?{knock.query}" if knock.query else "")
    written = (RequestValidator(token).compute_signature(url + path, fields) for token in tokens for url in ours)
    return any_same(given, map(str, written))


def inbound(fields: Mapping[str, str], now: datetime) -> Inbound:
    """What a person wrote, sent or pressed; raises Unreadable for what Twilio would not post."""
    sender, id_ = _address(fields.get("From", "")), _id(fields.get("MessageSid", ""))
    replied = fields.get("OriginalRepliedMessageSid", "")
    # A list's row brings ListId, a button its ButtonPayload; of templates without one, Twilio gives the words alone.
    pressed = fields.get("ButtonPayload") or fields.get("ListId") or None
    return Inbound(
        NAME,
        id_,
        sender,
        sender,
        now,  # Twilio does not say when it was written
        "" if pressed else fields.get("Body", ""),
        button=pressed,
        reply_to=replied if _SID.fullmatch(replied) else None,
        media=(*_media(fields), *_place(fields)),
        forwarded="true" in (fields.get("Forwarded"), fields.get("FrequentlyForwarded")),
    )


def arrival(fields: Mapping[str, str], now: datetime) -> Arrival | None:
    """What became of a message of ours; None for what is only on its way."""
    id_, state = _id(fields.get("MessageSid", "")), STATES.get(fields.get("MessageStatus", ""))
    if state is None:
        return None
    if state != "failed":
        return Arrival(NAME, id_, state, now)
    given = fields.get("ErrorCode", "")
    code = int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 0
    dead = _address(fields.get("To", "")) if code in DEAD else ""
    return Arrival(NAME, id_, state, now, why_of(code) if code else "not delivered", dead)


def _media(fields: Mapping[str, str]) -> list[Media]:
    given = fields.get("NumMedia", "0")
    count = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else 0
    found = []
    for n in range(min(count, MOST_MEDIA)):
        where = _MEDIA.fullmatch(fields.get(f"MediaUrl{n}", ""))
        if where is None or where[1] != fields.get("AccountSid"):
            raise Unreadable("a file that is not at Twilio")
        found.append(Media(_kind(fields.get(f"MediaContentType{n}", "")), f"{where[2]}/{where[3]}"))
    return found


def _kind(mime: str) -> MediaKind:
    whole = mime.partition(";")[0].strip().lower()
    if whole == "image/webp":
        return "sticker"
    first = whole.partition("/")[0]
    return "photo" if first == "image" else "voice" if first == "audio" else "document"


def _place(fields: Mapping[str, str]) -> list[Media]:
    latitude, longitude = fields.get("Latitude", ""), fields.get("Longitude", "")
    degrees = re.compile(r"-?\d{1,3}(?:\.\d{1,12})?", re.ASCII)
    if not (degrees.fullmatch(latitude) and degrees.fullmatch(longitude)):
        return []
    return [Media("location", f"{latitude},{longitude}")]


def _address(given: str) -> str:
    address = given.removeprefix(PREFIX)
    if not given.startswith(PREFIX) or ADDRESS.fullmatch(address) is None:
        raise Unreadable("no address of WhatsApp")
    return address


def _id(given: str) -> str:
    if _SID.fullmatch(given) is None:
        raise Unreadable("no id of a message")
    return given
