"""What an open case must have whatever happened to it: somebody who answers for it, a next step, a living timer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal

from workflow.case import LINECALL, Case, Change, Entry, Task
from workflow.opening import triage
from workflow.routing import NOBODY, World

Wants = Literal["nobodys", "no_timer", "no_owner", "owner_gone", "idle_timer"]
# A step that is due for so long is nobody's work any more: the round that takes it stands. The watchman looks twice a
# minute, so that it is raised within one.
LATE = timedelta(seconds=25)


def wants(case: Case, world: World) -> Wants | None:
    """What is missing; None where all is well. It looks at the facts alone and knows nothing of how one chases."""
    if not case.is_open:
        return "idle_timer" if any(t.next_step_at is not None for t in case.tasks) else None
    living = [t for t in case.tasks if t.live]
    if not living:
        return "nobodys"
    if not any(t.next_step_at is not None for t in living) or any(_lost_its_timer(case, t) for t in living):
        return "no_timer"
    if any(t.next_step_at is not None and not t.live for t in case.tasks):
        return "idle_timer"
    if any(_owner_gone(t, world) for t in living):
        return "owner_gone"
    lead = case.lead
    asleep = lead is not None and (lead.next_step_at is None or lead.next_step_at > world.now + NOBODY)
    if lead is not None and lead.owner is None and asleep:
        return "no_owner"
    return None


def _lost_its_timer(case: Case, task: Task) -> bool:
    """A function that has to act is chased for itself, whoever else still is (R26); away in rework nobody waits."""
    if not task.required or task.next_step_at is not None:
        return False
    away = bool(case.held) and not any(held.remaining > 0 for held in case.held)
    return task.acknowledged_at is None or (not away and (task.idle_after is not None or task.due_by is not None))


def _owner_gone(task: Task, world: World) -> bool:
    """Whoever had it does not work here any more, and its next step is still to come (R29)."""
    sleeps = task.next_step_at is not None and task.next_step_at > world.now
    return sleeps and task.acknowledged_by is not None and task.acknowledged_by not in world.plant.person


def put_right(case: Case, world: World) -> Change | None:
    """The least that makes a case somebody's again; None where nothing is missing.

    What belongs to nobody goes to the triage desk; a task without a timer, or without an owner, is due now, and the
    next round of chasing looks for people.
    """
    missing = wants(case, world)
    if missing is None:
        return None
    entry = Entry(world.now, LINECALL, "put_right", missing)
    if missing == "idle_timer":
        still = tuple(t if case.is_open and t.live else replace(t, next_step_at=None) for t in case.tasks)
        return Change(replace(case, tasks=still), (entry,))
    if missing == "nobodys":
        change = triage(case, world)
        opened_at = case.opened_at or world.now  # it is open for as long as it was
        return Change(replace(change.case, opened_at=opened_at), (entry, *change.entries), change.notices)
    return Change(_due_now(case, missing, world), (entry,))


def overdue(case: Case, world: World) -> Task | None:
    """A living task whose step has been due for so long that nobody can be at work on it."""
    late = (t for t in case.tasks if t.live and t.next_step_at is not None and t.next_step_at + LATE <= world.now)
    return next(late, None) if case.is_open else None


def _due_now(case: Case, missing: Wants, world: World) -> Case:
    lost = [t for t in case.tasks if t.live and _lost_its_timer(case, t)] if missing == "no_timer" else []
    if missing == "owner_gone":
        lost = [t for t in case.tasks if t.live and _owner_gone(t, world)]
    due = lost or [t for t in case.tasks if t is case.lead]
    tasks = tuple(replace(t, next_step_at=world.now) if t in due else t for t in case.tasks)
    return replace(case, tasks=tasks)
