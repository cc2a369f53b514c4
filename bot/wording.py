"""Facts to words: what an id, an instant or a quantity is called by the person who reads it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

import yaml

from workflow.plant import Plant, production_day
from workflow.records import Records

FALLBACK = "en"
QUOTED = 200  # characters of people's own words in a notice
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_NAMES = re.compile(r"\$\{?([a-z][a-z0-9_]*)\}?")


@cache
def texts(language: str) -> Mapping[str, str]:
    """Every sentence of a language by its name; languages that we do not speak get English."""
    found = files("bot.texts").joinpath(f"{language}.yaml")
    if not found.is_file():
        return texts(FALLBACK)
    return dict(_flat(yaml.safe_load(found.read_text(encoding="utf8"))))


def word(language: str, name: str, **facts: str) -> str:
    """One text with its placeholders filled; `[[…]]` vanishes where a placeholder in it is empty.

    Falls back to English, then to the last part of the name, so that a missing text never stops a message.
    """
    text = texts(language).get(name) or texts(FALLBACK).get(name)
    if text is None:
        return name.rpartition(".")[2].replace("_", " ")
    return fill(text, facts)


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Fill a text; what people wrote is data and is never looked at as a text of ours."""

    def optional(part: re.Match[str]) -> str:
        named = _NAMES.findall(part[1])
        return part[1] if all(facts.get(name) for name in named) else ""

    shorter = _OPTIONAL.sub(optional, text)
    filled = Template(shorter).safe_substitute({name: facts.get(name) or "" for name in _NAMES.findall(shorter)})
    return "\n".join(line.rstrip() for line in filled.splitlines() if line.strip()).strip()


def placeholders(text: str) -> set[str]:
    """The names that a text wants to know."""
    return set(_NAMES.findall(text))


@dataclass(frozen=True, slots=True)
class Voice:
    """How things are called to one reader: their language, their plant's names, and what time it is."""

    language: str
    plant: Plant
    records: Records
    now: datetime

    def say(self, name: str, **facts: str) -> str:
        """One text in the reader's language."""
        return word(self.language, name, **facts)

    def person(self, id: str | None) -> str:  # noqa: A002
        """First name, and the whole one where two people share it."""
        person = self.plant.person.get(id or "")
        if person is None:
            return id or ""
        same = [p for p in self.plant.people if p.first_name == person.first_name]
        return person.name if len(same) > 1 else person.first_name

    def people(self, ids: Iterable[str]) -> str:
        """Names in a row: "Gary, Anita"."""
        return ", ".join(dict.fromkeys(self.person(i) for i in ids))

    def place(self, facts: Mapping[str, Any]) -> str:
        """Where it is: the machines by the plant's own names, else the line."""
        assets = [self.plant.asset[a].name for a in facts.get("assets") or () if a in self.plant.asset]
        return ", ".join(assets) or self.line(facts.get("line"))

    def line(self, id: str | None) -> str:  # noqa: A002
        """A line by its name."""
        return self.plant.line[id].name if id is not None and id in self.plant.line else (id or "")

    def item(self, id: str | None) -> str:  # noqa: A002
        """An item as ERP describes it."""
        return self.records.item[id].description if id is not None and id in self.records.item else (id or "")

    def clock(self, iso: str | None) -> str:
        """The plant's wall clock; with the day where it is another production day than now."""
        if not iso:
            return ""
        at = datetime.fromisoformat(iso)
        local = self.plant.local(at)
        same = production_day(self.plant, at) == production_day(self.plant, self.now)
        return f"{local:%H:%M}" if same else f"{self.day(local.date())} {local:%H:%M}"

    def day(self, day: date) -> str:
        """A day: "Wed 18 Nov" with the language's own names."""
        return f"{self.say(f'day.{day.weekday()}')} {day.day} {self.say(f'month.{day.month}')}"

    def due(self, iso: str | None) -> str:
        """A due date of ERP, which may have no time."""
        if not iso:
            return ""
        return self.day(date.fromisoformat(iso)) if len(iso) == len("2026-11-17") else self.clock(iso)

    def minutes(self, value: float | None) -> str:
        """A length of time: "40 min", "2 h 14 min"."""
        if value is None:
            return ""
        whole = round(value)
        hours, rest = divmod(whole, 60)
        return f"{whole} min" if hours < 2 else f"{hours} h {rest} min" if rest else f"{hours} h"

    def number(self, value: float) -> str:
        """A number with the language's separators; whole ones without decimals."""
        text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}".rstrip("0")
        if self.language in ("pt", "de"):
            text = text.translate(str.maketrans(",.", ".,"))
        return text

    def quantity(self, quantity: Mapping[str, Any] | None) -> str:
        """A quantity with its unit."""
        if not quantity:
            return ""
        uom = str(quantity["uom"])
        unit = texts(self.language).get(f"unit.{uom}", uom)
        return f"{self.number(float(quantity['value']))} {unit}"


def quote(words: object) -> str:
    """People's own words on one line, without control or bidi characters, cut where they are long."""
    text = "".join(c for c in str(words or "") if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c.isspace())
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else f"{line[: QUOTED - 1]}…"


