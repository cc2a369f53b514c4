"""What belongs to one's own report of a moment ago: the lot that it lacked, the time since when (R8, R10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from workflow import finishing
from workflow.case import Case
from workflow.reading import Reading, ReportedException

if TYPE_CHECKING:
    from bot.desk import Desk

WITHIN = timedelta(minutes=10)  # "lot 6320-3A" belongs to what its writer has just reported
SURELY = 0.6  # of another kind


def completes(desk: Desk, case: Case, reading: Reading) -> bool:
    """Whether it only names what one's own report of a moment ago lacks: "lot 6320-3A", "line 3" (R8)."""
    fresh = case.is_open and case.status != "draft" and desk.sent_at - case.captured_at <= WITHIN
    mine = fresh and case.reporter == desk.me.id and len(reading.exceptions) == 1
    if not mine or _tells_another_kind(reading, case):
        return False
    said = reading.exceptions[0]
    named = (said.lots, said.assets, said.work_orders, said.items)
    lacking = (case.lots, case.assets, () if "work_orders" in case.inferred else case.work_orders, case.items)
    place = (said.line, case.line)
    return (
        not any(new and old and not set(new) <= set(old) for new, old in zip(named, lacking, strict=True))
        and (place[0] is None or place[1] in (None, place[0]))
        and (any(new and not old for new, old in zip(named, lacking, strict=True)) or place[0] != place[1] is None)
    )


def complete(desk: Desk, case: Case, said: ReportedException) -> str:
    """Add what was left out; nobody was told wrong, so it is no re-route (R10)."""
    change = finishing.correct(case, replace(said, type=None), desk.me, desk.said, desk.world)
    return desk.save(replace(change, case=replace(change.case, rerouted=case.rerouted)))


def add(desk: Desk, case: Case, said: ReportedException) -> str:
    """ "since 10", "again" right after one's own report: it is kept, and nobody is told of a mistake (R8)."""
    fresh = replace(said, type=None, line=None, assets=case.assets, work_orders=(), items=(), lots=())
    change = finishing.correct(case, fresh, desk.me, desk.said, desk.world)
    told = {"case": case.number, "who": desk.me.id, "said": desk.said}
    names = {"corrected.you": "noted", "corrected": "updated"}
    notices = tuple(replace(n, name=names[n.name], facts=told) if n.name in names else n for n in change.notices)
    entries = tuple(replace(e, what="updated", facts={}) if e.what == "corrected" else e for e in change.entries)
    same = replace(change.case, rerouted=case.rerouted)
    return desk.save(replace(change, case=same, entries=entries, notices=notices))


def tells_a_kind(reading: Reading) -> bool:
    """Whether it says what kind of problem it is."""
    return any(e.type not in (None, "other") for e in reading.exceptions)


def _tells_another_kind(reading: Reading, case: Case) -> bool:
    told = [e for e in reading.exceptions if e.type not in (None, "other", case.type)]
    return any(e.confidence.get("type", 0.0) >= SURELY for e in told)
