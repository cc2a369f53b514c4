"""What is sent by itself at the plant's clock: when it was due last, and of which stretch of time it tells (R5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from workflow.plant import Plant, production_day, production_day_span, shifts_between
from workflow.schedule import Digest

NEARLY = timedelta(hours=2)  # a meeting before the first shift tells of the day that is nearly over
BACK = 15  # days in which an earlier one of the same weekdays is found
LATE = {"shift": timedelta(hours=2), "day": timedelta(hours=6), "week": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Due:
    """One time at which a digest was due, and the stretch of time of which it tells."""

    digest: Digest
    at: datetime
    start: datetime
    end: datetime

    def is_stale(self, now: datetime) -> bool:
        """Whether it is too late to tell it: after an outage nobody wants last week's morning (R37)."""
        return now - self.at > LATE[self.digest.what]


def last_due(plant: Plant, digest: Digest, now: datetime) -> Due | None:
    """The last time at or before an instant at which a digest was due; None where there was none lately.

    The shift's is due at each end of a shift. The others are due by the plant's clock on their days, never on a day on
    which the plant is closed; the day's tells of all that was since the one before, a Monday's of the weekend too.
    """
    if digest.what == "shift":
        ended = [span for span in shifts_between(plant, now - timedelta(days=3), now) if span.end <= now]
        last = max(ended, key=lambda span: span.end, default=None)
        return Due(digest, last.end, last.start, last.end) if last is not None else None
    today = plant.local(now).date()
    days = [day for n in range(BACK) if _is_on(plant, digest, day := today - timedelta(days=n))]
    times = [at for day in days if (at := _at(plant, digest, day)) <= now]
    if not times:
        return None
    end = _told_until(plant, times[0])
    if digest.what == "week":
        day = production_day(plant, times[0] + NEARLY)
        monday = day - timedelta(days=day.weekday())
        before = monday - timedelta(days=7)
        return Due(digest, times[0], production_day_span(plant, before)[0], production_day_span(plant, monday)[0])
    start = _told_until(plant, times[1]) if len(times) > 1 else end - timedelta(days=1)
    return Due(digest, times[0], start, end)


def _is_on(plant: Plant, digest: Digest, day: date) -> bool:
    return day.weekday() in digest.days and not plant.closed_on(day)


def _at(plant: Plant, digest: Digest, day: date) -> datetime:
    """An hour that the clocks leave out counts as the same time an hour later, one that comes twice as its first."""
    assert digest.at is not None, "plant.yaml wants `at` of a day's and a week's digest"
    return datetime.combine(day, digest.at, plant.zone).astimezone(UTC)


def _told_until(plant: Plant, at: datetime) -> datetime:
    return min(at, production_day_span(plant, production_day(plant, at + NEARLY))[0])
