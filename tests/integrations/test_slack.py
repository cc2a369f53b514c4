"""Slack as its pages describe it: what people do there, what it refuses, and how nothing is lost or told twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from structlog.testing import LogCapture

from bot.config import WrongConfiguration, read_config
from bot.engine import Engine
from bot.invite import invite
from db import inbox, outbox
from tests.integrations import strict_blocks
from tests.integrations.strict_slack import APP_TOKEN, BOT_USER, GIVEN, SECRET, TEAM, TOKEN, StrictSlack
from tests.services import missing
from tests.web.door import OpenDoor
from workflow.messages import Inbound, Outbound
from workflow.ports import Finding

try:
    from integrations.chat.pace import Pace
    from integrations.chat.slack import HOOK, Slack
    from integrations.chat.slack_events import Us, event, plain
except ImportError:
    missing("slack-bolt (pip install linecall[slack])")

MARIA, ANITA, TAMIKA, NEIL, STEPHANIE = "U0106", "U0117", "U0118", "U0121", "U0128"
US = Us(TEAM, BOT_USER, "B0LINE")
FILLER_DOWN = "filler 3 jammed, line is down, 10482 standing"


class Floor(OpenDoor):
    """Riverside on a strict Slack; time is the plant's, so messages are dated by it."""

    def __init__(self, data: Path, slack: StrictSlack, **settings: Any) -> None:
        settings = {"slack_bot_token": TOKEN, "slack_base_url": slack.url, "slack_signing_secret": SECRET, **settings}
        super().__init__(data, play=False, **settings)
        self.slack = slack
        channel = self.app.channels["slack"]
        assert isinstance(channel, Slack)
        self.channel = channel
        channel._posts._pace = Pace(())
        self.app.loop.run(channel._who_are_we())

    def knocks_with(self, payload: Any, secret: str = SECRET, at: float | None = None) -> int:
        """Slack calls; the status that it is answered."""
        return self.answered(payload, secret, at).status_code

    def answered(self, payload: Any, secret: str = SECRET, at: float | None = None) -> Any:
        """Slack calls; the whole answer."""
        headers, body = self.slack.signed(payload, at or self.clock.now().timestamp(), secret)
        return self.someone.post(HOOK, content=body, headers=headers)

    def texts(self, person: str, text: str, **more: Any) -> dict[str, Any]:
        """A person writes, and the program works until it is done."""
        said = self.slack.message(person, text, date=self.clock.now().timestamp(), **more)
        assert self.knocks_with(said) == 200
        self.settle()
        return said

    def shows(self, where: str) -> list[str]:
        """What a person or a channel got."""
        return [strict_blocks.shown(m["blocks"]) for m in self.slack.to(where)]

    def data(self, where: str, label: str) -> str:
        """What the newest button with this label carries."""
        found = [v for m in self.slack.to(where) for shown, v in strict_blocks.buttons(m["blocks"]) if shown == label]
        assert found, f"{where} was never shown a button {label}"
        return found[-1]

    def presses(self, person: str, label: str, where: str | None = None) -> Any:  # type: ignore[override]
        """A person presses the newest button with this label; the answer to Slack."""
        answer = self.answered(self.slack.press(person, self.data(where or person, label)))
        assert answer.status_code == 200
        self.settle()
        return answer

    def rows(self) -> int:
        """How many messages are stored."""
        with self.app.database.read() as tx:
            return sum(inbox.get(tx, n) is not None for n in range(1, 200))


@pytest.fixture
def slack() -> Iterator[StrictSlack]:
    with StrictSlack() as server:
        yield server


