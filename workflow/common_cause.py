"""One cause, many machines: air or power is gone, and its one exception leads; ten technicians are not called (R21).

What stands because of it is a part of it: a record of its own with its own times, orders and customers, and nobody of
the leading function is asked for it. When the cause is over, whoever reported a part is asked whether it runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer, Task, require
from workflow.errors import Refused
from workflow.plant import Person, Plant, Utility, on_shift
from workflow.routing import CAUSE, World, remember_told, route
from workflow.slow import works_there

AT_ONCE = timedelta(minutes=15)  # machines that stopped so shortly before the cause was told belong to it
LOOKS_AGAIN = timedelta(minutes=10)  # at the cause, while it is not over
RUNS_AGAIN = timedelta(minutes=10)  # to say whether it runs, once the cause is over
SEVERAL = 3  # machines on two lines or more, within the time above: whoever runs the shift is asked for one cause


def utility_of(case: Case, plant: Plant) -> Utility | None:
    """The utility that an exception is about; None for that of a machine."""
    return next((plant.utility[a] for a in case.assets if a in plant.utility), None)


def cause_of(report: Case, known: Iterable[Case], plant: Plant) -> Case | None:
    """The open exception of a utility that feeds the machine of a report; None where it still runs or names another."""
    if report.type != "machine_breakdown" or report.line_stopped is False or utility_of(report, plant) is not None:
        return None
    return next((c for c in known if c.status in ("open", "acknowledged") and _feeds(c, report, plant)), None)


def open_as_part(case: Case, cause: Case, world: World) -> Change:
    """Open a report as a part of the cause: everybody is told but the function that has the cause (R21, R25)."""
    lead = cause.lead
    part = replace(case, opened_at=world.now, asks=None, options=(), parent=cause.number)
    part = replace(part, tasks=(*part.tasks, _waits(lead, world)))
    said = {"type": case.type, "line": case.line, "assets": list(case.assets), "stopped": case.line_stopped}
    said["since_at"] = case.since.isoformat()
    entries = (
        Entry(world.now, case.reporter, "reported", case.said, said | {"work_orders": list(case.work_orders)}),
        Entry(world.now, LINECALL, "part_of", cause.number, {"cases": [cause.number]}),
    )
    change = Change(part, entries).then(route(part, world))
    facts = said | _cause(cause) | {"case": case.number}
    mine = Notice(case.reporter, "opened.part", facts, (Offer("own_cause"),), until="resolved")
    return Change(change.case, change.entries, (mine, *change.notices), change.postings)


def belongs(case: Case, cause: Case, plant: Plant, *, taken_too: bool = False) -> bool:
    """Whether an open exception of a machine began with the cause, and nobody has it yet."""
    if case.status not in ("open", "acknowledged") or case.parent is not None or case.number == cause.number:
        return False
    if case.type != "machine_breakdown" or case.line_stopped is False or not _feeds(cause, case, plant):
        return False
    lead = case.lead
    free = lead is not None and (taken_too or lead.acknowledged_at is None)
    return free and abs(cause.since - case.since) <= AT_ONCE


def make_part(case: Case, cause: Case, world: World) -> Change:
    """What was reported as a fault of its own belongs to the cause: whoever was called for it need not come."""
    lead = case.lead
    assert lead is not None, "only what somebody was asked for can become a part"
    waits = _waits(cause.lead, world)
    over = [task for task in case.tasks if task is lead or (task.live and task.role == waits.role)]
    others = (replace(t, withdrawn_at=world.now, next_step_at=None) if t in over else t for t in case.tasks)
    part = replace(case, parent=cause.number, tasks=(*others, waits))
    facts = _cause(cause) | {"case": case.number, "type": case.type, "line": case.line, "assets": list(case.assets)}
    called = [person for task in over for person in (*task.told, *((task.owner,) if task.owner else ()))]
    people = dict.fromkeys((*called, case.reporter))
    offers = (Offer("own_cause"),)
    notices = tuple(Notice(p, "part_of", facts, offers if p == case.reporter else ()) for p in people)
    entry = Entry(world.now, LINECALL, "part_of", cause.number, {"cases": [cause.number]})
    return Change(remember_told(part, notices), (entry,), notices)


def look_at_cause(case: Case, task: Task, world: World) -> Change:
    """The step of a part: while the cause is open it waits; then its reporter is asked, and silence calls somebody."""
    cause = world.other(case.parent) if case.parent is not None else None
    if cause is not None and cause.is_open and cause.lead is not None:
        owner = task.acknowledged_by or cause.lead.owner  # who took the part itself has it (R28)
        return Change(case.with_task(replace(task, owner=owner, next_step_at=world.now + LOOKS_AGAIN)))
    if task.asked_still or cause is None:
        return _on_its_own(case, LINECALL, "no_answer", world)
    asked = replace(task, asked_still=True, next_step_at=world.now + RUNS_AGAIN)
    facts = _cause(cause) | {"case": case.number, "type": case.type, "line": case.line, "assets": list(case.assets)}
    offers = (Offer("resolve", (task.role,)), Offer("own_cause"))
    people = dict.fromkeys((case.reporter, *case.joined))
    notices = tuple(Notice(p, "runs_again", facts, offers, until="resolved") for p in people)
    entry = Entry(world.now, LINECALL, "cause_over", cause.number, {"people": list(people)})
    return Change(remember_told(case.with_task(asked), notices), (entry,), notices)


def on_its_own(case: Case, by: Person, world: World) -> Change:
    """ "It is something else", or it still stands: whoever repairs it is called, as for any machine (R22)."""
    require(case, "correct")
    if not any(t.why == CAUSE and t.live for t in case.tasks):
        raise Refused("own_cause.already", case=case.number)
    if by.id not in (case.reporter, *case.joined, *case.told) and not works_there(case, by):
        raise Refused("correct.not_yours", case=case.number, who=case.reporter)
    change = _on_its_own(case, by.id, "something_else", world)
    people = [p for t in change.case.tasks if t.live for p in t.told]
    told = Notice(by.id, "own_cause.you", {"case": case.number, "people": list(dict.fromkeys(people))})
    return Change(change.case, change.entries, (*change.notices, told), change.postings)


def may_declare(person: Person, world: World) -> bool:
    """Whether somebody may say that several machines stand for one reason: whoever runs the shift was asked that."""
    return bool({*world.rules.triage} & {*person.roles})


def looks_like_one(case: Case, known: Iterable[Case], plant: Plant) -> tuple[tuple[Case, ...], tuple[Utility, ...]]:
    """Machines that stopped together with this one, and the utilities that feed them all; none where it is chance."""
    near = [
        c for c in (*known, case)
        if c.status in ("open", "acknowledged") and c.type == "machine_breakdown" and c.parent is None and c.line
        and utility_of(c, plant) is None and c.line_stopped is not False and abs(case.since - c.since) <= AT_ONCE
    ]  # fmt: skip
    found = tuple({c.number: c for c in near}.values())
    lines = {c.line for c in found}
    feeding = tuple(u for u in plant.utilities if lines <= set(u.lines))
    return (found, feeding) if len(found) == SEVERAL and len(lines) > 1 and feeding else ((), ())


def ask_for_one(case: Case, found: tuple[Case, ...], feeding: tuple[Utility, ...], world: World) -> Change:
    """Whoever runs the shift is asked, once, whether several machines stand for one reason."""
    people = on_shift(world.plant, world.rules.triage[0], world.now)
    facts = {"case": case.number, "cases": [c.number for c in found], "n": len(found)}
    offers = tuple(Offer("one_cause", (u.id,)) for u in feeding[:3])
    notices = tuple(Notice(p.id, "one_cause_asked", facts, offers, until="resolved") for p in people)
    entry = Entry(world.now, LINECALL, "one_cause_asked", "", {"people": [p.id for p in people], **facts})
    return Change(remember_told(case, notices), (entry,), notices)


def _on_its_own(case: Case, who: str, why: str, world: World) -> Change:
    """It waits for nobody else any more, and is routed like any other; what it was part of stays in the record."""
    tasks = tuple(
        replace(t, withdrawn_at=world.now, next_step_at=None) if t.why == CAUSE and t.live else t for t in case.tasks
    )
    entry = Entry(world.now, who, "own_cause", why if who == LINECALL else "", {"cases": [case.parent]})
    freed = replace(case, tasks=tasks)
    return Change(freed, (entry,)).then(route(freed, world))


def _waits(lead: Task | None, world: World) -> Task:
    """The task of a part: whoever has the cause answers for it, and nobody is called."""
    role, owner = (lead.role, lead.owner) if lead is not None else (world.rules.triage[0], None)
    return Task(role, world.now, owner=owner, next_step_at=world.now + LOOKS_AGAIN, why=CAUSE)


def _feeds(cause: Case, case: Case, plant: Plant) -> bool:
    utility = utility_of(cause, plant)
    return utility is not None and case.line is not None and case.line in utility.lines


def _cause(cause: Case) -> dict[str, Any]:
    owners = [t.owner for t in cause.tasks if t.live and t.owner]
    return {"cause_assets": list(cause.assets), "cause": cause.number, "owners": owners[:1]}
