"""The 24 hours, templates, and what became of each message that Twilio took."""

from __future__ import annotations

from typing import Any

from db import addresses, inbox, outbox
from tests.integrations.strict_twilio import NUMBER, PUBLIC, StrictTwilio
from tests.integrations.whatsapp.floor import (
    FILLER_DOWN,
    GARY,
    MARIA,
    Floor,
    knows,
)


def test_R52_after_24_hours_a_template_carries_the_notice_and_its_buttons_work(floor: Floor) -> None:
    knows(floor)
    floor.goes_on(hours=23, minutes=59)
    floor.twilio.arrived.clear()
    floor.texts(MARIA, FILLER_DOWN)
    sent = floor.twilio.shown(GARY)[0]
    assert sent["template"]["friendly_name"] == "linecall_asked_en", "what would arrive too late counts as too late"
    assert "Filler 3" in sent["text"]
    assert "\n" not in sent["text"]
    assert [label for label, _ in sent["buttons"]] == ["On it", "Not mine"]
    floor.presses(GARY, "On it")
    assert floor.cases()[0].task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
    assert floor.twilio.shown(GARY)[-1]["template"] is None or "choice" in str(floor.twilio.shown(GARY)[-1]["template"])
    assert floor.twilio.shown(MARIA)[0]["template"] is None, "she has just written"


def test_R56_without_an_approved_template_the_next_address_is_used(floor: Floor) -> None:
    floor.goes_on(hours=24)
    floor.twilio.arrived.clear()
    floor.texts(MARIA, FILLER_DOWN)
    assert floor.phone(GARY) == []
    (asked, *_) = floor.told("EX-1001", "gary.lindqvist")
    assert asked["channel"] == "web"
    assert "no linecall_asked_en" in asked["error"]


def test_R56_what_fails_after_it_was_accepted_goes_to_the_next_address_once(floor: Floor, twilio: StrictTwilio) -> None:
    twilio.wrote_at[GARY] = 0.0  # Meta counts otherwise than we do
    floor.texts(MARIA, FILLER_DOWN)
    (asked, *_) = floor.told("EX-1001", "gary.lindqvist")
    assert asked["channel"] == "web"
    assert "63016" in asked["error"]
    failed = next(m for m in twilio.accepted if m["To"].endswith(GARY))
    before = floor.hears("gary.lindqvist")
    for status, code in (("undelivered", 63016), ("sent", 0), ("queued", 0), ("undelivered", 63016)):
        assert floor.knock(twilio.becomes(failed, status, code)).status_code == 200
        floor.settles()
    assert floor.hears("gary.lindqvist") == [], "a repeated or late callback moves nothing"
    told = [line for line in floor.transcript("gary.lindqvist") if "Filler 3" in line.text]
    assert [line.channel for line in told] == ["whatsapp", "web"], before
    with floor.app.database.read() as tx:
        assert addresses.dead(tx) == (), "the phone is not dead for that"


def test_R56_a_number_without_whatsapp_is_passed_over_until_it_writes(floor: Floor, twilio: StrictTwilio) -> None:
    twilio.not_on_whatsapp.add(GARY)
    floor.texts(MARIA, FILLER_DOWN)
    with floor.app.database.read() as tx:
        (dead,) = addresses.dead(tx)
    assert (dead.address, dead.unreachable_why) == (GARY, "63003: not on WhatsApp")
    assert any("Filler 3" in text for text in floor.hears("gary.lindqvist"))
    twilio.not_on_whatsapp.clear()
    accepted = len([m for m in twilio.accepted if m["To"].endswith(GARY)])
    floor.goes_on(minutes=12)
    assert len([m for m in twilio.accepted if m["To"].endswith(GARY)]) == accepted
    floor.texts(GARY, "on it")
    assert floor.phone(GARY), "who writes is there"