@pytest.fixture
def floor(tmp_path: Path, slack: StrictSlack, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data", slack)
    yield plant
    plant.close()


def eventually(true: Callable[[], Any], within: float = 15.0) -> None:
    until = time.monotonic() + within
    while not true():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


# what people do -------------------------------------------------------------------------------------------------------


def test_a_report_is_answered_and_its_button_taken(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    (case,) = floor.cases()
    assert case.reporter == "maria.lopez"
    assert case.number in floor.shows(MARIA)[0]

    floor.presses(ANITA, "On it")
    task = floor.cases()[0].task("maintenance")
    assert task is not None
    assert task.acknowledged_by == "anita.rao"


def test_a_reply_in_a_thread_belongs_to_its_exception(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.texts(MARIA, "capper 3 is jammed too")
    first, second = floor.cases()
    told = next(m for m in floor.slack.to(ANITA) if second.number in strict_blocks.shown(m["blocks"]))
    floor.texts(ANITA, "on it, 10 min", thread_ts=told["ts"])
    assert floor.case(second.number).task("maintenance").acknowledged_by == "anita.rao"  # type: ignore[union-attr]
    assert floor.case(first.number).task("maintenance").acknowledged_by is None  # type: ignore[union-attr]


def test_what_asks_for_something_is_not_hidden_in_a_thread(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(minutes=12)
    threads = [m for m in floor.slack.to(ANITA) if m["thread_ts"] is not None]
    assert threads, "what comes later stands in the thread of the exception"
    for message in threads:
        asks = bool(strict_blocks.buttons(message["blocks"]))
        assert (message["reply_broadcast"] == "true") is asks


def test_a_slash_command_and_a_shortcut_report(floor: Floor) -> None:
    answer = floor.answered(floor.slack.command(MARIA, FILLER_DOWN))
    assert answer.json()["response_type"] == "ephemeral"
    floor.settle()
    assert [case.reporter for case in floor.cases()] == ["maria.lopez"]

    theirs = floor.slack.message("U0STRANGE", "seamer 2 has no lids", channel="C0FLOOR")
    assert floor.knocks_with(floor.slack.shortcut(NEIL, theirs)) == 200
    floor.settle()
    assert [(c.reporter, c.line) for c in floor.cases()][1:] == [("neil.abbott", "L2")]


def test_R41_a_shortcut_on_somebody_elses_words_decides_nothing(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    theirs = floor.slack.message(TAMIKA, "EX-1001 fixed, running again", channel="C0FLOOR")
    floor.knocks_with(floor.slack.shortcut(ANITA, theirs))
    floor.settle()
    assert floor.cases()[0].resolved_at is None
    own = floor.slack.message(ANITA, "EX-1001 fixed, running again", channel="C0FLOOR")
    floor.knocks_with(floor.slack.shortcut(ANITA, own))
    floor.settle()
    assert floor.cases()[0].resolved_at is not None, "her own words are hers"


@pytest.mark.parametrize(("typed", "said"), [("open", "EX-1001"), ("", "/open"), ("me", "Neil Abbott")])
def test_the_slash_command_knows_our_commands(floor: Floor, typed: str, said: str) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.knocks_with(floor.slack.command(NEIL, typed))
    floor.settle()
    assert said in floor.shows(NEIL)[-1]


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ({"mimetype": "image/jpeg"}, "photo"),
        ({"mimetype": "audio/webm"}, "voice"),
        ({"mimetype": "video/mp4", "subtype": "slack_audio"}, "voice"),
        ({"mimetype": "application/pdf"}, "document"),
    ],
)
def test_what_comes_with_a_message(slack: StrictSlack, file: dict[str, Any], kind: str) -> None:
    sent = slack.message(MARIA, "label of 10482", subtype="file_share", files=[{"id": "F0A", "size": 9, **file}])
    said = event(sent, US)
    assert said is not None
    assert [(m.kind, m.reference) for m in said.media] == [(kind, "F0A")]


def test_a_photo_is_fetched_with_our_token_and_a_sign_in_page_is_no_photo(floor: Floor, logged: LogCapture) -> None:
    floor.slack.files["F0A"] = b"bytes of a photo"
    assert floor.app.loop.run(floor.channel.fetch("F0A")) == b"bytes of a photo"
    floor.slack.scopes = GIVEN.replace("files:read", "im:read")
    with pytest.raises(Exception, match="refuses the token: missing_scope"):
        floor.app.loop.run(floor.channel.fetch("F0A"))
    assert TOKEN not in str(logged.entries)


def test_R19_an_edited_report_corrects_it_and_an_edit_without_a_change_says_nothing(floor: Floor) -> None:
    said = floor.texts(MARIA, FILLER_DOWN)
    heard = len(floor.slack.to(MARIA))
    assert floor.knocks_with(floor.slack.edit(said, FILLER_DOWN)) == 200
    floor.settle()
    assert len(floor.slack.to(MARIA)) == heard
    assert floor.knocks_with(floor.slack.edit(said, "capper 3 jammed, line is down, 10482 standing")) == 200
    floor.settle()
    (case,) = floor.cases()
    assert case.assets == ("L3-CAP",), "one exception, corrected"


def test_in_a_channel_only_what_is_meant_for_us_counts(slack: StrictSlack) -> None:
    def heard(text: str, **more: Any) -> Inbound | None:
        return event(slack.message(MARIA, text, channel="C0FLOOR", **more), US)

    assert heard("who has the torque wrench") is None
    mentioned = heard(f"<@{BOT_USER}> filler 3 is down")
    assert mentioned is not None
    assert (mentioned.text, mentioned.sender, mentioned.conversation) == ("filler 3 is down", MARIA, "C0FLOOR")
    in_a_thread = heard("loose cable", thread_ts="1763.1")
    assert in_a_thread is not None
    assert in_a_thread.overheard
    assert heard("I am a bot", bot_id="B0THER") is None
    assert heard("joined", subtype="channel_join") is None
    ours = slack.message(BOT_USER, "EX-1001", channel="C0FLOOR", thread_ts="1763.1")
    assert event(ours, US) is None, "we do not answer ourselves"


def test_talk_in_a_thread_that_is_about_nothing_of_ours_leaves_no_row(floor: Floor) -> None:
    root = floor.slack.message(MARIA, "lunch?", channel="C0FLOOR")
    floor.texts(NEIL, "filler 3 is down as well, tacos", channel="C0FLOOR", thread_ts=root["event"]["ts"])
    assert floor.rows() == 0


def test_text_is_what_people_saw() -> None:
    shown = "<@U0117|anita> lot 6319-4A &lt; 5 &amp; see <https://erp.example/1|the order> in <#C1|floor> <!here>"
    assert plain(shown, US) == "@anita lot 6319-4A < 5 & see the order in #floor @here"


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "event_callback", "team_id": TEAM, "event": {"type": "reaction_added", "user": MARIA}},
        {"type": "event_callback", "team_id": TEAM, "event": {"type": "something_of_next_year"}},
        {"type": "view_closed", "user": {"id": MARIA}, "team": {"id": TEAM}},
    ],
)
def test_what_is_not_for_us_is_answered_and_leaves_no_row(floor: Floor, payload: Any) -> None:
    assert floor.knocks_with(payload) == 200
    assert floor.rows() == 0


