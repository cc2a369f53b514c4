"""What time it is: the machine's clock, or one that a test or the demo turns by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock; aware, UTC."""

    def now(self) -> datetime:
        """This instant."""
        return datetime.now(UTC)


class TurnedClock:
    """A clock that stands still until somebody turns it; never backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The instant at which it stands."""
        return self._now

    def turn(self, by: timedelta) -> None:
        """Move on by a span of time."""
        if by < timedelta():
            raise ValueError("time does not run backwards")
        self._now += by

    def turn_to(self, at: datetime) -> None:
        """Move on to an instant; one that has passed already changes nothing."""
        self._now = max(self._now, at.astimezone(UTC))
