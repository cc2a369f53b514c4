"""Why somebody was not reached is said on pages in their reader's language, whatever a chat called it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.web.reasons import OTHER, name_of, reason
from bot.wording import Voice, languages
from tests.web.door import OpenDoor

CHATS = Path(__file__).resolve().parent.parent.parent / "integrations" / "chat"
OF_FILES = re.compile(r"\bfiles?\b|mailbox|attachment|nothing comes")  # what is fetched is told in the chat
SAYS_NO = frozenset({"Rejected", "TryLater", "Unreachable"})


def said_by_chats() -> Iterator[str]:
    for path in CHATS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAYS_NO):
                continue
            for first in node.args[:1]:
                parts = first.values if isinstance(first, ast.JoinedStr) else [first]
                words = "".join(str(p.value) for p in parts if isinstance(p, ast.Constant))
                if words.strip(": ") and not OF_FILES.search(words):
                    yield words


def test_every_reason_that_a_chat_gives_has_words() -> None:
    said = set(said_by_chats())
    assert len(said) > 30, "the reasons of every chat, or this says nothing"
    assert sorted(words for words in said if name_of(words) == OTHER) == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_a_page_says_it_in_its_readers_language(tmp_path: Path, language: str) -> None:
    door = OpenDoor(tmp_path / "data")
    voice = Voice(language, door.app.plant, door.app.records, door.clock.now())
    said = (
        "whatsapp: the 24 hours are over and no template carries this; telegram: has blocked or never started the bot"
    )
    words = reason(said, voice)
    assert words.startswith("Whatsapp: ")
    assert "; Telegram: " in words
    assert ("no template carries" in words) is False
    assert ("has blocked us" in words) is (language == "en")
    assert reason(None, voice) == ""
    assert reason("63999: see twilio.com/docs/api/errors", voice) == voice.say("page.reason.other")
    door.close()
