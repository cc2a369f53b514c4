"""Where a first pass failed and why, which rule goes up most, and what to try: proposals that a person decides about.

Everything is read from the cases and their logs; a proposal changes nothing (R59, R61). People are not counted (R57).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from statistics import quantiles
from typing import Literal

from workflow.case import Case
from workflow.lessons import MAY_ACCEPT
from workflow.metrics import counts, first_pass
from workflow.plant import Person
from workflow.rules import Concern, Rules
from workflow.trying import TRIAGE, would_differ

Where = Literal["reader", "rule", "facts", "fix"]
LEAST = 5  # exceptions behind a proposal; fewer prove nothing
OFTEN = 0.5  # of the times that a rule asked, it went up: its time, or whom it asks, does not fit
ROUND = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Failed:
    """One reason why an exception was not solved at the first go."""

    case: str
    where: Where  # it was read wrong, a rule asked the wrong or too late, facts were missing, the fix did not hold
    what: str  # what the log calls it
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """How it went with one rule: how often it asked, how often it went up, and how long the answer took."""

    rule: str
    role: str
    n: int
    up: tuple[str, ...]  # the exceptions that went up
    passed_on: tuple[str, ...]  # those that were handed to another function, or declined
    waited_min: float | None  # until taken, nine of ten


@dataclass(frozen=True, slots=True)
class AskedOf:
    """How it went with one function that a rule asked about one exception."""

    rule: str
    role: str
    waited_min: float | None  # until taken
    up: bool
    passed_on: bool  # handed to another function, or declined
    to: str = ""  # the function that it was handed to


@dataclass(frozen=True, slots=True)
class Went:
    """All that one exception teaches: small, so that a year of them is kept in memory."""

    case: str
    captured_at: datetime
    line: str
    people: tuple[str, ...]  # who reported it
    solved: bool
    at_once: bool
    failed: tuple[Failed, ...]
    asked: tuple[AskedOf, ...]


@dataclass
class Taught:
    """What several exceptions teach together."""

    solved: int = 0
    at_once: int = 0
    failed: list[Failed] = field(default_factory=list)
    asked: dict[tuple[str, str], Times] = field(default_factory=dict)  # rule and role
    cases: list[str] = field(default_factory=list)


@dataclass
class Times:
    """How it went with one rule, added up."""

    n: int = 0
    up: list[str] = field(default_factory=list)
    passed_on: list[str] = field(default_factory=list)
    to: Counter[str] = field(default_factory=Counter)
    waited: list[float] = field(default_factory=list)  # minutes


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One change of one rule."""

    kind: Literal["deadline", "owner"]
    rule: str
    before: str
    after: str

    @property
    def key(self) -> str:
        """By which it is named: the same change of the same rule has the same."""
        said = "\n".join((self.kind, self.rule, self.before, self.after))
        return sha256(said.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Proposal(RuleChange):
    """What a person may change in rules.yaml, and what it would have changed in the past (R59)."""

    cases: tuple[str, ...]  # why: the exceptions behind it
    differs: Mapping[str, int]  # what try-rules finds: so many exceptions would have gone otherwise


# A change and the rules with it, tried on past exceptions: what would have gone otherwise, in how many of them.
Tried = Callable[[RuleChange, Rules], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Accepted(RuleChange):
    """A proposal that a person accepted: it counts over `rules.yaml` until somebody takes it back."""

    by: str
    at: datetime


def may_decide(person: Person) -> bool:
    """Whether somebody may change a rule for the whole plant: who leads it, and not some lines of it (R61)."""
    return bool(MAY_ACCEPT & {*person.roles}) and not person.lines


def why_failed(case: Case, whats: Collection[str]) -> Iterator[Failed]:
    """Every reason that the log has, where `whats` happened; none for what was solved at the first go."""
    if case.resolved_at is None or not counts(case) or first_pass(case):
        return
    if "corrected" in whats:
        yield Failed(case.number, "reader", "corrected")
    if "asked_back" in whats:
        yield Failed(case.number, "facts", "asked_back")
    for task in case.tasks:
        if task.escalated:
            yield Failed(case.number, "rule", "escalated", task.why)
        if task.declined or task.why.startswith("handed over by "):
            yield Failed(case.number, "rule", "passed_on", _first_asked(case))
    if case.reopened:
        yield Failed(case.number, "fix", "reopened")


def went(case: Case, whats: Collection[str]) -> Went:
    """What one exception that counts teaches; `whats` happened in it, as its log calls it."""
    people = (case.reporter, *case.joined)
    solved = case.resolved_at is not None
    asked = tuple(_asked_of(case))
    return Went(
        case.number, case.captured_at, case.line or "", people, solved, solved and first_pass(case),
        tuple(why_failed(case, whats)), asked,
    )  # fmt: skip


def _asked_of(case: Case) -> Iterator[AskedOf]:
    handed = [task for task in case.tasks if task.why.startswith("handed over by ")]
    for task in case.tasks:
        if task.why == TRIAGE or task in handed:
            continue
        waited = (task.acknowledged_at - task.asked_at).total_seconds() / 60 if task.acknowledged_at else None
        passed_on = bool(task.declined) or (task.withdrawn_at is not None and bool(handed))
        to = next((one.role for one in handed if one.role != task.role), "") if passed_on else ""
        yield AskedOf(task.why, task.role, waited, task.escalated, passed_on, to)


def taught_by(several: Iterable[Went]) -> Taught:
    """What they teach together."""
    found = Taught()
    for one in several:
        found.cases.append(one.case)
        found.solved += one.solved
        found.at_once += one.at_once
        found.failed += one.failed
        for part in one.asked:
            times = found.asked.setdefault((part.rule, part.role), Times())
            times.n += 1
            if part.waited_min is not None:
                times.waited.append(part.waited_min)
            if part.up:
                times.up.append(one.case)
            if part.passed_on:
                times.passed_on.append(one.case)
                times.to.update([part.to] if part.to else ())
    for times in found.asked.values():
        times.waited.sort()
    return found


def together(parts: Iterable[Taught]) -> Taught:
    """What stretches of time teach that follow one another."""
    found = Taught()
    for part in parts:
        found.cases += part.cases
        found.solved += part.solved
        found.at_once += part.at_once
        found.failed += part.failed
        for key, times in part.asked.items():
            sum_ = found.asked.setdefault(key, Times())
            sum_.n += times.n
            sum_.up += times.up
            sum_.passed_on += times.passed_on
            sum_.to.update(times.to)
            sum_.waited += times.waited
    return found


def how_rules_did(taught: Taught) -> tuple[Asked, ...]:
    """Every rule that asked somebody, the one that went up most first."""
    found = [
        Asked(
            rule, role, times.n, tuple(times.up), tuple(times.passed_on),
            round(quantiles(times.waited, n=10, method="inclusive")[8], 1) if len(times.waited) > 1 else None,
        )
        for (rule, role), times in taught.asked.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-len(one.up), -one.n, one.rule)))


