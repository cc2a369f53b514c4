"""Managers' questions answered from the records, every number with the cases behind it (R57)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bot import improving, running
from bot.answers import behind, counted, lists
from bot.answers.periods import period_of
from bot.answers.rights import sees, sees_line
from bot.answers.wanted import Wanted
from bot.cards import card_notice
from db import cases, postings
from workflow.case import Case, Notice
from workflow.metrics import minutes_down
from workflow.plant import Person
from workflow.routing import World

if TYPE_CHECKING:
    from bot.desk import Desk

item = lists.item  # one exception as a line of an answer


def reply(desk: Desk, wanted: Wanted) -> Notice:
    """The notice that answers a question of the desk; with a model's words where it was asked for them just before."""
    summed = desk.incoming.summed
    if summed is not None and summed.wanted == wanted:
        return summed.notice
    return answer(desk.tx, wanted, desk.me, desk.world, desk.thread.case)


def answer(tx: Connection, wanted: Wanted, asker: Person, world: World, about: Case | None) -> Notice:
    """The notice that answers a question; what of it was not taken into account is said first (R57)."""
    if wanted.time_left and wanted.start is None and wanted.about in _OF_A_TIME:
        return Notice(asker.id, "answer.which_time", {"time_left": list(wanted.time_left)})
    found = _answer(tx, wanted, asker, world, about)
    left = [*(wanted.left or ()), *((wanted.time_left or ()) if wanted.about in _OF_A_TIME else ())]
    return replace(found, facts={**found.facts, "left_out": left}) if left else found


_OF_A_TIME = frozenset({"summary", "metrics", "downtime", "causes", "count", "history"})


def _answer(tx: Connection, wanted: Wanted, asker: Person, world: World, about: Case | None) -> Notice:
    """The asker's own lines limit what it shows."""
    line = wanted.line or (about.line if about is not None and wanted.about in ("who", "status") else None)
    if line is not None and not sees_line(asker, line):
        return Notice(asker.id, "answer.not_allowed", {"line": line})
    match wanted.about:
        case "case":
            return _case(tx, wanted, asker)
        case "open":
            return _open(tx, wanted, asker, world)
        case "who":
            return _who(tx, wanted, asker, world, about)
        case "status":
            return _status(tx, wanted, asker, world, about)
        case "summary" | "metrics" | "downtime" | "causes" | "count":
            start, end = period(wanted, world)
            return counted.answer(tx, replace(wanted, start=start, end=end), asker, world)
        case "history":
            return lists.history(tx, wanted, asker, world)
        case "owed":
            return lists.owed(tx, wanted, asker, world)
        case "improve":
            start, end = period(wanted, world)
            return improving.answer(tx, start, end, asker, world)
        case "holds":
            return lists.holds(tx, asker, world)
        case "on_shift":
            return lists.on_shift_now(wanted, asker, world)
        case "ranking":
            return Notice(asker.id, "answer.no_ranking")
        case "priorities":
            return running.recommended(tx, asker, wanted.line, world)


def period(wanted: Wanted, world: World) -> tuple[datetime, datetime]:
    """From when until when a question looks: as it says; else this month for causes, the shift for all the rest."""
    if wanted.start is not None:
        return wanted.start, min(
            wanted.end or world.now, world.now
        ) if wanted.start <= world.now else wanted.end or world.now
    longer = {"causes": "this_month", "downtime": "today", "count": "today", "improve": "this_month"}
    default = longer.get(wanted.about, "this_week" if wanted.about == "metrics" else "this_shift")
    start, end = period_of(default, None, world.plant, world.now)
    return start, wanted.end or min(end or world.now, world.now)


def _open(tx: Connection, wanted: Wanted, asker: Person, world: World) -> Notice:
    listing = behind.listing_for(wanted, "open")
    items = [item(c, world) for c in behind.open_now(tx, listing, asker, world)]
    if not items:
        return _none(wanted, asker)
    facts = {"items": items, "n": len(items), "line": wanted.line, "type": wanted.type, "owner": wanted.owner}
    facts |= {"assets": [wanted.asset] if wanted.asset is not None else []} | lists.leads_to(listing, named=True)
    if wanted.owner is not None:
        return Notice(asker.id, "answer.open_of", facts)
    return Notice(asker.id, "answer.open_late" if wanted.late else "answer.open", facts)


