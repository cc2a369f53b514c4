"""How much is affected, held, short or wanted, of all the numbers that a message holds."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.kinds import Part
from nlp.sheet import Sheet
from nlp.units import Amount, amounts, plant_uom, unit_class
from nlp.words import lexicon
from workflow.reading import ExceptionType, Quantity

_NO_QUANTITY: frozenset[ExceptionType] = frozenset({"changeover_overrun", "safety", "other"})
_A_HANDFUL = 10  # fewer are told of how a machine fails: "it spat out three lids"


def how_much(sheet: Sheet, part: Part, items: Sequence[str], lots: Sequence[str]) -> Quantity | None:
    """The amount that a stretch of the message is about, in the plant's unit; `lots` are the items of its lots."""
    if part.type == "machine_breakdown":
        return _spoilt(sheet, part, [*items, *lots])
    if part.type is None or part.type in _NO_QUANTITY:
        return None
    found = [a for start, end in part.ranges for a in amounts(sheet, start, end) if a.unit != "measure"]
    if part.type == "labor_shortage":
        return _people(sheet, part, found)
    found = [a for a in found if a.unit != "people" and a.value > 0 and not _counts_talk(sheet, a)]
    found = [a for a in found if a.unit or not sheet.index.lots_beginning(sheet.tokens[a.start].norm)]
    chosen = _difference(part, found) or _choose(sheet, part, found, [*items, *lots])
    if part.type == "inventory_discrepancy" and len(found) == 2 and not any(_differs(sheet, a) for a in found):
        one, other = found  # "system has 12, only 9 on the shelf"
        alike = one.unit == other.unit or not one.unit or not other.unit
        if one.value != other.value and min(one.value, other.value) > max(one.value, other.value) / 20 and alike:
            chosen = Amount(abs(one.value - other.value), one.unit or other.unit, one.start, other.end)
    if chosen is None:
        return None
    named = [m for m in sheet.of("item") if m.ids[0] in items]
    counts_it = any(m.start < chosen.end <= m.end for m in named)  # "700 black trays": trays are what the item is
    unit = "" if counts_it else chosen.unit or ("" if items or lots else next((a.unit for a in found if a.unit), ""))
    if not unit and (items or lots):
        uoms = {sheet.context.records.item[i].uom for i in (*items, *lots)}
        return (
            Quantity(chosen.value, uoms.pop())
            if len(uoms) == 1
            else Quantity(chosen.value, plant_uom("", sheet.index, [*items, *lots]))
        )
    if not unit and part.type == "order_change":
        uoms = {sheet.context.records.work_order[m.ids[0]].uom for m in sheet.of("order") if len(m.ids) == 1}
        unit = unit_class(uoms.pop()) if len(uoms) == 1 else ""
    if not unit:
        unit = _unit_nearby(sheet, part)
        unit = "" if unit in ("cs", "box", "crate", "pack", "ea") else unit  # "380 in the box": where it lies
    uom = plant_uom(unit, sheet.index, [*items, *lots])
    if not uom and sheet.index.packed_in:
        uom = sheet.index.packed_in[0]  # what is counted without a unit is what the plant makes
    return Quantity(chosen.value, uom) if uom else None


def _spoilt(sheet: Sheet, part: Part, items: Sequence[str]) -> Quantity | None:
    """ "rejecting good packs, 300 in the bin so far": the product that a machine's trouble caught."""
    of_product = {unit_class(uom) for uom in sheet.index.packed_in} | {"ea", "kg", "pack", "box", "cs"}
    for amount in (a for start, end in part.ranges for a in amounts(sheet, start, end)):
        after = range(amount.end, min(amount.end + 3, len(sheet.tokens)))
        rate = any({"u_min", "u_hour", "u_shift", "u_sec"} & sheet.spans[i].keys() for i in after)
        each = any("every" in sheet.spans[i] for i in range(max(0, amount.start - 2), amount.start))
        if amount.unit in of_product and amount.value >= _A_HANDFUL and not rate and not each:
            return Quantity(amount.value, plant_uom(amount.unit, sheet.index, items))
    return None


def _differs(sheet: Sheet, amount: Amount) -> bool:
    """ "100 short", "difference of 60": the number is the difference itself."""
    near = range(max(0, amount.start - 3), min(amount.end + 3, len(sheet.tokens)))
    beside = [
        i for i in near if not any(sheet.tokens[j].breaks for j in range(min(i, amount.start), max(i, amount.end)))
    ]
    return any("difference_word" in sheet.spans[i] for i in beside)


