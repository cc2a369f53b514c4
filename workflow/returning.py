"""What is taken back after a decision: a release that is withdrawn, a condition that is met or is not (R42, R45)."""

from __future__ import annotations

from dataclasses import replace

from workflow.case import Case, Change, Entry, Notice, Promised, require
from workflow.consequences import consequences
from workflow.errors import Refused
from workflow.holding import FREES, propose
from workflow.plant import Person, on_shift
from workflow.posting import reversal_postings
from workflow.reading import Disposition, Quantity
from workflow.reworking import ask_to_inspect, put_back
from workflow.routing import World, remember_told, route

HEAR_OF_IT = ("quality", "supervisor", "materials")  # who may have used it, whatever else they were told


def released_lots(case: Case) -> tuple[str, ...]:
    """Lots of which something was released by this record."""
    return tuple(dict.fromkeys(p.lot for p in case.parts if p.decision in FREES and p.posting))


def withdraw_release(case: Case, lot: str, by: Person, reason: str, world: World) -> Change:
    """Hold again what was released: ERP's booking is reversed, and whoever may have used it hears it at once (R45).

    Whoever may put a lot on hold may do this; to release it again takes somebody else (R40).
    """
    require(case, "withdraw")
    parts = tuple(p for p in case.parts if p.lot == lot and p.decision in FREES and p.posting)
    if not parts:
        raise Refused("withdraw.nothing", case=case.number, lots=[lot])
    numbered = replace(case, decisions=case.decisions + 1, proposal=None)
    postings = reversal_postings(numbered, parts, by.id, reason, world.records, world.now)
    held = tuple(
        replace(h, withdrawn_by=tuple(dict.fromkeys((*h.withdrawn_by, by.id)))) if h.lot == lot else h
        for h in numbered.held
    )
    again = put_back(replace(numbered, held=held), parts)
    quantities = [f"{p.lot}: {p.quantity:.15g} {p.uom}" for p in parts]
    entry = Entry(world.now, by.id, "release_withdrawn", reason, {"rest": quantities})
    hit = consequences(replace(case, lots=(lot,)), world.records)
    facts = {
        "case": case.number, "who": by.id, "reason": reason, "rest": quantities,
        "shipped": [one.id for one in hit.shipped], "location": world.records.lot[lot].location
        if lot in world.records.lot else None,
    }  # fmt: skip
    change = Change(again, (entry,), (), postings)
    if not case.is_open:
        opened = replace(
            again,
            resolved_at=None,
            resolved_by=None,
            closed_at=None,
            posted_at=None,
            reopened=case.reopened + 1,
            tasks=tuple(t if t.withdrawn_at else replace(t, withdrawn_at=world.now, next_step_at=None)
                        for t in again.tasks),
        )  # fmt: skip
        change = Change(opened, change.entries, (), postings).then(route(opened, world))
    else:
        change = change.then(ask_to_inspect(again, "release_withdrawn", facts, world))
    asked = {n.to for n in change.notices if n.name == "release_withdrawn"}
    roles = (*HEAR_OF_IT, *(("customer_service",) if hit.shipped else ()))
    there = [p.id for role in roles for p in on_shift(world.plant, role, world.now, case.line)]
    hear = [p for p in dict.fromkeys((*case.told, *there)) if p not in (by.id, *asked)]
    told = (*(Notice(p, "release_withdrawn", facts) for p in hear), Notice(by.id, "release_withdrawn.you", facts))
    # What happened is read before what is asked because of it.
    return Change(remember_told(change.case, told), change.entries, told + change.notices, change.postings)


def met(case: Case, lot: str, at: str, by: Person, world: World) -> Change:
    """Somebody who may decide says that the condition is met: read back like any decision, then it counts (R41)."""
    part = _promised(case, lot, at).part
    said = Disposition(part.decision, part.lot, Quantity(part.quantity, part.uom))
    return propose(case, (said,), by, part.condition, world)


def not_met(case: Case, lot: str, at: str, by: Person, world: World) -> Change:
    """The condition will not be met: the stock stays on hold and waits for another decision."""
    require(case, "dispose")
    one = _promised(case, lot, at)
    if "quality" not in by.roles and by.id != one.by:
        raise Refused("decide.not_your_role", case=case.number, decision=one.part.decision, roles=["quality"])
    held = tuple(replace(h, promised=tuple(p for p in h.promised if p != one)) for h in case.held)
    part = one.part
    rest = [f"{part.lot}: {part.quantity:.15g} {part.uom}"]
    facts = {"case": case.number, "who": by.id, "rest": rest, "said": part.condition}
    entry = Entry(world.now, by.id, "condition_not_met", part.condition, {"rest": rest})
    notices = tuple(Notice(p, "condition_not_met", facts) for p in dict.fromkeys((by.id, *case.told)))
    return Change(replace(case, held=held), (entry,), notices)


def _promised(case: Case, lot: str, at: str) -> Promised:
    held = case.held_lot(lot)
    found = [p for p in (held.promised if held is not None else ()) if f"{p.at.timestamp() * 1e6:.0f}" == at]
    if not found:
        raise Refused("decide.nothing_to_confirm", case=case.number)
    return found[0]
