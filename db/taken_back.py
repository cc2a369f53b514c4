"""What is taken back before ERP had it (R47)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.postings import Claimed, finish
from db.tables import posting as table


def never_booked(tx: Connection, claimed: Claimed, at: datetime) -> bool:
    """What a reversal takes back is not in ERP: both are over; False where the claim was lost.

    `claimed` is the reversal, or a posting that was never tried and has its reversal behind it.
    """
    posting = claimed.status.posting
    over: dict[str, object] = {"reversed_at": at, "due_at": None, "failed_at": None, "dry_run_at": None,
                               "owner": None, "error": None}  # fmt: skip
    if not finish(tx, claimed, over):
        return False
    first = posting.reverses is None
    other = table.c.reverses == posting.key if first else table.c.key == posting.reverses
    tx.execute(sa.update(table).where(other, table.c.confirmed_at.is_(None)).values(over))
    return True


def is_taken_back(tx: Connection, key: str) -> bool:
    """Whether a posting is owed that takes this one back."""
    return tx.scalar(_TAKES_BACK, {"key": key}) is not None


_TAKES_BACK = sa.select(table.c.id).where(table.c.reverses == sa.bindparam("key")).limit(1)