def _difference(part: Part, found: Sequence[Amount]) -> Amount | None:
    """ "system 5200, counted 4100, 1100 short": of three numbers, the one that the other two differ by."""
    if part.type not in ("inventory_discrepancy", "material_shortage"):
        return None
    of_value: dict[float, list[Amount]] = {}
    for amount in found:
        of_value.setdefault(amount.value, []).append(amount)
    said = [amounts[0] for amounts in of_value.values()]  # of "9 9 9 9 ..." the first stands for all
    for first in said:
        for second in said:
            between = first.value - second.value
            third = [a for a in of_value.get(between, ()) if a is not second] if between > 0 else []
            if third:
                last = max((second, *third), key=lambda a: a.start)
                unit = last.unit or next((a.unit for a in (first, second, *third) if a.unit), "")
                return Amount(last.value, unit, last.start, last.end)
    return None


def _counts_talk(sheet: Sheet, amount: Amount) -> bool:
    """ "two things", "3 times": counted is what is said, not what lies there."""
    return not amount.unit and amount.end < len(sheet.tokens) and "talk_noun" in sheet.spans[amount.end]


def _unit_nearby(sheet: Sheet, part: Part) -> str:
    for start, end in part.ranges:
        for i in range(start, end):
            following = sheet.tokens[i + 1] if i + 1 < len(sheet.tokens) else None
            if following is not None and following.glued and following.kind == "number":
                continue  # "M16"
            for name in sheet.spans[i]:
                if name.startswith("uom_") and len(sheet.tokens[i].norm) > 2:
                    return name.removeprefix("uom_")
    return ""


def _counts_things(sheet: Sheet, amount: Amount, items: Sequence[str]) -> bool:
    """ "40 Ritzel mit Grat", "put 65 aside": before a noun that no lexicon holds, or beside a word of holding."""
    if amount.value < (5 if not items else 3) or amount.value != int(amount.value):
        return False
    beside = range(max(0, amount.start - 3), min(len(sheet.tokens), amount.end + 3))
    if any("hold_verb" in sheet.spans[i] for i in beside):
        return True
    if amount.end >= len(sheet.tokens):
        return False
    following, here = sheet.tokens[amount.end], sheet.spans[amount.end]
    before = sheet.spans[amount.start - 1] if amount.start else {}
    if following.kind != "word" or following.glued or len(following.norm) < 4:
        return False
    if any(name in before for name in ("place_word", "limit_word", "measurement", "code_word", "line_word")):
        return False
    strange = following.norm not in _function_words(sheet) and not any(
        group.startswith(("u_", "t_")) or group in ("measure", "oclock", "people", "talk_noun") for group in here
    )
    return strange and (
        bool(items) or not any(m.start <= amount.end < m.end for m in sheet.mentions if m.what != "item")
    )


def _may_count(sheet: Sheet, amount: Amount) -> bool:
    """A whole number, alone on its own, that no word beside it makes a place, a limit, a measurement or a code."""
    token = sheet.tokens[amount.start]
    if amount.value < 3 or amount.value != int(amount.value) or not token.norm.isdigit():
        return False
    before = sheet.spans[amount.start - 1] if amount.start else {}
    if any(
        n in before for n in ("place_word", "limit_word", "measurement", "code_word", "line_word", "loc", "order_word")
    ):
        return False
    neighbours = [sheet.tokens[i] for i in (amount.start - 1, amount.end) if 0 <= i < len(sheet.tokens)]
    if any(other.kind == "mark" for other in neighbours) or token.glued:
        return False
    return not (amount.end < len(sheet.tokens) and sheet.tokens[amount.end].glued)


def _function_words(sheet: Sheet) -> frozenset[str]:
    return lexicon().function_words(sheet.languages)


