"""Quality decisions in parts: what of which lot is released, reworked, scrapped; a no or an if has a veto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from nlp.kinds import clauses
from nlp.pattern import Hit
from nlp.sheet import Sheet
from nlp.units import Amount, amounts, is_a_code, plant_uom, unit_class
from nlp.words import lexicon
from workflow.reading import Decision, Disposition, Quantity

_OF_CUE: Mapping[str, Decision] = {
    "d.release": "release",
    "d.rework": "rework",
    "d.scrap": "scrap",
    "d.use_as_is": "use_as_is",
    "d.return_to_supplier": "return_to_supplier",
    "d.keep_on_hold": "keep_on_hold",
}
_KEPT: Decision = "keep_on_hold"  # what is neither freed nor destroyed stays there, however much that is
_FREES: frozenset[Decision] = frozenset({"release", "use_as_is"})


def read_decisions(sheet: Sheet) -> tuple[Disposition, ...]:
    """The parts of a decision in the order of the words; nothing is released by a misreading (R17, R41, R42)."""
    found: list[tuple[int, int, Decision]] = []
    for name, decision in _OF_CUE.items():
        found += [
            (h.start, h.end, decision) for h in sheet.hits(name) if not h.cue.name.endswith(".weak") or _plainly(sheet)
        ]
    found += [(h.start, h.end, "keep_on_hold") for h in sheet.negated if h.cue.name == "d.release"]
    found = [row for row in found if not (row[2] == "rework" and len(found) > 1 and _done_already(sheet, row[1]))]
    denied = [row for row in found if row[2] not in (*_FREES, "keep_on_hold") and _denied(sheet, row[0])]
    found = [row for row in found if row not in denied] or [(a, b, "keep_on_hold") for a, b, _ in denied]
    if not found:
        found = _held_back(sheet) or _freed_on_a_condition(sheet)
    found = _strongest(sorted(found))
    if any(decision == "keep_on_hold" for _, _, decision in found):
        kept = [(a, b, d) for a, b, d in found if d == "keep_on_hold"]
        found = [
            (a, b, d) for a, b, d in found
            if d not in _FREES or not any(_same_sentence(sheet, a, c) for c, _, _ in kept) or _own_lot(sheet, a)
            or _own_amount(sheet, a)
        ]  # fmt: skip
    others = [a for a, _, d in found if d not in _FREES and d != "keep_on_hold"]
    alone = [a for a, _, d in found if d in _FREES and not any(_same_clause(sheet, a, other) for other in others)]
    found = [
        (a, b, d) for a, b, d in found
        if d not in _FREES or a in alone or _own_amount(sheet, a)
    ]  # fmt: skip
    vetoed = [(a, b, d) for a, b, d in found if d in _FREES and (_conditional(sheet, a) or _denied(sheet, a))]
    found = [row if row not in vetoed else (row[0], row[1], "keep_on_hold") for row in found]
    thread_lots = sheet.context.thread.lots if sheet.context.thread is not None else ()
    default = thread_lots[0] if len(thread_lots) == 1 else None
    lots = [m for m in sheet.of("lot") if len(m.ids) == 1]
    out: list[Disposition] = []
    for position, (start, end, decision) in enumerate(found):
        before = found[position - 1][1] if position else 0
        after = found[position + 1][0] if position + 1 < len(found) else len(sheet.tokens)
        strange = [m for m in sheet.of("lot") if not m.ids and before <= m.start < after]
        own = any(before <= m.start < after for m in lots)
        # "release 6399-9A": one that ERP does not know is asked about, and never another one instead.
        lot = None if strange and not own else _lot_for(sheet, start, end, before, after, lots) or default
        conditional = any((a, b) == (start, end) for a, b, _ in vetoed)
        amount = None if conditional else _amount_for(sheet, start, end, before, after, found)
        items = [sheet.context.records.lot[lot].item] if lot is not None else []
        quantity = None
        if amount is not None:
            unit = amount.unit or next((a.unit for a in amounts(sheet) if a.unit and a.unit != "measure"), "")
            held = sheet.context.thread.quantity if sheet.context.thread is not None else None
            lot_uom = sheet.context.records.lot[lot].uom if lot is not None else held.uom if held is not None else ""
            quantity = Quantity(amount.value, plant_uom(unit, sheet.index, items) if unit else lot_uom)
        if quantity is None and not conditional:
            quantity = _half_of_it(sheet, before, after)
        part = Disposition(decision, lot, quantity)
        if quantity is not None:  # "deviation granted, the 110 may be used so" is said once
            out = [o for o in out if o.quantity is not None or (o.decision, o.lot) != (decision, lot)]
        if part not in out and not any(o.decision == decision and o.lot == lot and quantity is None for o in out):
            out.append(part)
    out = _with_the_rest(sheet, out)
    out = [part for part in out if not _kept_besides(part, out)]
    stands = [part for part in out if part.decision not in _FREES or not _stays(part, out)]
    return tuple(part for part in stands if part.decision != "release" or not _accepted_besides(part, stands))


def _half_of_it(sheet: Sheet, before: int, after: int) -> Quantity | None:
    """ "half of it can go, bin the other half": of what the case says is held."""
    held = sheet.context.thread.quantity if sheet.context.thread is not None else None
    counted = [a for a in amounts(sheet) if a.unit not in ("measure", "people") and a.value != 0.5]
    if held is None or counted or not sheet.group("half_of", before, after):
        return None
    return Quantity(held.value / 2, held.uom)


def _with_the_rest(sheet: Sheet, parts: Sequence[Disposition]) -> list[Disposition]:
    """ "scrap 30, the rest as is", of 150 that are held: how many the rest are, where the case tells how many."""
    thread = sheet.context.thread
    held = thread.quantity if thread is not None else None
    open_ = [p for p in parts if p.quantity is None]
    counted = [p.quantity for p in parts if p.quantity is not None]
    if held is None or len(open_) != 1 or not counted or not sheet.has("d.rest") or open_[0].decision == _KEPT:
        return list(parts)
    left = held.value - sum(q.value for q in counted)
    if left <= 0 or any(unit_class(q.uom) != unit_class(held.uom) for q in counted):
        return list(parts)
    return [replace(p, quantity=Quantity(left, held.uom)) if p is open_[0] else p for p in parts]


def _stays(free: Disposition, parts: Sequence[Disposition]) -> bool:
    """ "they say 26314 is released. it is NOT. it stays on hold": nothing of a lot is free that is kept (R17)."""
    kept = [p for p in parts if p.decision == "keep_on_hold" and (p.lot == free.lot or p.lot is None)]
    return bool(kept) and free.quantity is None


def _kept_besides(kept: Disposition, parts: Sequence[Disposition]) -> bool:
    """ "goes back to the supplier, the thread remains too tight": a whole lot that is decided on stays nowhere."""
    return kept.decision == "keep_on_hold" and any(
        p.decision not in (*_FREES, "keep_on_hold") and p.quantity is None and p.lot == kept.lot for p in parts
    )


def _accepted_besides(release: Disposition, parts: Sequence[Disposition]) -> bool:
    """ "frei per Sonderfreigabe" is one decision in two words: the deviation, not a release besides."""
    accepted = [p for p in parts if p.decision == "use_as_is" and p.lot == release.lot]
    return any(p.quantity is None or release.quantity in (None, p.quantity) for p in accepted)


def _plainly(sheet: Sheet) -> bool:
    """ "it can go" releases only what is on hold, and where nothing in the message denies, limits or asks."""
    doubts = any(sheet.group(name) for name in ("neg", "if_word", "until_word", "still", "hold_verb"))
    asked = any(token.norm == "?" for token in sheet.tokens)
    return _on_hold(sheet) and not doubts and not asked and not sheet.has("d.keep_on_hold")


def _on_hold(sheet: Sheet) -> bool:
    """Whether there is anything to free: a hold's thread, a lot on hold, or no lot named (then it is asked for)."""
    thread = sheet.context.thread
    lots = [sheet.context.records.lot[i] for m in sheet.of("lot") for i in m.ids]
    return (
        (thread is not None and thread.type == "quality_hold")
        or not lots
        or any(lot.status in ("hold", "blocked") for lot in lots)
    )


