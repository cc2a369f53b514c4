"""Invitations by which a person's phone is bound to them: used once, good for a while, known by a hash alone."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy import Connection

from db.tables import invitation as table


def put(tx: Connection, token: str, person: str, ends_at: datetime) -> None:
    """Keep an invitation; an earlier one of this person that was not used is over."""
    tx.execute(sa.delete(table).where(table.c.person == person, table.c.used_at.is_(None)))
    tx.execute(sa.insert(table).values(proof=_proof(token), person=person, ends_at=ends_at))


def take(tx: Connection, token: str, now: datetime) -> str | None:
    """Whom an invitation is for, and it is used; None for a false, old or used one. Of two at once one wins."""
    open_one = sa.and_(table.c.proof == _proof(token), table.c.used_at.is_(None), table.c.ends_at > now)
    person: str | None = tx.scalar(sa.update(table).where(open_one).values(used_at=now).returning(table.c.person))
    return person


def _proof(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
