"""`plant.yaml`: checked as a whole, every reference in it included, and made the plant's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from integrations.plant_folder.border import valid
from integrations.plant_folder.holiday_dates import holiday_dates
from integrations.plant_folder.plant_models import (
    DAYS,
    OFF,
    AssetModel,
    ChatModel,
    DigestModel,
    HolidaysModel,
    LineModel,
    PersonModel,
    PlantModel,
    RotationModel,
    ShiftModel,
    UtilityModel,
    made_from,
)
from integrations.plant_folder.problems import Problem, one_of
from integrations.plant_folder.yaml_file import Place, Source
from workflow.plant import Absence, Asset, Chat, Line, Person, PlannedStop, Plant, Rotation, Shift, Shutdown, Utility
from workflow.schedule import Digest

CHANNELS = ("whatsapp", "telegram", "slack", "email", "web")
ADDRESSES = {
    "whatsapp": (r"\+[1-9]\d{5,14}|[A-Z]{2}\.\w{1,128}", '"+15550100": a plus, the country, the number, no blanks'),
    "telegram": (
        r"-?\d{1,20}",
        "the number of the account (70100), which `/start` shows; a @name cannot be written to",
    ),
    "slack": (r"[UW][A-Z0-9]{2,20}", "the member id of the profile page, such as U0100"),
    "email": (r"[^@\s]+@[^@\s]+\.[^@\s]+", "an address such as maria@example.com"),
    "web": (r"\S{1,64}", "a word without blanks"),
}
CHATS = {  # where several people read
    "telegram": (r"-\d{1,20}(/\d{1,20})?", '"-1001234567890", with "/5" behind it for the topic 5'),
    "slack": (r"[CG][A-Z0-9]{2,20}", "the channel id of its about page, such as C0MAINT"),
}
M = TypeVar("M", bound=BaseModel)


def read_plant(source: Source, problems: list[Problem]) -> Plant | None:
    """The plant that the file describes; None where its frame is broken. Problems are added, all of them."""
    before = len(problems)
    frame = valid(PlantModel, source, (), problems)
    shifts = list(_entries(ShiftModel, source, ("shifts",), problems))
    lines = list(_entries(LineModel, source, ("lines",), problems))
    assets = {place: list(_entries(AssetModel, source, (*place, "assets"), problems)) for place, _ in lines}
    people = list(_entries(PersonModel, source, ("people",), problems))
    utilities = list(_entries(UtilityModel, source, ("utilities",), problems))
    turns = {r.id: r for _, r in _entries(RotationModel, source, ("rotations",), problems)}
    chats = list(_entries(ChatModel, source, ("chats",), problems))
    digests = list(_entries(DigestModel, source, ("digests",), problems))
    _references(source, problems)
    _digests_whole(source, digests, problems)
    _chat_addresses(source, chats, problems)
    _addresses(source, [person for _, person in people], [place for place, _ in people], problems)
    for place, person in people:
        for n, absence in enumerate(person.absences):
            if absence.to < absence.from_:
                right = f"{absence.from_} or later"
                problems.append(source.problem((*place, "absences", n, "to"), "ends before it begins", right))
    for n, shutdown in enumerate(frame.shutdowns if frame is not None else ()):
        if shutdown.to < shutdown.from_:
            right = f"{shutdown.from_} or later"
            problems.append(source.problem(("shutdowns", n, "to"), "ends before it begins", right))
    holidays = _holiday_dates(source, problems) if frame is not None and isinstance(frame.holidays, list) else None
    if frame is None:
        return None
    zone = ZoneInfo(frame.timezone)
    stops = {
        place: tuple(_stops(asset, place, source, zone, problems))
        for found in assets.values()
        for place, asset in found
    }
    if len(problems) > before:
        return None
    return Plant(
        id=frame.id or made_from(frame.name),
        name=frame.name,
        timezone=frame.timezone,
        languages=frame.languages,
        shifts=tuple(
            Shift(s.id, s.start, s.end, tuple(sorted(DAYS.index(d) for d in set(s.days))), s.on_holidays)
            for _, s in shifts
        ),
        lines=tuple(
            Line(
                line.id,
                line.name,
                line.aliases,
                tuple(Asset(a.id, a.name, line.id, a.aliases, stops[at], a.skills) for at, a in assets[place]),
                line.skills,
            )
            for place, line in lines
        ),
        people=tuple(_person(person, frame.languages[0], turns) for _, person in people),
        utilities=tuple(Utility(u.id, u.name, u.aliases, u.lines) for _, u in utilities),
        holidays=holidays if holidays is not None else holiday_dates(frame.holidays) if frame.holidays else (),
        shutdowns=tuple(Shutdown(s.from_, s.to, s.reason) for s in frame.shutdowns),
        chats=tuple(_chat(chat, frame.languages[0]) for _, chat in chats),
        digests=tuple(_digest(digest) for _, digest in digests),
    )


def ids_in(source: Source, section: str) -> list[str]:
    """Every id that a section names, of broken entries too: one mistake must not lead to ten messages."""
    entries = source.tree.get(section)
    named = [e.get("id") for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    return [name.strip() for name in named if isinstance(name, str)]


def _person(person: PersonModel, language: str, turns: Mapping[str, RotationModel]) -> Person:
    turn = turns.get(person.rotation or "")
    return Person(
        id=person.id,
        name=person.name,
        roles=person.roles,
        lines=person.lines,
        shifts=person.shifts,
        language=person.language or language,
        contacts=MappingProxyType({channel: address.strip() for channel, address in person.contacts.items()}),
        skills=person.skills,
        absences=tuple(Absence(a.from_, a.to, a.stand_in) for a in person.absences),
        rotation=Rotation(turn.id, turn.start, tuple(None if s == OFF else s for s in turn.pattern)) if turn else None,
        shared=person.shared,
    )


def _chat(chat: ChatModel, language: str) -> Chat:
    contacts = MappingProxyType({channel: address.strip() for channel, address in chat.contacts.items()})
    return Chat(chat.id, chat.name or chat.id, chat.roles, chat.lines, chat.language or language, contacts)


def _digest(digest: DigestModel) -> Digest:
    days = digest.days or (DAYS if digest.what == "day" else ("mon",))
    numbers = tuple(sorted(DAYS.index(day) for day in set(days)))
    return Digest(digest.what, digest.to, digest.at, numbers if digest.what != "shift" else tuple(range(7)))


def _digests_whole(source: Source, digests: list[tuple[Place, DigestModel]], problems: list[Problem]) -> None:
    """A time for what comes by the clock, none for the shift's; readers whom the file describes."""
    readers = [*ids_in(source, "people"), *ids_in(source, "chats")]
    for place, digest in digests:
        if digest.what != "shift" and digest.at is None:
            problems.append(source.problem((*place, "what"), f"when is the {digest.what}'s sent?", 'at: "06:15"'))
        if digest.what == "shift":
            said = [name for name in ("at", "days") if getattr(digest, name) is not None]
            problems += (
                source.problem((*place, name), "it comes at each end of a shift", "leave it out") for name in said
            )
        for n, to in enumerate(digest.to):
            if to not in readers:
                problems.append(source.problem((*place, "to", n), f"nobody is called '{to}'", one_of(to, readers)))


