"""Whose an address in a chat is where an invitation bound it, and which addresses nothing arrives at any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.sql import insert
from db.tables import address as table


@dataclass(frozen=True, slots=True)
class Known:
    """One address; `person` is set where an invitation bound it."""

    channel: str
    address: str
    person: str | None
    unreachable_at: datetime | None
    unreachable_why: str | None
    turned_away_at: datetime | None
    moved_to: str | None
    revoked_at: datetime | None


def get(tx: Connection, channel: str, address: str) -> Known | None:
    """What is known of an address; None: nothing beside plant.yaml."""
    row = tx.execute(_ONE, {"channel": channel, "address": address}).one_or_none()
    return Known(*row) if row is not None else None


def of_person(tx: Connection, person: str) -> tuple[Known, ...]:
    """The addresses that invitations bound to a person, the newest first."""
    return tuple(Known(*row) for row in tx.execute(_OF_PERSON, {"person": person}))


def bind(tx: Connection, channel: str, address: str, person: str, at: datetime) -> None:
    """From now on this address speaks as this person, and one of theirs in this channel before it no more."""
    earlier = sa.and_(table.c.channel == channel, table.c.person == person, table.c.address != address)
    tx.execute(sa.update(table).where(earlier).values(person=None))
    _put(tx, channel, address, person=person, bound_at=at, unreachable_at=None, unreachable_why=None, revoked_at=None)


def revoke(tx: Connection, channel: str, address: str, at: datetime) -> None:
    """The address is nobody's any more, whatever plant.yaml says, until an invitation binds it."""
    _put(tx, channel, address, person=None, revoked_at=at)


def unreachable(tx: Connection, channel: str, address: str, why: str, at: datetime) -> None:
    """Nothing arrives there any more: blocked, or never started (R56)."""
    _put(tx, channel, address, unreachable_at=at, unreachable_why=why)


def reachable(tx: Connection, channel: str, address: str) -> None:
    """Its person has written again."""
    if tx.execute(_ALIVE, {"_channel": channel, "_address": address}).rowcount:
        changes.touch(tx)


def dead(tx: Connection) -> tuple[Known, ...]:
    """Every address at which nothing arrives, the latest first."""
    query = sa.select(*_KNOWN).where(table.c.unreachable_at.is_not(None)).order_by(table.c.unreachable_at.desc())
    return tuple(Known(*row) for row in tx.execute(query))


def turned_away(tx: Connection, channel: str, address: str, at: datetime) -> None:
    """The stranger at this address was told how to register."""
    _put(tx, channel, address, turned_away_at=at)


def moved(tx: Connection, channel: str, address: str, to: str) -> None:
    """The platform has given this address another one for good: a group that became a supergroup (R53)."""
    _put(tx, channel, address, moved_to=to)


def now_at(tx: Connection, channel: str, address: str) -> str:
    """Where an address has moved to; itself where it has not."""
    known = get(tx, channel, address)
    return known.moved_to if known is not None and known.moved_to else address


def before_move(tx: Connection, channel: str, address: str) -> str:
    """The address under which the plant knows a place, by the one that it has now."""
    moved_here = sa.and_(table.c.channel == channel, table.c.moved_to == address)
    old: str | None = tx.scalar(sa.select(table.c.address).where(moved_here).limit(1))
    return old or address


def _put(tx: Connection, channel: str, address: str, **values: Any) -> None:
    row = insert(tx, table).values(channel=channel, address=address, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["channel", "address"], set_=values))
    changes.touch(tx)


_KNOWN = (
    table.c.channel,
    table.c.address,
    table.c.person,
    table.c.unreachable_at,
    table.c.unreachable_why,
    table.c.turned_away_at,
    table.c.moved_to,
    table.c.revoked_at,
)
_ONE = sa.select(*_KNOWN).where(table.c.channel == sa.bindparam("channel"), table.c.address == sa.bindparam("address"))
_OF_PERSON = (
    sa.select(*_KNOWN)
    .where(table.c.person == sa.bindparam("person"))
    .order_by(table.c.bound_at.desc(), table.c.address)
)
_ALIVE = (
    sa.update(table)
    .where(table.c.channel == sa.bindparam("_channel"), table.c.address == sa.bindparam("_address"))
    .where(table.c.unreachable_at.is_not(None))
    .values(unreachable_at=None, unreachable_why=None)
)
