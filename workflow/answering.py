"""How a function answers: "on it", "in 20 min", "waiting for parts", "not mine", "that is Anita's" (R26 to R28)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from workflow.case import Case, Change, Entry, Notice, Offer, Task, require
from workflow.consequences import consequences, context_for
from workflow.errors import Refused
from workflow.plant import ROLES, Person, works_at
from workflow.routing import (
    HANDED,
    REWORK,
    STILL_ON_IT,
    VERIFY,
    WATCH,
    World,
    ask_people,
    before_the_end,
    deadline_of,
    people_for,
    remember_told,
)

GRACE = timedelta(minutes=5)  # after a promised time, before it is asked about


def task_of(case: Case, by: Person, role: str | None = None) -> Task:
    """The task that a person's answer is about; refuses bystanders (R26).

    The function named on the pressed button, else the one the person was asked for, else one of the person's own.
    """
    mine = [t for t in case.tasks if t.live and (by.id == t.owner or by.id in t.told or t.role in by.roles)]
    mine = [t for t in mine if t.why != VERIFY or t.facts.get("fixed_by") != by.id]  # another one looks at it (R35)
    named = [t for t in mine if t.role == role]
    open_ones = [t for t in mine if t.waits_for_acknowledgement]
    found = named or [t for t in mine if t.owner == by.id and t.acknowledged_at] or open_ones or mine
    if not found:
        raise Refused("acknowledge.not_asked", case=case.number)
    return found[0]


def acknowledge(case: Case, by: Person, promise: datetime | None, world: World, role: str | None = None) -> Change:
    """One function takes its action, by then (R26); the first taker wins and the others hear who has it (R28).

    A second press is answered with who has it and since when, never with an error, and changes nothing (R28, R33).
    """
    require(case, "acknowledge")
    task = task_of(case, by, role)
    if (already := _taken_by_another(case, task, by)) is not None:
        return already
    first = task.acknowledged_at is None
    taken = replace(
        task,
        owner=by.id,
        acknowledged_at=task.acknowledged_at or world.now,
        acknowledged_by=by.id,
        promised_at=promise or task.promised_at,
        waiting_for=None,
        asked_still=False,
    )
    # An ETA said on the way is when he arrives; from then on he works.
    due = next_sign_of_life(case, taken, max(promise or world.now, world.now))
    taken = replace(taken, next_step_at=_put_off(case, taken, due, world) if due is not None else None)
    facts = {"case": case.number, "who": by.id, "role": task.role, "promised_at": _iso(promise)}
    others = [p for p in task.told if p != by.id] if first else []
    notices = [Notice(by.id, "you_have_it", facts, _what_comes_next(case, task))]
    notices += [Notice(p, "taken", facts, role=task.role) for p in others]
    leads = case.lead is not None and case.lead.role == task.role
    waiting = {case.reporter, *case.joined} if leads else set()
    news = first or task.waiting_for is not None or promise not in (None, task.promised_at)  # said twice is heard once
    listeners = (waiting | set(_above(case, task))) - {by.id, *others} if news else set()
    notices += [Notice(p, "on_its_way", facts) for p in case.told if p in listeners]
    logged = {"role": task.role, "promised_at": _iso(promise), "rule": task.why}
    entry = Entry(world.now, by.id, "acknowledged", "", logged)
    return Change(remember_told(case.with_task(taken), tuple(notices)), (entry,), tuple(notices))


def _taken_by_another(case: Case, task: Task, by: Person) -> Change | None:
    """ "Tom has it", since when; None where nobody else does: what one took, nobody else puts off (R28, R32)."""
    if task.acknowledged_at is None or task.acknowledged_by in (by.id, None):
        return None
    at = task.acknowledged_at.isoformat()
    already = {"case": case.number, "who": task.acknowledged_by, "taken_at": at, "role": task.role}
    return Change(case, (), (Notice(by.id, "taken_already", already),))


def _put_off(case: Case, task: Task, until: datetime, world: World) -> datetime:
    """When its owner is asked who named a time: then, but in time before its end, and never without end (R32)."""
    latest = world.now + world.rules_of(case).longest_wait
    return before_the_end(task, min(until, latest), world.now)


def _what_comes_next(case: Case, task: Task) -> tuple[Offer, ...]:
    """What whoever has taken it says next: quality decides on what is held, a fitter may wait for parts."""
    role = task.role
    if task.why == REWORK:
        return (Offer("reworked"),)
    if role == "quality" and any(h.remaining > 0 for h in case.held):
        return (Offer("decide", (role,)),)
    if role == "maintenance":
        return Offer("resolve", (role,)), Offer("wait", (role,))
    return (Offer("resolve", (role,)),)


def promise(case: Case, by: Person, until: datetime, said: str, world: World) -> Change:
    """A new time: "calculo que queda pa las 4 y cuarto"; whoever waits for it hears it (R27)."""
    require(case, "promise")
    task = task_of(case, by)
    if task.acknowledged_at is None and (by.id in task.told or task.role in by.roles):
        return acknowledge(case, by, until, world, task.role)
    if (already := _taken_by_another(case, task, by)) is not None:
        return already
    promised = replace(task, promised_at=until, waiting_for=None, asked_still=False)
    promised = replace(promised, next_step_at=_put_off(case, task, until + GRACE, world))
    return _heard(
        case.with_task(promised), by, "promised", said, world, {"promised_at": _iso(until), "role": task.role}
    )


def wait(case: Case, by: Person, waiting_for: str, until: datetime | None, world: World) -> Change:
    """Waiting on a stated thing pauses the chase until the promised time, or an hour; never without end (R32).

    Not beyond the warning before it has to be done, and not longer than the rules let anybody wait.
    """
    require(case, "wait")
    task = task_of(case, by)
    if (already := _taken_by_another(case, task, by)) is not None:
        return already
    until = until or world.now + timedelta(hours=1)
    paused = replace(
        task,
        owner=by.id,
        acknowledged_at=task.acknowledged_at or world.now,
        acknowledged_by=task.acknowledged_by or by.id,
        waiting_for=waiting_for,
        promised_at=until,
        asked_still=False,
        next_step_at=_put_off(case, task, until, world),
    )
    facts = {"waiting_for": waiting_for, "promised_at": _iso(until), "role": task.role}
    return _heard(case.with_task(paused), by, "waiting", waiting_for, world, facts)


def update(case: Case, by: Person, said: str, world: World) -> Change:
    """News without a new time: kept in the record, passed on to who waits, and a sign of life (R31)."""
    require(case, "update")
    runs_it = {"supervisor", "manager", *(t.role for t in case.tasks)}.intersection(by.roles)
    if by.id not in (case.reporter, *case.joined, *case.told) and not runs_it:
        raise Refused("acknowledge.not_asked", case=case.number)
    mine = next((t for t in case.tasks if t.live and t.acknowledged_by == by.id), None)
    if mine is not None:
        alive = replace(mine, asked_still=False)
        case = case.with_task(replace(alive, next_step_at=next_sign_of_life(case, alive, world.now)))
    return _heard(case, by, "updated", said, world, {})


def decline(case: Case, by: Person, said: str, world: World, role: str | None = None) -> Change:
    """ "Not mine": the next one of the function is asked; nobody left, and the next step up hears it at once (R27)."""
    require(case, "decline")
    task = task_of(case, by, role)
    if task.acknowledged_by is not None and task.acknowledged_by != by.id:
        facts = {"case": case.number, "who": task.acknowledged_by, "role": task.role}
        return Change(case, (), (Notice(by.id, "not_yours_anyway", facts),))
    if by.id not in (task.owner, *task.told):
        raise Refused("acknowledge.not_asked", case=case.number)  # who was not asked has nothing to say no to
    left = tuple(p for p in people_for(task.role, case, world) if p.id != by.id and p.id in task.told)
    freed = replace(
        task,
        owner=left[0].id if left else case.reporter if task.why == WATCH else None,  # who sees it keeps it (R16)
        told=tuple(p for p in task.told if p != by.id),
        declined=tuple(dict.fromkeys((*task.declined, by.id))),
        acknowledged_at=None,
        acknowledged_by=None,
        promised_at=None,
        asked_still=False,
        next_step_at=_asked_again(task, world.now, left=bool(left)),
    )
    entry = Entry(world.now, by.id, "declined", said, {"role": task.role})
    facts = {"case": case.number, "who": by.id, "role": task.role, "said": said}
    notices = (Notice(by.id, "declined.you", facts), *(Notice(p.id, "declined", facts) for p in left))
    declined = replace(case.with_task(freed), rerouted=case.rerouted + 1)
    return Change(declined, (entry,), notices)


def _asked_again(task: Task, now: datetime, *, left: bool) -> datetime | None:
    if task.why == WATCH:
        return task.next_step_at  # nobody is chased: it is looked at again then, whoever is there
    if not task.required:
        return None  # told, and welcome to take it; only a required function is chased (R37)
    return deadline_of(task, now) if left else now


def reassign(case: Case, by: Person, to: str, said: str, world: World) -> Change:
    """Hand over to a function or to a named person, who is asked and starts an own clock (R27, R30).

    Whoever was asked hands on what is theirs; who runs the shift at its line, what any of its functions was asked.
    Stock on hold stays with quality until all of it is decided (R41).
    """
    require(case, "reassign")
    person = world.plant.person.get(to)
    if (person is None and to not in ROLES) or (person is not None and person.shared):
        raise Refused("reassign.unknown", case=case.number, to=to)
    functions: tuple[str, ...] = (to,) if person is None else person.roles
    task = _handed_on(case, by, functions)
    if not _runs_it_there(case, by) and (already := _taken_by_another(case, task, by)) is not None:
        return already
    if task.role == "quality" and case.undecided and "quality" not in functions:
        raise Refused("reassign.hold", case=case.number, lots=list(case.undecided))
    role = to if person is None else task.role if task.role in person.roles else person.roles[0]
    people = (person,) if person is not None else people_for(role, case, world)
    if not people:
        raise Refused("reassign.nobody_on_shift", case=case.number, role=role)
    handed = replace(
        task,
        role=role,
        owner=people[0].id,
        told=tuple(p.id for p in people),
        asked_at=world.now,
        step=0,
        acknowledged_at=None,
        acknowledged_by=None,
        promised_at=None,
        waiting_for=None,
        asked_still=False,
        why=f"{HANDED}{by.id}",
    )
    handed = replace(handed, next_step_at=deadline_of(handed, world.now))
    if role != task.role and case.task(role) is not None:
        gone = replace(task, withdrawn_at=world.now, next_step_at=None)
        moved, handed = case.with_task(gone), case.task(role) or handed
        people = tuple(p for p in people if p.id in handed.told)
    else:
        index = case.tasks.index(task)
        moved = replace(case, tasks=(*case.tasks[:index], handed, *case.tasks[index + 1 :]))
    moved = replace(moved, rerouted=case.rerouted + 1)
    context = context_for(role, case, consequences(case, world.records), world)
    context |= {"role": role, "why": handed.why, "handed_by": by.id, "note": said}
    notices = tuple(ask_people(moved, handed, people, context, "asked.handed_over"))
    facts = {"case": case.number, "role": role, "people": [p.id for p in people], "who": by.id}
    hear = (p for p in dict.fromkeys((by.id, *case.told)) if p not in {q.id for q in people})
    heard = tuple(Notice(p, "handed_over", facts) for p in hear)
    entry = Entry(world.now, by.id, "handed_over", said, {"role": role, "people": [p.id for p in people]})
    return Change(remember_told(moved, notices), (entry,), notices + heard)


def _handed_on(case: Case, by: Person, functions: tuple[str, ...]) -> Task:
    """What somebody hands on: their own; who runs the shift there, rather what the new one's function was asked."""
    runs_it = _runs_it_there(case, by)
    theirs = next((t for t in case.tasks if t.live and t.role in functions and by.id != t.acknowledged_by), None)
    if runs_it and theirs is not None:
        return theirs
    try:
        return task_of(case, by)
    except Refused:
        if not runs_it or case.lead is None:
            raise
        return case.lead


