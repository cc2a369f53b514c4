"""What one shift hands to the next: a note from the records, kept by the outgoing lead until somebody accepts (R38)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer
from workflow.chasing import quiet_until
from workflow.errors import Refused
from workflow.plant import (
    Person,
    next_shift_end,
    on_shift,
    production_day_span,
    shifts_at,
    shifts_between,
    works_at,
)
from workflow.routing import World

BEFORE_THE_END = timedelta(minutes=15)  # the outgoing lead reads what is about to be handed over
REMIND = timedelta(minutes=10)  # until whoever was offered it is asked again; then those above hear of it too
A_MOMENT = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(days=16)  # however long the plant is closed


@dataclass(frozen=True, slots=True)
class Handover:
    """The end of one shift, and who has what was open then."""

    ends_at: datetime  # the instant at which the shift ends; there is one handover for it
    shift: str
    next_step_at: datetime | None = None  # None: nothing is left to do
    step: int = 0  # 0: planned, 1: the note was read, 2: offered, then one more for each reminder
    cases: tuple[str, ...] = ()  # numbers of what was open
    kept_by: tuple[str, ...] = ()  # leads of the outgoing shift: they answer until somebody has accepted
    offered: tuple[str, ...] = ()
    accepted_at: datetime | None = None
    accepted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A handover after a step, the notices that go out, and what becomes of the cases."""

    handover: Handover
    notices: tuple[Notice, ...] = ()
    changes: tuple[Change, ...] = ()


def plan(world: World) -> Handover | None:
    """The next end of a shift as something that is due; None where no shift runs in the next fortnight."""
    ends_at = next_shift_end(world.plant, world.now)
    if ends_at is None:
        return None
    ending = [s for s in shifts_at(world.plant, ends_at - A_MOMENT) if s.end == ends_at]
    return Handover(ends_at, ending[0].shift, max(world.now, ends_at - BEFORE_THE_END))


def take_step(handover: Handover, on_the_floor: Sequence[Case], facts: dict[str, Any], world: World) -> Step:
    """The step that is due: the note before the end, the offer at the end, a reminder until it is accepted.

    `facts` is the note, written from the records; without anything open nobody is bothered. After an outage the steps
    that were missed are one. Nobody off shift is reminded of anything.
    """
    now = world.now
    if handover.accepted_at is not None:
        return Step(replace(handover, next_step_at=None))
    if now < handover.ends_at:
        leads = _outgoing(handover, world)
        noted = replace(handover, step=1, next_step_at=handover.ends_at)
        own = {p.id: [case for case in on_the_floor if works_at(p, case.line)] for p in leads}
        notices = tuple(Notice(p.id, "shift_note", _only(facts, own[p.id])) for p in leads if own[p.id])
        return Step(noted, notices)
    if handover.step < 2:
        return _offer(handover, on_the_floor, facts, world)
    still = [case for case in on_the_floor if case.number in handover.cases]
    if not still:
        return Step(replace(handover, next_step_at=None))  # all of it is over: nothing is left to accept
    leads = tuple(p for p in _leads(world, now) if any(works_at(p, case.line) for case in still))
    people = tuple({p.id: p for p in (*leads, *_above(world, now))}.values())
    awake, awake_at = _those_awake(people, handover, still, world)
    if not awake and awake_at is not None:
        return Step(replace(handover, next_step_at=awake_at))
    notices = tuple(Notice(p.id, "shift_waits", _his(facts, still, p, handover, world), (_button(handover),))
                    for p in awake)  # fmt: skip
    offered = tuple(dict.fromkeys((*handover.offered, *(p.id for p in awake))))
    later = now + REMIND * 3 if handover.step > 2 else now + REMIND
    return Step(replace(handover, step=handover.step + 1, offered=offered, next_step_at=later), notices)


