"""Where a first pass failed and why, which rule goes up most, and what to try: proposals that a person decides about.

Everything is read from the cases and their logs; a proposal changes nothing (R59, R61). People are not counted (R57).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from statistics import quantiles
from typing import Literal

from workflow.case import Case, Task
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


def how_rules_did(cases: Iterable[Case]) -> tuple[Asked, ...]:
    """Every rule that asked somebody, the one that went up most first."""
    tasks: dict[tuple[str, str], list[tuple[Case, Task]]] = defaultdict(list)
    for case in cases:
        for task in case.tasks if counts(case) else ():
            if task.why != TRIAGE and not task.why.startswith("handed over by "):
                tasks[task.why, task.role].append((case, task))
    found = []
    for (rule, role), asked in tasks.items():
        took = [(t.acknowledged_at - t.asked_at).total_seconds() / 60 for _, t in asked if t.acknowledged_at]
        found.append(
            Asked(
                rule, role, len(asked), tuple(c.number for c, t in asked if t.escalated),
                tuple(c.number for c, t in asked if t.declined or _handed_on(c, t)),
                round(quantiles(took, n=10, method="inclusive")[8], 1) if len(took) > 1 else None,
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-len(one.up), -one.n, one.rule)))


def proposals(cases: Sequence[Case], rules: Rules) -> tuple[Proposal, ...]:
    """Other deadlines and other owners for rules with enough behind them, each tried on the same exceptions."""
    found: list[Proposal] = []
    for asked in how_rules_did(cases):
        if asked.n >= LEAST and len(asked.up) / asked.n >= OFTEN and asked.waited_min is not None:
            after = _rounded_up(timedelta(minutes=asked.waited_min))
            found += _tried(cases, rules, asked, after)
        to = _other_owner(cases, asked)
        if to is not None:
            other = _with(rules, asked.rule, partial(_asks, to))
            found.append(Proposal("owner", asked.rule, asked.role, to, asked.passed_on, _differs(cases, other, rules)))
    return tuple(found)


def _asks(role: str, concern: Concern) -> Concern:
    return replace(concern, role=role)


def _tried(cases: Sequence[Case], rules: Rules, asked: Asked, after: timedelta) -> Iterator[Proposal]:
    """Later up by as much as nine of ten answers need, if that is later than now."""
    other, before = _later_up(rules, asked.rule, after)
    if before is not None:
        told = (f"{_minutes(before)} min", f"{_minutes(after)} min")
        yield Proposal("deadline", asked.rule, *told, asked.up, _differs(cases, other, rules))


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


def _differs(cases: Sequence[Case], new: Rules, old: Rules) -> dict[str, int]:
    found: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        for one in would_differ(case, new, old):
            found[one.what].add(one.case)
    return {what: len(numbers) for what, numbers in sorted(found.items())}


def _with(rules: Rules, name: str, change: Callable[[Concern], Concern]) -> Rules:
    types = {
        kind: replace(one, concerns=tuple(change(c) if c.name == name else c for c in one.concerns))
        for kind, one in rules.types.items()
    }
    return replace(rules, types=types)


def _other_owner(cases: Sequence[Case], asked: Asked) -> str | None:
    """The function that most of what was passed on went to, where it was passed on more often than not."""
    if len(asked.passed_on) < LEAST or len(asked.passed_on) / asked.n < OFTEN:
        return None
    numbers = set(asked.passed_on)
    took = Counter(
        t.role for c in cases if c.number in numbers for t in c.tasks
        if t.why.startswith("handed over by ") and t.role != asked.role
    )  # fmt: skip
    return took.most_common(1)[0][0] if took else None


def _handed_on(case: Case, task: Task) -> bool:
    return task.withdrawn_at is not None and any(t.why.startswith("handed over by ") for t in case.tasks)


def _first_asked(case: Case) -> str:
    return next((t.why for t in case.tasks if t.why != TRIAGE and not t.why.startswith("handed over by ")), "")


def _rounded_up(span: timedelta) -> timedelta:
    return -(-span // ROUND) * ROUND


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
