"""Shift patterns, weekends, holidays, shutdowns, rotations, absences: who works when (R5, R29, R37, R38)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.workflow.world import PLANT, RECORDS, RULES, breakdown
from workflow.chasing import chase
from workflow.opening import open_case
from workflow.plant import (
    Absence,
    Person,
    Rotation,
    Shift,
    Shutdown,
    is_on_shift,
    next_shift_end,
    on_shift,
    opens_again,
    production_day,
    production_day_span,
    shift_end,
    shifts_at,
)
from workflow.routing import World

CHICAGO = ZoneInfo("America/Chicago")
WORKDAYS = (0, 1, 2, 3, 4)
THANKSGIVING = date(2026, 11, 26)
WEEK = replace(
    PLANT,
    shifts=(
        Shift("day", time(6), time(14), WORKDAYS),
        Shift("late", time(14), time(22), WORKDAYS),
        Shift("night", time(22), time(6), WORKDAYS, on_holidays=True),
    ),
    holidays=(THANKSGIVING,),
    shutdowns=(Shutdown(date(2026, 12, 24), date(2027, 1, 3), "winter"),),
)


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=CHICAGO).astimezone(UTC)


def ids(people: tuple[Person, ...]) -> list[str]:
    return [p.id for p in people]


def test_a_week_of_five_days_has_no_shift_on_saturday_but_the_friday_night_ends_on_it() -> None:
    assert [s.shift for s in shifts_at(WEEK, at(21, 5))] == ["night"], "Saturday 05:00: Friday's night shift"
    assert shifts_at(WEEK, at(21, 6)) == ()
    assert ids(on_shift(WEEK, "maintenance", at(21, 12))) == []
    assert next_shift_end(WEEK, at(21, 12)) == at(23, 14), "Monday's day shift is the next one that ends"


def test_R37_on_a_holiday_only_the_shift_that_works_then_begins() -> None:
    assert shifts_at(WEEK, at(26, 12)) == ()
    assert [s.shift for s in shifts_at(WEEK, at(26, 23))] == ["night"]
    assert [s.shift for s in shifts_at(WEEK, at(26, 5))] == ["night"], "it began on the eve and is finished"
    assert production_day_span(WEEK, THANKSGIVING) == (at(26, 22), at(27, 6))


def test_R37_in_a_shutdown_reminders_wait_for_the_first_shift_and_a_stopped_line_does_not() -> None:
    closed = at(24, 12, month=12)
    assert opens_again(WEEK, closed) == at(24, 22, month=12), "the night shift works in shutdowns too"
    days = replace(WEEK, shifts=WEEK.shifts[:2])
    first = datetime(2027, 1, 4, 6, tzinfo=CHICAGO).astimezone(UTC)
    assert opens_again(days, closed) == first

    for stopped in (False, True):
        case = open_case(breakdown(line_stopped=stopped, captured_at=closed), World(days, RULES, RECORDS, closed)).case
        told: list[str] = []
        now = closed
        for _ in range(40):
            due = min(t.next_step_at for t in case.tasks if t.next_step_at is not None)
            now = max(now, due)
            if now > closed + timedelta(hours=8):
                break
            change = chase(case, World(days, RULES, RECORDS, now))
            assert change is not None
            case, told = change.case, [*told, *(n.to for n in change.notices)]
        assert "bert" in told, "the manager hears of it at once"
        if stopped:
            assert told.count("bert") > 5, "again and again, whatever day it is"
        else:
            assert told.count("bert") == 1
            assert due == first, "and then again when the plant opens"


def test_shifts_that_overlap_are_both_there_and_the_day_belongs_to_the_one_that_began_first() -> None:
    plant = replace(PLANT, shifts=(Shift("day", time(6), time(14, 30)), Shift("late", time(14), time(22))))
    assert [s.shift for s in shifts_at(plant, at(17, 14, 15))] == ["day", "late"]
    assert shift_end(plant, at(17, 14, 15)) == at(17, 22)
    assert next_shift_end(plant, at(17, 14, 15)) == at(17, 14, 30)
    assert production_day(plant, at(17, 14, 15)) == date(2026, 11, 17)


def test_a_team_in_rotation_works_what_its_pattern_says() -> None:
    turn = Rotation("a", date(2026, 11, 16), ("day", "day", "night", "night", None, None))
    kim = Person("kim", "Kim Fix", ("maintenance",), rotation=turn)
    plant = replace(PLANT, people=(kim,))
    works = [ids(on_shift(plant, "maintenance", at(d, 7))) == ["kim"] for d in range(16, 23)]
    assert works == [True, True, False, False, False, False, True], "the seventh day is the first again"
    assert is_on_shift(plant, kim, at(19, 3)), "the night that began on the 18th"
    assert is_on_shift(plant, kim, at(20, 3)), "and the one of the 19th"
    assert not is_on_shift(plant, kim, at(21, 3))
    before = date(2026, 11, 15)
    assert turn.shift_on(before) is None, "the pattern goes on before its first day as well"


def test_an_absence_counts_by_production_days() -> None:
    away = Absence(date(2026, 11, 19), date(2026, 11, 19))
    people = tuple(replace(p, absences=(away,)) if p.id == "nils" else p for p in PLANT.people)
    plant = replace(PLANT, people=people)
    assert ids(on_shift(plant, "maintenance", at(19, 3))) == ["nils"], "he finishes the night of the 18th"
    assert ids(on_shift(plant, "maintenance", at(20, 3))) == [], "the night of the 19th is the one he is away"


def test_who_stands_in_is_on_shift_and_an_absent_stand_in_has_one_too() -> None:
    week = (date(2026, 11, 16), date(2026, 11, 20))
    absences = {"tom": Absence(*week, "ann"), "ann": Absence(*week, "nils")}
    people = tuple(replace(p, absences=(absences[p.id],)) if p.id in absences else p for p in PLANT.people)
    plant = replace(PLANT, people=people)
    assert ids(on_shift(plant, "maintenance", at(17, 12))) == ["nils"]
    assert is_on_shift(plant, plant.person["nils"], at(17, 12)), "he is there for them, by day"
    assert not is_on_shift(plant, plant.person["tom"], at(17, 12))
    round_ = replace(plant.person["nils"], shifts=("day",), absences=(Absence(*week, "tom"),))
    circle = replace(plant, people=tuple(round_ if p.id == "nils" else p for p in people))
    assert ids(on_shift(circle, "maintenance", at(17, 12))) == [], "three who stand in for one another are nobody"
