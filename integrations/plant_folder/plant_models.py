"""The shape of `plant.yaml` at the border: every key with its kind, and an example for whoever gets it wrong."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, Field, PlainValidator

from integrations.plant_folder.border import Day, Id, Moment, Strict, WallClock, Words, choice, wrong
from integrations.plant_folder.holiday_dates import known_places
from integrations.plant_folder.problems import one_of
from workflow.plant import ROLES, Role

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OFF = "off"


def made_from(name: str) -> str:
    """A plant's id made from its name: "São José Nº 2" → "sao-jose-no-2"; "plant" where nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "plant"


@cache
def time_zones() -> frozenset[str]:
    """Every time zone that this machine knows; asking the system takes a walk through its files."""
    return frozenset(available_timezones())


def _zone(value: Any) -> Any:
    if isinstance(value, str) and value in time_zones():
        return value
    near = [name for name in time_zones() if "/" in name and not name.startswith(("posix", "right", "Etc"))]
    raise wrong(f"{value!r} is no time zone", one_of(str(value), sorted(near)))


def _language(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,8})?", value.strip()):
        return value.strip()
    raise wrong(f"{value!r} is no language", "a code such as en, es, pt, de, pl, fr, hi, hi-Deva")


def _plant_id(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", value.strip()):
        return value.strip()
    raise wrong(f"{value!r} cannot be a plant's id", f"letters, digits, '-' and '_': {made_from(str(value))}")


def _holidays(value: Any) -> Any:
    if isinstance(value, list):
        return value
    if isinstance(value, str) and re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", value.strip()):
        if value.strip() in known_places():
            return value.strip()
        near = one_of(value.strip(), sorted(known_places()))
        raise wrong(f"no holidays are known for {value.strip()!r}", f"{near}; or a list of dates")
    raise wrong(f"{value!r} is no country", "a country (US), a country and state (US-IL), or a list of dates")


Language = Annotated[str, PlainValidator(_language)]
Aliases = Annotated[tuple[Words, ...], Field(description="a list of names", examples=["[filler, llenadora]"])]


class PlannedStopModel(Strict):
    """A stop of an asset that was planned: not downtime (R49)."""

    start: Moment = Field(examples=["2026-11-19T06:00"])
    end: Moment = Field(examples=["2026-11-19T10:00"])
    reason: str = ""


class AssetModel(Strict):
    """A machine of a line."""

    id: Id = Field(examples=["L3-FIL"])
    name: Words = Field(examples=["Filler 3"])
    aliases: Aliases = ()
    planned_stops: tuple[PlannedStopModel, ...] = Field((), examples=["[{start: 2026-11-19T06:00, end: …}]"])
    skills: tuple[Words, ...] = Field((), description="a list of words", examples=["[fillers]"])


class LineModel(Strict):
    """A line; its assets are read one by one, so that one broken asset does not hide the next."""

    id: Id = Field(examples=["L3"])
    name: Words = Field(examples=["Line 3"])
    aliases: Aliases = ()
    assets: tuple[Any, ...] = Field((), examples=["[{id: L3-FIL, name: Filler 3}]"])
    skills: tuple[Words, ...] = Field((), examples=["[retort]"])


class UtilityModel(Strict):
    """Air, power, network: one cause for many machines (R21)."""

    id: Id = Field(examples=["AIR"])
    name: Words = Field(examples=["Compressed air"])
    aliases: Aliases = ()
    lines: tuple[Id, ...] = Field((), description="a list of line ids", examples=["[L1, L2]"])


class ShiftModel(Strict):
    """A shift, on the plant's wall clock."""

    id: Id = Field(examples=["day"])
    start: WallClock = Field(examples=['"06:00"'])
    end: WallClock = Field(examples=['"14:00"'])
    days: tuple[Annotated[str, choice("day", DAYS)], ...] = Field(
        DAYS, min_length=1, description="a list of days", examples=["[mon, tue, wed, thu, fri]"]
    )
    on_holidays: bool = False


class RotationModel(Strict):
    """A pattern of shifts that repeats; `off` for a day without one."""

    id: Id = Field(examples=["team-a"])
    start: Day = Field(examples=["2026-01-05"])
    pattern: tuple[Id, ...] = Field(
        min_length=1, max_length=400, description="a list of shift ids", examples=["[day, day, night, night, off, off]"]
    )


class ShutdownModel(Strict):
    """Days on which the plant is closed, the last one included."""

    from_: Day = Field(alias="from", examples=["2026-12-24"])
    to: Day = Field(examples=["2027-01-03"])
    reason: str = ""


class AbsenceModel(Strict):
    """Days on which somebody is away, the last one included."""

    from_: Day = Field(alias="from", examples=["2026-11-16"])
    to: Day = Field(examples=["2026-11-20"])
    stand_in: Id | None = Field(None, examples=["tom.becker"])


class PersonModel(Strict):
    """Somebody who works here."""

    id: Id = Field(examples=["maria.lopez"])
    name: Words = Field(examples=["María López"])
    roles: tuple[Annotated[Role, choice("role", ROLES)], ...] = Field(
        min_length=1, description="a list of roles", examples=["[operator]"]
    )
    lines: tuple[Id, ...] = Field((), description="a list of line ids; empty: the whole plant", examples=["[L3]"])
    shifts: tuple[Id, ...] = Field((), description="a list of shift ids; empty: always", examples=["[day]"])
    language: Language | None = None
    contacts: dict[str, str] = Field({}, description="channel and address", examples=['{whatsapp: "+15550100"}'])
    skills: tuple[Words, ...] = Field((), description="a list of words", examples=["[welding, PLC]"])
    absences: tuple[AbsenceModel, ...] = Field((), examples=["[{from: 2026-11-16, to: 2026-11-20}]"])
    rotation: Id | None = Field(None, examples=["team-a"])
    shared: bool = False


class ChatModel(Strict):
    """A group, a topic or a channel of a function."""

    id: Id = Field(examples=["maintenance"])
    name: Words | None = Field(None, examples=["Maintenance, all shifts"])
    roles: tuple[Annotated[Role, choice("role", ROLES)], ...] = Field(
        (), description="a list of roles; empty: every function", examples=["[maintenance]"]
    )
    lines: tuple[Id, ...] = Field((), description="a list of line ids; empty: the whole plant", examples=["[L3]"])
    language: Language | None = None
    contacts: dict[str, str] = Field(
        min_length=1, description="channel and address", examples=["{slack: C0MAINT}", '{telegram: "-100123/5"}']
    )


class DigestModel(Strict):
    """What is told by itself: of each shift that ends, of the days before, of the week before."""

    what: Annotated[Literal["shift", "day", "week"], choice("digest", ("shift", "day", "week"))]
    to: tuple[Id, ...] = Field(
        min_length=1, description="a list of ids of people and chats", examples=["[stephanie.greer, fixers]"]
    )
    at: WallClock | None = Field(None, examples=['"06:15"'])
    days: tuple[Annotated[str, choice("day", DAYS)], ...] | None = Field(
        None, description="a list of days", examples=["[mon, tue, wed, thu, fri]"]
    )


class PlantModel(Strict):
    """The file itself; the entries of its lists are read one by one."""

    id: Annotated[str, PlainValidator(_plant_id)] | None = None
    name: Words = Field(examples=["Riverside Bottling"])
    timezone: Annotated[str, PlainValidator(_zone)] = Field(examples=["America/Chicago"])
    languages: tuple[Language, ...] = Field(("en",), min_length=1, examples=["[en, es]"])
    shifts: tuple[Any, ...] = Field((), examples=['[{id: day, start: "06:00", end: "14:00"}]'])
    lines: tuple[Any, ...] = Field(min_length=1, examples=["[{id: L3, name: Line 3}]"])
    people: tuple[Any, ...] = Field(
        min_length=1, examples=["[{id: maria.lopez, name: María López, roles: [operator]}]"]
    )
    chats: tuple[Any, ...] = Field(
        (), examples=["[{id: maintenance, roles: [maintenance], contacts: {slack: C0MAINT}}]"]
    )
    digests: tuple[Any, ...] = Field((), examples=['[{what: day, at: "06:15", to: [stephanie.greer]}]'])
    utilities: tuple[Any, ...] = Field((), examples=["[{id: AIR, name: Compressed air, lines: [L1]}]"])
    holidays: Annotated[Any, PlainValidator(_holidays)] = ()
    rotations: tuple[Any, ...] = Field((), examples=["[{id: team-a, start: 2026-01-05, pattern: [day, off]}]"])
    shutdowns: tuple[ShutdownModel, ...] = Field((), examples=["[{from: 2026-12-24, to: 2027-01-03}]"])


class HolidaysModel(BaseModel):
    """The list form of `holidays`, for which the other keys of the file do not matter."""

    holidays: tuple[Day, ...]
