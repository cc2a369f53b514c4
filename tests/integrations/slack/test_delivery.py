"""How nothing is lost on the way to and from Slack, or told twice."""

from __future__ import annotations

from db import outbox
from tests.integrations.slack.floor import ANITA, FILLER_DOWN, MARIA, Floor
from tests.integrations.strict_slack import TOKEN


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
