"""A shift on WhatsApp, who knocks at its hook, and choices by number."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from db import addresses, inbox
from tests.integrations.strict_twilio import ACCOUNT, NUMBER, PUBLIC, StrictTwilio
from tests.integrations.whatsapp.floor import (
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
from workflow.ports import Knock


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


def test_what_comes_by_the_second_way_into_the_plant_is_signed_for_that_way(
    tmp_path: Path, twilio: StrictTwilio, logged: LogCapture
) -> None:
    second = "https://second.plant.example"
    plant = Floor(tmp_path / "second", twilio, twilio_fallback_url=f"{second}/")
    fields = dict(_fields(twilio.wrote(MARIA, FILLER_DOWN)))
    host = {"host": "second.plant.example"}
    for path, status in (("/hooks/whatsapp", 401), ("/hooks/whatsapp/fallback", 200)):
        knock = twilio.signs(path, fields, base=second)
        answer = plant.someone.post(path, content=knock.body, headers={**knock.headers, **host})
        assert answer.status_code == status, "the first address is called under its own name"
    plant.brings(twilio.signs("/hooks/whatsapp/fallback", fields))
    assert len(plant.cases()) == 1
    plant.close()


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


def test_STOP_calls_people_at_once_and_asks_whether_nobody_is_in_danger(floor: Floor) -> None:
    floor.texts(MARIA, "STOP", OptOutType="STOP")
    assert floor.cases()[0].type == "safety"
    shown = floor.twilio.shown(MARIA)[-1]
    assert "peligro" in shown["text"]
    floor.presses(MARIA, shown["buttons"][0][0])
    assert floor.cases()[0].status == "cancelled"


def test_an_invitation_makes_a_phone_a_persons(floor: Floor) -> None:
    from bot.invite import invite

    token = invite(floor.app, "maria.lopez")
    link = floor.app.loop.run(floor.app.channels["whatsapp"].invitation(token)).link  # type: ignore[attr-defined]
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
            body[dice.randrange(len(body))] ^= dice.randrange(1, 256)  # always another byte, whatever the ids are today
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
