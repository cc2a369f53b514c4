"""Units of measure as people say them, brought to the plant's own spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nlp.index import PlantIndex
from nlp.numbers import Number
from nlp.sheet import Sheet
from nlp.tokens import fold
from nlp.words import lexicon

# What we write where the plant has no spelling of its own for the unit.
_NAMES: Mapping[str, str] = {
    "cs": "cs", "pallets": "pallets", "roll": "roll", "kg": "kg", "t": "t", "g": "g", "lb": "lb", "l": "l",
    "gal": "gal", "m": "m", "ft": "ft", "ea": "ea", "box": "boxes", "bag": "bags", "drum": "drums", "crate": "crates",
    "basket": "baskets", "pack": "packs",
    "coil": "coils", "sheet": "sheets", "people": "people", "m2": "m2", "m3": "m3",
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
    "pack": ("pack", "packs", "pk", "pck", "op", "opak", "vpe", "packet", "packets", "pkt", "pkg"),
    "box": ("box", "boxes", "bx", "carton", "cartons", "ctn"),
    "bag": ("bag", "bags", "sack", "sacks"),
    "drum": ("drum", "drums"),
    "t": ("t", "to", "ton", "tonne", "tons"),
    "g": ("g", "gram", "grams"),
    "coil": ("coil", "coils"),
    "sheet": ("sheet", "sheets", "blatt"),
    "m2": ("m2", "m²", "qm", "sqm", "mkw", "sq m"),
    "m3": ("m3", "m³", "cbm"),
    "people": ("people", "person", "persons", "ppl", "operators"),
    "basket": ("basket", "baskets"),
    "crate": ("crate", "crates", "bin", "bins"),
}
# What people call a "case" the ERP calls a carton, and the other way round; a plant counts packed goods in one unit.
_PACKED = frozenset({"cs", "box", "crate"})


_DATE = re.compile(r"(?:[12]\d|3[01])\.(?:0[1-9]|1[0-2])")  # "30.11"
_LOCATION = re.compile(r"[A-Za-z]\d{0,3}-$")


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit in the message."""

    value: float
    unit: str  # our name of the unit: a key of ERP_SPELLINGS, or "" where none was said
    start: int
    end: int


def unit_class(uom: str) -> str:
    """Our name of a unit, from any spelling; the spelling itself where we know none."""
    folded = fold(uom.strip())
    known = next((unit for unit, spelled in ERP_SPELLINGS.items() if folded in spelled), None)
    return known or lexicon().units.get(folded, folded)


def plant_uom(unit: str, index: PlantIndex, items: Sequence[str]) -> str:
    """The plant's spelling of a unit: the item's own where it fits, else any that the ERP uses, else ours."""
    for id_ in items:
        item = index.records.item.get(id_)
        if item is not None and (unit == "" or unit_class(item.uom) == unit):
            return item.uom
    for uom in index.uoms.values():
        if uom == unit or unit_class(uom) == unit:
            return uom
    if unit in _PACKED and unit != "ea":
        of_items = [index.records.item[id_].uom for id_ in items if id_ in index.records.item]
        packed = [uom for uom in (*of_items, *index.packed_in) if unit_class(uom) in _PACKED]
        if packed:
            return packed[0]
    return "boxes" if unit == "cs" and index.uoms else _NAMES.get(unit, unit)  # "cajas" where ERP counts no cases


def amounts(sheet: Sheet, start: int = 0, end: int | None = None) -> list[Amount]:
    """Every number with a unit in a range of tokens; "600 of the cases" and "a pallet" count as well."""
    stop = len(sheet.tokens) if end is None else end
    timed = {i for moment in sheet.moments for i in range(moment.start, moment.end)}
    named = {i for m in sheet.mentions if m.what != "person" for i in range(m.start, m.end)}
    found = []
    for number in sheet.numbers:
        if not start <= number.start < stop or number.start in timed or number.start in named:
            continue
        if number.start and sheet.tokens[number.start].glued and sheet.tokens[number.start - 1].kind == "word":
            continue  # "L4", "B04": part of a name
        if _LOCATION.search(sheet.text[: sheet.tokens[number.start].start]):
            continue  # "EMB-15", "R3-01": where it lies
        digits = sheet.tokens[number.start].norm
        if digits[0] == "0" and digits.isdigit() and len(digits) > 1:
            continue  # "061" is a name
        if _DATE.fullmatch(digits) and "m" not in sheet.spans[number.start]:
            continue
        following = sheet.tokens[number.end] if number.end < len(sheet.tokens) else None
        if (
            following is not None
            and following.glued
            and following.norm in ("st", "nd", "rd", "th", "er", "eme", "o", "a")
        ):
            continue  # "the 26th"
        if (
            sheet.text[sheet.tokens[number.end - 1].end :][:1] == "-"
            and not sheet.text[sheet.tokens[number.end - 1].end :][1:2].isspace()
        ):
            continue  # "4-packs" is a kind of pack
        value, behind = _with_a_part(sheet, number)
        unit, after = _unit_after(sheet, behind, stop)
        if behind > number.end and not unit:
            value, (unit, after) = number.value, _unit_after(sheet, number.end, stop)
        if not unit and is_a_code(sheet, number.start):
            continue
        if unit and unit != "measure" and behind == number.end and (more := _and_a_half(sheet, after)):
            value, after = value + 0.5, more
        if not unit and not number.article:
            item = next((m for m in sheet.of("item") if len(m.ids) == 1 and _counts(sheet, number.end, m.start)), None)
            unit = unit_class(sheet.context.records.item[item.ids[0]].uom) if item is not None else ""
        if (unit and not (number.article and unit == "ea")) or not number.article:
            found.append(Amount(value, unit, number.start, after))
    return _with_halves(sheet, found, start, stop)


