"""What a case owes to ERP, each transaction with a key that comes from the business fact (R47)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from workflow.case import POSTING_KINDS, Case, Held, Part, Posting, PostingKind, Proposal
from workflow.records import Records


def posting_key(case: Case, kind: PostingKind, line: int) -> str:
    """`plant/case/decision/kind/line`; the decision counts the case's decisions, the line the parts of one (R47)."""
    return f"{case.plant}/{case.number}/{case.decisions}/{kind}/{line}"


class _Owed:
    """Collects the postings of one decision and numbers the parts of each kind."""

    def __init__(self, case: Case, at: datetime) -> None:
        self._case, self._at = case, at
        self._lines: Counter[str] = Counter()
        self.postings: list[Posting] = []

    def add(self, kind: PostingKind, reverses: str | None = None, **body: Any) -> None:
        self._lines[kind] += 1
        said = {name: value for name, value in body.items() if value is not None}
        key = posting_key(self._case, kind, self._lines[kind])
        self.postings.append(Posting(key, kind, self._case.number, said, self._at, reverses))


def hold_postings(case: Case, new: tuple[Held, ...]) -> tuple[Posting, ...]:
    """A hold owes ERP the block of each lot and a deviation, at once (R43)."""
    owed = _Owed(case, case.since)
    already = len(case.held) - len(new)
    owed._lines.update({"lot_hold": already, "deviation": already})
    for held in new:
        owed.add("lot_hold", lot=held.lot, quantity=held.quantity, uom=held.uom, reason=case.said)
        owed.add("deviation", lot=held.lot, text=case.said)
    return tuple(owed.postings)


def decision_postings(case: Case, proposal: Proposal, records: Records) -> tuple[Posting, ...]:
    """Each part of a quality decision as its own transaction (R42, R45, R47)."""
    owed = _Owed(case, proposal.at)
    for part in proposal.parts:
        item = records.lot[part.lot].item if part.lot in records.lot else None
        body: Mapping[str, Any] = {
            "lot": part.lot,
            "item": item,
            "quantity": part.quantity,
            "uom": part.uom,
            "decision": part.decision,
            "decided_by": proposal.by,
            "reason": proposal.reason,
        }
        concession = {"lot": part.lot, "item": item, "text": proposal.reason, "decision": part.decision}
        match part.decision:
            case "release":
                owed.add("lot_release", **body)
            case "use_as_is":
                owed.add("lot_release", **body)
                owed.add("deviation", **concession)
            case "rework":
                owed.add("lot_rework", **body)
            case "scrap":
                owed.add("scrap", **body)
            case "return_to_supplier":
                owed.add("goods_movement", **body)
                owed.add("deviation", **concession)
            case "keep_on_hold":
                pass
    return tuple(owed.postings)


def reversal_postings(
    case: Case, parts: Sequence[Part], by: str, reason: str, records: Records, at: datetime
) -> tuple[Posting, ...]:
    """What was booked for these parts is taken back: after it ERP shows so much on hold again (R45, R47)."""
    owed = _Owed(case, at)
    for part in parts:
        kind = next(k for k in POSTING_KINDS if f"/{k}/" in part.posting)
        item = records.lot[part.lot].item if part.lot in records.lot else None
        owed.add(
            kind, part.posting, lot=part.lot, item=item, quantity=part.quantity, uom=part.uom, decision=part.decision,
            decided_by=by, reason=reason,
        )  # fmt: skip
    return tuple(owed.postings)


def resolution_postings(case: Case, *, by_planner: bool) -> tuple[Posting, ...]:
    """What a finished case owes, by its type, as `contracts/interface.md` says."""
    assert case.resolved_at is not None, "only a resolved case owes its outcome"
    owed = _Owed(case, case.since)
    order = case.work_orders[0] if case.work_orders else None
    asset = case.assets[0] if case.assets else None
    item = case.items[0] if case.items else None
    quantity = case.quantity.value if case.quantity else None
    uom = case.quantity.uom if case.quantity else None
    text = case.resolution or case.said
    minutes = case.downtime_min
    if minutes is None:
        minutes = round((case.resolved_at - case.since).total_seconds() / 60, 1)
    match case.type:
        case "machine_breakdown":
            start = case.since
            end = start + timedelta(minutes=minutes)
            owed.add(
                "downtime",
                asset=asset,
                line=case.line,
                work_order=order,
                start=start.isoformat(),
                end=end.isoformat(),
                minutes=minutes,
                reason=text,
            )
            owed.add("maintenance_notification", asset=asset, line=case.line, text=text)
        case "material_shortage" if by_planner:
            owed.add("reschedule", work_order=order, text=text)
        case "material_shortage":
            owed.add("goods_movement", item=item, quantity=quantity, uom=uom, to_line=case.line, reason=text)
        case "order_change":
            owed.add("reschedule", work_order=order, text=text, new_quantity=quantity)
        case "changeover_overrun":
            late = case.duration_min if case.duration_min is not None else minutes
            owed.add("confirmation", work_order=order, line=case.line, minutes=late, text=text)
        case "inventory_discrepancy":
            lot = case.lots[0] if case.lots else None
            owed.add("stock_adjustment", item=item, lot=lot, quantity=quantity, uom=uom, text=text)
        case _:
            pass
    if case.scrap is not None:
        owed.add("scrap", work_order=order, quantity=case.scrap.value, uom=case.scrap.uom, reason=text)
    return tuple(owed.postings)
