"""What the buttons in foreign chats stand for: the chat carries a sealed number, the meaning stays here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.columns import LARGEST_ID
from db.tables import press as table


@dataclass(frozen=True, slots=True)
class Kept:
    """What one button stands for, and whom it was shown to."""

    id: int
    person: str
    value: str


def keep(tx: Connection, person: str, values: Sequence[str], at: datetime) -> tuple[Kept, ...]:
    """Keep what the buttons of one message stand for; in the order given."""
    rows = [{"person": person, "value": value, "at": at} for value in values]
    if not rows:
        return ()
    ids = tx.scalars(sa.insert(table).returning(table.c.id, sort_by_parameter_order=True), rows).all()
    return tuple(Kept(id_, person, value) for id_, value in zip(ids, values, strict=True))


def get(tx: Connection, id: int) -> Kept | None:  # noqa: A002
    """What a button stands for; None for a number that was never given."""
    if not 0 < id <= LARGEST_ID:
        return None
    row = tx.execute(sa.select(table.c.id, table.c.person, table.c.value).where(table.c.id == id)).one_or_none()
    return Kept(*row) if row is not None else None
