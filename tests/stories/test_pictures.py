"""Pictures beside answers: drawn from the facts of the words, on the page and for chats that can show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest
from PIL import Image

from bot.config import Config
from bot.drawing import PICTURED, drawn, has_picture
from bot.rehearsal import Rehearsal
from bot.wording import Voice, languages
from db import conversations
from tests.bot.notices import EXAMPLES
from tests.stories.past_weeks import plant_with_guests, remember, the_cases
from workflow.case import Notice
from workflow.messages import Outbound, Sent
from workflow.ports import Receive, Traits

WEDNESDAY_AT_TEN = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Riverside on a Wednesday at ten, with two weeks behind it."""
    data = tmp_path_factory.mktemp("floor")
    (data / "plant").mkdir()
    rehearsal = Rehearsal(
        Config(plant=plant_with_guests(data / "plant"), data=data / "data", play=True), WEDNESDAY_AT_TEN
    )
    remember(rehearsal.app.database, the_cases())
    yield rehearsal
    rehearsal.close()


def answered(floor: Rehearsal, person: str, words: str) -> Notice:
    """The notice that a question was answered with, as its picture is drawn from it."""
    floor.says(person, words)
    with floor.app.database.read() as tx:
        last = conversations.of(tx, person)[-1]
        return conversations.pictured(tx, person, [last.id], PICTURED)[last.id].notice


@pytest.mark.parametrize(
    "words",
    [
        "what was worst this month",
        "minutes down by line this month",
        "numbers for this month",
        "what happened to EX-2014",
    ],
)
def test_R57_an_answer_comes_with_its_picture_that_a_phone_can_show(floor: Rehearsal, words: str) -> None:
    notice = answered(floor, "stephanie.greer", words)

    for dark in (False, True):
        picture = drawn(notice, Voice("en", floor.app.plant, floor.app.records, WEDNESDAY_AT_TEN), dark=dark)
        assert picture is not None
        assert Image.open(BytesIO(picture)).size == (1080, 720)


def test_R57_what_the_picture_shows_stands_in_the_words_too(floor: Rehearsal) -> None:
    floor.hears("stephanie.greer")
    notice = answered(floor, "stephanie.greer", "minutes down by line this month")
    (words,) = floor.hears("stephanie.greer")

    assert "Line 2: 95 min down in 1 stop (EX-2008)" in words
    assert "· day 65 min, late 30 min" in words, (
        "EX-2008 stood from 12:55 until 14:30: a stop over two shifts is in both"
    )
    for row in notice.facts["stood"]:
        assert sum(one["minutes"] for one in row["shifts"]) == pytest.approx(row["down"]["minutes"])


class Shows:
    """A chat that shows pictures with a caption of so many characters."""

    name = "slack"

    def __init__(self, caption: int) -> None:
        self.traits = Traits(caption=caption)
        self.sent: list[Outbound] = []

    async def listen(self, receive: Receive) -> None:
        """Nobody writes there."""

    async def send(self, message: Outbound) -> Sent:
        """Keep it."""
        self.sent.append(message)
        return Sent(str(len(self.sent)))


@pytest.mark.parametrize("caption", [0, 3000])
def test_R57_a_chat_that_shows_pictures_gets_it_and_another_the_words_alone(floor: Rehearsal, caption: int) -> None:
    chat = Shows(caption)
    floor.app.channels["slack"] = chat  # type: ignore[index]
    try:
        floor.says("stephanie.greer", "what was worst this month")
    finally:
        del floor.app.channels["slack"]  # type: ignore[attr-defined]
    (message,) = chat.sent
    assert "Filler 3" in message.text
    assert (message.picture is not None) == (caption > 0)


def test_a_single_cause_and_a_fresh_exception_need_no_picture() -> None:
    causes = EXAMPLES["answer.causes"]
    assert not has_picture(Notice("stephanie.greer", "answer.causes", causes | {"causes": causes["causes"][:1]}))
    case = EXAMPLES["answer.case"]
    assert not has_picture(Notice("stephanie.greer", "answer.case", case | {"times": case["times"][:2]}))
    assert has_picture(Notice("stephanie.greer", "answer.case", case))


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_picture_is_drawn_in_every_language_without_a_letter_that_its_font_lacks(
    language: str, floor: Rehearsal, recwarn: pytest.WarningsRecorder
) -> None:
    voice = Voice(language, floor.app.plant, floor.app.records, WEDNESDAY_AT_TEN)
    for name in ("answer.metrics", "answer.case"):
        assert drawn(Notice("stephanie.greer", name, EXAMPLES[name]), voice) is not None
    assert not [str(w.message) for w in recwarn if "Glyph" in str(w.message)]


def test_R57_facts_of_an_unforeseen_shape_cost_the_picture_and_never_the_message(floor: Rehearsal) -> None:
    voice = Voice("en", floor.app.plant, floor.app.records, WEDNESDAY_AT_TEN)
    broken = Notice("stephanie.greer", "answer.metrics", {"weeks": [{"week": "?"}, {"week": "!"}]})
    assert drawn(broken, voice) is None
