"""WhatsApp through Twilio: signatures, the 24 hours, buttons and numbers, files, and what became of each message."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from tests.services import missing

if find_spec("twilio") is None:
    missing("twilio (pip install linecall[whatsapp])")

from db import addresses, inbox, outbox
from tests.integrations.strict_twilio import ACCOUNT, NUMBER, PUBLIC, StrictTwilio
from tests.integrations.whatsapp_floor import (
    DENISE,
    EDSON,
    FILLER_DOWN,
    GARY,
    HECTOR,
    MARIA,
    NOBODY,
    STEPHANIE,
    TAMIKA,
    Floor,
)
from workflow.errors import Rejected, TryLater
from workflow.ports import Knock

PHOTO = b"\xff\xd8\xff\xe0 a photo of a label"
MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM{'1' * 32}/Media/ME{'2' * 32}"


@pytest.fixture
def twilio() -> Iterator[StrictTwilio]:
    with StrictTwilio() as server:
        yield server


@pytest.fixture
def floor(tmp_path: Path, twilio: StrictTwilio, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data", twilio)
    for person in (MARIA, GARY, DENISE, EDSON, TAMIKA, HECTOR, STEPHANIE):
        plant.texts(person, "good morning")  # everybody's 24 hours have begun
    plant.twilio.arrived.clear()
    yield plant
    plant.close()


def knows(floor: Floor) -> None:
    """Every template is at Twilio, and approved."""
    floor.app.loop.run(floor.app.channels["whatsapp"].submit())  # type: ignore[attr-defined]
    floor.twilio.approves()


# a shift -------------------------------------------------------------------------------------------------------------


def test_a_shift_on_whatsapp(floor: Floor) -> None:
    floor.texts(MARIA, "filler on 3 is down, 10482 standing still")
    assert "EX-1001" in floor.phone(MARIA)[-1]
    assert "EX-1001" in floor.phone(GARY)[-1]
    numbered = floor.phone(GARY)[-1].splitlines()
    assert numbered[-4:] == ["2 In 10 min", "3 In 30 min", "4 Not mine", "5 Fixed"]
    floor.texts(GARY, "1")
    assert floor.case("EX-1001").task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
    floor.texts(GARY, "there in 20 min")
    assert floor.case("EX-1001").task("maintenance").promised_at  # type: ignore[union-attr]

    floor.texts(HECTOR, "la llenadora no arranca")
    question = floor.twilio.shown(HECTOR)[-1]
    assert "?" in question["text"]
    if question["buttons"]:
        floor.presses(HECTOR, question["buttons"][0][0])
    else:
        floor.texts(HECTOR, "1")
    assert floor.case("EX-1002").status != "draft"

    floor.texts(EDSON, "putting 6319-4A on hold, pallets without a date code")
    floor.texts(TAMIKA, "6319-4A: release 600 cs, rework 150 cs")
    assert "600" in floor.phone(TAMIKA)[-1]
    floor.presses(TAMIKA, "Yes")
    assert floor.case("EX-1003").decisions == 1
    assert floor.case("EX-1003").held_lot("6319-4A").remaining == 200  # type: ignore[union-attr]

    floor.texts(GARY, "EX-1001 running again, loose cable, 15 min")
    assert floor.case("EX-1001").status in ("resolved", "closed")
    floor.goes_on(minutes=1)
    floor.texts(STEPHANIE, "what happened on the day shift today?")
    assert "EX-1001" in " ".join(floor.phone(STEPHANIE)), floor.phone(STEPHANIE)


# who knocks ----------------------------------------------------------------------------------------------------------


def forgeries(twilio: StrictTwilio) -> Iterator[Knock]:
    fields = {"MessageSid": "SM" + "a" * 32, "From": f"whatsapp:{MARIA}", "To": f"whatsapp:{NUMBER}", "Body": "release"}
    fields |= {"AccountSid": ACCOUNT, "ButtonText": "", "NumMedia": "0"}
    good = twilio.signs("/hooks/whatsapp", fields)
    yield twilio.signs("/hooks/whatsapp", fields, token="another")
    yield replace(good, path="/hooks/whatsapp/status")
    yield replace(good, query="a=b")
    yield replace(good, body=good.body + b"&From=whatsapp%3A%2B15550111")
    yield replace(good, body=good.body.replace(b"ButtonText=&", b""))
    yield replace(good, body=good.body.replace(b"Body=release", b"Body=release+all"))
    yield replace(good, headers={**good.headers, "content-type": "application/json"})
    yield replace(good, headers={**good.headers, "x-twilio-signature": ""})
    yield replace(good, headers={k: v for k, v in good.headers.items() if k != "x-twilio-signature"})
    yield replace(good, body=b"\xff" + good.body)


def test_a_forgery_leaves_no_row_and_no_word(floor: Floor, twilio: StrictTwilio, logged: LogCapture) -> None:
    with floor.app.database.read() as tx:
        before = inbox.latest(tx, 1)[0].id
    for forged in forgeries(twilio):
        assert floor.knock(forged).status_code == 401
    with floor.app.database.read() as tx:
        assert inbox.latest(tx, 1)[0].id == before
        assert inbox.poisoned_count(tx) == 0
    assert "release" not in str(logged.entries)


def test_the_address_comes_from_us_and_not_from_whoever_knocks(floor: Floor, twilio: StrictTwilio) -> None:
    knock = twilio.wrote(MARIA, "hello?")
    headers = {**knock.headers, "host": "evil.example", "x-forwarded-host": "evil.example", "x-forwarded-proto": "http"}
    assert floor.knocks(host="127.0.0.1:8080").post(knock.path, content=knock.body, headers=headers).status_code == 200
    with_query = twilio.signs("/hooks/whatsapp", {**dict(_fields(knock)), "MessageSid": "SM" + "b" * 32}, query="rc=3")
    assert floor.knock(with_query).status_code == 200, "the query is part of the address that was signed"


def _fields(knock: Knock) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(knock.body.decode(), keep_blank_values=True)


def test_R23_the_same_delivery_three_times_is_one_message_wherever_it_comes(floor: Floor, twilio: StrictTwilio) -> None:
    knock = twilio.wrote(MARIA, FILLER_DOWN)
    again = twilio.signs("/hooks/whatsapp/fallback", dict(_fields(knock)) | {"ErrorCode": "11200", "ErrorUrl": PUBLIC})
    for one in (knock, again, knock):
        floor.brings(one)
    assert len(floor.cases()) == 1


def test_R52_a_profile_name_is_nobody(floor: Floor) -> None:
    floor.texts(NOBODY, "release everything")  # it calls itself Denise Palmer, and its WaId is hers
    assert floor.cases() == ()
    assert len(floor.phone(NOBODY)) == 1
    assert "do not know you" in floor.phone(NOBODY)[0]


def test_who_hides_the_number_is_known_by_the_user_id(floor: Floor) -> None:
    with floor.app.database.write() as tx:
        addresses.bind(tx, "whatsapp", "US.13491208655302741918", "maria.lopez", floor.clock.now())
    floor.texts("US.13491208655302741918", FILLER_DOWN)
    assert floor.cases()[0].reporter == "maria.lopez"
    assert "EX-1001" in floor.phone("US.13491208655302741918")[-1]
    assert floor.phone(MARIA) == []


def test_what_is_for_another_number_or_account_is_passed_over(floor: Floor, twilio: StrictTwilio) -> None:
    fields = dict(_fields(twilio.wrote(MARIA, FILLER_DOWN)))
    for other in ({"To": "whatsapp:+15550002222"}, {"AccountSid": "AC" + "9" * 32}):
        floor.brings(twilio.signs("/hooks/whatsapp", fields | other))
    assert floor.cases() == ()


@pytest.mark.parametrize("mark", ["Forwarded", "FrequentlyForwarded"])
def test_R41_what_somebody_forwards_on_whatsapp_ends_nothing(floor: Floor, mark: str) -> None:
    floor.texts(MARIA, "filler on 3 is down, 10482 standing still")
    floor.texts(GARY, "1")

    floor.texts(GARY, "fixed, new seal, down 10 min", **{mark: "true"})

    assert floor.case("EX-1001").resolved_at is None
    assert "forwarded" in floor.phone(GARY)[-1]


def test_STOP_asks_whether_somebody_is_in_danger(floor: Floor) -> None:
    floor.texts(MARIA, "STOP", OptOutType="STOP")
    shown = floor.twilio.shown(MARIA)[-1]
    assert "peligro" in shown["text"]
    floor.presses(MARIA, shown["buttons"][0][0])
    assert floor.cases()[0].type == "safety"


def test_an_invitation_makes_a_phone_a_persons(floor: Floor) -> None:
    from bot.invite import invite

    token = invite(floor.app, "maria.lopez")
    link = floor.app.loop.run(floor.app.channels["whatsapp"].invitation(token))  # type: ignore[attr-defined]
    assert link == f"https://wa.me/15550001111?text=/start%20{token}"
    floor.texts(NOBODY, f"/start {token}")
    assert "López" in floor.phone(NOBODY)[-1]
    floor.presses(NOBODY, "Soy yo")
    assert floor.phone(NOBODY)[-1].endswith("\n1 Está bien\n2 English\n3 Português\n4 Otro turno")
    floor.texts(NOBODY, "3")
    assert floor.phone(NOBODY)[-1] == "De agora em diante escrevo para você em português."
    floor.texts(NOBODY, FILLER_DOWN)
    assert floor.cases()[0].reporter == "maria.lopez"


@pytest.mark.slow
def test_nothing_that_a_stranger_or_a_broken_twilio_sends_is_a_5xx(
    floor: Floor, twilio: StrictTwilio, logged: LogCapture
) -> None:
    dice = random.Random(4)
    with floor.app.database.read() as tx:
        before = inbox.latest(tx, 1)[0].id
    good = twilio.wrote(MARIA, "words of nobody")
    for _ in range(500):
        body = bytearray(good.body)
        for _ in range(dice.randrange(1, 6)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        assert floor.knock(replace(good, body=bytes(body))).status_code == 401
    with floor.app.database.read() as tx:
        assert inbox.latest(tx, 1)[0].id == before, "no row from a forgery"
    odd = ["", "\x00", "whatsapp:", "9" * 40, "-1", "é" * 300, "SM" + "g" * 32, "https://x/", "²", "NaN", "\ud7ff"]
    fields = dict(_fields(good))
    for n in range(500):
        strange = fields | {dice.choice([*fields, f"MediaUrl{n % 3}", "Latitude", "ButtonPayload"]): dice.choice(odd)}
        path = dice.choice(["/hooks/whatsapp", "/hooks/whatsapp/status", "/hooks/whatsapp/fallback"])
        assert floor.knock(twilio.signs(path, strange)).status_code == 200, "signed: kept, and shown if it is poison"
    floor.settle()
    assert "words of nobody" not in str(logged.entries)
    assert {e["event"] for e in logged.entries if e["log_level"] == "error"} <= {"hook.poison"}


# the 24 hours --------------------------------------------------------------------------------------------------------


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


# choices -------------------------------------------------------------------------------------------------------------


def test_a_number_picks_and_two_messages_with_numbers_are_not_guessed_between(
    floor: Floor, twilio: StrictTwilio
) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.texts(EDSON, "robot 4 kaputt, line 4 stands")
    cards = {text.split(".")[0].split(":")[0]: m["sid"] for m in twilio.shown(GARY) for text in [m["text"]]}
    assert len(cards) >= 2, "Gary is asked for both"
    floor.texts(GARY, "2")
    assert "Reply to the one" in floor.phone(GARY)[-1]
    assert all(task.acknowledged_at is None for case in floor.cases() for task in case.tasks)
    floor.texts(GARY, "१", OriginalRepliedMessageSid=cards["EX-1002"])
    assert floor.case("EX-1002").task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
    assert floor.case("EX-1001").task("maintenance").acknowledged_at is None  # type: ignore[union-attr]


def test_without_buttons_every_choice_has_a_number(tmp_path: Path, twilio: StrictTwilio, logged: LogCapture) -> None:
    floor = Floor(tmp_path / "data", twilio, whatsapp_buttons=False)
    for person in (EDSON, TAMIKA):
        floor.texts(person, "hello")
    floor.texts(EDSON, "putting 6319-4A on hold, pallets without a date code")
    floor.texts(TAMIKA, "6319-4A: release 600 cs, rework 150 cs")
    assert floor.phone(TAMIKA)[-1].splitlines()[-2].startswith("1 Yes")
    floor.texts(TAMIKA, "3")
    assert floor.cases()[0].decisions == 0, "there is no third choice"
    floor.texts(TAMIKA, "1.")
    assert floor.cases()[0].decisions == 1
    assert twilio.contents == {}
    floor.close()


# files ---------------------------------------------------------------------------------------------------------------


def fetched(floor: Floor, reference: str = f"MM{'1' * 32}/ME{'2' * 32}") -> bytes:
    return floor.app.loop.run(floor.app.channels["whatsapp"].fetch(reference))  # type: ignore[attr-defined, no-any-return]


def test_a_photo_a_voice_note_and_a_place_come_with_the_message(floor: Floor, twilio: StrictTwilio) -> None:
    channel = floor.app.channels["whatsapp"]
    more = {
        "NumMedia": "2",
        "MediaUrl0": MEDIA,
        "MediaContentType0": "image/jpeg",
        "MediaUrl1": MEDIA.replace("ME2", "ME3"),
    }
    more |= {"MediaContentType1": "audio/ogg", "Latitude": "41.5868", "Longitude": "-93.625"}
    (message,) = channel.read(twilio.wrote(MARIA, "see label", **more)).messages  # type: ignore[attr-defined]
    assert message.text == "see label"
    assert [one.kind for one in message.media] == ["photo", "voice", "location"]
    assert message.media[0].reference == f"MM{'1' * 32}/ME{'2' * 32}", "an id, never an address"
    assert message.media[2].reference == "41.5868,-93.625"


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://api.twilio.com.evil.example/2010-04-01/Accounts/x",
        MEDIA.replace(ACCOUNT, "AC" + "9" * 32),
        MEDIA + "?x=/../",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_a_file_of_ours_at_twilio_is_poison(floor: Floor, url: str) -> None:
    knock = floor.twilio.wrote(MARIA, "look", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg")
    assert floor.knock(knock).status_code == 200
    with floor.app.database.read() as tx:
        assert inbox.poisoned_count(tx) == 1
    assert floor.twilio.asked == [] or all("Media" not in path for _, path, _ in floor.twilio.asked)


def test_a_file_is_fetched_with_the_key_and_the_key_goes_nowhere_else(floor: Floor, twilio: StrictTwilio) -> None:
    id_ = f"ME{'2' * 32}"
    twilio.files[id_] = (307, {"Location": f"{twilio.url}/elsewhere/blob"}, b"")
    twilio.files["blob"] = (200, {}, PHOTO)
    assert fetched(floor) == PHOTO
    assert [knows for _, path, knows in twilio.asked if path.endswith(id_)] == [True]
    for trap in (
        "http://127.0.0.1:1/x",
        "https://evil.example/x",
        "https://twilio.com@evil.example/x",
        "ftp://mms.twiliocdn.com/x",
        "http://mms.twiliocdn.com/x",
        "https://nottwiliocdn.com/x",
    ):
        twilio.files[id_] = (302, {"Location": trap}, b"")
        with pytest.raises(Rejected, match="elsewhere"):
            fetched(floor)
    twilio.files[id_] = (302, {"Location": f"{twilio.url}/elsewhere/loop"}, b"")
    twilio.files["loop"] = (302, {"Location": f"{twilio.url}/elsewhere/loop"}, b"")
    with pytest.raises(Rejected, match="circles"):
        fetched(floor)


def test_a_file_that_is_too_large_gone_or_away_says_so(
    floor: Floor, twilio: StrictTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = f"ME{'2' * 32}"
    monkeypatch.setattr("integrations.chat.whatsapp_wire.MOST_MEDIA", 1000)
    twilio.files[id_] = (200, {}, b"x" * 1001)
    with pytest.raises(Rejected, match="too large"):
        fetched(floor)
    del twilio.files[id_]
    with pytest.raises(Rejected, match="any more"):
        fetched(floor)
    twilio.files[id_] = (503, {"Retry-After": "30"}, b"")
    with pytest.raises(TryLater) as no:
        fetched(floor)
    assert no.value.after is not None
    assert no.value.after.total_seconds() == 31
    for strange in ("", "../../Accounts", "MM1/ME2", f"MM{'1' * 32}/ME{'2' * 32}/x"):
        with pytest.raises(Rejected):
            fetched(floor, strange)


# sending -------------------------------------------------------------------------------------------------------------


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
