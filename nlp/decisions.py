"""Quality decisions in parts: what of which lot is released, reworked, scrapped; a no or an if has a veto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlp.kinds import clauses
from nlp.pattern import Hit
from nlp.sheet import Sheet
from nlp.units import Amount, amounts, plant_uom
from workflow.reading import Decision, Disposition, Quantity

_OF_CUE: Mapping[str, Decision] = {
    "d.release": "release",
    "d.rework": "rework",
    "d.scrap": "scrap",
    "d.use_as_is": "use_as_is",
    "d.return_to_supplier": "return_to_supplier",
    "d.keep_on_hold": "keep_on_hold",
}
_FREES: frozenset[Decision] = frozenset({"release", "use_as_is"})


def read_decisions(sheet: Sheet) -> tuple[Disposition, ...]:
    """The parts of a decision in the order of the words; nothing is released by a misreading (R17, R41, R42)."""
    found: list[tuple[int, int, Decision]] = []
    for name, decision in _OF_CUE.items():
        found += [(h.start, h.end, decision) for h in sheet.hits(name)]
    found += [(h.start, h.end, "keep_on_hold") for h in sheet.negated if h.cue.name == "d.release"]
    found = _strongest(sorted(found))
    if any(decision == "keep_on_hold" for _, _, decision in found):
        kept = [(a, b, d) for a, b, d in found if d == "keep_on_hold"]
        found = [
            (a, b, d) for a, b, d in found
            if d not in _FREES or not any(_same_sentence(sheet, a, c) for c, _, _ in kept) or _own_lot(sheet, a)
            or _own_amount(sheet, a)
        ]  # fmt: skip
    vetoed = [(a, b, d) for a, b, d in found if d in _FREES and _conditional(sheet, a)]
    found = [row if row not in vetoed else (row[0], row[1], "keep_on_hold") for row in found]
    thread_lots = sheet.context.thread.lots if sheet.context.thread is not None else ()
    default = thread_lots[0] if len(thread_lots) == 1 else None
    lots = [m for m in sheet.of("lot") if len(m.ids) == 1]
    out: list[Disposition] = []
    for position, (start, end, decision) in enumerate(found):
        before = found[position - 1][1] if position else 0
        after = found[position + 1][0] if position + 1 < len(found) else len(sheet.tokens)
        lot = _lot_for(sheet, start, end, before, after, lots) or default
        amount = _amount_for(sheet, start, end, before, after, found)
        items = [sheet.context.records.lot[lot].item] if lot is not None else []
        quantity = None
        if amount is not None:
            unit = amount.unit or next((a.unit for a in amounts(sheet) if a.unit and a.unit != "measure"), "")
            lot_uom = sheet.context.records.lot[lot].uom if lot is not None else ""
            quantity = Quantity(amount.value, plant_uom(unit, sheet.index, items) if unit else lot_uom)
        part = Disposition(decision, lot, quantity)
        if part not in out and not any(o.decision == decision and o.lot == lot and quantity is None for o in out):
            out.append(part)
    return tuple(out)


def _strongest(found: Sequence[tuple[int, int, Decision]]) -> list[tuple[int, int, Decision]]:
    """Of decisions that overlap, the longer words; "use as is" holds no "release"."""
    kept: list[tuple[int, int, Decision]] = []
    for row in sorted(found, key=lambda r: (r[0] - r[1], r[2] != "keep_on_hold")):
        if all(row[1] <= other[0] or row[0] >= other[1] for other in kept):
            kept.append(row)
    return sorted(kept)


def _conditional(sheet: Sheet, i: int) -> bool:
    start, end = sheet.sentence_of(i)
    asked = end < len(sheet.tokens) and sheet.tokens[end].norm == "?"
    return asked or bool(sheet.group("if_word", start, end)) or bool(sheet.group("until_word", start, end))


def _same_sentence(sheet: Sheet, a: int, b: int) -> bool:
    return sheet.sentence_of(a) == sheet.sentence_of(b)


def _own_lot(sheet: Sheet, i: int) -> bool:
    clause = next(((a, b) for a, b in clauses(sheet) if a <= i < b), (i, i + 1))
    return bool(sheet.of("lot", *clause))


def _own_amount(sheet: Sheet, i: int) -> bool:
    clause = next(((a, b) for a, b in clauses(sheet) if a <= i < b), (i, i + 1))
    return bool([a for a in amounts(sheet, *clause) if a.unit != "measure"])


def _lot_for(sheet: Sheet, start: int, end: int, before: int, after: int, lots: Sequence[object]) -> str | None:
    """The lot said in the decision's own stretch, else the last one before it."""
    own = [m for m in lots if before <= m.start < after]  # type: ignore[attr-defined]
    earlier = [m for m in lots if m.start < start]  # type: ignore[attr-defined]
    if earlier and own:
        last = earlier[-1]
        return str((last if last in own or not _begins_later(sheet, own, end) else own[0]).ids[0])  # type: ignore[attr-defined]
    if own:
        return str(own[0].ids[0])  # type: ignore[attr-defined]
    return str(earlier[-1].ids[0]) if earlier else None  # type: ignore[attr-defined]


def _begins_later(sheet: Sheet, own: Sequence[object], end: int) -> bool:
    sentence = sheet.sentence_of(end - 1)
    return any(sentence[0] <= m.start < sentence[1] for m in own)  # type: ignore[attr-defined]


def _amount_for(
    sheet: Sheet,
    start: int,
    end: int,
    before: int,
    after: int,
    found: Sequence[tuple[int, int, Decision]],
) -> Amount | None:
    clause = next(((a, b) for a, b in clauses(sheet) if a <= start < b), (start, end))
    lo, hi = max(before, clause[0]), min(after, clause[1])
    inside = [a for a in amounts(sheet, lo, hi) if a.unit != "measure" and a.unit != "people"]
    if not inside:
        others = [a for a in found if clause[0] <= a[0] < clause[1]]
        if len(others) == 1:
            inside = [a for a in amounts(sheet, *clause) if a.unit not in ("measure", "people")]
    if not inside:
        return None
    return min(inside, key=lambda a: min(abs(a.start - end), abs(start - a.end)))


def hits_of(sheet: Sheet) -> list[Hit]:
    """Every cue that speaks for a decision."""
    return sheet.hits(*_OF_CUE)
