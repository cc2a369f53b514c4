"""One shift through a third party's Twilio: report, question, taking, time, hold in parts, end, summary; by numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from tests.services import missing

if find_spec("twilio") is None:
    missing("twilio (pip install linecall[whatsapp])")

from tests.integrations.strict_twilio import ACCOUNT, NUMBER, TOKEN
from tests.integrations.twilio_emulator import TwilioEmulator
from tests.integrations.whatsapp_floor import EDSON, GARY, HECTOR, MARIA, NOBODY, STEPHANIE, TAMIKA
from tests.web.door import OpenDoor
from workflow.case import Case

PATIENCE = 30.0


class Floor(OpenDoor):
    """Riverside whose people write through the emulator while the service runs."""

    def __init__(self, data: Path, emulator: TwilioEmulator) -> None:
        settings: dict[str, Any] = {
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": TOKEN,
            "twilio_whatsapp_from": NUMBER,
            "twilio_base_url": emulator.url,
            "whatsapp_buttons": False,  # the emulator takes any template and shows none
        }
        super().__init__(data, play=False, **settings)
        self.emulator = emulator

    def phone(self, person: str, words: str, *, but: int = 0) -> str:
        """Wait until a person has a message with these words, behind the first `but`."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = [m["body"] for m in self.emulator.shown(person)[but:] if words in m["body"]]
            if found:
                return str(found[-1])
            time.sleep(0.05)
        raise AssertionError(f"{person} never saw {words}, but {[m['body'] for m in self.emulator.shown(person)]}")

    def picks(self, person: str, label: str) -> None:
        """Wait for a numbered choice and send its number."""
        text = self.phone(person, f" {label}")
        self.emulator.types(person, next(line.split()[0] for line in text.splitlines() if line.endswith(f" {label}")))

    def until(self, true: Callable[[Case], Any], number: str) -> Case:
        """Wait until an exception is as it should be."""
        until = time.monotonic() + PATIENCE
        found = None
        while time.monotonic() < until:
            found = next((c for c in self.cases() if c.number == number), None)
            if found is not None and true(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{number} never came to that: {found}")


@pytest.mark.slow
def test_a_shift_through_the_emulator(tmp_path: Path, logged: LogCapture) -> None:
    emulator = TwilioEmulator(tmp_path)
    plant = Floor(tmp_path / "data", emulator)
    with plant.running() as address:
        emulator.calls = plant.app.channels["whatsapp"]._public_url = address  # type: ignore[attr-defined]
        with emulator:
            a_shift(plant, emulator)
    plant.close()
    # Rejected is right for whoever has not written here: the emulator has no templates, and their page shows it.
    events = {str(entry["event"]) for entry in logged.entries}
    assert events & {"hook.poison", "hook.not_proved", "outbox.failed"} == set()


def a_shift(plant: Floor, emulator: TwilioEmulator) -> None:
    for person in (GARY, TAMIKA):  # whom somebody else's message will reach: their 24 hours begin
        emulator.types(person, "good morning")
        plant.phone(person, "ello")
    emulator.types(NOBODY, "what is up?")
    plant.phone(NOBODY, "do not know you")

    emulator.types(MARIA, "filler on 3 is down, 10482 standing still")
    plant.phone(MARIA, "EX-1001")
    plant.phone(GARY, "EX-1001")
    plant.picks(GARY, "On it")
    plant.until(lambda c: c.task("maintenance").acknowledged_by == "gary.lindqvist", "EX-1001")  # type: ignore[union-attr]
    emulator.types(GARY, "there in 20 min")
    plant.until(lambda c: c.task("maintenance").promised_at, "EX-1001")  # type: ignore[union-attr]

    emulator.types(HECTOR, "la llenadora no arranca")
    assert "?" in plant.phone(HECTOR, "\n1 ")
    emulator.types(HECTOR, "1")
    plant.until(lambda c: c.status != "draft", "EX-1002")

    emulator.types(EDSON, "putting 6319-4A on hold, pallets without a date code")
    plant.phone(TAMIKA, "6319-4A")
    emulator.types(TAMIKA, "6319-4A: release 600 cs, rework 150 cs")
    plant.phone(TAMIKA, "1 Yes")
    plant.picks(TAMIKA, "Yes, book it")
    held = plant.until(lambda c: c.decisions == 1, "EX-1003")
    assert held.held_lot("6319-4A").remaining == 200  # type: ignore[union-attr]

    first = next(m for m in emulator.shown(GARY) if "EX-1001" in m["body"])
    for status in ("read", "delivered", "sent"):
        emulator.becomes(first, status)
    emulator.types(GARY, "EX-1001 running again, loose cable, 15 min")
    plant.until(lambda c: c.status in ("resolved", "closed"), "EX-1001")
    emulator.types(STEPHANIE, "what happened on the day shift today?")
    plant.phone(STEPHANIE, "EX-1001")
    plant.until(lambda c: _read(plant, c.number), "EX-1001")


def _read(plant: Floor, number: str) -> bool:
    from db import outbox

    with plant.app.database.read() as tx:
        return any(one.read_at and one.notice.to == "gary.lindqvist" for one in outbox.of_case(tx, number))
