"""Postings above their limit, which wait for a person's word before ERP gets them (R51)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from db.postings import Claimed, awaits, changed, finish
from db.tables import posting as table


def asks_approval(
    tx: Connection, claimed: Claimed, why: str, owner: str | None, due_at: datetime, at: datetime
) -> bool:
    """It is above its limit: somebody is asked, and asked again at `due_at` (R51); False where the claim was lost."""
    asked = sa.func.coalesce(table.c.approval_asked_at, sa.literal(at, table.c.approval_asked_at.type))
    values: dict[str, object] = {"error": why, "owner": owner, "due_at": due_at, "approval_asked_at": asked,
              "attempts": table.c.attempts - 1}  # fmt: skip
    return finish(tx, claimed, values)


def awaits_approval(tx: Connection, key: str) -> bool:
    """Whether somebody was asked to approve it and has not answered. Locks it until the end of the transaction."""
    waits = sa.and_(table.c.key == key, awaits())
    return tx.execute(sa.select(table.c.id).where(waits).with_for_update()).one_or_none() is not None


def approve(tx: Connection, key: str, by: str, at: datetime) -> bool:
    """A person has approved it: it goes to ERP now; False where nobody waits for that."""
    goes = {"approved_at": at, "approved_by": by, "due_at": at, "owner": None, "error": None}
    return changed(tx, sa.update(table).where(table.c.key == key, awaits()).values(goes))


def turn_down(tx: Connection, key: str, why: str, owner: str | None, at: datetime) -> bool:
    """A person has not approved it: it is somebody's to correct; False where nobody waits for that."""
    over = {"failed_at": at, "due_at": None, "error": why, "owner": owner, "approval_asked_at": None}
    return changed(tx, sa.update(table).where(table.c.key == key, awaits()).values(over))


def awaiting_approval(tx: Connection) -> frozenset[str]:
    """Keys of what waits for an approval."""
    return frozenset(tx.scalars(sa.select(table.c.key).where(awaits())))
