"""Every delivery three times in any order ends in the same state, each time from the same morning (R23).

For each chat whose platform calls us: reports, an edit, a genuine press, a yes, a form or what became of a message, a
forged press and a stranger. `LINECALL_TEST_ORDERS` says how many orders the three get together.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import LogCapture

from bot.taking import knocked
from db.tables import arrival, notice
from db.tables import inbox as inbox_table
from tests.integrations import test_every_channel as every
from tests.integrations.patience import eventually
from tests.integrations.strict_slack import BOT_USER, StrictSlack
from tests.integrations.strict_telegram import StrictTelegram
from tests.web.door import OpenDoor
from workflow.case import Case
from workflow.messages import Inbound, Outbound, Sent
from workflow.ports import Channel, Knock, Reader
from workflow.reading import Context, Reading

pytestmark = pytest.mark.slow
ORDERS = int(os.environ.get("LINECALL_TEST_ORDERS", "500"))
NO_LIDS = "seamer 2 has no lids"
DATE_CODE = "putting 6319-4A on hold, pallets without a date code"
IN_PARTS = "6319-4A: release 600 cs, rework 150 cs"


@dataclass
class Played:
    """A plant after its first hour, and what its platform brings then."""

    plant: OpenDoor
    channel: Channel
    deliveries: tuple[Knock, ...]
    proofs: tuple[str, ...]  # what must stand in the state that all orders end in

    def keep(self, folder: Path) -> None:
        """Remember this moment: the database and the files of ERP."""
        self.kept, self.data = folder, self.plant.app.config.data
        folder.mkdir()
        with sqlite3.connect(self.data / "linecall.db") as here:
            here.execute("VACUUM INTO ?", (str(folder / "linecall.db"),))
        (self.data / "erp").mkdir(exist_ok=True)
        shutil.copytree(self.data / "erp", folder / "erp")

    def again(self) -> None:
        """Back to that moment: every page of the database is overwritten."""
        with sqlite3.connect(self.kept / "linecall.db") as then, sqlite3.connect(self.data / "linecall.db") as here:
            then.backup(here)
        shutil.rmtree(self.data / "erp")
        shutil.copytree(self.kept / "erp", self.data / "erp")

    def knows(self) -> tuple[str, ...]:
        """What became of it: everything but the numbers, which go by who was first."""
        with self.plant.app.database.read() as tx:
            rows = tx.execute(sa.select(inbox_table.c.message_id, inbox_table.c.handled_at.is_not(None))).all()
            told = tx.execute(sa.select(notice.c.to, notice.c.name)).all()
            unsent = tx.scalar(sa.select(sa.func.count()).where(notice.c.due_at.is_not(None)))
            states = [arrival.c[f"{state}_at"].is_not(None) for state in ("sent", "delivered", "read", "failed")]
            became = tx.execute(sa.select(arrival.c.message_id, *states).where(sa.or_(*states))).all()
        counted = Counter(f"{to} {name}" for to, name in told).items()
        return tuple(sorted([*map(str, (*rows, *counted, *became)), f"{unsent} unsent", *map(_said, self.cases())]))

    def cases(self) -> tuple[Case, ...]:
        return self.plant.cases()


def _said(case: Case) -> str:
    tasks = sorted((t.role, t.acknowledged_by or "", t.done_at is None) for t in case.tasks)
    held = [(h.lot, h.remaining) for h in case.held]
    told = (case.reporter, case.type, case.line, case.assets, case.work_orders, case.status, case.said)
    return repr((*told, tasks, held, case.decisions, case.proposal is not None))


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


@contextmanager
def telegram(data: Path) -> Iterator[Played]:
    """Gary may press that he is on it, Dwayne that his STOP meant no danger."""
    from tests.integrations.telegram.floor import FILLER_DOWN, GARY, HOOK, LUIS, MARIA, SECRET, Floor

    dwayne = 70101
    with StrictTelegram() as chat:
        plant = Floor(data, chat, telegram_webhook_secret=SECRET)
        plant.texts(MARIA, FILLER_DOWN)
        plant.texts(dwayne, "STOP")
        date = int(plant.clock.now().timestamp())
        first = chat.message(LUIS, NO_LIDS, date=date - 4)
        updates = [
            first,
            {"update_id": 7, "edited_message": {**first["message"], "edit_date": date - 3}},
            chat.press(GARY, plant.data(GARY, "On it")),
            chat.press(dwayne, plant.data(dwayne, "No danger")),
            chat.press(GARY, "1.never-shown"),
            chat.message(99999, "who are you", date=date),
        ]
        headers = {"x-telegram-bot-api-secret-token": SECRET}
        knocks = tuple(Knock(HOOK, "", headers, json.dumps(u).encode(), plant.clock.now()) for u in updates)
        yield Played(plant, plant.channel, knocks, ("seamer 2", "'gary.lindqvist', True", "'safety'", "'cancelled'"))
        plant.close()


@contextmanager
def slack(data: Path) -> Iterator[Played]:
    """Anita may press that she is on it, Tamika yes to what was read back, and she has filled in a form for another."""
    from tests.integrations.slack.floor import ANITA, FILLER_DOWN, HOOK, MARIA, TAMIKA, Floor

    dwayne = "U0101"
    with StrictSlack() as chat:
        plant = Floor(data, chat)
        plant.texts(MARIA, FILLER_DOWN)
        plant.texts(dwayne, "putting 6319-1A on hold, wrong label")
        plant.presses(TAMIKA, "Decide")
        eventually(lambda: chat.views)
        plant.texts(dwayne, DATE_CODE)
        plant.texts(TAMIKA, IN_PARTS)
        at = plant.clock.now().timestamp()
        mention = chat.message(MARIA, f"<@{BOT_USER}> {NO_LIDS}", channel="C0FLOOR", date=at - 1)
        payloads = [
            mention,
            chat.event({**mention["event"], "type": "app_mention"}),
            chat.edit(mention, f"<@{BOT_USER}> {NO_LIDS}"),
            chat.press(ANITA, plant.data(ANITA, "On it")),
            chat.press(TAMIKA, plant.data(TAMIKA, "Yes, book it")),
            chat.submission(TAMIKA, chat.views[-1], **{"0.release": "300", "reason": "labels checked"}),
            chat.press(ANITA, "1.never-shown"),
            chat.message("U0NOBODY", "who are you", date=at),
            chat.command("U0NOBODY", "hello"),
        ]
        signed = (chat.signed(payload, at) for payload in payloads)
        knocks = tuple(Knock(HOOK, "", headers, body, plant.clock.now()) for headers, body in signed)
        yield Played(
            plant, plant.channel, knocks, ("seamer 2", "'anita.rao', True", "[('6319-4A', 200.0)], 1", "True)")
        )
        plant.close()


@contextmanager
def whatsapp(data: Path) -> Iterator[Played]:
    """Gary may tap that he is on it, Tamika yes to what was read back; what was sent to Maria is delivered and read."""
    from tests.integrations.strict_twilio import StrictTwilio
    from tests.integrations.whatsapp.floor import EDSON, FILLER_DOWN, GARY, MARIA, NOBODY, TAMIKA, Floor

    luis = "+15550104"

    def tapped(person: str, label: str) -> Knock:
        message = next(m for m in reversed(twilio.shown(person)) if label in m["text"] or label in str(m["buttons"]))
        if not message["buttons"]:  # more choices than buttons: they are numbered, and a person writes the number
            (number,) = (line[0] for line in message["text"].splitlines() if line.endswith(f" {label}"))
            return twilio.wrote(person, number)
        (value,) = (value for shown, value in message["buttons"] if shown.startswith(label))
        return twilio.pressed(person, label, value, message["sid"])

    with StrictTwilio() as twilio:
        plant = Floor(data, twilio)
        for person in (GARY, TAMIKA, luis):
            plant.texts(person, "good morning")
        plant.brings(twilio.wrote(EDSON, DATE_CODE))
        plant.texts(TAMIKA, IN_PARTS)
        assert plant.knock(twilio.wrote(MARIA, FILLER_DOWN)).status_code == 200
        plant.settle()
        told, report = twilio.shown(MARIA)[-1], twilio.wrote(luis, NO_LIDS)
        again = dict(every_field(report)) | {"ErrorCode": "11200", "ErrorUrl": "https://linecall.riverside.example"}
        knocks = (
            report,
            twilio.signs("/hooks/whatsapp/fallback", again),
            tapped(GARY, "On it"),
            tapped(TAMIKA, "Yes"),
            *(twilio.becomes(told, status) for status in ("sent", "delivered", "read")),
            twilio.pressed(GARY, "On it", "1.never-shown"),
            twilio.wrote(NOBODY, "who are you"),
        )
        twilio.callbacks.clear()
        proofs = ("seamer 2", "'gary.lindqvist', True", "[('6319-4A', 200.0)], 1", "True, True, True, False")
        yield Played(plant, plant.app.channels["whatsapp"], knocks, proofs)
        plant.close()


def every_field(knock: Knock) -> list[tuple[str, str]]:
    """What stands in a form."""
    from urllib.parse import parse_qsl

    return parse_qsl(knock.body.decode(), keep_blank_values=True)


CHATS: dict[str, Callable[[Path], Any]] = {"telegram": telegram, "slack": slack, "whatsapp": whatsapp}


def test_every_chat_that_is_called_is_tried() -> None:
    assert set(CHATS) == set(every.CALLED)


@pytest.mark.parametrize("chat", CHATS)
def test_R23_every_delivery_three_times_in_any_order_ends_in_the_same_state(
    chat: str, tmp_path: Path, logged: LogCapture
) -> None:
    sent = 0

    async def taken(message: Outbound) -> Sent:
        """A platform that takes everything at once."""
        nonlocal sent
        sent += 1
        return Sent(message.replaces or f"{message.to}:{sent}")

    async def nothing(_: object) -> None:
        """Nobody is told that it is stored."""

    ends: Counter[tuple[str, ...]] = Counter()
    with CHATS[chat](tmp_path / "data") as played:
        played.keep(tmp_path / "first hour")
        channel, plant, first_hour = played.channel, played.plant, played.knows()
        channel.send = taken
        if hasattr(channel, "stored"):
            channel.stored = nothing
        plant.app.reader = ReadsOnce(plant.app.reader)
        report, orders = played.deliveries[0], random.Random(53)
        for n in range(-(-ORDERS // len(CHATS))):
            played.again()
            deliveries = [*played.deliveries] * 3
            orders.shuffle(deliveries)
            pauses = {orders.randrange(len(deliveries)) for _ in range(n % 3)}
            for position, knock in enumerate(deliveries):
                assert knocked(plant.app, channel, knock).status == 200
                if position in pauses and report in deliveries[: position + 1]:
                    plant.settle()
            plant.settle()
            ends[played.knows()] += 1
        played.again()
        assert played.knows() == first_hour
    (state, _), *others = ends.most_common()
    assert others == [], [sorted({*state} ^ {*other}) for other, _ in others[:3]]
    for proof in played.proofs:
        assert proof in str(state), state
