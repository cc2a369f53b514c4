"""What comes in from a chat and what goes out to one, whichever chat it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MediaKind = Literal["photo", "voice", "document", "location", "sticker"]


@dataclass(frozen=True, slots=True)
class Media:
    kind: MediaKind
    reference: str  # the platform's own id; fetched by the adapter, never a URL from the message
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where several people were when one of them spoke: the answer belongs there, under what it answers."""

    channel: str
    conversation: str  # as `Inbound.conversation`
    message_id: str  # what was said there, or the card whose button was pressed
    asker: str  # the address of who spoke


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing that a person did in a chat."""

    channel: str  # "web", "telegram": the key under `contacts` in plant.yaml
    message_id: str  # unique within the channel; a repeated webhook carries the same one (R23)
    sender: str  # the address there; on `web` the person's id
    conversation: str  # where an answer belongs
    sent_at: datetime  # aware, UTC
    text: str = ""
    button: str | None = None  # what a pressed button carries, as we sent it
    reply_to: str | None = None  # id of the message that it answers
    edits: str | None = None  # message_id that this one corrects (R19)
    deleted: bool = False  # `edits` is gone from the chat; `text` is what stood there (R19)
    media: tuple[Media, ...] = ()
    among: bool = False  # said in a group or channel, where others read along
    overheard: bool = False  # said near us and not to us: it counts only where `reply_to` speaks of an exception
    filled: Mapping[str, str] | None = None  # what stood in a form, by its fields; `button` says which form it was
    forwarded: bool = False  # somebody's earlier words, passed on: whoever passes them on does not say them (R41)
    masked: bool = False  # the chat hides who said it: `sender` is the group, and nobody we could know (T13)
    spoken_by: str | None = None  # a person's id: who said that it is them, on a phone that several share (R55)
    raw: str | None = None  # what could not be read, as it came: set aside, and read again by `linecall replay`


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    value: str  # opaque to the channel; comes back unchanged in Inbound.button


@dataclass(frozen=True, slots=True)
class Outbound:
    to: str  # the address in that channel
    text: str
    buttons: tuple[Button, ...] = ()
    thread: str | None = None
    replaces: str | None = None  # update this card in place where the channel can
    case: str | None = None
    picture: bytes | None = None  # PNG; the text says the same, for whoever cannot see it
    repeat: bool = False  # an earlier attempt may have arrived; where the chat cannot tell, the text says so (R23)
    name: str = ""  # of its text in bot/texts/, and its language: for a chat that wants an approved template
    language: str = ""
    closed: bool = False  # the chat's window for free text is closed: an approved template or nothing (R52)
    key: str = ""  # ours for this message, the same at each attempt: by it a chat that can finds an earlier one
    card: bool = False  # the live card of `case`: first sent, later changed in place by `replaces`
    quiet: bool = False  # nobody has to act on it now: a chat that can makes no sound
    calls: tuple[str, ...] = ()  # addresses of those whom it asks where several read: a chat that can names them so
    asker: str | None = None  # whom it answers where several read: a chat that can shows it to that address alone


@dataclass(frozen=True, slots=True)
class Sent:
    message_id: str
    moved_to: str | None = None  # the address has changed for good: what comes later goes there


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a platform says later of a message that it took: accepted is not delivered, delivered is not read (R52)."""

    channel: str
    message_id: str  # as `Sent` had it
    state: Literal["sent", "delivered", "read", "failed"]
    at: datetime
    why: str = ""  # of a failure: the platform's code, never words of people
    dead: str = ""  # the address, where nothing will arrive at it any more
