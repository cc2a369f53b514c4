"""The four seams: all that Linecall needs from the world outside, on one page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from workflow.case import Posting, PostingKind
from workflow.messages import Inbound, Outbound, Sent
from workflow.reading import Context, Reading
from workflow.records import Records

T = TypeVar("T")
Receive = Callable[[Inbound], Awaitable[None]]  # returns once the message is stored


@dataclass(frozen=True, slots=True)
class Traits:
    """What a chat can do. `bot/say.py` fits a message to it; nobody asks for a channel's name."""

    text: int = 4096  # characters of one message
    buttons: int = 8
    button_text: int = 64
    edits: bool = False
    threads: bool = False
    window: timedelta | None = None  # free text only so long after the person last wrote


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

    async def send(self, message: Outbound) -> Sent: ...  # TryLater, Rejected


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
