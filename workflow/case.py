"""One exception record: its facts, its tasks, what it owes to ERP, and the `Change` that every act returns.

Code says *case*, people say *exception* (`Exception` is taken in Python). States are derived from facts, never
stored beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from workflow.errors import Refused
from workflow.messages import Place
from workflow.reading import Asks, Decision, ExceptionType, Quantity, ReportedException
from workflow.task import Step as Step
from workflow.task import Task as Task

Status = Literal["draft", "open", "acknowledged", "resolved", "closed", "cancelled", "merged"]
PostingKind = Literal[
    "downtime",
    "confirmation",
    "lot_hold",
    "lot_release",
    "lot_rework",
    "scrap",
    "deviation",
    "reschedule",
    "order_status",
    "stock_adjustment",
    "goods_movement",
    "maintenance_notification",
    "cost",
    "note",
]
PostingState = Literal["due", "posted", "waiting", "failed", "reversed", "manual", "dry_run"]
Person = str  # a person's id

LINECALL: Final = "linecall"  # who, in the log, when nobody but the program acted
ERASED: Final = "[erased]"  # what stands where a person's words stood

POSTING_KINDS: tuple[PostingKind, ...] = get_args(PostingKind)
CONFIRMED: frozenset[PostingState] = frozenset({"posted", "manual"})
SETTLED: frozenset[PostingState] = CONFIRMED | {"reversed", "dry_run"}  # nothing is owed for these any more

# The one table of allowed transitions (R3): act -> the states in which it may happen; all else is refused.
ALLOWED: Mapping[str, frozenset[Status]] = MappingProxyType(
    {
        "answer": frozenset({"draft"}),
        "join": frozenset({"open", "acknowledged"}),
        "acknowledge": frozenset({"open", "acknowledged"}),
        "promise": frozenset({"open", "acknowledged"}),
        "update": frozenset({"draft", "open", "acknowledged", "resolved"}),
        "wait": frozenset({"open", "acknowledged"}),
        "decline": frozenset({"open", "acknowledged"}),
        "reassign": frozenset({"open", "acknowledged"}),
        "correct": frozenset({"draft", "open", "acknowledged"}),
        "escalate": frozenset({"open", "acknowledged"}),
        "resolve": frozenset({"open", "acknowledged"}),
        "propose": frozenset({"open", "acknowledged"}),
        "dispose": frozenset({"open", "acknowledged"}),
        "withdraw": frozenset({"open", "acknowledged", "resolved", "closed"}),
        "inspect": frozenset({"open", "acknowledged"}),
        "widen": frozenset({"open", "acknowledged"}),
        "chase": frozenset({"draft", "open", "acknowledged"}),
        "cancel": frozenset({"draft", "open", "acknowledged"}),
        "supersede": frozenset({"draft"}),
        "close": frozenset({"resolved"}),
        "reopen": frozenset({"resolved", "closed"}),
        "restate": frozenset({"resolved", "closed"}),
    }
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a quality decision, complete: nothing is left to be guessed (R41)."""

    decision: Decision
    lot: str
    quantity: float
    uom: str
    condition: str = ""  # in its author's words: until somebody says that it is met, the stock stays on hold (R42)
    posting: str = ""  # key of what it owes ERP first: the booking that is reversed when it is taken back (R45)


@dataclass(frozen=True, slots=True)
class Promised:
    """A release under a condition: decided, and not free before the condition is met."""

    part: Part
    by: Person
    at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A lot on hold, and how much of it no decision has been taken about yet (R42)."""

    lot: str
    quantity: float
    uom: str
    remaining: float
    by: str | None = None  # who put it on hold, where that was not the reporter of the case
    reworked_by: tuple[str, ...] = ()  # who reworked some of it: its producers from then on (R40, R45)
    withdrawn_by: tuple[str, ...] = ()  # who took a release of it back: as good as having put it on hold
    promised: tuple[Promised, ...] = ()  # releases that wait for their condition


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that was read back: it waits for its author's yes (R41), then for a second person's where it must."""

    parts: tuple[Part, ...]
    by: Person
    at: datetime
    reason: str
    agreed_at: datetime | None = None  # its author's yes; from then on it waits for one of `seconds`
    seconds: tuple[Person, ...] = ()  # who was asked to agree

    def waits_for(self, person: Person) -> bool:
        """Whether it is this person's yes that it waits for."""
        return person == self.by if self.agreed_at is None else person in self.seconds