def proposals(taught: Taught, rules: Rules, tried: Tried) -> tuple[Proposal, ...]:
    """Other deadlines and other owners for rules with enough behind them, each tried on the same exceptions."""
    found: list[Proposal] = []
    for asked in how_rules_did(taught):
        if asked.n >= LEAST and len(asked.up) / asked.n >= OFTEN and asked.waited_min is not None:
            after = _rounded_up(timedelta(minutes=asked.waited_min))
            other, before = _later_up(rules, asked.rule, after)
            if before is not None:
                change = RuleChange("deadline", asked.rule, f"{_minutes(before)} min", f"{_minutes(after)} min")
                found.append(_proposed(change, asked.up, tried(change, other)))
        to = _other_owner(asked, taught.asked[asked.rule, asked.role])
        if to is not None:
            change = RuleChange("owner", asked.rule, asked.role, to)
            other = _with(rules, asked.rule, partial(_asks, to))
            found.append(_proposed(change, asked.passed_on, tried(change, other)))
    return tuple(found)


def differences(case: Case, new: Rules, old: Rules) -> frozenset[str]:
    """What a change of today's rules would have changed in a past exception; not what they differ in already (R59)."""
    now = set(would_differ(case, old, old))
    return frozenset(one.what for one in would_differ(case, new, old) if one not in now)


def _proposed(change: RuleChange, cases: tuple[str, ...], differs: Mapping[str, int]) -> Proposal:
    return Proposal(change.kind, change.rule, change.before, change.after, cases, differs)


def _asks(role: str, concern: Concern) -> Concern:
    return replace(concern, role=role)


def _later_up(rules: Rules, name: str, after: timedelta) -> tuple[Rules, timedelta | None]:
    """The rules with which this one goes up no earlier; and when it goes up now, None where nothing changes."""
    before: list[timedelta] = []

    def later(concern: Concern) -> Concern:
        times = []
        for when, deadlines in concern.deadlines:
            first_up = next((step.after for step in deadlines.ladder if step.tell), None)
            ladder = deadlines.ladder
            if first_up is not None and first_up < after:
                before.append(first_up)
                ladder = tuple(replace(s, after=s.after + after - first_up) if s.tell else s for s in ladder)
            times.append((when, replace(deadlines, ladder=ladder)))
        return replace(concern, deadlines=tuple(times))

    other = _with(rules, name, later)
    return other, (before[0] if before else None)


def with_accepted(rules: Rules, accepted: Sequence[Accepted]) -> Rules:
    """The rules of the file with what people accepted over them, in its order; their version tells them apart.

    What was accepted for a rule that the file no longer has, or that says as much by now, changes nothing.
    """
    if not accepted:
        return rules
    changed = rules
    for one in accepted:
        if one.kind == "owner":
            changed = _with(changed, one.rule, partial(_asks, one.after))
        else:
            changed, _ = _later_up(changed, one.rule, timedelta(minutes=int(one.after.split()[0])))
    told = "\n".join(f"{one.kind} {one.rule} {one.after}" for one in accepted)
    return replace(changed, version=sha256(f"{rules.version}\n{told}".encode()).hexdigest()[:12])


def _with(rules: Rules, name: str, change: Callable[[Concern], Concern]) -> Rules:
    types = {
        kind: replace(one, concerns=tuple(change(c) if c.name == name else c for c in one.concerns))
        for kind, one in rules.types.items()
    }
    return replace(rules, types=types)


def _other_owner(asked: Asked, times: Times) -> str | None:
    """The function that most of what was passed on went to, where it was passed on more often than not."""
    if len(asked.passed_on) < LEAST or len(asked.passed_on) / asked.n < OFTEN:
        return None
    return times.to.most_common(1)[0][0] if times.to else None


def _first_asked(case: Case) -> str:
    return next((t.why for t in case.tasks if t.why != TRIAGE and not t.why.startswith("handed over by ")), "")


def _rounded_up(span: timedelta) -> timedelta:
    return -(-span // ROUND) * ROUND


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
