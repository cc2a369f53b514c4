"""What a message means: the words of `message-cases` one to one, with the evidence for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args

from workflow.plant import Person, Plant
from workflow.records import Records

Intent = Literal[
    "report", "acknowledge", "update", "resolve", "disposition", "reassign", "query", "answer", "cancel", "chatter"
]
ExceptionType = Literal[
    "machine_breakdown",
    "quality_hold",
    "material_shortage",
    "changeover_overrun",
    "order_change",
    "labor_shortage",
    "inventory_discrepancy",
    "safety",
    "other",
]
Decision = Literal["release", "rework", "scrap", "use_as_is", "return_to_supplier", "keep_on_hold"]
About = Literal["open", "summary", "metrics", "status", "priorities", "who"]
Asks = Literal["work_order", "line", "asset", "item", "lot", "quantity", "type", "confirm"]

INTENTS: tuple[Intent, ...] = get_args(Intent)
EXCEPTION_TYPES: tuple[ExceptionType, ...] = get_args(ExceptionType)
DECISIONS: tuple[Decision, ...] = get_args(Decision)

NO_CONFIDENCE: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Quantity:
    value: float
    uom: str  # the plant's own unit: "cs", "pallets", "roll", "people"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Which characters of the message speak for a field, and why they do."""

    field: str  # "assets", "started_at", "intent", ...
    start: int  # offset into the text as it was sent, in characters
    end: int
    value: str  # what was taken from it: an id, a word class
    why: str  # the rule, alias or vote that took it


@dataclass(frozen=True, slots=True)
class ReportedException:
    """One exception as the message tells it; every id is one that the plant knows."""

    type: ExceptionType | None = None
    line: str | None = None
    assets: tuple[str, ...] = ()
    work_orders: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    quantity: Quantity | None = None
    started_at: datetime | None = None
    duration_min: float | None = None  # as the sender said it
    line_stopped: bool | None = None  # None: the message does not tell
    confidence: Mapping[str, float] = field(default_factory=lambda: NO_CONFIDENCE)  # field -> 0..1
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Disposition:
    """One part of a quality decision; no quantity means the whole lot, or what is left of it."""

    decision: Decision
    lot: str | None = None
    quantity: Quantity | None = None
    condition: str = ""  # "if the retest is ok", in the sender's words


@dataclass(frozen=True, slots=True)
class Resolution:
    action: str = ""  # a few words of what was done
    downtime_min: float | None = None
    scrap: Quantity | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question to the records; `start` and `end` are the contract's `from` and `to`."""

    about: About
    line: str | None = None
    type: ExceptionType | None = None
    work_order: str | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What the program asks back instead of acting (R18)."""

    asks: Asks
    options: tuple[str, ...] = ()  # at most three ids or words, likeliest first; "something else" is always there


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question in a conversation: what was asked, about which draft."""

    asks: Asks
    about: ReportedException
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    intent: Intent
    exceptions: tuple[ReportedException, ...] = ()
    eta_min: float | None = None
    disposition: tuple[Disposition, ...] = ()
    resolution: Resolution | None = None
    reassign_to: str | None = None  # a role or a person's id
    query: Query | None = None
    answer: Any = None  # what the asked field becomes: an id, a Quantity, a type, True or False
    ask: Question | None = None
    correction: bool = False  # "no, 4512": says that an earlier message was wrong (R10)
    urgent: bool = False  # a safety word or a stopped line: a person hears of it at once (R8, R15)
    waiting_for: str | None = None  # "waiting for the seal": the stated thing, in the sender's words (R32)
    mentioned: ReportedException | None = None  # what an answer, a question or a decision names: chooses its case (R26)
    confidence: Mapping[str, float] = field(default_factory=lambda: NO_CONFIDENCE)
    evidence: tuple[Evidence, ...] = ()
    how: str = "local"  # "local", or the prompt's name and hash, for the log


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a stretch of a message may name, with every thing that it may mean."""

    what: str  # "asset", "line", "order", ...
    start: int  # characters
    end: int
    ids: tuple[str, ...]  # none: an id that the plant does not know
    sure: float  # 0..1
    why: str
    taken: tuple[str, ...] = ()  # those of the ids that the record got
    set_aside: str = ""  # "fine": said to be all right; "withdrawn": taken back


@dataclass(frozen=True, slots=True)
class Vote:
    """How much speaks for one intent or kind."""

    name: str
    share: float  # 0..1


@dataclass(frozen=True, slots=True)
class Why:
    """Why a message was read as it was: what `linecall explain` prints, kept with the record (R36)."""

    text: str
    languages: tuple[str, ...]
    intents: tuple[Vote, ...]  # likeliest first
    kinds: tuple[Vote, ...]
    evidence: tuple[Evidence, ...]
    candidates: tuple[Candidate, ...]
    decided: str  # the rule that decided: "danger", "sure_word", "likeliest", "asked", "model", "example"
    asks: str | None = None
    options: tuple[str, ...] = ()
    how: str = "local"  # as in `Reading.how`


@dataclass(frozen=True, slots=True)
class Context:
    """What the conversation and the plant already hold when a message is read."""

    sender: Person
    plant: Plant
    records: Records
    now: datetime  # the message's own time, aware
    thread: ReportedException | None = None  # the open exception that the message answers
    question: Asked | None = None  # what the program has just asked
