"""Riverside whose people carry phones with a chat of nobody's make; here is what holds in every foreign chat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integrations.strange_chat import SECRET, StrangeChat
from tests.web.door import OpenDoor

MARIA, GARY, LUIS, NOBODY = "70106", "70114", "70104", "99999"
FILLER_DOWN = "filler 3 jammed, line is down, 10482 standing"


class Floor(OpenDoor):
    """Riverside, whose people carry phones with a chat of nobody's make."""

    def __init__(self, data: Path, **settings: Any) -> None:
        super().__init__(data, play=False, **settings)
        self.chat = StrangeChat()
        self.app.channels = {**self.app.channels, "telegram": self.chat}

    def texts(self, address: str, text: str, *, id_: str | None = None, button: str | None = None) -> int:
        """Somebody writes from a phone; the status that the platform is answered."""
        self._said[address] += 1
        body = {"from": address, "text": text, "id": id_ or f"{address}:{self._said[address]}", "button": button or ""}
        answer = self.someone.post("/hooks/telegram", json=body, headers={"X-Secret": SECRET})
        self.settle()
        return answer.status_code

    def phone(self, address: str) -> list[str]:
        """What arrived on a phone."""
        return [message.text for message in self.chat.to(address)]

    def button(self, address: str, label: str) -> str:
        """What the newest button with this label carries, as the platform saw it."""
        shown = [b for m in self.chat.to(address) for b in m.buttons if b.label.startswith(label)]
        assert shown, f"{address} was never shown a button {label}"
        return shown[-1].value
