"""Who is told next when a task stays unanswered or its owner goes quiet (R26, R29 to R33, R37, R38)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from workflow.case import Case, Change, Entry, Notice, Offer, Task
from workflow.consequences import consequences, context_for
from workflow.opening import triage
from workflow.plant import Person, is_on_shift, on_shift, shifts_at
from workflow.routing import LINECALL, World, ask_people, people_for, remember_told

ANSWER_STILL = timedelta(minutes=10)  # to answer "still on it?" before the ladder goes on (R31)
NOBODY = timedelta(minutes=15)  # until people are looked for again where nobody at all was there


def chase(case: Case, world: World) -> Change | None:
    """The next step of every due task of a case; None where nothing is due any more.

    People are looked up now (R29), nobody off shift is chased (R38), and after an outage the steps that were missed
    become one message with the true age (R37).
    """
    if not case.is_open:
        return None
    if case.status == "draft":
        due = any(t.live and t.next_step_at and t.next_step_at <= world.now for t in case.tasks)
        return triage(case, world) if due else None
    change: Change | None = None
    for task in case.tasks:
        if task.live and task.next_step_at is not None and task.next_step_at <= world.now:
            current = change.case if change else case
            step = _still_on_it(current, task, world) if task.acknowledged_at else _unanswered(current, task, world)
            change = change.then(step) if change else step
    return _each_once(change) if change else None


def _each_once(change: Change) -> Change:
    """Whoever several functions' steps lead to is told once, of the exception as a whole (R37)."""
    first = {(n.to, n.name): n for n in reversed(change.notices)}
    kept = tuple(n for n in change.notices if first[n.to, n.name] is n)
    return Change(change.case, change.entries, kept, change.postings)


def _unanswered(case: Case, task: Task, world: World) -> Change:
    """The steps that are due by now, as one: the function is reminded and everyone above hears of it once."""
    present = tuple(p for p in people_for(task.role, case, world) if p.id not in task.declined)
    passed = _steps_passed(task, world.now)
    roles, step, above = _first_reachable(case, task, passed, not present, world)
    age = _minutes(world.now - case.since)
    waiting = _minutes(world.now - task.asked_at)
    hit = consequences(case, world.records)
    facts = context_for(task.role, case, hit, world.records)
    facts |= {"role": task.role, "age_min": age, "waiting_min": waiting, "owner": task.owner, "step": step}
    owner = task.owner if task.owner in {p.id for p in present} else (present[0].id if present else task.owner)
    newly = tuple(p for p in present if p.id not in task.told and p.id != case.reporter)
    again = tuple(p for p in present if p.id in task.told)
    notices = [Notice(p.id, "reminder", facts, _answers(task), task.role, "acknowledged") for p in again]
    notices += ask_people(case, task, newly, facts | {"why": task.why}, f"asked.{task.role}")
    if present:
        offers = tuple(Offer(act, (task.role,)) for act in ("acknowledge", "call_again"))[:1]
        notices += [Notice(p.id, "escalated", facts, offers, task.role, "acknowledged") for p in above]
    else:
        notices += [Notice(p.id, "nobody_there", facts, (), task.role, "acknowledged") for p in above]
    moved = replace(
        task,
        step=step,
        owner=owner or (above[0].id if above else None),
        told=tuple(dict.fromkeys((*task.told, *(p.id for p in newly)))),
        escalated=task.escalated or bool(above),
        next_step_at=_after(task, step, world.now, found=bool(present or above)),
    )
    what = "escalated" if above else "reminded" if present else "nobody_on_shift"
    told = {"role": task.role, "step": step, "people": [p.id for p in above or again], "to": list(roles)}
    entry = Entry(world.now, LINECALL, what, task.why, told)
    return Change(remember_told(case.with_task(moved), tuple(notices)), (entry,), tuple(notices))


def _first_reachable(
    case: Case, task: Task, passed: int, nobody: bool, world: World
) -> tuple[tuple[str, ...], int, tuple[Person, ...]]:
    """Which rung is reached, and who stands on it; a rung with nobody on shift leads to the next at once (R29)."""
    step = max(passed, task.step + 1 if nobody and task.step < len(task.ladder) else passed)
    taken = task.ladder[task.step : step]
    while True:
        roles = tuple(dict.fromkeys(role for rung in taken for role in rung.tell))
        above = [p for role in roles for p in on_shift(world.plant, role, world.now, case.line)]
        wanted = roles or nobody
        if above or not wanted or step >= len(task.ladder):
            unique = tuple({p.id: p for p in above if p.id != task.acknowledged_by}.values())
            return roles, step, unique
        step += 1
        taken = task.ladder[task.step : step]


def _still_on_it(case: Case, task: Task, world: World) -> Change:
    """Acknowledged, but no sign of life: ask once; silence un-acknowledges and the ladder goes on (R31, R32)."""
    owner = world.plant.person.get(task.acknowledged_by or "")
    there = owner is not None and is_on_shift(world.plant, owner, world.now)
    if there and not task.asked_still:
        assert owner is not None
        age = _minutes(world.now - case.since)
        facts = {
            "case": case.number,
            "role": task.role,
            "line": case.line,
            "assets": list(case.assets),
            "age_min": age,
            "promised_at": task.promised_at.isoformat() if task.promised_at else None,
            "waiting_for": task.waiting_for,
        }
        offers = tuple(Offer(act, (task.role,)) for act in ("still_on_it", "resolve", "decline"))
        asked = replace(task, asked_still=True, next_step_at=world.now + ANSWER_STILL)
        entry = Entry(world.now, LINECALL, "asked_still", task.why, {"role": task.role, "who": owner.id})
        return Change(
            case.with_task(asked), (entry,), (Notice(owner.id, "still_on_it", facts, offers, until="resolved"),)
        )
    quiet = replace(
        task,
        acknowledged_at=None,
        acknowledged_by=None,
        promised_at=None,
        waiting_for=None,
        asked_still=False,
        asked_at=world.now if not there else task.asked_at,
        step=0 if not there else task.step,
        next_step_at=world.now,
    )
    what = "went_quiet" if there else "went_off_shift"
    entry = Entry(world.now, LINECALL, what, task.why, {"role": task.role, "who": task.acknowledged_by})
    freed = case.with_task(quiet)
    return Change(freed, (entry,)).then(_unanswered(freed, quiet, world))


def _steps_passed(task: Task, now: datetime) -> int:
    return sum(1 for rung in task.ladder if task.asked_at + rung.after <= now)


def _after(task: Task, step: int, now: datetime, *, found: bool) -> datetime:
    """When the next step is due; there always is one while the task is unanswered (no case is ever orphaned)."""
    if step < len(task.ladder):
        return max(task.asked_at + task.ladder[step].after, now + timedelta(minutes=1))
    return now + (task.repeat or NOBODY if found else NOBODY)


def _answers(task: Task) -> tuple[Offer, ...]:
    return tuple(Offer(act, (task.role,)) for act in ("acknowledge", "eta", "decline"))


def _minutes(age: timedelta) -> int:
    return max(0, round(age.total_seconds() / 60))


def next_shift_start(world: World) -> datetime | None:
    """When the next shift begins; the end of the one that runs now."""
    return min((span.end for span in shifts_at(world.plant, world.now)), default=None)
