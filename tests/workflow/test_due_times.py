"""Due times against a model that shares no line with ours: clock changes, eight zones, nights, holidays (R5, R38).

The model counts whole minutes since 1970, takes offsets from another reader of the time zone files (dateutil), and
finds by itself which wall-clock times a night skips or has twice. LINECALL_TEST_DUE_TIMES is how many instants are
compared.
"""

from __future__ import annotations

import os
import random
from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

import pytest
from dateutil import tz as other_zones

from tests.workflow.world import PLANT
from workflow.case import Step, Task
from workflow.chasing import quiet_until
from workflow.plant import (
    Absence,
    Person,
    Plant,
    Rotation,
    Shift,
    Shutdown,
    next_shift_end,
    on_shift,
    production_day,
    shift_end,
    shifts_at,
)
from workflow.routing import WARNING, deadline_of
from workflow.rules import QuietHours

pytestmark = pytest.mark.slow

HOW_MANY = int(os.environ.get("LINECALL_TEST_DUE_TIMES", "16000"))
SEED = int(os.environ.get("LINECALL_TEST_SEED", "5"))
ZONES = (
    "America/Chicago", "Europe/Warsaw", "Europe/London", "America/Santiago", "Australia/Lord_Howe", "Pacific/Auckland",
    "Asia/Kolkata", "America/St_Johns",
)  # fmt: skip
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
A_DAY = 1440  # minutes
FIRST, LAST = (int((datetime(y, 1, 1, tzinfo=UTC) - EPOCH).total_seconds() // 60) for y in (2026, 2028))
WORKDAYS = (0, 1, 2, 3, 4)
PATTERNS: tuple[tuple[Shift, ...], ...] = (
    (Shift("day", time(6), time(14)), Shift("late", time(14), time(22)), Shift("night", time(22), time(6))),
    (Shift("day", time(5, 30), time(14), WORKDAYS), Shift("late", time(13, 30), time(22), WORKDAYS),
     Shift("night", time(21, 45), time(5, 45), (6, 0, 1, 2, 3))),
    (Shift("day", time(7), time(19), on_holidays=True), Shift("night", time(19), time(7), on_holidays=True)),
    (Shift("day", time(2, 30), time(14, 15)), Shift("night", time(14, 15), time(2, 30), (0, 2, 4, 5))),
    (Shift("day", time(0), time(0), (5, 6)), Shift("night", time(1, 30), time(9), WORKDAYS, on_holidays=True)),
)  # fmt: skip
HOLIDAYS = tuple(date(y, m, d) for y in (2026, 2027) for m, d in ((1, 1), (3, 29), (4, 5), (10, 25), (11, 1), (12, 25)))
SHUTDOWNS = (Shutdown(date(2026, 8, 3), date(2026, 8, 12)), Shutdown(date(2026, 12, 24), date(2027, 1, 3)))
TURN = Rotation("a", date(2026, 2, 1), ("day", "day", None, "night", "night", None, None))
AWAY = Absence(date(2026, 3, 27), date(2026, 3, 30), stand_in="bea")
PEOPLE = (
    Person("ada", "Ada", ("maintenance",), (), ("day",)),
    Person("cleo", "Cleo", ("maintenance",), (), ("night",), absences=(AWAY,)),
    Person("dora", "Dora", ("maintenance",), rotation=TURN),
    Person("bea", "Bea", ("manager",)),
)
LADDER = (Step(timedelta(minutes=10)), Step(timedelta(hours=3), ("manager",)))
QUIET = QuietHours(time(22), time(6, 15))


def plant_of(zone: str, shifts: tuple[Shift, ...]) -> Plant:
    return Plant("p", "P", zone, ("en",), shifts, PLANT.lines, PEOPLE, holidays=HOLIDAYS, shutdowns=SHUTDOWNS)


# the model -----------------------------------------------------------------------------------------------------------


@cache
def offsets(zone: str) -> tuple[list[int], list[int]]:
    """From which UTC minute on which offset in minutes holds."""
    there = other_zones.gettz(zone)
    assert there is not None
    since, how_much = [], []
    for minute in range(FIRST - 40 * A_DAY, LAST + 40 * A_DAY, 30):
        found = (EPOCH + timedelta(minutes=minute)).astimezone(there).utcoffset()
        assert found is not None
        offset = int(found.total_seconds() // 60)
        if not how_much or how_much[-1] != offset:
            since.append(minute)
            how_much.append(offset)
    return since, how_much


def offset(zone: str, minute: int) -> int:
    since, how_much = offsets(zone)
    return how_much[bisect_right(since, minute) - 1]


def at_wall(zone: str, wall: int) -> int:
    """The first UTC minute at which the wall shows this; in a gap, where it would have been without the change."""
    tried = {offset(zone, wall + shift * A_DAY) for shift in (-2, -1, 0, 1, 2)}
    real = [wall - o for o in tried if wall - o + offset(zone, wall - o) == wall]
    return min(real) if real else wall - offset(zone, wall - A_DAY)


def day_number(day: date) -> int:
    return (day - EPOCH.date()).days


def closed(day: int) -> bool:
    as_date = EPOCH.date() + timedelta(days=day)
    return as_date in HOLIDAYS or any(s.start <= as_date <= s.end for s in SHUTDOWNS)


def spans(zone: str, shifts: tuple[Shift, ...], days: range) -> list[tuple[int, int, str, int]]:
    """Every shift that begins on one of these days: start, end, id, day."""
    found = []
    for day in days:
        for shift in shifts:
            if (day + 3) % 7 not in shift.days or (closed(day) and not shift.on_holidays):  # 1 January 1970: Thursday
                continue
            start, end = (t.hour * 60 + t.minute for t in (shift.start, shift.end))
            end += A_DAY if end <= start else 0
            found.append((at_wall(zone, day * A_DAY + start), at_wall(zone, day * A_DAY + end), shift.id, day))
    return found


def expected(zone: str, shifts: tuple[Shift, ...], minute: int) -> dict[str, object]:
    wall = minute + offset(zone, minute)
    today = wall // A_DAY
    near = spans(zone, shifts, range(today - 2, today + 2))
    running = [s for s in near if s[0] <= minute < s[1]]
    end = max((s[1] for s in running), default=None)
    later = [s[1] for s in spans(zone, shifts, range(today - 2, today + 15)) if s[1] > minute]
    working = {(s[2], s[3]) for s in running}
    there = []
    for who, own in (("ada", "day"), ("cleo", "night")):
        for shift, day in sorted(working, key=lambda w: w[1]):
            if shift == own:
                absent = who == "cleo" and day_number(AWAY.start) <= day <= day_number(AWAY.end)
                there.append("bea" if absent else who)
    turn = day_number(TURN.start)
    there += ["dora" for shift, day in working if TURN.pattern[(day - turn) % 7] == shift]
    of_day = wall % A_DAY
    quiet = None
    if of_day >= 22 * 60 or of_day < 6 * 60 + 15:
        quiet = at_wall(zone, (today + (of_day >= 22 * 60)) * A_DAY + 6 * 60 + 15)
    warning = end - 15 if end is not None and end - 15 > minute else None
    return {
        "running": sorted(working),
        "end": end,
        "production_day": min((s[3] for s in running), default=today),
        "next_end": min(later, default=None),
        "there": sorted(set(there)),
        "quiet": quiet,
        "step": min(minute + 180, warning) if warning is not None else minute + 180,
    }


# ours ----------------------------------------------------------------------------------------------------------------


def minutes(at: datetime | None) -> int | None:
    return None if at is None else int((at - EPOCH).total_seconds() // 60)


def ours(plant: Plant, minute: int) -> dict[str, object]:
    now = EPOCH + timedelta(minutes=minute)
    asked = Task("quality", now, ladder=LADDER, step=1, due_by=shift_end(plant, now))
    assert timedelta(minutes=15) == WARNING
    return {
        "running": sorted((s.shift, day_number(s.production_day)) for s in shifts_at(plant, now)),
        "end": minutes(shift_end(plant, now)),
        "production_day": day_number(production_day(plant, now)),
        "next_end": minutes(next_shift_end(plant, now)),
        "there": sorted(p.id for p in on_shift(plant, "maintenance", now)),
        "quiet": minutes(quiet_until(QUIET, plant, now)),
        "step": minutes(deadline_of(asked, now)),
    }


@pytest.mark.parametrize("zone", ZONES)
def test_R38_every_due_time_is_that_of_an_independent_model(zone: str) -> None:
    rolled = random.Random(f"{SEED} {zone}")
    changes = [s for s in offsets(zone)[0] if FIRST < s < LAST] or [FIRST + 180 * A_DAY]
    assert len(changes) == 4 or zone == "Asia/Kolkata", "both clock changes of both years are in it"
    special = changes + [day_number(d) * A_DAY for d in (*HOLIDAYS, SHUTDOWNS[0].start, SHUTDOWNS[1].end, AWAY.start)]
    for n in range(HOW_MANY // len(ZONES)):
        shifts = PATTERNS[n % len(PATTERNS)]
        near = rolled.choice(special) + rolled.randint(-2 * A_DAY, 2 * A_DAY)
        minute = near if n % 4 else rolled.randint(FIRST, LAST)
        assert ours(plant_of(zone, shifts), minute) == expected(zone, shifts, minute), (
            f"{zone}, {EPOCH + timedelta(minutes=minute)}, {[s.id for s in shifts]}, seed {SEED}"
        )
