"""Riverside whose people carry phones with Slack, on the strict fake of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from db import inbox
from tests.integrations import strict_blocks
from tests.integrations.strict_slack import BOT_USER, SECRET, TEAM, TOKEN, StrictSlack
from tests.services import missing
from tests.web.door import OpenDoor

try:
    from integrations.chat.pace import Pace
    from integrations.chat.slack import HOOK, Slack
    from integrations.chat.slack_events import Us
except ImportError:
    missing("slack-bolt (pip install linecall[slack])")


MARIA, ANITA, TAMIKA, NEIL, STEPHANIE = "U0106", "U0117", "U0118", "U0121", "U0128"
US = Us(TEAM, BOT_USER, "B0LINE")
FILLER_DOWN = "filler 3 jammed, line is down, 10482 standing"
FIXERS, QA = "C0FIXERS", "C0QUALITY"


class Floor(OpenDoor):
    """Riverside on a strict Slack; time is the plant's, so messages are dated by it."""

    def __init__(self, data: Path, slack: StrictSlack, **settings: Any) -> None:
        settings = {"slack_bot_token": TOKEN, "slack_base_url": slack.url, "slack_signing_secret": SECRET, **settings}
        super().__init__(data, play=False, **settings)
        self.slack = slack
        channel = self.app.channels["slack"]
        assert isinstance(channel, Slack)
        self.channel = channel
        channel._posts._pace = Pace(())
        self.app.loop.run(channel._who_are_we())

    def knocks_with(self, payload: Any, secret: str = SECRET, at: float | None = None) -> int:
        """Slack calls; the status that it is answered."""
        return self.answered(payload, secret, at).status_code

    def answered(self, payload: Any, secret: str = SECRET, at: float | None = None) -> Any:
        """Slack calls; the whole answer."""
        headers, body = self.slack.signed(payload, at or self.clock.now().timestamp(), secret)
        return self.someone.post(HOOK, content=body, headers=headers)

    def texts(self, person: str, text: str, **more: Any) -> dict[str, Any]:
        """A person writes, and the program works until it is done."""
        said = self.slack.message(person, text, date=self.clock.now().timestamp(), **more)
        assert self.knocks_with(said) == 200
        self.settle()
        return said

    def shows(self, where: str) -> list[str]:
        """What a person or a channel got."""
        return [strict_blocks.shown(m["blocks"]) for m in self.slack.to(where)]

    def data(self, where: str, label: str) -> str:
        """What the newest button with this label carries."""
        found = [v for m in self.slack.to(where) for shown, v in strict_blocks.buttons(m["blocks"]) if shown == label]
        assert found, f"{where} was never shown a button {label}"
        return found[-1]

    def presses(self, person: str, label: str, where: str | None = None) -> Any:  # type: ignore[override]
        """A person presses the newest button with this label; the answer to Slack."""
        answer = self.answered(self.slack.press(person, self.data(where or person, label)))
        assert answer.status_code == 200
        self.settle()
        return answer

    def rows(self) -> int:
        """How many messages are stored."""
        with self.app.database.read() as tx:
            return sum(inbox.get(tx, n) is not None for n in range(1, 200))
