"""Who works in the plant, what stands there, and who is on shift when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from workflow.lessons import Example, Nickname
from workflow.schedule import Digest
from workflow.schedule import Rotation as Rotation

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
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
LOOK_AHEAD = 16  # days in which the next end of a shift is looked for


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Days on which the plant is closed, the last one included: no shift begins (R37)."""

    start: date
    end: date
    reason: str = ""


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
    skills: tuple[str, ...] = ()  # what it takes to repair it; whoever has them is asked first


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    name: str
    aliases: tuple[str, ...] = ()
    assets: tuple[Asset, ...] = ()
    skills: tuple[str, ...] = ()  # what it takes to run it: without them nothing is started there


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
    days: tuple[int, ...] = EVERY_DAY  # weekdays on which it begins; Monday is 0
    on_holidays: bool = False  # begins on holidays and in shutdowns too


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
    shifts: tuple[str, ...] = ()  # empty, and no rotation: always reachable
    language: str = "en"
    contacts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # channel -> address
    skills: tuple[str, ...] = ()
    absences: tuple[Absence, ...] = ()
    rotation: Rotation | None = None
    shared: bool = False  # a phone of the shift, and nobody: never asked, and what binds asks who it is (R55)

    @property
    def always_reachable(self) -> bool:
        """Neither a shift nor a rotation says when: any time."""
        return not self.shifts and self.rotation is None

    def works(self, span: ShiftSpan) -> bool:
        """Whether this is a shift of theirs, absent or not."""
        turn = self.rotation.shift_on(span.production_day) if self.rotation is not None else None
        return span.shift in self.shifts or (turn is not None and turn == span.shift)

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class Chat:
    """A group, a topic, a channel where functions talk: it shows what concerns them; rights stay with each member."""

    id: str
    name: str
    roles: tuple[Role, ...] = ()  # empty: every function
    lines: tuple[str, ...] = ()  # empty: the whole plant
    language: str = "en"
    contacts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # channel -> address

    def shows(self, roles: Collection[str], line: str | None) -> bool:
        """Whether what these functions were asked about, on this line, concerns it."""
        here = not self.lines or line is None or line in self.lines
        return here and (not self.roles or not set(roles).isdisjoint(self.roles))


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
    holidays: tuple[date, ...] = ()
    shutdowns: tuple[Shutdown, ...] = ()
    nicknames: tuple[Nickname, ...] = ()  # learnt from people's answers and accepted, beside the folder's aliases
    examples: tuple[Example, ...] = ()  # messages whose kind people told, accepted
    chats: tuple[Chat, ...] = ()
    digests: tuple[Digest, ...] = ()

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
    def utility(self) -> Mapping[str, Utility]:
        return {utility.id: utility for utility in self.utilities}

    def called(self, id_: str) -> str | None:
        """The plant's own name of a machine or a utility; None for what stands nowhere here."""
        found = self.asset.get(id_) or self.utility.get(id_)
        return found.name if found is not None else None

    @cached_property
    def person(self) -> Mapping[str, Person]:
        return {person.id: person for person in self.people}

    @cached_property
    def chat_at(self) -> Mapping[tuple[str, str], Chat]:
        """(channel, address) to the chat of a function."""
        return {(channel, address): chat for chat in self.chats for channel, address in chat.contacts.items()}

    @cached_property
    def by_address(self) -> Mapping[tuple[str, str], Person]:
        """(channel, address) to person; on the built-in channel `web` the address is the person's id (R55)."""
        known = {("web", person.id): person for person in self.people}
        for person in self.people:
            known.update(dict.fromkeys(person.contacts.items(), person))
        return known

    @cached_property
    def _holidays(self) -> frozenset[date]:
        return frozenset(self.holidays)

    def closed_on(self, day: date) -> bool:
        """A holiday, or a day of a shutdown."""
        return day in self._holidays or any(s.start <= day <= s.end for s in self.shutdowns)

    def runs(self, shift: Shift, day: date) -> bool:
        """Whether a shift begins on a day: its weekdays, and neither holiday nor shutdown unless it works then."""
        return day.weekday() in shift.days and (shift.on_holidays or not self.closed_on(day))

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
    """First and last instant of a production day: from its first shift's start to its last shift's end.

    On a day without shifts it is the calendar day.
    """
    spans = [_span(plant, shift, day) for shift in plant.shifts if plant.runs(shift, day)]
    if not spans:
        midnight = datetime.combine(day, time(), plant.zone)
        return midnight.astimezone(UTC), datetime.combine(day + timedelta(days=1), time(), plant.zone).astimezone(UTC)
    return min(span.start for span in spans), max(span.end for span in spans)


