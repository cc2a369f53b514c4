"""What the program has to remember beside its cases: one JSON value a name."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db.sql import insert
from db.tables import setting

PLANT_SAID = "plant_log_said"  # what people said in the plant's own log, apart from it: position:field -> the words
PUT_FIRST = "put_first"  # line -> which order goes first there, and in whose words why


def get(tx: Connection, name: str) -> Any:
    """The value under a name; None where there is none."""
    return tx.scalar(sa.select(setting.c.value).where(setting.c.name == name))


def written_at(tx: Connection, name: str) -> datetime | None:
    """When the value under a name was put there; None where there is none."""
    at: datetime | None = tx.scalar(sa.select(setting.c.at).where(setting.c.name == name))
    return at


def put(tx: Connection, name: str, value: Any, at: datetime) -> None:
    """Keep a JSON value under a name, in place of an earlier one; None cannot be kept."""
    row = {"value": value, "at": at}
    tx.execute(
        insert(tx, setting).values(row | {"name": name}).on_conflict_do_update(index_elements=["name"], set_=row)
    )
