"""A third party's emulator of the Bot API as a process of its own, unmodified; people type and press through it."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.emulators import Emulator, free_port, npm_packages

START = (
    "const {TelegramServer} = require(process.argv[1]);"
    "new TelegramServer({port: Number(process.argv[2]), host: '127.0.0.1', storeTimeout: 3600}).start();"
)


class TelegramEmulator(Emulator):
    """telegram-test-api on loopback."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        modules = npm_packages("the emulator of Telegram", telegram_test_api="4.2.1")
        server = modules / "telegram-test-api" / "lib" / "telegramServer.js"
        super().__init__(
            "the emulator of Telegram",
            ["node", "-e", START, str(server), str(self.port)],
            lambda: httpx.get(f"{self.url}/bot{token}/getMe", timeout=2),
        )

    def types(self, person: int, text: str, **more: Any) -> None:
        """A person writes in their private chat."""
        self._post("/sendMessage", {**self._by(person), "date": int(time.time()), "text": text, **more})

    def presses(self, person: int, data: str, message_id: int) -> None:
        """A person presses a button."""
        by = self._by(person)
        card = {"message_id": message_id, "date": int(time.time()), "chat": by["chat"], "text": "card"}
        self._post("/sendCallback", {**by, "data": data, "message": card})

    def shown(self, person: int) -> list[dict[str, Any]]:
        """What the bot sent to a person, oldest first: `messageId`, and `message` as it was posted."""
        rows = self._post("/getUpdatesHistory", {"token": self.token})["result"]
        return [row for row in rows if str(row.get("message", {}).get("chat_id")) == str(person)]

    def _by(self, person: int) -> dict[str, Any]:
        who = {"id": person, "first_name": "Somebody", "is_bot": False}
        return {"botToken": self.token, "from": who, "chat": {"id": person, "type": "private"}}

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = httpx.post(f"{self.url}{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()
