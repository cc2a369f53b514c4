"""One shift through whatever emulator of a third party: report, question, taking, time, hold in parts, end, summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from bot.engine import Engine, Lane
from tests.integrations.patience import eventually
from tests.web.door import OpenDoor
from workflow.case import Case

PATIENCE = 40.0  # seconds; emulators are slow on a busy machine


class EmulatedFloor(OpenDoor):
    """Riverside as the service runs in life; each emulator says how one types, reads and picks there."""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Engine and ERP's import, without a web door: for chats that we ask."""
        self._moment = monotonic()
        with Engine(self.app) as engine:
            engine.add(Lane("erp", lambda _: self._a_moment_passes(), self.app), seconds=0.2)
            yield

    def types(self, person: str, text: str) -> None:
        """Somebody writes."""
        raise NotImplementedError

    def shown(self, person: str) -> list[Any]:
        """What somebody was sent, as the emulator keeps it, oldest first."""
        raise NotImplementedError

    def words(self, message: Any) -> str:
        """What such a message says."""
        raise NotImplementedError

    def picks(self, person: str, label: str) -> str:
        """Wait for a choice that begins like that, take it, and return the message with it; "": the first choice."""
        raise NotImplementedError

    def asks(self, person: str, text: str) -> None:
        """Somebody reports so little that they are asked back."""
        self.types(person, text)

    def decides(self) -> None:
        """Tamika decides about the held lot in parts, and says yes to what is read back."""
        self.reads("tamika", "6319-4A")
        self.types("tamika", "6319-4A: release 600 cs, rework 150 cs")
        self.reads("tamika", "600")
        self.picks("tamika", "Yes")

    def reads(self, person: str, words: str) -> str:  # type: ignore[override]
        """Wait until somebody has read a message with these words."""
        return self.words(self.sees(person, lambda message: words in self.words(message)))

    def sees(self, person: str, fits: Callable[[Any], Any]) -> Any:
        """Wait for a message of a kind; the newest of them."""
        return eventually(
            lambda: next((m for m in reversed(self.shown(person)) if fits(m)), None),
            PATIENCE,
            lambda: f"for {person}, but {[self.words(m) for m in self.shown(person)]}",
        )

    def until(self, true: Callable[[Case], Any], number: str) -> Case:
        """Wait until an exception is as it should be."""
        case = eventually(
            lambda: next((c for c in self.cases() if c.number == number and true(c)), None), PATIENCE, self.cases
        )
        assert case is not None
        return case


def a_shift(floor: EmulatedFloor) -> None:
    """The shift that goes through each chat."""
    floor.types("maria", "filler on 3 is down, 10482 standing still")
    floor.reads("maria", "EX-1001")
    floor.reads("gary", "EX-1001")
    floor.picks("gary", "On it")
    floor.until(lambda c: c.task("maintenance").acknowledged_by == "gary.lindqvist", "EX-1001")  # type: ignore[union-attr]
    floor.types("gary", "there in 20 min")
    floor.until(lambda c: c.task("maintenance").promised_at, "EX-1001")  # type: ignore[union-attr]

    floor.asks("hector", "la llenadora no arranca")
    assert "?" in floor.picks("hector", "")
    floor.until(lambda c: c.status != "draft", "EX-1002")

    floor.types("edson", "putting 6319-4A on hold, pallets without a date code")
    floor.decides()
    held = floor.until(lambda c: c.decisions == 1, "EX-1003")
    assert held.held_lot("6319-4A").remaining == 200  # type: ignore[union-attr]

    floor.types("gary", "EX-1001 running again, loose cable, 15 min")
    floor.until(lambda c: c.status in ("resolved", "closed"), "EX-1001")
    floor.types("stephanie", "what happened on the day shift today?")
    floor.reads("stephanie", "EX-1001")
