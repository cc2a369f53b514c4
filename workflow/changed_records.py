"""What ERP changed under an open case, and what it knows by now that it did not: those concerned hear it once (R50)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workflow.case import LINECALL, Case, Change, Entry, Notice, PostingStatus
from workflow.holding import hold
from workflow.opening import complete
from workflow.posting import unknown_to_erp
from workflow.records import Lot, Records, WorkOrder
from workflow.routing import World, remember_told, route
from workflow.slow import watched

Known = Mapping[str, Mapping[str, Any] | None]  # id -> what ERP says of it; None: it does not know it

ENDS = frozenset({"cancelled", "completed", "held"})
BARRED = frozenset({"hold", "blocked"})  # how ERP calls a lot that nobody may use
CONCERNED = {"order": ("planner", "supervisor"), "lot": ("quality", "materials", "customer_service")}


def known(case: Case, records: Records) -> dict[str, dict[str, Any] | None]:
    """What ERP says of everything that a case names."""
    said: dict[str, dict[str, Any] | None] = {}
    for id_ in case.work_orders:
        said[id_] = _order(records.work_order[id_]) if id_ in records.work_order else None
    for id_ in case.lots:
        said[id_] = _lot(records.lot[id_]) if id_ in records.lot else None
    return said


def changed(case: Case, before: Known, world: World) -> Change | None:
    """Tell those concerned what ERP changed since, and ask anew who is concerned; None where nothing of it matters.

    What it did not know and knows now is linked: its line, who is concerned by it, and a hold on it (R43). `before` is
    what was told last; what a case names since then is no change.
    """
    now = known(case, world.records)
    change, asks_anew = Change(case), False
    fresh = [id_ for id_, says in now.items() if says is not None and id_ in before and before[id_] is None]
    if fresh:
        change, asks_anew = change.then(_linked(change.case, fresh, world)), True
    for id_, says in now.items():
        was = before.get(id_)
        if was is None:
            continue
        if says is None:
            name, told = ("order_gone", "work_order") if "due" in was else ("lot_gone", "lot")
            change = change.then(_told(change.case, name, {told: id_}, world))
            continue
        for name, facts in _differences(case, id_, was, says):
            change, asks_anew = change.then(_told(change.case, name, facts, world)), True
    # What is gone still concerns whom it concerned before.
    if asks_anew and case.opened_at is not None and not watched(case):
        change = change.then(route(change.case, world))  # who is concerned by what it is now, and who no more (R25)
    return change if change.entries else None


def known_by_now(status: PostingStatus, log: Sequence[Entry], records: Records) -> tuple[str, ...]:
    """What ERP did not know when it refused a posting and knows now, all of it: it may be tried again (R50)."""
    refused = [e for e in log if e.what == "posting_failed" and e.facts.get("key") == status.posting.key]
    unknown = refused[-1].facts.get("unknown", ()) if refused else ()
    return tuple(unknown) if unknown and not unknown_to_erp(status.posting, records) else ()


def tried_again(case: Case, status: PostingStatus, ids: Sequence[str], world: World) -> Change:
    """A refused posting goes to ERP once more, because ERP has the record now; whose task it was need do nothing."""
    entry = Entry(world.now, LINECALL, "tried_again", ", ".join(ids), {"key": status.posting.key})
    facts = {"case": case.number, "kind": status.posting.kind, "ids": list(ids)}
    owner = [status.owner] if status.owner in world.plant.person else []
    return Change(case, (entry,), tuple(Notice(p, "erp_changed.tried_again", facts) for p in owner if p))


def _linked(case: Case, ids: list[str], world: World) -> Change:
    linked = complete(case, world)
    entry = Entry(world.now, LINECALL, "known_now", ", ".join(ids), {"ids": ids})
    change = Change(linked, (entry,))
    if case.type == "quality_hold" and case.opened_at:
        change = change.then(hold(change.case, world))
    if case.opened_at:
        change = change.then(route(change.case, world))
    asked = {notice.to for notice in change.notices}
    to = [p for p in _those_at_work(case, world, ()) if p not in asked]
    notices = tuple(Notice(p, "erp_changed.known_now", {"case": case.number, "ids": ids}) for p in to)
    return Change(remember_told(change.case, notices), change.entries, change.notices + notices, change.postings)


def _told(case: Case, name: str, facts: dict[str, Any], world: World) -> Change:
    kind = "lot" if name.startswith("lot") else "order"
    to = _those_at_work(case, world, ("quality", "supervisor") if name == "lot_freed" else CONCERNED[kind])
    facts = {"case": case.number} | facts
    notices = tuple(Notice(p, f"erp_changed.{name}", facts) for p in to)
    entry = Entry(world.now, LINECALL, "erp_changed", str(facts.get("lot") or facts.get("work_order")), facts)
    return Change(remember_told(case, notices), (entry,), notices)


def _those_at_work(case: Case, world: World, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Who has a task of the case in hand, those of the functions concerned who were told of it, and who reported it."""
    owners = [t.owner for t in case.tasks if t.live and t.owner]
    concerned = [p for p in case.told if p in world.plant.person and set(roles) & {*world.plant.person[p].roles}]
    return tuple(dict.fromkeys(p for p in (*owners, *concerned, case.reporter) if p in world.plant.person))


def _differences(
    case: Case, id_: str, was: Mapping[str, Any], now: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    """What matters of a difference, as the name of a text and its facts."""
    found: list[tuple[str, dict[str, Any]]] = []
    if "due" in now:
        facts: dict[str, Any] = {"work_order": id_}
        if now["status"] != was.get("status") and now["status"] in ENDS:
            found.append((f"order_{now['status']}", facts))
        if now["due"] != was.get("due") and now["due"] is not None:
            found.append(("order_moved", facts | {"due": now["due"]}))
        if now["quantity"] != was.get("quantity"):
            found.append(("order_quantity", facts | {"quantity": now["quantity"], "uom": now["uom"]}))
        return found
    facts = {"lot": id_}
    if now["status"] != was.get("status") and now["status"] == "consumed":
        found.append(("lot_consumed", facts))
    elif now["status"] != was.get("status") and (name := _freed_or_blocked(case, id_, was, now)) is not None:
        found.append((name, facts))
    elif now["at"] != was.get("at") and now["at"] is not None and case.held_lot(id_) is None:
        found.append(("lot_moved", facts | {"at": now["at"]}))
    return found


def _freed_or_blocked(case: Case, lot: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """What somebody did over there: what our own hold and our own decisions change in ERP is no news."""
    held = case.held_lot(lot)
    if was.get("status") in BARRED and now["status"] == "available":
        ours = held is not None and (held.remaining <= 0 or any(part.lot == lot for part in case.parts))
        return None if ours else "lot_freed"
    return "lot_blocked" if held is None and was.get("status") == "available" and now["status"] in BARRED else None


def _order(order: WorkOrder) -> dict[str, Any]:
    due = order.due.isoformat() if order.due is not None else None
    return {"status": order.status, "due": due, "quantity": order.quantity, "uom": order.uom}


def _lot(lot: Lot) -> dict[str, Any]:
    return {"status": lot.status, "at": lot.location}
