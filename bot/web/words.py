"""Small wordings that the pages share, in the language of who looks: ages, clock times, names."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.wording import Voice, language_for

if TYPE_CHECKING:
    from bot.app import App
    from workflow.case import Case, Posting
    from workflow.plant import Plant


def voice_for(app: App, person: str | None) -> Voice:
    """How a page speaks: as the signed-in person does, on a screen that is nobody's as the plant does."""
    known = app.plant.person.get(person or "")
    language = language_for(known.language if known is not None else "", app.plant)
    return Voice(language, app.plant, app.records, app.clock.now())


def age_words(age: timedelta, voice: Voice) -> str:
    """ "42 min", "1 h 05", "2 d 3 h"; the pages go on counting in the same words (`static/live.js`)."""
    minutes = max(0, int(age.total_seconds() // 60))
    minute, hour, day = (voice.say(f"page.unit.{unit}") for unit in ("minute", "hour", "day"))
    if minutes < 60:
        return f"{minutes} {minute}"
    if minutes < 24 * 60:
        return f"{minutes // 60} {hour} {minutes % 60:02}"
    return f"{minutes // 1440} {day} {minutes % 1440 // 60} {hour}"


def minutes_words(minutes: float, voice: Voice) -> tuple[str, str]:
    """A span as a figure and its unit."""
    if minutes < 10:
        return voice.number(round(minutes, 1)), voice.say("page.unit.minute")
    if minutes < 600:
        return f"{minutes:.0f}", voice.say("page.unit.minute")
    return f"{minutes / 60:.0f}", voice.say("page.unit.hour")


def clock(voice: Voice, at: datetime | None, now: datetime | None = None) -> str:
    """The plant's wall clock; with the date where `now` is another day."""
    if at is None:
        return ""
    local = voice.plant.local(at)
    if now is not None and voice.plant.local(now).date() != local.date():
        month = voice.say(f"month.{local.month}")
        return f"{voice.say('page.date', day=f'{local.day:02}', month=month)} {local:%H:%M}"
    return f"{local:%H:%M}"


def day_heading(voice: Voice, at: datetime) -> str:
    """A day above its messages: "Monday 16 November"."""
    local = voice.plant.local(at)
    weekday, month = voice.say(f"page.weekday.{local.weekday()}"), voice.say(f"page.month.{local.month}")
    return voice.say("page.heading", weekday=weekday, day=f"{local.day:02}", month=month)


def person_name(plant: Plant, person: str | None) -> str:
    """A person's name; ids that plant.yaml no longer holds are shown as they are."""
    if person is None:
        return ""
    known = plant.person.get(person)
    return known.name if known is not None else "Linecall" if person == "linecall" else person


def line_name(plant: Plant, line: str | None) -> str:
    """A line's name; ids that plant.yaml no longer holds are shown as they are, and no line as nothing."""
    return plant.line[line].name if line is not None and line in plant.line else line or ""


def role_word(role: str, voice: Voice) -> str:
    """A function as the reader calls it."""
    return capital(voice.say(f"role.{role}"))


def type_word(case: Case, voice: Voice) -> str:
    """The kind of an exception as a heading."""
    return capital(voice.say(f"type.{case.type or 'other'}"))


def kind_word(posting: Posting, voice: Voice) -> str:
    """A kind of ERP transaction as a heading; one that takes another back says so (R47)."""
    kind = voice.say(f"kind.{posting.kind}")
    return capital(voice.say("taken_back", kind=kind) if posting.reverses else kind)


def capital(words: str) -> str:
    """The same words at the beginning of a line."""
    return words[:1].upper() + words[1:]


def initials(name: str) -> str:
    """Two letters for a round picture."""
    parts = name.split()
    return "".join(part[0] for part in (parts[0], *parts[-1:])[: len(parts)]).upper() if parts else "?"


def subject_of(case: Case, voice: Voice) -> str:
    """What it is about in a few words: the machine, the lot, the item, the order, or the line."""
    plant, records = voice.plant, voice.records
    machines = [name for asset in case.assets if (name := plant.called(asset)) is not None]
    lots = [voice.say("page.record.lot_numbered", lot=lot) for lot in case.lots]
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
    names = next((found for found in candidates if found), [type_word(case, voice)])
    return ", ".join(names[:2]) + (f" +{len(names) - 2}" if len(names) > 2 else "")
