"""One live card in the channel of a function, everything else in its thread, and what one alone may see."""

from __future__ import annotations

from integrations.chat.slack_blocks import MOST_MENTIONED, people
from tests.integrations import strict_blocks
from tests.integrations.patience import eventually
from tests.integrations.slack.floor import ANITA, FILLER_DOWN, FIXERS, MARIA, NEIL, QA, STEPHANIE, TAMIKA, Floor
from tests.integrations.strict_slack import BOT_USER


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


def test_a_card_in_a_channel_calls_who_is_asked_by_their_id_and_nobody_else(channels: Floor) -> None:
    channels.texts(MARIA, "filler 3 down <!here> <!channel> <@U0128> @channel, 10482 standing")
    channels.passes(seconds=5)
    (card,) = channels.slack.to(FIXERS)
    named = {e["user_id"] for e in card["blocks"][0]["elements"][0]["elements"] if e["type"] == "user"}
    told = channels.cases()[0].task("maintenance").told  # type: ignore[union-attr]
    asked = {channels.app.plant.person[p].contacts.get("slack") for p in told}
    assert ANITA in named
    assert named <= asked
    assert card["text"].startswith("<@U0"), "their phones ring"
    assert not any(word in card["text"] for word in ("<!here>", "<!channel>", f"<@{STEPHANIE}>")), "escaped"
    kinds = {e["type"] for e in card["blocks"][0]["elements"][0]["elements"]}
    assert kinds <= {"user", "text", "link"}, "what a person wrote stays words"

    channels.passes(minutes=12)
    rung = [m for m in channels.slack.to(FIXERS) if m["thread_ts"] and m["text"].startswith("<@")]
    assert rung, "who lets it wait is called in the thread"
    channels.presses(ANITA, "On it", FIXERS)
    channels.passes(seconds=10)
    assert not channels.slack.to(FIXERS)[-1]["text"].startswith("<@"), "who has it is called no more"


def test_of_what_a_plant_wrote_as_contacts_only_people_become_mentions() -> None:
    wrong = ("!channel", "!here", "C0FIXERS", "T0OTHER/U0117", "U0117> <!here", "", "u0117")
    assert people((*wrong, ANITA, ANITA)) == (ANITA,)
    assert len(people([f"U0{n:03}" for n in range(40)])) == MOST_MENTIONED


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
