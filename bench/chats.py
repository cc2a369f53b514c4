"""The chats whose hooks are measured: how each platform would call, signed, and how its fake tells what it accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from tests.integrations.strict_slack import SECRET, StrictSlack
from tests.integrations.strict_slack import TOKEN as SLACK_TOKEN
from tests.integrations.strict_telegram import TOKEN as TELEGRAM_TOKEN
from tests.integrations.strict_telegram import StrictTelegram
from tests.integrations.strict_twilio import ACCOUNT, NUMBER, PUBLIC, StrictTwilio
from tests.integrations.strict_twilio import TOKEN as TWILIO_TOKEN

TELEGRAM_SECRET = "correct-horse-battery-staple"


class Chat(Protocol):
    """One platform's side of the bench, on its strict fake."""

    name: str  # as `contacts` in plant.yaml has it
    pause: float  # seconds between two reports, so that the platform's own pace is not what is measured
    settings: Mapping[str, str]  # of the service
    fake: Any  # a context manager

    def writes(self, address: str, text: str) -> tuple[str, Mapping[str, str], bytes]:
        """Path, headers and body with which the platform brings what somebody wrote."""
        ...

    def told(self, since: int) -> set[str]:
        """Whom it has accepted messages for, of those after the first `since`."""
        ...

    def accepted(self) -> int:
        """How many messages it has accepted."""
        ...


class OnTelegram:
    """Its webhook, with the secret; three messages to an owner for each report, and it takes one a second."""

    name, pause = "telegram", 3.0

    def __init__(self) -> None:
        self.fake = StrictTelegram()

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "LINECALL_TELEGRAM_TOKEN": TELEGRAM_TOKEN,
            "LINECALL_TELEGRAM_BASE_URL": self.fake.url,
            "LINECALL_TELEGRAM_WEBHOOK_SECRET": TELEGRAM_SECRET,
        }

    def writes(self, address: str, text: str) -> tuple[str, Mapping[str, str], bytes]:
        headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": TELEGRAM_SECRET}
        return "/hooks/telegram", headers, json.dumps(self.fake.message(int(address), text)).encode()

    def told(self, since: int) -> set[str]:
        return {str(message["chat_id"]) for message in self.fake.accepted[since:]}

    def accepted(self) -> int:
        return len(self.fake.accepted)


class OnSlack:
    """HTTP events, signed; about one message a second goes to a conversation."""

    name, pause = "slack", 4.0

    def __init__(self) -> None:
        self.fake = StrictSlack()

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "LINECALL_SLACK_BOT_TOKEN": SLACK_TOKEN,
            "LINECALL_SLACK_BASE_URL": self.fake.url,
            "LINECALL_SLACK_SIGNING_SECRET": SECRET,
        }

    def writes(self, address: str, text: str) -> tuple[str, Mapping[str, str], bytes]:
        headers, body = self.fake.signed(self.fake.message(address, text))
        return "/hooks/slack", headers, body

    def told(self, since: int) -> set[str]:
        return {f"U{message['channel'][1:]}" for message in self.fake.accepted[since:]}

    def accepted(self) -> int:
        return len(self.fake.accepted)


class OnWhatsApp:
    """Twilio's hook, signed over its URL and fields; a pair takes thirty at once and then one each six seconds."""

    name, pause = "whatsapp", 18.0

    def __init__(self) -> None:
        self.fake = StrictTwilio()

    @property
    def settings(self) -> Mapping[str, str]:
        return {
            "LINECALL_TWILIO_ACCOUNT_SID": ACCOUNT,
            "LINECALL_TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
            "LINECALL_TWILIO_WHATSAPP_FROM": NUMBER,
            "LINECALL_TWILIO_BASE_URL": self.fake.url,
            "LINECALL_PUBLIC_URL": PUBLIC,
        }

    def writes(self, address: str, text: str) -> tuple[str, Mapping[str, str], bytes]:
        knock = self.fake.wrote(address, text)
        return knock.path, knock.headers, knock.body

    def told(self, since: int) -> set[str]:
        return {str(message["To"]).removeprefix("whatsapp:") for message in self.fake.accepted[since:]}

    def accepted(self) -> int:
        return len(self.fake.accepted)


CHATS: Mapping[str, type[OnTelegram] | type[OnSlack] | type[OnWhatsApp]] = {
    "telegram": OnTelegram,
    "slack": OnSlack,
    "whatsapp": OnWhatsApp,
}
