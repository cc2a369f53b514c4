"""What a person does about a posting that ERP has not taken: try again, or book it by hand and type the receipt in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from db import cases, postings
from db.connect import Stale
from workflow import finishing
from workflow.case import Change
from workflow.ports import Receipt

if TYPE_CHECKING:
    from bot.app import App
    from workflow.case import PostingStatus

RETRIES = 10  # lost races on one case


def try_again(app: App, key: str) -> PostingStatus | None:
    """Have a posting tried now; None where nobody owes it. One that is confirmed stays as it is."""
    with app.database.write() as tx:
        postings.retry(tx, key, app.clock.now())
        status = postings.get(tx, key)
    app.ring("postings")
    return status


def book(app: App, key: str, receipt: str, by: str) -> PostingStatus | None:
    """A named person has booked it: that confirms it, and closes the case where it was the last one (R2).

    None where nobody owes it; one that is confirmed already keeps the receipt that it has.
    """
    for _ in range(RETRIES):
        try:
            return _book(app, key, receipt, by)
        except Stale:
            continue
    raise Stale(key)


def _book(app: App, key: str, receipt: str, by: str) -> PostingStatus | None:
    world = app.world()
    with app.database.write() as tx:
        fresh = postings.by_hand(tx, key, Receipt(receipt, world.now), by, world.now)
        status = postings.get(tx, key)
        case = cases.get(tx, status.posting.case) if status is not None else None
        if status is None or case is None or not fresh:
            return status
        change = finishing.booked(case, status, world)
        change = Change(change.case, tuple(replace(entry, who=by) for entry in change.entries), change.notices)
        closing = finishing.confirmed(change.case, postings.of_case(tx, case.number), world)
        cases.save(tx, change.then(closing) if closing is not None else change, world.now)
    app.ring("outbox", "postings")
    return status
