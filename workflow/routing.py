"""Who is concerned by a case, why, and what each function is told (R25, R28, R29, R35)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workflow.case import LINECALL as LINECALL
from workflow.case import Case, Change, Entry, Notice, Offer, Task
from workflow.conditions import Facts
from workflow.consequences import Consequences, consequences, context_for, facts
from workflow.downtime import Stood
from workflow.plant import Person, Plant, on_shift, shift_end
from workflow.records import Records
from workflow.rules import Concern, Deadlines, Rules

STILL_ON_IT = timedelta(hours=1)  # whoever leads is asked so long after the last sign of life, rules or not (R31)
NOBODY = timedelta(minutes=15)  # until people are looked for again where nobody at all was there
WARNING = timedelta(minutes=15)  # before a task has to be done
MOST_LOTS = 6  # on one button
REWORK = "rework"  # why of the task that no rule asked: a decision did (R45)
CAUSE = "common cause"  # why of the task of a part: the exception that it is a part of leads (R21)
VERIFY = "second eye"  # why of the task of whoever looks at what another one fixed (R35)
HANDED = "handed over by "  # why of a task that somebody gave on, begins so: their word goes over the rules (R30)
WATCH = "watch"  # why of the task of whoever knows of a machine that runs slow (R16)
# Facts that change though nothing happens.
BY_TIME = frozenset({
    "minutes_down", "hours_until_due", "customer_due_hours", "slack_hours", "customer_slack_hours", "skill_missing",
})  # fmt: skip
NO_RULE = frozenset({REWORK, CAUSE, VERIFY, WATCH})


@dataclass(frozen=True, slots=True)
class Superseded:
    """Rules that were in force until an instant."""

    until: datetime
    rules: Rules


@dataclass(frozen=True, slots=True)
class World:
    """What an act may look at besides the case: the plant, its rules, ERP's records, and the time."""

    plant: Plant
    rules: Rules
    records: Records
    now: datetime
    earlier: tuple[Superseded, ...] = ()  # rules that were exchanged, the oldest first
    engaged: Mapping[str, str] = field(default_factory=dict)  # person -> the stopped case that they have in hand
    other: Callable[[str], Case | None] = lambda _: None  # another exception by its number (R21)
    stood: Callable[[Case], tuple[Stood, ...]] = lambda _: ()  # what others count of the same machine (R49)

    def rules_of(self, case: Case) -> Rules:
        """The rules that were in force when a case was opened: a later edit never routes it anew (R29, R36)."""
        opened = case.opened_at or self.now
        return next((old.rules for old in self.earlier if opened < old.until), self.rules)


def route(case: Case, world: World) -> Change:
    """Ask every function concerned that was not asked yet, and withdraw those no longer concerned (R10, R25).

    Rules and ladder are frozen into the new tasks; people are whoever is on shift now (R29). Late-comers start their
    own clock. A function with nobody on shift goes up its ladder at once, and the log says so.
    """
    hit = consequences(case, world.records)
    stated = facts(case, hit, world.plant, world.records, world.now)
    assert case.type is not None, "a case without a type is a draft and is not routed"
    rules = world.rules_of(case)
    concerned = {c.role: c for c in reversed(rules.types[case.type].concerns) if c.when.holds(stated)}
    change = Change(case)
    for task in case.tasks:
        by_rule = task.why not in NO_RULE and not task.why.startswith(HANDED)
        if task.live and task.role not in concerned and by_rule:
            change = change.then(_withdraw(change.case, task, world))
    new = [c for c in rules.types[case.type].concerns if concerned.get(c.role) is c and not change.case.task(c.role)]
    return change.then(_ask_all(change.case, new, stated, hit, world))


def by_now(case: Case, world: World) -> Change | None:
    """Ask whom the passing of time has made concerned, and only them; None where nobody is (R25).

    An order's slack is used up, a stop lasts an hour, the shift with the skill has gone home: a rule that asks for it
    holds now and did not when the case was opened. Nobody is let go by time alone, and nobody who had it gets it again.
    """
    if case.type is None or case.opened_at is None or not case.is_open:
        return None
    if any(task.live and task.why == WATCH for task in case.tasks):
        return None  # it runs slow, and nobody is called for it yet (R16)
    rules = [c for c in world.rules_of(case).types[case.type].concerns if case.task(c.role) is None]
    if not any(BY_TIME & c.when.asks for c in rules):
        return None
    hit = consequences(case, world.records)
    stated = facts(case, hit, world.plant, world.records, world.now)
    holds = {c.role: c for c in reversed(rules) if c.when.holds(stated)}
    change = _ask_all(case, [c for c in rules if holds.get(c.role) is c and BY_TIME & c.when.asks], stated, hit, world)
    return change if change.entries else None


