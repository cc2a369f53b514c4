"""When anything is due next, over all lanes: what lets a turned clock jump from one deadline to the next."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.tables import attachment, handover, inbox, notice, posting, task


def next_due(tx: Connection) -> datetime | None:
    """The earliest instant at which a row of any lane is due; None where nothing is."""
    columns = (
        inbox.c.due_at, task.c.next_step_at, notice.c.due_at, posting.c.due_at, attachment.c.due_at,
        handover.c.next_step_at,
    )  # fmt: skip
    found = [tx.execute(sa.select(sa.func.min(column))).scalar() for column in columns]
    return min((at for at in found if at is not None), default=None)
