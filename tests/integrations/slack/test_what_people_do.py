"""What people write, press, edit and send in Slack, and who they are there."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.invite import invite
from db import inbox
from integrations.chat.slack_events import MOST_FILE, event, plain
from tests.integrations import strict_blocks
from tests.integrations.slack.floor import ANITA, FILLER_DOWN, FIXERS, MARIA, NEIL, TAMIKA, US, Floor
from tests.integrations.strict_slack import BOT_USER, GIVEN, TEAM, TOKEN, StrictSlack
from workflow.messages import Inbound


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
        ({"mimetype": "application/octet-stream", "filetype": "m4a"}, "voice"),
        ({"mimetype": "application/octet-stream", "filetype": "xlsx"}, "document"),
        ({"mimetype": "application/pdf"}, "document"),
    ],
)
def test_what_comes_with_a_message(slack: StrictSlack, file: dict[str, Any], kind: str) -> None:
    sent = slack.message(MARIA, "label of 10482", subtype="file_share", files=[{"id": "F0A", "size": 9, **file}])
    (said,) = event(sent, US)
    assert [(m.kind, m.reference) for m in said.media] == [(kind, "F0A")]


def test_a_photo_is_fetched_with_our_token_and_a_sign_in_page_is_no_photo(floor: Floor, logged: LogCapture) -> None:
    floor.slack.files["F0A"] = b"bytes of a photo"
    assert floor.app.loop.run(floor.channel.fetch("F0A")) == b"bytes of a photo"
    floor.slack.scopes = GIVEN.replace("files:read", "im:read")
    with pytest.raises(Exception, match="refuses the token: missing_scope"):
        floor.app.loop.run(floor.channel.fetch("F0A"))
    assert TOKEN not in str(logged.entries)


@pytest.mark.parametrize("text", ["", FILLER_DOWN])
def test_R9_of_a_file_that_is_too_large_its_sender_is_told(floor: Floor, text: str) -> None:
    floor.slack.files["F0VIDEO"] = bytes(MOST_FILE + 1)
    file = {"id": "F0VIDEO", "mimetype": "video/mp4", "size": MOST_FILE + 1}
    floor.texts(MARIA, text, subtype="file_share", files=[file])
    floor.settle()
    assert any("muy grande" in shown for shown in floor.shows(MARIA))
    assert len(floor.cases()) == bool(text), "what was written counts"


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


def test_R19_a_deleted_report_stays_whatever_was_answered_to_it_and_whatever_order_slack_tells_it_in(
    floor: Floor,
) -> None:
    said = floor.texts(MARIA, FILLER_DOWN)
    floor.presses(ANITA, "On it")
    gone = floor.slack.deletion(said)
    assert gone["event"]["subtype"] == "message_deleted"
    for _ in range(3):
        assert floor.knocks_with(gone) == 200
    floor.settle()
    assert [shown for shown in floor.shows(MARIA) if "borró" in shown] == [floor.shows(MARIA)[-1]], "asked once"
    assert "was deleted" in floor.shows(ANITA)[-1]

    dropped = floor.slack.message(MARIA, "seamer 2 jammed, line is down")
    assert floor.knocks_with(floor.slack.deletion(dropped)) == 200
    assert floor.knocks_with(dropped) == 200
    floor.settle()
    first, second = floor.cases()
    assert (first.is_open, second.is_open, second.assets) == (True, True, ("L2-SEA",)), "said is said"
    floor.presses(MARIA, "Cancelar")
    assert [case.is_open for case in floor.cases()] == [True, False], "she calls off the one that she was asked about"


def test_R19_a_deleted_report_with_answers_in_its_thread_is_a_stone_there_and_the_same_to_us(channels: Floor) -> None:
    said = channels.texts(MARIA, f"<@{BOT_USER}> {FILLER_DOWN}", channel=FIXERS)
    gone = channels.slack.deletion(said)
    assert gone["event"]["message"]["subtype"] == "tombstone"
    channels.knocks_with(gone)
    channels.settle()
    (case,) = channels.cases()
    assert case.is_open
    channels.passes(seconds=10)
    assert any("borró" in shown for shown in (*channels.shows(MARIA), *channels.shows(FIXERS)))
    assert any("was deleted in the chat" in shown for shown in channels.shows(FIXERS)), "the fitters read it too"


def test_talk_among_people_that_is_deleted_leaves_no_row(floor: Floor) -> None:
    said = floor.slack.message(MARIA, "who has the torque wrench", channel="C0FLOOR")
    assert floor.knocks_with(floor.slack.deletion(said)) == 200
    assert floor.rows() == 0


def test_in_a_channel_only_what_is_meant_for_us_counts(slack: StrictSlack) -> None:
    def heard(text: str, **more: Any) -> Inbound | None:
        return next(iter(event(slack.message(MARIA, text, channel="C0FLOOR", **more), US)), None)

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
    assert event(ours, US) == (), "we do not answer ourselves"


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