def plays(person: str, world: World, *roles: str) -> bool:
    """Whether somebody has one of these functions now; whoever does not work here any more has none (R29)."""
    known = world.plant.person.get(person)
    return known is not None and bool({*roles} & {*known.roles})


def people_for(role: str, case: Case, world: World) -> tuple[Person, ...]:
    """Who of a function may act on this case now: on shift, and not barred from it (R29, R40)."""
    present = on_shift(world.plant, role, world.now, case.line)
    if role != "quality" or case.type != "quality_hold":
        return present
    barred = barred_from_deciding(case, world.records)
    return tuple(person for person in present if person.id not in barred)


def asked_first(role: str, case: Case, people: tuple[Person, ...], world: World) -> tuple[Person, ...]:
    """Who of those present is asked at once: with the skills that the machine takes, and at no other stopped line.

    Where nobody is left so, the next best are asked; all others hear of it at the first step up (R29).
    """
    if role != "maintenance":
        return people
    wanted = {s.casefold() for a in case.assets if a in world.plant.asset for s in world.plant.asset[a].skills}
    free = tuple(p for p in people if world.engaged.get(p.id, case.number) == case.number) or people
    able = tuple(p for p in free if wanted <= {s.casefold() for s in p.skills})
    return able or tuple(p for p in free if wanted & {s.casefold() for s in p.skills}) or free


def barred_from_deciding(case: Case, records: Records) -> frozenset[str]:
    """The reporter of a hold and the producers of its lots (R40)."""
    lots = {*case.lots, *(held.lot for held in case.held)}  # what is held stays so, whatever a correction names
    producers = {records.lot[lot].producer for lot in lots if lot in records.lot}
    return frozenset({case.reporter, *(p for p in producers if p)})