def test_slack_is_answered_its_challenge(floor: Floor) -> None:
    answer = floor.answered({"type": "url_verification", "challenge": "3eZbrw1aB"})
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB")


# in a channel ---------------------------------------------------------------------------------------------------------

FIXERS, QA = "C0FIXERS", "C0QUALITY"


@pytest.fixture
def channels(tmp_path: Path, slack: StrictSlack, logged: LogCapture) -> Iterator[Floor]:
    """Riverside with a channel for maintenance and one for quality."""
    slack.channels |= {id_: {"id": id_, "is_member": True} for id_ in (FIXERS, QA)}
    plant = Floor(tmp_path / "data", slack, slack_channel=f"maintenance={FIXERS}, quality={QA}")
    yield plant
    plant.close()


def test_R54_one_live_card_in_the_channel_of_its_function_and_the_rest_in_its_thread(channels: Floor) -> None:
    floor = channels
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=5)
    (card,) = floor.slack.to(FIXERS)
    assert card["thread_ts"] is None
    assert "EX-1001" in strict_blocks.shown(card["blocks"])
    assert floor.slack.to(QA) == [], "it is no exception of theirs"

    floor.presses(ANITA, "On it", FIXERS)
    floor.passes(seconds=10)
    assert floor.cases()[0].task("maintenance").acknowledged_by == "anita.rao"  # type: ignore[union-attr]
    tops = [m for m in floor.slack.to(FIXERS) if m["thread_ts"] is None]
    assert tops == [card], "the same message"
    assert card["edits"] >= 1
    assert "Anita" in strict_blocks.shown(card["blocks"])
    assert {m["thread_ts"] for m in floor.slack.to(FIXERS)} == {None, card["ts"]}

    floor.texts(ANITA, "loose cable, there in 20 min", channel=FIXERS, thread_ts=card["ts"])
    assert floor.cases()[0].task("maintenance").promised_at is not None  # type: ignore[union-attr]
    for message in floor.slack.to(FIXERS):
        assert message["thread_ts"] in (None, card["ts"]), "no thread in a thread"


def test_R55_a_button_in_a_channel_gives_nobody_a_right(channels: Floor) -> None:
    channels.texts(MARIA, FILLER_DOWN)
    channels.passes(seconds=5)
    on_it = channels.data(FIXERS, "On it")
    for stranger in (STEPHANIE, "U0NOBODY"):
        channels.knocks_with(channels.slack.press(stranger, on_it))
    channels.knocks_with(channels.slack.press(ANITA, on_it, team="T0OTHER"))
    channels.settle()
    assert all(task.acknowledged_at is None for task in channels.cases()[0].tasks)
    whispered = [strict_blocks.shown(m["blocks"]) for m in channels.slack.whispered if m["user"] == "U0NOBODY"]
    assert any("I do not know you yet" in words for words in whispered), "seen by nobody else"