def _entries(model: type[M], source: Source, place: Place, problems: list[Problem]) -> Iterator[tuple[Place, M]]:
    try:
        entries = source.at(place)
    except (KeyError, IndexError, TypeError):
        return
    if not isinstance(entries, list):
        return
    first: dict[str, Place] = {}
    for n, entry in enumerate(entries):
        at = (*place, n)
        if isinstance(entry, dict) and isinstance(own := entry.get("id"), str):
            if own in first:
                again = f"'{own}' is there twice (first in line {source.line((*first[own], 'id'))})"
                problems.append(source.problem((*at, "id"), again, "an id that nothing else of its kind has"))
            first.setdefault(own, at)
        found = valid(model, source, at, problems)
        if found is not None:
            yield at, found


def _references(source: Source, problems: list[Problem]) -> None:
    """Ids that must be described elsewhere in the file, and ids that two lines must not share."""
    lines, shifts, people, turns = (ids_in(source, section) for section in ("lines", "shifts", "people", "rotations"))
    for place, value in _leaves(source.tree):
        match place:
            case ("people" | "utilities" | "chats", int(), "lines", int()) if value not in lines:
                problems.append(source.problem(place, f"no line '{value}'", one_of(value, lines)))
            case ("people", int(), "shifts", int()) if value not in shifts:
                problems.append(source.problem(place, f"no shift '{value}'", one_of(value, shifts)))
            case ("people", int(), "rotation") if value not in turns:
                problems.append(source.problem(place, f"no rotation '{value}'", one_of(value, turns)))
            case ("rotations", int(), "pattern", int()) if value not in (*shifts, OFF):
                problems.append(source.problem(place, f"no shift '{value}'", one_of(value, [*shifts, OFF])))
            case ("people", int(n), "absences", int(), "stand_in"):
                if value not in people:
                    problems.append(source.problem(place, f"no person '{value}'", one_of(value, people)))
                elif value == source.tree["people"][n].get("id"):
                    problems.append(source.problem(place, "stands in for themselves", "somebody else"))
    owner: dict[str, Place] = {}
    for place, value in _leaves(source.tree):
        match place:
            case ("lines", int(line), "assets", int(), "id") if value in owner and owner[value][1] != line:
                where = source.key(owner[value][:2])
                problems.append(source.problem(place, f"'{value}' stands in {where} too", "an id for each asset"))
            case ("lines", int(), "assets", int(), "id"):
                owner.setdefault(value, place)