def as_words(facts: Mapping[str, Any], voice: Voice) -> dict[str, str]:
    """Every fact of a notice as the reader calls it; what is not there is empty and vanishes from the text."""
    words = {"place": voice.place(facts)}
    for name, value in facts.items():
        shown = _one(name, value, voice)
        if shown is not None:
            words[name] = shown
    words["what"] = " · ".join(part for part in (words["place"], words.get("type", "")) if part)
    words["open_n"] = str(len(facts.get("open") or ()) or "")
    if isinstance(facts.get("inferred"), list) and "work_orders" in facts["inferred"]:
        words["inferred_orders"] = words.get("work_orders", "")
        words["work_orders"] = ""
    return words


def _one(name: str, value: Any, voice: Voice) -> str | None:
    if value is None or value == "" or value == [] or value == {}:
        return ""
    kind = _KINDS.get(name)
    if kind is not None:
        return kind(value, voice)
    if name.endswith("_at"):
        return voice.clock(value)
    if name.endswith(("_min", "minutes")) and isinstance(value, int | float):
        return voice.minutes(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return voice.number(value)
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ", ".join(value)
    return None


def _lines(name: str) -> Callable[[Any, Voice], str]:
    """A list of facts as a line each, by the text `row.<name>`."""

    def lines(rows: Any, voice: Voice) -> str:
        return "\n".join(voice.say(f"row.{name}", **_row(row, voice)) for row in rows)

    return lines


def _row(row: Mapping[str, Any], voice: Voice) -> dict[str, str]:
    facts = as_words(row, voice)
    state = row.get("state")
    if state:
        facts["state"] = voice.say(f"state.{state}")
        facts["owner_or_nobody"] = facts.get("owner") or voice.say("nobody_yet")
    if row.get("late"):
        facts["late"] = voice.say("late")
    if row.get("acknowledged_at") is None and "acknowledged_at" in row:
        facts["unanswered"] = voice.say("state.unacknowledged")
    return facts


def _spread(value: Any, voice: Voice) -> str:
    if value["median"] is None:
        return voice.say("no_figure")
    facts = {"median": voice.minutes(value["median"]), "p90": voice.minutes(value["p90"]), "n": str(value["n"])}
    return voice.say("spread", cases=", ".join(value.get("cases") or ()), **facts)


def _rate(value: Any, voice: Voice) -> str:
    if value["value"] is None:
        return voice.say("no_figure")
    cases = ", ".join(value.get("cases") or ())
    return voice.say("rate", percent=f"{value['value']:.0%}", n=str(value["n"]), cases=cases)


def _named(prefix: str) -> Callable[[Any, Voice], str]:
    return lambda value, voice: voice.say(f"{prefix}.{value}")


def _stopped(value: Any, voice: Voice) -> str:
    return voice.say("line_stands" if value else "still_running")


def _links(value: Any, voice: Voice) -> str:
    ids = [
        *(value.get("work_orders") or ()),
        *(value.get("lots") or ()),
        *(voice.item(i) for i in value.get("items") or ()),
    ]
    return ", ".join(part for part in (voice.place(value), *ids) if part)


def _names(value: Any, voice: Voice) -> str:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return _lines("owner")(value, voice)
    return voice.people(value)


def _inferred(value: Any, voice: Voice) -> str:
    if isinstance(value, bool):
        return voice.say("as_far_as_erp_knows") if value else ""
    return ", ".join(voice.say(f"field.{name}") for name in value)


def _matched(value: Any, _: Voice) -> str:
    return ", ".join(f"{name}: {shown}" for name, shown in value.items())


_KINDS: Mapping[str, Callable[[Any, Voice], str]] = {
    "type": _named("type"),
    "role": _named("role"),
    "decision": _named("decision"),
    "status": _named("status"),
    "kind": _named("kind"),
    "asks": _named("field"),
    "roles": lambda value, voice: ", ".join(voice.say(f"role.{role}") for role in value),
    "owed": lambda value, voice: ", ".join(dict.fromkeys(voice.say(f"kind.{kind}") for kind in value)),
    "line": lambda value, voice: voice.line(value),
    "assets": lambda value, voice: voice.place({"assets": value}),
    "item": lambda value, voice: voice.item(value),
    "items": lambda value, voice: (
        _lines("item")(value, voice) if isinstance(value[0], Mapping) else ", ".join(voice.item(i) for i in value)
    ),
    "who": lambda value, voice: voice.person(value),
    "owner": lambda value, voice: voice.person(value),
    "reporter": lambda value, voice: voice.person(value),
    "handed_by": lambda value, voice: voice.person(value),
    "decided_by": lambda value, voice: voice.person(value),
    "people": _names,
    "owners": _names,
    "quantity": lambda value, voice: voice.quantity(value) if isinstance(value, Mapping) else voice.number(value),
    "completed": lambda value, voice: voice.quantity(value),
    "due": lambda value, voice: voice.due(value),
    "stopped": _stopped,
    "orders": _lines("order"),
    "customers": _lines("customer"),
    "told": lambda value, voice: ", ".join(voice.say("row.told", **_row(row, voice)) for row in value),
    "parts": _lines("part"),
    "several": _lines("opened"),
    "cases": lambda value, voice: _lines("case")(value, voice) if isinstance(value[0], Mapping) else ", ".join(value),
    "staged": _lines("staged"),
    "lots": lambda value, voice: _lines("lot")(value, voice) if isinstance(value[0], Mapping) else ", ".join(value),
    "before": _links,
    "after": _links,
    "resolution": _spread,
    "alignment": _spread,
    "posting_lag": _spread,
    "first_pass": _rate,
    "matched": _matched,
    "inferred": _inferred,
    "minutes": lambda value, voice: voice.minutes(value),
}


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value)