def test_who_asks_in_a_channel_is_answered_there_and_what_concerns_them_alone_is_seen_by_them_alone(
    channels: Floor,
) -> None:
    said = channels.texts(MARIA, f"<@{BOT_USER}> {FILLER_DOWN}", channel=FIXERS)
    answer = next(m for m in channels.slack.to(FIXERS) if m["thread_ts"] == said["event"]["ts"])
    first = answer["blocks"][0]["elements"][0]["elements"][0]
    assert first == {"type": "user", "user_id": MARIA}, "she is called by name"
    assert "EX-1001" in strict_blocks.shown(answer["blocks"])

    channels.texts(NEIL, f"<@{BOT_USER}> /me", channel=FIXERS)
    (whispered,) = channels.slack.whispered
    assert (whispered["user"], whispered["channel"]) == (NEIL, FIXERS)
    assert "Neil Abbott" in strict_blocks.shown(whispered["blocks"])

    channels.texts(ANITA, "on it, 10 min", channel=FIXERS, thread_ts=said["event"]["ts"])
    (case,) = channels.cases()
    assert case.task("maintenance").acknowledged_by == "anita.rao", "an answer in that thread is about it"  # type: ignore[union-attr]


def test_what_concerns_one_alone_stays_theirs_when_slacks_answer_got_lost(channels: Floor) -> None:
    channels.slack.breaks_whispers = 1
    channels.texts(NEIL, f"<@{BOT_USER}> /me", channel=FIXERS)
    channels.passes(minutes=2)
    assert [whispered["user"] for whispered in channels.slack.whispered] == [NEIL, NEIL]
    assert not any("Neil Abbott" in words for words in channels.shows(FIXERS)), "and nobody else reads it"


def test_a_form_opens_from_the_card_of_a_channel_and_is_answered_there(channels: Floor) -> None:
    channels.texts("U0101", "putting 6319-4A on hold, pallets without a date code")
    channels.passes(seconds=5)
    channels.presses(NEIL, "Decide", QA)
    assert channels.slack.views == [], "who may decide nothing sees no form"
    channels.presses(TAMIKA, "Decide", QA)
    eventually(lambda: channels.slack.views)
    parts = {"0.release": "600", "0.rework": "150", "reason": "codes checked by hand"}
    answer = channels.answered(channels.slack.submission(TAMIKA, channels.slack.views[-1], **parts))
    assert answer.text == "", answer.text
    channels.settle()
    read_back = channels.slack.to(QA)[-1]
    assert "600" in strict_blocks.shown(read_back["blocks"])
    channels.knocks_with(channels.slack.press(STEPHANIE, channels.data(QA, "Yes, book it")))
    channels.settle()
    assert channels.cases()[0].decisions == 0, "the yes is its author's"
    channels.presses(TAMIKA, "Yes, book it", QA)
    assert channels.cases()[0].decisions == 1


def test_a_card_whose_answer_got_lost_is_found_and_not_posted_twice(channels: Floor) -> None:
    channels.texts(MARIA, FILLER_DOWN)
    for message in list(channels.slack.accepted):
        if message["channel"] == FIXERS:
            channels.slack.accepted.remove(message)
    with channels.app.database.write() as tx:
        from db.tables import card

        tx.execute(card.delete())
    channels.slack.breaks = ["silent"]
    channels.passes(minutes=2)
    tops = [m for m in channels.slack.to(FIXERS) if m["thread_ts"] is None]
    assert len(tops) == 1, [strict_blocks.shown(m["blocks"]) for m in tops]


# forms ----------------------------------------------------------------------------------------------------------------


def hold(floor: Floor) -> dict[str, Any]:
    """A hold that Tamika may decide about, and the form that her button opened."""
    floor.texts("U0101", "putting 6319-4A on hold, pallets without a date code")
    floor.presses(TAMIKA, "Decide")
    eventually(lambda: floor.slack.views)
    return floor.slack.views[-1]