def had_a_hand_in(case: Case, lots: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Who put these lots on hold, then or by withdrawing a release; and who reworked them (R40, R45)."""
    of = [held for held in case.held if held.lot in lots]
    held_it = {held.by for held in of if held.by is not None} | {who for held in of for who in held.withdrawn_by}
    return frozenset(held_it), frozenset(who for held in of for who in held.reworked_by)


def asked_name(role: str, case: Case) -> str:
    """The text by which a function is asked: a planner needs other words for a wish than for a risk."""
    if role == "planner" and case.type == "order_change":
        return "asked.order_change" if case.work_orders or case.items else "asked.order_unknown"
    if role == "materials" and case.type == "quality_hold":
        return "asked.materials_held"
    return f"asked.{role}"


def ask_people(case: Case, task: Task, people: tuple[Person, ...], context: dict[str, Any], name: str) -> list[Notice]:
    """The notices that ask people of a function to take their action, each with the buttons that answer it (R27)."""
    lead = case.lead
    acts: tuple[str, ...] = ("acknowledge", "decline")
    if lead is None or lead.role == task.role:
        acts = ("acknowledge", "eta", "decline", "resolve")  # who leads says when he is there and when it is over
    if task.role == "quality" and case.type == "quality_hold":
        acts = ("acknowledge", "decide")
    buttons = tuple(Offer(act, (task.role,)) for act in acts)
    if task.why == VERIFY:
        buttons = (Offer("verify"), Offer("not_fixed"))
    wider = (*(context.get("sisters") or ()), *(context.get("made") or ()))
    if task.role == "quality" and wider:
        buttons = (*buttons, hold_button(wider))
    return [Notice(p.id, name, context, buttons, task.role, "acknowledged") for p in people]


def hold_button(lots: Sequence[str]) -> Offer:
    """ "Hold them too": it carries which lots it means."""
    return Offer("hold_also", tuple(lots[:MOST_LOTS]))


def deadline_of(task: Task, now: datetime) -> datetime:
    """When the next step of an unanswered task is due: the next rung, or past the last one again each so often."""
    if task.step < len(task.ladder):
        return before_the_end(task, task.asked_at + task.ladder[task.step].after, task.asked_at)
    return before_the_end(task, now + (task.repeat or NOBODY), now)


def before_the_end(task: Task, step: datetime, now: datetime) -> datetime:
    """The next step, or the warning before the task has to be done, whichever comes first."""
    warning = task.due_by - WARNING if task.due_by is not None else None
    return min(step, warning) if warning is not None and warning > now else step


def remember_told(case: Case, notices: tuple[Notice, ...]) -> Case:
    """Everyone who was told hears the end (R34)."""
    new = [n.to for n in notices if n.to not in case.told]
    return replace(case, told=(*case.told, *dict.fromkeys(new))) if new else case


def _ask_all(case: Case, new: Sequence[Concern], stated: Facts, hit: Consequences, world: World) -> Change:
    """Each of these functions starts its own clock; the first deadlines that hold count."""
    change = Change(case)
    for concern in new:
        deadlines = next((d for when, d in concern.deadlines if when.holds(stated)), None)
        if deadlines is not None:
            change = change.then(_ask(change.case, concern, deadlines, stated.matched(), hit, world))
    return change


def _ask(
    case: Case, concern: Concern, deadlines: Deadlines, matched: dict[str, Any], hit: Consequences, world: World
) -> Change:
    people = people_for(concern.role, case, world)
    if case.reporter not in {p.id for p in people}:
        people = asked_first(concern.role, case, people, world)
    reporter_takes_it = plays(case.reporter, world, concern.role) and case.reporter in {p.id for p in people}
    others = tuple(p for p in people if p.id != case.reporter)
    task = Task(
        role=concern.role,
        asked_at=world.now,
        required=concern.required,
        owner=case.reporter if reporter_takes_it else (others[0].id if others else None),
        told=tuple(p.id for p in people) if reporter_takes_it else tuple(p.id for p in others),
        ladder=deadlines.ladder,
        repeat=deadlines.repeat,
        idle_after=deadlines.idle,
        due_by=_due_by(deadlines, world),
        why=concern.name,
        facts=matched,
    )
    if reporter_takes_it:
        # A technician who reports his own machine has it already: he is not paged (R35).
        task = replace(task, acknowledged_at=world.now, acknowledged_by=case.reporter)
        idle = world.now + (task.idle_after or STILL_ON_IT)
        task = replace(task, next_step_at=before_the_end(task, idle, world.now) if concern.required else None)
        entry = Entry(world.now, case.reporter, "acknowledged", concern.name, {"role": concern.role})
        return Change(replace(case, tasks=(*case.tasks, task)), (entry,))
    context = context_for(concern.role, case, hit, world) | {"role": concern.role, "why": concern.name}
    notices = tuple(ask_people(case, task, others, context, asked_name(concern.role, case)))
    told = {
        "role": concern.role,
        "people": [p.id for p in others],
        "facts": matched,
        "rules": world.rules_of(case).version,
    }
    entries = [Entry(world.now, LINECALL, "asked", concern.name, told)]
    if not concern.required:
        pass  # told, and welcome to take it; only a required function is chased (R37)
    elif others:
        task = replace(task, next_step_at=deadline_of(task, world.now))
    else:
        entries = [Entry(world.now, LINECALL, "nobody_on_shift", concern.name, {"role": concern.role})]
        task = replace(task, next_step_at=world.now)
    asked = replace(case, tasks=(*case.tasks, task))
    return Change(remember_told(asked, notices), tuple(entries), notices)


def _due_by(deadlines: Deadlines, world: World) -> datetime | None:
    match deadlines.done:
        case None:
            return None
        case timedelta() as after:
            return world.now + after
        case "shift_end":
            return shift_end(world.plant, world.now)


def _withdraw(case: Case, task: Task, world: World) -> Change:
    gone = replace(task, withdrawn_at=world.now, next_step_at=None)
    position = case.tasks.index(task)
    tasks = (*case.tasks[:position], gone, *case.tasks[position + 1 :])
    people = dict.fromkeys((*task.told, *((task.owner,) if task.owner else ())))
    notices = tuple(Notice(p, "withdrawn", {"case": case.number, "role": task.role}, role=task.role) for p in people)
    entry = Entry(world.now, LINECALL, "withdrawn", task.why, {"role": task.role})
    return Change(replace(case, tasks=tasks), (entry,), notices)
