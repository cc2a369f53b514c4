"""SAP's way of writing values in OData V2, and ours: dates, times, numbers, literals of a filter, units."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from urllib.parse import quote

_INSTANT = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")


def text(value: str) -> str:
    """A literal of a filter or a function: a quote in it is doubled, so that nothing breaks out of it."""
    return "'" + value.replace("'", "''") + "'"


def key(**parts: str) -> str:
    """What stands in the address of one record: `('WO-1')`, or `(Material='A',Batch='B')`."""
    if len(parts) == 1:
        return f"({quote(text(next(iter(parts.values()))), safe=chr(39))})"
    return "(" + ",".join(f"{name}={quote(text(value), safe=chr(39))}" for name, value in parts.items()) + ")"


def on_day(day: date) -> str:
    """A date as a literal."""
    return f"datetime'{day:%Y-%m-%d}T00:00:00'"


def at_instant(at: datetime) -> str:
    """An instant as a literal of Edm.DateTimeOffset."""
    return f"datetimeoffset'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def stamp(at: datetime) -> str:
    """An instant as the 14 digits that production orders carry, UTC."""
    return f"{at.astimezone(UTC):%Y%m%d%H%M%S}"


def day_out(day: date) -> str:
    """A date in a body."""
    return f"/Date({round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)})/"


def time_out(at: time) -> str:
    """A time of day in a body."""
    return f"PT{at:%H}H{at:%M}M{at:%S}S"


def number_out(value: float) -> str:
    """A quantity in a body: SAP keeps three decimals and wants them as text."""
    return f"{value:.3f}"


def day_in(value: object) -> date | None:
    """A date that came; None where there is none."""
    at = instant_in(value)
    return at.date() if at is not None else None


def instant_in(value: object) -> datetime | None:
    """An instant that came; None where there is none. Raises ValueError."""
    if value in (None, ""):
        return None
    found = _INSTANT.fullmatch(str(value))
    if found is None:
        raise ValueError(f"'{value}' is no date of OData V2")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(found[1]))


def time_in(value: object) -> time:
    """A time of day that came; 24:00:00 and nothing are midnight. Raises ValueError."""
    found = _DURATION.fullmatch(str(value or "PT0S"))
    if found is None:
        raise ValueError(f"'{value}' is no time of OData V2")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return time(hours % 24, minutes, seconds)


def local(day: object, at: object, zone: tzinfo) -> datetime | None:
    """Date and time of day, as SAP keeps them apart, in the plant's zone."""
    found = day_in(day)
    return datetime.combine(found, time_in(at), zone) if found is not None else None


def day_or_instant(day: object, at: object, zone: tzinfo) -> date | datetime | None:
    """The day alone where no time of it is named."""
    found = local(day, at, zone)
    return None if found is None else found.date() if found.time() == time() else found


def number_in(value: object) -> float:
    """A quantity that came. Raises ValueError."""
    return float(str(value)) if value not in (None, "") else 0.0


def same_unit(ours: object, theirs: object) -> bool:
    """Whether two names of a unit are one: SAP writes CS, the floor cs."""
    return str(ours).casefold() == str(theirs).casefold()
