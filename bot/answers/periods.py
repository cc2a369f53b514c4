"""The stretch of time that a word means in a plant: production days and shifts, with their 23 or 25 hours (R5)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from workflow.plant import Plant, ShiftSpan, production_day, production_day_span, shifts_at, shifts_between

Span = tuple[datetime, datetime | None]


def period_of(named: str, n: int | None, plant: Plant, now: datetime) -> Span:
    """From when until when; no end where the period still runs. `n` of the last days or weeks, today included."""
    today = production_day(plant, now)
    monday = today - timedelta(days=today.weekday())
    first = today.replace(day=1)
    match named:
        case "yesterday":
            return production_day_span(plant, today - timedelta(days=1))
        case "before_yesterday":
            return production_day_span(plant, today - timedelta(days=2))
        case "this_shift":
            running = shifts_at(plant, now)
            return (running[0].start if running else production_day_span(plant, today)[0]), None
        case "last_night":
            return _last_night(plant, now)
        case "last_shift":
            last = _last_shift(plant, now)
            return (last.start, last.end) if last is not None else production_day_span(plant, today - timedelta(days=1))
        case "this_week":
            return _start(plant, monday), None
        case "last_week":
            return _start(plant, monday - timedelta(days=7)), _start(plant, monday)
        case "this_month":
            return _start(plant, first), None
        case "last_month":
            return _start(plant, (first - timedelta(days=1)).replace(day=1)), _start(plant, first)
        case "this_year":
            return _start(plant, today.replace(month=1, day=1)), None
        case "last_year":
            return _start(plant, today.replace(year=today.year - 1, month=1, day=1)), _start(
                plant, today.replace(month=1, day=1)
            )
        case "this_quarter":
            return _start(plant, _quarter(today)), None
        case "last_quarter":
            return _start(plant, _quarter(_quarter(today) - timedelta(days=1))), _start(plant, _quarter(today))
        case "weekend":
            saturday = monday - timedelta(days=2) if today.weekday() < 5 else monday + timedelta(days=5)
            return _start(plant, saturday), _start(plant, saturday + timedelta(days=2))
        case "hours":
            return now - timedelta(hours=n or 24), None
        case "days":
            return _start(plant, today - timedelta(days=(n or 7) - 1)), None
        case "weeks":
            return _start(plant, today - timedelta(days=7 * (n or 4) - 1)), None
    return _start(plant, today), None


def before(start: datetime, end: datetime | None, named: str | None, plant: Plant, now: datetime) -> Span:
    """The period before, of the same kind; without a kind one of the same length."""
    day = production_day(plant, start)
    match named:
        case "this_week" | "last_week" | "calendar_week" | "weekend":
            return _start(plant, day - timedelta(days=7)), _start(plant, day - timedelta(days=5 * (named == "weekend")))
        case "this_month" | "last_month" | "month":
            return _start(plant, (day - timedelta(days=1)).replace(day=1)), _start(plant, day)
        case "this_quarter" | "last_quarter" | "quarter":
            return _start(plant, _quarter(day - timedelta(days=1))), _start(plant, day)
        case "this_year" | "last_year" | "year":
            return _start(plant, day.replace(year=day.year - 1)), _start(plant, day)
        case "today" | "yesterday" | "before_yesterday" | "day":
            return production_day_span(plant, day - timedelta(days=1))
    return start - ((end or now) - start), start


def shift_spans(plant: Plant, start: datetime, end: datetime) -> list[tuple[str, datetime, datetime]]:
    """Every shift that runs in a period, by its id; the same id as often as it runs."""
    found = shifts_between(plant, start, end)
    return [(span.shift, max(span.start, start), min(span.end, end)) for span in found]


def weeks(plant: Plant, start: datetime, end: datetime) -> list[tuple[str, datetime, datetime]]:
    """Every week that begins in or before a period and reaches into it, by the ISO date of its Monday."""
    day = production_day(plant, start)
    monday, found = day - timedelta(days=day.weekday()), []
    while (begin := _start(plant, monday)) < end:
        found.append((monday.isoformat(), begin, _start(plant, monday + timedelta(days=7))))
        monday += timedelta(days=7)
    return found


def _last_shift(plant: Plant, now: datetime) -> ShiftSpan | None:
    running = shifts_at(plant, now)
    before_this = (running[0].start if running else now) - timedelta(minutes=1)
    for hours in range(72):
        found = shifts_at(plant, before_this - timedelta(hours=hours))
        if found:
            return found[0]
    return None


def _last_night(plant: Plant, now: datetime) -> Span:
    """The shift over midnight that runs, or ended last; where none does, the production day before."""
    nights = tuple(shift.id for shift in plant.shifts if shift.end <= shift.start)
    last = last_of(plant, nights, now)
    return last or production_day_span(plant, production_day(plant, now) - timedelta(days=1))


def last_of(plant: Plant, shifts: tuple[str, ...], now: datetime) -> Span | None:
    """The last time that one of these shifts ran, or runs."""
    found = [span for span in shifts_between(plant, now - timedelta(days=3), now) if span.shift in shifts]
    return (found[-1].start, found[-1].end if found[-1].end <= now else None) if found else None


def _quarter(day: date) -> date:
    return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)


def _start(plant: Plant, day: date) -> datetime:
    return production_day_span(plant, day)[0]
