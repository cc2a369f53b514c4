"""What people send in Telegram: reports, files, edits, forwarded words, STOP, commands; and who they are there."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.invite import invite
from db import addresses, inbox
from integrations.chat.telegram import Telegram
from integrations.chat.telegram_updates import inbound
from tests.integrations.patience import eventually
from tests.integrations.strict_telegram import BOT, BOT_ID, TOKEN, StrictTelegram
from tests.integrations.telegram.floor import FILLER_DOWN, GARY, MARIA, Floor
from tests.web.door import MONDAY_MORNING


def test_a_report_is_answered_and_its_button_taken(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    (case,) = floor.cases()
    assert case.reporter == "maria.lopez"
    assert case.number in floor.telegram.to(MARIA)[0]["text"]

    press = floor.telegram.press(GARY, floor.data(GARY, "On it"))
    assert floor.knocks_with(press) == 200
    floor.settle()
    task = floor.cases()[0].task("maintenance")
    assert task is not None
    assert task.acknowledged_by == "gary.lindqvist"
    eventually(lambda: any(method == "answerCallbackQuery" for method, _ in floor.telegram.calls))


@pytest.mark.parametrize(
    ("more", "kind", "reference"),
    [
        ({"photo": [{"file_id": "s", "file_size": 9}, {"file_id": "L", "file_size": 99}]}, "photo", "L"),
        ({"voice": {"file_id": "V", "duration": 3}}, "voice", "V"),
        ({"document": {"file_id": "D", "mime_type": "application/pdf"}}, "document", "D"),
        ({"sticker": {"file_id": "S"}}, "sticker", "S"),
        ({"location": {"latitude": 41.5, "longitude": -93.6}}, "location", "41.5,-93.6"),
    ],
)
def test_what_comes_with_a_message(telegram: StrictTelegram, more: dict[str, Any], kind: str, reference: str) -> None:
    message = inbound(telegram.message(MARIA, caption="label of 10482", **more), MONDAY_MORNING, BOT, BOT_ID)
    assert message is not None
    assert [(m.kind, m.reference) for m in message.media] == [(kind, reference)]
    assert message.text == "label of 10482"


def test_a_photo_is_fetched_and_its_address_kept_nowhere(floor: Floor, logged: LogCapture) -> None:
    floor.telegram.files["L"] = b"bytes of a photo"
    assert isinstance(floor.channel, Telegram)
    assert floor.app.loop.run(floor.channel.fetch("L")) == b"bytes of a photo"
    assert TOKEN not in str(logged.entries)


def test_an_edit_a_reply_and_a_topic_say_what_they_belong_to(telegram: StrictTelegram) -> None:
    update = telegram.message(MARIA, "no, capper 3", message_id=7, edit_date=1_763_000_000)
    edited = inbound({"update_id": 1, "edited_message": update["message"]}, MONDAY_MORNING, BOT, BOT_ID)
    assert edited is not None
    assert (edited.message_id, edited.edits) == ("123456/70106:7:edit:1763000000", "123456/70106:7")

    reply = inbound(telegram.message(MARIA, "done", reply_to_message={"message_id": 3}), MONDAY_MORNING, BOT, BOT_ID)
    assert reply is not None
    assert reply.reply_to == "123456/70106:3"

    group = {"id": -1001, "type": "supergroup"}
    topic = {"chat": group, "message_thread_id": 5, "is_topic_message": True, "reply_to_message": {"message_id": 5}}
    said = inbound(telegram.message(MARIA, f"@{BOT} filler 3 is down", **topic), MONDAY_MORNING, BOT, BOT_ID)
    assert said is not None
    assert (said.sender, said.conversation, said.text, said.reply_to) == ("70106", "-1001/5", "filler 3 is down", None)


def test_R19_an_edited_report_corrects_it_and_an_edit_without_a_change_says_nothing(floor: Floor) -> None:
    first = floor.telegram.message(MARIA, FILLER_DOWN, date=int(floor.clock.now().timestamp()))
    assert floor.knocks_with(first) == 200
    floor.settle()
    heard = len(floor.telegram.to(MARIA))

    def edited(text: str, at: int) -> None:
        message = {**first["message"], "text": text, "edit_date": at}
        assert floor.knocks_with({"update_id": at, "edited_message": message}) == 200
        floor.settle()

    edited(FILLER_DOWN, 1_763_295_700)
    assert len(floor.telegram.to(MARIA)) == heard
    edited("capper 3 jammed, line is down, 10482 standing", 1_763_295_701)
    (case,) = floor.cases()
    assert case.assets == ("L3-CAP",), "one exception, corrected"
    assert len(floor.telegram.to(MARIA)) > heard, "whoever was told wrong hears it"

    floor.texts(GARY, "running again, 15 min")
    edited("blow molder 3 is down", 1_763_295_702)
    (case,) = floor.cases()
    assert case.assets == ("L3-CAP",), "an edit never rewrites what is over"


def test_R41_what_somebody_forwards_ends_nothing_and_what_they_write_does(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    assert floor.knocks_with(floor.telegram.press(GARY, floor.data(GARY, "On it"))) == 200
    floor.settle()
    origin = {"type": "hidden_user", "sender_user_name": "Anita", "date": int(floor.clock.now().timestamp())}

    floor.texts(GARY, "fixed, new seal, down 10 min", forward_origin=origin)
    assert floor.cases()[0].resolved_at is None
    assert "forwarded" in floor.telegram.to(GARY)[-1]["text"]

    floor.texts(GARY, "fixed, new seal, down 10 min")
    assert floor.cases()[0].resolved_by == "gary.lindqvist"


def test_in_a_group_only_what_is_meant_for_us_counts(telegram: StrictTelegram) -> None:
    group = {"chat": {"id": -1001, "type": "group"}}

    def heard(text: str, **more: Any) -> bool:
        return inbound(telegram.message(MARIA, text, **group, **more), MONDAY_MORNING, BOT, BOT_ID) is not None

    assert not heard("who has the torque wrench")
    assert heard(f"line 3 down @{BOT.upper()}")
    assert heard(f"/open@{BOT}")
    assert heard("/open")
    assert not heard("/open@other_bot")
    assert heard("ok", reply_to_message={"message_id": 1, "from": {"username": BOT}})
    assert not heard("who took the wrench", sender_chat={"id": -1001}), "talk stays talk, whoever hides"
    assert not heard(f"@{BOT} release it", sender_chat={"id": -1002, "type": "channel"}), "a channel is nobody"


def test_R55_who_writes_as_the_group_is_told_that_we_cannot_know_them_and_binds_nothing(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    group = {"chat": {"id": -1001, "type": "supergroup"}, "sender_chat": {"id": -1001, "type": "supergroup"}}
    group["from"] = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    token = invite(floor.app, "gary.lindqvist")
    for said in (f"@{BOT} EX-1001 fixed, 5 min", f"@{BOT} seamer 2 is down", f"/start {token}", f"@{BOT} yes"):
        floor.texts(1087968824, said, **group)
    (case,) = floor.cases()
    assert case.resolved_at is None
    (told,) = floor.telegram.to(-1001)
    assert "cannot know who speaks" in told["text"], "once a day, and in the group"
    with floor.app.database.read() as tx:
        assert len(inbox.of_strangers(tx)) == 4, "the triage desk sees the words"
        assert addresses.get(tx, "telegram", "-1001").person is None  # type: ignore[union-attr]

    floor.texts(1087968824, f"@{BOT} ammonia leak at filler 3", **group)
    assert any("ammonia" in line for line in floor.hears("denise.palmer")), "a danger is a danger"
    assert len(floor.cases()) == 1


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 1, "my_chat_member": {}},
        {"update_id": 2, "message": {"message_id": 1, "from": {"id": 1}, "chat": {"id": 1}, "date": 1, "pinned": {}}},
        {"update_id": 3, "something_of_next_year": {"message": {"text": "x"}}},
    ],
)
def test_what_is_not_for_us_is_answered_and_leaves_no_row(floor: Floor, update: Any) -> None:
    assert floor.knocks_with(update) == 200
    with floor.app.database.read() as tx:
        assert inbox.get(tx, 1) is None


@pytest.mark.parametrize("word", ["STOP", "/stop", "stop!", "¡ALTO!", "🛑"])
def test_R15_stop_is_a_safety_question_and_no_farewell(floor: Floor, word: str) -> None:
    floor.texts(GARY, word)
    assert "danger" in floor.telegram.to(GARY)[-1]["text"]
    assert [case.type for case in floor.cases()] == ["safety"], "before anybody has answered anything"
    floor.knocks_with(floor.telegram.press(GARY, floor.data(GARY, "No danger")))
    floor.settle()
    assert [case.status for case in floor.cases()] == ["cancelled"]


def test_a_command_answers(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.texts(GARY, "/open")
    assert "EX-1001" in floor.telegram.to(GARY)[-1]["text"]
    floor.texts(GARY, "/me")
    assert "Gary Lindqvist" in floor.telegram.to(GARY)[-1]["text"]
    floor.texts(GARY, "/help")
    assert "/open" in floor.telegram.to(GARY)[-1]["text"]


def test_R55_an_invitation_is_a_link_into_the_chat_and_its_yes_a_button(floor: Floor) -> None:
    token = invite(floor.app, "tamika.jones")
    link = floor.app.loop.run(floor.channel.invitation(token)).link  # type: ignore[attr-defined]
    assert link == f"https://t.me/{BOT}?start={token}"
    assert len(token) <= 64
    floor.texts(55501, f"/start {token}")
    floor.knocks_with(floor.telegram.press(55501, floor.data(55501, "That is me")))
    floor.settle()
    floor.knocks_with(floor.telegram.press(55501, floor.data(55501, "Español")))
    floor.settle()
    floor.texts(55501, "/me")
    assert floor.telegram.to(55501)[-1]["text"].startswith("Eres Tamika Jones")


def test_R55_a_new_phone_takes_the_place_of_the_old_one(floor: Floor) -> None:
    floor.texts(55504, f"/start {invite(floor.app, 'gary.lindqvist')}")
    floor.texts(55504, "yes")
    floor.texts(GARY, "on it")
    assert "I do not know you yet" in floor.telegram.to(GARY)[-1]["text"], "the phone that was given on is nobody's"
    floor.texts(MARIA, FILLER_DOWN)
    assert any("EX-1001" in message["text"] for message in floor.telegram.to(55504))
