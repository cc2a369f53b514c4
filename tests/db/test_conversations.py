"""What a person saw and said is kept as they saw and said it, and a reply finds its case."""

from __future__ import annotations

from db import conversations, settings
from db.connect import Database
from db.conversations import Line, Open
from tests.db.rows import SIX, minutes
from workflow.messages import Button


def test_a_conversation_reads_as_it_went(database: Database) -> None:
    buttons = (Button("On my way", "acknowledge:EX-1001"),)
    with database.write() as tx:
        one = conversations.said(tx, "maria", SIX, "filler jammed", "m-1", "web", None, None)
        two = conversations.told(tx, "maria", SIX, "EX-1001: who comes?", buttons, "EX-1001", "web", "b-1")
        conversations.told(tx, "gary", SIX, "filler 3", (), "EX-1001", "web", "b-2")
        three = conversations.said(tx, "maria", SIX, "15 min", "m-2", "web", "EX-1001", "eta:15")
    lines = (
        Line(one, SIX, "person", "filler jammed", message_id="m-1"),
        Line(two, SIX, "bot", "EX-1001: who comes?", buttons, "EX-1001", message_id="b-1"),
        Line(three, SIX, "person", "15 min", case="EX-1001", button="eta:15", message_id="m-2"),
    )
    with database.read() as tx:
        assert conversations.of(tx, "maria") == lines
        assert conversations.of(tx, "maria", after=one) == lines[1:]
        assert conversations.of(tx, "maria", limit=2) == lines[1:], "the newest"
        assert conversations.of(tx, "nobody") == ()


def test_a_reply_finds_the_case_of_the_message_that_it_answers(database: Database) -> None:
    with database.write() as tx:
        line = conversations.told(tx, "maria", SIX, "taken", (), "EX-1001", "web", "b-1")
        conversations.told(tx, "maria", SIX, "taken", (), "EX-1002", "telegram", "77")
    with database.read() as tx:
        assert conversations.thread_of(tx, "web", str(line)) == "EX-1001", "the page knows lines"
        assert conversations.thread_of(tx, "web", "b-1") == "EX-1001"
        assert conversations.thread_of(tx, "telegram", "77") == "EX-1002"
        assert conversations.thread_of(tx, "telegram", str(line)) is None, "a line is not a message of Telegram"
        for nonsense in ("", "b-9", "9" * 40, "²", "\0", "-1"):
            assert conversations.thread_of(tx, "web", nonsense) is None


def test_a_report_belongs_to_the_case_that_it_led_to(database: Database) -> None:
    with database.write() as tx:
        line = conversations.said(tx, "maria", SIX, "filler jammed", "m-1", "web", None, None)
        conversations.belongs(tx, line, "EX-1001")
    with database.read() as tx:
        assert conversations.thread_of(tx, "web", "m-1") == "EX-1001"


def test_the_last_case_is_the_one_last_spoken_of_unless_that_is_long_ago(database: Database) -> None:
    with database.write() as tx:
        conversations.told(tx, "maria", SIX, "taken", (), "EX-1001", "web", "b-1")
        conversations.told(tx, "maria", SIX + minutes(1), "closed", (), "EX-1002", "web", "b-2")
        conversations.told(tx, "maria", SIX + minutes(2), "good morning", (), None, "web", "b-3")
    with database.read() as tx:
        assert conversations.last_case(tx, "maria", SIX) == "EX-1002"
        assert conversations.last_case(tx, "maria", SIX + minutes(2)) is None
        assert conversations.last_case(tx, "gary", SIX) is None


def test_a_person_has_one_open_question_the_newest(database: Database) -> None:
    with database.write() as tx:
        conversations.ask(tx, "maria", "EX-1001", "line", ("L1", "L3"), SIX)
        conversations.ask(tx, "maria", "EX-1002", "lot", (), SIX + minutes(1))
    with database.write() as tx:
        assert conversations.asked(tx, "maria") == Open("EX-1002", "lot", (), SIX + minutes(1))
        assert conversations.asked(tx, "gary") is None
        conversations.answered(tx, "maria")
        assert conversations.asked(tx, "maria") is None


def test_a_setting_is_remembered_until_another_takes_its_place(database: Database) -> None:
    with database.write() as tx:
        assert settings.get(tx, "offset") is None
        settings.put(tx, "offset", {"telegram": 5}, SIX)
        settings.put(tx, "offset", {"telegram": 6}, SIX)
    with database.read() as tx:
        assert settings.get(tx, "offset") == {"telegram": 6}
