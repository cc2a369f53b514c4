"""What Twilio did not bring, or brings hours late: looked up, with its true age, and taken once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import LogCapture

from integrations.chat.whatsapp_missed import Missed
from tests.integrations.strict_twilio import ACCOUNT, StrictTwilio
from tests.integrations.whatsapp.floor import FILLER_DOWN, GARY, MARIA, Floor
from workflow.errors import TryLater
from workflow.messages import Arrival, Inbound


def looks(floor: Floor, missed: Missed | None = None) -> Missed:
    """The look that is taken at the start and every five minutes, by the plant's clock; its state."""
    channel = floor.app.channels["whatsapp"]
    missed = missed or Missed(channel._wire, channel._sender)  # type: ignore[attr-defined]

    async def receive(one: Inbound | Arrival) -> None:
        assert isinstance(one, Inbound)
        await asyncio.to_thread(floor.app.receive, one)

    floor.app.loop.run(missed.look(receive, floor.clock.now()))
    floor.settles()
    return missed


def test_R23_what_twilio_brings_three_hours_late_is_known_and_as_old_as_it_is(floor: Floor) -> None:
    floor.clock.turn(timedelta(minutes=1))
    then = floor.clock.now()
    late = floor.twilio.wrote(MARIA, "filler 3 jammed since 6:05, line is down, 10482 standing")  # we are away
    floor.goes_on(hours=3)
    assert floor.cases() == ()

    looks(floor)
    (case,) = floor.cases()
    assert case.captured_at == then, "when Twilio had it, and not when we heard of it"
    assert case.occurred_at == then.replace(minute=5), "five past six in the plant, of that morning"
    heard = len(floor.phone(MARIA)), len(floor.phone(GARY))
    assert heard[0] >= 1

    for _ in range(3):
        floor.brings(late)
    assert len(floor.cases()) == 1
    assert (len(floor.phone(MARIA)), len(floor.phone(GARY))) == heard, "nobody is told twice"


def test_R23_a_message_that_was_taken_is_a_repeat_hours_and_a_day_later(floor: Floor) -> None:
    known = floor.twilio.wrote(MARIA, FILLER_DOWN)
    floor.brings(known)
    for pause in (timedelta(hours=5), timedelta(days=1)):
        floor.clock.turn(pause)
        floor.settles()
        heard = floor.phone(MARIA)
        floor.brings(known)
        assert len(floor.cases()) == 1
        assert floor.phone(MARIA) == heard


def test_R41_a_yes_from_before_the_question_agrees_to_nothing(floor: Floor) -> None:
    floor.texts("+15550109", "putting 6319-4A on hold, pallets without a date code")
    floor.goes_on(minutes=5)
    floor.twilio.wrote("+15550118", "yes")  # meant for something else, and under way for a while
    floor.goes_on(minutes=20)
    floor.texts("+15550118", "6319-4A: release 600 cs, rework 150 cs")
    assert any("600" in words for words in floor.phone("+15550118"))
    looks(floor)
    assert floor.cases()[0].decisions == 0
    floor.texts("+15550118", "yes")
    assert floor.cases()[0].decisions == 1


def test_what_is_young_is_left_to_twilio_and_taken_when_it_did_not_come(floor: Floor) -> None:
    floor.clock.turn(timedelta(minutes=10))
    missed = looks(floor)
    floor.twilio.wrote(MARIA, FILLER_DOWN)
    floor.clock.turn(timedelta(seconds=20))
    assert looks(floor, missed) is missed
    assert floor.cases() == (), "its webhook brings more: buttons, places, what it answers"
    floor.clock.turn(timedelta(minutes=5))
    looks(floor, missed)
    assert len(floor.cases()) == 1


def test_a_photo_that_was_missed_comes_with_its_file_and_what_is_odd_is_passed_over(floor: Floor) -> None:
    here = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages"
    photo = f"{here}/MM{'1' * 32}/Media/ME{'2' * 32}"
    floor.twilio.wrote("nobody's address", "x")
    floor.twilio.wrote(
        MARIA, FILLER_DOWN, id_=f"MM{'1' * 32}", NumMedia="1", MediaUrl0=photo, MediaContentType0="image/jpeg"
    )
    floor.twilio.files["2" * 32] = floor.twilio.files[f"ME{'2' * 32}"] = (200, {}, b"\xff\xd8 label")
    floor.clock.turn(timedelta(minutes=5))
    got: list[Inbound] = []

    async def receive(one: Inbound | Arrival) -> None:
        assert isinstance(one, Inbound)
        got.append(one)

    channel = floor.app.channels["whatsapp"]
    look = Missed(channel._wire, channel._sender).look  # type: ignore[attr-defined]
    floor.app.loop.run(look(receive, floor.clock.now()))
    (told,) = (one for one in got if one.text == FILLER_DOWN)
    assert [(m.kind, m.reference) for m in told.media] == [("photo", f"MM{'1' * 32}/ME{'2' * 32}")]


def test_where_twilio_does_not_tell_the_next_look_begins_where_this_one_did(
    floor: Floor, twilio: StrictTwilio, logged: LogCapture
) -> None:
    floor.clock.turn(timedelta(minutes=10))
    missed = looks(floor)
    twilio.wrote(MARIA, FILLER_DOWN)
    floor.clock.turn(timedelta(minutes=5))
    twilio.away = True
    with pytest.raises(TryLater):
        looks(floor, missed)
    twilio.away = False
    floor.clock.turn(timedelta(hours=1))
    looks(floor, missed)
    assert len(floor.cases()) == 1
