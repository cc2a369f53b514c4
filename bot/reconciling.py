"""Compares what we believe with what ERP holds; each difference says whose it is and what to do about it (R2, R50)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import structlog

from bot.watchman import who_runs_the_shift
from db import cases, outbox, postings, settings
from db.connect import Stale
from workflow.case import Case, Change, Entry, Notice, PostingStatus
from workflow.errors import Rejected, TryLater
from workflow.records import Records

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from workflow.plant import Person

log = structlog.get_logger()

NIGHT = (2, 5)  # hours of the plant's clock between which it is compared
BACK = timedelta(days=7)  # how old a posting may be to be asked about
COMPARED = "reconciled_on"  # the plant's date of the last comparison
FOUND = "reconcile_found"  # what it found and nobody has looked after
RETRIES = 10

What = Literal[
    "not_in_erp", "other_receipt", "in_erp_already", "booked_twice",
    "not_on_hold", "order_gone", "lot_gone", "unknown_yet",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that a person works off."""

    what: What
    case: str
    about: str  # a posting's key, a lot, an order
    ours: str  # what we believe
    erps: str  # what ERP holds
    to_do: str
    owner: str | None = None  # who looks after it, where somebody is known


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, and how much was compared."""

    differences: tuple[Difference, ...]
    compared: int
    by_hand: int  # booked by a person: asked only whether ERP took ours as well; their own receipts are not looked up


def reconcile(app: App, since: datetime) -> Comparison:
    """Ask ERP for every posting that was owed since then, and hold open exceptions against its records.

    Nothing is booked and nothing is changed. Raises TryLater where ERP is away.
    """
    with app.database.read() as tx:
        owed = [s for s in postings.find(tx) if s.owed_since is None or s.owed_since >= since]
        open_ones = cases.open_cases(tx)
    by_hand = sum(s.state == "manual" for s in owed)
    asked = [s for s in owed if s.state not in ("dry_run", "reversed")]
    found = [*(d for s in asked for d in _posting(app, s))]
    records = app.erp.records()
    found += [d for case in open_ones for d in _case(case, records)]
    return Comparison(tuple(found), len(asked), by_hand)


def every_night(app: App) -> int:
    """Compare once a night and tell whoever runs the shift where something differs; later while ERP is away."""
    world = app.world()
    local = world.plant.local(world.now)
    if not NIGHT[0] <= local.hour < NIGHT[1]:
        return 0
    with app.database.read() as tx:
        if settings.get(tx, COMPARED) == local.date().isoformat():
            return 0
    try:
        found = reconcile(app, world.now - BACK).differences
    except (TryLater, Rejected):
        log.warning("reconcile.later", erp=app.erp.name)
        return 0
    log.info("reconcile.done", differences=len(found), what=sorted({one.what for one in found}))
    facts = {"n": len(found), "cases": list(dict.fromkeys(one.case for one in found))}
    with app.database.write() as tx:
        settings.put(tx, COMPARED, local.date().isoformat(), world.now)
        settings.put(tx, FOUND, [asdict(one) for one in found], world.now)
        for person in who_runs_the_shift(world) if found else ():
            outbox.put(tx, None, Notice(person.id, "erp_differs", facts), world.now)
    app.ring("outbox")
    return 0


def listed(tx: Connection) -> tuple[Difference, ...]:
    """What the last comparison of the night found and nobody has looked after yet."""
    return tuple(Difference(**one) for one in settings.get(tx, FOUND) or ())


def looked_after(app: App, what: str, about: str, by: Person) -> bool:
    """A named person has worked one off: it leaves the list and stands in its exception's log; False where it is gone.

    Where it still differs in the next night it is found again.
    """
    for _ in range(RETRIES):
        now = app.clock.now()
        try:
            with app.database.write() as tx:
                found = listed(tx)
                mine = next((one for one in found if (one.what, one.about) == (what, about)), None)
                if mine is None:
                    return False
                settings.put(tx, FOUND, [asdict(one) for one in found if one is not mine], now)
                case = cases.get(tx, mine.case)
                if case is not None:
                    facts = {"what": what, "ours": mine.ours, "erps": mine.erps}
                    cases.save(tx, Change(case, (Entry(now, by.id, "difference_done", about, facts),)), now)
        except Stale:
            continue
        return True
    return False


def _posting(app: App, status: PostingStatus) -> Iterator[Difference]:
    posting = status.posting
    try:
        receipt = app.erp.find(posting.key)
    except Rejected as no:
        yield Difference("other_receipt", posting.case, posting.key, status.state, no.why,
                         "look at the document in ERP", status.owner)  # fmt: skip
        return
    if status.state == "posted" and receipt is None:
        yield Difference("not_in_erp", posting.case, posting.key, f"booked as {status.receipt}", "nothing",
                         "find out who took it back; book it again by hand", status.owner)  # fmt: skip
    elif status.state == "posted" and receipt is not None and receipt.number != status.receipt:
        yield Difference("other_receipt", posting.case, posting.key, f"booked as {status.receipt}", receipt.number,
                         "look at both documents in ERP", status.owner)  # fmt: skip
    elif status.state == "manual" and receipt is not None and receipt.number != status.receipt:
        yield Difference("booked_twice", posting.case, posting.key, f"booked by hand as {status.receipt}",
                         receipt.number, "booked twice: take one of them back in ERP", status.owner)  # fmt: skip
    elif status.state == "failed" and receipt is not None:
        yield Difference("in_erp_already", posting.case, posting.key, f"refused: {status.error}", receipt.number,
                         "have it tried again: it is found there and confirmed", status.owner)  # fmt: skip


def _case(case: Case, records: Records) -> Iterator[Difference]:
    who = case.lead.owner if case.lead is not None else None
    for held in case.held:
        lot = records.lot.get(held.lot)
        if held.remaining > 0 and lot is not None and lot.status == "available":
            yield Difference("not_on_hold", case.number, held.lot, f"{held.remaining:.15g} {held.uom} on hold",
                             "free to use", "stop its use; see what became of the hold's posting", who)  # fmt: skip
    for id_ in case.lots:
        lot = records.lot.get(id_)
        if lot is None:
            yield Difference("unknown_yet", case.number, id_, "named in the report", "unknown",
                             "ask whether it is a slip, or wait until ERP knows it", who)  # fmt: skip
        elif lot.status == "consumed":
            yield Difference("lot_gone", case.number, id_, "open", "consumed",
                             "find out where it went; tell customer service", who)  # fmt: skip
    for id_ in case.work_orders:
        order = records.work_order.get(id_)
        if order is None:
            yield Difference("unknown_yet", case.number, id_, "named in the report", "unknown",
                             "ask whether it is a slip, or wait until ERP knows it", who)  # fmt: skip
        elif order.status in ("cancelled", "completed"):
            yield Difference("order_gone", case.number, id_, "open", order.status,
                             "correct the exception's order, or end it", who)  # fmt: skip
