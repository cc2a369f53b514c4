"""What new rules would have done with a case of the past: whom they would ask, by when, and who might decide (R59).

It works on the facts that were matched when each function was asked, which are kept with its task: nothing is guessed
from today's records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Literal

from workflow.case import Case, Step, Task
from workflow.conditions import Facts
from workflow.rules import Authority, Constraint, Deadlines, Rules

What = Literal[
    "asked_too",
    "not_asked",
    "other_lead",
    "other_rule",
    "other_times",
    "sooner_up",
    "later_up",
    "asks_back",
    "may_not",
    "may",
    "waited_for",
    "not_waited_for",
    "second_person",
    "no_second_person",
    "second_look",
    "no_second_look",
    "reopens",
    "is_new",
    "held_back",
    "not_held_back",
    "asked_sooner",
    "other_desk",
    "other_owner",
    "approved_first",
    "not_approved",
    "written_only",
    "booked",
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
    of: str = ""  # which part of the rules makes it so, as in `workflow.rule_changes`


@dataclass(frozen=True, slots=True)
class Decided:
    """A quality decision as the log has it: who, with which functions, and how much of what."""

    decision: str
    quantity: float
    by: str
    roles: tuple[str, ...]
    worth: float | None = None  # None: ERP knows no cost of it


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
        yield Difference(case.number, "asks_back", after=", ".join(lacking), of=f"exceptions.{case.type}.needs")
    first: dict[str, Task] = {}
    for task in case.tasks:
        if task.why != TRIAGE and not task.why.startswith("handed over by "):
            first.setdefault(task.role, task)
    holding = [c for c in rules.concerns if c.when.holds(stated)]
    would = {c.role: c for c in reversed(holding)}
    leads, led = (holding[0].role if holding else ""), next(iter(first), "")
    if leads != led and {leads, led} <= {*would, *first}:
        yield Difference(case.number, "other_lead", "", led, leads, f"exceptions.{case.type}.lead")
    for role, concern in would.items():
        times = next((d for when, d in concern.deadlines if when.holds(stated)), None)
        then, of = first.get(role), f"exceptions.{case.type}.{role}"
        if times is None:
            continue
        if then is None:
            yield Difference(case.number, "asked_too", role, after=concern.name, of=of)
            continue
        if then.why != concern.name:
            yield Difference(case.number, "other_rule", role, then.why, concern.name, of)
        if then.required != concern.required:
            yield Difference(case.number, "waited_for" if concern.required else "not_waited_for", role, of=of)
        was = _times_of(then, old, times, case, stated)
        if was != times_in_words(times):
            yield Difference(case.number, "other_times", role, was, times_in_words(times), of)
        if then.ladder != times.ladder:
            yield from (replace(one, of=of) for one in _up(case, then, times.ladder))
    for role, asked in first.items():
        if role not in would:
            yield Difference(case.number, "not_asked", role, before=asked.why, of=f"exceptions.{case.type}.{role}")
    yield from _decisions(case, new, old, decided, stated)


def ladder_in_words(ladder: tuple[Step, ...]) -> str:
    """ "5m reminded, 10m supervisor"."""
    return ", ".join(f"{short(s.after)} {' and '.join(s.tell) or 'reminded'}" for s in ladder)


def times_in_words(times: Deadlines) -> str:
    """ "5m supervisor, again each 10m, idle 30m, done by shift_end"."""
    said = [ladder_in_words(times.ladder)]
    said += [f"again each {short(times.repeat)}"] if times.repeat is not None else []
    said += [f"idle {short(times.idle)}"] if times.idle is not None else []
    done = times.done if isinstance(times.done, str) else short(times.done) if times.done is not None else ""
    return ", ".join(part for part in (*said, f"done by {done}" if done else "") if part)


def _times_of(task: Task, old: Rules, new: Deadlines, case: Case, stated: Facts) -> str:
    """The times that a function had. By when it had to be done is not kept with its task: the old rules say it."""
    assert case.type is not None
    rules = [c for c in old.types[case.type].concerns if c.name == task.why and c.role == task.role]
    found = next((d for c in rules for when, d in c.deadlines if when.holds(stated)), None)
    done = found.done if found is not None else new.done  # the rule is gone since then: nobody can tell
    return times_in_words(Deadlines(timedelta(), task.ladder, task.repeat, task.idle_after, done))


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


def _decisions(case: Case, new: Rules, old: Rules, decided: tuple[Decided, ...], stated: Facts) -> Iterator[Difference]:
    much: dict[str, float] = {}
    worth: dict[str, float | None] = {}
    for one in decided:
        name = one.decision
        much[name] = much.get(name, 0.0) + one.quantity
        so_far = worth.get(name, 0.0)
        worth[name] = None if so_far is None or one.worth is None else so_far + one.worth
        all_of_it = replace(one, quantity=much[name], worth=worth[name])
        said = f"{name} {one.quantity:.15g}"
        now, then = (_may(rules.decisions.get(name), all_of_it) for rules in (new, old))  # type: ignore[call-overload]
        if now != then:
            yield Difference(case.number, "may" if now else "may_not", "quality", said, one.by, f"decisions.{name}")
        twice, once = (_second(rules, name) for rules in (new, old))
        if set(twice) != set(once):
            what: What = "second_person" if twice else "no_second_person"
            yield Difference(case.number, what, "quality", ", ".join(once), ", ".join(twice), f"decisions.{name}")
        stops, stopped = ({c.name: c for c in r.constraints if _stops(c, name, stated)} for r in (new, old))
        for rule in stops.keys() - stopped.keys():
            why = f"{rule}: {stops[rule].why}"
            yield Difference(case.number, "may_not", "quality", said, why, f"constraints.{rule}")
        for rule in stopped.keys() - stops.keys():
            yield Difference(case.number, "may", "quality", rule, said, f"constraints.{rule}")


def _second(rules: Rules, decision: str) -> tuple[str, ...]:
    authority = rules.decisions.get(decision)  # type: ignore[call-overload]
    return authority.second if authority is not None else ()


def _stops(constraint: Constraint, decision: str, stated: Facts) -> bool:
    return decision in constraint.forbids and constraint.when.holds(stated)


def _may(authority: Authority | None, one: Decided) -> bool:
    if authority is None or not {*authority.roles, *authority.above}.intersection(one.roles):
        return False
    if set(authority.above).intersection(one.roles):
        return True
    dear = authority.worth is not None and (one.worth is None or one.worth > authority.worth)
    return not dear and (authority.most is None or one.quantity <= authority.most)


def short(span: timedelta) -> str:
    """A duration as the file writes it: `90s`, `5m`, `2h`, `1d`."""
    seconds = int(span.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
