"""A quality hold and the decisions on it: effective at once, decided in parts, by somebody who may (R40 to R43).

What follows a decision (rework that comes back, a release that is withdrawn, a condition that is met) is in
`workflow/returning.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workflow.answering import next_sign_of_life
from workflow.authority import may_agree, may_decide_all, no_second, second_of
from workflow.case import Case, Change, Entry, Held, Notice, Offer, Part, Promised, Proposal, require
from workflow.errors import Refused
from workflow.plant import Person, on_shift
from workflow.posting import decision_postings, hold_postings
from workflow.reading import Disposition
from workflow.reworking import ask_to_rework
from workflow.routing import LINECALL, World, remember_told

FREES = frozenset({"release", "use_as_is"})  # decisions after which stock may be used
TOLERANCE = 1e-6  # of a quantity


def hold(case: Case, world: World, by: str | None = None) -> Change:
    """Hold every lot that the case names, at once and in full; ERP is told at once too (R43).

    A quantity in the lot's own unit holds that much of it; any other unit ("16 pallets") holds the whole lot.
    """
    new = []
    for lot_id in case.lots:
        lot = world.records.lot.get(lot_id)
        if lot is None or case.held_lot(lot_id) is not None:
            continue
        said = case.quantity if len(case.lots) == 1 else None
        much = (
            said.value if said is not None and said.uom == lot.uom and 0 < said.value <= lot.quantity else lot.quantity
        )
        new.append(Held(lot.id, much, lot.uom, remaining=much, by=by))
    if not new:
        return Change(case)
    held = replace(case, held=(*case.held, *new))
    entry = Entry(
        world.now,
        by or case.reporter,
        "held",
        case.said,
        {"lots": [f"{h.lot}: {h.quantity:.15g} {h.uom}" for h in new]},
    )
    return Change(held, (entry,), (), hold_postings(held, tuple(new)))


def propose(case: Case, said: Sequence[Disposition], by: Person, reason: str, world: World) -> Change:
    """Read a decision back to its author, complete, and wait for an explicit yes (R41); nothing is decided yet."""
    require(case, "propose")
    if not case.held:
        raise Refused("decide.nothing_held", case=case.number)
    parts = _complete(case, said)
    may_decide_all(case, parts, by, world)
    proposal = Proposal(parts, by.id, world.now, reason)
    facts = {"case": case.number, "parts": plain(parts), "reason": reason, "rest": _rest(case, parts)}
    read_back = replace(case, proposal=proposal)
    notice = Notice(by.id, "read_back", facts, yes_or_no(read_back), until="resolved")
    entry = Entry(world.now, by.id, "proposed", reason, {"parts": plain(parts)})
    proposed = remember_told(read_back, (notice,))
    return Change(proposed, (entry,), (notice,))


def yes_or_no(case: Case) -> tuple[Offer, ...]:
    """What a read-back offers: a yes that carries which decision it is about, and which proposal of it (R33, R41)."""
    proposed = (_at(case.proposal),) if case.proposal is not None else ()
    return Offer("confirm", (str(case.decisions + 1), *proposed)), Offer("not_so")


def is_for(case: Case, args: Sequence[str]) -> bool:
    """Whether a pressed yes, by what it carries, was under the proposal that waits now and under no earlier one."""
    return case.proposal is not None and tuple(args) == (str(case.decisions + 1), _at(case.proposal))


def _at(proposal: Proposal) -> str:
    return f"{proposal.at.timestamp() * 1e6:.0f}"


def confirm(case: Case, by: Person, world: World, decision: int | None = None) -> Change:
    """A yes to what was read back: the decision commits, the rest stays held (R41, R42).

    Where the rule demands a second person, its author's yes asks for theirs, and theirs commits it (R40). `decision`
    is the count that the pressed button carries: a late press on an old read-back decides nothing (R33).
    """
    require(case, "dispose")
    proposal = case.proposal
    if proposal is None or (decision is not None and decision != case.decisions + 1):
        raise Refused("decide.nothing_to_confirm", case=case.number)
    if not proposal.waits_for(by.id):
        why = "decide.waits_for_second" if proposal.by == by.id else "decide.not_your_proposal"
        raise Refused(why, case=case.number, who=proposal.by, people=list(proposal.seconds))
    author = world.plant.person.get(proposal.by)
    if author is None:  # gone since: nobody says yes for them
        raise Refused("decide.not_your_proposal", case=case.number, who=proposal.by)
    may_decide_all(case, proposal.parts, author, world)
    _still_fits(case, proposal.parts)
    if proposal.agreed_at is not None:
        may_agree(case, proposal, by, world)
        seconded = Entry(world.now, by.id, "seconded", proposal.reason, {"parts": plain(proposal.parts)})
        return Change(case, (seconded,)).then(_decided(case, proposal, author, world, second=by.id))
    if second_of(proposal, world):
        return _ask_a_second(case, proposal, world)
    return _decided(case, proposal, author, world)


def _decided(case: Case, proposal: Proposal, by: Person, world: World, second: str | None = None) -> Change:
    """The decision commits; what is released under a condition stays on hold until it is met."""
    numbered = replace(case, decisions=case.decisions + 1)
    at_once = replace(proposal, parts=tuple(p for p in proposal.parts if not p.condition))
    postings = decision_postings(numbered, at_once, world.records)
    keys = [p.key for p in postings if p.kind != "deviation"]
    counted = [p for p in at_once.parts if p.decision != "keep_on_hold"]
    booked = tuple(replace(part, posting=key) for part, key in zip(counted, keys, strict=True))
    waits = tuple(Promised(p, by.id, world.now) for p in proposal.parts if p.condition)
    decided = replace(
        numbered,
        held=tuple(_after(held, booked, waits) for held in case.held),
        parts=(*case.parts, *booked),
        proposal=None,
    )
    rest = [f"{h.lot}: {h.remaining:.15g} {h.uom}" for h in decided.held if h.remaining > 0]
    told = {"case": case.number, "parts": plain(proposal.parts), "who": by.id, "rest": rest, "reason": proposal.reason}
    told |= {"second": second} if second is not None else {}
    logged = {"parts": told["parts"], "rest": rest} | _seen(case, proposal, world)
    entry = Entry(world.now, by.id, "decided", proposal.reason, logged)
    told["freed"] = [f"{p.lot}: {p.quantity:.15g} {p.uom}" for p in booked if p.decision in FREES]
    offers = tuple(o for w in waits for o in condition_buttons(w))
    name = "decided.you" if booked else "decided.stays"
    notices = [Notice(p, name, told, offers) for p in dict.fromkeys((by.id, second)) if p is not None]
    notices += [Notice(p, "decided", told) for p in case.told if p not in (by.id, second)]
    quality = decided.task("quality")
    if quality is not None and quality.acknowledged_at is None:
        taken = replace(quality, acknowledged_at=world.now, acknowledged_by=by.id, owner=by.id)
        decided = decided.with_task(taken)
    change = Change(decided, (entry,), tuple(notices), postings)
    if any(part.decision == "rework" for part in booked):
        change = change.then(ask_to_rework(change.case, by, proposal.reason, world))
    if not decided.undecided:
        return change.then(all_decided(decided, by, world))
    return change.then(Change(_goes_on(change.case, world)))


def _goes_on(case: Case, world: World) -> Case:
    """Quality's clock after a decision: a part of it is a sign of life (R31); while all that is left is away in
    rework nobody waits for quality, and it is not chased (R45)."""
    task = case.task("quality")
    if task is None or not task.live:
        return case
    alive = replace(task, asked_still=False)
    if not any(held.remaining > 0 for held in case.held):
        return case.with_task(replace(alive, next_step_at=None, due_by=None))
    return case.with_task(replace(alive, next_step_at=next_sign_of_life(case, alive, world.now)))


def condition_buttons(promised: Promised) -> tuple[Offer, ...]:
    """What somebody of quality says of a condition: it is met, or it is not and the stock stays on hold."""
    args = (promised.part.lot, f"{promised.at.timestamp() * 1e6:.0f}")
    return Offer("met", args), Offer("not_met", args)


def _ask_a_second(case: Case, proposal: Proposal, world: World) -> Change:
    """Its author has said yes: those who may be the second person read all of it, and one of them agrees."""
    barred = {proposal.by, *no_second(case, proposal, world)}
    there = [(role, p) for role in second_of(proposal, world)
             for p in on_shift(world.plant, role, world.now, case.line)]  # fmt: skip
    people = tuple(dict.fromkeys(p.id for role, p in there if p.id not in barred and role in p.roles))
    if not people:
        roles = list(second_of(proposal, world))
        raise Refused("decide.no_second", case=case.number, roles=roles)
    waiting = replace(case, proposal=replace(proposal, agreed_at=world.now, seconds=people))
    facts = {"case": case.number, "parts": plain(proposal.parts), "reason": proposal.reason, "who": proposal.by,
             "rest": _rest(case, proposal.parts), "people": list(people)}  # fmt: skip
    notices = [Notice(p, "second_asked", facts, yes_or_no(waiting), until="resolved") for p in people]
    notices.append(Notice(proposal.by, "second_awaited", facts))
    entry = Entry(world.now, proposal.by, "asked_second", proposal.reason, {"people": list(people)})
    return Change(remember_told(waiting, tuple(notices)), (entry,), tuple(notices))


def withdraw_proposal(case: Case, by: Person, world: World) -> Change:
    """Its author, or whoever was asked to agree, says that this is not right; the lot stays held."""
    proposal = case.proposal
    if proposal is None or by.id not in (proposal.by, *proposal.seconds):
        raise Refused("decide.nothing_to_confirm", case=case.number)
    entry = Entry(world.now, by.id, "proposal_withdrawn")
    facts = {"case": case.number, "who": by.id}
    hear = (proposal.by, *proposal.seconds) if proposal.agreed_at is not None else ()
    others = tuple(Notice(p, "not_agreed", facts) for p in hear if p != by.id)
    return Change(
        replace(case, proposal=None), (entry,), (Notice(by.id, "not_decided", {"case": case.number}), *others)
    )


def _still_fits(case: Case, parts: Sequence[Part]) -> None:
    for lot in dict.fromkeys(part.lot for part in parts):
        held = case.held_lot(lot)
        remaining = held.remaining if held is not None else 0
        wanted = sum(p.quantity for p in parts if p.lot == lot and p.decision != "keep_on_hold")
        if wanted > remaining + TOLERANCE:
            uom = next(p.uom for p in parts if p.lot == lot)
            raise Refused("decide.sum", case=case.number, lot=lot, remaining=f"{remaining:.15g} {uom}")


def _complete(case: Case, said: Sequence[Disposition]) -> tuple[Part, ...]:
    """Each part with its lot, and a quantity that fits what is left (R42); refuses sums that do not."""
    left = {held.lot: held.remaining for held in case.held}
    parts = []
    for part in sorted(said, key=lambda part: part.quantity is None):
        lot = part.lot or (case.held[0].lot if len(case.held) == 1 else None)
        held = case.held_lot(lot) if lot else None
        if held is None:
            raise Refused("decide.which_lot", case=case.number, lots=[h.lot for h in case.held])
        if part.quantity is not None and part.quantity.uom not in (held.uom, ""):
            raise Refused("decide.unit", case=case.number, lot=held.lot, uom=held.uom, said=part.quantity.uom)
        quantity = part.quantity.value if part.quantity is not None else left[held.lot]
        if part.decision != "keep_on_hold":
            if quantity <= 0 or quantity > left[held.lot]:
                remaining = f"{left[held.lot]:.15g} {held.uom}"
                raise Refused("decide.sum", case=case.number, lot=held.lot, remaining=remaining)
            left[held.lot] -= quantity
        condition = part.condition if part.decision in FREES else ""
        parts.append(Part(part.decision, held.lot, quantity, held.uom, condition))
    return tuple(parts)


def _after(held: Held, parts: Sequence[Part], waits: Sequence[Promised] = ()) -> Held:
    """What is left of a lot; a condition lapses where its release was decided, or where no longer so much is left."""
    gone = [p for p in parts if p.lot == held.lot and p.decision != "keep_on_hold" and not p.condition]
    remaining = round(held.remaining - sum(p.quantity for p in gone), 6)
    decided = {(p.decision, p.quantity) for p in gone}
    still = [w for w in held.promised if (w.part.decision, w.part.quantity) not in decided]
    new = [w for w in waits if w.part.lot == held.lot]
    kept = tuple(w for w in (*still, *new) if w.part.quantity <= remaining + TOLERANCE)
    return replace(held, remaining=remaining, promised=kept)


def all_decided(case: Case, by: Person, world: World) -> Change:
    done = tuple(
        replace(t, done_at=world.now, done_by=by.id if t.role == "quality" else t.owner, next_step_at=None)
        if t.live and t.acknowledged_at
        else replace(t, withdrawn_at=world.now, next_step_at=None)
        if t.live
        else t
        for t in case.tasks
    )
    resolved = replace(case, tasks=done, resolved_at=world.now, resolved_by=by.id, resolution=_in_words(case.parts))
    return Change(resolved, (Entry(world.now, LINECALL, "all_decided"),))


def _seen(case: Case, proposal: Proposal, world: World) -> dict[str, object]:
    """What lay before whoever decided, and by which rule they might: for whoever asks years later (R36)."""
    held = [f"{h.lot}: {h.remaining:.15g} {h.uom}" for h in case.held if h.remaining > 0]
    lots = {part.lot: world.records.lot.get(part.lot) for part in proposal.parts}
    in_erp = {lot: known.status if known is not None else None for lot, known in lots.items()}
    authorities = {part.decision: world.rules.decisions.get(part.decision) for part in proposal.parts}
    allowed = {
        decision: {"roles": list(a.roles), "most": a.most, "above": list(a.above)}
        | ({"worth": a.worth} if a.worth is not None else {})
        for decision, a in authorities.items()
        if a is not None
    }
    read_back = {"at": proposal.at.isoformat(), "held": held, "in_erp": in_erp}
    return {"seen": read_back, "allowed_by": allowed, "rules": world.rules.version}


def _in_words(parts: Sequence[Part]) -> str:
    return ", ".join(f"{p.decision} {p.quantity:.15g} {p.uom} {p.lot}" for p in parts)


def _rest(case: Case, parts: Sequence[Part]) -> list[str]:
    after = [_after(held, parts) for held in case.held]
    return [f"{h.lot}: {h.remaining:.15g} {h.uom}" for h in after if h.remaining > 0]


def plain(parts: Sequence[Part]) -> list[dict[str, object]]:
    """Parts as facts, in the order in which they were said."""
    said: list[dict[str, object]] = []
    for p in parts:
        said.append({"decision": p.decision, "lot": p.lot, "quantity": {"value": p.quantity, "uom": p.uom}})
        if p.condition:
            said[-1]["condition"] = p.condition
    return said
