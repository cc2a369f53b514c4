"""Real messages that a first-time visitor may send with one press, made from the plant's own machines and orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.plant import Asset, Line, Person, Plant
    from workflow.records import Records

OPERATOR = {
    "en": (
        "{asset} on {line} jammed since ten past, line is down, need maint",
        "running out of {item} on {line}, maybe 30 min left",
    ),
    "es": (
        "se atoró {asset} en {line} desde hace 10 min, la línea está parada",
        "se acaba {item} en {line}, quedan como 30 min",
    ),
    "pt": ("{asset} da {line} travou faz 10 min, linha parada", "tá acabando {item} na {line}, tem uns 30 min"),
    "de": ("{asset} an {line} klemmt seit 10 min, Linie steht", "{item} an {line} geht aus, noch etwa 30 min"),
}
QUALITY = {
    "en": ("hold lot {lot}, found caps not sealing",),
    "es": ("retener el lote {lot}, tapas que no sellan",),
    "pt": ("segura o lote {lot}, tampas não estão vedando",),
    "de": ("Los {lot} sperren, Verschlüsse dichten nicht",),
}
ASKING = {
    "en": ("what is open right now?", "how did the shift go?"),
    "es": ("¿qué hay abierto ahora?", "¿cómo fue el turno?"),
    "pt": ("o que está aberto agora?", "como foi o turno?"),
    "de": ("Was ist gerade offen?", "Wie lief die Schicht?"),
}


def tries_for(person: Person, plant: Plant, records: Records) -> tuple[str, ...]:
    """At most two messages that fit this person; none for people who mostly answer."""
    roles = set(person.roles)
    language = person.language
    if roles & {"supervisor", "manager"}:
        return ASKING.get(language, ASKING["en"])
    if "quality" in roles:
        lot = next((lot.id for lot in records.lots if lot.status == "available"), None)
        return tuple(text.format(lot=lot) for text in QUALITY.get(language, QUALITY["en"])) if lot else ()
    if "operator" not in roles or not plant.lines:
        return ()
    line = _line_of(person, plant)
    if not line.assets:
        return ()
    asset = _asset_of(line)
    item = _item_of(line, records)
    said = {"asset": _called(asset), "line": line.name, "item": item}
    texts = OPERATOR.get(language, OPERATOR["en"])
    return tuple(text.format(**said) for text in texts if item or "{item}" not in text)


def _line_of(person: Person, plant: Plant) -> Line:
    return next((plant.line[line] for line in person.lines if line in plant.line), plant.lines[0])


def _asset_of(line: Line) -> Asset:
    """The machine that everybody on a line speaks of: the filler where there is one."""
    return next((asset for asset in line.assets if "fil" in asset.id.lower()), line.assets[0])


def _called(asset: Asset) -> str:
    return asset.aliases[0] if asset.aliases else asset.name


def _item_of(line: Line, records: Records) -> str:
    """A component of what the line runs now, as ERP describes it."""
    running = records.running_on(line.id)
    components = records.components_of.get(running.item, ()) if running else ()
    known = [records.item[c.component] for c in components if c.component in records.item]
    packaging = [item for item in known if item.kind in ("packaging", "component")] or known
    return (packaging[0].aliases[0] if packaging[0].aliases else packaging[0].description) if packaging else ""