def _leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    if isinstance(value, str):
        yield place, value.strip()
    pairs: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for step, inner in pairs:
        yield from _leaves(inner, (*place, step))


def _addresses(source: Source, people: list[PersonModel], places: list[Place], problems: list[Problem]) -> None:
    """One address is one person: powers hang on the person behind it (R55)."""
    owner: dict[tuple[str, str], str] = {("web", person.id): person.id for person in people}
    for person, place in zip(people, places, strict=True):
        for channel, said in person.contacts.items():
            at, address = (*place, "contacts", channel), said.strip()
            if channel not in CHANNELS:
                problems.append(source.problem(at, f"no channel '{channel}'", one_of(channel, CHANNELS)))
                continue
            pattern, right = ADDRESSES[channel]
            if not re.fullmatch(pattern, address):
                problems.append(source.problem(at, f"{address!r} is no address on {channel}", right))
            other = owner.setdefault((channel, address), person.id)
            if other != person.id:
                right = "each person's own address; a shared phone is nobody's"
                problems.append(source.problem(at, f"'{address}' is {other}'s too", right))


def _chat_addresses(source: Source, chats: list[tuple[Place, ChatModel]], problems: list[Problem]) -> None:
    """One group is one chat of ours: what concerns two functions is shown there once."""
    owner: dict[tuple[str, str], str] = {}
    for place, chat in chats:
        for channel, said in chat.contacts.items():
            at, address = (*place, "contacts", channel), said.strip()
            if channel not in CHATS:
                problems.append(source.problem(at, f"no groups on '{channel}'", one_of(channel, tuple(CHATS))))
                continue
            pattern, right = CHATS[channel]
            if not re.fullmatch(pattern, address):
                problems.append(source.problem(at, f"{address!r} is no group on {channel}", right))
            if owner.setdefault((channel, address), chat.id) != chat.id:
                again = f"'{address}' is {owner[channel, address]}'s too"
                problems.append(source.problem(at, again, "one chat with both roles"))


def _holiday_dates(source: Source, problems: list[Problem]) -> tuple[date, ...]:
    found = valid(HolidaysModel, source, (), problems)
    return found.holidays if found is not None else ()


def _stops(
    asset: AssetModel, place: Place, source: Source, zone: ZoneInfo, problems: list[Problem]
) -> Iterator[PlannedStop]:
    for n, stop in enumerate(asset.planned_stops):
        start, end = instant(stop.start, zone), instant(stop.end, zone, whole_day=True)
        if end <= start:
            at = (*place, "planned_stops", n, "end")
            problems.append(source.problem(at, "ends before it begins", f"later than {stop.start.isoformat()}"))
        yield PlannedStop(start, end, stop.reason)


def instant(when: date | datetime, zone: ZoneInfo, *, whole_day: bool = False) -> datetime:
    """An aware instant in UTC; a date alone is its first moment in the plant, or its last with `whole_day`."""
    if not isinstance(when, datetime):
        when = datetime.combine(when + timedelta(days=1) if whole_day else when, time())
    return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
