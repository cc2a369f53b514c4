"""Whether a report speaks of something known already: the same stop, or a fault that came back (R4, R20, R22)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.case import LINECALL, Case, Change, Entry, Notice, Offer
from workflow.plant import on_shift
from workflow.routing import World, remember_told


@dataclass(frozen=True, slots=True)
class Earlier:
    """A case that ended on the same asset, and whether its fix may simply not have held."""

    case: Case
    again_within_cooling_off: bool


FORGOTTEN = timedelta(hours=24)  # without a sign of life: a new report is not swallowed by it (R24)


# Entries of the log by which somebody shows that they have it in hand; one more report of the same shows nothing.
SIGNS_OF_LIFE = (
    "acknowledged", "promised", "waiting", "updated", "snoozed", "declined", "handed_over", "shift_taken", "raised",
    "corrected", "says_fixed", "not_verified", "promoted", "decided", "reworked", "reopened",
)  # fmt: skip


def forgotten(case: Case, heard_at: datetime | None, now: datetime) -> bool:
    """An open case of which nobody has said anything for so long that a new report is news of its own (R24).

    `heard_at`: the last of `SIGNS_OF_LIFE` in its log.
    """
    signs = [t.acknowledged_at for t in case.tasks] + [t.promised_at for t in case.tasks]
    last = max((at for at in (case.captured_at, case.opened_at, heard_at, *signs) if at is not None), default=now)
    return not case.held and now - last >= FORGOTTEN


def ask_about(old: Case, by: Case, world: World) -> Change:
    """Somebody has to say whether the old one is over: whoever has it, and those who run the shift (R24)."""
    owners = [t.owner for t in old.tasks if t.live and t.owner is not None]
    there = [p.id for p in on_shift(world.plant, "supervisor", world.now, old.line)]
    people = tuple(dict.fromkeys((*owners, *there)))
    facts: dict[str, object] = {
        "case": old.number,
        "since_at": old.since.isoformat(),
        "type": old.type,
        "line": old.line,
    }
    facts |= {"assets": list(old.assets), "cases": [by.number]}
    lead = old.lead.role if old.lead is not None else "supervisor"
    offers = (Offer("resolve", (lead,)), Offer("still_on_it", (lead,)), Offer("cancel"))
    entry = Entry(world.now, LINECALL, "forgotten", by.number, {"people": list(people)})
    notices = tuple(Notice(p, "forgotten", facts, offers, until="resolved") for p in people)
    return Change(remember_told(old, notices), (entry,), notices)


def same_stop(report: Case, known: Iterable[Case]) -> Case | None:
    """The open case that a report speaks of: same type and same asset, lot or item; text does not matter (R20).

    Where one of the two names no asset, the same line is enough. Different assets are different causes (R22), and
    order changes are the same only for the same order.
    """
    return next((case for case in known if case.type == report.type and _same_thing(report, case)), None)


def same_fault_again(report: Case, ended: Iterable[Case], world: World) -> Earlier | None:
    """The last ended case of the same type on the same asset: to be reopened within its cooling-off time (R4)."""
    on_asset = [c for c in ended if c.type == report.type and set(c.assets) & set(report.assets) and c.resolved_at]
    if not on_asset or report.type is None:
        return None
    last = max(on_asset, key=lambda c: c.resolved_at or c.captured_at)
    assert last.resolved_at is not None
    cooling_off = world.rules.types[report.type].cooling_off
    return Earlier(last, again_within_cooling_off=world.now - last.resolved_at <= cooling_off)


def _same_thing(report: Case, case: Case) -> bool:
    match report.type:
        case "quality_hold":
            if report.lots or case.lots:
                return bool(set(report.lots) & set(case.lots))
            return report.line == case.line and set(report.items) == set(case.items) and report.assets == case.assets
        case "order_change":
            return bool(set(report.work_orders) & set(case.work_orders)) or bool(
                not report.work_orders and not case.work_orders and set(report.items) & set(case.items)
            )
        case "material_shortage":
            return bool(set(report.items) & set(case.items)) and report.line in (case.line, None)
        case "inventory_discrepancy":
            return bool(set(report.lots) & set(case.lots) or set(report.items) & set(case.items))
        case "safety" | "other" | None:
            return False  # two injuries are never one; "other" tells too little to join anything
        case "labor_shortage" | "changeover_overrun":
            return report.line is not None and report.line == case.line
        case "machine_breakdown":
            if report.assets and case.assets:
                return bool(set(report.assets) & set(case.assets))
            return report.line is not None and report.line == case.line
