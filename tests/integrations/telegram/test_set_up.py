"""How Telegram is set up, said in words that an IT person acts upon."""

from __future__ import annotations

import time
from typing import Any

import pytest

from integrations.chat.telegram import HOOK, Telegram
from tests.integrations.examining import examined
from tests.integrations.strict_telegram import BOT, TOKEN, StrictTelegram
from tests.integrations.telegram.floor import SECRET
from workflow.ports import Finding

OUR_DOOR = "https://line.example"


def doctor(telegram: StrictTelegram, token: str = TOKEN, **settings: Any) -> dict[str, Finding]:
    places, people = settings.pop("places", ()), settings.pop("people", {})
    return examined(Telegram(token, base_url=telegram.url, **settings), places=places, **people)


def test_doctor_says_what_to_do(telegram: StrictTelegram) -> None:
    well = doctor(telegram)
    assert well["token"].how == f"valid, the bot is @{BOT}"
    assert "long polling" in well["delivery"].how
    telegram.webhook = "https://elsewhere.example/hook"
    assert "a webhook is set" in doctor(telegram)["delivery"].how
    assert "elsewhere" in doctor(telegram, secret=SECRET, public_url=OUR_DOOR)["delivery"].how
    assert "LINECALL_PUBLIC_URL" in doctor(telegram, secret=SECRET)["delivery"].to_do
    assert "@BotFather" in doctor(telegram, "123456:wrong-token")["token"].to_do


@pytest.mark.parametrize(
    ("said", "to_do"),
    [
        ("Wrong response from the webhook: 401 Unauthorized", "secret"),
        ("Wrong response from the webhook: 502 Bad Gateway", "/ready"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "certificate"),
        ("Connection timed out", "firewall"),
        ("Failed to resolve host: Name or service not known", "DNS"),
    ],
)
def test_what_telegram_says_of_the_webhook_is_told_with_what_to_do(
    telegram: StrictTelegram, said: str, to_do: str
) -> None:
    telegram.webhook, telegram.webhook_error = f"{OUR_DOOR}{HOOK}", (said, int(time.time()))
    found = doctor(telegram, secret=SECRET, public_url=OUR_DOOR)["delivery"]
    assert said[:40] in found.how
    assert to_do in found.to_do
    telegram.webhook_error = (said, int(time.time()) - 7200)
    assert doctor(telegram, secret=SECRET, public_url=OUR_DOOR)["delivery"].to_do == "", "that is over"
    telegram.bring(telegram.message(1, "x"))
    assert doctor(telegram, secret=SECRET, public_url=OUR_DOOR)["delivery"].to_do != "", "something waits still"


def test_groups_privacy_and_who_never_pressed_start(telegram: StrictTelegram) -> None:
    places = ("-1001/5", "-1002", "-1003", "-1004", "@floor")
    telegram.groups = {"-1001": "member", "-1002": "left", "-1003": "kicked"}
    telegram.strangers = {"70117"}
    people = {"maria.lopez": "70106", "anita.rao": "70117"}
    found = doctor(telegram, places=places, people=people)
    assert (found["group -1001"].how, found["group -1001"].to_do) == ("the bot is in it", "")
    for group in ("-1002", "-1003", "-1004"):
        assert f"@{BOT}" in found[f"group {group}"].to_do, group
    assert "begins with -" in found["group @floor"].to_do
    assert found["people"].how == "1 of 2 can be reached; not: anita.rao (never started the bot)"
    assert f"https://t.me/{BOT}" in found["people"].to_do
    assert not telegram.accepted, "nothing is sent to find out"

    telegram.reads_all = True
    assert "/setprivacy" in doctor(telegram)["groups"].to_do
