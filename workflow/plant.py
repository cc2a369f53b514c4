"""Who works in the plant, what stands there, and who is on shift when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from workflow.lessons import Example, Nickname

Role = Literal[
    "operator",
    "supervisor",
    "maintenance",
    "quality",
    "planner",
    "materials",
    "customer_service",
    "safety",
    "manager",
]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class PlannedStop:
    start: datetime
    end: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    id: str
    name: str
    line: str
    aliases: tuple[str, ...] = ()
    planned_stops: tuple[PlannedStop, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    assets: tuple[Asset, ...] = ()


@dataclass(frozen=True, slots=True)
class Utility:
    """Air, power, network: one cause for many machines (R21)."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    id: str
    start: time  # wall clock of the plant
    end: time  # at or before `start`: the shift crosses midnight


@dataclass(frozen=True, slots=True)
class ShiftSpan:
    """One shift on one day: the instants between which it really runs (23 or 25 hours a day at a DST change, R5)."""

    shift: str
    production_day: date  # the day on which the shift began
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Absence:
    start: date
    end: date  # inclusive
    stand_in: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    roles: tuple[Role, ...] = ()
    lines: tuple[str, ...] = ()  # empty: the whole plant
    shifts: tuple[str, ...] = ()  # empty: always reachable
    language: str = "en"
    contacts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # channel -> address
    skills: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True)
class Plant:
    """One plant, as `plant.yaml` describes it. Look-ups are by id; unknown ids raise KeyError."""

    id: str
    name: str
    timezone: str
    languages: tuple[str, ...]
    shifts: tuple[Shift, ...]
    lines: tuple[Line, ...]
    people: tuple[Person, ...]
    utilities: tuple[Utility, ...] = ()
    holidays: str | tuple[date, ...] = ()
    nicknames: tuple[Nickname, ...] = ()  # learnt from people's answers and accepted, beside the folder's aliases
    examples: tuple[Example, ...] = ()  # messages whose kind people told, accepted

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def line(self) -> Mapping[str, Line]:
        return {line.id: line for line in self.lines}

    @cached_property
    def asset(self) -> Mapping[str, Asset]:
        return {asset.id: asset for line in self.lines for asset in line.assets}

    @cached_property
    def person(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def by_address(self) -> Mapping[tuple[str, str], Person]:
        """(channel, address) to person; on the built-in channel `web` the address is the person's id (R55)."""
        known = {("web", person.id): person for person in self.people}
        for person in self.people:
            known.update(dict.fromkeys(person.contacts.items(), person))
        return known

    def local(self, at: datetime) -> datetime:
        """The plant's wall clock at an instant."""
        return at.astimezone(self.zone)


def shifts_at(plant: Plant, at: datetime) -> tuple[ShiftSpan, ...]:
    """Every shift that runs at an instant; several where shifts overlap, none in a gap (R5)."""
    return tuple(span for span in _spans_around(plant, at) if span.start <= at < span.end)


def shift_end(plant: Plant, at: datetime) -> datetime | None:
    """When the last of the shifts that run at an instant ends; None in a gap between shifts."""
    return max((span.end for span in shifts_at(plant, at)), default=None)


def production_day(plant: Plant, at: datetime) -> date:
    """The day to which an instant belongs: 01:00 on the night shift is still the day the shift began (R5)."""
    running = shifts_at(plant, at)
    return running[0].production_day if running else plant.local(at).date()


def production_day_span(plant: Plant, day: date) -> tuple[datetime, datetime]:
    """First and last instant of a production day: from its first shift's start to its last shift's end."""
    spans = [_span(plant, shift, day) for shift in plant.shifts]
    if not spans:
        midnight = datetime.combine(day, time(), plant.zone)
        return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
    return min(span.start for span in spans), max(span.end for span in spans)


def on_shift(plant: Plant, role: str, at: datetime, line: str | None = None) -> tuple[Person, ...]:
    """Who of a function is there at an instant, for a line: people of that line first, absent ones replaced.

    People without shifts are always reachable (`plant.yaml`). People are resolved at each step (R29).
    """
    running = {span.shift for span in shifts_at(plant, at)}
    today = plant.local(at).date()
    present: dict[str, Person] = {}
    for person in plant.people:
        if role not in person.roles or not _works_at(person, line) or not _works_in(person, running):
            continue
        absence = next((a for a in person.absences if a.start <= today <= a.end), None)
        if absence is None:
            present[person.id] = person
        elif absence.stand_in is not None:
            present[absence.stand_in] = plant.person[absence.stand_in]
    return tuple(sorted(present.values(), key=lambda person: (not person.lines, not person.shifts)))


def is_on_shift(plant: Plant, person: Person, at: datetime) -> bool:
    """Whether a person is at work (or always reachable) and not absent at an instant."""
    today = plant.local(at).date()
    if any(absence.start <= today <= absence.end for absence in person.absences):
        return False
    return _works_in(person, {span.shift for span in shifts_at(plant, at)})


def _works_at(person: Person, line: str | None) -> bool:
    return not person.lines or line is None or line in person.lines


def _works_in(person: Person, running: set[str]) -> bool:
    return not person.shifts or bool(running.intersection(person.shifts))


def _span(plant: Plant, shift: Shift, day: date) -> ShiftSpan:
    last = day if shift.end > shift.start else day + timedelta(days=1)
    start = datetime.combine(day, shift.start, plant.zone).astimezone(UTC)
    end = datetime.combine(last, shift.end, plant.zone).astimezone(UTC)
    return ShiftSpan(shift.id, day, start, end)


def _spans_around(plant: Plant, at: datetime) -> Iterator[ShiftSpan]:
    today = plant.local(at).date()
    for day in (today - timedelta(days=1), today):
        for shift in plant.shifts:
            yield _span(plant, shift, day)
