"""The shift through a third party's Telegram, and a place, which it can send too; it has no files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from db import addresses, inbox
from tests.integrations.emulated import EmulatedFloor, a_shift
from tests.integrations.patience import eventually
from tests.integrations.strict_telegram import TOKEN
from tests.integrations.telegram_emulator import TelegramEmulator
from tests.services import missing

if find_spec("telegram") is None:
    missing("python-telegram-bot (pip install linecall[telegram])")

PEOPLE = {"maria": 70106, "gary": 70114, "hector": 70112, "edson": 70109, "tamika": 70118, "stephanie": 70128}


class Floor(EmulatedFloor):
    """Riverside whose people write through the emulator while the service polls it."""

    def __init__(self, data: Path, emulator: TelegramEmulator) -> None:
        super().__init__(data, play=False, telegram_token=TOKEN, telegram_base_url=emulator.url)
        self.emulator = emulator
        with self.app.database.write() as tx:  # two who are not on Telegram in plant.yaml accepted an invitation
            addresses.bind(tx, "telegram", str(PEOPLE["tamika"]), "tamika.jones", self.clock.now())
            addresses.bind(tx, "telegram", str(PEOPLE["stephanie"]), "stephanie.greer", self.clock.now())

    def types(self, person: str, text: str, **more: Any) -> None:
        self.emulator.types(PEOPLE[person], text, **more)

    def shown(self, person: str) -> list[Any]:
        return self.emulator.shown(PEOPLE[person])

    def words(self, message: Any) -> str:
        return str(message["message"]["text"])

    def picks(self, person: str, label: str) -> str:
        shown = self.sees(person, lambda m: any(b["text"].startswith(label) for b in _buttons(m)))
        data = next(b["callback_data"] for b in _buttons(shown) if b["text"].startswith(label))
        self.emulator.presses(PEOPLE[person], data, shown["messageId"])
        return self.words(shown)


def _buttons(shown: dict[str, Any]) -> list[dict[str, str]]:
    rows = (shown["message"].get("reply_markup") or {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


@pytest.mark.slow
def test_a_shift_through_the_emulator(tmp_path: Path, logged: LogCapture) -> None:
    with TelegramEmulator(TOKEN) as emulator:
        plant = Floor(tmp_path / "data", emulator)
        with plant.at_work():
            a_shift(plant)
            plant.types("maria", "here", location={"latitude": 41.59, "longitude": -93.62})
            eventually(lambda: _place(plant) == "41.59,-93.62", 30)
        assert {str(e["event"]) for e in logged.entries} & {"telegram.poison", "outbox.failed"} == set()
        plant.close()


def _place(plant: Floor) -> str:
    """Where the newest message came from."""
    with plant.app.database.read() as tx:
        media = inbox.latest(tx, 1)[-1].message.media
    return media[0].reference if media and media[0].kind == "location" else ""
