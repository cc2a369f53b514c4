"""Every delivery three times in any order ends in the same state, each time from an empty database (R23).

`LINECALL_TEST_ORDERS` says how many orders; the campaign tries 10,000.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import LogCapture

from bot.taking import knocked
from db.tables import inbox as inbox_table
from db.tables import notice
from tests.integrations.strict_telegram import StrictTelegram
from tests.integrations.telegram.floor import FILLER_DOWN, GARY, HOOK, LUIS, MARIA, SECRET, Floor
from workflow.messages import Inbound, Outbound, Sent
from workflow.ports import Knock, Reader
from workflow.reading import Context, Reading

pytestmark = pytest.mark.slow
ORDERS = int(os.environ.get("LINECALL_TEST_ORDERS", "250"))
HEADERS = {"x-telegram-bot-api-secret-token": SECRET}


class Orders(Floor):
    """A plant whose database is exchanged for an empty one, and whose chat takes everything."""

    def empty(self, template: Path) -> None:
        """As on the first day: every page of the database is overwritten."""
        with sqlite3.connect(template) as first_day, sqlite3.connect(self.app.config.data / "linecall.db") as here:
            first_day.backup(here)
        assert self.cases() == ()

    def knows(self) -> Any:
        """What became of it: everything but the numbers, which go by who was first."""
        with self.app.database.read() as tx:
            rows = tx.execute(sa.select(inbox_table.c.message_id)).all()
            told = tx.execute(sa.select(notice.c.to, notice.c.name)).all()
            unsent = tx.scalar(sa.select(sa.func.count()).where(notice.c.due_at.is_not(None)))
        state = sorted((c.reporter, c.type, c.line, c.assets, c.work_orders, c.status, c.said) for c in self.cases())
        counted = sorted(Counter((to, name) for to, name in told).items())
        return sorted(map(tuple, rows)), counted, unsent, state


class ReadsOnce:
    """The reader, which says the same of the same message each time: so it is asked once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[str, Reading] = {}

    def read(self, message: Inbound, context: Context) -> Reading:
        """As it was read the first time in the same context."""
        asked = repr((message.text, context.sender.id, context.thread, context.question))
        if asked not in self._read:
            self._read[asked] = self._reader.read(message, context)
        return self._read[asked]


async def taken(message: Outbound) -> Sent:
    """A platform that takes everything at once."""
    taken.number += 1  # type: ignore[attr-defined]
    return Sent(message.replaces or f"{message.to}:{taken.number}")  # type: ignore[attr-defined]


taken.number = 0  # type: ignore[attr-defined]


async def nothing(_: object) -> None:
    """Nobody is told that it is stored."""


def test_R23_every_update_three_times_in_any_order_ends_in_the_same_state(tmp_path: Path, logged: LogCapture) -> None:
    ends: Counter[str] = Counter()
    with StrictTelegram() as telegram:
        plant = Orders(tmp_path / "data", telegram, telegram_webhook_secret=SECRET)
        template = tmp_path / "empty.db"
        with sqlite3.connect(tmp_path / "data" / "linecall.db") as before_anything_came:
            before_anything_came.execute("VACUUM INTO ?", (str(template),))
        channel = plant.channel
        channel.send, channel.stored = taken, nothing  # type: ignore[method-assign]
        plant.app.reader = ReadsOnce(plant.app.reader)
        date = int(plant.clock.now().timestamp())
        first = telegram.message(MARIA, FILLER_DOWN, date=date - 4)
        updates = [
            first,
            {"update_id": 7, "edited_message": {**first["message"], "edit_date": date - 3}},
            telegram.message(LUIS, "seamer 2 has no lids", date=date - 2),
            telegram.press(GARY, "1.never-shown"),
            telegram.message(99999, "who are you", date=date),
        ]
        orders = random.Random(53)
        for n in range(ORDERS):
            plant.empty(template)
            deliveries = updates * 3
            orders.shuffle(deliveries)
            pauses = {orders.randrange(len(deliveries)) for _ in range(n % 3)}
            for position, update in enumerate(deliveries):
                knock = Knock(HOOK, "", HEADERS, json.dumps(update).encode(), plant.clock.now())
                assert knocked(plant.app, channel, knock).status == 200
                if position in pauses and first in deliveries[: position + 1]:
                    plant.settle()
            plant.settle()
            ends[repr(plant.knows())] += 1
        plant.close()
    assert len(ends) == 1, [state for state, _ in ends.most_common(3)]
    (state,) = ends
    assert "seamer 2" in state
    assert "filler 3" in state
