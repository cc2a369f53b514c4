"""Managers' questions answered from the records, every number with the cases behind it (R57)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from db import cases, postings
from workflow.case import CONFIRMED, Case, Notice
from workflow.metrics import Metrics, Spread, metrics
from workflow.plant import Person, production_day, production_day_span, shifts_at
from workflow.reading import Query
from workflow.routing import World


def answer(tx: Connection, query: Query, asker: Person, world: World, about: Case | None) -> Notice:
    """The notice that answers a question; the asker's own lines limit what it shows (R57)."""
    line = query.line or (about.line if about is not None and query.about in ("who", "status") else None)
    if asker.lines and line is not None and line not in asker.lines and "operator" in asker.roles:
        return Notice(asker.id, "answer.not_allowed", {"line": line})
    match query.about:
        case "open":
            return _open(tx, query, asker, world)
        case "who":
            return _who(tx, query, asker, world, about)
        case "status":
            return _status(tx, query, asker, world, about)
        case "summary":
            return _summary(tx, query, asker, world)
        case "metrics":
            return _metrics(tx, query, asker, world)
        case "priorities":
            return Notice(asker.id, "answer.priorities", {"line": query.line})


def item(case: Case, world: World) -> dict[str, Any]:
    """One exception as a line of an answer."""
    lead = case.lead
    late = lead is not None and lead.waits_for_acknowledgement and lead.step > 0
    overdue = lead is not None and lead.promised_at is not None and lead.promised_at < world.now
    return {
        "case": case.number,
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "since_at": case.since.isoformat(),
        "owner": lead.owner if lead else case.resolved_by,
        "state": _state(case),
        "late": late or overdue,
        "promised_at": lead.promised_at.isoformat() if lead and lead.promised_at else None,
        "stopped": case.line_stopped,
    }


def period(query: Query, world: World) -> tuple[datetime, datetime]:
    """From when until when a question looks: as it says, else the shift that runs now, else today's production day."""
    if query.start is not None:
        return query.start, min(
            query.end or world.now, world.now
        ) if query.start <= world.now else query.end or world.now
    running = shifts_at(world.plant, world.now)
    if running:
        return running[0].start, query.end or world.now
    start, end = production_day_span(world.plant, production_day(world.plant, world.now))
    return start, query.end or min(end, world.now)


def _open(tx: Connection, query: Query, asker: Person, world: World) -> Notice:
    found = [c for c in cases.open_cases(tx) if c.type is not None and _fits(c, query) and _visible(c, asker)]
    if not found:
        return Notice(asker.id, "answer.nothing", {"about": "open", "line": query.line, "type": query.type})
    items = [item(c, world) for c in sorted(found, key=lambda c: (not c.line_stopped, c.since))]
    return Notice(asker.id, "answer.open", {"items": items, "n": len(items), "line": query.line, "type": query.type})


def _who(tx: Connection, query: Query, asker: Person, world: World, about: Case | None) -> Notice:
    found = [c for c in cases.open_cases(tx) if _fits(c, query) and _visible(c, asker)]
    if not query.line and not query.type and not query.work_order and about is not None and about.is_open:
        found = [about]
    if not found:
        return Notice(asker.id, "answer.nothing", {"about": "who", "line": query.line, "type": query.type})
    items = []
    for case in found:
        owners = [
            {
                "role": t.role,
                "who": t.owner,
                "acknowledged_at": t.acknowledged_at.isoformat() if t.acknowledged_at else None,
                "promised_at": t.promised_at.isoformat() if t.promised_at else None,
            }
            for t in case.tasks
            if t.live
        ]
        items.append(item(case, world) | {"owners": owners})
    return Notice(asker.id, "answer.who", {"items": items})


def _status(tx: Connection, query: Query, asker: Person, world: World, about: Case | None) -> Notice:
    number = query.work_order or (about.work_orders[0] if about is not None and about.work_orders else None)
    order = world.records.work_order.get(number or "")
    if order is None:
        return _open(tx, query, asker, world)
    hit = [c for c in cases.open_cases(tx) if order.id in c.work_orders]
    due = order.due.isoformat() if order.due is not None else None
    facts: dict[str, Any] = {
        "work_order": order.id,
        "item": order.item,
        "line": order.line,
        "status": order.status,
        "quantity": {"value": order.quantity, "uom": order.uom},
        "completed": {"value": order.completed_quantity or 0, "uom": order.uom},
        "due": due,
        "items": [item(c, world) for c in hit],
    }
    return Notice(asker.id, "answer.status", facts)


def _summary(tx: Connection, query: Query, asker: Person, world: World) -> Notice:
    start, end = period(query, world)
    found = [c for c in cases.find(tx, since=start, until=end) if _fits(c, query) and _visible(c, asker)]
    counted = [c for c in found if c.status not in ("draft", "merged", "cancelled")]
    figures = metrics(counted, world.plant, start, end)
    items = [item(c, world) | {"minutes": _minutes(c), "action": c.resolution} for c in counted]
    facts: dict[str, Any] = {
        "start_at": start.isoformat(),
        "end_at": end.isoformat(),
        "line": query.line,
        "n": len(counted),
        "items": items,
        "open": [c.number for c in counted if c.is_open],
        "not_booked": [c.number for c in counted if c.status == "resolved" or _owes(tx, c)],
    }
    if not counted:
        return Notice(asker.id, "answer.nothing", {"about": "summary", "line": query.line, "type": query.type, **facts})
    return Notice(asker.id, "answer.summary", facts | _figures(figures))


def _metrics(tx: Connection, query: Query, asker: Person, world: World) -> Notice:
    start, end = period(query, world)
    found = [c for c in cases.find(tx, since=start, until=end) if _fits(c, query) and _visible(c, asker)]
    figures = metrics(found, world.plant, start, end)
    facts = {"start_at": start.isoformat(), "end_at": end.isoformat(), "line": query.line, "n": len(figures.cases)}
    return Notice(asker.id, "answer.metrics", facts | _figures(figures))


def _figures(figures: Metrics) -> dict[str, Any]:
    first_pass = figures.first_pass
    return {
        "resolution": _spread(figures.resolution_min),
        "alignment": _spread(figures.alignment_min),
        "posting_lag": _spread(figures.posting_lag_min),
        "first_pass": {"value": first_pass.value, "n": first_pass.n, "cases": list(first_pass.cases)},
    }


def _spread(spread: Spread) -> dict[str, Any]:
    return {"median": spread.median, "p90": spread.p90, "n": spread.n, "cases": list(spread.cases)}


def _state(case: Case) -> str:
    if case.status in ("draft", "resolved", "closed"):
        return case.status
    lead = case.lead
    if lead is not None and lead.waiting_for:
        return "waiting"
    return "acknowledged" if lead is not None and lead.acknowledged_at else "unacknowledged"


def _fits(case: Case, query: Query) -> bool:
    return (
        (query.line is None or case.line == query.line)
        and (query.type is None or case.type == query.type)
        and (query.work_order is None or query.work_order in case.work_orders)
    )


def _visible(case: Case, asker: Person) -> bool:
    """Operators see their own lines and what they reported; everyone else sees the plant (R57)."""
    if set(asker.roles) != {"operator"} or not asker.lines:
        return True
    return case.line in asker.lines or asker.id in (case.reporter, *case.joined)


def _owes(tx: Connection, case: Case) -> bool:
    return any(status.state not in CONFIRMED for status in postings.of_case(tx, case.number))


def _minutes(case: Case) -> float | None:
    if case.downtime_min is not None:
        return case.downtime_min
    return round((case.resolved_at - case.since).total_seconds() / 60) if case.resolved_at else None
