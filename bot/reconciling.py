"""Compares what we believe with what ERP holds; each difference says whose it is and what to do about it (R2, R50)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import structlog

from bot.watchman import who_runs_the_shift
from db import cases, outbox, postings, settings
from db.connect import Stale
from integrations.erp.several import Several
from workflow.case import Case, Change, Entry, Notice, PostingStatus
from workflow.errors import Away, Rejected, TryLater
from workflow.records import Records

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from workflow.plant import Person
    from workflow.routing import World

log = structlog.get_logger()

NIGHT = (2, 5)  # hours of the plant's clock between which it is compared
BACK = timedelta(days=7)  # how old a posting may be to be asked about
COMPARED = "reconciled_on"  # the plant's date of the last comparison
FOUND = "reconcile_found"  # what it found and nobody has looked after
RUN = "reconcile_run"  # how far the one of this night has come: what is left, and what was found so far
ON_HOLD = frozenset({"hold", "blocked"})  # how ERP calls a lot that nobody may use
LITTLE = 1e-6  # of a quantity
NOT_ASKED = frozenset({"dry_run", "reversed"})
RETRIES = 10

What = Literal[
    "not_in_erp", "other_receipt", "in_erp_already", "booked_twice",
    "not_on_hold", "less_on_hold", "order_gone", "lot_gone", "unknown_yet",
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
    not_compared: int = 0  # postings about which ERP gave no answer


def reconcile(app: App, since: datetime) -> Comparison:
    """Ask ERP for every posting that was owed since then, and hold open exceptions against its records.

    Nothing is booked and nothing is changed. Raises TryLater where ERP is away.
    """
    with app.database.read() as tx:
        owed = postings.owed_since(tx, since)
        open_ones = cases.open_cases(tx)
    by_hand = sum(s.state == "manual" for s in owed)
    asked = [s for s in owed if s.state not in NOT_ASKED]
    found, left, later = _ask(app, asked)
    if later is not None and len(left) == len(asked):
        raise later
    records = app.erp.records()
    found += [d for case in open_ones for d in _case(case, records)]
    return Comparison(tuple(found), len(asked) - len(left), by_hand, len(left))


def every_night(app: App) -> int:
    """Compare once a night and tell whoever runs the shift where something differs.

    What ERP does not answer keeps its place and is asked again, in the morning too; whoever runs the shift hears then
    that it was not compared.
    """
    world = app.world()
    local = world.plant.local(world.now)
    today, at_night = local.date().isoformat(), NIGHT[0] <= local.hour < NIGHT[1]
    with app.database.read() as tx:
        run: dict[str, Any] | None = settings.get(tx, RUN) or None
        if at_night and (run is None or run["day"] != today):
            if settings.get(tx, COMPARED) == today:
                return 0
            asked = [s.posting.key for s in postings.owed_since(tx, world.now - BACK) if s.state not in NOT_ASKED]
            run = {"day": today, "left": asked, "of": len(asked), "found": [], "told": False}
        if run is None:
            return 0
        owed = [status for key in run["left"] if (status := postings.get(tx, key)) is not None]
        open_ones = cases.open_cases(tx)
    found, left, later = _ask(app, owed)
    run |= {"left": left, "found": [*run["found"], *(asdict(one) for one in found)]}
    try:
        records = app.erp.records()
    except TryLater as away:
        later = later or away
    if later is not None:
        log.warning("reconcile.later", erp=app.erp.name, left=len(left))
        _goes_on(app, run, later, world, tell=not at_night and not run["told"])
        return 0
    differences = [*run["found"], *(asdict(d) for case in open_ones for d in _case(case, records))]
    log.info("reconcile.done", differences=len(differences), what=sorted({one["what"] for one in differences}))
    facts = {"n": len(differences), "cases": list(dict.fromkeys(one["case"] for one in differences))}
    with app.database.write() as tx:
        settings.put(tx, COMPARED, run["day"], world.now)
        settings.put(tx, RUN, {}, world.now)
        settings.put(tx, FOUND, differences, world.now)
        for person in who_runs_the_shift(world) if differences else ():
            outbox.put(tx, None, Notice(person.id, "erp_differs", facts), world.now)
    app.ring("outbox")
    return 0


def _goes_on(app: App, run: dict[str, Any], later: TryLater, world: World, *, tell: bool) -> None:
    """Keep what was compared and what is left; in the morning say so, once."""
    with app.database.write() as tx:
        settings.put(tx, RUN, run | {"told": run["told"] or tell}, world.now)
        facts = {"left": len(run["left"]), "n": run["of"], "error": later.why}
        for person in who_runs_the_shift(world) if tell else ():
            outbox.put(tx, None, Notice(person.id, "erp_not_compared", facts), world.now)
    if tell:
        app.ring("outbox")


def _ask(app: App, asked: Sequence[PostingStatus]) -> tuple[list[Difference], list[str], TryLater | None]:
    """What differs, keys of what ERP did not answer about, and why; of a system that is away no more is asked."""
    found: list[Difference] = []
    left: list[str] = []
    away: set[str] = set()
    later: TryLater | None = None
    for status in asked:
        system = _books(app, status)
        if system in away:
            left.append(status.posting.key)
            continue
        try:
            found += _posting(app, status)
        except TryLater as why:
            left.append(status.posting.key)
            later = why
            if isinstance(why, Away):
                away.add(system)
    return found, left, later


def _books(app: App, status: PostingStatus) -> str:
    """The system that has a posting, where a plant has several."""
    system = app.erp.books.get(status.posting.kind) if isinstance(app.erp, Several) else app.erp
    return system.name if system is not None else app.erp.name


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
        elif (
            lot is not None and lot.status in ON_HOLD and lot.uom == held.uom and lot.quantity < held.remaining - LITTLE
        ):
            yield Difference("less_on_hold", case.number, held.lot, f"{held.remaining:.15g} {held.uom}",
                             f"{lot.quantity:.15g} {lot.uom}", "find out where the rest went", who)  # fmt: skip
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
