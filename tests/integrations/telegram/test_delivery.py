"""How nothing is lost on the way to and from Telegram, whatever it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.engine import Engine
from db import inbox, outbox
from tests.integrations.patience import eventually
from tests.integrations.strict_telegram import BOT_ID, StrictTelegram
from tests.integrations.telegram.floor import FILLER_DOWN, GARY, MARIA, SECRET, Floor
from workflow.errors import Rejected
from workflow.messages import Outbound


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
    floor.telegram.moved["-5"] = -1005
    send = floor.channel.send
    sent = floor.app.loop.run(send(Outbound("-5", "to the group")))
    assert sent.message_id.startswith("123456/-1005:")
    card = floor.app.loop.run(send(Outbound(str(GARY), "EX-1: open")))
    for text in ("EX-1: Gary is on it", "EX-1: Gary is on it"):
        assert floor.app.loop.run(send(Outbound(str(GARY), text, replaces=card.message_id))) == card
    (shown,) = floor.telegram.to(GARY)
    assert (shown["text"], shown["edits"]) == ("EX-1: Gary is on it", 1)


def test_R23_a_second_bot_counts_anew_and_its_reports_are_no_repeats(tmp_path: Path, logged: LogCapture) -> None:
    """A plant takes another bot on the same database: the messages of a chat begin at 1 again."""
    other = "654321:" + "another-token-of-nobody"
    with StrictTelegram() as first, StrictTelegram(other) as second:
        plant = Floor(tmp_path / "data", first, telegram_webhook_secret=SECRET)
        plant.texts(MARIA, FILLER_DOWN)
        card = first.to(GARY)[0]["message_id"]
        plant.close()
        plant = Floor(tmp_path / "data", second, telegram_webhook_secret=SECRET, telegram_token=other)
        for number in range(second._number + 1, first._number + 1):
            plant.texts(MARIA, f"seamer 2 has no lids, {number}")
        assert len(plant.cases()) == 2, "the second bot's messages are read"
        change = Outbound(str(GARY), "EX-1: over", replaces=f"123456/{GARY}:{card}")
        with pytest.raises(Rejected, match="another bot"):
            plant.app.loop.run(plant.channel.send(change))
        plant.close()


def test_what_was_said_before_ids_named_their_bot_is_still_answered(tmp_path: Path, logged: LogCapture) -> None:
    with StrictTelegram() as telegram:
        plant = Floor(tmp_path / "data", telegram, telegram_webhook_secret=SECRET)
        plant.channel._bot_id = ""  # type: ignore[attr-defined]
        plant.texts(MARIA, FILLER_DOWN)
        plant.texts(MARIA, "capper 3 is jammed too")
        told = telegram.to(GARY)[0]["message_id"]
        plant.channel._bot_id = BOT_ID  # type: ignore[attr-defined]
        plant.texts(GARY, "on my way, 10 min", reply_to_message={"message_id": told})
        first, second = plant.cases()
        assert first.task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
        assert second.task("maintenance").acknowledged_by is None  # type: ignore[union-attr]
        plant.close()
