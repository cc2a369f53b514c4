"""Riverside whose people carry phones with WhatsApp, on the strict fake of Twilio; every callback is delivered."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx

from tests.services import missing

if find_spec("twilio") is None:
    missing("twilio (pip install linecall[whatsapp])")

from tests.integrations.strict_twilio import ACCOUNT, NUMBER, PUBLIC, TOKEN, StrictTwilio
from tests.web.door import OpenDoor
from workflow.case import Case
from workflow.ports import Knock

MARIA, GARY, DENISE, EDSON = "+15550106", "+15550114", "+15550111", "+15550109"
TAMIKA, HECTOR, STEPHANIE, NOBODY = "+15550118", "+15550112", "+15550128", "+15559999"
EVERYBODY = (MARIA, GARY, DENISE, EDSON, TAMIKA, HECTOR, STEPHANIE)
FILLER_DOWN = "filler 3 jammed, line is down, 10482 standing"


class Floor(OpenDoor):
    """The plant's clock is Twilio's too."""

    def __init__(self, data: Path, twilio: StrictTwilio, **settings: Any) -> None:
        given = {
            "twilio_account_sid": ACCOUNT,
            "twilio_auth_token": TOKEN,
            "twilio_whatsapp_from": NUMBER,
            "twilio_base_url": twilio.url,
            "public_url": PUBLIC,
        }
        super().__init__(data, play=False, **(given | settings))
        self.twilio = twilio
        twilio.now = lambda: self.clock.now().timestamp()

    def knock(self, knock: Knock) -> httpx.Response:
        """Twilio calls; nothing else happens yet."""
        path = knock.path + (f"?{knock.query}" if knock.query else "")
        return self.someone.post(path, content=knock.body, headers=dict(knock.headers))

    def texts(self, person: str, text: str, **more: Any) -> None:
        """Somebody writes, the program works, and Twilio says what became of its answers."""
        self.brings(self.twilio.wrote(person, text, **more))

    def presses(self, person: str, label: str) -> None:  # type: ignore[override]
        """Somebody taps the newest button of that label."""
        shown = [(m, b) for m in self.twilio.shown(person) for b in m["buttons"] if b[0].startswith(label)]
        assert shown, f"{person} was never shown {label}, but {self.phone(person)}"
        message, (label, value) = shown[-1]
        self.brings(self.twilio.pressed(person, label, value, message["sid"]))

    def brings(self, knock: Knock) -> None:
        """A knock that the program takes, and all that follows from it."""
        answer = self.knock(knock)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/xml"), answer.text
        assert answer.text.endswith("<Response/>"), "whoever is answered here is answered twice"
        self.settles()

    def settles(self) -> None:
        """Until nothing is under way, callbacks included."""
        self.settle()
        while self.twilio.callbacks:
            assert self.knock(self.twilio.callbacks.pop(0)).status_code == 200
            self.settle()

    def goes_on(self, **time: float) -> None:
        """Time passes, and Twilio says what became of what was sent."""
        self.passes(**time)
        self.settles()

    def phone(self, person: str) -> list[str]:
        """What arrived on a phone."""
        return [message["text"] for message in self.twilio.shown(person)]

    def case(self, number: str) -> Case:
        """An exception."""
        return next(case for case in self.cases() if case.number == number)

    def told(self, number: str, person: str) -> list[dict[str, Any]]:
        """What the API says of the notices to somebody."""
        from bot.views import notice_json
        from db import outbox

        with self.app.database.read() as tx:
            return [notice_json(one) for one in outbox.of_case(tx, number) if one.notice.to == person]


def knows(floor: Floor) -> None:
    """Every template is at Twilio, and approved."""
    floor.app.loop.run(floor.app.channels["whatsapp"].submit())  # type: ignore[attr-defined]
    floor.twilio.approves()
