"""The live card: one message about an exception in each chat that follows it, and never a notice lost for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import pytest
from structlog.testing import LogCapture

from bot.cards import offers_for
from db import outbox
from tests.integrations.strange_chat import StrangeChat
from tests.stories.test_foreign_chats import FILLER_DOWN, GARY, MARIA, NOBODY, Floor
from workflow.errors import Rejected, TryLater
from workflow.messages import Inbound, Outbound, Sent
from workflow.plant import Chat
from workflow.ports import Traits

ANITA = "70117"
MAINTENANCE = "-1001/5"


@dataclass
class EditingChat(StrangeChat):
    """A chat that changes in place what it sent."""

    traits: Traits = field(default_factory=lambda: Traits(text=2000, button_bytes=64, edits=True, threads=True))
    edits: list[Outbound] = field(default_factory=list)
    edit_fails: list[Exception] = field(default_factory=list)

    async def send(self, message: Outbound) -> Sent:
        if message.replaces is None:
            return await super().send(message)
        if self.edit_fails:
            raise self.edit_fails.pop(0)
        self.edits.append(message)
        return Sent(message.replaces)


class Cards(Floor):
    """Riverside on a chat that edits, with a topic where maintenance talks."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.chat = EditingChat()
        self.app.channels = {**self.app.channels, "telegram": self.chat}
        plant = self.app.folder.plant
        group = Chat("fixers", "Maintenance", ("maintenance",), contacts=MappingProxyType({"telegram": MAINTENANCE}))
        people = tuple(
            replace(p, contacts=MappingProxyType({**p.contacts, "telegram": ANITA})) if p.id == "anita.rao" else p
            for p in plant.people
        )
        self.app.folder = replace(self.app.folder, plant=replace(plant, people=people, chats=(group,)))

    def card(self, address: str) -> Outbound:
        """What the card in a chat shows now."""
        assert isinstance(self.chat, EditingChat)
        shown = [m for m in (*self.chat.to(address), *self.chat.edits) if m.to == address and m.card]
        return shown[-1]

    def says_in_the_group(
        self, address: str, text: str, *, button: str | None = None, reply: str | None = None
    ) -> None:
        """Somebody writes, or presses, where maintenance talks."""
        self._said[address] += 1
        id_ = f"{MAINTENANCE}:{address}:{self._said[address]}"
        self.app.receive(
            Inbound("telegram", id_, address, MAINTENANCE, self.clock.now(), text, button, reply, among=True)
        )
        self.settle()


@pytest.fixture
def floor(tmp_path: Path, logged: LogCapture) -> Iterator[Cards]:
    plant = Cards(tmp_path / "data")
    yield plant
    plant.close()