def accept(handover: Handover, by: Person, on_the_floor: Sequence[Case], world: World) -> Step:
    """Somebody takes over: from now on they answer for what was the outgoing lead's; the first one wins.

    Raises Refused where it was not offered to them, or somebody has it already.
    """
    if handover.accepted_by is not None:
        raise Refused("shift.taken", who=handover.accepted_by, at_at=(handover.accepted_at or world.now).isoformat())
    hands_over = by.id in handover.kept_by  # nobody hands over to himself
    if by.id not in handover.offered and (hands_over or not set(world.rules.triage).intersection(by.roles)):
        raise Refused("shift.not_yours", people=list(handover.offered))
    if handover.step < 2:
        raise Refused("shift.not_yet", at_at=handover.ends_at.isoformat())
    open_ones = [case for case in on_the_floor if case.number in handover.cases]
    mine = [case for case in open_ones if _may_take(by, case, handover, world)]
    left = tuple(case.number for case in open_ones if case not in mine)
    if left and not mine:
        raise Refused("shift.not_yours", people=[p for p in handover.offered if p != by.id])
    # What is of other lines waits for whoever leads those.
    taken = replace(handover, cases=left) if left else replace(
        handover, accepted_at=world.now, accepted_by=by.id, next_step_at=None
    )  # fmt: skip
    changes = tuple(_taken_over(case, handover, by, world) for case in mine if case.type)
    facts = {"who": by.id, "n": len(changes), "handed_by": _handed_by(handover, mine, world),
             "end_at": handover.ends_at.isoformat()}  # fmt: skip
    others = tuple(p for p in dict.fromkeys((*handover.kept_by, *handover.offered)) if p != by.id)
    notices = (Notice(by.id, "shift_taken.you", facts), *(Notice(p, "shift_taken", facts) for p in others))
    return Step(taken, notices, changes)


def note(on_the_floor: Sequence[Case], solved: Sequence[Case], items: list[dict[str, Any]], handover: Handover) -> (
    dict[str, Any]
):  # fmt: skip
    """The facts of the note: what is open and who has it, what is on hold, what was solved, what ERP still lacks."""
    rest = [f"{h.lot}: {h.remaining:.15g} {h.uom}" for case in on_the_floor for h in case.held if h.remaining > 0]
    return {
        "n": len(on_the_floor),
        "items": items,
        "end_at": handover.ends_at.isoformat(),
        "rest": rest,
        "solved": [case.number for case in solved],
        "not_booked": [case.number for case in solved if case.status == "resolved"],
    }


def began(handover: Handover, world: World) -> datetime:
    """When the shift that ends began; the note looks back as far."""
    spans = [s for s in shifts_at(world.plant, handover.ends_at - A_MOMENT) if s.end == handover.ends_at]
    day = world.plant.local(handover.ends_at).date()
    return spans[0].start if spans else production_day_span(world.plant, day)[0]


def _offer(handover: Handover, on_the_floor: Sequence[Case], facts: dict[str, Any], world: World) -> Step:
    before, outgoing = _leads(world, handover.ends_at - A_MOMENT), _outgoing(handover, world)
    incoming = tuple(p for p in _leads(world, world.now) if p not in outgoing)
    # Where a line has no lead of its own now, those above are asked.
    uncovered = [case for case in on_the_floor if not any(works_at(p, case.line) for p in incoming)]
    new = tuple(p for p in incoming if any(works_at(p, case.line) for case in on_the_floor))
    new += tuple(p for p in (_above(world, world.now) if uncovered else ()) if p not in new)
    if not on_the_floor or (before and not outgoing):
        return Step(replace(handover, step=2, next_step_at=None))  # nothing to hand over, or the same people stay
    offered = replace(
        handover,
        step=2,
        cases=tuple(case.number for case in on_the_floor),
        kept_by=tuple(p.id for p in outgoing),
        offered=tuple(p.id for p in new),
        next_step_at=world.now + REMIND,
    )
    notices = tuple(
        Notice(p.id, "shift_offered", _his(facts, on_the_floor, p, offered, world), (_button(handover),)) for p in new
    )
    changes = []
    for case in on_the_floor:
        people = [p.id for p in new if _may_take(p, case, offered, world)]
        told = {"people": people, "owner": _handed_by(offered, (case,), world)}
        changes += [Change(case, (Entry(world.now, LINECALL, "shift_offered", "", told),))] if case.type else []
    return Step(offered, notices, tuple(changes))


