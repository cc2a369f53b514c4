"""What new rules would have done with a case of the past: whom they would ask, by when, and who might decide (R59).

It works on the facts that were matched when each function was asked, which are kept with its task: nothing is guessed
from today's records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Literal

from workflow.case import Case, Step, Task
from workflow.conditions import Facts
from workflow.rules import Authority, Rules

What = Literal[
    "asked_too", "not_asked", "other_rule", "other_times", "sooner_up", "later_up", "asks_back", "may_not", "may"
]
TRIAGE = "triage"  # the rule of a task that no rule of the plant made


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that would be otherwise."""

    case: str
    what: What
    role: str = ""
    before: str = ""  # as it was
    after: str = ""  # as it would be


@dataclass(frozen=True, slots=True)
class Decided:
    """A quality decision as the log has it: who, with which functions, and how much of what."""

    decision: str
    quantity: float
    by: str
    roles: tuple[str, ...]


def facts_of(case: Case) -> Facts | None:
    """The facts that were matched when the case was routed first; None where no rule was asked."""
    first = next((t for t in case.tasks if t.why != TRIAGE and t.facts), None)
    if first is None:
        return None
    known = {f.name for f in fields(Facts)}
    return Facts(**{name: value for name, value in first.facts.items() if name in known})


def would_differ(case: Case, new: Rules, old: Rules, decided: tuple[Decided, ...] = ()) -> Iterator[Difference]:
    """Every difference that new rules make to one case; `old` are the rules of today, for who might decide."""
    stated = facts_of(case)
    if stated is None or case.type is None:
        return
    rules = new.types[case.type]
    have: dict[str, Any] = {
        "line": case.line, "asset": case.assets, "lot": case.lots, "item": case.items,
        "work_order": case.work_orders, "quantity": case.quantity,
    }  # fmt: skip
    lacking = [need for need in rules.needs if not have.get(need)]
    if lacking:
        yield Difference(case.number, "asks_back", after=", ".join(lacking))
    first: dict[str, Task] = {}
    for task in case.tasks:
        if task.why != TRIAGE and not task.why.startswith("handed over by "):
            first.setdefault(task.role, task)
    would = {c.role: c for c in reversed(rules.concerns) if c.when.holds(stated)}
    for role, concern in would.items():
        times = next((d for when, d in concern.deadlines if when.holds(stated)), None)
        then = first.get(role)
        if times is None:
            continue
        if then is None:
            yield Difference(case.number, "asked_too", role, after=concern.name)
            continue
        if then.why != concern.name:
            yield Difference(case.number, "other_rule", role, then.why, concern.name)
        if then.ladder != times.ladder:
            yield Difference(
                case.number, "other_times", role, ladder_in_words(then.ladder), ladder_in_words(times.ladder)
            )
            yield from _up(case, then, times.ladder)
    for role, asked in first.items():
        if role not in would:
            yield Difference(case.number, "not_asked", role, before=asked.why)
    yield from _decisions(case, new, old, decided)


def ladder_in_words(ladder: tuple[Step, ...]) -> str:
    """ "5m reminded, 10m supervisor"."""
    return ", ".join(f"{_short(s.after)} {' and '.join(s.tell) or 'reminded'}" for s in ladder)


def _up(case: Case, task: Task, ladder: tuple[Step, ...]) -> Iterator[Difference]:
    """Whether somebody above would have heard of it before it was taken, and had not, or the other way round."""
    waited = task.acknowledged_at - task.asked_at if task.acknowledged_at is not None else None
    before, after = _told_within(task.ladder, waited), _told_within(ladder, waited)
    if set(after) - set(before):
        yield Difference(case.number, "sooner_up", task.role, ", ".join(before), ", ".join(after))
    elif set(before) - set(after):
        yield Difference(case.number, "later_up", task.role, ", ".join(before), ", ".join(after))


def _told_within(ladder: tuple[Step, ...], waited: timedelta | None) -> tuple[str, ...]:
    reached = [role for step in ladder if waited is None or step.after < waited for role in step.tell]
    return tuple(dict.fromkeys(reached))


def _decisions(case: Case, new: Rules, old: Rules, decided: tuple[Decided, ...]) -> Iterator[Difference]:
    so_far: dict[str, float] = {}
    for one in decided:
        so_far[one.decision] = so_far.get(one.decision, 0.0) + one.quantity
        now, then = (_may(rules.decisions.get(one.decision), one, so_far[one.decision]) for rules in (new, old))  # type: ignore[call-overload]
        if now != then:
            much = f"{one.decision} {one.quantity:.15g}"
            yield Difference(case.number, "may" if now else "may_not", "quality", much, one.by)


def _may(authority: Authority | None, one: Decided, quantity: float) -> bool:
    if authority is None or not {*authority.roles, *authority.above}.intersection(one.roles):
        return False
    return authority.most is None or quantity <= authority.most or bool(set(authority.above).intersection(one.roles))


def _short(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
