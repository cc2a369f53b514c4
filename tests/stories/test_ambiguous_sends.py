"""A thousand notices of which one in five ends without an answer: none is lost, and no repeat goes unmarked (R23).

`LINECALL_TEST_SENDS` says how many; the campaign sends 10,000.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from db import outbox
from tests.integrations.strange_chat import StrangeChat
from tests.stories.test_foreign_chats import Floor
from workflow.case import Notice
from workflow.errors import TryLater
from workflow.messages import Outbound, Sent

pytestmark = pytest.mark.slow
SENDS = int(os.environ.get("LINECALL_TEST_SENDS", "1000"))
MARKS = ("You may have this already:", "Puede que ya tengas esto:", "Talvez você já tenha recebido isto:")


@dataclass
class DoubtfulChat(StrangeChat):
    """One answer in five does not come; half of those messages have arrived all the same."""

    chance: random.Random = field(default_factory=lambda: random.Random(37))
    kept: dict[str, str] = field(default_factory=dict)  # what arrived, by our key

    async def send(self, message: Outbound) -> Sent:
        if self.traits.finds_sent and message.repeat and message.key in self.kept:
            return Sent(self.kept[message.key])
        if self.chance.random() >= 0.2:
            return await self._arrives(message)
        if self.chance.random() < 0.5:
            await self._arrives(message)
        raise TryLater("no answer", outcome_unknown=True)

    async def _arrives(self, message: Outbound) -> Sent:
        sent = await super().send(message)
        self.kept[message.key] = sent.message_id
        return sent


@pytest.fixture
def floor(tmp_path: Path, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data")
    plant.chat = DoubtfulChat()
    plant.app.channels = {**plant.app.channels, "telegram": plant.chat}
    yield plant
    plant.close()


@pytest.mark.parametrize("finds_sent", [False, True], ids=["marks repeats", "finds what was sent"])
def test_R23_one_ambiguous_send_in_five_loses_nothing(floor: Floor, finds_sent: bool) -> None:
    floor.chat.traits = replace(floor.chat.traits, finds_sent=finds_sent)
    people = [person.id for person in floor.app.plant.people if "telegram" in person.contacts]
    with floor.app.database.write() as tx:
        for n in range(SENDS):
            notice = Notice(people[n % len(people)], "refused.state.open", {"case": f"EX-{n}"})
            outbox.put(tx, None, notice, floor.clock.now())
    floor.settle()
    for _ in range(12):
        floor.passes(seconds=40)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    arrived = Counter(message.key for message in floor.chat.arrived)
    on_the_page = sum(line.channel == "web" for p in people for line in floor.transcript(p))
    assert len(arrived) + on_the_page >= SENDS, "none is lost"
    assert on_the_page < SENDS // 100, "only what failed five times in a row is told on the page"
    seen: set[str] = set()
    unmarked = 0
    for message in floor.chat.arrived:
        unmarked += message.key in seen and not message.repeat
        seen.add(message.key)
    assert unmarked == 0
    repeats = sum(arrived.values()) - len(arrived)
    assert repeats == 0 if finds_sent else repeats > SENDS // 20