def test_R41_a_decision_in_parts_is_filled_in_read_back_and_confirmed(floor: Floor) -> None:
    form = hold(floor)
    before = floor.rows()
    parts = {"0.release": "600", "0.rework": "150", "reason": "codes checked by hand"}
    answer = floor.answered(floor.slack.submission(TAMIKA, form, **(parts | {"0.release": "99999"})))
    (wrong,) = answer.json()["errors"].items()
    assert wrong[0] == "0.release"
    assert "does not add up" in wrong[1]
    assert floor.rows() == before, "what is wrong with a form is said in the form, and leaves no row"
    answer = floor.answered(floor.slack.submission(TAMIKA, form, reason="looks fine"))
    assert answer.json()["errors"] == {"0.release": "Write at least one quantity."}

    sent = floor.slack.submission(TAMIKA, form, **parts)
    for _ in range(3):
        answer = floor.answered(sent)
        assert (answer.status_code, answer.text) == (200, "")
    floor.settle()
    (case,) = floor.cases()
    assert case.decisions == 0, "nothing is decided before it was read once more"
    assert "600" in floor.shows(TAMIKA)[-1]
    floor.presses(TAMIKA, "Yes, book it")
    (case,) = floor.cases()
    held = case.held_lot("6319-4A")
    assert held is not None
    assert (case.decisions, held.remaining) == (1, 200)
    assert case.parts[0].quantity == 600


def test_a_form_is_checked_against_the_exception_as_it_is_when_it_is_sent(floor: Floor) -> None:
    form = hold(floor)
    floor.texts(TAMIKA, "6319-4A: release 600 cs, rework 150 cs")
    floor.presses(TAMIKA, "Yes, book it")
    answer = floor.answered(floor.slack.submission(TAMIKA, form, **{"0.release": "500", "reason": "late"}))
    assert "200" in str(answer.json()["errors"]), "so much is left"
    answer = floor.answered(floor.slack.submission(NEIL, form, **{"0.release": "5", "reason": "mine now"}))
    assert answer.json()["errors"], "a form belongs to whom it was shown"
    assert floor.cases()[0].decisions == 1


