"""What a person does about a posting that ERP has not taken: try again, or book it by hand and type the receipt in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import structlog

from db import cases, postings
from db.connect import Stale
from workflow import finishing
from workflow.case import CONFIRMED, Change
from workflow.errors import Refused, Rejected, TryLater
from workflow.ports import Receipt, Withdraws

if TYPE_CHECKING:
    from bot.app import App
    from workflow.case import PostingStatus
    from workflow.plant import Person

log = structlog.get_logger()

RETRIES = 10  # lost races on one case
MAY_BOOK = frozenset({"supervisor", "planner", "materials", "quality", "maintenance", "manager", "customer_service"})

Answer = Receipt | Literal["no", "taken", "away", "unsure"]  # of ERP, asked whether it has a posting


def may_book(person: Person) -> bool:
    """Whether this person may book by hand and have a posting tried again: who runs the shift, or a function's."""
    return bool(MAY_BOOK & {*person.roles})


def try_again(app: App, key: str, by: Person) -> PostingStatus | None:
    """Have a posting tried now; None where nobody owes it. One that is confirmed stays as it is.

    Raises Refused where this person may not.
    """
    _must(by)
    with app.database.write() as tx:
        postings.retry(tx, key, app.clock.now())
        status = postings.get(tx, key)
    app.ring("postings")
    return status


def book(app: App, key: str, receipt: str, by: Person, *, looked: bool = False) -> PostingStatus | None:
    """A named person has booked it: that confirms it, and closes the case where it was the last one (R2).

    ERP is asked first (R47): what it holds already counts, and not what was typed in. What still lies before its import
    is withdrawn. None where nobody owes it; one
    that is confirmed already keeps the receipt that it has. Raises Refused where this person may not, and where ERP
    may have it and cannot be asked; unless they say that they have `looked` there.
    """
    _must(by)
    for _ in range(RETRIES):
        with app.database.read() as tx:
            before = postings.get(tx, key)
        if before is None or before.state in CONFIRMED:
            return before
        try:
            return _book(app, before, receipt, by, looked)
        except Stale:
            continue
    raise Stale(key)


def _must(person: Person) -> None:
    if not may_book(person):
        raise Refused("book.not_yours")


def _ask(app: App, status: PostingStatus) -> Answer:
    if status.posting.kind not in app.erp.kinds:
        return "no"  # no system books that kind
    try:
        receipt = app.erp.find(status.posting.key)
        taken = receipt is None and isinstance(app.erp, Withdraws) and not app.erp.withdraw(status.posting.key)
    except TryLater as later:
        return "unsure" if later.outcome_unknown else "away"
    except Rejected:
        return "unsure"
    return receipt or ("taken" if taken else "no")


def _book(app: App, before: PostingStatus, typed: str, by: Person, looked: bool) -> PostingStatus | None:
    key, answer, world = before.posting.key, _ask(app, before), app.world()
    with app.database.write() as tx:
        doubt = postings.doubt(tx, key, world.now)
        now = postings.get(tx, key)
        if now is None or now.attempts != before.attempts:
            raise Stale(key)  # it was tried since ERP was asked
        if isinstance(answer, Receipt):
            fresh = postings.found(tx, key, answer, world.now)
        elif not looked and answer == "taken":
            raise Refused("book.taken", case=before.posting.case)
        elif not looked and (answer == "unsure" or doubt == "runs" or (answer == "away" and doubt is not None)):
            raise Refused("book.unknown", case=before.posting.case)
        else:
            fresh = postings.by_hand(tx, key, Receipt(typed, world.now), by.id, world.now)
        status = postings.get(tx, key)
        case = cases.get(tx, before.posting.case)
        if status is None or case is None or not fresh:
            return status
        change = finishing.booked(case, status, world)
        if status.state == "manual":
            said = {"looked": True} if looked else {}
            entries = tuple(replace(e, who=by.id, facts={**e.facts, **said}) for e in change.entries)
            change = Change(change.case, entries, change.notices)
        closing = finishing.confirmed(change.case, postings.of_case(tx, case.number), world)
        cases.save(tx, change.then(closing) if closing is not None else change, world.now)
    log.info("postings.by_hand", key=key, state=status.state, looked=looked)
    app.ring("outbox", "postings")
    return status
