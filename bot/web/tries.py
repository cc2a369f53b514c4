"""Real messages that a first-time visitor may send with one press, made from the plant's own machines and orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.wording import language_for, word

if TYPE_CHECKING:
    from workflow.plant import Asset, Line, Person, Plant
    from workflow.records import Records

# An alias is in one language, and plant.yaml does not say in which: these are the ones that tell.
LINE_BEGINS = {
    "en": "line ", "es": "línea ", "pt": "linha ", "de": "linie ", "pl": "linia ", "fr": "ligne ", "hi": "line ",
    "hi-Deva": "लाइन ",
}  # fmt: skip
MACHINES = {
    "es": {"llenadora": "la llenadora", "etiquetadora": "la etiquetadora", "prensa": "la prensa"},
    "pt": {"enchedora": "a enchedora", "rotuladora": "a rotuladora", "prensa": "a prensa"},
}


def tries_for(person: Person, plant: Plant, records: Records) -> tuple[str, ...]:
    """At most two messages that fit this person; none for people who mostly answer."""
    roles = set(person.roles)
    language = language_for(person.language, plant)
    if roles & {"supervisor", "manager"}:
        return word(language, "page.try.open"), word(language, "page.try.shift")
    if "quality" in roles:
        lot = next((lot.id for lot in records.lots if lot.status == "available"), None)
        return (word(language, "page.try.hold", lot=lot),) if lot else ()
    if "operator" not in roles or not plant.lines:
        return ()
    line = next((plant.line[line] for line in person.lines if line in plant.line), plant.lines[0])
    where = _called(line, language)
    said = []
    if line.assets:
        said.append(word(language, "page.try.stopped", asset=_machine(line, language), line=where))
    item = _item_of(line, records)
    if item:
        said.append(word(language, "page.try.short", item=item, line=where))
    return tuple(said)


def _called(line: Line, language: str) -> str:
    begins = LINE_BEGINS[language]
    return next((alias for alias in line.aliases if alias.lower().startswith(begins)), line.name)


def _machine(line: Line, language: str) -> str:
    """The machine that everybody on a line speaks of, the filler where there is one, as this language calls it."""
    asset: Asset = next((asset for asset in line.assets if "fil" in asset.id.lower()), line.assets[0])
    known = MACHINES.get(language, {})
    own = next((known[alias] for alias in asset.aliases if alias in known), None)
    if own is not None:
        return own
    return asset.aliases[0] if language == "en" and asset.aliases else asset.name


def _item_of(line: Line, records: Records) -> str:
    """A component of what the line runs now, as the floor calls it."""
    running = records.running_on(line.id)
    components = records.components_of.get(running.item, ()) if running else ()
    known = [records.item[c.component] for c in components if c.component in records.item]
    packaging = [item for item in known if item.kind in ("packaging", "component")] or known
    return (packaging[0].aliases[0] if packaging[0].aliases else packaging[0].description) if packaging else ""
