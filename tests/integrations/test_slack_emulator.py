"""One shift through a third party's Slack: report, question, taking, time, hold in parts, end, summary."""

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
from tests.services import missing
from tests.web.door import OpenDoor
from workflow.case import Case

if find_spec("slack_bolt") is None:
    missing("slack-bolt (pip install linecall[slack])")

from tests.integrations import strict_blocks
from tests.integrations.slack_emulator import BOT_USER, SlackEmulator
from tests.integrations.strict_slack import APP_TOKEN, TOKEN

PEOPLE = {
    "maria": "maria.lopez", "gary": "gary.lindqvist", "hector": "hector.salinas", "edson": "edson.silva",
    "tamika": "tamika.jones", "stephanie": "stephanie.greer",
}  # fmt: skip
PATIENCE = 40.0


class Floor(OpenDoor):
    """Riverside whose people write through the emulator while the service holds a socket to it."""

    def __init__(self, data: Path, emulator: SlackEmulator) -> None:
        super().__init__(
            data,
            play=False,
            slack_bot_token=TOKEN,
            slack_app_token=APP_TOKEN,
            slack_base_url=f"{emulator.url}/api/",
            slack_channel=f"quality={emulator.channel()}",
        )
        self.emulator = emulator
        with self.app.database.write() as tx:  # the emulator gives people ids of its own
            for name, person in PEOPLE.items():
                addresses.bind(tx, "slack", emulator.id_of(name), person, self.clock.now())

    def reads(self, person: str, words: str) -> str:  # type: ignore[override]
        """Wait until a person has read a message with these words."""
        return strict_blocks.shown(self._shown(person, lambda m: words in strict_blocks.shown(m["blocks"]))["blocks"])

    def presses(self, person: str, label: str, channel: str | None = None) -> None:  # type: ignore[override]
        """Wait for a button and press the newest of that label."""
        shown = self._shown(
            person, lambda m: any(b.startswith(label) for b, _ in strict_blocks.buttons(m["blocks"])), channel
        )
        value = next(v for b, v in strict_blocks.buttons(shown["blocks"]) if b.startswith(label))
        self.emulator.presses(person, value, shown, channel or self.emulator.direct(person))

    def until(self, true: Callable[[Case], Any], number: str) -> Case:
        """Wait until an exception is as it should be."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = next((c for c in self.cases() if c.number == number), None)
            if found is not None and true(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{number} never came to that: {found}")

    def eventually(self, true: Callable[[], Any]) -> Any:
        """Wait until something is there."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if found := true():
                return found
            time.sleep(0.1)
        raise AssertionError("it never came")

    def _shown(self, person: str, fits: Callable[[dict[str, Any]], bool], channel: str | None = None) -> dict[str, Any]:
        def read() -> list[dict[str, Any]]:
            return self.emulator.read(channel) if channel is not None else self.emulator.shown(person)

        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = [m for m in read() if m.get("blocks") and fits(m)]
            if found:
                return found[-1]
            time.sleep(0.1)
        raise AssertionError(f"{person} never saw it, but {[strict_blocks.shown(m.get('blocks', [])) for m in read()]}")


@pytest.mark.slow
def test_a_shift_through_the_emulator(tmp_path: Path, logged: LogCapture) -> None:
    with SlackEmulator(*PEOPLE) as emulator:
        plant = Floor(tmp_path / "data", emulator)
        plant._moment = time.monotonic()
        with Engine(plant.app) as engine:
            engine.add(Lane("erp", lambda _: plant._a_moment_passes(), plant.app), seconds=0.2)
            until = time.monotonic() + PATIENCE
            while not emulator.connected():
                assert time.monotonic() < until, "nobody holds a socket"
                time.sleep(0.05)

            emulator.writes("maria", "filler on 3 is down, 10482 standing still")
            plant.reads("maria", "EX-1001")
            plant.reads("gary", "EX-1001")
            plant.presses("gary", "On it")
            plant.until(lambda c: c.task("maintenance").acknowledged_by == "gary.lindqvist", "EX-1001")  # type: ignore[union-attr]
            emulator.writes("gary", "there in 20 min")
            plant.until(lambda c: c.task("maintenance").promised_at, "EX-1001")  # type: ignore[union-attr]

            emulator.command("hector", "la llenadora no arranca")
            question = plant._shown("hector", lambda m: len(strict_blocks.buttons(m["blocks"])) > 1)
            assert "?" in strict_blocks.shown(question["blocks"])
            value = strict_blocks.buttons(question["blocks"])[0][1]
            emulator.presses("hector", value, question, emulator.direct("hector"))
            plant.until(lambda c: c.status != "draft", "EX-1002")

            emulator.writes("edson", "putting 6319-4A on hold, pallets without a date code")
            quality = emulator.channel()
            card = plant._shown("tamika", lambda m: "6319-4A" in strict_blocks.shown(m["blocks"]), quality)
            plant.presses("tamika", "Decide", quality)
            form = plant.eventually(emulator.view)
            emulator.sends("tamika", form, **{"0.release": "600", "0.rework": "150", "reason": "checked by hand"})
            plant.presses("tamika", "Yes", quality)
            held = plant.until(lambda c: c.decisions == 1, "EX-1003")
            assert held.held_lot("6319-4A").remaining == 200  # type: ignore[union-attr]
            plant.eventually(
                lambda: any(
                    m["ts"] == card["ts"] and "Stays on hold: 6319-4A: 200" in strict_blocks.shown(m["blocks"])
                    for m in emulator.read(quality)
                )
            )  # the card is one message, changed in place
            roots = {m.get("thread_ts", m["ts"]) for m in emulator.read(quality) if m["user"] == BOT_USER}
            assert roots == {card["ts"]}, "the rest stands in its thread"

            emulator.writes("gary", "EX-1001 running again, loose cable, 15 min")
            plant.until(lambda c: c.status in ("resolved", "closed"), "EX-1001")
            emulator.writes("stephanie", "what happened on the day shift today?")
            assert "EX-1001" in plant.reads("stephanie", "EX-1001")
        assert {e["event"] for e in logged.entries} & {
            "slack.poison", "slack.not_stored", "slack.not_looked", "slack.form_not_shown", "outbox.failed",
        } == set()  # fmt: skip
        plant.close()
