"""Cases, postings and figures as the JSON that `contracts/interface.md` promises, for the API and `--json` alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db import cases, outbox, postings
from db.outbox import Told
from workflow.case import Case, Entry, PostingStatus, Task
from workflow.metrics import Metrics, Rate, Spread
from workflow.reading import Quantity
from workflow.segments import Segment, segments


def case_json(tx: Connection, case: Case, *, full: bool = False) -> dict[str, Any]:
    """One case with its tasks, postings and log, `full` with its notices too.

    Every instant is ISO 8601 in UTC, every absent thing null; `occurred_at` is `captured_at` where nobody said (R1).
    """
    log = cases.log_of(tx, case.number)
    document = {
        "number": case.number,
        "type": case.type,
        "status": case.status,
        "line": case.line,
        "assets": list(case.assets),
        "work_orders": list(case.work_orders),
        "items": list(case.items),
        "lots": list(case.lots),
        "quantity": _quantity(case.quantity),
        "occurred_at": iso(case.since),
        "captured_at": iso(case.captured_at),
        "resolved_at": iso(case.resolved_at),
        "posted_at": iso(case.posted_at),
        "closed_at": iso(case.closed_at),
        "reopened_at": iso(case.reopened_at),
        "line_stopped": case.line_stopped,
        "reporter": case.reporter,
        "joined": list(case.joined),
        "said": case.said,
        "inferred": list(case.inferred),
        "recurrent_of": case.recurrent_of,
        "linked": list(case.linked),
        "resolution": case.resolution,
        "downtime_min": case.downtime_min,
        "scrap": _quantity(case.scrap),
        "held": [{"lot": h.lot, "quantity": h.quantity, "uom": h.uom, "remaining": h.remaining} for h in case.held],
        "decided": [
            {"decision": p.decision, "lot": p.lot, "quantity": _quantity(Quantity(p.quantity, p.uom))}
            for p in case.parts
        ],
        "tasks": [task_json(task) for task in case.tasks],
        "postings": [posting_json(status) for status in postings.of_case(tx, case.number)],
        "log": [entry_json(entry) for entry in log],
        "parent": case.parent,
        "segments": [segment_json(one) for one in segments(log)],
    }
    if full:
        document["notices"] = [notice_json(told) for told in outbox.of_case(tx, case.number)]
    return document


def task_json(task: Task) -> dict[str, Any]:
    """One function's part in a case, with the rule that asked it (R36)."""
    return {
        "role": task.role,
        "owner": task.owner,
        "required": task.required,
        "asked_at": iso(task.asked_at),
        "acknowledged_at": iso(task.acknowledged_at),
        "acknowledged_by": task.acknowledged_by,
        "promised_at": iso(task.promised_at),
        "waiting_for": task.waiting_for,
        "done_at": iso(task.done_at),
        "verified_at": iso(task.verified_at),
        "verified_by": task.verified_by,
        "withdrawn_at": iso(task.withdrawn_at),
        "step": task.step,
        "next_step_at": iso(task.next_step_at),
        "why": task.why,
    }


def posting_json(status: PostingStatus) -> dict[str, Any]:
    """One posting and where it stands at the ERP."""
    posting = status.posting
    return {
        "key": posting.key,
        "kind": posting.kind,
        "case": posting.case,
        "state": status.state,
        "receipt": status.receipt,
        "attempts": status.attempts,
        "error": status.error,
        "owner": status.owner,
        "occurred_at": iso(posting.occurred_at),
        "owed_since": iso(status.owed_since),
        "confirmed_at": iso(status.confirmed_at),
        "reverses": posting.reverses,
        "body": dict(posting.body),
    }


def entry_json(entry: Entry) -> dict[str, Any]:
    """One line of the case log."""
    return {"at": iso(entry.at), "who": entry.who, "what": entry.what, "why": entry.why, "facts": dict(entry.facts)}


def notice_json(told: Told) -> dict[str, Any]:
    """One notice: who was told what about a case, when, and whether it has reached them."""
    return {
        "to": told.notice.to,
        "name": told.notice.name,
        "role": told.notice.role,
        "at": iso(told.created_at),
        "sent_at": iso(told.sent_at),
        "channel": told.channel,
        "delivered_at": iso(told.delivered_at),
        "read_at": iso(told.read_at),
        "dropped_at": iso(told.dropped_at),
        "dropped_why": told.dropped_why,
        "attempts": told.attempts,
        "error": told.error,
    }


def segment_json(one: Segment) -> dict[str, Any]:
    """A stretch of a case's life (R6); `to` is null while it lasts."""
    return {"kind": one.kind, "from": iso(one.start), "to": iso(one.end), "waiting_for": one.waiting_for}


def metrics_json(figures: Metrics) -> dict[str, Any]:
    """The four figures with how many cases stand behind each, and which (R57)."""
    return {
        "from": iso(figures.start),
        "to": iso(figures.end),
        "cases": len(figures.cases),
        "resolution_min": _spread(figures.resolution_min),
        "alignment_min": _spread(figures.alignment_min),
        "posting_lag_min": _spread(figures.posting_lag_min),
        "first_pass_rate": _rate(figures.first_pass),
        "open": len(figures.open),
        "open_cases": list(figures.open),
        "by_type": figures.by_type,
        "by_line": figures.by_line,
        "by_shift": figures.by_shift,
    }


def iso(at: datetime | None) -> str | None:
    """An instant as ISO 8601; None stays None."""
    return at.isoformat() if at is not None else None


def unconfirmed(postings: Iterable[PostingStatus]) -> list[PostingStatus]:
    """What ERP has not taken yet, oldest first (R2)."""
    waiting = [p for p in postings if p.state in ("due", "waiting", "failed")]
    return sorted(waiting, key=lambda p: (p.owed_since is None, p.owed_since, p.posting.key))


def _quantity(quantity: Quantity | None) -> dict[str, Any] | None:
    return {"value": quantity.value, "uom": quantity.uom} if quantity is not None else None


def _spread(spread: Spread) -> dict[str, Any]:
    return {"median": spread.median, "p90": spread.p90, "n": spread.n, "cases": list(spread.cases)}


def _rate(rate: Rate) -> dict[str, Any]:
    return {"value": round(rate.value, 3) if rate.value is not None else None, "n": rate.n, "cases": list(rate.cases)}