def _choose(sheet: Sheet, part: Part, found: Sequence[Amount], items: Sequence[str]) -> Amount | None:
    if not found:
        return None
    ranked = []
    bare = [amount for amount in found if _may_count(sheet, amount)]
    totals = [amount for amount in found if _is_behind_of(sheet, amount)]
    for amount in found:
        counts = any(_of_so_many(sheet, other, [amount]) for other in totals)
        score = 2.0 if amount.unit or counts else 2.0 * _counts_things(sheet, amount, items)
        if not score and [amount] == bare and len(found) == 1:
            score = 2.0  # the only number there is
        if part.type == "order_change" and not amount.unit and amount.value >= 20 and sheet.of("order"):
            score = max(score, 1.2)
        if part.type in ("inventory_discrepancy", "order_change") and not amount.unit and amount.value >= 2:
            score = max(score, 1.0)
        before = range(max(0, amount.start - 4), amount.start)
        near = range(max(0, amount.start - 2), amount.start)
        counted = part.type in ("inventory_discrepancy", "material_shortage")
        after = range(amount.end, min(amount.end + 2, len(sheet.tokens)))
        if counted and any("difference_word" in sheet.spans[i] for i in before):
            score += 3.0
        elif counted and any("difference_word" in sheet.spans[i] for i in after) and not _is_left(sheet, amount):
            score += 2.0
        between = max((a.end for a in found if a.end <= amount.start), default=0)  # "90 instead of 92, put 36 aside"
        if any("instead" in sheet.spans[i] for i in before if i >= between):
            score -= 4.0
        if amount.end < len(sheet.tokens) and "neg_post" in sheet.spans[amount.end] and len(found) > 1:
            score -= 4.0  # "1000 nahi 1300"
        if _of_so_many(sheet, amount, found):
            score -= 4.0  # "18 of 20 housings"
        if any(
            "neg" in sheet.spans[i] and i + 1 >= amount.start and not _of_the_one_before(sheet, i, found) for i in near
        ):
            score -= 4.0  # "3000, not 2500"
        beside = [i for i in near if not any(sheet.tokens[j].breaks for j in range(i, amount.start))]
        if part.type == "quality_hold" and any("limit_word" in sheet.spans[i] for i in beside):
            score -= 4.0
        if part.type == "quality_hold" and amount.unit:
            score += min(0.9, amount.value / 10_000)  # a sample of 20 was taken from the 9,000 that are held
        if part.type == "order_change" and any("from_word" in sheet.spans[i] for i in near):
            score -= 4.0
        if part.type == "order_change" and any("to_word" in sheet.spans[i] for i in near):
            score += 3.0
        if part.type == "material_shortage" and any("need" in sheet.spans[i] for i in before):
            score += 2.0
            score += 1.5 * any("more" in sheet.spans[i] for i in near)
        if part.type not in ("order_change", "quality_hold") and _is_left(sheet, amount):
            score -= 4.0
        if amount.unit and any("every" in sheet.spans[i] for i in near):
            score -= 4.0  # "co 10 szt"; but "alle 240" are all of them
        if amount.unit and items and unit_class(sheet.context.records.item[items[0]].uom) == amount.unit:
            score += 0.5  # "2 drums, 400 kg": as ERP counts it
        ranked.append((score, -amount.start, amount))
    score, _, amount = max(ranked, key=lambda row: row[:2])
    return amount if score >= (1.2 if part.type == "order_change" else 2.0) else None


def _of_the_one_before(sheet: Sheet, i: int, found: Sequence[Amount]) -> bool:
    """ "1000 nahi 1300": in Hindi the no stands behind what it denies."""
    return "neg_post" in sheet.spans[i] and any(a.end == i for a in found)


def _is_behind_of(sheet: Sheet, amount: Amount) -> bool:
    return amount.start > 0 and not {"of_word", "from_word"}.isdisjoint(sheet.spans[amount.start - 1])


def _of_so_many(sheet: Sheet, amount: Amount, found: Sequence[Amount]) -> bool:
    """ "18 of 20", "30 out of 120", "von 200 Wellen 45": the larger number tells only of how many."""
    if not _is_behind_of(sheet, amount):
        return False
    i = amount.start - 1
    begins = i == 0 or sheet.tokens[i - 1].breaks
    return any(
        a.value < amount.value
        and ((a.start < i and a.end >= i - 1) or (begins and amount.end <= a.start <= amount.end + 2))
        for a in found
    )


def _is_left(sheet: Sheet, amount: Amount) -> bool:
    """ "only 3 left": what is there, not what is missing."""
    before = range(max(0, amount.start - 2), amount.start)
    counted = next((m.end for m in sheet.of("item") if amount.end <= m.start <= amount.end + 2), amount.end)
    stop = next((i for i in range(amount.end, counted) if sheet.tokens[i].breaks), min(len(sheet.tokens), counted + 3))
    after = range(amount.end, stop)
    wanted = any(
        {"missing", "need", "short"} & sheet.spans[i].keys() for i in range(max(0, amount.start - 3), amount.start)
    )
    if wanted:
        before = range(0)  # "es fehlen noch 15 kg"
    few = [] if wanted else sheet.group("low")  # "need half a pallet"
    return any("left_word" in sheet.spans[i] for i in (*before, *after)) or any(a <= amount.start < b for a, b in few)


