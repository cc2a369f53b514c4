"""What a person chose for themselves, and which of their sessions count: beside what plant.yaml says of them."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.sql import insert
from db.tables import member


def speaks(tx: Connection, person: str, language: str) -> None:
    """From now on this person is told everything in this language."""
    _put(tx, {"person": person, "language": language, "turn": 0}, {"language": language})


def languages(tx: Connection) -> Mapping[str, str]:
    """Person to language, of those who chose one."""
    chosen = sa.select(member.c.person, member.c.language).where(member.c.language.is_not(None))
    return {row.person: row.language for row in tx.execute(chosen)}


def turn(tx: Connection, person: str) -> int:
    """Which turn of sessions counts for a person: each revocation begins another."""
    return tx.scalar(sa.select(member.c.turn).where(member.c.person == person)) or 0


def end_sessions(tx: Connection, person: str) -> None:
    """Every session and unused sign-in link of this person is over."""
    _put(tx, {"person": person, "turn": 1}, {"turn": member.c.turn + 1})


def turns(tx: Connection) -> int:
    """How many revocations there were; where it has grown, somebody's sessions have ended."""
    return int(tx.scalar(sa.select(sa.func.coalesce(sa.func.sum(member.c.turn), 0))) or 0)


def _put(tx: Connection, row: Mapping[str, object], anew: Mapping[str, object]) -> None:
    added = insert(tx, member).values(dict(row))
    tx.execute(added.on_conflict_do_update(index_elements=["person"], set_=dict(anew)))
    changes.touch(tx)
