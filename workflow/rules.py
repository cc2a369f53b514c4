"""What `rules.yaml` says, as frozen values: who is concerned when, by when, and who may decide what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

from workflow.case import Step
from workflow.conditions import Condition
from workflow.reading import Asks, Decision, ExceptionType


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a function may take to answer, and what happens then; the ladder counts from the asking."""

    acknowledge: timedelta
    ladder: tuple[Step, ...] = ()  # steps in order; the first is at or after `acknowledge`
    repeat: timedelta | None = None
    idle: timedelta | None = None  # acknowledged, but no sign of life for so long (R31)
    done: timedelta | Literal["shift_end"] | None = None  # by when it has to be done, taken or not


@dataclass(frozen=True, slots=True)
class Concern:
    """One function that a type of exception may concern."""

    name: str  # of the rule, for "why me?" (R36)
    role: str
    when: Condition  # over the facts of `workflow.conditions.FACTS`
    deadlines: tuple[tuple[Condition, Deadlines], ...]  # the first whose condition holds
    required: bool = True


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may take a quality decision (R40)."""

    roles: tuple[str, ...]
    not_reporter: bool = True
    not_producer: bool = True
    most: float | None = None  # largest quantity, in the lot's unit, that these roles may decide on
    above: tuple[str, ...] = ()  # roles that may decide on more than that
    second: tuple[str, ...] = ()  # roles of which a second person has to agree; none: one person decides
    worth: float | None = None  # the most that it may be worth, by the cost of the item in ERP
    currency: str = ""  # of that, and of every cost in ERP


@dataclass(frozen=True, slots=True)
class Constraint:
    """Something that must not happen, whatever the priority (R46)."""

    name: str
    when: Condition
    forbids: tuple[str, ...]  # acts: "release", "use_as_is", "reschedule", ...
    why: str  # said to whom it stops


@dataclass(frozen=True, slots=True)
class Verification:
    """Whose second pair of eyes it takes before something fixed is over (R35)."""

    roles: tuple[str, ...]
    when: Condition
    within: timedelta = timedelta(minutes=15)  # to look; then they are reminded, and after twice that `then` hears
    then: tuple[str, ...] = ("manager",)


@dataclass(frozen=True, slots=True)
class TypeRules:
    type: ExceptionType
    concerns: tuple[Concern, ...]
    needs: tuple[Asks, ...] = ()  # fields without which it is not routed: "line", "asset", "lot"
    cooling_off: timedelta = timedelta(hours=4)  # a new report within it reopens the case (R4)
    verify: Verification | None = None


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Reminders are held back between these wall-clock times, never for a stopped line (R37)."""

    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Approval:
    """Above so much, a person of these functions approves a posting before ERP gets it (R51)."""

    above: float  # quantity, minutes or amount, as the kind has them, in the posting's own unit
    roles: tuple[str, ...]
    not_own: bool = True  # whoever decided or ended it does not approve it


@dataclass(frozen=True, slots=True)
class Rules:
    types: Mapping[ExceptionType, TypeRules]
    decisions: Mapping[Decision, Authority]
    constraints: tuple[Constraint, ...] = ()
    quiet: QuietHours | None = None
    answer_within: timedelta = timedelta(minutes=3)  # a question to a reporter; then the triage desk takes it (R18)
    gather: timedelta = timedelta(seconds=12)  # a report in pieces: so long for the next one (R8)
    watch: timedelta = timedelta(minutes=30)  # a machine that runs slow is asked about after so long (R16)
    longest_wait: timedelta = timedelta(hours=24)  # whatever time was promised, its owner is asked after so long (R32)
    triage: tuple[str, ...] = ("supervisor", "manager")  # who takes what nobody could place
    failed_posting: Mapping[str, str] = field(default_factory=dict)  # posting kind -> role that works it off
    approvals: Mapping[str, Approval] = field(default_factory=dict)  # posting kind -> its limit
    dry_run: frozenset[str] = frozenset()  # posting kinds that are only written down (R51)
    records_old: Mapping[str, timedelta] = field(
        default_factory=dict
    )  # "lots": ERP's export of them is told when older
    keep_words: timedelta | None = None  # people's words, after an exception has ended; None: for ever
    version: str = ""  # of the file, for the log