def _done_already(sheet: Sheet, end: int) -> bool:
    """ "Reinspección hecha: libero 200": what was done is not what is decided."""
    return end < len(sheet.tokens) and "done_word" in sheet.spans[end]


def _same_clause(sheet: Sheet, one: int, other: int) -> bool:
    return any(a <= one < b and a <= other < b for a, b in clauses(sheet))


def _held_back(sheet: Sheet) -> list[tuple[int, int, Decision]]:
    """ "nobody touches it", of a lot that is on hold: it stays there."""
    held = [
        m for m in sheet.of("lot") if any(sheet.context.records.lot[i].status in ("hold", "blocked") for i in m.ids)
    ]
    words = sheet.group("hold_verb") or sheet.group("hold_noun")
    return [(words[0][0], words[0][1], "keep_on_hold")] if held and words else []


def _freed_on_a_condition(sheet: Sheet) -> list[tuple[int, int, Decision]]:
    """ "318Y2-1 can go if the second set is clean": until then it stays."""
    return [(h.start, h.end, "keep_on_hold") for h in sheet.hits("d.release.weak") if _conditional(sheet, h.start)][:1]


def _strongest(found: Sequence[tuple[int, int, Decision]]) -> list[tuple[int, int, Decision]]:
    """Of decisions that overlap, the longer words; "se pueden usar tal cual" holds no release."""
    kept: list[tuple[int, int, Decision]] = []
    for row in sorted(found, key=lambda r: (r[2] == "release", r[0] - r[1], r[2] != "keep_on_hold")):
        if all(row[1] <= other[0] or row[0] >= other[1] for other in kept):
            kept.append(row)
    return sorted(kept)