def test_fixed_asks_for_what_was_done_and_how_long(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.presses(ANITA, "On it")
    floor.texts(ANITA, "ok")
    floor.passes(minutes=61)
    floor.presses(ANITA, "Fixed")
    eventually(lambda: floor.slack.views)
    form = floor.slack.views[-1]
    wrong = floor.answered(floor.slack.submission(ANITA, form, what="loose cable", minutes="soon"))
    assert "number" in wrong.json()["errors"]["minutes"]
    assert floor.cases()[0].is_open
    floor.answered(floor.slack.submission(ANITA, form, what="loose cable", minutes="41", scrap="12"))
    floor.settle()
    (case,) = floor.cases()
    assert (case.resolution, case.downtime_min) == ("loose cable", 41)
    assert case.scrap is not None
    assert case.scrap.value == 12


def test_not_mine_asks_whose_and_hands_over(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.presses(ANITA, "Not mine")
    eventually(lambda: floor.slack.views)
    form = floor.slack.views[-1]
    offered = {o["value"]: o["text"]["text"] for o in form["blocks"][0]["element"]["options"]}
    assert offered["gary.lindqvist"] == "Gary Lindqvist"
    assert offered["materials"] == "materials"
    assert "anita.rao" not in offered
    floor.answered(floor.slack.submission(ANITA, form, to="gary.lindqvist", reason="I am at the robot"))
    floor.settle()
    task = floor.cases()[0].task("maintenance")
    assert task is not None
    assert task.owner == "gary.lindqvist"


def test_a_form_that_comes_too_late_to_open_costs_a_press_and_nothing_else(floor: Floor, logged: LogCapture) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    press = floor.slack.press(ANITA, floor.data(ANITA, "Not mine"))
    floor.slack._triggers.clear()
    assert floor.knocks_with(press) == 200
    eventually(lambda: any(e["event"] == "slack.form_not_shown" for e in logged.entries))
    assert floor.cases()[0].task("maintenance").declined == ()  # type: ignore[union-attr]


def test_the_home_page_shows_what_waits_for_one_and_nothing_to_a_stranger(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    for user in (ANITA, STEPHANIE, "U0NOBODY"):
        opened = {"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}
        assert floor.knocks_with(floor.slack.event(opened)) == 200
    eventually(lambda: {ANITA, STEPHANIE} <= set(floor.slack.homes))
    assert "EX-1001" in strict_blocks.shown(floor.slack.homes[ANITA]["blocks"])
    assert "EX-1001" not in strict_blocks.shown(floor.slack.homes[STEPHANIE]["blocks"])
    assert "U0NOBODY" not in floor.slack.homes


# who is who -----------------------------------------------------------------------------------------------------------


def test_R55_the_same_id_of_another_workspace_is_nobody_of_ours(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    on_it = floor.data(ANITA, "On it")
    floor.knocks_with(floor.slack.press(ANITA, on_it, team="T0OTHER"))
    foreign = floor.slack.message(ANITA, "on it", channel="C0FLOOR", user_team="T0OTHER", text_=1)
    foreign["event"]["text"] = f"<@{BOT_USER}> on it EX-1001"
    floor.knocks_with(foreign)
    floor.settle()
    assert floor.cases()[0].task("maintenance").acknowledged_by is None  # type: ignore[union-attr]
    with floor.app.database.read() as tx:
        assert {one.message.sender for one in inbox.of_strangers(tx)} == {f"T0OTHER/{ANITA}"}


def test_R33_a_button_works_for_whom_it_was_shown_to_alone(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    on_it = floor.data(ANITA, "On it")
    assert "EX-" not in on_it
    floor.knocks_with(floor.slack.press(NEIL, on_it))
    floor.knocks_with(floor.slack.press(ANITA, on_it[:-1] + ("A" if on_it[-1] != "A" else "B")))
    floor.settle()
    assert all(task.acknowledged_at is None for task in floor.cases()[0].tasks)


def test_R55_an_invitation_binds_a_slack_user_once(floor: Floor) -> None:
    token = invite(floor.app, "gary.lindqvist")
    floor.knocks_with(floor.slack.command("U0999", f"start {token}"))
    floor.settle()
    assert "Gary Lindqvist" in floor.shows("U0999")[-1]
    floor.presses("U0999", "That is me")
    assert floor.shows("U0999")[-1].startswith("Good, Gary Lindqvist.")
    floor.knocks_with(floor.slack.command("U0998", f"start {token}"))
    floor.settle()
    assert "I do not know you yet" in floor.shows("U0998")[-1]


# how nothing is lost or told twice ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_R23_every_delivery_three_times_in_any_order_ends_in_the_same_state(tmp_path: Path, logged: LogCapture) -> None:
    """500 orders of the same deliveries: one state."""
    ends = set()
    with StrictSlack() as slack:
        plant = Floor(tmp_path / "data", slack)
        date = plant.clock.now().timestamp()
        mention = slack.message(MARIA, f"<@{BOT_USER}> seamer 2 has no lids", channel="C0FLOOR", date=date - 1)
        again = slack.event({**mention["event"], "type": "app_mention"})
        deliveries = [
            slack.message(MARIA, FILLER_DOWN, date=date - 2),
            mention,
            again,
            slack.press(ANITA, "1.never-shown"),
            slack.message("U0NOBODY", "who are you", date=date),
            slack.command("U0NOBODY", "hello"),
        ]
        orders = random.Random(54)
        for _ in range(500):
            shuffled = deliveries * 3
            orders.shuffle(shuffled)
            for payload in shuffled[:: 1 if not ends else 6]:
                assert plant.knocks_with(payload) == 200
            if not ends:
                plant.settle()
            with plant.app.database.read() as tx:
                rows = inbox.unhandled_count(tx), inbox.stranger_count(tx), outbox.unsent_count(tx)
            ends.add((rows, tuple((c.reporter, c.type, c.line) for c in plant.cases())))
        plant.close()
    assert len(ends) == 1, ends


@pytest.mark.slow
def test_500_forged_or_recorded_inputs_leave_no_row_and_no_word(floor: Floor, logged: LogCapture) -> None:
    chance = random.Random(7)
    for n in range(500):
        payload = floor.slack.message(MARIA, f"release lot 6319-4A secretword {n}")
        if n % 2:
            wrong = chance.choice([SECRET[:-1], SECRET + "0", SECRET.upper(), "x", SECRET[::-1]])
            assert floor.knocks_with(payload, wrong) == 401
        else:
            old = floor.clock.now().timestamp() - chance.choice([301, 86_400, -301, 10**9])
            assert floor.knocks_with(payload, at=old) == 401
    assert floor.rows() == 0
    assert "secretword" not in str(logged.entries)


@pytest.mark.slow
def test_500_broken_inputs_are_answered_and_never_a_5xx(floor: Floor, logged: LogCapture) -> None:
    chance = random.Random(11)
    whole = json.dumps(floor.slack.message(MARIA, "secretword")).encode()
    odd = [b"null", b"1e999", b'"x"', b"[]", b"{}", b"\xff", b'{"a":' * 80, b"payload=notjson", b"payload=%5B%5D", b""]
    strange: list[Any] = [None, True, -1, 2**63, 1.5, "", "x", [], {}, [[]], {"id": "x"}]
    for n in range(500):
        payload: Any
        if n % 3 == 0:
            body = bytearray(whole)
            for _ in range(chance.randint(1, 6)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            payload = bytes(body)
        elif n % 3 == 1:
            payload = chance.choice(odd) + (b" " * n)
        else:
            payload = chance.choice([floor.slack.message(MARIA, "secretword"), floor.slack.press(MARIA, "1.x")])
            inside = chance.choice([payload, payload.get("event") or payload["user"]])
            inside[chance.choice(sorted(inside))] = chance.choice(strange)
        headers, body_ = floor.slack.signed(payload, floor.clock.now().timestamp())
        assert floor.someone.post(HOOK, content=body_, headers=headers).status_code == 200, payload
    floor.settle()
    assert "secretword" not in str(logged.entries)
    assert floor.knocks_with(b"x" * 300_000) == 413


def test_who_takes_requests_and_never_listens_asks_who_we_are_and_believes_nothing_before(floor: Floor) -> None:
    report = floor.slack.message(MARIA, FILLER_DOWN)
    floor.channel._us, floor.channel._access = None, ("xoxb-revoked", floor.slack.url)
    assert floor.knocks_with(report) == 503, "Slack brings it again"
    assert floor.rows() == 0
    floor.channel._access = (TOKEN, floor.slack.url)
    assert floor.knocks_with(report) == 200
    assert floor.rows() == 1


def test_R23_one_ambiguous_send_in_five_loses_nothing_and_repeats_nothing(floor: Floor) -> None:
    floor.slack.breaks = ["silent" if n % 5 == 0 else "lost" if n % 5 == 3 else "" for n in range(60)]
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(minutes=6)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
    keys = [message["metadata"]["event_payload"]["key"] for message in floor.slack.accepted]
    assert len(keys) == len(set(keys)), "what had arrived was found, and not sent again"
    assert any(method == "conversations.history" for method, _ in floor.slack.calls), "something was in doubt"


@pytest.mark.slow
def test_1000_sends_with_one_outcome_in_five_unknown_lose_nothing_and_repeat_nothing(slack: StrictSlack) -> None:
    import asyncio

    from workflow.errors import TryLater

    chance = random.Random(58)

    async def send_all() -> int:
        channel, unknown = Slack(TOKEN, base_url=slack.url, pace=Pace(())), 0
        for n in range(1000):
            message = Outbound(ANITA, f"EX-{n}", key=f"riverside:{n}:0")
            for _ in range(20):
                slack.breaks = [chance.choice(["silent", "lost"])] if chance.random() < 0.2 else []
                try:
                    await channel.send(message)
                    break
                except TryLater as later:
                    unknown += later.outcome_unknown
                    message = replace(message, repeat=message.repeat or later.outcome_unknown)
        await channel.close()
        return unknown

    assert asyncio.run(send_all()) > 150
    assert [strict_blocks.shown(m["blocks"]) for m in slack.to(ANITA)] == [f"EX-{n}" for n in range(1000)]


def test_a_pause_that_slack_asks_for_is_kept(floor: Floor) -> None:
    floor.slack.floods = [20]
    floor.texts(MARIA, FILLER_DOWN)
    floor.passes(seconds=15)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 1
    floor.passes(seconds=10)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0


def test_R56_who_left_the_workspace_falls_to_the_next_channel(floor: Floor) -> None:
    floor.slack.dead.add(ANITA)
    floor.texts(MARIA, FILLER_DOWN)
    assert any("Filler 3" in line for line in floor.hears("anita.rao")), "our own page shows it"


def test_no_word_of_a_person_calls_a_channel_or_becomes_markup(floor: Floor) -> None:
    floor.texts(MARIA, "filler 3 is down <!channel> <@U0121> *_`x`_* https://erp.example/1 &amp; 5 < 6")
    for message in floor.slack.accepted:
        assert "<!channel>" not in message["text"]
        assert "<@U" not in message["text"]
        kinds = {p["type"] for b in message["blocks"] if b["type"] == "rich_text" for p in b["elements"][0]["elements"]}
        assert kinds <= {"text", "link"}


# Socket Mode ----------------------------------------------------------------------------------------------------------


class OnASocket(Floor):
    """Riverside in Socket Mode, with its engine running."""

    def __init__(self, data: Path, slack: StrictSlack) -> None:
        super().__init__(data, slack, slack_app_token=APP_TOKEN, slack_signing_secret=None)


@pytest.mark.slow
def test_S17_by_a_socket_an_envelope_is_answered_once_it_is_stored(
    tmp_path: Path, slack: StrictSlack, logged: LogCapture
) -> None:
    plant = OnASocket(tmp_path / "data", slack)
    receive, plant.app.receive = plant.app.receive, _fails  # type: ignore[method-assign]
    with Engine(plant.app):
        eventually(lambda: slack.sockets)
        report = slack.message(MARIA, FILLER_DOWN, date=plant.clock.now().timestamp())
        slack.push(report, "first")
        eventually(lambda: any(e["event"] == "slack.not_stored" for e in logged.entries))
        assert slack.acks == [], "nothing is confirmed that was not stored"
        plant.app.receive = receive  # type: ignore[method-assign]
        slack.push(report, "second")
        slack.push(report, "third")
        eventually(lambda: [a["envelope_id"] for a in slack.acks] == ["second", "third"])
        eventually(lambda: len(plant.cases()) == 1)
        slack.push(slack.command(NEIL, "open"), "fourth")
        eventually(lambda: any(a["envelope_id"] == "fourth" and a["payload"]["text"] == "✓" for a in slack.acks))
        slack.push({"type": "event_callback", "team_id": TEAM, "event": "secretword"}, "fifth")
        eventually(lambda: slack.acks[-1]["envelope_id"] == "fifth")
    with plant.app.database.read() as tx:
        assert inbox.poisoned_count(tx) == 1
    assert "secretword" not in str(logged.entries)
    plant.close()


def _fails(message: Any) -> int:
    raise OSError("the disk is full")


@pytest.mark.slow
def test_S7_what_slack_dropped_is_found_in_the_open_threads(
    tmp_path: Path, slack: StrictSlack, logged: LogCapture
) -> None:
    plant = OnASocket(tmp_path / "data", slack)
    with Engine(plant.app):
        eventually(lambda: slack.sockets)
        slack.push(slack.message(MARIA, FILLER_DOWN))
        eventually(lambda: any(strict_blocks.buttons(m["blocks"]) for m in slack.to(ANITA)))
        told = slack.to(ANITA)[0]
        slack.message(ANITA, "on it, 10 min", thread_ts=told["ts"])  # and no event of it
        slack.cut()
        eventually(lambda: plant.cases()[0].task("maintenance").acknowledged_by == "anita.rao", within=30)  # type: ignore[union-attr]
    plant.close()


# how it is ------------------------------------------------------------------------------------------------------------


def test_doctor_says_what_to_do(slack: StrictSlack) -> None:
    import asyncio

    def examined(token: str = TOKEN, **settings: Any) -> dict[str, Finding]:
        places = settings.pop("places", ())

        async def look() -> tuple[Finding, ...]:
            channel = Slack(token, base_url=slack.url, **settings)
            channel._program = Mock(places=lambda _: places)
            try:
                return await channel.examine()
            finally:
                await channel.close()

        return {f.what: f for f in asyncio.run(look())}

    well = examined(app_token=APP_TOKEN, places=("C0FLOOR",))
    assert [f.to_do for f in well.values()] == [""] * 4, well
    assert "Socket Mode" in well["delivery"].how
    assert "LINECALL_SLACK_BOT_TOKEN" in examined("xoxb-wrong")["token"].to_do
    assert "LINECALL_SLACK_APP_TOKEN" in examined(app_token="xapp-wrong")["delivery"].to_do
    assert "signing secret" in examined(secret=SECRET)["delivery"].how
    slack.scopes = GIVEN.replace("im:history,", "")
    assert "missing: im:history" in examined(app_token=APP_TOKEN)["scopes"].how
    slack.scopes = f"{GIVEN},chat:write.public"
    assert "more than needed: chat:write.public" in examined(app_token=APP_TOKEN)["scopes"].how
    slack.channels["C0FLOOR"]["is_member"] = False
    assert "/invite" in examined(places=("C0FLOOR",))["channel C0FLOOR"].to_do
    assert "cannot be seen" in examined(places=("C0GONE",))["channel C0GONE"].how


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"slack_bot_token": "xoxp-a-user"}, "LINECALL_SLACK_BOT_TOKEN"),
        ({"slack_bot_token": TOKEN}, "LINECALL_SLACK_APP_TOKEN"),
        ({"slack_bot_token": TOKEN, "slack_app_token": "xoxb-x"}, "LINECALL_SLACK_APP_TOKEN"),
        ({"slack_bot_token": TOKEN, "slack_signing_secret": "short"}, "LINECALL_SLACK_SIGNING_SECRET"),
        (
            {"slack_bot_token": TOKEN, "slack_signing_secret": SECRET, "slack_channel": "#floor"},
            "LINECALL_SLACK_CHANNEL",
        ),
    ],
)
def test_wrong_settings_are_refused_with_their_name(settings: dict[str, str], said: str) -> None:
    with pytest.raises(WrongConfiguration, match=f"^{said}: ") as no:
        read_config(**settings)
    assert "xoxp-a-user" not in str(no.value)
