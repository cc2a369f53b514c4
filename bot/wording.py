"""The texts, and what an id, an instant or a quantity is called by the person who reads it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from nlp.our_yaml import our_yaml
from workflow.plant import Plant, production_day
from workflow.records import Records

FALLBACK = "en"
QUOTED = 200  # characters of people's own words in a notice
_OPTIONAL = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)
_NAMES = re.compile(r"\$\{?([a-z][a-z0-9_]*)\}?")
_JOINERS = "\u200c\u200d"  # invisible, and part of how Hindi and many emoji are written
_OUR_QUOTES = str.maketrans("“”„«»", '"' * 5)  # what stands between our quotation marks never closes them
_GROUPS = {  # by thousands, or above the thousand by hundreds: 1,234,567 and 12,34,567
    "3": re.compile(r"(?<=\d)(?=(?:\d{3})+$)"),
    "2": re.compile(r"(?<=\d)(?=(?:\d{2})*\d{3}$)"),
}
_FORMS = " | "  # between the forms of a counted text: "linia stoi | linie stoją | linii stoi"


@cache
def texts(language: str) -> Mapping[str, str]:
    """Every sentence of a language by its name; languages that we do not speak get English."""
    found = files("bot.texts").joinpath(f"{language}.yaml")
    if not found.is_file():
        return texts(FALLBACK)
    return dict(_flat(our_yaml(found.read_text(encoding="utf8"))))


@cache
def languages() -> frozenset[str]:
    """What we speak."""
    names = (file.name for file in files("bot.texts").iterdir())
    return frozenset(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def language_for(wanted: str, plant: Plant) -> str:
    """A person's language where we speak it, else the plant's first that we do, else English."""
    return next((spoken for spoken in (wanted, *plant.languages) if spoken in languages()), FALLBACK)


def word(language: str, name: str, /, **facts: str) -> str:
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


def forms(language: str) -> int:
    """How many forms a counted text has in a language."""
    return 3 if language == "pl" else 2


def form(language: str, n: int) -> int:
    """Which form of a counted text stands after a whole number (CLDR's plural rules for integers)."""
    if language == "pl":
        few = n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14)
        return 0 if n == 1 else 1 if few else 2
    nothing_is_one = language in ("fr", "hi", "hi-Deva", "pt")
    return 0 if n == 1 or (n == 0 and nothing_is_one) else 1


@dataclass(frozen=True, slots=True)
class Voice:
    """How things are called to one reader: their language, their plant's names, and what time it is."""

    language: str
    plant: Plant
    records: Records
    now: datetime
    quoted: int = QUOTED  # characters of people's own words
    rows: int | None = None  # of a list; None: all of them
    pages: str | None = None  # where the reader finds the pages, if anywhere

    def say(self, name: str, /, **facts: str) -> str:
        """One text in the reader's language."""
        return word(self.language, name, **facts)

    def count(self, name: str, n: int, /, **facts: str) -> str:
        """A text in the form that its number asks for: "1 linia stoi", "2 linie stoją", "5 linii stoi"."""
        said = self.say(name, n=self.number(n), **facts).split(_FORMS)
        return said[min(form(self.language, n), len(said) - 1)]

    def person(self, id: str | None) -> str:  # noqa: A002
        """First name, and the whole one where two people share it."""
        person = self.plant.person.get(id or "")
        if person is None:
            return clean(id)
        if person.shared:
            return person.name
        same = [p for p in self.plant.people if p.first_name == person.first_name]
        return person.name if len(same) > 1 else person.first_name

    def people(self, ids: Iterable[str]) -> str:
        """Names in a row: "Gary, Anita"."""
        return ", ".join(dict.fromkeys(self.person(i) for i in ids))

    def place(self, facts: Mapping[str, Any]) -> str:
        """Where it is: the machines by the plant's own names, else the line."""
        assets = [name for a in facts.get("assets") or () if (name := self.plant.called(a)) is not None]
        return ", ".join(assets) or self.line(facts.get("line"))

    def line(self, id: str | None) -> str:  # noqa: A002
        """A line by its name."""
        return self.plant.line[id].name if id is not None and id in self.plant.line else clean(id)

    def item(self, id: str | None) -> str:  # noqa: A002
        """An item as ERP describes it."""
        known = id is not None and id in self.records.item
        return clean(self.records.item[id].description if id is not None and known else id)

    def ids(self, ids: Sequence[object]) -> str:
        """Numbers, lots, receipts in a row; a list that is too long for the chat says how many more there are."""
        shown = [clean(one) for one in ids[: self.rows]]
        more = len(ids) - len(shown)
        return ", ".join((*shown, *([self.say("row.more", n=str(more))] if more else ())))

    def clock(self, iso: str | None) -> str:
        """The plant's wall clock; with the day where it is another production day than now."""
        if not iso:
            return ""
        at = datetime.fromisoformat(iso)
        at = at if at.tzinfo else at.replace(tzinfo=self.plant.zone)
        local = self.plant.local(at)
        same = production_day(self.plant, at) == production_day(self.plant, self.now)
        return f"{local:%H:%M}" if same else f"{self.day(local.date())} {local:%H:%M}"

    def day(self, day: date) -> str:
        """A day: "Wed 18 Nov" with the language's own names, in its own order; with its year where it is another."""
        weekday, month = self.say(f"day.{day.weekday()}"), self.say(f"month.{day.month}")
        said = self.say("date", weekday=weekday, day=str(day.day), month=month)
        return said if day.year == self.plant.local(self.now).year else f"{said} {day.year}"

    def short_date(self, iso: str) -> str:
        """A day of the year without its weekday: "9 Nov"."""
        day = date.fromisoformat(iso)
        return self.say("page.date", day=str(day.day), month=self.say(f"month.{day.month}"))

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
        if hours < 2:
            return self.say("length.minutes", n=str(whole))
        return self.say("length.hours", h=str(hours), n=str(rest) if rest else "")

    def number(self, value: float) -> str:
        """A number with the language's separators, to the millionth; nothing that counts is rounded away."""
        whole, _, fraction = f"{value:.6f}".rstrip("0").partition(".")
        own = texts(self.language)  # as they are written there: a separator may be a space
        grouped = re.sub(_GROUPS[own["number.groups"]], own["number.thousands"], whole)
        return grouped + (own["number.decimal"] + fraction if fraction else "")

    def percent(self, share: float) -> str:
        """A share of one as the language writes it: "67%", "67 %"."""
        return self.say("percent", n=f"{share * 100:.0f}")

    def quantity(self, quantity: Mapping[str, Any] | None) -> str:
        """A quantity with its unit."""
        if not quantity:
            return ""
        uom = str(quantity["uom"])
        unit = texts(self.language).get(f"unit.{uom}", uom)
        return f"{self.number(float(quantity['value']))} {unit}"


def clean(words: object) -> str:
    """What somebody else wrote, on one line, without control or bidi characters; whole."""
    text = str(words if words is not None else "")
    kept = (c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c.isspace() or c in _JOINERS)
    return " ".join("".join(kept).split())


def quote(words: object, most: int = QUOTED) -> str:
    """People's own words as they stand between quotation marks, cut where they are long; none at all for 0."""
    line = within_quotes(clean(words))
    return line if len(line) <= most else f"{line[: most - 1]}…" if most else ""


def within_quotes(words: str) -> str:
    """The same words with plain quotation marks, so that they close none of ours."""
    return words.translate(_OUR_QUOTES)


def _flat(tree: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(value)
