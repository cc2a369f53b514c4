"""Who is told next when a task stays unanswered or its owner goes quiet (R26, R29 to R33, R37, R38)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from workflow.case import ALLOWED, Case, Change, Entry, Notice, Offer, Task
from workflow.common_cause import look_at_cause
from workflow.consequences import consequences, context_for
from workflow.opening import triage
from workflow.plant import Person, Plant, is_on_shift, on_shift, opens_again, shift_end
from workflow.routing import (
    CAUSE,
    LINECALL,
    NOBODY,
    VERIFY,
    WARNING,
    WATCH,
    World,
    ask_people,
    asked_name,
    before_the_end,
    people_for,
    remember_told,
)
from workflow.rules import QuietHours
from workflow.slow import look_again
from workflow.verifying import asked_again, of_these

ANSWER_STILL = timedelta(minutes=10)  # to answer "still on it?" before the ladder goes on (R31)


def chase(case: Case, world: World) -> Change | None:
    """The next step of every due task of a case; None where nothing is due any more.

    People are looked up now (R29), nobody off shift is chased (R38), and after an outage the steps that were missed
    become one message with the true age (R37).
    """
    if case.status not in ALLOWED["chase"]:
        return None
    if case.status == "draft":
        due = any(t.live and t.next_step_at and t.next_step_at <= world.now for t in case.tasks)
        return triage(case, world) if due else None
    change: Change | None = None
    for task in case.tasks:
        if task.live and task.next_step_at is not None and task.next_step_at <= world.now:
            current = change.case if change else case
            if task.why == WATCH:
                step = look_again(current, task, world)
            elif task.why == CAUSE:
                step = look_at_cause(current, task, world)
            elif task.due_by is not None and task.due_by - WARNING <= world.now:
                step = _has_to_be_done(current, task, world)
            elif task.acknowledged_at:
                step = _still_on_it(current, task, world)
            else:
                step = _unanswered(current, task, world)
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
    if task.why == VERIFY:
        present = tuple(p for p in present if of_these(p, (task.role,)))
    passed = _steps_passed(task, world.now)
    roles, step, above = _first_reachable(case, task, passed, not present, world)
    age = _minutes(world.now - case.since)
    waiting = _minutes(world.now - task.asked_at)
    hit = consequences(case, world.records)
    facts = context_for(task.role, case, hit, world)
    facts |= {"role": task.role, "age_min": age, "waiting_min": waiting, "owner": task.owner, "step": step}
    owner = task.owner if task.owner in {p.id for p in present} else (present[0].id if present else task.owner)
    newly = tuple(p for p in present if p.id not in task.told and p.id != case.reporter)
    again = tuple(p for p in present if p.id in task.told)
    notices = [Notice(p.id, "reminder", facts, _answers(task), task.role, "acknowledged") for p in again]
    name, facts_then = asked_name(task.role, case), facts | {"why": task.why}
    if task.why == VERIFY:
        name, facts_then = "asked.verify", facts_then | dict(asked_again(task))
    notices += ask_people(case, task, newly, facts_then, name)
    if present:
        offers = (Offer("acknowledge", (task.role,)),)
        notices += [Notice(p.id, "escalated", facts, offers, task.role, "acknowledged") for p in above]
    else:
        barred = case.reporter in {p.id for p in on_shift(world.plant, task.role, world.now, case.line)}
        name = "nobody_else_may" if barred else "nobody_there"
        notices += [Notice(p.id, name, facts, (), task.role, "acknowledged") for p in above]
    moved = replace(
        task,
        step=step,
        owner=owner or (above[0].id if above else None),
        told=tuple(dict.fromkeys((*task.told, *(p.id for p in newly)))),
        escalated=task.escalated or bool(above),
        next_step_at=_after(task, step, world.now, found=bool(present or above)),
    )
    notices, awake_at = _those_awake(notices, case, world)
    if awake_at is not None and not notices:
        moved = replace(moved, step=task.step, next_step_at=awake_at, escalated=task.escalated)
        return Change(case.with_task(moved))
    what = "escalated" if above else "reminded" if present else "nobody_on_shift"
    told = {"role": task.role, "step": step, "people": [p.id for p in above or again], "to": list(roles)}
    entry = Entry(world.now, LINECALL, what, task.why, told)
    return Change(remember_told(case.with_task(moved), tuple(notices)), (entry,), tuple(notices))


def _those_awake(notices: list[Notice], case: Case, world: World) -> tuple[list[Notice], datetime | None]:
    """In quiet hours and while the plant is closed only people on shift are reminded (R37).

    Never so of a stopped line or a danger, and whoever hears of something for the first time hears it at once. Also
    returns when it is no longer quiet; None where it is not quiet.
    """
    if case.line_stopped is True or case.type == "safety":
        return notices, None
    quiet = world.rules.quiet
    ends = quiet_until(quiet, world.plant, world.now) if quiet is not None else None
    if ends is not None:
        return [n for n in notices if not _always_reachable(n.to, world)], ends
    ends = opens_again(world.plant, world.now)
    if ends is None:
        return notices, None
    new = [n for n in notices if n.to not in case.told or not _always_reachable(n.to, world)]
    return new, (ends if len(new) < len(notices) else None)


def _always_reachable(person: str, world: World) -> bool:
    known = world.plant.person.get(person)
    return known is not None and known.always_reachable


def quiet_until(quiet: QuietHours, plant: Plant, now: datetime) -> datetime | None:
    """When the quiet hours end in which an instant lies, by the plant's wall clock; None outside of them (R37)."""
    local = plant.local(now)
    over_midnight = quiet.start > quiet.end
    inside = (
        local.time() >= quiet.start or local.time() < quiet.end
        if over_midnight
        else quiet.start <= local.time() < quiet.end
    )
    if not inside:
        return None
    tomorrow = over_midnight and local.time() >= quiet.start
    day = local.date() + timedelta(days=1 if tomorrow else 0)
    return datetime.combine(day, quiet.end, plant.zone).astimezone(UTC)