def _runs_it_there(case: Case, by: Person) -> bool:
    return bool({"supervisor", "manager"}.intersection(by.roles)) and works_at(by, case.line)


def followers(case: Case) -> tuple[str, ...]:
    """Who follows an exception: its reporters, whoever took a part of it, and whoever it went up to.

    Everyone else who was told hears the end, and not every word on the way (R34, R37).
    """
    took = {t.acknowledged_by for t in case.tasks if t.live}
    asked = {p for t in case.tasks for p in t.told}
    return tuple(p for p in case.told if p in {case.reporter, *case.joined} or p in took or p not in asked)


def _heard(case: Case, by: Person, what: str, said: str, world: World, facts: Mapping[str, object]) -> Change:
    told = {"case": case.number, "who": by.id, "said": said, **facts}
    notices = [Notice(p, what, told) for p in followers(case) if p != by.id]
    notices.append(Notice(by.id, "noted", told))
    return Change(case, (Entry(world.now, by.id, what, said, facts),), tuple(notices))


def next_sign_of_life(case: Case, task: Task, since: datetime) -> datetime | None:
    """When the owner is asked "still on it?" (R31); None where the rules ask nobody and the task does not lead."""
    leads = case.lead is not None and case.lead.role == task.role
    if task.idle_after is None and not leads:
        return task.due_by
    return before_the_end(task, since + (task.idle_after or STILL_ON_IT), since)


def _above(case: Case, task: Task) -> list[str]:
    """Who was told because this task went up its ladder: they hear that somebody has it now."""
    return [p for p in case.told if p not in task.told] if task.escalated else []


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