def test_the_first_message_is_the_card_and_follows_the_exception(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    first = floor.phone(ANITA)
    assert len(first) == 1
    floor.passes(minutes=1)
    assert floor.chat.edits == [], "nothing has changed, so nothing is edited"

    floor.texts(GARY, "on it, 20 min")
    floor.passes(seconds=10)
    card = floor.card(ANITA)
    assert "Gary (maintenance), until 06:41" in card.text
    assert "WO-10482" in card.text
    assert card.buttons == (), "nothing is left to press for her"
    assert [b.label for b in floor.card(GARY).buttons] == ["Fixed", "Waiting for parts", "Not mine", "Needs more help"]
    assert card.replaces == f"{ANITA}:{floor.chat.arrived.index(floor.chat.to(ANITA)[0]) + 1}"
    assert any("Gary has EX-1001" in text for text in floor.phone(ANITA)), "what rings is a message of its own"
    assert floor.chat.to(ANITA)[-1].thread == card.replaces, "in the thread of the card"

    floor.texts(GARY, "fixed, new seal, 15 min")
    floor.passes(minutes=5)
    assert "downtime in ERP (DOC-" in floor.card(ANITA).text
    assert "15 min" in floor.card(ANITA).text
    assert "closed" in floor.card(ANITA).text.splitlines()[0]


def test_a_burst_of_changes_is_one_edit(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    for minutes in (10, 20, 30):
        floor.texts(GARY, f"on it, {minutes} min")
    floor.passes(seconds=30)
    edits = [m for m in floor.chat.edits if m.to == ANITA]
    assert 1 <= len(edits) <= 2
    assert "until 06:50" in edits[-1].text


def test_a_failed_edit_loses_no_notice_and_comes_again(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    floor.chat.edit_fails = [TryLater("429", timedelta(seconds=20))] * 3 + [Rejected("message to edit not found")] * 9
    floor.texts(GARY, "on it, 20 min")
    assert any("Gary has EX-1001" in text for text in floor.phone(ANITA))
    floor.passes(minutes=3)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    floor.texts(GARY, "fixed, new seal, 15 min")
    assert any("EX-1001 is fixed" in text for text in floor.phone(ANITA))


def test_in_the_chat_of_a_function_there_is_one_card_and_all_else_in_its_thread(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    (card,) = floor.chat.to(MAINTENANCE)
    assert card.card
    assert "Filler 3" in card.text
    assert [b.label for b in card.buttons][:1] == ["On it"]
    id_ = f"{MAINTENANCE}:{floor.chat.arrived.index(card) + 1}"

    floor.passes(minutes=15)
    rung = [m for m in floor.chat.to(MAINTENANCE) if "reminded" in m.text]
    assert rung
    assert all(m.thread == id_ and not m.quiet for m in rung)

    floor.says_in_the_group(GARY, "", button=floor.card(MAINTENANCE).buttons[0].value, reply=id_)
    (case,) = floor.cases()
    assert case.task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
    assert any("EX-1001 is yours" in m.text and m.asker == GARY for m in floor.chat.to(MAINTENANCE))
    floor.passes(seconds=10)
    assert "Gary (maintenance)" in floor.card(MAINTENANCE).text
    assert len([m for m in floor.chat.to(MAINTENANCE) if m.card]) == 1, "one card"
    told = [m for m in floor.chat.to(MAINTENANCE) if "took it" in m.text]
    assert told
    assert all(m.quiet for m in told)


def test_R33_the_card_raises_it_and_a_second_press_of_what_was_seen_before_does_not(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    seen = next(b for b in floor.card(MAINTENANCE).buttons if b.label == "Needs more help").value
    floor.says_in_the_group(GARY, "", button=seen)
    (case,) = floor.cases()
    assert case.task("maintenance").step == 1  # type: ignore[union-attr]
    assert any("EX-1001" in line for line in floor.hears("denise.palmer"))
    floor.says_in_the_group(ANITA, "", button=seen)
    assert floor.cases()[0].task("maintenance").step == 1, "one step, however many press"  # type: ignore[union-attr]
    assert not any("help" in line for line in floor.hears("denise.palmer"))
    floor.passes(seconds=10)
    now = next(b for b in floor.card(MAINTENANCE).buttons if b.label == "Needs more help").value
    assert now != seen


def test_whose_hold_it_is_not_can_say_so_on_its_card(floor: Cards) -> None:
    floor.says("luis.ortega", "putting 6319-4A on hold, pallets without a date code")
    (case,) = floor.cases()
    acts = [offer.act for offer in offers_for(case, "tamika.jones", ("quality",))]
    assert acts == ["acknowledge", "decide", "decline", "raise"]


def test_R55_a_button_in_a_group_gives_nobody_a_right(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    button = floor.card(MAINTENANCE).buttons[0].value
    floor.says_in_the_group(NOBODY, "", button=button)
    floor.says_in_the_group(MARIA, "", button=button)
    (case,) = floor.cases()
    assert case.task("maintenance").acknowledged_at is None  # type: ignore[union-attr]


def test_what_is_asked_in_a_group_is_answered_there(floor: Cards) -> None:
    floor.says_in_the_group(GARY, "what is open?")
    (answer,) = floor.chat.to(MAINTENANCE)
    assert "All quiet" in answer.text or "Nothing" in answer.text
    assert answer.thread == f"{MAINTENANCE}:{GARY}:1"
    assert floor.phone(GARY) == []

    floor.says_in_the_group(NOBODY, "filler 3 is down")
    assert "I do not know you yet" in floor.chat.to(MAINTENANCE)[-1].text
    assert floor.cases() == ()


def test_a_card_that_was_deleted_in_a_group_is_posted_anew(floor: Cards) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    floor.chat.edit_fails = [Rejected("message to edit not found")] * 9
    floor.texts(GARY, "on it, 20 min")
    floor.passes(seconds=30)
    cards = [m for m in floor.chat.to(MAINTENANCE) if m.card]
    assert len(cards) == 2
    assert "Gary (maintenance)" in cards[-1].text


def test_R53_a_group_that_became_a_supergroup_is_known_after_a_restart(floor: Cards) -> None:
    moved = "-100999"

    async def send(message: Outbound) -> Sent:
        sent = await EditingChat.send(floor.chat, message)
        return replace(sent, moved_to=moved) if message.to == MAINTENANCE else sent

    floor.chat.send = send  # type: ignore[method-assign]
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    floor.chat.send = lambda message: EditingChat.send(floor.chat, message)  # type: ignore[method-assign]
    floor.texts(GARY, "on it, 20 min")
    floor.passes(seconds=20)
    assert "Gary (maintenance)" in floor.card(moved).text, "kept in the database, not in the adapter"

    button = floor.card(moved).buttons[0].value
    floor.app.receive(Inbound("telegram", "77", GARY, moved, floor.clock.now(), "", button, among=True))
    floor.settle()
    assert floor.cases()[0].resolved_at is not None, "its buttons are known by the old address"
