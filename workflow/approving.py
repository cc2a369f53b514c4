"""What is worth so much that a person approves it before ERP gets it (R51)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer, Posting, PostingStatus
from workflow.errors import Refused
from workflow.plant import Person, on_shift
from workflow.routing import World, barred_from_deciding, had_a_hand_in, remember_told
from workflow.rules import Approval

AMOUNTS = ("amount", "minutes", "new_quantity", "quantity")  # of a body: the first that is there is held to the limit


def amount(posting: Posting) -> float | None:
    """How much a posting books, in its own unit; None where nobody said."""
    found = (posting.body.get(name) for name in AMOUNTS)
    return next((abs(float(value)) for value in found if isinstance(value, int | float)), None)


def limit_of(posting: Posting, limits: Mapping[str, Approval]) -> Approval | None:
    """The limit that a posting is above; a reversal takes back what somebody approved, and needs none."""
    limit, much = limits.get(posting.kind), amount(posting)
    if limit is None or much is None or posting.reverses is not None or posting.kind == "lot_hold":
        return None
    return limit if much > limit.above else None


def approvers(case: Case, posting: Posting, limit: Approval, world: World) -> tuple[Person, ...]:
    """Who of the first function that is there may approve it; nobody where none of them is."""
    for role in limit.roles:
        there = (p for p in on_shift(world.plant, role, world.now) if role in p.roles)
        people = tuple(p for p in there if not _own(case, posting, limit, p, world))
        if people:
            return people
    return ()


def ask(case: Case, status: PostingStatus, limit: Approval, to: tuple[Person, ...], world: World) -> Change:
    """Ask those who may whether ERP gets it."""
    posting = status.posting
    offers = (Offer("approve", (_tail(posting),)), Offer("turn_down", (_tail(posting),)))
    facts = _facts(case, posting) | {"most": f"{limit.above:.15g}", "who": _by(case, posting)}
    notices = tuple(Notice(p.id, "approve_posting", facts, offers) for p in to)
    asked = {"key": posting.key, "people": [p.id for p in to]}
    entry = Entry(world.now, LINECALL, "approval_asked", posting.kind, asked)
    return Change(remember_told(case, notices), (entry,), notices)


def decide(case: Case, status: PostingStatus, by: Person, limit: Approval | None, world: World, *, yes: bool) -> Change:
    """Somebody's answer; refuses whoever may not give it."""
    posting = status.posting
    if limit is not None and not set(limit.roles) & {*by.roles}:
        raise Refused("approve.not_yours", case=case.number, roles=list(limit.roles))
    if limit is not None and _own(case, posting, limit, by, world):
        raise Refused("approve.own", case=case.number)
    entry = Entry(world.now, by.id, "approved" if yes else "turned_down", posting.kind, {"key": posting.key})
    facts = _facts(case, posting) | {"who": by.id}
    mine = Notice(by.id, "approved.you" if yes else "turned_down.you", facts)
    whose = None if yes else _by(case, posting)
    others = (Notice(whose, "turned_down", facts),) if whose and whose != by.id else ()
    return Change(case, (entry,), (mine, *others))


def is_meant(posting: Posting, tail: str) -> bool:
    """Whether a button was about this posting."""
    return _tail(posting) == tail


def _tail(posting: Posting) -> str:
    return "/".join(posting.key.split("/")[2:])


def _by(case: Case, posting: Posting) -> str | None:
    return posting.body.get("decided_by") or case.resolved_by


def _own(case: Case, posting: Posting, limit: Approval, person: Person, world: World) -> bool:
    """Whether it is their own work: they decided or ended it, or had a hand in the stock that it frees (R40)."""
    own = {posting.body.get("decided_by"), case.resolved_by}
    if posting.kind == "lot_release":
        held_it, reworked_it = had_a_hand_in(case, (str(posting.body.get("lot")),))
        own |= barred_from_deciding(case, world.records) | held_it | reworked_it
    return limit.not_own and person.id in own


def _facts(case: Case, posting: Posting) -> dict[str, Any]:
    return {"case": case.number, "kind": posting.kind, "key": posting.key, **posting.body}
