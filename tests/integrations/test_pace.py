"""One pace for every chat: who comes too fast waits or comes again, and is never counted as having failed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from db import outbox
from integrations.chat.pace import Pace
from tests.integrations.slack.floor import ANITA, Floor
from tests.integrations.strict_slack import StrictSlack
from workflow.case import Notice
from workflow.errors import NotYet
from workflow.ports import Rate

PAIR = Rate(timedelta(seconds=6), 30, each=True)  # WhatsApp's


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at


def turns(pace: Pace, who: str) -> tuple[int, float]:
    """How many messages go at once, and after how many seconds the next one may."""

    async def until_held() -> tuple[int, float]:
        for n in range(200):
            try:
                await pace.turn(who)
            except NotYet as later:
                return n, later.after.total_seconds() if later.after else 0.0
        raise AssertionError("nothing holds it back")

    return asyncio.run(until_held())


def test_R52_one_person_gets_a_burst_and_then_one_message_each_six_seconds() -> None:
    clock = Clock()
    pace = Pace((PAIR,), clock.now)
    assert turns(pace, "gary") == (30, 6.0)
    assert turns(pace, "maria") == (30, 6.0), "one person's news are not in another's way"
    clock.at += 6.0
    assert turns(pace, "gary") == (1, 6.0)
    clock.at += 6000.0
    assert turns(pace, "gary") == (30, 6.0)


def test_what_goes_to_all_together_is_counted_once_and_only_if_it_goes() -> None:
    clock = Clock()
    pace = Pace((Rate(timedelta(seconds=5), 3), PAIR), clock.now)
    assert turns(pace, "gary") == (3, 5.0)
    assert turns(pace, "maria") == (0, 5.0), "the number sends no faster to another"
    clock.at += 5.0
    assert turns(pace, "maria") == (1, 5.0)


def test_who_has_no_rates_is_never_held_back() -> None:
    pace = Pace(())

    async def many() -> None:
        for _ in range(1000):
            await pace.turn("gary")

    asyncio.run(many())


@pytest.fixture
def slack() -> StrictSlack:
    return StrictSlack()


def test_R54_forty_messages_to_one_person_all_arrive_in_slack_in_their_order(
    tmp_path: Path, logged: LogCapture, slack: StrictSlack
) -> None:
    with slack:
        floor = Floor(tmp_path / "data", slack)
        clock = floor.clock
        floor.channel._posts._pace = Pace(floor.channel.traits.rates, lambda: clock.now().timestamp(), waits=0.0)
        with floor.app.database.write() as tx:
            for n in range(40):
                outbox.put(tx, None, Notice("anita.rao", "refused.state.open", {"case": f"EX-{n}"}), clock.now())
        floor.settle()
        assert 0 < len(slack.to(ANITA)) < 10, "the rest keeps to the pace"
        for _ in range(60):
            floor.passes(seconds=1)
        shown = floor.shows(ANITA)
        assert [next(word for word in text.split() if word.startswith("EX-")).strip(".:,") for text in shown] == [
            f"EX-{n}" for n in range(40)
        ]
        with floor.app.database.read() as tx:
            assert outbox.unsent_count(tx) == 0
        assert not any(line.channel == "web" for line in floor.transcript("anita.rao")), "and none fell back"
        floor.close()
