"""What was told at the end and is not so: the record is put right, and ERP gets a reversal and a new posting (R47)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workflow.case import Case, Change, Entry, Notice, PostingStatus, require
from workflow.errors import Refused
from workflow.finishing import counted_once, may_end
from workflow.plant import Person
from workflow.posting import restated_postings
from workflow.reading import Quantity
from workflow.routing import World, remember_told


@dataclass(frozen=True, slots=True)
class Right:
    """What is right instead; what is None was right before."""

    minutes: float | None = None  # that it stood, in all
    scrap: Quantity | None = None  # in all; 0: there was none
    work_order: str | None = None
    asset: str | None = None


def differs(case: Case, right: Right) -> bool:
    """Whether it would change anything."""
    return _put_right(case, right) != case


def restate(case: Case, right: Right, by: Person, said: str, world: World, owed: Sequence[PostingStatus]) -> Change:
    """Put a case right that has ended: its clocks stay as they are, and it is closed when ERP has followed (R2, R47).

    `owed` is all that its postings are. A quality decision is not undone by a word; an open case is corrected (R10).
    """
    require(case, "restate")
    if case.held:
        raise Refused("restate.hold", case=case.number)
    if not may_end(case, by):
        raise Refused("correct.not_yours", case=case.number, who=case.reporter)
    after = _put_right(case, right)
    if after == case:
        raise Refused("restate.same", case=case.number)
    after = counted_once(replace(after, closed_at=None, posted_at=None, decisions=case.decisions + 1), world)
    resolver = world.plant.person.get(case.resolved_by or "")
    postings = restated_postings(after, owed, by_planner=resolver is not None and "planner" in resolver.roles)
    before, now = _stated(case, after), _stated(after, case)
    logged = {"before": before, "after": now, "taken_back": [p.reverses for p in postings if p.reverses is not None]}
    entry = Entry(world.now, by.id, "restated", said, logged)
    facts = {"case": case.number, "who": by.id, "before": before, "after": now, "owed": [p.kind for p in postings]}
    others = dict.fromkeys(p for p in (case.resolved_by, case.reporter) if p and p != by.id)
    notices = (Notice(by.id, "restated.you", facts), *(Notice(p, "restated", facts) for p in others))
    return Change(remember_told(after, notices), (entry,), notices, postings)


def stated(case: Case, right: Right) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, before and after, for whoever is asked whether that is meant."""
    after = _put_right(case, right)
    return _stated(case, after), _stated(after, case)


def _put_right(case: Case, right: Right) -> Case:
    return replace(
        case,
        downtime_min=case.downtime_min if right.minutes is None else right.minutes,
        scrap=case.scrap if right.scrap is None else right.scrap if right.scrap.value > 0 else None,
        work_orders=case.work_orders if right.work_order is None else (right.work_order,),
        assets=case.assets if right.asset is None else (right.asset,),
    )


def _stated(case: Case, other: Case) -> dict[str, Any]:
    """The fields in which it differs from the other one."""
    told: dict[str, Any] = {}
    if case.downtime_min != other.downtime_min:
        minutes = case.downtime_min
        if minutes is None and case.resolved_at is not None:
            minutes = round((case.resolved_at - case.since).total_seconds() / 60)
        told["minutes"] = minutes
    if case.scrap != other.scrap:
        told["scrap"] = {"value": case.scrap.value, "uom": case.scrap.uom} if case.scrap is not None else None
        if told["scrap"] is None and other.scrap is not None:
            told["scrap"] = {"value": 0.0, "uom": other.scrap.uom}
    if case.work_orders != other.work_orders:
        told["work_orders"] = list(case.work_orders)
    if case.assets != other.assets:
        told["assets"] = list(case.assets)
    return told