@dataclass(frozen=True, slots=True)
class Case:
    number: str  # "EX-1042"
    plant: str
    captured_at: datetime  # when the message was sent (R1)
    reporter: Person
    said: str = ""  # the reporter's own words: the symptom
    type: ExceptionType | None = None  # None only while it is a draft
    line: str | None = None
    assets: tuple[str, ...] = ()
    work_orders: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    quantity: Quantity | None = None
    occurred_at: datetime | None = None  # the real event, as far as told; captured_at else (R1)
    duration_min: float | None = None
    line_stopped: bool | None = None
    inferred: tuple[str, ...] = ()  # fields that we filled in, as opposed to what was said (R12)
    joined: tuple[Person, ...] = ()  # who else reported it (R20)
    linked: tuple[str, ...] = ()  # cases that came from the same message (R7)
    recurrent_of: str | None = None  # an earlier case on the same asset (R4)
    parent: str | None = None  # the case of the one cause behind this one (R21)
    tasks: tuple[Task, ...] = ()
    held: tuple[Held, ...] = ()
    proposal: Proposal | None = None
    parts: tuple[Part, ...] = ()  # what quality has decided so far
    decisions: int = 0  # how many decisions have committed; part of the posting keys (R47)
    asks: Asks | None = None  # draft: what the reporter was asked
    options: tuple[str, ...] = ()  # draft: what was offered
    asked: int = 0  # questions asked in a row (R18)
    opened_at: datetime | None = None  # routed to the functions concerned
    resolved_at: datetime | None = None
    resolved_by: Person | None = None
    resolution: str = ""
    downtime_min: float | None = None
    counted_min: float | None = None  # of it what no planned stop and no other exception counts already (R49)
    scrap: Quantity | None = None
    closed_at: datetime | None = None  # ERP has confirmed everything that is owed (R2)
    posted_at: datetime | None = None  # the last confirmation that ERP gave
    cancelled_at: datetime | None = None
    merged_into: str | None = None
    reopened: int = 0
    reopened_at: datetime | None = None  # since then its clock runs again (R4)
    rerouted: int = 0  # corrections and hand-overs to another function: first pass is false
    told: tuple[Person, ...] = ()  # everyone who was told anything: they hear the end (R34)
    version: int = 0  # 0: not saved yet

    @property
    def status(self) -> Status:
        if self.merged_into is not None:
            return "merged"
        if self.cancelled_at is not None:
            return "cancelled"
        if self.closed_at is not None:
            return "closed"
        if self.resolved_at is not None:
            return "resolved"
        if self.opened_at is None:
            return "draft"
        required = [task for task in self.tasks if task.required and task.withdrawn_at is None]
        if required and all(task.acknowledged_at is not None for task in required):
            return "acknowledged"
        return "open"

    @property
    def is_open(self) -> bool:
        """Something is still to be done on the floor."""
        return self.status in ("draft", "open", "acknowledged")

    @property
    def since(self) -> datetime:
        """When it began, as far as anybody said (R1)."""
        return self.occurred_at or self.captured_at

    @property
    def lead(self) -> Task | None:
        """The task whose owner answers for the whole case: the first function that is still concerned."""
        return next((task for task in self.tasks if task.live), None)

    @property
    def escalated(self) -> bool:
        return any(task.escalated for task in self.tasks)

    def task(self, role: str) -> Task | None:
        """A function's task: the one that is still to be done, else the one that was."""
        mine = [task for task in self.tasks if task.role == role and task.withdrawn_at is None]
        return next((task for task in mine if task.live), mine[0] if mine else None)

    def with_task(self, changed: Task) -> Case:
        """The case with one function's task exchanged."""
        before = self.task(changed.role)
        position = next(i for i, task in enumerate(self.tasks) if task is before)
        return replace(self, tasks=(*self.tasks[:position], changed, *self.tasks[position + 1 :]))

    @property
    def in_rework(self) -> tuple[Part, ...]:
        """What is being reworked: it comes back to be inspected, so the hold is not over (R45)."""
        return tuple(part for part in self.parts if part.decision == "rework")

    @property
    def undecided(self) -> tuple[str, ...]:
        """Lots about which quality has not had its last word: on hold, or away to be reworked."""
        lots = (*(held.lot for held in self.held if held.remaining > 0), *(part.lot for part in self.in_rework))
        return tuple(dict.fromkeys(lots))

    def held_lot(self, lot: str) -> Held | None:
        return next((held for held in self.held if held.lot == lot), None)

    @property
    def as_reported(self) -> ReportedException:
        """The case in the reader's words: the context of a reply in its thread."""
        return ReportedException(
            type=self.type,
            line=self.line,
            assets=self.assets,
            work_orders=self.work_orders,
            items=self.items,
            lots=self.lots,
            quantity=self.quantity,
            started_at=self.occurred_at,
            duration_min=self.duration_min,
            line_stopped=self.line_stopped,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the case log: appended, never changed."""

    at: datetime
    who: str  # a person's id, or "linecall"
    what: str  # "opened", "acknowledged", "escalated": name of a text `log.<what>`
    why: str = ""  # the rule, or the words that led to it
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """A button on a notice: an act of ours with its arguments; its label is the text `button.<act>`."""

    act: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person has to be told; the words come when it is sent, in their language."""

    to: Person
    name: str  # name of a text in bot/texts/
    facts: Mapping[str, Any] = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()
    role: str | None = None  # for which function this person is told
    until: Literal["acknowledged", "resolved"] | None = None  # not sent any more once that has happened (R34)
    where: Place | None = None  # answers what was said among others: told there, else at the person's own address


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction that the case owes to ERP."""

    key: str  # plant/case/decision/kind/line (R47)
    kind: PostingKind
    case: str
    body: Mapping[str, Any] = field(default_factory=dict)  # what to book, in the plant's own ids and units
    occurred_at: datetime | None = None  # the real time that the document carries (R48)
    reverses: str | None = None  # key of the posting that this one takes back


@dataclass(frozen=True, slots=True)
class PostingStatus:
    """Where a posting stands at the ERP."""

    posting: Posting
    state: PostingState = "due"
    receipt: str | None = None
    attempts: int = 0
    error: str | None = None
    owner: Person | None = None  # who has to look after it when it failed (R2)
    owed_since: datetime | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The case after an act, and everything that the act asks the program to do; saved in one transaction."""

    case: Case
    entries: tuple[Entry, ...] = ()
    notices: tuple[Notice, ...] = ()
    postings: tuple[Posting, ...] = ()

    def then(self, later: Change) -> Change:
        """This change followed by another one of the same case."""
        return Change(
            later.case,
            self.entries + later.entries,
            self.notices + later.notices,
            self.postings + later.postings,
        )


def require(case: Case, act: str) -> None:
    """Refuse an act that the case's state does not allow (R3); an act that is not in the table is a bug (KeyError)."""
    if case.status not in ALLOWED[act]:
        raise Refused(f"state.{case.status}", case=case.number, act=act)
