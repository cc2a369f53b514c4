"""Who is there when: shifts over midnight, clock changes, absences (R5, R29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.workflow.world import PLANT
from workflow.plant import Absence, on_shift, production_day, production_day_span, shift_end, shifts_at

CHICAGO = ZoneInfo("America/Chicago")


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC)


def test_R5_one_in_the_night_belongs_to_the_day_on_which_the_shift_began() -> None:
    assert production_day(PLANT, at(18, 1)) == date(2026, 11, 17)
    assert production_day(PLANT, at(18, 6)) == date(2026, 11, 18)


def test_R5_the_night_of_the_clock_change_has_nine_or_seven_hours() -> None:
    autumn = shifts_at(PLANT, at(1, 0, 30))[0]  # clocks go back on 1 November 2026
    assert autumn.end - autumn.start == timedelta(hours=9)
    spring = shifts_at(PLANT, at(8, 0, 30, month=3))[0]
    assert spring.end - spring.start == timedelta(hours=7)
    start, end = production_day_span(PLANT, date(2026, 10, 31))
    assert end - start == timedelta(hours=25)


def test_a_shift_ends_when_the_next_begins() -> None:
    assert [s.shift for s in shifts_at(PLANT, at(17, 14))] == ["late"]
    assert shift_end(PLANT, at(17, 13, 59)) == at(17, 14)


def test_R29_people_are_whoever_is_on_shift_at_that_instant() -> None:
    assert [p.id for p in on_shift(PLANT, "maintenance", at(17, 12))] == ["tom", "ann"]
    assert [p.id for p in on_shift(PLANT, "maintenance", at(17, 23))] == ["nils"]
    assert on_shift(PLANT, "maintenance", at(17, 15)) == (), "nobody repairs on the late shift"
    assert [p.id for p in on_shift(PLANT, "manager", at(17, 3))] == ["bert"], "no shifts: always reachable"


def test_somebody_absent_is_replaced_by_the_stand_in_or_not_asked() -> None:
    away = Absence(date(2026, 11, 17), date(2026, 11, 17), stand_in="nils")
    people = tuple(replace(p, absences=(away,)) if p.id == "tom" else p for p in PLANT.people)
    plant = replace(PLANT, people=people)
    assert {p.id for p in on_shift(plant, "maintenance", at(17, 12))} == {"nils", "ann"}
    assert [p.id for p in on_shift(plant, "maintenance", at(18, 12))] == ["tom", "ann"]
