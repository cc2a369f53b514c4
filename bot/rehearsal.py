"""A plant on a desk: its people talk, its clock is turned by hand, its ERP can be unplugged; all else is the program.

The demo and the stories in `tests/` play on it, so that what they show is what runs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

from bot import ticks
from bot.app import App, build
from bot.clock import TurnedClock
from bot.config import Config
from bot.say import Press, parse_button
from db import cases, conversations
from db.conversations import Line
from db.due import next_due
from integrations.erp.import_stand_in import ImportStandIn
from workflow.case import Case
from workflow.messages import Inbound
from workflow.ports import Reader

STEP = timedelta(seconds=1)


class Rehearsal:
    """The program with a turned clock; every word that people hear is kept until somebody listens."""

    def __init__(self, config: Config, start: datetime, *, reader: Reader | None = None) -> None:
        self.clock = TurnedClock(start)
        self.app: App = build(config, clock=self.clock, reader=reader)
        self.erp = ImportStandIn(config.data / "erp", config.plant or Path())
        self._heard: defaultdict[str, int] = defaultdict(int)
        self._said: Counter[str] = Counter()

    @property
    def now(self) -> datetime:
        """The plant's wall clock."""
        return self.app.plant.local(self.clock.now())

    def says(self, person: str, text: str, reply_to: str | None = None, button: str | None = None) -> None:
        """A person writes; the program works until it has nothing left to do."""
        self._said[person] += 1
        message_id = f"{person}-{self._said[person]}-{self.clock.now().timestamp():.0f}"
        self.app.receive(
            Inbound("web", message_id, person, person, self.clock.now(), text, button=button, reply_to=reply_to)
        )
        self.settle()

    def presses(self, person: str, act: str, *args: str, case: str | None = None) -> str:
        """A person presses the newest button of that act that they were shown; returns its label."""
        for line in reversed(self.transcript(person)):
            for button in line.buttons:
                press = parse_button(button.value)
                if press is not None and _is(press, act, args, case):
                    self.says(person, button.label, button=button.value)
                    return button.label
        raise AssertionError(f"{person} was never shown a button {act} {args} {case or ''}")

    def transcript(self, person: str) -> tuple[Line, ...]:
        """All that a person was told and said."""
        with self.app.database.read() as tx:
            return conversations.of(tx, person)

    def hears(self, person: str) -> list[str]:
        """What a person was told since somebody last listened."""
        lines = [line for line in self.transcript(person) if line.id > self._heard[person]]
        if lines:
            self._heard[person] = lines[-1].id
        return [line.text for line in lines if line.sender == "bot"]

    def passes(self, *, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Time goes by, in steps that no deadline falls through; ERP answers on the way unless it is unplugged."""
        self.passes_until(self.clock.now() + timedelta(hours=hours, minutes=minutes, seconds=seconds))

    def passes_until(self, end: datetime) -> None:
        """Time goes by up to an instant."""
        while self.clock.now() < end:
            with self.app.database.read() as tx:
                due = next_due(tx)
            # What is due already and could not be done waits for its turn, not for ever on this instant.
            soonest = max(due, self.clock.now() + STEP) if due is not None else end
            self.clock.turn_to(min(soonest, end))
            self.settle()

    def settle(self) -> None:
        """Every round until nothing is left to do at this instant."""
        ticks.refresh_records(self.app)
        ticks.run_until_quiet(self.app)
        self.erp.take_in(self.clock.now())

    def case(self, number: str) -> Case:
        """One exception as it stands; KeyError where there is none."""
        with self.app.database.read() as tx:
            found = cases.get(tx, number)
        if found is None:
            raise KeyError(number)
        return found

    def cases(self) -> tuple[Case, ...]:
        """Every exception, in the order of their numbers."""
        with self.app.database.read() as tx:
            return tuple(sorted(cases.find(tx), key=lambda c: c.number))

    def close(self) -> None:
        """Put the plant away."""
        self.app.close()


def _is(press: Press, act: str, args: tuple[str, ...], case: str | None) -> bool:
    return press.act == act and press.args[: len(args)] == args and case in (None, press.case)
