"""What the JSON API answers, typed: its documents as programs that read them may rely on (`/openapi.json`)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from workflow.case import PostingKind, PostingState, Status
from workflow.reading import ExceptionType
from workflow.segments import Kind

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]  # ISO 8601, UTC
FILE = {"schema": {"type": "string", "format": "binary"}}  # what a call answers that sends no JSON


class Document(BaseModel):
    """One JSON object of ours; a key that is not described here is a mistake of ours and is refused."""

    model_config = ConfigDict(extra="forbid")


class Stored(Document):
    """A message that is stored: its answer appears in the person's conversation."""

    id: str = Field(description="the message's own id")


class ButtonShown(Document):
    """A button under a message."""

    label: str
    value: str = Field(description="what to send as `button` to press it")


class LineSaid(Document):
    """One line of a conversation."""

    id: int
    at: Instant
    from_: str = Field(alias="from", description="`person`, or `bot`")
    text: str
    buttons: list[ButtonShown]
    case: str | None = Field(description="the exception that it is about")


class QuantityOf(Document):
    """How much of what."""

    value: float
    uom: str


class HeldLot(Document):
    """A lot on hold by this exception."""

    lot: str
    quantity: float
    uom: str
    remaining: float = Field(description="what nobody has decided about yet")


class DecidedPart(Document):
    """What quality decided about a part of a lot."""

    decision: str
    lot: str | None
    quantity: QuantityOf | None


class TaskOf(Document):
    """One function's part in an exception."""

    role: str
    owner: str | None
    required: bool
    asked_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    promised_at: Instant | None
    waiting_for: str | None
    done_at: Instant | None
    verified_at: Instant | None
    verified_by: str | None
    withdrawn_at: Instant | None
    step: int
    next_step_at: Instant | None = Field(description="when the next one is told if nobody answers")
    why: str = Field(description="the rule that asked it")


class PostingOf(Document):
    """One posting and where it stands at the ERP."""

    key: str
    kind: PostingKind
    case: str
    state: PostingState
    receipt: str | None = Field(description="the document number that ERP gave")
    attempts: int
    error: str | None
    owner: str | None
    occurred_at: Instant | None
    owed_since: Instant | None
    confirmed_at: Instant | None
    reverses: str | None = Field(description="the key of the posting that this one takes back")
    body: dict[str, Any] = Field(description="what is booked; its fields depend on the kind")


class EntryOf(Document):
    """One line of an exception's log."""

    at: Instant
    who: str
    what: str
    why: str
    facts: dict[str, Any]


class NoticeOf(Document):
    """Who was told what about an exception, and whether it has reached them."""

    to: str
    name: str
    role: str | None
    at: Instant | None
    sent_at: Instant | None
    channel: str | None
    delivered_at: Instant | None
    read_at: Instant | None
    dropped_at: Instant | None
    dropped_why: str | None
    attempts: int
    error: str | None


class SegmentOf(Document):
    """One stretch of an exception's life, without gap and without overlap (R6)."""

    kind: Kind
    from_: Instant = Field(alias="from")
    to: Instant | None = Field(description="null while it lasts")
    waiting_for: str | None


class CaseOf(Document):
    """One exception with its tasks, postings and log."""

    number: str
    type: ExceptionType | None
    status: Status
    line: str | None
    assets: list[str]
    work_orders: list[str]
    items: list[str]
    lots: list[str]
    quantity: QuantityOf | None
    occurred_at: Instant | None
    captured_at: Instant | None
    resolved_at: Instant | None
    posted_at: Instant | None
    closed_at: Instant | None
    reopened_at: Instant | None = Field(description="when it came back the last time")
    line_stopped: bool | None
    reporter: str
    joined: list[str]
    said: str
    inferred: list[str]
    recurrent_of: str | None
    linked: list[str]
    resolution: str
    downtime_min: float | None
    scrap: QuantityOf | None
    held: list[HeldLot]
    decided: list[DecidedPart]
    tasks: list[TaskOf]
    postings: list[PostingOf]
    log: list[EntryOf]
    parent: str | None = Field(description="the exception that it is a part of (R21)")
    segments: list[SegmentOf]


class WholeCase(CaseOf):
    """The same with everybody who was told."""

    notices: list[NoticeOf]


class SpreadOf(Document):
    """Median and 90th percentile in minutes, and what stands behind them."""

    median: float | None
    p90: float | None
    n: int
    cases: list[str]


class RateOf(Document):
    """A share of one, and what stands behind it."""

    value: float | None
    n: int
    cases: list[str]


class FiguresOf(Document):
    """The four figures of a period."""

    from_: Instant = Field(alias="from")
    to: Instant
    cases: int
    resolution_min: SpreadOf
    alignment_min: SpreadOf
    posting_lag_min: SpreadOf
    first_pass_rate: RateOf
    open: int
    open_cases: list[str]
    by_type: dict[str, int]
    by_line: dict[str, int]
    by_shift: dict[str, int]


class Alive(Document):
    """The process answers."""

    alive: bool


class Ready(Document):
    """What is well and what waits; parts that could not be asked are missing."""

    ready: bool
    database: bool
    disk: bool
    alive: bool | None = None
    degraded: list[str] | None = Field(None, description="what does not work while everything else goes on")
    records: bool | None = None
    records_age_s: int | None = None
    erp: str | None = None
    channels: list[str] | None = None
    inbox_unhandled: int | None = None
    inbox_set_aside: int | None = None
    inbox_strangers: int | None = None
    outbox_due: int | None = None
    postings_due: int | None = None
