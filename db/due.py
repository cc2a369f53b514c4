"""When anything is due next, over all lanes: what lets a turned clock jump from one deadline to the next."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.tables import attachment, card, handover, inbox, notice, posting, task


def next_due(tx: Connection) -> datetime | None:
    """The earliest instant at which a row of any lane is due; None where nothing is."""
    due = (table.c.due_at for table in (inbox, notice, posting, attachment, card))
    columns = (task.c.next_step_at, handover.c.next_step_at, *due)
    found = [tx.execute(sa.select(sa.func.min(column))).scalar() for column in columns]
    return min((at for at in found if at is not None), default=None)