def _first_reachable(
    case: Case, task: Task, passed: int, nobody: bool, world: World
) -> tuple[tuple[str, ...], int, tuple[Person, ...]]:
    """Which rung is reached, and who stands on it; a rung with nobody on shift leads to the next at once (R29)."""
    step = max(passed, task.step + 1 if nobody and task.step < len(task.ladder) else passed)
    taken = task.ladder[task.step : step]
    if nobody and task.step >= len(task.ladder):
        # Past the last step the function itself is reminded; where nobody of it is there, those above are (R29).
        taken = tuple(rung for rung in task.ladder if rung.tell)[-1:]
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
        over = "decide" if case.held else "resolve"
        offers = tuple(Offer(act, (task.role,)) for act in ("still_on_it", over, "decline"))
        asked = replace(task, asked_still=True, next_step_at=world.now + ANSWER_STILL)
        entry = Entry(world.now, LINECALL, "asked_still", task.why, {"role": task.role, "owner": owner.id})
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
    entry = Entry(world.now, LINECALL, what, task.why, {"role": task.role, "owner": task.acknowledged_by})
    freed = case.with_task(quiet)
    return Change(freed, (entry,)).then(_unanswered(freed, quiet, world))


def _has_to_be_done(case: Case, task: Task, world: World) -> Change:
    """The time is nearly over and it is not done: whoever has it and everyone on the ladder hear it once.

    The next shift gets the same question at its own end; until then the task goes on as it did.
    """
    assert task.due_by is not None
    roles = tuple(dict.fromkeys(role for rung in task.ladder for role in rung.tell))
    here = people_for(task.role, case, world)
    above = tuple(p for role in roles for p in on_shift(world.plant, role, world.now, case.line))
    facts = context_for(task.role, case, consequences(case, world.records), world)
    facts |= {"role": task.role, "owner": task.owner, "due_at": task.due_by.isoformat()}
    rest = [f"{held.lot}: {held.remaining:.15g} {held.uom}" for held in case.held if held.remaining > 0]
    notices = tuple(Notice(p.id, "has_to_be_done", facts | {"rest": rest}, until="resolved") for p in (*here, *above))
    later = next_shift_end(world)
    goes_on = world.now + (task.idle_after or task.repeat or NOBODY)
    moved = replace(task, due_by=later, escalated=task.escalated or bool(above), next_step_at=goes_on)
    people = [p.id for p in (*here, *above)]
    entry = Entry(world.now, LINECALL, "has_to_be_done", task.why, {"role": task.role, "people": people})
    return Change(remember_told(case.with_task(moved), notices), (entry,), notices)


def _steps_passed(task: Task, now: datetime) -> int:
    return sum(1 for rung in task.ladder if task.asked_at + rung.after <= now)


def _after(task: Task, step: int, now: datetime, *, found: bool) -> datetime:
    """When the next step is due; there always is one while the task is unanswered (no case is ever orphaned)."""
    if step < len(task.ladder):
        due = max(task.asked_at + task.ladder[step].after, now + timedelta(minutes=1))
    else:
        due = now + (task.repeat or NOBODY if found else NOBODY)
    return before_the_end(task, due, now)


def _answers(task: Task) -> tuple[Offer, ...]:
    return tuple(Offer(act, (task.role,)) for act in ("acknowledge", "eta", "decline"))


def _minutes(age: timedelta) -> int:
    return max(0, round(age.total_seconds() / 60))


def next_shift_end(world: World) -> datetime | None:
    """When the shift after the one that runs now ends."""
    running = shift_end(world.plant, world.now)
    return shift_end(world.plant, running) if running is not None else None
