"""Who may decide about what is on hold: by function, by how much, by what it is worth, by who had a hand in it.

Denied by default (R40): a function must be named for a decision, and above its limits the next one decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workflow.case import Case, Part, Proposal
from workflow.consequences import consequences, facts
from workflow.errors import Refused
from workflow.plant import Person
from workflow.reading import Decision
from workflow.records import Records
from workflow.routing import World, barred_from_deciding, had_a_hand_in


def may_decide(case: Case, decision: Decision, quantity: float, by: Person, world: World) -> None:
    """Refuse whoever may not take this decision, and say which rule stands in the way (R40).

    Denied by default: a role must be named for the decision; the reporter of the hold and the producer of its lots
    are out, and above its largest quantity a function needs the next one.
    """
    authority = world.rules.decisions.get(decision)
    if (authority is None or authority.not_reporter) and by.id == case.reporter:
        raise Refused("decide.own_hold", case=case.number, decision=decision)
    if authority is None or not {*authority.roles, *authority.above}.intersection(by.roles):
        roles = list(authority.roles) if authority else []
        raise Refused("decide.not_your_role", case=case.number, decision=decision, roles=roles)
    if authority.not_producer and by.id in barred_from_deciding(case, world.records):
        raise Refused("decide.own_product", case=case.number, decision=decision)
    # In many small parts it is the same decision.
    quantity += sum(part.quantity for part in case.parts if part.decision == decision)
    if authority.most is not None and quantity > authority.most and not set(authority.above).intersection(by.roles):
        most, roles = f"{authority.most:.15g}", list(authority.above)
        raise Refused("decide.too_much", case=case.number, decision=decision, most=most, roles=roles)
    # A correction changes what the record names, and frees no lot from what binds it.
    bound = replace(case, lots=tuple(dict.fromkeys((*case.lots, *(h.lot for h in case.held)))))
    stated = facts(bound, consequences(bound, world.records), world.plant, world.records, world.now)
    for constraint in world.rules.constraints:
        if decision in constraint.forbids and constraint.when.holds(stated):
            raise Refused("decide.constraint", case=case.number, decision=decision, why=constraint.why)


def may_decide_all(case: Case, parts: Sequence[Part], by: Person, world: World) -> None:
    """Each decision of a read-back for all of its parts together, and none about a lot that one held oneself (R40)."""
    for part in parts:
        authority = world.rules.decisions.get(part.decision)
        held_it, reworked_it = had_a_hand_in(case, (part.lot,))
        if by.id in held_it and (authority is None or authority.not_reporter):
            raise Refused("decide.own_hold", case=case.number, decision=part.decision)
        if by.id in reworked_it and (authority is None or authority.not_producer):
            raise Refused("decide.own_product", case=case.number, decision=part.decision)
    for decision in dict.fromkeys(part.decision for part in parts):
        of_it = [part for part in parts if part.decision == decision]
        may_decide(case, decision, sum(part.quantity for part in of_it), by, world)
        _within_worth(case, decision, of_it, by, world)


def _within_worth(case: Case, decision: Decision, parts: Sequence[Part], by: Person, world: World) -> None:
    """Above so much money the next function decides, and also where ERP does not say what a unit costs (R40)."""
    authority = world.rules.decisions.get(decision)
    if authority is None or authority.worth is None or set(authority.above).intersection(by.roles):
        return
    limit, roles = f"{authority.worth:.15g} {authority.currency}".strip(), list(authority.above)
    before = [part for part in case.parts if part.decision == decision]
    worth = 0.0
    for part in (*before, *parts):
        much = worth_of(part, world.records)
        if much is None:
            raise Refused("decide.no_cost", case=case.number, decision=decision, lot=part.lot, most=limit, roles=roles)
        worth += much
    if worth > authority.worth:
        raise Refused("decide.too_much", case=case.number, decision=decision, most=limit, roles=roles)


def worth_of(part: Part, records: Records) -> float | None:
    """What a part of a decision is worth by the cost of its item; None where ERP does not say."""
    lot = records.lot.get(part.lot)
    item = records.item.get(lot.item) if lot is not None else None
    return part.quantity * item.cost if item is not None and item.cost is not None else None


def second_of(proposal: Proposal, world: World) -> tuple[str, ...]:
    """The functions of which a second person must agree to all of this; none where one person decides."""
    found = [world.rules.decisions.get(part.decision) for part in proposal.parts]
    return tuple(dict.fromkeys(role for authority in found if authority is not None for role in authority.second))


def may_agree(case: Case, proposal: Proposal, by: Person, world: World) -> None:
    """The second pair of eyes: another person, of a function that the rule names, and nobody who is barred (R40)."""
    if by.id == proposal.by:
        raise Refused("decide.waits_for_second", case=case.number, who=proposal.by, people=list(proposal.seconds))
    if by.id in no_second(case, proposal, world):
        raise Refused("decide.own_hold", case=case.number, decision=proposal.parts[0].decision)
    roles = second_of(proposal, world)
    if not set(roles).intersection(by.roles):
        raise Refused("decide.not_your_role", case=case.number, decision=proposal.parts[0].decision, roles=list(roles))


def no_second(case: Case, proposal: Proposal, world: World) -> frozenset[str]:
    """Whoever had a hand in it is no second pair of eyes, whatever the rules allow its author (R40)."""
    held_it, reworked_it = had_a_hand_in(case, [part.lot for part in proposal.parts])
    return barred_from_deciding(case, world.records) | held_it | reworked_it
