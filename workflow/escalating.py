"""A person raises it, or has the chase wait: guarded by the step that they saw, and with a reason (R30, R31, R33)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from workflow.answering import followers, task_of
from workflow.case import Case, Change, Entry, Notice, Offer, Task, require
from workflow.consequences import consequences, context_for
from workflow.errors import Refused
from workflow.plant import Person, on_shift
from workflow.routing import NOBODY, World, before_the_end, remember_told

LONGEST_SNOOZE = timedelta(hours=8)  # a shift; what waits for longer waits for a stated thing (R32)


def raise_button(case: Case) -> tuple[Offer, ...]:
    """The button by which somebody who waits raises it; it carries the function and the step that they see now."""
    return raising(case.lead) if case.lead is not None else ()


def raising(task: Task) -> tuple[Offer, ...]:
    """The same for one task; none where nobody stands above it."""
    if not any(rung.tell for rung in task.ladder):
        return ()
    return (Offer("raise", (task.role, str(task.step))),)


def escalate(case: Case, by: Person, role: str, seen: int, world: World) -> Change:
    """Go up one step now: those on it hear of it, and whoever has it stays responsible (R30).

    Refused for whoever has nothing to do with it, and where it went up since they looked (R33).
    """
    require(case, "escalate")
    runs_it = {"supervisor", "manager"}.intersection(by.roles)
    if by.id not in case.told and by.id not in (case.reporter, *case.joined) and not runs_it:
        raise Refused("acknowledge.not_asked", case=case.number)
    task = next((t for t in case.tasks if t.live and t.role == role), None)
    if task is None or task.step != seen:
        raise Refused("escalate.already", case=case.number, who=task.owner if task is not None else None)
    step, above = _next_above(case, task, by, world)
    if not above:
        raise Refused("escalate.nobody", case=case.number)
    facts = context_for(task.role, case, consequences(case, world.records), world)
    facts |= {"role": task.role, "who": by.id, "owner": task.owner, "age_min": _minutes(world.now - case.since)}
    acts = (Offer("acknowledge", (task.role,)),) if task.waits_for_acknowledgement else ()
    notices = [Notice(p.id, "raised", facts, acts, task.role, "resolved") for p in above]
    notices.append(Notice(by.id, "raised.you", {"case": case.number, "people": [p.id for p in above]}))
    rung = task.ladder[step] if step < len(task.ladder) else None
    due = max(task.asked_at + rung.after, world.now + timedelta(minutes=1)) if rung is not None else None
    next_step_at = task.next_step_at
    if task.waits_for_acknowledgement:
        next_step_at = before_the_end(task, due or world.now + (task.repeat or NOBODY), world.now)
    moved = replace(task, step=step, escalated=True, next_step_at=next_step_at)
    told = {"role": task.role, "step": step, "people": [p.id for p in above]}
    entry = Entry(world.now, by.id, "raised", "", told)
    return Change(remember_told(case.with_task(moved), tuple(notices)), (entry,), tuple(notices))


def snooze(case: Case, by: Person, lasts: timedelta, reason: str, world: World) -> Change:
    """Whoever has it is asked "still on it?" later, for a reason that stands in the record and is told (R31)."""
    require(case, "wait")
    task = task_of(case, by)
    if task.acknowledged_by != by.id:
        raise Refused("snooze.not_yours", case=case.number, who=task.owner)
    if not reason.strip() or not timedelta(0) < lasts <= LONGEST_SNOOZE:
        raise Refused("snooze.how", case=case.number)
    until = world.now + lasts
    asleep = replace(task, asked_still=False, next_step_at=before_the_end(task, until, world.now))
    facts = {"case": case.number, "who": by.id, "until_at": until.isoformat(), "reason": reason}
    notices = tuple(Notice(p, "snoozed", facts) for p in followers(case) if p != by.id)
    entry = Entry(world.now, by.id, "snoozed", reason, {"role": task.role, "until_at": until.isoformat()})
    return Change(case.with_task(asleep), (entry,), (Notice(by.id, "snoozed.you", facts), *notices))


def _next_above(case: Case, task: Task, by: Person, world: World) -> tuple[int, tuple[Person, ...]]:
    """The next rung on which somebody else stands; past the last one, that one again."""
    last = next((n for n in reversed(range(len(task.ladder))) if task.ladder[n].tell), 0)
    for n in range(min(task.step, last), len(task.ladder)):
        people = {p.id: p for r in task.ladder[n].tell for p in on_shift(world.plant, r, world.now, case.line)}
        others = tuple(p for p in people.values() if p.id not in (by.id, task.acknowledged_by))
        if others:
            return max(task.step, n + 1), others
    return task.step, ()


def _minutes(age: timedelta) -> int:
    return max(0, round(age.total_seconds() / 60))
