"""Riverside whose people carry phones with Telegram, on the strict fake of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.integrations.strict_telegram import BOT, TOKEN, StrictTelegram
from tests.services import missing
from tests.web.door import OpenDoor

try:
    from integrations.chat.pace import Pace
    from integrations.chat.telegram import HOOK, Telegram
except ImportError:
    missing("python-telegram-bot (pip install linecall[telegram])")


MARIA, GARY, LUIS = 70106, 70114, 70104
SECRET = "correct-horse-battery-staple"
FILLER_DOWN = "filler 3 jammed, line is down, 10482 standing"


class Floor(OpenDoor):
    """Riverside on a strict Telegram; time is the plant's, so messages are dated by it."""

    def __init__(self, data: Path, telegram: StrictTelegram, **settings: Any) -> None:
        settings = {"telegram_token": TOKEN, "telegram_base_url": telegram.url, **settings}
        super().__init__(data, play=False, **settings)
        self.telegram = telegram
        self.channel = self.app.channels["telegram"]
        assert isinstance(self.channel, Telegram)
        self.channel._pace = Pace(())
        self.channel._bot = BOT

    def knocks_with(self, update: Any, secret: str | None = SECRET) -> int:
        """Telegram calls with an update; the status that it is answered."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        body = update if isinstance(update, bytes) else json.dumps(update).encode()
        return self.someone.post(HOOK, content=body, headers=headers).status_code

    def texts(self, person: int, text: str, **more: Any) -> None:
        """A person writes, and the program works until it is done."""
        update = self.telegram.message(person, text, date=int(self.clock.now().timestamp()), **more)
        assert self.knocks_with(update) == 200
        self.settle()

    def data(self, person: int, label: str) -> str:
        """What the newest button with this label carries."""
        rows = [
            row for m in self.telegram.to(person) for row in (m.get("reply_markup") or {}).get("inline_keyboard", [])
        ]
        found = [b["callback_data"] for row in rows for b in row if b["text"].startswith(label)]
        assert found, f"{person} was never shown a button {label}"
        return str(found[-1])
