"""Small wordings that the pages share: ages, clock times, names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.say import word

if TYPE_CHECKING:
    from workflow.case import Case
    from workflow.plant import Plant
    from workflow.records import Records

LANGUAGE = "en"


def age_words(age: timedelta) -> str:
    """ "42 min", "1 h 05", "2 d 3 h"; the pages go on counting in the same words (`static/live.js`)."""
    minutes = max(0, int(age.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def minutes_words(minutes: float) -> tuple[str, str]:
    """A span as a figure and its unit."""
    if minutes < 10:
        return f"{minutes:.1f}".removesuffix(".0"), "min"
    if minutes < 600:
        return f"{minutes:.0f}", "min"
    return f"{minutes / 60:.0f}", "h"


def clock(plant: Plant, at: datetime | None, now: datetime | None = None) -> str:
    """The plant's wall clock; with the date where `now` is another day."""
    if at is None:
        return ""
    local = plant.local(at)
    if now is not None and plant.local(now).date() != local.date():
        return f"{local:%d %b %H:%M}"
    return f"{local:%H:%M}"


def person_name(plant: Plant, person: str | None) -> str:
    """A person's name; ids that plant.yaml no longer holds are shown as they are."""
    if person is None:
        return ""
    known = plant.person.get(person)
    return known.name if known is not None else "Linecall" if person == "linecall" else person


def line_name(plant: Plant, line: str | None) -> str:
    """A line's name; ids that plant.yaml no longer holds are shown as they are, and no line as nothing."""
    return plant.line[line].name if line is not None and line in plant.line else line or ""


def role_word(role: str) -> str:
    """A function as the plant calls it."""
    return capital(word(LANGUAGE, f"role.{role}"))


def type_word(case: Case) -> str:
    """The kind of an exception as a heading."""
    return capital(word(LANGUAGE, f"type.{case.type or 'other'}"))


def kind_word(kind: str) -> str:
    """A kind of ERP transaction as a heading."""
    return capital(word(LANGUAGE, f"kind.{kind}"))


def capital(words: str) -> str:
    """The same words at the beginning of a line."""
    return words[:1].upper() + words[1:]


def initials(name: str) -> str:
    """Two letters for a round picture."""
    parts = name.split()
    return "".join(part[0] for part in (parts[0], *parts[-1:])[: len(parts)]).upper() if parts else "?"


def subject_of(case: Case, plant: Plant, records: Records) -> str:
    """What it is about in a few words: the machine, the lot, the item, the order, or the line."""
    machines = [plant.asset[asset].name for asset in case.assets if asset in plant.asset]
    lots = [f"Lot {lot}" for lot in case.lots]
    items = [records.item[item].description if item in records.item else item for item in case.items]
    orders = list(case.work_orders)
    line = [line_name(plant, case.line)] if case.line else []
    match case.type:
        case "quality_hold" | "inventory_discrepancy":
            candidates: tuple[list[str], ...] = (lots, items, machines, orders, line)
        case "material_shortage":
            candidates = (items, machines, orders, line)
        case "order_change":
            candidates = (orders, items, line)
        case "changeover_overrun" | "labor_shortage":
            candidates = (line, machines, orders)
        case _:
            candidates = (machines, line, lots, items, orders)
    names = next((found for found in candidates if found), [type_word(case)])
    return ", ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "")
