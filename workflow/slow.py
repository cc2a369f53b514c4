"""Running slow is a watch and no breakdown: nobody is called yet, and it is promoted if it lasts (R16)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer, Task, require
from workflow.errors import Refused
from workflow.plant import Person, on_shift, works_at
from workflow.routing import WATCH, World, remember_told, route


def watch(case: Case, world: World) -> Change:
    """Open a report as a watch: whoever runs the shift knows of it, and its reporter is asked again after a while."""
    role = world.rules.triage[0]
    people = tuple(p.id for p in on_shift(world.plant, role, world.now, case.line) if p.id != case.reporter)
    due = world.now + world.rules.watch
    task = Task(role, world.now, required=False, owner=people[0] if people else case.reporter, told=people,
                next_step_at=due, why=WATCH)  # fmt: skip
    facts = _facts(case) | {"until_at": due.isoformat(), "reporter": case.reporter, "said": case.said}
    notices = tuple(Notice(p, "asked.watch", facts, (Offer("still_slow"),), until="resolved") for p in people)
    mine = Notice(case.reporter, "opened.watch", facts, (Offer("still_slow"),), until="resolved")
    entries = (
        Entry(world.now, case.reporter, "reported", case.said, _facts(case)),
        Entry(world.now, LINECALL, "watched", WATCH, {"until_at": due.isoformat(), "people": list(people)}),
    )
    opened = replace(case, opened_at=world.now, asks=None, options=(), tasks=(*case.tasks, task))
    return Change(remember_told(opened, notices), entries, (mine, *notices))


def look_again(case: Case, task: Task, world: World) -> Change:
    """The step of a watch: its reporter is asked whether it still runs slow; without an answer it is promoted."""
    if task.asked_still:
        return _promoted(case, LINECALL, "no_answer", world)
    asked = replace(task, asked_still=True, next_step_at=world.now + world.rules.watch / 2)
    there = [p.id for p in on_shift(world.plant, "operator", world.now, case.line)]
    people = [p for p in (case.reporter, *case.joined) if p in there] or [case.reporter]
    offers = (Offer("still_slow"), Offer("resolve", (task.role,)))
    notices = tuple(Notice(p, "still_slow", _facts(case), offers, until="resolved") for p in people)
    entry = Entry(world.now, LINECALL, "asked_slow", WATCH, {"people": people})
    return Change(remember_told(case.with_task(asked), notices), (entry,), notices)


def promote(case: Case, by: Person, world: World) -> Change:
    """ "Still slow": it is a breakdown from now on, and whoever repairs it is asked."""
    require(case, "correct")
    if not any(t.why == WATCH and t.live for t in case.tasks):
        raise Refused("watch.already", case=case.number)
    if by.id not in (case.reporter, *case.joined, *case.told) and not works_there(case, by):
        raise Refused("correct.not_yours", case=case.number, who=case.reporter)
    change = _promoted(case, by.id, "", world)
    people = list(dict.fromkeys(p for t in change.case.tasks if t.live for p in t.told))
    told = Notice(by.id, "promoted.you", {"case": case.number, "people": people})
    return Change(change.case, change.entries, (*change.notices, told), change.postings)


def works_there(case: Case, by: Person) -> bool:
    """Whether somebody sees for themselves how a machine runs: who works at its line, and who runs the shift."""
    return bool({"supervisor", "manager"} & {*by.roles}) or ("operator" in by.roles and works_at(by, case.line))


def watched(case: Case) -> bool:
    """Whether it is a watch still."""
    return any(task.why == WATCH and task.live for task in case.tasks)


def _promoted(case: Case, who: str, why: str, world: World) -> Change:
    freed = without_watch(case, world)
    return Change(freed, (Entry(world.now, who, "promoted", why),)).then(route(freed, world))


def without_watch(case: Case, world: World) -> Case:
    """The case when it is a watch no more."""
    tasks = tuple(
        replace(t, withdrawn_at=world.now, next_step_at=None) if t.why == WATCH and t.live else t for t in case.tasks
    )
    return replace(case, tasks=tasks)


def _facts(case: Case) -> dict[str, Any]:
    return {"case": case.number, "type": case.type, "line": case.line, "assets": list(case.assets),
            "since_at": case.since.isoformat()}  # fmt: skip
