"""Rework is not the end: somebody does it, and what comes back is inspected like any stock on hold (R45)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer, Part, Step, Task, require
from workflow.errors import Refused
from workflow.plant import Person
from workflow.posting import reversal_postings
from workflow.routing import REWORK, World, deadline_of, people_for, remember_told

DOES_IT = "supervisor"  # whose people rework
LADDER = (Step(timedelta(minutes=30)), Step(timedelta(hours=1), ("manager",)))
REPEAT = timedelta(hours=1)
IDLE = timedelta(hours=4)  # rework takes its time; then "still on it?"
INSPECTED_WITHIN = (Step(timedelta(minutes=15)), Step(timedelta(minutes=30), ("supervisor",)))


def ask_to_rework(case: Case, by: Person, reason: str, world: World) -> Change:
    """Somebody of the shift has to do what was decided."""
    people = people_for(DOES_IT, case, world)
    before = case.task(DOES_IT)
    asked = replace(
        before if before is not None and before.live else Task(DOES_IT, world.now),
        asked_at=world.now,
        required=False,
        owner=people[0].id if people else None,
        told=tuple(p.id for p in people),
        ladder=LADDER,
        repeat=REPEAT,
        idle_after=IDLE,
        step=0,
        acknowledged_at=None,
        acknowledged_by=None,
        promised_at=None,
        due_by=None,
        asked_still=False,
        why=REWORK,
    )
    asked = replace(asked, next_step_at=deadline_of(asked, world.now) if people else world.now)
    working = case.with_task(asked) if before is not None and before.live else _with(case, asked)
    facts = {"case": case.number, "rest": in_rework(case), "who": by.id, "reason": reason, "role": DOES_IT}
    offers = (Offer("acknowledge", (DOES_IT,)), Offer("reworked"))
    notices = tuple(Notice(p.id, "asked.rework", facts, offers, DOES_IT, "resolved") for p in people)
    entry = Entry(world.now, LINECALL, "asked", REWORK, {"role": DOES_IT, "people": [p.id for p in people]})
    return Change(remember_told(working, notices), (entry,), notices)


def reworked(case: Case, by: Person, said: str, world: World) -> Change:
    """It is back: on hold again, and quality inspects it. Whoever reworked it is its producer now (R40)."""
    require(case, "inspect")
    back = case.in_rework
    if not back:
        raise Refused("rework.none", case=case.number)
    if by.id not in case.told and not {"supervisor", "manager", "operator"}.intersection(by.roles):
        raise Refused("acknowledge.not_asked", case=case.number)
    numbered = replace(case, decisions=case.decisions + 1)
    postings = reversal_postings(numbered, back, by.id, said, world.records, world.now)
    held = tuple(
        replace(h, reworked_by=tuple(dict.fromkeys((*h.reworked_by, by.id)))) if h.lot in {p.lot for p in back} else h
        for h in numbered.held
    )
    returned = put_back(replace(numbered, held=held), back)
    tasks = tuple(
        replace(t, done_at=world.now, done_by=by.id, acknowledged_at=t.acknowledged_at or world.now,
                acknowledged_by=t.acknowledged_by or by.id, next_step_at=None)
        if t.why == REWORK and t.live else t
        for t in returned.tasks
    )  # fmt: skip
    quantities = [f"{p.lot}: {p.quantity:.15g} {p.uom}" for p in back]
    entry = Entry(world.now, by.id, "reworked", said, {"rest": quantities})
    facts = {"case": case.number, "who": by.id, "said": said, "rest": quantities}
    change = Change(replace(returned, tasks=tasks), (entry,), (), postings)
    change = change.then(ask_to_inspect(change.case, "asked.inspection", facts, world))
    asked = {n.to for n in change.notices}
    heard = tuple(Notice(p, "back_from_rework", facts) for p in dict.fromkeys((by.id, *case.told)) if p not in asked)
    return Change(change.case, change.entries, change.notices + heard, change.postings)


def put_back(case: Case, parts: Sequence[Part]) -> Case:
    """These parts are undone: so much is on hold again, and the record counts them no more; the log does."""
    gone = {lot: sum(p.quantity for p in parts if p.lot == lot) for lot in {p.lot for p in parts}}
    held = tuple(replace(h, remaining=round(h.remaining + gone.get(h.lot, 0.0), 6)) for h in case.held)
    return replace(case, held=held, parts=tuple(p for p in case.parts if p not in parts))


def ask_to_inspect(case: Case, name: str, facts: Mapping[str, Any], world: World) -> Change:
    """Quality is asked anew, with a clock of its own: whoever is there now (R29)."""
    people = people_for("quality", case, world)
    before = case.task("quality")
    base = before if before is not None else Task("quality", world.now, ladder=INSPECTED_WITHIN, why="inspection")
    task = replace(
        base,
        asked_at=world.now,
        owner=people[0].id if people else None,
        told=tuple(p.id for p in people),
        declined=(),
        step=0,
        acknowledged_at=None,
        acknowledged_by=None,
        promised_at=None,
        waiting_for=None,
        asked_still=False,
        done_at=None,
        done_by=None,
    )
    task = replace(task, next_step_at=deadline_of(task, world.now) if people else world.now)
    asked = case.with_task(task) if before is not None else _with(case, task)
    offers = (Offer("acknowledge", ("quality",)), Offer("decide", ("quality",)))
    notices = tuple(Notice(p.id, name, facts, offers, "quality", "resolved") for p in people)
    what = "asked" if people else "nobody_on_shift"
    entry = Entry(world.now, LINECALL, what, task.why, {"role": "quality", "people": [p.id for p in people]})
    return Change(remember_told(asked, notices), (entry,), notices)


def in_rework(case: Case) -> list[str]:
    """Lots and quantities that are away to be reworked."""
    return [f"{p.lot}: {p.quantity:.15g} {p.uom}" for p in case.in_rework]


def _with(case: Case, task: Task) -> Case:
    return replace(case, tasks=(*case.tasks, task))
