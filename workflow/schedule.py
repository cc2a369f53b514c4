"""What `plant.yaml` says of days that come again: patterns of shifts, and what is told by itself, to whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Literal


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told by itself: of each shift that ends, or of the days and of the week before at the plant's clock."""

    what: Literal["shift", "day", "week"]
    to: tuple[str, ...]  # ids of people and chats
    at: time | None = None  # none for the shift's
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)  # Monday is 0


@dataclass(frozen=True, slots=True)
class Rotation:
    """A pattern of shifts that repeats, as a team works it: two days, two lates, two nights, two off."""

    id: str
    start: date  # the production day of the first entry
    pattern: tuple[str | None, ...]  # a shift's id for each day; None: off

    def shift_on(self, day: date) -> str | None:
        """The shift that its people work on a production day, before `start` too."""
        return self.pattern[(day - self.start).days % len(self.pattern)]
