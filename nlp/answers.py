"""Short answers to what the program has just asked: "471", "the depal", "6 rollos", "yep"."""

from __future__ import annotations

import re
from typing import Any

from nlp import kinds
from nlp.decisions import hits_of
from nlp.linking import link
from nlp.sheet import Sheet
from nlp.units import amounts, plant_uom
from workflow.reading import Asked, Quantity
from workflow.records import OPEN_ORDERS

LONGEST = 24  # tokens; a longer message is rather a new one
_SHORT = 7  # tokens of an answer that is only a number
LONGEST_YES = 6  # words of a yes that decides on a hold


def read_answer(sheet: Sheet, asked: Asked) -> Any | None:
    """What the asked field becomes, or None where the message does not answer the question."""
    match asked.asks:
        case "confirm":
            return _yes_or_no(sheet, asked)
        case "quantity":
            return _quantity(sheet, asked)
        case "type":
            return _type(sheet)
        case "line":
            return _line(sheet)
        case _:
            return _id(sheet, asked)


def _yes_or_no(sheet: Sheet, asked: Asked) -> bool | None:
    yes = [i for i, _ in sheet.group("yes_word")]
    no = [i for i, _ in sheet.group("no_word")]
    # "not that one" holds "that one": a no that begins first or covers it wins.
    longest_no = max(sheet.group("no_word"), key=lambda s: s[1] - s[0], default=None)
    longest_yes = max(sheet.group("yes_word"), key=lambda s: s[1] - s[0], default=None)
    if longest_no and longest_yes and longest_no[0] <= longest_yes[0] < longest_no[1]:
        return False
    if not yes and not no:
        emoji = next((t.norm for t in sheet.tokens if t.kind == "emoji"), "")
        return True if emoji in ("👍", "✅", "👌") else False if emoji in ("👎", "❌") else None
    said = min(yes, default=999) < min(no, default=999)
    if said and asked.about.type == "quality_hold" and _says_more(sheet):
        return None  # "yes but scrap 80 not 50" is no yes to what was read back (R41)
    return said


def _says_more(sheet: Sheet) -> bool:
    """Whether a number, a lot, a decision, a condition or more than a few words stand beside the yes."""
    yes = {i for start, end in sheet.group("yes_word") for i in range(start, end)}  # "si" is an if as well
    hedged = any(start not in yes for name in ("if_word", "neg") for start, _ in sheet.group(name))
    beside = bool(sheet.numbers) or bool(sheet.of("lot")) or hedged
    words = sum(token.kind == "word" for token in sheet.tokens)
    return beside or bool(hits_of(sheet)) or words > LONGEST_YES


def _quantity(sheet: Sheet, asked: Asked) -> Quantity | None:
    found = [a for a in amounts(sheet) if a.unit != "measure"]
    if not found:
        numbers = [n for n in sheet.numbers if not n.article]
        if len(numbers) != 1:
            return None
        value, unit = numbers[0].value, ""
    else:
        best = next((a for a in found if a.unit), found[-1])
        value, unit = best.value, best.unit
    if not unit and asked.about.type == "labor_shortage":
        unit = "people"
    uom = plant_uom(unit, sheet.index, asked.about.items)
    if not uom and asked.about.lots:
        uom = sheet.context.records.lot[asked.about.lots[0]].uom
    return Quantity(value, uom)


def _type(sheet: Sheet) -> str | None:
    if sheet.hits("safety.sure"):
        return None  # "fire in the warehouse" names no kind of what was asked about: it is told by itself (R15)
    whole = [(0, len(sheet.tokens))]
    named = [name for name in kinds.CUE_OF if sheet.group(f"type_{name}")]
    if named:
        first = min(named, key=lambda name: sheet.group(f"type_{name}")[0][0])
        return kinds.CUE_OF[first]
    return kinds.best(kinds.votes(sheet, whole))


def _line(sheet: Sheet) -> str | None:
    lines = [m for m in sheet.of("line") if len(m.ids) == 1]
    if lines:
        return lines[0].ids[0]
    numbers = [n for n in sheet.numbers if n.value == int(n.value)]
    if len(numbers) == 1 and len(sheet.tokens) <= 5:
        return sheet.index.line_numbers.get(str(int(numbers[0].value)))
    part = kinds.Part(None, ((0, len(sheet.tokens)),))
    return link(sheet, part).line if sheet.of("asset") else None


def _id(sheet: Sheet, asked: Asked) -> str | None:
    part = kinds.Part(asked.about.type, ((0, len(sheet.tokens)),))
    linked = link(sheet, part, asked.about.line)
    ids = {"work_order": linked.orders, "asset": linked.assets, "item": linked.items, "lot": linked.lots}[asked.asks]
    if ids:
        return ids[0]
    ordinal = next((n for n in sheet.numbers if n.value in (1, 2, 3)), None)
    if asked.options and ordinal is not None and len(sheet.tokens) <= 4:
        position = int(ordinal.value) - 1
        return asked.options[position] if position < len(asked.options) else None
    if asked.asks == "work_order" and (by_ending := _order_by_ending(sheet, asked)) is not None:
        return by_ending
    if asked.asks in ("asset", "lot") and (by_number := _by_number(sheet, asked)) is not None:
        return by_number
    if asked.asks == "work_order":
        return _order_of_item(sheet, asked)
    return None


def _by_number(sheet: Sheet, asked: Asked) -> str | None:
    """ "number 2", "die 031", "the one ending in 09": the machine or lot of that number, where one has it."""
    if len(sheet.tokens) > _SHORT or len(sheet.numbers) != 1:
        return None
    number = sheet.numbers[0]
    if asked.asks == "asset":
        line = sheet.context.plant.line.get(asked.about.line or "")
        wanted = f"{number.value:g}"
        here = [a.id for a in (line.assets if line else ()) if sheet.index.asset_numbers[a.id] == wanted]
        return here[0] if len(here) == 1 else None
    digits = sheet.tokens[number.start].norm
    records = sheet.context.records
    ending = [lot.id for lot in records.lots if lot.id.endswith(digits) and lot.status != "consumed"]
    of_item = [id_ for id_ in ending if records.lot[id_].item in asked.about.items]
    fit = of_item or ending
    return fit[0] if digits.isdigit() and len(digits) >= 2 and len(fit) == 1 else None


def _order_by_ending(sheet: Sheet, asked: Asked) -> str | None:
    """ "la cincuenta y cinco", "końcówka 124": the one open order, of those offered or of the line, that ends so."""
    said = [n for n in sheet.numbers if not n.article and n.value == int(n.value) and n.value >= 10]
    if len(sheet.tokens) > _SHORT or len(said) != 1:
        return None
    digits = f"{said[0].value:.0f}"
    records = sheet.context.records
    fit = [o for o in records.work_orders if o.status in OPEN_ORDERS and re.sub(r"\D", "", o.id).endswith(digits)]
    for wanted in ([o.id for o in fit if o.id in asked.options], [o.id for o in fit if o.line == asked.about.line]):
        if len(wanted) == 1:
            return wanted[0]
    return fit[0].id if len(fit) == 1 and asked.about.line is None else None


def _order_of_item(sheet: Sheet, asked: Asked) -> str | None:
    """ "the ginger ale" answers "which order?" where the line has one open order of it, or one was offered."""
    items = {i for m in sheet.of("item") for i in m.ids}
    orders = [o for o in sheet.context.records.orders_of_line.get(asked.about.line or "", ()) if o.item in items]
    offered = [o.id for o in orders if o.id in asked.options]
    if len(offered) == 1:
        return offered[0]
    return orders[0].id if len(orders) == 1 else None
