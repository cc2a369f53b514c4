"""Before a reversal: whether what it takes back is in ERP at all, and who took it there (R47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import postings, taken_back
from db.postings import Claimed
from workflow.errors import Rejected

if TYPE_CHECKING:
    from bot.app import App


def nothing_to_take_back(app: App, claimed: Claimed) -> bool:
    """Whether nothing has to be booked: the first posting never got to ERP, and so needs no second one.

    ERP is asked first where that is not certain. Raises Rejected where a person booked the first one: theirs to take
    back; TryLater and Rejected as ERP does.
    """
    posting = claimed.status.posting
    with app.database.read() as tx:
        if posting.reverses is None:
            new = claimed.status.attempts == 1 and not claimed.outcome_unknown
            return new and taken_back.is_taken_back(tx, posting.key)
        first = postings.get(tx, posting.reverses)
    if first is None or first.state == "posted":
        return False
    if first.state == "manual":
        raise Rejected(f"it was booked by hand as {first.receipt}: take that back by hand too")
    if first.state == "reversed":
        return first.confirmed_at is None
    if posting.kind not in app.erp.kinds:
        return True
    receipt = app.erp.find(posting.reverses)
    if receipt is not None:
        with app.database.write() as tx:
            postings.found(tx, posting.reverses, receipt, app.clock.now())
    return receipt is None