def _people(sheet: Sheet, part: Part, found: Sequence[Amount]) -> Quantity | None:
    counted = [a for a in found if a.unit in ("people", "") and a.value < 60 and a.value == int(a.value)]
    ones = [Amount(1.0, "people", n.start, n.end) for n in sheet.numbers if n.article or n.value == 1]
    wanted = [i for name in ("missing", "short", "need") for i, _ in sheet.group(name) if part.holds(i)]
    lacks_one = any(a.end in wanted or a.start == end for a in ones for i in wanted for end in _ends(sheet, i))
    if lacks_one and not any(a.unit == "people" and abs(a.start - i) <= 2 for a in counted for i in wanted):
        return Quantity(1.0, "people")  # "solo somos dos, falta uno", "we're one short"
    lacking = [
        (abs(a.start - i), a) for name in ("missing", "short", "need") for i, _ in sheet.group(name)
        for a in counted if part.holds(i) and -2 <= a.start - i <= 3 and "crew_word" not in sheet.spans[i]
    ]  # fmt: skip
    if lacking:  # "2 osoby zamiast 5, brakuje 3": what is missing, not who is there
        return Quantity(min(lacking, key=lambda row: row[0])[1].value, "people")
    if (gap := _crew_gap(sheet, part, counted)) is not None:
        return Quantity(gap, "people")
    for amount in found:
        if amount.unit == "people":
            return Quantity(amount.value, "people")
    for hit in sheet.hits("labor"):
        if part.holds(hit.start):
            for name, start, end in hit.captured:
                if name in ("n", "a"):
                    value = next((n.value for n in sheet.numbers if (n.start, n.end) == (start, end)), None)
                    if value is not None and value < 60:
                        return Quantity(value, "people")
    small = [a for a in found if not a.unit and a.value < 30 and a.value == int(a.value) and not _of_machines(sheet, a)]
    if small:
        return Quantity(small[0].value, "people")
    alone = any(part.holds(i) for i, _ in sheet.group("alone_word"))
    if alone and any(part.holds(i) for i, _ in sheet.group("absent")) and not found:
        return Quantity(1.0, "people")  # "my mate did not come, I am alone here"
    wanting = [i for name in ("missing", "short", "need", "absent") for i, _ in sheet.group(name) if part.holds(i)]
    one = [n for n in sheet.numbers if n.value == 1 and any(abs(n.start - i) <= 3 for i in wanting)]
    return Quantity(1.0, "people") if one else None


def _ends(sheet: Sheet, i: int) -> set[int]:
    """Where a word of lacking ends that begins here."""
    return {end for name in ("missing", "short", "need") for end in sheet.spans[i].get(name, ())}


def _of_machines(sheet: Sheet, amount: Amount) -> bool:
    """ "alone at two presses", "sozinho com as duas compressoras": what one stands at, not who is missing."""
    i = amount.end
    if i >= len(sheet.tokens) or sheet.tokens[i].kind != "word" or "people" in sheet.spans[i]:
        return False
    machine = "machine_word" in sheet.spans[i] or any(m.start <= i < m.end for m in sheet.of("asset"))
    at = amount.start and bool({"loc", "article_word", "of_word", "for_word"} & sheet.spans[amount.start - 1].keys())
    strange = sheet.tokens[i].norm not in _function_words(sheet) and len(sheet.tokens[i].norm) > 4
    return machine or (bool(at) and strange)


def _crew_gap(sheet: Sheet, part: Part, counted: Sequence[Amount]) -> float | None:
    """ "venimos 2 de 5", "only me and Dawn, meant to be 4": how many there should be, less how many there are."""
    words = [i for i, _ in sheet.group("crew_word") if part.holds(i)]
    said = sorted({a.value for a in counted if a.value > 0})
    if not words:
        return None
    if len(said) == 2:
        near = any(0 <= a.start - i <= 4 for i in words for a in counted if a.value == said[1])
        after = any(-3 <= a.start - i < 0 for i in words for a in counted if a.value == said[1])
        return said[1] - said[0] if near or after else None
    alone = [i for i, _ in sheet.group("alone_word") if part.holds(i)]
    if len(said) == 1 and alone and said[0] > 1:
        with_ = sum("and_word" in sheet.spans[i] for i in range(alone[0], min(len(sheet.tokens), alone[0] + 4)))
        return said[0] - 1 - min(1, with_) or None
    return None
