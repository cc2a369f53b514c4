"""A thousand notices of which one in five ends without an answer: none is lost, and no repeat goes unmarked (R23).

The real outbox and the real Slack and Telegram, against our strict fakes of them. `LINECALL_TEST_SENDS` says how many
notices each chat gets; the campaign sends 10,000.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.wording import word
from db import outbox
from tests.integrations import strict_blocks
from tests.integrations.strict_slack import StrictSlack
from tests.integrations.strict_telegram import StrictTelegram
from tests.web.door import OpenDoor
from workflow.case import Notice

pytestmark = pytest.mark.slow
SENDS = int(os.environ.get("LINECALL_TEST_SENDS", "1000"))
IN_DOUBT = 0.2  # of the sends have no answer; half of these have arrived all the same


class Dice(list[str]):
    """How a platform's next message goes wrong, if it does; never at an end."""

    def __init__(self) -> None:
        super().__init__(["never popped"])
        self._chance, self.thrown = random.Random(37), Counter[str]()

    def pop(self, index: Any = 0) -> str:
        """What goes wrong now."""
        how = self._chance.choice(["lost", "silent"]) if self._chance.random() < IN_DOUBT else ""
        self.thrown[how] += 1
        return how


@contextmanager
def riverside(chat: str, data: Path) -> Iterator[tuple[OpenDoor, Any]]:
    """The plant and the far end of one of its chats, which fails by the dice."""
    if chat == "telegram":
        from tests.integrations.telegram.floor import Floor as OnTelegram

        with StrictTelegram() as telegram:
            yield OnTelegram(data, telegram), telegram
    else:
        from tests.integrations.slack.floor import Floor as OnSlack

        with StrictSlack() as slack:
            yield OnSlack(data, slack), slack


@pytest.mark.parametrize("chat", ["telegram", "slack"])
def test_R23_one_ambiguous_send_in_five_loses_nothing(chat: str, tmp_path: Path, logged: LogCapture) -> None:
    with riverside(chat, tmp_path / "data") as (plant, far_end):
        far_end.breaks = dice = Dice()
        people = [person.id for person in plant.app.plant.people if chat in person.contacts]
        wanted = {f"EX-{n}": people[n % len(people)] for n in range(SENDS)}
        with plant.app.database.write() as tx:
            for number, person in wanted.items():
                outbox.put(tx, None, Notice(person, "refused.state.open", {"case": number}), plant.clock.now())
        plant.settle()
        for _ in range(12):
            plant.passes(seconds=40)
        with plant.app.database.read() as tx:
            assert outbox.unsent_count(tx) == 0
        assert dice.thrown["silent"] > SENDS // 20, "what arrived and was never confirmed is what this is about"

        shown = [
            (message["sent"] if chat == "telegram" else strict_blocks.shown(message["blocks"]))
            for message in far_end.accepted
        ]
        arrived = Counter(_number(text) for text in shown)
        on_the_page = {
            _number(line.text) for person in people for line in plant.transcript(person) if line.channel == "web"
        }
        assert {*arrived} | on_the_page == {*wanted}, "none is lost"
        assert len(on_the_page) < max(2, SENDS // 100), "only what failed five times in a row is told on the page"
        told = {contact(plant, person, chat) for person in people}
        where = "chat_id" if chat == "telegram" else "channel"
        assert {message[where] for message in far_end.accepted} == told, "and everybody has theirs"

        repeats = sum(arrived.values()) - len(arrived)
        if chat == "slack":
            assert repeats == 0, "what had arrived was found, and not sent again"
        else:
            assert repeats > SENDS // 20, "nobody can ask Telegram what it took"
            marks = tuple(word(language, "again") for language in ("en", "es", "pt"))
            seen: set[str] = set()
            for text in shown:
                assert _number(text) not in seen or text.startswith(marks), "a repeat says that it is one"
                seen.add(_number(text))
        plant.close()


def contact(plant: OpenDoor, person: str, chat: str) -> str:
    """Where somebody's messages arrive at the far end."""
    address = str(plant.app.plant.person[person].contacts[chat])
    return address if chat == "telegram" else f"D{address[1:]}"


def _number(text: str) -> str:
    found = re.search(r"EX-\d+", text)
    assert found is not None, text
    return found[0]
