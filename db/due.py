"""When anything is due next, over all lanes: what lets a turned clock jump from one deadline to the next."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.tables import attachment, card, handover, inbox, notice, posting, task


def next_due(tx: Connection) -> datetime | None:
    """The earliest instant at which a row of any lane is due; None where nothing is.

    A posting behind another one of its case waits for that one and not for an instant of its own.
    """
    due = (sa.select(sa.func.min(table.c.due_at)) for table in (inbox, notice, attachment, card))
    steps = (sa.select(sa.func.min(table.c.next_step_at)) for table in (task, handover))
    found = [tx.execute(query).scalar() for query in (*steps, *due, _first_postings())]
    return min((at for at in found if at is not None), default=None)


def _first_postings() -> sa.Select[tuple[datetime | None]]:
    earlier = posting.alias("earlier")
    before = sa.and_(earlier.c.case == posting.c.case, earlier.c.id < posting.c.id, earlier.c.due_at.is_not(None))
    return sa.select(sa.func.min(posting.c.due_at)).where(posting.c.due_at.is_not(None), ~sa.exists().where(before))
