"""How a case ends: fixed on the floor, confirmed by ERP, cancelled, corrected, or opened again (R2, R4, R10, R34)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workflow import verifying
from workflow.case import ALLOWED, CONFIRMED, SETTLED, Case, Change, Entry, Notice, Offer, PostingStatus, Task, require
from workflow.downtime import counted
from workflow.errors import Refused
from workflow.holding import hold
from workflow.metrics import minutes_down
from workflow.opening import complete
from workflow.order_change import Becomes
from workflow.plant import Person, on_shift
from workflow.posting import resolution_postings, resumed_postings, unknown_to_erp
from workflow.reading import Quantity, ReportedException, Resolution
from workflow.routing import LINECALL, World, plays, remember_told, route


def resolve(case: Case, by: Person, outcome: Resolution, world: World, agreed: Becomes | None = None) -> Change:
    """Fixed on the floor: ERP is owed the outcome, and nobody is told that it is closed before ERP says so (R2).

    A hold is never resolved by a word; it ends when quality has decided about all of it (R41). `agreed`: what its
    order becomes, where that was said plainly or read back.
    """
    require(case, "resolve")
    if case.undecided:
        raise Refused("resolve.hold", case=case.number, lots=list(case.undecided))
    task = verifying.waiting(case)
    if task is not None:
        return _verified(case, task, by, world)
    if not may_end(case, by):
        raise Refused("resolve.not_yours", case=case.number, who=case.lead.owner if case.lead else None)
    second = verifying.wanted(case, world)
    if second is not None:
        return verifying.ask(case, by, outcome, second, world)
    return _resolve(case, by, outcome, world, agreed)


def _verified(case: Case, task: Task, by: Person, world: World) -> Change:
    """A second person has looked at what was fixed: it is over, and whoever fixed it has resolved it (R35)."""
    verifying.may_verify(task, case, by)
    fixer, outcome = verifying.claimed(task, case)
    seen = verifying.looked(case, task, by, world)
    ended = _resolve(seen.case, world.plant.person.get(fixer, by), outcome, world)
    told = {"case": case.number, "who": fixer, "type": case.type, "line": case.line, "assets": list(case.assets)}
    heard = {n.to for n in ended.notices}
    thanks = () if by.id in heard else (Notice(by.id, "verified.you", told),)
    return seen.then(Change(ended.case, ended.entries, (*ended.notices, *thanks), ended.postings))


def _resolve(case: Case, by: Person, outcome: Resolution, world: World, agreed: Becomes | None = None) -> Change:
    tasks = tuple(
        replace(t, done_at=world.now, done_by=by.id, next_step_at=None, acknowledged_at=t.acknowledged_at or world.now,
                acknowledged_by=t.acknowledged_by or by.id)
        if t.live and (t.acknowledged_by == by.id or (t.role in by.roles and not t.acknowledged_by))
        else replace(t, done_at=world.now, done_by=t.acknowledged_by, next_step_at=None)
        if t.live and t.acknowledged_at
        else replace(t, withdrawn_at=world.now, next_step_at=None)
        if t.live
        else t
        for t in case.tasks
    )  # fmt: skip
    before = case.downtime_min if case.reopened_at is not None else None
    minutes = outcome.downtime_min
    if before is not None:  # it came back: both times together (R4)
        minutes = round(before + (_minutes_since(case.reopened_at, world) if minutes is None else minutes), 1)
    resolved = replace(
        case,
        tasks=tasks,
        resolved_at=world.now,
        resolved_by=by.id,
        resolution=outcome.action,
        downtime_min=minutes if minutes is not None else case.downtime_min,
        scrap=_together(case.scrap, outcome.scrap),
        decisions=case.decisions + 1,
    )
    resolved = counted_once(resolved, world)
    scrapped = outcome.scrap if case.reopened_at is not None else resolved.scrap  # what was booked before stays booked
    planned = "planner" in by.roles
    postings = resolution_postings(replace(resolved, scrap=scrapped), by_planner=planned, agreed=agreed)
    facts = _ending(resolved) | {"who": by.id, "owed": [p.kind for p in postings]}
    entry = Entry(world.now, by.id, "resolved", outcome.action, {"owed": [p.key for p in postings]})
    notices = (Notice(by.id, "resolved.you", facts), *_everyone(resolved, "resolved", facts, but=by.id))
    change = Change(remember_told(resolved, notices), (entry,), notices, postings)
    return change if postings else change.then(confirmed(change.case, (), world) or change)


def confirmed(case: Case, postings: Sequence[PostingStatus], world: World) -> Change | None:
    """Close a resolved case once ERP has confirmed everything that it owes (R2); None while it has not."""
    if case.status not in ALLOWED["close"] or any(status.state not in SETTLED for status in postings):
        return None
    at = [status.confirmed_at for status in postings if status.confirmed_at is not None]
    closed = replace(case, closed_at=world.now, posted_at=max(at, default=None))
    receipts = [s.receipt for s in postings if s.receipt and s.state in CONFIRMED and s.posting.reverses is None]
    entry = Entry(world.now, LINECALL, "closed", "", {"receipts": receipts})
    facts = _ending(closed) | {"receipts": receipts}
    # Everyone heard that it is fixed; that the books agree matters to whoever reported it and whoever fixed it.
    hear = dict.fromkeys(p for p in (case.reporter, *case.joined, case.resolved_by) if p and postings)
    return Change(closed, (entry,), tuple(Notice(p, "closed", facts) for p in hear))


def booked(case: Case, status: PostingStatus, world: World) -> Change:
    """ERP has confirmed one posting; a release is effective only now, and those concerned hear it (R43)."""
    posting = status.posting
    booked_as = {"key": posting.key, "receipt": status.receipt}
    what = "posted" if posting.reverses is None else "took_back"
    entry = Entry(world.now, LINECALL, what, posting.kind, booked_as)
    # A withdrawn release is on hold again; what else is taken back is told by the log alone.
    kind: str = posting.kind if posting.reverses is None else "lot_hold" if posting.kind == "lot_release" else ""
    name = {"lot_release": "released_in_erp", "lot_hold": "held_in_erp"}.get(kind)
    facts = {"case": case.number, "receipt": status.receipt, **posting.body}
    who = [p for p in case.told if plays(p, world, "quality") or p == case.reporter] if name else []
    lot = posting.body.get("lot")
    offers = (Offer("withdraw", (str(lot),)),) if name == "released_in_erp" else ()
    notices = tuple(Notice(p, name, facts, offers if plays(p, world, "quality") else ()) for p in who if name)
    return Change(case, (entry,), notices)


def written_down(case: Case, status: PostingStatus, world: World) -> Change:
    """A kind that the plant only tries out: said in the log, and nothing is owed for it (R51)."""
    return Change(case, (Entry(world.now, LINECALL, "would_book", status.posting.kind, {"key": status.posting.key}),))


def never_booked(case: Case, status: PostingStatus, world: World) -> Change:
    """A posting that was corrected before ERP had it: nothing is booked and nothing taken back."""
    return Change(case, (Entry(world.now, LINECALL, "never_booked", status.posting.kind, {"key": status.posting.key}),))


def not_booked(case: Case, status: PostingStatus, world: World, *, for_good: bool) -> Change:
    """ERP has not taken a posting: said aloud where stock is at stake, and put before a person for good (R2, R43)."""
    posting = status.posting
    facts = {"case": case.number, "kind": posting.kind, "error": status.error, "key": posting.key, **posting.body}
    frees = posting.kind == "lot_hold" or (posting.kind == "lot_release" and posting.reverses is not None)
    guards = ("quality", "supervisor")
    concerned = [p for p in case.told if plays(p, world, *guards)]
    if for_good:
        unknown = unknown_to_erp(posting, world.records)
        logged: dict[str, Any] = {"key": posting.key} | ({"unknown": list(unknown)} if unknown else {})
        entry = Entry(world.now, LINECALL, "posting_failed", status.error or "", logged)
        owner = [status.owner] if status.owner else []
        if not frees:
            return Change(case, (entry,), tuple(Notice(p, "posting_failed", facts) for p in owner))
        there = [p.id for role in guards for p in on_shift(world.plant, role, world.now, case.line)]
        notices = tuple(Notice(p, "erp_refused_hold", facts) for p in dict.fromkeys((*owner, *concerned, *there)))
        return Change(remember_told(case, notices), (entry,), notices)
    entry = Entry(world.now, LINECALL, "posting_waits", status.error or "", {"key": posting.key})
    name = "erp_still_free" if frees else "erp_waits"
    decided_by = posting.body.get("decided_by")  # whoever waits for it: who decided it, else who ended the case
    to = concerned if frees else [decided_by or case.resolved_by or case.reporter]
    return Change(case, (entry,), tuple(Notice(p, name, facts) for p in to))


def cancel(case: Case, by: Person, said: str, world: World) -> Change:
    """A false alarm: everyone who was told hears it. A hold cannot be talked away by its reporter (R40)."""
    require(case, "cancel")
    if case.undecided:
        raise Refused("cancel.hold", case=case.number, lots=list(case.undecided))
    if not may_end(case, by):
        raise Refused("cancel.not_yours", case=case.number, who=case.reporter)
    cancelled = replace(case, cancelled_at=world.now, tasks=_withdrawn(case, world))
    facts = _ending(cancelled) | {"who": by.id, "said": said}
    notices = (Notice(by.id, "cancelled.you", facts), *_everyone(cancelled, "cancelled", facts, but=by.id))
    return Change(cancelled, (Entry(world.now, by.id, "cancelled", said),), notices)


def correct(case: Case, right: ReportedException, by: Person, said: str, world: World) -> Change:
    """ "No, 4512": relink, tell those who were told wrong, withdraw who is no longer concerned, keep the history (R10).

    Lots that are held stay held until quality decides; a correction adds the right one.
    """
    require(case, "correct")
    if by.id not in (case.reporter, *case.joined) and not may_end(case, by):
        raise Refused("correct.not_yours", case=case.number, who=case.reporter)
    moved = bool(right.line and right.line != case.line) or bool(right.assets and right.assets != case.assets)
    corrected = replace(
        case,
        type=right.type if right.type not in (None, "other") and not case.held else case.type,
        line=right.line or (None if right.assets else case.line),
        assets=right.assets or (() if right.line and right.line != case.line else case.assets),
        work_orders=right.work_orders or (() if moved else case.work_orders),
        items=right.items or case.items,
        lots=right.lots or case.lots,
        quantity=right.quantity or case.quantity,
        occurred_at=right.started_at or case.occurred_at,
        line_stopped=case.line_stopped if right.line_stopped is None else right.line_stopped,
        inferred=tuple(f for f in case.inferred if not (f == "work_orders" and (moved or right.work_orders))),
        rerouted=case.rerouted + 1,
    )
    corrected = complete(corrected, world)
    before, after = _links(case), _links(corrected)
    facts = {"case": case.number, "who": by.id, "before": before, "after": after, **_ending(corrected)}
    kind = {"type": corrected.type} if corrected.type != case.type else {}
    entry = Entry(world.now, by.id, "corrected", said, {"before": before, "after": after} | kind)
    change = Change(corrected, (entry,))
    if corrected.type == "quality_hold" and case.opened_at:
        change = change.then(hold(change.case, world, by.id))
    if case.opened_at:
        change = change.then(route(change.case, world))
    wrong = [p for p in case.told if p not in {n.to for n in change.notices} and p != by.id]
    notices = (Notice(by.id, "corrected.you", facts), *(Notice(p, "corrected", facts) for p in wrong))
    return Change(change.case, change.entries, change.notices + notices, change.postings)


def reopen(
    case: Case,
    by: Person,
    said: str,
    world: World,
    new: ReportedException | None = None,
    owed: Sequence[PostingStatus] = (),
) -> Change:
    """The fix did not hold: the same case goes on, its clocks resume, first pass is false (R4).

    `new` is what was reported now; everybody who was told hears it, those who are asked again first. Of `owed`, all
    that its postings are, what speaks of its time is taken back, and booked anew when it ends (R47).
    """
    require(case, "reopen")
    stood = case.downtime_min
    if stood is None and case.resolved_at is not None and not case.held:
        stood = round((case.resolved_at - (case.reopened_at or case.since)) / timedelta(minutes=1), 1)
    new = new or ReportedException()
    again = replace(
        case,
        downtime_min=stood,
        counted_min=None,
        reopened_at=world.now,
        decisions=case.decisions + 1,
        line_stopped=case.line_stopped if new.line_stopped is None else new.line_stopped,
        assets=tuple(dict.fromkeys((*case.assets, *new.assets))),
        items=tuple(dict.fromkeys((*case.items, *new.items))),
        lots=tuple(dict.fromkeys((*case.lots, *new.lots))),
        resolved_at=None,
        resolved_by=None,
        closed_at=None,
        posted_at=None,
        reopened=case.reopened + 1,
        tasks=tuple(t if t.withdrawn_at else replace(t, withdrawn_at=world.now, next_step_at=None) for t in case.tasks),
    )
    facts = _ending(again) | {"who": by.id, "said": said}
    back = resumed_postings(again, owed)
    taken_back = {"taken_back": [posting.reverses for posting in back]} if back else {}
    entry = Entry(world.now, by.id, "reopened", said, taken_back)
    change = Change(again, (entry,), (), back)
    if again.type == "quality_hold":
        change = change.then(hold(change.case, world, by.id))  # a lot that is named now is on hold with it (R43)
    change = change.then(route(change.case, world))
    everyone = tuple(dict.fromkeys((*again.told, *(n.to for n in change.notices))))
    notices = (Notice(by.id, "reopened.you", facts), *(Notice(p, "reopened", facts) for p in everyone if p != by.id))
    return Change(change.case, change.entries, notices + change.notices, change.postings)


def counted_once(case: Case, world: World) -> Case:
    """A case that has ended, with the minutes that no planned stop and no other exception of its machine counts (R49).

    Nothing is set where all of it counts.
    """
    minutes = minutes_down(replace(case, counted_min=None))
    if case.type == "machine_breakdown" and minutes is None and case.resolved_at is not None:
        minutes = (case.resolved_at - case.since) / timedelta(minutes=1)  # it is booked though the line went on
    if minutes is None:
        return replace(case, counted_min=None)
    counts = counted(case, minutes, world.plant, world.stood(case))
    return replace(case, counted_min=counts if counts < round(minutes, 1) else None)


def _minutes_since(at: datetime | None, world: World) -> float:
    return (world.now - at) / timedelta(minutes=1) if at is not None else 0.0


def _together(before: Quantity | None, more: Quantity | None) -> Quantity | None:
    if before is None or more is None or before.uom != more.uom:
        return more or before
    return Quantity(before.value + more.value, before.uom)


def may_end(case: Case, by: Person) -> bool:
    """The reporters, whoever was asked, and those who run the shift may say that it is over; nobody else."""
    asked = {p for t in case.tasks for p in (t.owner, *t.told)}
    concerned = {t.role for t in case.tasks if t.withdrawn_at is None}
    runs_it = {"supervisor", "manager"}.intersection(by.roles)
    return bool(by.id in {case.reporter, *case.joined, *asked} or runs_it or concerned.intersection(by.roles))


def _withdrawn(case: Case, world: World) -> tuple[Any, ...]:
    return tuple(replace(t, withdrawn_at=world.now, next_step_at=None) if t.live else t for t in case.tasks)


def _everyone(case: Case, name: str, facts: Mapping[str, Any], but: str | None = None) -> tuple[Notice, ...]:
    return tuple(Notice(p, name, facts) for p in case.told if p != but)


def _ending(case: Case) -> dict[str, Any]:
    end = case.resolved_at or case.cancelled_at
    minutes = round((end - case.since) / timedelta(minutes=1)) if end else None
    return {
        "case": case.number,
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "work_orders": list(case.work_orders),
        "lots": list(case.lots),
        "action": case.resolution,
        "minutes": case.downtime_min if case.downtime_min is not None else minutes,
    }


def _links(case: Case) -> dict[str, Any]:
    ids = {
        "line": case.line,
        "assets": case.assets,
        "work_orders": case.work_orders,
        "lots": case.lots,
        "items": case.items,
    }
    return {name: list(value) if isinstance(value, tuple) else value for name, value in ids.items() if value}
