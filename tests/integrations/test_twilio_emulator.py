"""The shift through a third party's Twilio; choices go by numbers, since it takes any template and shows none."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from tests.services import missing

if find_spec("twilio") is None:
    missing("twilio (pip install linecall[whatsapp])")

from db import outbox
from tests.integrations.emulated import EmulatedFloor, a_shift
from tests.integrations.strict_twilio import ACCOUNT, NUMBER, TOKEN
from tests.integrations.twilio_emulator import TwilioEmulator
from tests.integrations.whatsapp.floor import EDSON, GARY, HECTOR, MARIA, NOBODY, STEPHANIE, TAMIKA

PEOPLE = {
    "maria": MARIA, "gary": GARY, "hector": HECTOR, "edson": EDSON, "tamika": TAMIKA, "stephanie": STEPHANIE,
    "nobody": NOBODY,
}  # fmt: skip


class Floor(EmulatedFloor):
    """Riverside whose people write through the emulator while the service runs."""

    def __init__(self, data: Path, emulator: TwilioEmulator) -> None:
        settings: dict[str, Any] = {
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": TOKEN,
            "twilio_whatsapp_from": NUMBER,
            "twilio_base_url": emulator.url,
            "whatsapp_buttons": False,
        }
        super().__init__(data, play=False, **settings)
        self.emulator = emulator

    def types(self, person: str, text: str) -> None:
        self.emulator.types(PEOPLE[person], text)

    def shown(self, person: str) -> list[Any]:
        return self.emulator.shown(PEOPLE[person])

    def words(self, message: Any) -> str:
        return str(message["body"])

    def picks(self, person: str, label: str) -> str:
        def choices(message: Any) -> list[str]:
            lines = [line.partition(" ") for line in self.words(message).splitlines()]
            return [number for number, _, choice in lines if number.isdigit() and choice.startswith(label)]

        shown = self.sees(person, choices)
        self.types(person, choices(shown)[0])
        return self.words(shown)


@pytest.mark.slow
def test_a_shift_through_the_emulator(tmp_path: Path, logged: LogCapture) -> None:
    emulator = TwilioEmulator(tmp_path)
    plant = Floor(tmp_path / "data", emulator)
    with plant.running() as address:
        emulator.calls = plant.app.channels["whatsapp"]._public_url = address  # type: ignore[attr-defined]
        with emulator:
            for person in ("gary", "tamika"):  # whom somebody else's message will reach: their 24 hours begin
                plant.types(person, "good morning")
                plant.reads(person, "ello")
            plant.types("nobody", "what is up?")
            plant.reads("nobody", "do not know you")
            a_shift(plant)
            first = next(m for m in plant.shown("gary") if "EX-1001" in m["body"])
            for status in ("read", "delivered", "sent"):
                emulator.becomes(first, status)
            plant.until(lambda c: _read(plant, c.number), "EX-1001")
    plant.close()
    # Rejected is right for whoever has not written here: the emulator has no templates, and their page shows it.
    events = {str(entry["event"]) for entry in logged.entries}
    assert events & {"hook.poison", "hook.not_proved", "outbox.failed"} == set()


def _read(plant: Floor, number: str) -> bool:
    with plant.app.database.read() as tx:
        return any(one.read_at and one.notice.to == "gary.lindqvist" for one in outbox.of_case(tx, number))
