"""The shift through a third party's Slack, with its form and its live card; and photos, voice notes and forms."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from db import addresses, inbox
from tests.services import missing

if find_spec("slack_bolt") is None:
    missing("slack-bolt (pip install linecall[slack])")

from tests.integrations import strict_blocks
from tests.integrations.emulated import PATIENCE, EmulatedFloor, a_shift
from tests.integrations.patience import eventually
from tests.integrations.slack_emulator import BOT_USER, SlackEmulator
from tests.integrations.strict_slack import APP_TOKEN, TOKEN

PEOPLE = {
    "maria": "maria.lopez", "gary": "gary.lindqvist", "hector": "hector.salinas", "edson": "edson.silva",
    "tamika": "tamika.jones", "stephanie": "stephanie.greer",
}  # fmt: skip
FILES = {
    "label.jpg": ("photo", b"\xff\xd8\xff\xe0 a photo of a label"),
    "note.mp3": ("voice", b"ID3 a voice note"),
    "form.pdf": ("document", b"%PDF-1.4 a form"),
}


class Floor(EmulatedFloor):
    """Riverside whose people write through the emulator while the service holds a socket to it."""

    def __init__(self, data: Path, emulator: SlackEmulator) -> None:
        self.quality = emulator.channel()
        super().__init__(
            data,
            play=False,
            slack_bot_token=TOKEN,
            slack_app_token=APP_TOKEN,
            slack_base_url=f"{emulator.url}/api/",
            slack_channel=f"quality={self.quality}",
        )
        self.emulator = emulator
        with self.app.database.write() as tx:  # the emulator gives people ids of its own
            for name, person in PEOPLE.items():
                addresses.bind(tx, "slack", emulator.id_of(name), person, self.clock.now())

    def types(self, person: str, text: str) -> None:
        self.emulator.writes(person, text)

    def asks(self, person: str, text: str) -> None:
        self.emulator.command(person, text)

    def shown(self, person: str) -> list[Any]:
        """What a person has in private, or what stands in a channel, where its id is given."""
        found = self.emulator.read(person) if person == self.quality else self.emulator.shown(person)
        return [message for message in found if message.get("blocks")]

    def words(self, message: Any) -> str:
        return strict_blocks.shown(message["blocks"])

    def picks(self, person: str, label: str, channel: str | None = None) -> str:
        shown = self.sees(channel or person, lambda m: [b for b in _buttons(m) if b[0].startswith(label)])
        value = next(value for shown_label, value in _buttons(shown) if shown_label.startswith(label))
        self.emulator.presses(person, value, shown, channel or self.emulator.direct(person))
        return self.words(shown)

    def decides(self) -> None:
        """In the form that opens from the card of quality's channel."""
        card = self.sees(self.quality, lambda m: "6319-4A" in self.words(m))
        self.picks("tamika", "Decide", self.quality)
        form = eventually(self.emulator.view, PATIENCE)
        assert form is not None
        self.emulator.sends("tamika", form, **{"0.release": "600", "0.rework": "150", "reason": "checked by hand"})
        self.picks("tamika", "Yes", self.quality)
        self.sees(
            self.quality, lambda m: m["ts"] == card["ts"] and "Stays on hold: 6319-4A: 200" in self.words(m)
        )  # the card is one message, changed in place
        roots = {m.get("thread_ts", m["ts"]) for m in self.emulator.read(self.quality) if m["user"] == BOT_USER}
        assert roots == {card["ts"]}, "the rest stands in its thread"

    def files(self) -> dict[str, str]:
        """What came with messages: the kind and the reference of each."""
        with self.app.database.read() as tx:
            rows = [inbox.get(tx, n) for n in range(1, 100)]
        return {media.kind: media.reference for row in rows if row is not None for media in row.message.media}


def _buttons(message: Any) -> list[tuple[str, str]]:
    return strict_blocks.buttons(message["blocks"])


@pytest.mark.slow
def test_a_shift_and_its_files_through_the_emulator(tmp_path: Path, logged: LogCapture) -> None:
    with SlackEmulator(*PEOPLE) as emulator:
        plant = Floor(tmp_path / "data", emulator)
        with plant.at_work():
            eventually(emulator.connected, PATIENCE)
            a_shift(plant)
            for name, (_, content) in FILES.items():
                emulator.uploads("maria", name, content)
            found = eventually(lambda: len(plant.files()) == len(FILES) and plant.files(), PATIENCE, plant.files)
            channel: Any = plant.app.channels["slack"]
            for kind, content in FILES.values():
                assert plant.app.loop.run(channel.fetch(found[kind])) == content  # type: ignore[index]
        assert {e["event"] for e in logged.entries} & {
            "slack.poison", "slack.not_stored", "slack.not_looked", "slack.form_not_shown", "outbox.failed",
        } == set()  # fmt: skip
        plant.close()
