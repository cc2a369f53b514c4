"""The four seams: all that Linecall needs from the world outside, on one page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from workflow.case import Posting, PostingKind
from workflow.messages import Arrival, Button, Inbound, Outbound, Sent
from workflow.reading import Context, Reading
from workflow.records import Records

T = TypeVar("T")
Receive = Callable[[Inbound | Arrival], Awaitable[None]]  # returns once it is stored


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a platform takes a message: one `every` so long, and up to `burst` of them at once before that."""

    every: timedelta
    burst: int = 1
    each: bool = False  # the limit of one address, and not of all together
    begins: str = ""  # how the addresses begin that it is about: those of groups; empty: all

    def counts(self, address: str) -> str | None:
        """Under which name a message to an address is counted; None where this limit is not about it.

        The topics of a group ("-100123/5") are one group, and all together have the name "".
        """
        if not address.startswith(self.begins):
            return None
        return address.partition("/")[0] if self.each else ""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a chat can do. `bot/say.py` fits a message to it; nobody asks for a channel's name."""

    text: int = 4096  # UTF-16 units of one message: an emoji counts as two
    parts: int = 1  # messages that one notice may become where it is longer than that
    buttons: int = 8
    button_text: int = 64  # UTF-16 units of a label
    button_bytes: int | None = None  # what a button carries goes through strangers' hands: a sealed token of ours
    caption: int = 0  # UTF-16 units that stand beside a picture; 0: it shows none, and only the words are sent
    edits: bool = False
    threads: bool = False
    silent: bool = False  # a message may come without a sound
    finds_sent: bool = False  # looks up by `Outbound.key` whether an earlier attempt arrived: no repeats to mark
    window: timedelta | None = None  # free text only so long after the person last wrote
    rates: tuple[Rate, ...] = ()  # all processes together keep to it (db/pace.py)
    outside: Traits | None = None  # what it can do while that window is closed
    numbered: int = 0  # so many choices, where they are more than `buttons`, stand numbered in the text: "2" picks one
    decides: bool = True  # what is written there proves its writer well enough for what binds the plant (R41)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the ERP says about a posting that it took: its own document number, and when."""

    number: str
    at: datetime


class Clock(Protocol):
    def now(self) -> datetime: ...  # aware, UTC


class Channel(Protocol):
    name: str
    traits: Traits

    async def listen(self, receive: Receive) -> None: ...  # until cancelled

    async def send(self, message: Outbound) -> Sent: ...  # TryLater, Unreachable, Rejected


@runtime_checkable
class Fetches(Protocol):
    """What a channel has besides where photos, voice notes and forms come through it; `Media.reference` names them."""

    async def fetch(self, reference: str) -> bytes: ...  # TryLater, Rejected


@dataclass(frozen=True, slots=True)
class Knock:
    """A request at `/hooks/…` as it came: nothing of it was parsed, and nobody knows yet who sent it."""

    path: str  # "/hooks/telegram"
    query: str  # raw, as it was sent; "" where there was none
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    at: datetime  # when it came


@dataclass(frozen=True, slots=True)
class Reply:
    """What the platform is answered."""

    status: int = 200
    body: str = ""
    mime: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Came:
    """What a knock brought: messages to store before anything is answered, and the answer."""

    messages: tuple[Inbound, ...] = ()
    reply: Reply = field(default_factory=Reply)
    arrivals: tuple[Arrival, ...] = ()  # what became of messages that we sent
    then: Callable[[], Coroutine[Any, Any, None]] | None = None  # what to do at the platform as soon as it is answered


@runtime_checkable
class Hooked(Protocol):
    """What a channel has besides where its platform calls us; the gate asks these in this order."""

    hooks: tuple[str, ...]  # paths: "/hooks/telegram"

    def proves(self, knock: Knock) -> bool: ...  # whether its platform sent this, by the raw bytes alone; never raises

    def read(self, knock: Knock) -> Came: ...  # what raises here is poison: kept, answered 2xx, shown


@runtime_checkable
class Acknowledges(Protocol):
    """What a channel has besides that tells its platform, or a person, as soon as a message is stored."""

    async def stored(self, message: Inbound) -> None: ...  # what goes wrong here is logged and forgotten