def is_a_code(sheet: Sheet, i: int) -> bool:
    """ "deviation 118", "código 3158", "Fehler 4711": a number by which papers and faults are called."""
    return any(i in sheet.spans[begin].get("paper_word", ()) for begin in range(max(0, i - 3), i))


_PARTS: Mapping[str, float] = {"sadhe": 0.5, "sawa": 0.25, "paune": -0.25}  # "sadhe teen sau": 350


def _with_a_part(sheet: Sheet, number: Number) -> tuple[float, int]:
    """What a number is worth with the half said before or behind it, and where that ends.

    "half a dozen", "two and a half", "sadhe teen".
    """
    before = sheet.spans[number.start - 1] if number.start else {}
    scale = next((size for size in (1000.0, 100.0) if number.words and number.value % size == 0), 1.0)
    for name, part in _PARTS.items():
        if number.start in before.get(name, ()):
            return number.value + part * scale, number.end
    if number.words and number.end == number.start + 1 and number.value in _HALVED:
        at = number.start - 1 if number.start and _is_article(sheet, number.start - 1) else number.start
        halves = {end for i in range(max(0, at - 3), number.start) for end in sheet.spans[i].get("half", ())}
        if halves & {at, number.start}:
            return number.value / 2, number.end
    behind = _and_a_half(sheet, number.end)
    return (number.value + 0.5, behind) if behind and number.value < _HALF_AT_MOST else (number.value, number.end)


_HALVED = frozenset({10.0, 12.0, 100.0, 1000.0, 1e6})
_HALF_AT_MOST = 100  # "of 200 and half of those" is no 200.5


def _is_article(sheet: Sheet, i: int) -> bool:
    return any(n.start == i and n.article for n in sheet.numbers)


def _and_a_half(sheet: Sheet, i: int) -> int:
    """Where "and a half" ends that begins at a token; 0 where none does."""
    if i >= len(sheet.tokens):
        return 0
    for j in sheet.spans[i].get("num_and", ()):
        if j < len(sheet.tokens) and "half" in sheet.spans[j]:
            return max(sheet.spans[j]["half"])
    return max(sheet.spans[i].get("and_a_half", (0,)))


def _with_halves(sheet: Sheet, found: list[Amount], start: int, stop: int) -> list[Amount]:
    """ "half a pallet", "palé y medio": a unit that no number counts."""
    counted = {i for amount in found for i in range(amount.start, amount.end)}
    timed = {i for moment in sheet.moments for i in range(moment.start, moment.end)}
    for i, end in sheet.group("half", start, stop):
        if i in counted or i in timed:
            continue
        begins = end + 1 if end < stop and _is_article(sheet, end) else end
        unit, after = _unit_after(sheet, begins, stop) if begins < stop else ("", begins)
        first = i - 1 if i and _is_article(sheet, i - 1) else i
        if (
            unit
            and unit not in ("measure", "people")
            and after <= begins + 1
            and not (i and "num_and" in sheet.spans[i - 1])
        ):
            found = [a for a in found if not first <= a.start < after]
            found.append(Amount(0.5, unit, first, after))
    taken = counted | timed | {i for m in sheet.mentions for i in range(m.start, m.end)}  # "agua litro y medio"
    for i in range(start, stop):
        units = [name for name in sheet.spans[i] if name.startswith("uom_")] if i not in taken else []
        if units and len(sheet.tokens[i].norm) > 2 and (after := _and_a_half(sheet, i + 1)):
            found.append(Amount(1.5, units[0].removeprefix("uom_"), i, after))
    return sorted(found, key=lambda a: a.start)


def _counts(sheet: Sheet, end: int, start: int) -> bool:
    """ "450 Oslo", "450 of the Oslo": nothing but a small word or two between a number and what it counts."""
    if not 0 <= start - end <= 2:
        return False
    between = range(end, start)
    return len(between) < 2 or all({"of_word", "article_word"} & sheet.spans[i].keys() for i in between)


_CONTAINERS = frozenset({"uom_pallets", "uom_box", "uom_drum", "uom_crate", "uom_bag"})
_WORDS_TOO = frozenset({"to", "in", "as", "st", "un", "a", "e", "o", "i"})


def _only_a_word(sheet: Sheet, i: int) -> bool:
    """ "reduce 1187 to 6500", "340 in the system": what would be a unit, was it not an everyday word here."""
    token = sheet.tokens[i]
    return token.norm in _WORDS_TOO and not token.glued and i + 1 < len(sheet.tokens) and not sheet.tokens[i + 1].breaks


def _unit_after(sheet: Sheet, i: int, stop: int) -> tuple[str, int]:
    for skip in range(3):
        j = i + skip
        if j >= stop or sheet.tokens[j].breaks:
            break
        if skip and sheet.tokens[j].kind == "number":
            break
        if j + 1 < len(sheet.tokens) and sheet.tokens[j + 1].glued and sheet.tokens[j + 1].kind == "number":
            break  # "M16"
        if _only_a_word(sheet, j):
            break
        units = [(max(ends), name) for name, ends in sheet.spans[j].items() if name.startswith("uom_")]
        if not units and sheet.tokens[j].norm in sheet.index.uoms:
            units = [(j + 1, f"uom_{unit_class(sheet.tokens[j].norm)}")]
        if units:
            end, name = max(units)
            if (
                skip
                and name in _CONTAINERS
                and "of_word" in sheet.spans[j - 1]
                and not sheet.tokens[j].norm.endswith("s")
            ):
                break  # "as 120 da palete rasgada": of one pallet, not pallets
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
