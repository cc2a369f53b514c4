"""How many tokens of a language model a month has cost; the cap holds for all workers together and over restarts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from db import settings
from db.connect import one_at_a_time


def spent(tx: Connection, month: str) -> int:
    """Tokens of a month ("2026-11"), those of calls under way included."""
    return int(settings.get(tx, _name(month)) or 0)


def take(tx: Connection, month: str, tokens: int, most: int, at: datetime) -> bool:
    """Set tokens aside for one call; False, and nothing changes, where the month's cap would be passed."""
    one_at_a_time(tx, _name(month))
    total = spent(tx, month) + tokens
    if total > most:
        return False
    settings.put(tx, _name(month), total, at)
    return True


def give_back(tx: Connection, month: str, tokens: int, at: datetime) -> None:
    """Correct what was set aside once it is known what the call cost; a negative number means it cost more."""
    one_at_a_time(tx, _name(month))
    settings.put(tx, _name(month), max(0, spent(tx, month) - tokens), at)


def _name(month: str) -> str:
    return f"model.tokens.{month}"
