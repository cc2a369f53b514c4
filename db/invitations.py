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


def take(tx: Connection, token: str, channel: str, address: str, now: datetime) -> str | None:
    """Whom an invitation is for, and this address is asked whether it is them; None for a false, old or used one.

    Of two addresses at once one wins. An earlier question to this address is over.
    """
    open_one = sa.and_(table.c.proof == _proof(token), table.c.used_at.is_(None), table.c.ends_at > now)
    person: str | None = tx.scalar(sa.update(table).where(open_one).values(used_at=now).returning(table.c.person))
    if person is not None:
        close(tx, channel, address)
        mine = table.c.proof == _proof(token)
        tx.execute(sa.update(table).where(mine).values(channel=channel, address=address))
    return person


def asked(tx: Connection, channel: str, address: str, now: datetime) -> str | None:
    """As whom the person at an address was asked to confirm themselves; None where no such question waits."""
    waits = sa.and_(_at(channel, address), table.c.ends_at > now)
    person: str | None = tx.scalar(sa.select(table.c.person).where(waits).limit(1))
    return person


def close(tx: Connection, channel: str, address: str) -> None:
    """The question at an address is answered, or over."""
    tx.execute(sa.update(table).where(_at(channel, address)).values(channel=None, address=None))


def withdraw(tx: Connection, person: str) -> None:
    """No invitation of this person counts any more."""
    tx.execute(sa.delete(table).where(table.c.person == person))


def _at(channel: str, address: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.channel == channel, table.c.address == address)


def _proof(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()
