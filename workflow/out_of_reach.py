"""A function whose every phone is dead was not told: whoever stands above it hears so at once (R56)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from workflow.case import Case, Change, Entry, Notice, Offer
from workflow.consequences import consequences, context_for
from workflow.plant import on_shift
from workflow.routing import LINECALL, NOBODY, World, before_the_end, people_for, remember_told


def asked_of(case: Case, role: str, world: World) -> tuple[str, ...]:
    """Who of a function is there and was asked, while nobody of it has answered and nobody above it was told."""
    task = next((one for one in case.tasks if one.role == role and one.waits_for_acknowledgement), None)
    if task is None or task.escalated or not case.is_open:
        return ()
    there = [one.id for one in people_for(role, case, world) if one.id not in task.declined]
    return tuple(there) if set(there) <= set(task.told) else ()


def out_of_reach(case: Case, role: str, world: World) -> Change | None:
    """Nobody of a function has it on anything that they look at: the next rung hears it now, and it goes on from there.

    None where nobody stands above: then the ladder goes on by the clock, and the log says so all the same.
    """
    people = asked_of(case, role, world)
    task = next((one for one in case.tasks if one.role == role and one.live), None)
    if not people or task is None:
        return None
    step, above = task.step, []
    for n in range(task.step, len(task.ladder)):
        found = {p.id: p for r in task.ladder[n].tell for p in on_shift(world.plant, r, world.now, case.line)}
        above = [one for one in found.values() if one.id not in people]
        if above:
            step = n + 1
            break
    told = {"role": role, "people": list(people), "to": [one.id for one in above], "step": step}
    entry = Entry(world.now, LINECALL, "unreachable", task.why, told)
    if not above:
        return Change(case.with_task(replace(task, escalated=True)), (entry,))
    facts = context_for(role, case, consequences(case, world.records), world)
    facts |= {"role": role, "owner": task.owner, "step": step, "people": list(people)}
    facts |= {"age_min": _minutes(world.now - case.since), "waiting_min": _minutes(world.now - task.asked_at)}
    notices = tuple(
        Notice(one.id, "out_of_reach", facts, (Offer("acknowledge", (role,)),), role, "acknowledged") for one in above
    )
    rung = task.ladder[step] if step < len(task.ladder) else None
    due = max(task.asked_at + rung.after, world.now + timedelta(minutes=1)) if rung is not None else None
    next_step_at = before_the_end(task, due or world.now + (task.repeat or NOBODY), world.now)
    moved = replace(task, step=step, escalated=True, next_step_at=next_step_at)
    return Change(remember_told(case.with_task(moved), notices), (entry,), notices)


def _minutes(age: timedelta) -> int:
    return max(0, round(age.total_seconds() / 60))
