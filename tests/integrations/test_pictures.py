"""A picture goes with its words: in a chat that shows none, or is slow with it, the words still arrive."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from bot.fitting import parts as fitted
from bot.lending import LENT_FOR, lender
from tests.integrations import strict_blocks
from tests.integrations.strict_slack import GIVEN, TOKEN, StrictSlack
from tests.integrations.test_every_channel import PICTURE
from tests.services import missing
from tests.web.door import OpenDoor
from workflow.messages import Button, Outbound
from workflow.ports import Traits

WHOLE = Outbound("70106", "Seals. " * 40, picture=PICTURE, key="riverside:7")
ON_IT = (Button("On it", "1f.seal"),)


def test_what_is_longer_than_a_caption_goes_on_below_the_picture() -> None:
    parts = fitted(WHOLE, ON_IT, Traits(text=4096, caption=100))
    assert [part.picture is not None for part in parts] == [True, False]
    assert [part.buttons for part in parts] == [(), ON_IT]
    assert " ".join(part.text for part in parts) == WHOLE.text.strip()
    assert len(parts[0].text) <= 100
    assert len({part.key for part in parts}) == 2


def test_a_chat_without_pictures_gets_the_words() -> None:
    (part,) = fitted(WHOLE, ON_IT, Traits(text=4096))
    assert (part.text, part.picture, part.buttons) == (WHOLE.text.strip(), None, ON_IT)


def posted(slack: StrictSlack, message: Outbound) -> None:
    try:
        from integrations.chat.pace import Pace
        from integrations.chat.slack import Slack
    except ImportError:
        missing("slack-bolt (pip install linecall[slack])")

    async def send() -> None:
        channel = Slack(TOKEN, base_url=slack.url, pace=Pace(()))
        await channel.send(message)
        await channel.close()

    asyncio.run(send())


def test_slack_is_waited_for_while_it_opens_the_picture() -> None:
    with StrictSlack() as slack:
        slack.slow_files = 3
        posted(slack, Outbound("U0106", "Causes this week", picture=PICTURE))
        (message,) = slack.to("U0106")
        assert len(strict_blocks.files(message["blocks"])) == 1


@pytest.mark.parametrize("why", ["slow", "no scope"])
def test_slack_without_the_picture_still_gets_the_words(why: str) -> None:
    with StrictSlack() as slack:
        if why == "slow":
            slack.slow_files = 10_000
        else:
            slack.scopes = GIVEN.replace("files:write,", "")
        posted(slack, Outbound("U0106", "Causes this week", picture=PICTURE))
        (message,) = slack.to("U0106")
        assert strict_blocks.shown(message["blocks"]) == "Causes this week"
        assert strict_blocks.files(message["blocks"]) == []


def test_a_repeat_in_slack_finds_the_message_with_its_picture() -> None:
    with StrictSlack() as slack:
        for repeat in (False, True):
            message = Outbound("U0106", "Causes this week", picture=PICTURE, key="riverside:7:0", repeat=repeat)
            posted(slack, message)
        assert len(slack.to("U0106")) == 1


def test_a_lent_picture_is_fetched_by_whoever_has_its_address_and_not_for_long(tmp_path: Path) -> None:
    door = OpenDoor(tmp_path / "data", public_url="https://linecall.riverside.example", play=False)
    lend = lender(door.app.config)
    assert lend is not None
    first, second = lend(PICTURE), lend(PICTURE)
    path = first.removeprefix("https://linecall.riverside.example")
    fetched = door.knocks(host="linecall.riverside.example", address="203.0.113.7").get(path)
    assert (fetched.status_code, fetched.content, fetched.headers["content-type"]) == (200, PICTURE, "image/png")
    guessed = [path[:-5] + ("a.png" if path[-5] != "a" else "b.png"), "/hooks/pictures/..png", "/hooks/pictures/x"]
    assert [door.someone.get(wrong).status_code for wrong in guessed] == [404, 404, 404]

    (old,) = (tmp_path / "data" / "lent").glob(path.rpartition("/")[2])
    long_ago = time.time() - LENT_FOR - 1
    os.utime(old, (long_ago, long_ago))
    assert door.someone.get(path).status_code == 404
    lend(PICTURE)
    assert not old.exists(), "and it does not stay on the disk"
    assert second != first
    door.close()


def test_where_nobody_outside_reaches_us_nothing_is_lent(tmp_path: Path) -> None:
    door = OpenDoor(tmp_path / "data", play=False)
    assert lender(door.app.config) is None
    door.close()
