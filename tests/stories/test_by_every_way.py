"""A danger reaches a person on every channel that they have, and one answer on any of them is enough (R15)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from db import cases, conversations, outbox
from tests.integrations.strange_chat import StrangeChat
from tests.integrations.strange_floor import GARY, MARIA, Floor
from workflow.errors import TryLater, Unreachable

OMARS_PHONE, OMARS_DESK = "+15550127", "U0127"


class ManyChats(Floor):
    """Riverside whose people have several chats each."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.whatsapp = StrangeChat("whatsapp", hooks=("/hooks/whatsapp",))
        self.slack = StrangeChat("slack", hooks=("/hooks/slack",))
        self.app.channels = {**self.app.channels, "whatsapp": self.whatsapp, "slack": self.slack}


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[ManyChats]:
    plant = ManyChats(tmp_path / "data")
    yield plant
    plant.close()


def calls(chat: StrangeChat, address: str) -> list[str]:
    return [one.text for one in chat.to(address) if "SAFETY" in one.text or "has waited for you" in one.text]


def rung(floor: ManyChats) -> list[int]:
    return [len(calls(floor.whatsapp, OMARS_PHONE)), len(calls(floor.slack, OMARS_DESK))]


def test_R15_a_danger_rings_every_chat_and_the_page_and_is_acknowledged_once(floor: ManyChats) -> None:
    floor.texts(MARIA, "hay fuego en la llenadora 3")
    assert rung(floor) == [1, 1]
    with floor.app.database.read() as tx:
        page = [line for line in conversations.of(tx, "omar.haddad") if "SAFETY" in line.text]
        assert len(page) == 1, "the page shows it once, however often it was told"

    floor.passes(minutes=3)
    assert rung(floor) == [2, 2], "and so does each reminder"

    with floor.app.database.read() as tx:
        number = floor.cases()[0].number
        told = [one for one in outbox.of_case(tx, number) if (one.notice.to, one.channel) == ("omar.haddad", "slack")]
        assert conversations.thread_of(tx, "slack", told[0].message_id or "") == number, "a reply there is about it"
    floor.says("omar.haddad", "on it")
    task = floor.cases()[0].task("safety")
    assert task is not None
    assert task.acknowledged_by == "omar.haddad"
    before = len(calls(floor.whatsapp, OMARS_PHONE))
    floor.passes(minutes=6)
    assert len(calls(floor.whatsapp, OMARS_PHONE)) == before


def test_R15_a_chat_that_hangs_or_is_dead_is_in_no_other_chats_way(floor: ManyChats) -> None:
    floor.whatsapp.dead[OMARS_PHONE] = TryLater("it does not answer")
    floor.texts(MARIA, "hay fuego en la llenadora 3")

    assert len(calls(floor.slack, OMARS_DESK)) == 1
    floor.says("omar.haddad", "on it")
    del floor.whatsapp.dead[OMARS_PHONE]
    floor.passes(minutes=1)
    assert calls(floor.whatsapp, OMARS_PHONE) == [], "he has it: what waited for that chat would only disturb"
    with floor.app.database.read() as tx:
        told = [one for one in outbox.of_case(tx, floor.cases()[0].number) if one.notice.to == "omar.haddad"]
    assert [one.dropped_why for one in told if one.dropped_at] == ["no longer needed"]

    floor.slack.dead[OMARS_DESK] = Unreachable("gone")
    floor.texts(MARIA, "un herido en la línea 3, sangra mucho")
    assert any("sangra" in text for text in calls(floor.whatsapp, OMARS_PHONE))


@pytest.mark.parametrize("how", [Unreachable("gone"), TryLater("it does not answer")])
def test_R15_R56_a_danger_that_rings_none_of_their_chats_is_said_to_be_out_of_reach(
    floor: ManyChats, how: Exception
) -> None:
    floor.whatsapp.dead[OMARS_PHONE] = floor.slack.dead[OMARS_DESK] = how
    floor.texts(MARIA, "hay fuego en la llenadora 3")
    floor.passes(minutes=1)

    number = floor.cases()[0].number
    with floor.app.database.read() as tx:
        found = [one.facts["people"] for one in cases.log_of(tx, number) if one.what == "unreachable"]
    assert ["omar.haddad"] in found


def test_R37_what_is_no_danger_takes_the_best_way_alone(floor: ManyChats) -> None:
    floor.texts(MARIA, "filler 3 jammed, line is down")

    assert len(floor.chat.to(GARY)) + len(floor.whatsapp.to("+15550114")) == 1