def _may_take(person: Person, case: Case, handover: Handover, world: World) -> bool:
    """Whoever leads its line takes it; where none of those who were asked does, any of them."""
    asked = [world.plant.person[p] for p in handover.offered if p in world.plant.person]
    return works_at(person, case.line) or not any(works_at(p, case.line) for p in asked)


def _his(
    facts: dict[str, Any], cases: Sequence[Case], person: Person, handover: Handover, world: World
) -> dict[str, Any]:
    """The note as one of those reads it who are asked: what they would take over, and from whom."""
    his = [case for case in cases if _may_take(person, case, handover, world)]
    return _only(facts, his) | {"handed_by": _handed_by(handover, his, world)}


def _only(facts: dict[str, Any], cases: Sequence[Case]) -> dict[str, Any]:
    numbers = {case.number for case in cases}
    return facts | {"n": len(cases), "items": [item for item in facts["items"] if item["case"] in numbers]}


def _handed_by(handover: Handover, cases: Sequence[Case], world: World) -> str | None:
    """Who of the outgoing leads answers for these."""
    kept = [world.plant.person[p] for p in handover.kept_by if p in world.plant.person]
    leads = (p.id for p in kept if any(works_at(p, case.line) for case in cases))
    return next(leads, next(iter(handover.kept_by), None))


def _those_awake(
    people: Sequence[Person], handover: Handover, cases: Sequence[Case], world: World
) -> tuple[tuple[Person, ...], datetime | None]:
    """In quiet hours and while no shift runs nobody is reminded who is not at work, and when they are again (R37).

    Never so of a stopped line or a danger, and whoever hears of it for the first time hears it at once.
    """
    if any(case.line_stopped is True or case.type == "safety" for case in cases):
        return tuple(people), None
    quiet = world.rules.quiet
    ends = quiet_until(quiet, world.plant, world.now) if quiet is not None else None
    if ends is None and not shifts_at(world.plant, world.now):
        ahead = shifts_between(world.plant, world.now, world.now + LONGEST_PAUSE)
        ends = next((s.start for s in ahead if s.start > world.now), world.now + LONGEST_PAUSE)
    if ends is None:
        return tuple(people), None
    return tuple(p for p in people if not p.always_reachable or p.id not in handover.offered), ends


def _taken_over(case: Case, handover: Handover, by: Person, world: World) -> Change:
    """What the outgoing leads answered for is now the incoming one's; all other functions keep their owners."""

    def mine(person: str | None) -> str | None:
        return by.id if person in handover.kept_by and person is not None else person

    tasks = tuple(
        replace(
            t,
            owner=mine(t.owner),
            acknowledged_by=mine(t.acknowledged_by),
            told=tuple(dict.fromkeys((*t.told, by.id))),
            asked_still=False,
        )
        if t.live and (t.owner in handover.kept_by or t.acknowledged_by in handover.kept_by)
        else t
        for t in case.tasks
    )
    owner = next(iter(handover.kept_by), None)
    entry = Entry(world.now, by.id, "shift_taken", "", {"owner": owner, "shift": handover.shift})
    told = case.told if by.id in case.told else (*case.told, by.id)
    return Change(replace(case, tasks=tasks, told=told), (entry,))


def _outgoing(handover: Handover, world: World) -> tuple[Person, ...]:
    """Leads whose own shift ends: who stays, or came already where shifts overlap, goes on as they were."""
    stay = _leads(world, handover.ends_at)
    return tuple(p for p in _leads(world, handover.ends_at - A_MOMENT) if p not in stay)


def _leads(world: World, at: datetime) -> tuple[Person, ...]:
    """Who runs the shift at an instant: the first function of the triage desk."""
    return on_shift(world.plant, world.rules.triage[0], at)


def _above(world: World, at: datetime) -> tuple[Person, ...]:
    found = (on_shift(world.plant, role, at) for role in world.rules.triage[1:])
    return next((people for people in found if people), ())


def _button(handover: Handover) -> Offer:
    return Offer("accept_shift", (f"{handover.ends_at.timestamp():.0f}",))
