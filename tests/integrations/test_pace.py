"""One pace for every chat: who comes too fast waits or comes again, and is never counted as having failed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from db import outbox
from integrations.chat.pace import Pace
from integrations.chat.telegram import Telegram
from integrations.chat.whatsapp import WhatsApp
from tests.integrations.strict_slack import StrictSlack
from tests.integrations.strict_telegram import TOKEN as TELEGRAM_TOKEN
from tests.integrations.strict_telegram import Refuses, StrictTelegram
from tests.web.door import OpenDoor
from workflow.case import Notice
from workflow.errors import NotYet
from workflow.messages import Place
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


def test_a_limit_of_groups_is_about_groups_and_their_topics_are_one_group() -> None:
    clock = Clock()
    pace = Pace((Rate(timedelta(seconds=4), 2, each=True, begins="-"),), clock.now)
    assert turns(pace, "-100123/5") == (2, 4.0)
    assert turns(pace, "-100123/7") == (0, 4.0), "another topic of the same group"
    assert turns(pace, "-100456") == (2, 4.0)

    async def many() -> None:
        for _ in range(100):
            await pace.turn("70106")

    asyncio.run(many())


def seconds(floor: OpenDoor) -> Callable[[], float]:
    """The plant's clock."""
    return lambda: floor.clock.now().timestamp()


def tells(floor: OpenDoor, to: list[tuple[str, Place | None]]) -> None:
    """Notices for these people, or for the group where they would be told, all at one instant."""
    with floor.app.database.write() as tx:
        for n, (person, where) in enumerate(to):
            notice = Notice(person, "refused.state.open", {"case": f"EX-{n}"}, where=where)
            outbox.put(tx, None, notice, floor.clock.now())
    floor.settle()


def all_sent(floor: OpenDoor, seconds: int) -> None:
    """After so long nothing waits any more, and nobody's own page had to stand in."""
    for _ in range(seconds):
        floor.passes(seconds=1)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    fallen_back = [p.id for p in floor.app.plant.people if any(x.channel == "web" for x in floor.transcript(p.id))]
    assert fallen_back == []


def numbers(texts: list[str]) -> list[int]:
    return [int(found) for text in texts for found in re.findall(r"EX-(\d+)", text)]


def test_R54_forty_messages_to_one_person_all_arrive_in_slack_in_their_order(
    tmp_path: Path, logged: LogCapture
) -> None:
    from tests.integrations.slack.floor import ANITA, Floor

    with StrictSlack() as slack:
        floor = Floor(tmp_path / "data", slack)
        now = seconds(floor)
        slack.keeps_pace(now)
        floor.channel._posts._pace = Pace(floor.channel.traits.rates, now, waits=0.001)
        tells(floor, [("anita.rao", None)] * 40)
        assert 0 < len(slack.to(ANITA)) < 10, "the rest keeps to the pace"
        all_sent(floor, 60)
        assert numbers(floor.shows(ANITA)) == [*range(40)]
        assert slack.too_fast == 0

        floor.channel._posts._pace = Pace(())
        tells(floor, [("anita.rao", None)] * 10)
        assert slack.too_fast > 0, "and whoever keeps no pace is refused"
        floor.close()


def test_R53_telegram_is_never_sent_more_than_it_takes_to_a_person_a_group_and_all(
    tmp_path: Path, logged: LogCapture
) -> None:
    from tests.integrations.telegram.floor import GARY, Floor

    with StrictTelegram() as telegram:
        floor = Floor(tmp_path / "data", telegram)
        now = seconds(floor)
        telegram.keeps_pace(now)
        assert isinstance(floor.channel, Telegram)
        floor.channel._pace = Pace(floor.channel.traits.rates, now, waits=0.001)
        people = [p.id for p in floor.app.plant.people if "telegram" in p.contacts]
        group = Place("telegram", "-1001/5", "-1001:1", "70114")
        mine: list[tuple[str, Place | None]] = [("gary.lindqvist", None)] * 20
        tells(floor, [*mine, *[("gary.lindqvist", group)] * 30, *((person, None) for person in people * 4)])
        assert 0 < len(telegram.accepted) <= 30
        all_sent(floor, 150)
        assert len(telegram.to("-1001")) == 30
        assert numbers([m["text"] for m in telegram.to(GARY)])[:20] == [*range(20)]
        assert telegram.too_fast == 0

        floor.channel._pace = Pace(())
        tells(floor, [("gary.lindqvist", None)] * 10)
        assert telegram.too_fast > 0, "and whoever keeps no pace is refused"
        floor.close()


def test_telegram_takes_no_answer_to_a_press_that_is_too_old(tmp_path: Path, logged: LogCapture) -> None:
    clock = Clock()
    with StrictTelegram() as telegram:
        telegram.now = clock.now
        press = telegram.press(70114, "1.x")["callback_query"]["id"]
        assert telegram.call(TELEGRAM_TOKEN, "answerCallbackQuery", {"callback_query_id": press})
        clock.at += 151
        with pytest.raises(Refuses, match="too old"):
            telegram.call(TELEGRAM_TOKEN, "answerCallbackQuery", {"callback_query_id": press})


def test_R52_twilio_is_never_handed_more_in_a_second_than_it_hands_on(tmp_path: Path, logged: LogCapture) -> None:
    from tests.integrations.whatsapp.floor import Floor, StrictTwilio

    with StrictTwilio() as twilio:
        floor = Floor(tmp_path / "data", twilio)
        now = seconds(floor)
        twilio.keeps_pace(now)
        channel = floor.app.channels["whatsapp"]
        assert isinstance(channel, WhatsApp)
        channel._pace = Pace(channel.traits.rates, now, waits=0.001)
        people = [p.id for p in floor.app.plant.people if "whatsapp" in p.contacts]
        for person in people:  # their 24 hours begin
            floor.knock(twilio.wrote(str(floor.app.plant.person[person].contacts["whatsapp"]), "good morning"))
        all_sent(floor, 10)
        for sent in (twilio.accepted, twilio.arrived):
            sent.clear()
        tells(floor, [(person, None) for person in people * 8])
        assert 0 < len(twilio.accepted) <= 80
        all_sent(floor, 40)
        assert len(twilio.arrived) == len(people) * 8
        assert twilio.queued == []

        channel._pace = Pace(())
        tells(floor, [(person, None) for person in people * 4])
        assert twilio.queued, "and whoever keeps no pace has messages wait at Twilio, unseen"
        floor.close()
