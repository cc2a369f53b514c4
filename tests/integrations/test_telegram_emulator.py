"""One shift through a third party's Telegram: report, question, taking, time, hold in parts, end, summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.engine import Engine, Lane
from db import addresses
from tests.integrations.strict_telegram import TOKEN
from tests.integrations.telegram_emulator import TelegramEmulator
from tests.services import missing
from tests.web.door import OpenDoor
from workflow.case import Case

if find_spec("telegram") is None:
    missing("python-telegram-bot (pip install linecall[telegram])")

MARIA, GARY, HECTOR, EDSON, TAMIKA, STEPHANIE = 70106, 70114, 70112, 70109, 70118, 70128
PATIENCE = 30.0


class Floor(OpenDoor):
    """Riverside whose people write through the emulator while the service polls it."""

    def __init__(self, data: Path, emulator: TelegramEmulator) -> None:
        super().__init__(data, play=False, telegram_token=TOKEN, telegram_base_url=emulator.url)
        self.emulator = emulator
        with self.app.database.write() as tx:  # two who are not on Telegram in plant.yaml accepted an invitation
            addresses.bind(tx, "telegram", str(TAMIKA), "tamika.jones", self.clock.now())
            addresses.bind(tx, "telegram", str(STEPHANIE), "stephanie.greer", self.clock.now())

    def reads(self, person: int, words: str) -> str:  # type: ignore[override]
        """Wait until a person has read a message with these words."""
        return str(self._shown(person, lambda m: words in m["message"]["text"])["message"]["text"])

    def presses(self, person: int, label: str) -> None:  # type: ignore[override]
        """Wait for a button and press the newest of that label."""
        shown = self._shown(person, lambda m: any(b["text"].startswith(label) for b in _buttons(m)))
        data = next(b["callback_data"] for b in _buttons(shown) if b["text"].startswith(label))
        self.emulator.presses(person, data, shown["messageId"])

    def until(self, true: Callable[[Case], Any], number: str) -> Case:
        """Wait until an exception is as it should be."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = next((c for c in self.cases() if c.number == number), None)
            if found is not None and true(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{number} never came to that: {found}")

    def _shown(self, person: int, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = [m for m in self.emulator.shown(person) if fits(m)]
            if found:
                return found[-1]
            time.sleep(0.05)
        raise AssertionError(
            f"{person} never saw it, but {[m['message']['text'] for m in self.emulator.shown(person)]}"
        )


def _buttons(shown: dict[str, Any]) -> list[dict[str, str]]:
    rows = (shown["message"].get("reply_markup") or {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


@pytest.mark.slow
def test_a_shift_through_the_emulator(tmp_path: Path, logged: LogCapture) -> None:
    with TelegramEmulator(TOKEN) as emulator:
        plant = Floor(tmp_path / "data", emulator)
        plant._moment = time.monotonic()
        with Engine(plant.app) as engine:
            engine.add(Lane("erp", lambda _: plant._a_moment_passes(), plant.app), seconds=0.2)

            emulator.types(MARIA, "filler on 3 is down, 10482 standing still")
            plant.reads(MARIA, "EX-1001")
            plant.reads(GARY, "EX-1001")
            plant.presses(GARY, "On it")
            plant.until(lambda c: c.task("maintenance").acknowledged_by == "gary.lindqvist", "EX-1001")  # type: ignore[union-attr]
            emulator.types(GARY, "there in 20 min")
            plant.until(lambda c: c.task("maintenance").promised_at, "EX-1001")  # type: ignore[union-attr]

            emulator.types(HECTOR, "la llenadora no arranca")
            question = plant._shown(HECTOR, lambda m: len(_buttons(m)) > 1)
            assert "?" in question["message"]["text"]
            emulator.presses(HECTOR, _buttons(question)[0]["callback_data"], question["messageId"])
            plant.until(lambda c: c.status != "draft", "EX-1002")

            emulator.types(EDSON, "putting 6319-4A on hold, pallets without a date code")
            plant.reads(TAMIKA, "6319-4A")
            emulator.types(TAMIKA, "6319-4A: release 600 cs, rework 150 cs")
            plant.reads(TAMIKA, "600")
            plant.presses(TAMIKA, "Yes")
            held = plant.until(lambda c: c.decisions == 1, "EX-1003")
            assert held.held_lot("6319-4A").remaining == 200  # type: ignore[union-attr]

            emulator.types(GARY, "EX-1001 running again, loose cable, 15 min")
            plant.until(lambda c: c.status in ("resolved", "closed"), "EX-1001")
            emulator.types(STEPHANIE, "what happened on the day shift today?")
            assert "EX-1001" in plant.reads(STEPHANIE, "EX-1001")
        assert {method for e in logged.entries for method in [e["event"]]} & {
            "telegram.poison",
            "outbox.failed",
        } == set()
        plant.close()
