"""What a case owes to ERP, each transaction with a key that comes from the business fact (R47)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from workflow.case import POSTING_KINDS, Case, Held, Part, Posting, PostingKind, PostingStatus, Proposal
from workflow.order_change import Becomes
from workflow.reading import Quantity
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

    def take_back(self, posting: Posting) -> None:
        """The same transaction the other way round, under a key of its own, on the day of the first."""
        self._lines[posting.kind] += 1
        key = posting_key(self._case, posting.kind, self._lines[posting.kind])
        back = Posting(key, posting.kind, self._case.number, posting.body, posting.occurred_at, reverses=posting.key)
        self.postings.append(back)


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


def resolution_postings(case: Case, *, by_planner: bool, agreed: Becomes | None = None) -> tuple[Posting, ...]:
    """What a finished case owes, by its type, as `contracts/interface.md` says.

    `agreed`: what its order becomes, where that was said plainly or read back; else ERP gets the words alone.
    """
    owed = _Owed(case, case.since)
    _outcome(owed, case, by_planner=by_planner, agreed=agreed)
    return tuple(owed.postings)


def unknown_to_erp(posting: Posting, records: Records) -> tuple[str, ...]:
    """The order, lot and item of a posting that are in no record of ERP yet (R50)."""
    known: Mapping[str, Mapping[str, object]] = {
        "work_order": records.work_order, "lot": records.lot, "item": records.item
    }  # fmt: skip
    named = ((of, posting.body.get(name)) for name, of in known.items())
    return tuple(str(id_) for of, id_ in named if id_ is not None and id_ not in of)


def standing(owed: Sequence[PostingStatus]) -> tuple[Posting, ...]:
    """What ERP holds, or will hold when the queue is empty: without what was taken back, or is going to be."""
    gone = {s.posting.reverses for s in owed}
    return tuple(
        s.posting for s in owed if s.posting.reverses is None and s.state != "reversed" and s.posting.key not in gone
    )


def resumed_postings(case: Case, owed: Sequence[PostingStatus]) -> tuple[Posting, ...]:
    """What is taken back when a case goes on: its time, and what was counted; it is booked anew at its end (R4, R47).

    What was moved, scrapped or repaired has happened all the same and stays booked.
    """
    back = _Owed(case, case.since)
    for posting in reversed(standing(owed)):
        if posting.kind in RESUMED:
            back.take_back(posting)
    return tuple(back.postings)


def restated_postings(case: Case, owed: Sequence[PostingStatus], *, by_planner: bool) -> tuple[Posting, ...]:
    """What differs from what was booked is taken back, the last one first, and booked anew (R47); the rest stays."""
    wanted = _Owed(case, case.since)
    _outcome(wanted, case, by_planner=by_planner)
    stands = [posting for posting in standing(owed) if posting.kind in OUTCOMES]
    moved = [posting for posting in standing(owed) if posting.kind in ("reschedule", "order_status")]
    if moved and {posting.body.get("work_order") for posting in moved} == {next(iter(case.work_orders), None)}:
        # What was agreed about this order stays, with its number and its day.
        wanted.postings = [posting for posting in wanted.postings if posting.kind != "reschedule"]
        stands = [posting for posting in stands if posting.kind != "reschedule"]
    scrapped = [posting for posting in stands if posting.kind == "scrap"]
    if case.scrap is not None and _adds_up(scrapped, case.scrap):  # in several parts, each time that it was fixed
        wanted.postings = [posting for posting in wanted.postings if posting.kind != "scrap"]
        stands = [posting for posting in stands if posting.kind != "scrap"]
    latest = {posting.kind: posting for posting in stands}
    stands = [posting for posting in stands if posting.kind == "scrap" or posting is latest[posting.kind]]
    same = [posting for posting in wanted.postings if any(_same(posting, other) for other in stands)]
    again = _Owed(case, case.since)
    for posting in reversed(stands):
        if not any(_same(posting, other) for other in same):
            again.take_back(posting)
    for posting in wanted.postings:
        if posting not in same:
            again.add(posting.kind, **posting.body)
    return tuple(again.postings)


RESUMED: frozenset[PostingKind] = frozenset({"downtime", "confirmation", "stock_adjustment"})
OUTCOMES: frozenset[PostingKind] = RESUMED | {"maintenance_notification", "reschedule", "goods_movement", "scrap"}


def _adds_up(scrapped: Sequence[Posting], to: Quantity) -> bool:
    much = sum(float(posting.body["quantity"]) for posting in scrapped)
    return len(scrapped) > 1 and abs(much - to.value) < 1e-6 and {p.body["uom"] for p in scrapped} == {to.uom}


def _same(one: Posting, other: Posting) -> bool:
    return one.kind == other.kind and dict(one.body) == dict(other.body)


def _outcome(owed: _Owed, case: Case, *, by_planner: bool, agreed: Becomes | None = None) -> None:
    assert case.resolved_at is not None, "only a resolved case owes its outcome"
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
            end = case.resolved_at if case.reopened else start + timedelta(minutes=minutes)
            counts = minutes if case.counted_min is None else case.counted_min
            # A utility is at no line: what stands for want of it counts its own time (R21).
            if case.line is not None and (
                counts > 0 or minutes <= 0
            ):  # else another exception, or the plan, has all of it (R49)
                owed.add(
                    "downtime",
                    asset=asset,
                    line=case.line,
                    work_order=order,
                    start=start.isoformat(),
                    end=end.isoformat(),
                    minutes=counts,
                    reason=text,
                )
            # ERP keeps no utility among its machines: there the words say what it was.
            machine = asset if case.line is not None else None
            owed.add("maintenance_notification", asset=machine, line=case.line, text=text)
        case "material_shortage" if by_planner:
            _order_becomes(owed, agreed, order, text)
        case "material_shortage":
            owed.add("goods_movement", item=item, quantity=quantity, uom=uom, to_line=case.line, reason=text)
        case "order_change":
            _order_becomes(owed, agreed, order, text)
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


def _order_becomes(owed: _Owed, agreed: Becomes | None, order: str | None, text: str) -> None:
    """What somebody has read back and agreed to; the words alone change nothing, and the planner finds them (R41)."""
    if agreed is None:
        owed.add("reschedule", work_order=order, text=text)
    elif agreed.cancelled:
        owed.add("order_status", work_order=agreed.work_order, status="cancelled", text=text)
    else:
        due = agreed.due.isoformat() if agreed.due is not None else None
        owed.add("reschedule", work_order=agreed.work_order, text=text, new_quantity=agreed.quantity, new_due=due)
