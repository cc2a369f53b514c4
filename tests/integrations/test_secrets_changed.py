"""A secret that is changed: for a while the new one and the old one are believed, and `linecall doctor` says so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.config import WrongConfiguration, read_config
from integrations.chat.gate import any_same, secrets_in
from tests.integrations import examining
from tests.integrations.strict_slack import SECRET, StrictSlack
from tests.integrations.strict_slack import TOKEN as SLACK_TOKEN
from tests.integrations.strict_telegram import TOKEN as TELEGRAM_TOKEN
from tests.integrations.strict_telegram import StrictTelegram
from tests.services import missing
from workflow.ports import Knock

try:
    from twilio.request_validator import RequestValidator

    from integrations.chat.slack import Slack
    from integrations.chat.telegram import HOOK, Telegram
    from integrations.chat.whatsapp import WhatsApp
except ImportError:
    missing("the three chats (pip install linecall[telegram,slack,whatsapp])")

NEW, NOW = "fedcba9876543210" * 2, datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


def test_slack_is_believed_with_either_secret_until_the_old_one_is_taken_out() -> None:
    with StrictSlack() as slack:
        both = Slack(SLACK_TOKEN, base_url=slack.url, secret=f"{NEW}, {SECRET}")
        after = Slack(SLACK_TOKEN, base_url=slack.url, secret=NEW)
        for secret, believed in ((NEW, (True, True)), (SECRET, (True, False)), ("0" * 32, (False, False))):
            headers, body = slack.signed(slack.event({"type": "message"}), NOW.timestamp(), secret)
            knock = Knock("/hooks/slack", "", headers, body, NOW)
            assert (both.proves(knock), after.proves(knock)) == believed
        assert "old one" in examining.examined(both)["signing secret"].to_do
        assert "signing secret" not in examining.examined(after)


def test_telegram_is_told_the_new_secret_and_what_is_on_its_way_with_the_old_one_counts() -> None:
    with StrictTelegram() as telegram:
        both = Telegram(TELEGRAM_TOKEN, base_url=telegram.url, secret="new-secret-of-telegram,old-secret-of-telegram")
        for secret, believed in (("new-secret-of-telegram", True), ("old-secret-of-telegram", True), ("other", False)):
            headers = {"x-telegram-bot-api-secret-token": secret}
            assert both.proves(Knock(HOOK, "", headers, b"{}", NOW)) is believed
        assert both._secrets[0] == "new-secret-of-telegram"
        assert "old one" in examining.examined(both)["webhook secret"].to_do


def test_twilio_is_believed_with_the_primary_and_the_secondary_token() -> None:
    ours = "https://linecall.plant.example"
    both = WhatsApp("AC" + "0" * 32, "the-new-token,the-old-token", "+15550100", public_url=ours)
    for token, believed in (("the-new-token", True), ("the-old-token", True), ("the-new-token,the-old-token", False)):
        signature = RequestValidator(token).compute_signature(f"{ours}/hooks/whatsapp", {"Body": "hi"})
        headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
        assert both.proves(Knock("/hooks/whatsapp", "", headers, b"Body=hi", NOW)) is believed


def test_without_a_secret_nothing_is_proved() -> None:
    assert (secrets_in(None), secrets_in(" , ")) == ((), ())
    assert not any_same("", secrets_in(None))
    assert not any_same("", secrets_in(","))


@pytest.mark.parametrize("setting", ["slack_signing_secret", "telegram_webhook_secret", "twilio_auth_token"])
@pytest.mark.parametrize("given", [f"{NEW},", f",{NEW}", f"{NEW},{NEW},{NEW}", ""])
def test_no_more_than_two_and_none_of_them_empty(setting: str, given: str) -> None:
    with pytest.raises(WrongConfiguration, match=f"^LINECALL_{setting.upper()}: "):
        read_config(**{setting: given})
    assert read_config(**{setting: f"{NEW},{SECRET}"})
