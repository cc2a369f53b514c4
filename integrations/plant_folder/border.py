"""Turns what pydantic finds at the border into problems that a plant can repair."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from integrations.plant_folder.problems import Problem, one_of
from integrations.plant_folder.yaml_file import Place, Source

M = TypeVar("M", bound=BaseModel)
D = TypeVar("D", bound=date)

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=366)


class Strict(BaseModel):
    """A border model: unknown keys are errors, text is trimmed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def wrong(what: str, right: str) -> PydanticCustomError:
    """An error with both halves: what is wrong, and what would be right."""
    return PydanticCustomError("plant", "{what}", {"what": what, "right": right})


def choice(kind: str, choices: Iterable[str]) -> BeforeValidator:
    """One of a closed set; a near miss is answered with what was probably meant."""
    allowed = tuple(choices)

    def check(value: Any) -> Any:
        if value not in allowed:
            raise wrong(f"{value!r} is no {kind}", one_of(str(value), allowed))
        return value

    return BeforeValidator(check)


def _id(value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        raise wrong("is empty", "an id without blanks at its ends, such as L3-FIL")
    text = value.strip()
    if len(text) > 64 or not text.isprintable() or "|" in text:
        raise wrong(f"{text[:70]!r} cannot be an id", "at most 64 printable characters, and no '|'")
    return text


def _wall_clock(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", value.strip()):
        hours, minutes = value.strip().split(":")
        return time(int(hours), int(minutes))
    raise wrong(f"{value!r} is no time of day", 'hours and minutes from "00:00" to "23:59", such as "06:00"')


def _day(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
        try:
            return _in_reach(date.fromisoformat(value.strip()))
        except ValueError:
            raise wrong(f"{value!r} is not in the calendar", "a day that exists, such as 2026-11-17") from None
    raise wrong(f"{value!r} is no date", "year-month-day, such as 2026-11-17")


def _in_reach(day: D) -> D:
    """Far from the calendar's ends, where time zones and the next day still fit; raises ValueError."""
    if not 1900 <= day.year <= 9000:
        raise ValueError(day)
    return day


def _moment(value: Any) -> Any:
    """A date, or a date with a time; without an offset it is the plant's wall clock."""
    if isinstance(value, str) and len(value.strip()) <= 10:
        return _day(value)
    if isinstance(value, str):
        try:
            return _in_reach(datetime.fromisoformat(value.strip()))
        except ValueError:
            pass
    raise wrong(f"{value!r} is no date", "2026-11-17, or with a time 2026-11-17T14:00")


def length_of(value: Any) -> timedelta:
    """A duration written `90s`, `5m`, `2h` or `1d`; refuses anything else."""
    found = re.fullmatch(r"(\d{1,9})\s*([smhd])", value.strip()) if isinstance(value, str) else None
    length = timedelta(**{UNITS[found[2]]: int(found[1])}) if found and int(found[1]) < 10**8 else timedelta()
    if not timedelta() < length <= LONGEST:
        raise wrong(f"{value!r} is no duration", "a number and s, m, h or d: 90s, 5m, 2h, 1d")
    return length


def money_of(value: Any) -> tuple[float, str]:
    """An amount with its currency, written `5000 EUR`; refuses anything else."""
    found = re.fullmatch(r"(\d{1,12}(?:\.\d{1,4})?)\s+([A-Z]{3})", value.strip()) if isinstance(value, str) else None
    if found is None or float(found[1]) <= 0:
        raise wrong(f"{value!r} is no amount of money", "a number and its currency: 5000 EUR")
    return float(found[1]), found[2]


Id = Annotated[str, PlainValidator(_id)]
WallClock = Annotated[time, PlainValidator(_wall_clock)]
Day = Annotated[date, PlainValidator(_day)]
Moment = Annotated[date | datetime, PlainValidator(_moment)]
Duration = Annotated[timedelta, PlainValidator(length_of)]
Money = Annotated[tuple[float, str], PlainValidator(money_of)]
Words = Annotated[str, Field(min_length=1, max_length=500)]


def valid(model: type[M], source: Source, place: Place, problems: list[Problem]) -> M | None:
    """The model made of what stands at a place; None, with every problem added, where it is not valid."""
    value = source.at(place)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            if found["type"] == "too_short" and found["input"]:
                continue  # not empty: its entries were wrong, and each of them is said
            steps = tuple(step for step in found["loc"] if step != "[key]")
            problems.append(source.problem((*place, *steps), *explain(model, found)))
        return None


def explain(model: type[BaseModel], found: Any) -> tuple[str, str]:
    """What is wrong and what would be right, for one of pydantic's findings."""
    owner, field = _owner(model, found["loc"])
    context: dict[str, Any] = found.get("ctx") or {}
    name = str(found["loc"][-1]) if found["loc"] else ""
    match found["type"]:
        case "extra_forbidden":
            return f"unknown key '{name}'", one_of(name, _fields(owner) if owner else ())
        case "missing":
            return "is missing", _example(field) or "a value"
        case "plant":
            return _cut(str(context["what"]), 200), str(context["right"])
        case "tuple_type" | "list_type":
            return "is not a list", _example(field) or f"[{found['input']}]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{_short(found['input'])} is not a set of keys", _example(field) or _keys(owner)
        case "string_too_short":
            return "is empty", _example(field) or "some text"
        case "too_short":
            return "is an empty list", _example(field) or "at least one entry"
    message = str(found["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{_short(found['input'])} is wrong", _example(field) or message


def _owner(model: type[BaseModel], loc: Iterable[str | int]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The model that a finding is about, and its field."""
    owner: type[BaseModel] | None = model
    field: FieldInfo | None = None
    for step in loc:
        if isinstance(step, str) and owner is not None and step in _fields(owner):
            field = _fields(owner)[step]
            inner = _model_in(field.annotation)
            if inner is not None:
                owner, field = inner, field
    return owner, field


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """A model's fields under the names that the file uses."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return annotation
    return next((model for arg in get_args(annotation) if (model := _model_in(arg)) is not None), None)


def _example(field: FieldInfo | None) -> str:
    if field is None:
        return ""
    example = f"such as {field.examples[0]}" if field.examples else ""
    return ", ".join(part for part in (field.description or "", example) if part)


def _keys(owner: type[BaseModel] | None) -> str:
    return "keys " + ", ".join(_fields(owner)) if owner else "keys and values"


def _short(value: Any) -> str:
    return _cut(repr(value), 60)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