def _case(tx: Connection, wanted: Wanted, asker: Person) -> Notice:
    """One exception that was named by its number: how it stands, who has it, what ERP has of it."""
    case = cases.get(tx, wanted.case or "")
    if case is None or not sees(asker, case):
        return Notice(asker.id, "answer.no_case", {"case": wanted.case})
    facts = dict(card_notice(case, asker.id, postings.of_case(tx, case.number), ()).facts)
    return Notice(asker.id, "answer.case", {**facts, "times": times(case), "minutes": minutes_down(case)})


def times(case: Case) -> list[dict[str, str]]:
    """The instants of an exception that are known, in their order: from the event until it was closed."""
    required = [t.acknowledged_at for t in case.tasks if t.required and t.withdrawn_at is None]
    known = [at for at in required if at is not None]
    everyone = max(known) if known and len(known) == len(required) else None
    found = {
        "event": case.since, "reported": case.captured_at, "everyone": everyone,
        "solved": case.resolved_at, "closed": case.closed_at, "cancelled": case.cancelled_at,
    }  # fmt: skip
    return [
        {"mark": name, "at": at.isoformat()}
        for name, at in sorted(((n, at) for n, at in found.items() if at is not None), key=lambda row: row[1])
    ]


def _who(tx: Connection, wanted: Wanted, asker: Person, world: World, about: Case | None) -> Notice:
    listing = behind.listing_for(replace(wanted, owner=None, late=False), "open")
    listing = replace(listing, since=None, until=None)
    found = sorted(behind.open_now(tx, listing, asker, world), key=lambda case: case.captured_at)
    said = wanted.line or wanted.type or wanted.work_order or wanted.assets
    if not said and about is not None and about.is_open:
        found = [about]
    if not found:
        return _none(wanted, asker)
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
    if wanted.late:
        items = [one for one in items if one["late"]]
    if not items:
        return _none(wanted, asker)
    return Notice(asker.id, "answer.who", {"items": items})


def _status(tx: Connection, wanted: Wanted, asker: Person, world: World, about: Case | None) -> Notice:
    if wanted.unknown is not None:
        return Notice(asker.id, "answer.no_order", {"work_order": wanted.unknown})
    number = wanted.work_order or (about.work_orders[0] if about is not None and about.work_orders else None)
    order = world.records.work_order.get(number or "")
    if order is None:
        return _open(tx, wanted, asker, world)
    if not sees_line(asker, order.line):
        return Notice(asker.id, "answer.not_allowed", {"line": order.line})
    hit = [c for c in cases.open_cases(tx) if order.id in c.work_orders]
    facts: dict[str, Any] = {
        "work_order": order.id,
        "item": order.item,
        "line": order.line,
        "status": order.status,
        "quantity": {"value": order.quantity, "uom": order.uom},
        "completed": {"value": order.completed_quantity or 0, "uom": order.uom},
        "due": order.due.isoformat() if order.due is not None else None,
        "items": [item(c, world) for c in hit],
    }
    return Notice(asker.id, "answer.status", facts)


def _none(wanted: Wanted, asker: Person) -> Notice:
    """Nothing open; a word that means several machines is answered for each of them."""
    assets = [wanted.asset] if wanted.asset is not None else list(wanted.assets or ())
    facts = {"about": wanted.about, "line": wanted.line, "assets": assets, "type": wanted.type, "owner": wanted.owner}
    facts |= {"asset": ", ".join(wanted.lots)} if wanted.lots else {}
    if wanted.late:
        return Notice(asker.id, "answer.none_late", facts)
    return Notice(asker.id, "answer.none_of" if wanted.owner is not None else "answer.nothing", facts)
