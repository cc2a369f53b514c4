"""What became of messages after their platform took them: delivered, read, or come back; told in any order.

The first instant of each state is kept and nothing else, so that late and repeated callbacks change nothing: read beats
delivered, both beat failed, and all beat sent (R52).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.sql import inserting
from db.tables import arrival as table
from db.tables import notice
from workflow.messages import Arrival


def sent(tx: Connection, channel: str, message_id: str, notice_id: int, at: datetime) -> bool:
    """A platform took a message of a notice; True where it has failed by now, and the notice is due again."""
    _put(tx, channel, message_id, {"notice": notice_id})
    return _come_back(tx, channel, message_id, at)


def arrived(tx: Connection, one: Arrival, at: datetime) -> bool:
    """Keep what a platform says of a message; True where its notice is due again, by another address."""
    values: dict[str, Any] = {f"{one.state}_at": one.at}
    if one.state == "failed":
        values["why"] = one.why
    _put(tx, one.channel, one.message_id, values)
    return _come_back(tx, one.channel, one.message_id, at)


def failed_by(tx: Connection, notice_id: int) -> dict[str, str]:
    """The channels that took a notice and could not deliver it, each with the reason."""
    return {row.channel: row.why or "" for row in tx.execute(_FAILED_BY, {"notice": notice_id})}


def _come_back(tx: Connection, channel: str, message_id: str, at: datetime) -> bool:
    """Make a notice due again whose message failed: it was sent by this channel and has reached nobody."""
    row = tx.execute(_CAME_BACK, {"channel": channel, "message_id": message_id}).one_or_none()
    if row is None:
        return False
    its = sa.and_(notice.c.id == row.notice, notice.c.sent_at.is_not(None), notice.c.channel == channel)
    again = {
        "sent_at": None,
        "channel": None,
        "message_id": None,
        "due_at": at,
        "attempts": 0,
        "error": f"{channel}: {row.why}",
    }
    came_back = tx.execute(sa.update(notice).where(its).values(again)).rowcount == 1
    if came_back:
        changes.touch(tx)
    return came_back


def _put(tx: Connection, channel: str, message_id: str, values: dict[str, Any]) -> None:
    """The earliest instant of each state stays; a notice, once known, stays."""
    row = {"channel": channel, "message_id": message_id} | values
    tx.execute(_keeping(tx.dialect.name, tuple(values)), row)
    changes.touch(tx)


@cache
def _keeping(dialect: str, names: tuple[str, ...]) -> sa.Insert:
    row = inserting(dialect, table)
    kept: dict[str, Any] = {name: sa.func.coalesce(table.c[name], row.excluded[name]) for name in names}
    for name in {*names} & {"sent_at", "delivered_at", "read_at", "failed_at"}:
        earlier = sa.or_(table.c[name].is_(None), row.excluded[name] < table.c[name])
        kept[name] = sa.case((earlier, row.excluded[name]), else_=table.c[name])
    return row.on_conflict_do_update(index_elements=["channel", "message_id"], set_=kept)


_lost = sa.and_(table.c.failed_at.is_not(None), table.c.delivered_at.is_(None), table.c.read_at.is_(None))
_FAILED_BY = (
    sa.select(table.c.channel, table.c.why)
    .where(table.c.notice == sa.bindparam("notice"), _lost)
    .order_by(table.c.failed_at)
)
_CAME_BACK = sa.select(table.c.notice, table.c.why).where(
    table.c.channel == sa.bindparam("channel"),
    table.c.message_id == sa.bindparam("message_id"),
    _lost,
    table.c.notice.is_not(None),
)
