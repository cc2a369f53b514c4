"""Telegram as its page describes it: what people send there, what it refuses, and how nothing is lost on the way."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.engine import Engine
from bot.invite import invite
from db import inbox, outbox
from tests.integrations.strict_telegram import BOT, TOKEN, StrictTelegram
from tests.services import missing
from tests.web.door import MONDAY_MORNING, OpenDoor
from workflow.ports import Finding

try:
    from integrations.chat.pace import Pace
    from integrations.chat.telegram import HOOK, Telegram
    from integrations.chat.telegram_updates import inbound
except ImportError:
    missing("python-telegram-bot (pip install linecall[telegram])")

MARIA, GARY, LUIS = 70106, 70114, 70104
SECRET = "correct-horse-battery-staple"
FILLER_DOWN = "filler 3 jammed, line is down, 10482 standing"


class Floor(OpenDoor):
    """Riverside on a strict Telegram; time is the plant's, so messages are dated by it."""

    def __init__(self, data: Path, telegram: StrictTelegram, **settings: Any) -> None:
        settings = {"telegram_token": TOKEN, "telegram_base_url": telegram.url, **settings}
        super().__init__(data, play=False, **settings)
        self.telegram = telegram
        self.channel = self.app.channels["telegram"]
        assert isinstance(self.channel, Telegram)
        self.channel._pace = Pace(())
        self.channel._bot = BOT

    def knocks_with(self, update: Any, secret: str | None = SECRET) -> int:
        """Telegram calls with an update; the status that it is answered."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        return self.someone.post(HOOK, content=body, headers=headers).status_code

    def texts(self, person: int, text: str, **more: Any) -> None:
        """A person writes, and the program works until it is done."""
        update = self.telegram.message(person, text, date=int(self.clock.now().timestamp()), **more)
        assert self.knocks_with(update) == 200
        self.settle()

    def data(self, person: int, label: str) -> str:
        """What the newest button with this label carries."""
        rows = [
            row for m in self.telegram.to(person) for row in (m.get("reply_markup") or {}).get("inline_keyboard", [])
        ]
        found = [b["callback_data"] for row in rows for b in row if b["text"].startswith(label)]
        assert found, f"{person} was never shown a button {label}"
        return str(found[-1])


@pytest.fixture
def telegram() -> Iterator[StrictTelegram]:
    with StrictTelegram() as server:
        yield server


@pytest.fixture
def floor(tmp_path: Path, telegram: StrictTelegram, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data", telegram, telegram_webhook_secret=SECRET)
    yield plant
    plant.close()


def eventually(true: Callable[[], Any], within: float = 15.0) -> None:
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


# what people send -----------------------------------------------------------------------------------------------------


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
    message = inbound(telegram.message(MARIA, caption="label of 10482", **more), MONDAY_MORNING, BOT)
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
    edited = inbound({"update_id": 1, "edited_message": update["message"]}, MONDAY_MORNING, BOT)
    assert edited is not None
    assert (edited.message_id, edited.edits) == ("70106:7:edit:1763000000", "70106:7")

    reply = inbound(telegram.message(MARIA, "done", reply_to_message={"message_id": 3}), MONDAY_MORNING, BOT)
    assert reply is not None
    assert reply.reply_to == "70106:3"

    group = {"id": -1001, "type": "supergroup"}
    topic = {"chat": group, "message_thread_id": 5, "is_topic_message": True, "reply_to_message": {"message_id": 5}}
    said = inbound(telegram.message(MARIA, f"@{BOT} filler 3 is down", **topic), MONDAY_MORNING, BOT)
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
        return inbound(telegram.message(MARIA, text, **group, **more), MONDAY_MORNING, BOT) is not None

    assert not heard("who has the torque wrench")
    assert heard(f"line 3 down @{BOT.upper()}")
    assert heard(f"/open@{BOT}")
    assert heard("/open")
    assert not heard("/open@other_bot")
    assert heard("ok", reply_to_message={"message_id": 1, "from": {"username": BOT}})
    assert not heard(f"@{BOT} release it", sender_chat={"id": -1001}), "an anonymous administrator is nobody"


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


# how nothing is lost --------------------------------------------------------------------------------------------------


def test_500_forged_inputs_leave_no_row_and_no_word(floor: Floor, logged: LogCapture) -> None:
    chance = random.Random(7)
    for n in range(500):
        update = floor.telegram.message(MARIA, f"release lot 6319-4A secretword {n}")
        wrong = chance.choice([None, "", SECRET[:-1], SECRET + "x", SECRET.upper(), "x" * 256])
        assert floor.knocks_with(update, wrong) == 401
    with floor.app.database.read() as tx:
        assert inbox.get(tx, 1) is None
    assert "secretword" not in str(logged.entries)


def test_500_broken_inputs_are_answered_and_never_a_5xx(floor: Floor, logged: LogCapture) -> None:
    chance = random.Random(11)
    whole = json.dumps(floor.telegram.message(MARIA, "secretword")).encode()
    odd = [b"null", b"1e999", b'"x"', b"[]", b"{}", b"\xff", b'{"a":' * 80, b'{"message": []}', b'{"update_id": {}}']
    strange: list[Any] = [None, True, -1, 2**63, 1.5, "", "x", [], {}, [[]], {"id": "x"}]
    for n in range(500):
        if n % 3 == 0:
            body = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            given = bytes(body)
        elif n % 3 == 1:
            given = chance.choice(odd) + (b" " * n)
        else:
            update = floor.telegram.message(MARIA, "secretword")
            inside = chance.choice([update["message"], update["message"]["chat"], update["message"]["from"]])
            inside[chance.choice(sorted(inside))] = chance.choice(strange)
            given = json.dumps(update).encode()
        assert floor.knocks_with(given) == 200
    floor.settle()
    assert "secretword" not in str(logged.entries)
    assert floor.knocks_with(b"x" * 300_000) == 413


def test_T6_what_was_not_stored_is_not_confirmed_and_comes_again(tmp_path: Path, logged: LogCapture) -> None:
    with StrictTelegram() as telegram:
        plant = Floor(tmp_path / "data", telegram)
        telegram.bring(telegram.message(MARIA, FILLER_DOWN, date=int(plant.clock.now().timestamp())))
        receive, plant.app.receive = plant.app.receive, _fails  # type: ignore[method-assign]
        plant.app.loop.listen(plant.app)
        eventually(lambda: any(e["event"] == "channel.does_not_listen" for e in logged.entries))
        assert telegram.confirmed == 0, "nothing is confirmed that was not stored"
        plant.app.receive = receive  # type: ignore[method-assign]
        eventually(lambda: telegram.confirmed > 0)
        plant.app.loop.hang_up()
        plant.settle()
        assert len(plant.cases()) == 1
        plant.close()


def _fails(message: Any) -> int:
    raise OSError("the disk is full")


def test_R60_an_update_that_cannot_be_read_does_not_stop_those_behind_it(tmp_path: Path, logged: LogCapture) -> None:
    with StrictTelegram() as telegram:
        plant = Floor(tmp_path / "data", telegram)
        poison = telegram.message(MARIA, "secretword", date="yesterday")
        telegram.bring(poison, telegram.message(MARIA, FILLER_DOWN, date=int(plant.clock.now().timestamp())))
        with Engine(plant.app):
            eventually(lambda: len(plant.cases()) == 1)
        with plant.app.database.read() as tx:
            assert inbox.poisoned_count(tx) == 1
        assert "secretword" not in str(logged.entries)
        assert [method for method, _ in telegram.calls if method == "setMyCommands"], "the chat has its menu"
        plant.close()


# what it refuses ------------------------------------------------------------------------------------------------------


def test_a_pause_that_telegram_asks_for_is_kept(floor: Floor) -> None:
    floor.telegram.floods = [20]
    floor.texts(MARIA, FILLER_DOWN)
    before = len(floor.telegram.accepted)
    floor.passes(seconds=15)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 1
    floor.passes(seconds=10)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    assert len(floor.telegram.accepted) > before


def test_R23_one_ambiguous_send_in_five_loses_nothing_and_every_repeat_is_marked(floor: Floor) -> None:
    floor.telegram.breaks = ["silent" if n % 5 == 0 else "" for n in range(40)]
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(minutes=6)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    seen: dict[tuple[str, str], int] = {}
    for message in floor.telegram.accepted:
        mark = "You may have this already:\n" if message["chat_id"] == str(GARY) else "Puede que ya tengas esto:\n"
        plain = (message["chat_id"], message["sent"].removeprefix(mark))
        assert plain not in seen or message["sent"].startswith(mark), "a repeat says that it is one"
        seen[plain] = seen.get(plain, 0) + 1
    assert any(count > 1 for count in seen.values()), "something was in doubt, or this says nothing"


def test_R56_blocked_by_its_reader_falls_to_the_next_and_wrong_tokens_are_named(floor: Floor) -> None:
    floor.telegram.blocked.add(str(GARY))
    floor.texts(MARIA, FILLER_DOWN)
    assert floor.telegram.to(GARY) == []
    assert any("Filler 3" in line for line in floor.hears("gary.lindqvist"))


def test_R53_a_group_that_moved_and_an_edit_that_changes_nothing_are_no_errors(floor: Floor) -> None:
    from workflow.messages import Outbound

    floor.telegram.moved["-5"] = -1005
    send = floor.channel.send
    sent = floor.app.loop.run(send(Outbound("-5", "to the group")))
    assert sent.message_id.startswith("-1005:")
    card = floor.app.loop.run(send(Outbound(str(GARY), "EX-1: open")))
    for text in ("EX-1: Gary is on it", "EX-1: Gary is on it"):
        assert floor.app.loop.run(send(Outbound(str(GARY), text, replaces=card.message_id))) == card
    (shown,) = floor.telegram.to(GARY)
    assert (shown["text"], shown["edits"]) == ("EX-1: Gary is on it", 1)


# how it is ------------------------------------------------------------------------------------------------------------


def test_doctor_says_what_to_do(tmp_path: Path, telegram: StrictTelegram) -> None:
    def examined(token: str = TOKEN, **settings: Any) -> dict[str, Finding]:
        import asyncio

        async def look() -> tuple[Finding, ...]:
            channel = Telegram(token, base_url=telegram.url, **settings)
            try:
                return await channel.examine()
            finally:
                await channel.close()

        return {f.what: f for f in asyncio.run(look())}

    well = examined()
    assert well["token"].how == f"valid, the bot is @{BOT}"
    assert "long polling" in well["delivery"].how
    telegram.webhook = "https://elsewhere.example/hook"
    assert "a webhook is set" in examined()["delivery"].how
    assert "elsewhere" in examined(secret=SECRET, public_url="https://line.example")["delivery"].how
    assert "LINECALL_PUBLIC_URL" in examined(secret=SECRET)["delivery"].to_do
    assert "@BotFather" in examined("123456:wrong-token")["token"].to_do


# STOP -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "/stop", "stop!", "¡ALTO!", "🛑"])
def test_R15_stop_is_a_safety_question_and_no_farewell(floor: Floor, word: str) -> None:
    floor.texts(GARY, word)
    assert "danger" in floor.telegram.to(GARY)[-1]["text"]
    assert floor.cases() == ()
    floor.knocks_with(floor.telegram.press(GARY, floor.data(GARY, "Danger")))
    floor.settle()
    assert [case.type for case in floor.cases()] == ["safety"]


def test_a_command_answers(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.texts(GARY, "/open")
    assert "EX-1001" in floor.telegram.to(GARY)[-1]["text"]
    floor.texts(GARY, "/me")
    assert "Gary Lindqvist" in floor.telegram.to(GARY)[-1]["text"]
    floor.texts(GARY, "/help")
    assert "/open" in floor.telegram.to(GARY)[-1]["text"]


# who is who -----------------------------------------------------------------------------------------------------------


def test_R55_an_invitation_is_a_link_into_the_chat_and_its_yes_a_button(floor: Floor) -> None:
    token = invite(floor.app, "tamika.jones")
    link = floor.app.loop.run(floor.channel.invitation(token))  # type: ignore[attr-defined]
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
