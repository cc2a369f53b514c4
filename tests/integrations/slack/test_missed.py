"""What Slack dropped, looked for again: each thread and conversation for itself, whoever is gone or has to wait."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.invite import invite
from integrations.chat.slack_missed import BETWEEN, Missed
from integrations.chat.slack_wire import Wire
from tests.integrations.slack.floor import ANITA, FILLER_DOWN, FIXERS, HOOK, MARIA, NEIL, TAMIKA, US, Floor
from tests.integrations.strict_slack import APP, BOT_USER, TEAM, TOKEN
from workflow.errors import Rejected


class Looks:
    """A look at a plant's Slack, as often as it is asked for; `rests` is how long it paused, in seconds."""

    def __init__(self, floor: Floor, token: str = TOKEN) -> None:
        self.floor, self.rests = floor, list[float]()
        self._wire = Wire(token, floor.slack.url)
        self._missed = Missed(self._wire, lambda: US, floor.channel._where, self._rested)

    async def _rested(self, seconds: float) -> None:
        if seconds != BETWEEN:
            self.rests.append(seconds)

    def __call__(self) -> None:
        """One look; what it found is read by the program."""

        async def receive(said: Any) -> None:
            await asyncio.to_thread(self.floor.app.receive, said)

        async def look() -> None:
            try:
                await self._missed.look(receive)
            finally:
                await self._wire.close()

        self.floor.app.loop.run(look())
        self.floor.settle()


@pytest.fixture
def look(floor: Floor) -> Looks:
    return Looks(floor)


def test_a_thread_that_is_gone_is_in_no_other_threads_way(floor: Floor, look: Looks) -> None:
    said = floor.slack.message(MARIA, FILLER_DOWN)
    floor.knocks_with(said)
    floor.settle()
    told = floor.slack.to(ANITA)[0]
    floor.slack.said.remove(said["event"])  # Maria deletes her message: its thread is gone, its exception is open
    floor.slack.message(ANITA, "on it, 10 min", thread_ts=told["ts"])  # and no event of it
    look()
    (case,) = floor.cases()
    assert case.task("maintenance").acknowledged_by == "anita.rao"  # type: ignore[union-attr]


def test_a_pause_that_slack_asks_for_leaves_one_thread_for_the_next_look(floor: Floor, look: Looks) -> None:
    floor.knocks_with(floor.slack.message(MARIA, FILLER_DOWN))
    floor.settle()
    look()
    asked = len([one for one in floor.slack.calls if one[0].startswith(("conversations.h", "conversations.rep"))])
    assert asked > 2, "several must be read for this to mean anything"
    floor.slack.message(ANITA, "on it, 10 min", thread_ts=floor.slack.to(ANITA)[0]["ts"])
    floor.slack.reads_floods = [7] * asked
    look()
    assert look.rests == [8.0] * asked, "each is asked for once, and no sooner than Slack wants"
    (case,) = floor.cases()
    assert case.task("maintenance").acknowledged_by is None  # type: ignore[union-attr]
    look()
    (case,) = floor.cases()
    assert case.task("maintenance").acknowledged_by == "anita.rao"  # type: ignore[union-attr]


def test_a_token_that_is_refused_ends_the_look(floor: Floor) -> None:
    with pytest.raises(Rejected, match="invalid_auth"):
        Looks(floor, "xoxb-revoked")()


def test_a_report_whose_event_was_dropped_is_found(floor: Floor, look: Looks, logged: LogCapture) -> None:
    floor.slack.dead.add(TAMIKA)
    floor.slack.message(MARIA, FILLER_DOWN)  # and no event of it
    look()
    (case,) = floor.cases()
    assert case.reporter == "maria.lopez"
    look()
    assert len(floor.cases()) == 1, "what is known is no second report"


def test_a_report_in_a_channel_whose_event_was_dropped_is_found(channels: Floor) -> None:
    look = Looks(channels)
    channels.slack.message(MARIA, f"<@{BOT_USER}> {FILLER_DOWN}", channel=FIXERS)
    channels.slack.message(NEIL, "who has the torque wrench", channel=FIXERS)
    look()
    assert [case.reporter for case in channels.cases()] == ["maria.lopez"]


def test_whoever_was_invited_is_looked_for_too(floor: Floor, look: Looks) -> None:
    floor.texts("U0NEW", f"/start {invite(floor.app, 'maria.lopez')}")
    floor.texts("U0NEW", "yes")
    floor.slack.message("U0NEW", FILLER_DOWN)  # and no event of it
    look()
    assert [case.reporter for case in floor.cases()] == ["maria.lopez"]


def test_slack_says_that_it_dropped_some_and_is_looked_at_soon(floor: Floor) -> None:
    soon: list[str] = []
    floor.channel._look_soon = lambda: soon.append("soon")
    said = {"type": "app_rate_limited", "team_id": TEAM, "minute_rate_limited": 1763800000, "api_app_id": APP}
    assert floor.knocks_with(json.dumps(said).encode()) == 200
    assert soon == ["soon"]
    assert floor.rows() == 0, "no poison"


def test_slack_looks_at_our_certificate(floor: Floor) -> None:
    headers, body = floor.slack.signed(b"ssl_check=1&token=x", floor.clock.now().timestamp())
    headers |= {"content-type": "application/x-www-form-urlencoded"}
    assert floor.someone.post(HOOK, content=body, headers=headers).status_code == 200
    assert floor.rows() == 0, "no poison"
