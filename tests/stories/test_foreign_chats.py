"""What holds in every chat that is not ours: strangers, buttons, dead phones, busy platforms, poison."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot import ticks
from db import addresses, cases, inbox, outbox
from tests.integrations.strange_chat import SECRET
from tests.integrations.strange_floor import FILLER_DOWN, GARY, LUIS, MARIA, NOBODY, Floor
from workflow.case import Notice
from workflow.errors import Rejected, TryLater, Unreachable
from workflow.messages import Inbound, Outbound


@pytest.fixture
def floor(tmp_path: Path, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data")
    yield plant
    plant.close()


def test_R55_a_stranger_is_told_how_to_register_once_a_day_and_their_words_are_kept(floor: Floor) -> None:
    assert floor.texts(NOBODY, "hey what is up with line 3") == 200
    floor.texts(NOBODY, "hello??")
    assert len(floor.phone(NOBODY)) == 1
    assert "EX-" not in floor.phone(NOBODY)[0]
    assert floor.cases() == ()
    with floor.app.database.read() as tx:
        assert [one.message.text for one in inbox.of_strangers(tx)] == ["hello??", "hey what is up with line 3"]

    floor.passes(hours=25)
    floor.texts(NOBODY, "still here")
    assert len(floor.phone(NOBODY)) == 2


@pytest.mark.parametrize("said", ["fire!!", "a forklift hit someone at dock 2, he is bleeding", "пожежа біля лінії 3"])
def test_R15_a_danger_of_which_a_stranger_writes_reaches_the_triage_desk_at_once(floor: Floor, said: str) -> None:
    floor.texts(NOBODY, said)

    assert any(said in line and NOBODY in line for line in floor.hears("denise.palmer"))
    assert floor.cases() == (), "nobody of the plant has reported it"
    assert len(floor.phone(NOBODY)) == 1
    assert said not in floor.phone(NOBODY)[0], "the stranger reads how to register, and nothing else"
    with floor.app.database.read() as tx:
        assert [one.message.text for one in inbox.of_strangers(tx)] == [said]

    floor.texts(NOBODY, "fire fire fire")
    assert floor.hears("denise.palmer") == [], "who writes it again at once rings nobody again"
    floor.passes(minutes=6)
    floor.texts(NOBODY, "fire still burning!")
    assert any("still burning" in line for line in floor.hears("denise.palmer"))


def test_R15_a_danger_late_in_a_long_text_of_a_stranger_reaches_the_triage_desk_at_once(floor: Floor) -> None:
    long = "we looked at the pallets again and again. " * 120
    floor.texts(NOBODY, long)
    assert floor.hears("denise.palmer") == [], "length alone is no danger"
    floor.texts(NOBODY, f"{long}Then there was an ammonia leak at dock 2.")
    assert any("ammonia leak" in line for line in floor.hears("denise.palmer")), "she reads the danger itself"
    assert floor.cases() == ()


def test_R55_what_a_stranger_writes_otherwise_disturbs_nobody(floor: Floor) -> None:
    floor.texts(NOBODY, "hey what is up with line 3")
    assert floor.hears("denise.palmer") == []


def test_R33_a_button_of_a_foreign_chat_says_nothing_and_works_for_its_person_alone(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    on_it = floor.button(GARY, "On it")
    assert len(on_it.encode()) <= 64
    assert "EX-" not in on_it
    assert "acknowledge" not in on_it

    floor.texts(LUIS, "", button=on_it)
    floor.texts(GARY, "", button=on_it[:-1] + ("A" if on_it[-1] != "A" else "B"))
    floor.texts(GARY, "", button="acknowledge|EX-1|maintenance")
    assert all(task.acknowledged_at is None for task in floor.cases()[0].tasks)
    assert "Nothing was changed" in floor.phone(GARY)[-1]

    floor.texts(GARY, "", button=on_it)
    assert floor.cases()[0].task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]


def test_R56_a_phone_that_blocks_us_falls_back_and_is_seen_until_its_person_writes_again(floor: Floor) -> None:
    floor.chat.dead[GARY] = Unreachable("blocked by the user")
    floor.texts(MARIA, FILLER_DOWN)
    assert floor.phone(GARY) == []
    assert any("Filler 3" in line for line in floor.hears("gary.lindqvist")), "our own page shows it"
    with floor.app.database.read() as tx:
        told = [one for one in outbox.of_case(tx, "EX-1001") if one.notice.to == "gary.lindqvist"]
    assert (told[0].channel, told[0].error) == ("web", "telegram: blocked by the user")

    del floor.chat.dead[GARY]
    floor.passes(minutes=11)
    assert floor.phone(GARY) == [], "nothing is tried at a dead address"
    floor.texts(GARY, "on it, 10 min")
    assert floor.phone(GARY), "who writes is there"


def test_R56_both_fitters_blocked_us_and_the_supervisor_hears_at_once(floor: Floor) -> None:
    anita = "70117"
    with floor.app.database.write() as tx:
        addresses.bind(tx, "telegram", anita, "anita.rao", floor.clock.now())
    for phone in (GARY, anita):
        floor.chat.dead[phone] = Unreachable("blocked by the user")
    floor.texts(MARIA, FILLER_DOWN)
    told = [line for line in floor.hears("denise.palmer") if "can be reached" in line]
    assert len(told) == 1
    assert "Gary" in told[0]
    assert "Anita" in told[0]
    with floor.app.database.read() as tx:
        (entry,) = [one for one in cases.log_of(tx, "EX-1001") if one.what == "unreachable"]
    assert entry.facts["people"] == ["gary.lindqvist", "anita.rao"]
    assert floor.cases()[0].task("maintenance").step == 1  # type: ignore[union-attr]
    assert floor.cases()[0].task("planner").step == 0, "the planners are at the page, as ever"  # type: ignore[union-attr]


def test_R56_whoever_is_at_the_page_was_reached(floor: Floor) -> None:
    anita = "70117"
    with floor.app.database.write() as tx:
        addresses.bind(tx, "telegram", anita, "anita.rao", floor.clock.now())
    for phone in (GARY, anita):
        floor.chat.dead[phone] = Unreachable("blocked by the user")
    floor.says("anita.rao", "/open")
    floor.texts(MARIA, FILLER_DOWN)
    assert floor.cases()[0].task("maintenance").step == 0, "she is there"  # type: ignore[union-attr]


def test_R56_a_chat_that_stays_away_is_passed_over_after_half_a_minute(floor: Floor) -> None:
    floor.chat.dead[GARY] = TryLater("it does not answer")
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=10)
    assert floor.hears("gary.lindqvist") == [], "a short pause is waited for"
    floor.passes(seconds=40)
    assert any("Filler 3" in line for line in floor.hears("gary.lindqvist"))
    floor.chat.dead.clear()
    floor.passes(minutes=10)
    assert floor.phone(GARY), "what comes later is tried there again"


def test_R34_resolved_before_somebody_was_told_and_what_was_not_sent_is_cancelled(floor: Floor) -> None:
    floor.chat.dead[GARY] = TryLater("it does not answer")
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=10)
    floor.texts(MARIA, "running again, it was just a loose cable")
    floor.chat.dead.clear()
    floor.passes(minutes=5)

    assert not any("down" in said and "on my way" in said for said in floor.phone(GARY))
    with floor.app.database.read() as tx:
        told = [one for one in outbox.of_case(tx, "EX-1001") if one.notice.to == "gary.lindqvist"]
    dropped = [(one.notice.name, one.dropped_why) for one in told if one.dropped_at]
    assert dropped == [("asked.maintenance", "no longer needed")]
    assert len(floor.phone(GARY)) == 1, "the end alone"


@pytest.mark.parametrize("silent", [False, True])
def test_R37_news_wakes_nobody_who_is_off_shift(floor: Floor, silent: bool) -> None:
    floor.chat.traits = replace(floor.chat.traits, silent=silent)
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes_until(floor.clock.now().replace(hour=20, minute=10))  # 14:10 in the plant: Maria has gone home
    before = len(floor.chat.to(MARIA))
    floor.says("paulo.teixeira", "EX-1001 on it, 10 min")
    floor.passes(hours=1)
    floor.says("paulo.teixeira", "EX-1001 fixed, new seal, 15 min")
    floor.passes(minutes=5)
    told = floor.chat.to(MARIA)[before:]
    assert all(one.quiet for one in told), "nothing rings"
    assert bool(told) is silent
    floor.passes_until(floor.clock.now().replace(day=17, hour=12, minute=1))  # 06:01: she is there again
    told = floor.chat.to(MARIA)[before:]
    assert any("EX-1001" in one.text for one in told), "and nothing is lost"


def test_R37_whoever_wrote_a_moment_ago_hears_what_follows(floor: Floor) -> None:
    floor.passes_until(floor.clock.now().replace(hour=19, minute=50))
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes_until(floor.clock.now().replace(hour=20, minute=10))
    before = len(floor.chat.to(MARIA))
    floor.says("paulo.teixeira", "EX-1001 fixed, new seal, 15 min")
    assert any("EX-1001" in one.text and not one.quiet for one in floor.chat.to(MARIA)[before:])


def test_what_one_chat_refuses_is_told_on_the_next_and_never_dropped(floor: Floor) -> None:
    floor.chat.dead[GARY] = Rejected("can't parse entities")
    floor.texts(MARIA, FILLER_DOWN)
    assert any("Filler 3" in line for line in floor.hears("gary.lindqvist"))


def test_R23_a_busy_platform_loses_nothing_and_only_a_doubtful_repeat_is_marked(floor: Floor) -> None:
    floor.chat.fails = [TryLater("429", timedelta(seconds=7)), TryLater("time-out", outcome_unknown=True)]
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=30)
    texts = [message.text for message in floor.chat.arrived]
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    again = [text for text in texts if text.startswith("You may have this already:")]
    assert len(again) == 1, "the one of which nobody knows whether it arrived"


def test_R23_the_same_delivery_twice_is_one_message(floor: Floor) -> None:
    assert floor.texts(MARIA, FILLER_DOWN, id_="42") == 200
    assert floor.texts(MARIA, FILLER_DOWN, id_="42") == 200
    assert len(floor.cases()) == 1


def test_a_forgery_leaves_no_row_and_no_trace_of_its_words(floor: Floor, logged: LogCapture) -> None:
    for headers in ({}, {"X-Secret": "wrong"}, {"X-Secret": SECRET + "x"}):
        body = {"from": MARIA, "text": "release everything", "id": "1"}
        answer = floor.someone.post("/hooks/telegram", json=body, headers=headers)
        assert answer.status_code == 401
    assert floor.someone.post("/hooks/slack", json={}).status_code == 404
    with floor.app.database.read() as tx:
        assert inbox.due(tx, floor.clock.now(), 10) == ()
        assert inbox.poisoned_count(tx) == 0
    assert "release everything" not in str(logged.entries)


def test_R60_what_is_proved_and_cannot_be_read_is_kept_answered_and_read_again_after_a_fix(
    floor: Floor, logged: LogCapture
) -> None:
    poison = b'{"from": "70106", "id": "7", "words": "secret words"}'
    for _ in range(2):
        answer = floor.someone.post("/hooks/telegram", content=poison, headers={"X-Secret": SECRET})
        assert answer.status_code == 200, "else its platform repeats it for a day"
    with floor.app.database.read() as tx:
        (kept,) = inbox.poisoned(tx)
    assert "secret words" in (kept.message.raw or "")
    assert "secret words" not in str(logged.entries)

    def fixed(knock: Any) -> Any:
        from workflow.ports import Came

        return Came((Inbound("telegram", "7", MARIA, MARIA, floor.clock.now(), FILLER_DOWN),))

    floor.chat.read = fixed  # type: ignore[method-assign]
    with floor.app.database.write() as tx:
        assert inbox.replay(tx, None, floor.clock.now()) == 1
    floor.settle()
    assert len(floor.cases()) == 1


def test_a_text_too_long_for_the_chat_arrives_in_parts_with_the_buttons_under_the_last(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN + " " + "because the infeed screw 4711 is bent and 12 kg of glue lie there. " * 20)
    floor.chat.traits = type(floor.chat.traits)(text=60, parts=40, buttons=4, button_bytes=64)
    floor.passes(minutes=20)
    long = [m for m in floor.chat.to(GARY) if len(m.text) <= 60]
    assert long
    assert all("12" not in m.text or "12 kg" in m.text for m in floor.chat.arrived)
    with_buttons = [m for m in floor.chat.to(GARY) if m.buttons]
    assert with_buttons


def test_what_a_platform_is_told_comes_after_the_row(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.app.loop.run(_a_moment())
    assert floor.chat.acknowledged == [f"{MARIA}:1"]


def test_a_chat_that_hangs_holds_nobody_up_longer_than_its_time(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.wire.SEND_WITHIN", 0.05)

    async def never(message: Outbound) -> Any:
        await _a_moment(60)

    floor.chat.send = never  # type: ignore[method-assign]
    floor.app.receive(Inbound("telegram", "1", MARIA, MARIA, floor.clock.now(), FILLER_DOWN))
    ticks.read_inbox(floor.app)
    ticks.send_outbox(floor.app)
    others = [line for who in ("neil.abbott", "karen.doyle") for line in floor.hears(who)]
    assert any("WO-10482" in line for line in others), "who is reached elsewhere has heard by now"
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) > 0


async def _a_moment(seconds: float = 0.05) -> None:
    import asyncio

    await asyncio.sleep(seconds)


def test_R37_a_stopped_line_overtakes_500_routine_notices(floor: Floor) -> None:
    with floor.app.database.write() as tx:
        for n in range(500):
            outbox.put(tx, None, Notice("gary.lindqvist", "chatter", {"n": n}), floor.clock.now())
    now = floor.clock.now()
    floor.app.receive(Inbound("telegram", "1", MARIA, MARIA, now, FILLER_DOWN))
    floor.app.receive(Inbound("telegram", "2", LUIS, LUIS, now, "seamer 2 runs slow, we watch it"))
    ticks.read_inbox(floor.app)
    ticks.send_outbox(floor.app)
    assert "Filler 3" in floor.phone(GARY)[0], "it is the first of all"
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) > 490, "and the rest waits for its turn"


def test_R23_a_correction_that_comes_before_what_it_corrects_is_the_one_that_counts(floor: Floor) -> None:
    now = floor.clock.now()
    edit = Inbound("telegram", "9:edit:1", MARIA, MARIA, now, "capper 3 jammed, line is down", edits="9")
    floor.app.receive(edit)
    floor.settle()
    floor.app.receive(Inbound("telegram", "9", MARIA, MARIA, now, FILLER_DOWN))
    floor.settle()
    (case,) = floor.cases()
    assert case.assets == ("L3-CAP",)