@runtime_checkable
class Closes(Protocol):
    """What a channel has besides that keeps connections open."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Invitation:
    """How a person comes to us in a chat, and brings "/start TOKEN"."""

    link: str
    write: str = ""  # what to write there, where the link cannot bring it


@runtime_checkable
class Invites(Protocol):
    """What a channel has besides into which a link leads."""

    async def invitation(self, token: str) -> Invitation: ...  # TryLater, Rejected


@runtime_checkable
class Submits(Protocol):
    """What a channel has besides whose platform approves texts before it carries them."""

    async def submit(self) -> tuple[str, ...]: ...  # asks for what is missing, and says for what; TryLater, Rejected


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks for."""

    name: str
    label: str
    kind: Literal["line", "lines", "number", "choice"] = "line"
    options: tuple[tuple[str, str], ...] = ()  # value and label, for a choice
    value: str = ""  # what stands there at first
    optional: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What a person fills in instead of writing it, in their language."""

    title: str
    fields: tuple[Field, ...]
    done: str  # labels of its two buttons
    cancel: str
    token: str  # comes back unchanged in `Inbound.button`; what it is about is read again then
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What a person sees who opens us in a chat without having said anything."""

    text: str
    buttons: tuple[Button, ...] = ()


class Reads(Protocol):
    """What the program tells a chat that has forms, a home page or a past; nothing of it changes a thing."""

    # None: the press is an answer by itself.
    def form(self, channel: str, conversation: str, sender: str, button: str) -> Form | None: ...

    # Field -> what is wrong with it; none: it may be sent.
    def check(
        self, channel: str, conversation: str, sender: str, button: str, filled: Mapping[str, str]
    ) -> Mapping[str, str]: ...

    def page(self, channel: str, sender: str) -> Page | None: ...  # None: nobody whom we know

    def people(self, channel: str) -> tuple[tuple[str, str], ...]: ...  # who has an address there: id and address

    def places(self, channel: str) -> tuple[str, ...]: ...  # conversations in which functions talk

    def threads(self, channel: str) -> tuple[str, ...]: ...  # message ids under which open exceptions are spoken of


@runtime_checkable
class Asks(Protocol):
    """What a channel has besides that asks the program something before a message is stored (decision 6)."""

    def ask(self, program: Reads) -> None: ...  # called once, before it listens


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `linecall doctor` says, in words that a plant's IT person understands."""

    what: str
    how: str
    to_do: str = ""  # empty: all is well


@runtime_checkable
class Examined(Protocol):
    """What a channel has besides that can say whether it is set up right."""

    async def examine(self) -> tuple[Finding, ...]: ...  # never raises


@runtime_checkable
class Inspected(Protocol):
    """What an ERP has besides that can say whether it is reachable, set up and permits what is booked."""

    def examine(self) -> tuple[Finding, ...]: ...  # books nothing, never raises


@runtime_checkable
class Withdraws(Protocol):
    """What an ERP has besides whose postings lie somewhere until they are taken."""

    def withdraw(self, key: str) -> bool: ...  # it lies nowhere now; False: taken, and not answered yet. TryLater


@runtime_checkable
class SideBySide(Protocol):
    """What an ERP has besides that takes postings of several cases side by side; any other gets one after the other."""

    at_once: int


@runtime_checkable
class LetsGo(Protocol):
    """What an ERP has besides that keeps connections open."""

    def close(self) -> None: ...


class Erp(Protocol):
    name: str
    kinds: frozenset[PostingKind]  # the postings that it can book

    def records(self) -> Records: ...  # a snapshot; TryLater

    def find(self, key: str) -> Receipt | None: ...  # did this posting go through earlier? TryLater, Rejected

    def post(self, posting: Posting) -> Receipt: ...  # re-entrant: looks first, drives to done; TryLater, Rejected


class Reader(Protocol):
    def read(self, message: Inbound, context: Context) -> Reading: ...  # never raises, whatever was written


class Model(Protocol):
    def answer(self, prompt: str, schema: type[T]) -> T: ...  # TryLater, Rejected


class Eyes(Protocol):
    """Looks at photos and forms; a plant may have none."""

    def codes(self, picture: bytes, mime: str) -> tuple[str, ...]: ...  # what barcodes carry; Rejected

    def text(self, picture: bytes, mime: str) -> tuple[str, ...]: ...  # printed lines; Rejected

    def close(self) -> None: ...


class Ears(Protocol):
    """Listens to voice notes; a plant may have none."""

    def words(self, voice: bytes, mime: str) -> str: ...  # TryLater, Rejected