def next_shift_end(plant: Plant, after: datetime) -> datetime | None:
    """The first end of any shift after an instant; None where none runs within a fortnight (a long shutdown)."""
    first = plant.local(after).date() - timedelta(days=1)
    for n in range(LOOK_AHEAD):
        day = first + timedelta(days=n)
        ends = [_span(plant, shift, day).end for shift in plant.shifts if plant.runs(shift, day)]
        later = [end for end in ends if end > after]
        if later:
            # A shift of the day after may end before a long one of this day does.
            tomorrow = [_span(plant, s, day + timedelta(days=1)) for s in plant.shifts]
            later += [t.end for t, s in zip(tomorrow, plant.shifts, strict=True) if plant.runs(s, t.production_day)]
            return min(later)
    return None


def opens_again(plant: Plant, at: datetime) -> datetime | None:
    """When the next shift begins, for an instant of a holiday or a shutdown on which none runs; None on other days."""
    today = plant.local(at).date()
    if not plant.shifts or not plant.closed_on(today) or shifts_at(plant, at):
        return None
    for n in range(LOOK_AHEAD):
        day = today + timedelta(days=n)
        starts = [_span(plant, shift, day).start for shift in plant.shifts if plant.runs(shift, day)]
        later = [start for start in starts if start > at]
        if later:
            return min(later)
    return None


def shifts_between(plant: Plant, start: datetime, end: datetime) -> tuple[ShiftSpan, ...]:
    """Every shift that runs at some instant of a period, in the order in which they begin."""
    day, last = plant.local(start).date() - timedelta(days=1), plant.local(end).date()
    found: list[ShiftSpan] = []
    while day <= last:
        found += (_span(plant, shift, day) for shift in plant.shifts if plant.runs(shift, day))
        day += timedelta(days=1)
    return tuple(sorted((s for s in found if s.end > start and s.start < end), key=lambda s: s.start))


def on_shift(plant: Plant, role: str, at: datetime, line: str | None = None) -> tuple[Person, ...]:
    """Who of a function is there at an instant, for a line: people of that line first, absent ones replaced.

    People without shifts are always reachable (`plant.yaml`). People are resolved at each step (R29).
    """
    running = shifts_at(plant, at)
    present: dict[str, Person] = {}
    for person in plant.people:
        if role in person.roles and not person.shared and works_at(person, line):
            there = _on_duty(plant, person, at, running)
            if there is not None:
                present[there.id] = there
    return tuple(sorted(present.values(), key=lambda person: (not person.lines, person.always_reachable)))


def is_on_shift(plant: Plant, person: Person, at: datetime) -> bool:
    """Whether a person is at work (or always reachable) at an instant, as themselves or standing in for somebody."""
    running = shifts_at(plant, at)
    return any(_on_duty(plant, other, at, running) is person for other in (person, *plant.people))


def _on_duty(plant: Plant, person: Person, at: datetime, running: tuple[ShiftSpan, ...]) -> Person | None:
    """Who does a person's work at an instant: they, or the one who stands in; None where nobody does.

    An absence counts by production days: who is away on the 19th does not work the night that begins on the 19th, and
    does finish the one that began on the 18th.
    """
    days = [plant.local(at).date()] if person.always_reachable else [
        span.production_day for span in running if person.works(span)
    ]  # fmt: skip
    for day in days:
        there: Person | None = person
        asked: set[str] = set()
        while there is not None and there.id not in asked:
            asked.add(there.id)
            away = next((a for a in there.absences if a.start <= day <= a.end), None)
            if away is None:
                return there
            there = plant.person.get(away.stand_in) if away.stand_in is not None else None
    return None


def works_at(person: Person, line: str | None) -> bool:
    """Whether somebody's work is at a line; what is at none is everybody's."""
    return not person.lines or line is None or line in person.lines


def _span(plant: Plant, shift: Shift, day: date) -> ShiftSpan:
    last = day if shift.end > shift.start else day + timedelta(days=1)
    start = datetime.combine(day, shift.start, plant.zone).astimezone(UTC)
    end = datetime.combine(last, shift.end, plant.zone).astimezone(UTC)
    return ShiftSpan(shift.id, day, start, end)


def _spans_around(plant: Plant, at: datetime) -> Iterator[ShiftSpan]:
    today = plant.local(at).date()
    for day in (today - timedelta(days=1), today):
        for shift in plant.shifts:
            if plant.runs(shift, day):
                yield _span(plant, shift, day)