def _conditional(sheet: Sheet, i: int) -> bool:
    start, end = sheet.sentence_of(i)
    asked = end < len(sheet.tokens) and sheet.tokens[end].norm == "?"
    return asked or bool(sheet.group("if_word", start, end)) or bool(sheet.group("until_word", start, end))


def _denied(sheet: Sheet, i: int) -> bool:
    """A no right before it, in whatever language it stands: an Indian plant's "do not release" is English to nobody.

    Where the message's own language has another use for the word (Portuguese "no" is "in the"), only if they touch.
    """
    own = sheet.languages[0]
    for away in (1, 2):
        if i < away or sheet.tokens[i - away].breaks:
            return False
        word = sheet.tokens[i - away].norm
        denies = _denials().get(word, frozenset())
        if denies and (away == 1 or own in denies or own not in lexicon().vocabulary.get(word, frozenset())):
            return True
    return False


@cache
def _denials() -> Mapping[str, frozenset[str]]:
    """Every single word that denies, with the languages in which it does."""
    return lexicon().groups.single_words("neg")


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
    inside = [a for a in amounts(sheet, lo, hi) if a.unit not in ("measure", "people") and not _sieved(sheet, a)]
    inside = [a for a in inside if a.unit or not is_a_code(sheet, a.start)]
    if not inside:
        others = [a for a in found if clause[0] <= a[0] < clause[1]]
        if len(others) == 1:
            inside = [a for a in amounts(sheet, *clause) if a.unit not in ("measure", "people")]
    sentence = sheet.sentence_of(start)
    if not inside and sum(sentence[0] <= a < sentence[1] for a, _, _ in found) == 1:
        whole = [a for a in amounts(sheet, *sentence) if a.unit not in ("measure", "people")]
        inside = whole if len(whole) == 1 else []  # "Remaining 150 with dented corners, scrap."
    if not inside:
        return None
    # "release 50 rework 60", "50 freigeben 60 nacharbeiten": what begins with a number has them all in front.
    first = min(a for a, _, _ in found if sentence[0] <= a < sentence[1])
    in_front = any(a.end <= first for a in amounts(sheet, *sentence) if a.unit not in ("measure", "people"))
    return min(inside, key=lambda a: (min(abs(a.start - end), abs(start - a.end)), (a.start < start) != in_front))


def _sieved(sheet: Sheet, amount: Amount) -> bool:
    """ "nochmal sieben und neu verpressen": the German seven is a sieve's work where nothing is counted."""
    following = sheet.tokens[amount.end] if amount.end < len(sheet.tokens) else None
    last = following is None or following.breaks or "and_word" in sheet.spans[amount.end]
    return not amount.unit and sheet.tokens[amount.start].norm == "sieben" and last


def hits_of(sheet: Sheet) -> list[Hit]:
    """Every cue that speaks for a decision."""
    return sheet.hits(*_OF_CUE)
