"""Units of measure as people say them, brought to the plant's own spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.index import PlantIndex
from nlp.sheet import Sheet

# What we write where the plant has no spelling of its own for the unit.
_NAMES: Mapping[str, str] = {
    "cs": "cs", "pallets": "pallets", "roll": "roll", "kg": "kg", "t": "t", "g": "g", "lb": "lb", "l": "l",
    "gal": "gal", "m": "m", "ft": "ft", "ea": "ea", "box": "boxes", "bag": "bags", "drum": "drums", "crate": "crates",
    "basket": "baskets",
    "coil": "coils", "sheet": "sheets", "people": "people",
}  # fmt: skip
# Spellings that an ERP may use for the same unit.
ERP_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "ea": ("ea", "each", "pcs", "pc", "piece", "pieces", "st", "stk", "szt", "un", "und", "pz", "pza", "unit", "units"),
    "cs": ("cs", "case", "cases", "cse", "cj", "cx"),
    "roll": ("roll", "rolls", "rl", "rol", "rolle", "rolka"),
    "pallets": ("pallets", "pallet", "plt", "pal"),
    "kg": ("kg", "kgs", "kilo", "kilos", "kilogram"),
    "l": ("l", "ltr", "liter", "litre", "lt"),
    "m": ("m", "meter", "metre", "mtr"),
    "box": ("box", "boxes", "bx", "carton", "cartons", "ctn"),
    "bag": ("bag", "bags", "sack", "sacks"),
    "drum": ("drum", "drums"),
    "t": ("t", "to", "ton", "tonne", "tons"),
    "g": ("g", "gram", "grams"),
    "coil": ("coil", "coils"),
    "sheet": ("sheet", "sheets", "blatt"),
    "people": ("people", "person", "persons", "ppl", "operators"),
    "basket": ("basket", "baskets"),
    "crate": ("crate", "crates", "bin", "bins"),
}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit in the message."""

    value: float
    unit: str  # our name of the unit: a key of ERP_SPELLINGS, or "" where none was said
    start: int
    end: int


def unit_class(uom: str) -> str:
    """Our name of a unit, from any spelling; the spelling itself where we know none."""
    folded = uom.strip().lower()
    return next((unit for unit, spelled in ERP_SPELLINGS.items() if folded in spelled), folded)


def plant_uom(unit: str, index: PlantIndex, items: Sequence[str]) -> str:
    """The plant's spelling of a unit: the item's own where it fits, else any that the ERP uses, else ours."""
    for id_ in items:
        item = index.records.item.get(id_)
        if item is not None and (unit == "" or unit_class(item.uom) == unit):
            return item.uom
    for uom in index.uoms.values():
        if unit_class(uom) == unit:
            return uom
    return _NAMES.get(unit, unit)


def amounts(sheet: Sheet, start: int = 0, end: int | None = None) -> list[Amount]:
    """Every number with a unit in a range of tokens; "600 of the cases" and "a pallet" count as well."""
    stop = len(sheet.tokens) if end is None else end
    timed = {i for moment in sheet.moments for i in range(moment.start, moment.end)}
    named = {i for m in sheet.mentions if m.what != "person" for i in range(m.start, m.end)}
    found = []
    for number in sheet.numbers:
        if not start <= number.start < stop or number.start in timed or number.start in named:
            continue
        if (
            sheet.text[sheet.tokens[number.end - 1].end :][:1] == "-"
            and not sheet.text[sheet.tokens[number.end - 1].end :][1:2].isspace()
        ):
            continue  # "4-packs" is a kind of pack
        unit, after = _unit_after(sheet, number.end, stop)
        if not unit and not number.article:
            item = next(
                (m for m in sheet.of("item") if number.end <= m.start <= number.end + 1 and len(m.ids) == 1), None
            )
            unit = unit_class(sheet.context.records.item[item.ids[0]].uom) if item is not None else ""
        if (unit and not (number.article and unit == "ea")) or not number.article:
            found.append(Amount(number.value, unit, number.start, after))
    return found


def _unit_after(sheet: Sheet, i: int, stop: int) -> tuple[str, int]:
    for skip in range(3):
        j = i + skip
        if j >= stop or sheet.tokens[j].breaks:
            break
        if skip and sheet.tokens[j].kind == "number":
            break
        units = [(max(ends), name) for name, ends in sheet.spans[j].items() if name.startswith("uom_")]
        if units:
            end, name = max(units)
            return name.removeprefix("uom_"), end
        if "people" in sheet.spans[j]:
            return "people", max(sheet.spans[j]["people"])
        if skip == 0 and "measure" in sheet.spans[j]:
            return "measure", j + 1
        if skip == 0 and sheet.tokens[j].norm == "%":
            return "measure", j + 1
        if not any(g in sheet.spans[j] for g in ("filler_word", "more", "of_word", "item")):
            break
    return "", i