def test_a_callback_that_is_quicker_than_our_row_still_counts(floor: Floor, twilio: StrictTwilio) -> None:
    from bot.taking import arrived
    from workflow.messages import Arrival

    floor.knock(twilio.wrote(MARIA, FILLER_DOWN))
    real = floor.app.channels["whatsapp"].send

    async def send(message: Any) -> Any:
        sent = await real(message)
        if message.to == GARY:
            arrived(floor.app, Arrival("whatsapp", sent.message_id, "failed", floor.clock.now(), "63016"))
        return sent

    floor.app.channels["whatsapp"].send = send  # type: ignore[method-assign]
    floor.settle()
    assert floor.told("EX-1001", "gary.lindqvist")[0]["channel"] == "web"


def test_delivered_and_read_are_on_the_case_and_never_go_back(floor: Floor, twilio: StrictTwilio) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    message = twilio.shown(GARY)[0]
    (asked, *_) = floor.told("EX-1001", "gary.lindqvist")
    assert asked["delivered_at"]
    assert not asked["read_at"]
    for status in ("read", "delivered", "sent", "read", "queued", "failed"):
        floor.knock(twilio.becomes(message, status))
    floor.settles()
    (asked, *_) = floor.told("EX-1001", "gary.lindqvist")
    assert asked["read_at"]
    assert asked["channel"] == "whatsapp"
    assert "read</em>" in floor.someone.get("/cases/EX-1001").text


def test_every_message_says_where_its_fate_is_told_and_how_long_it_is_worth_sending(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    assert {m["StatusCallback"] for m in floor.twilio.accepted} == {f"{PUBLIC}/hooks/whatsapp/status"}
    assert {m["ValidityPeriod"] for m in floor.twilio.accepted} == {"600"}


def test_the_doctor_says_what_to_do_in_plain_words(floor: Floor, twilio: StrictTwilio) -> None:
    def findings() -> dict[str, tuple[str, str]]:
        found = floor.app.loop.run(floor.app.channels["whatsapp"].examine())  # type: ignore[attr-defined]
        return {one.what: (one.how, one.to_do) for one in found}

    found = findings()
    assert found["account"] == ("valid, active", "")
    assert found["number"] == (f"{NUMBER} is online and calls us", "")
    assert found["webhook"][0] == "nobody answers there"
    assert found["templates"] == ("0 of 48 approved, 48 not asked for", "linecall whatsapp-templates")
    knows(floor)
    assert findings()["templates"] == ("48 of 48 approved", "")
    twilio.sender["webhook"]["fallback_url"] = "https://second.plant.example/hooks/whatsapp/fallback"  # type: ignore[index]
    assert "LINECALL_TWILIO_FALLBACK_URL" in findings()["number"][1]
    floor.app.channels["whatsapp"]._fallback_url = "https://second.plant.example"  # type: ignore[attr-defined]
    found = findings()
    assert found["number"][1] == ""
    assert found["fallback"][0] == "nobody answers there"
    del twilio.sender["webhook"]["fallback_url"]  # type: ignore[attr-defined]
    assert "fallback" in findings()["number"][1]
    twilio.sender["webhook"] = {"callback_url": "https://elsewhere.example"}
    assert "go elsewhere" in findings()["number"][0]
    twilio.sender["status"] = "OFFLINE"
    assert "offline" in findings()["number"][0]
    twilio.approvals[next(iter(twilio.approvals))] = "rejected"
    assert "refused: linecall_danger" in findings()["templates"][0]


def test_what_was_submitted_is_not_submitted_twice(floor: Floor) -> None:
    channel: Any = floor.app.channels["whatsapp"]
    assert len(floor.app.loop.run(channel.submit())) == 48
    assert floor.app.loop.run(channel.submit()) == ()


def test_no_row_is_left_behind(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.goes_on(minutes=40)
    with floor.app.database.read() as tx:
        assert outbox.unsent_count(tx) == 0
        assert inbox.unhandled_count(tx) == 0
        assert inbox.poisoned_count(tx) == 0
