"""A third party's emulator of Twilio as a process of its own, unmodified; people write through it, and it signs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import httpx

from tests.emulators import EMULATE, Emulator, free_port, node, npm_packages
from tests.integrations.strict_twilio import ACCOUNT, NUMBER, TOKEN

WHAT = "the emulator of Twilio"


class TwilioEmulator(Emulator):
    """`emulate` on loopback; `calls` is where it posts what people write, set before it starts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.calls = ""
        self._seed = folder / "twilio.yaml"
        command = npm_packages(WHAT, **EMULATE) / "emulate" / "dist" / "index.js"
        start = [node(22, WHAT), str(command), "start", "--service", "twilio", "--port", str(self.port)]
        super().__init__(
            WHAT,
            [*start, "--seed", str(self._seed)],
            lambda: httpx.get(self._messages, auth=(ACCOUNT, TOKEN), timeout=2),
        )

    def __enter__(self) -> Self:
        number = {
            "phone_number": f"whatsapp:{NUMBER}",
            "friendly_name": "WA",
            "sms_url": f"{self.calls}/hooks/whatsapp",
        }
        seed = {"twilio": {"account": {"sid": ACCOUNT, "auth_token": TOKEN}, "phone_numbers": [number]}}
        self._seed.write_text(json.dumps(seed))  # JSON is YAML
        return super().__enter__()

    def types(self, person: str, text: str) -> None:
        """Somebody writes."""
        self._post("/_twilio/simulate/inbound-message", To=f"whatsapp:{NUMBER}", From=f"whatsapp:{person}", Body=text)

    def becomes(self, message: dict[str, Any], status: str) -> None:
        """A message is on its way, delivered, read, or not."""
        self._post("/_twilio/simulate/message-status", MessageSid=message["sid"], Status=status)

    def shown(self, person: str) -> list[dict[str, Any]]:
        """What was sent to a person, oldest first: `body`, `sid`, `status`."""
        found = httpx.get(f"{self._messages}?PageSize=1000", auth=(ACCOUNT, TOKEN), timeout=10).json()["messages"]
        mine = [m for m in found if m["to"] == f"whatsapp:{person}" and m["direction"] != "inbound"]
        return mine if not mine or mine[0]["date_created"] <= mine[-1]["date_created"] else mine[::-1]

    @property
    def _messages(self) -> str:
        return f"{self.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"

    def _post(self, path: str, **fields: str) -> None:
        httpx.post(f"{self.url}{path}", data=fields, auth=(ACCOUNT, TOKEN), timeout=10).raise_for_status()
