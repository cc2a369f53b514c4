"""Answers that list: what a machine had last and what fixed it, lots on hold, who is there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from bot.answers import behind
from bot.answers.behind import Listing
from bot.answers.rights import only_lines, sees
from bot.answers.wanted import Wanted
from db import cases
from workflow.case import Case, Notice
from workflow.metrics import counts, minutes_down, stands
from workflow.plant import ROLES, Person, on_shift, shifts_at
from workflow.routing import World

LAST = 10  # stops of a machine, where the question says no number
MOST_LAST = 30


def item(case: Case, world: World) -> dict[str, Any]:
    """One exception as a line of an answer."""
    lead = case.lead
    return {
        "case": case.number,
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "since_at": case.since.isoformat(),
        "reopened_at": case.reopened_at.isoformat() if case.reopened_at is not None and case.is_open else None,
        "owner": lead.owner if lead else case.resolved_by,
        "state": _state(case),
        "late": behind.is_late(case, world),
        "promised_at": lead.promised_at.isoformat() if lead and lead.promised_at else None,
        "stopped": case.line_stopped,
    }


def leads_to(listing: Listing, *, named: bool) -> dict[str, Any]:
    """The fact of a notice that leads to its exceptions; `named`: the words of the notice name all of them already."""
    return {"listing": {"query": listing.query, "named": named}}


def history(tx: Connection, wanted: Wanted, asker: Person, world: World) -> Notice:
    """The last stops of a machine, or of a line, each with how long it stood and what fixed it."""
    if wanted.asset is None and wanted.line is None:
        return Notice(asker.id, "answer.which_machine")
    most = min(wanted.n or LAST, MOST_LAST)
    where = {"asset": wanted.asset} if wanted.asset is not None else {"line": wanted.line}
    # Drafts and what was called off are no stops; more are asked for, so that they do not shorten the list.
    limit, whole = most + LAST, False
    shown: list[Case] = []
    while len(shown) < most and not whole:
        found = cases.find(tx, **where, since=wanted.start, until=wanted.end, limit=limit)
        shown = [c for c in found if counts(c) and sees(asker, c) and (not wanted.stops or _stood(c))][-most:][::-1]
        limit, whole = limit * 4, len(found) < limit
    place = {"assets": [wanted.asset]} if wanted.asset is not None else {"line": wanted.line}
    if not shown:
        return Notice(asker.id, "answer.no_stops", place)
    stops = [
        item(c, world)
        | {"minutes": minutes_down(c), "action": c.resolution or None, "line": None, "assets": [], "stopped": None}
        for c in shown
    ]
    return Notice(asker.id, "answer.history", place | {"n": len(stops), "stops": stops})


def _stood(case: Case) -> bool:
    return stands(case) or minutes_down(case) is not None


def holds(tx: Connection, asker: Person, world: World) -> Notice:
    """Every lot that is on hold, by ERP or by an open exception of ours, with what is left of it (R43)."""
    limits = only_lines(asker)
    ours = {
        held.lot: (case, held)
        for case in cases.open_cases(tx)
        for held in case.held
        if held.remaining > 0 and sees(asker, case)
    }
    rows: list[dict[str, Any]] = []
    for lot in world.records.lots:
        case, held = ours.pop(lot.id, (None, None))
        order = world.records.work_order.get(lot.work_order or "")
        if (lot.status != "hold" and held is None) or (
            limits and case is None and (order is None or order.line not in limits)
        ):
            continue
        quantity = {"value": held.remaining if held else lot.quantity, "uom": held.uom if held else lot.uom}
        rows.append(
            {"lot": lot.id, "item": lot.item, "quantity": quantity, "location": lot.location}
            | {"case": case.number if case else None, "since_at": case.captured_at.isoformat() if case else None}
        )
    for lot_id, (case, held) in ours.items():
        quantity = {"value": held.remaining, "uom": held.uom}
        rows.append(
            {"lot": lot_id, "quantity": quantity, "case": case.number, "since_at": case.captured_at.isoformat()}
        )
    if not rows:
        return Notice(asker.id, "answer.no_holds")
    return Notice(asker.id, "answer.holds", {"n": len(rows), "lots_n": len(rows), "held": rows})


def owed(tx: Connection, wanted: Wanted, asker: Person, world: World) -> Notice:
    """What ERP has not booked yet, oldest first (R2)."""
    listing = Listing("owed", wanted.start, wanted.end, wanted.line)
    items = [item(c, world) for c in behind.owing(tx, listing, asker, world)]
    if not items:
        return Notice(asker.id, "answer.nothing_owed")
    return Notice(asker.id, "answer.owed", {"n": len(items), "items": items} | leads_to(listing, named=True))


def on_shift_now(wanted: Wanted, asker: Person, world: World) -> Notice:
    """Who is there now, function by function; stand-ins in place of those who are away (R29)."""
    running = shifts_at(world.plant, world.now)
    rows = [
        {"role": role, "people": [person.id for person in present]}
        for role in ROLES
        if (present := on_shift(world.plant, role, world.now, wanted.line))
    ]
    if not rows:
        return Notice(asker.id, "answer.nobody_on_shift")
    end = max((span.end for span in running), default=None)
    facts = {"shifts": [span.shift for span in running], "end_at": end.isoformat() if end else None, "present": rows}
    return Notice(asker.id, "answer.on_shift", facts)


def _state(case: Case) -> str:
    if case.status in ("draft", "resolved", "closed"):
        return case.status
    lead = case.lead
    if lead is not None and lead.waiting_for:
        return "waiting"
    return "acknowledged" if lead is not None and lead.acknowledged_at else "unacknowledged"
