"""What some messages say so plainly that no learnt vote may say otherwise: it is there, it is held, it stays held."""

from __future__ import annotations

from nlp import kinds
from nlp.decisions import hits_of, read_decisions
from nlp.intents import questions, unreal
from nlp.sheet import Sheet


def is_there(sheet: Sheet) -> bool:
    """ "the labels for 10482 are ready", "foil just arrived": material that is there, and not a word of trouble."""
    there = sheet.hits("i.resolve.there")
    troubled = sheet.negated or sheet.group("neg") or sheet.group("soon") or sheet.group("if_word")
    if not there or troubled or questions(sheet) or sheet.has("stopped") or hits_of(sheet):
        return False
    told = kinds.votes(sheet, [(0, len(sheet.tokens))])
    lacks = ("material_shortage", "inventory_discrepancy")  # in the very words: "none left, but now it is here"
    other = any(vote > (kinds.WEAK if kind in lacks else 0.0) for kind, vote in told.items())
    return not other and sheet.context.question is None


def is_not_there_yet(sheet: Sheet) -> bool:
    """ "the cartons for 391 are not ready": what speaks of material that is there, with a no in it."""
    return not questions(sheet) and any(sheet.group("neg", h.start, h.end) for h in sheet.hits("i.resolve.there"))


def counts_the_bad_ones(sheet: Sheet) -> bool:
    """ "45 von 200 haben Grat": so many of so many, and a word of what is wrong with them."""
    counted = [number.value for number in sheet.numbers if not number.article]
    return len(counted) == 2 and 0 < counted[0] < counted[1] and sheet.has("quality") and not sheet.negated


def asks_of_no_trouble(sheet: Sheet) -> bool:
    """ "कल का सारांश": words of a question, and none of trouble."""
    told = kinds.votes(sheet, [(0, len(sheet.tokens))])
    return sheet.has("i.query") and not any(told.values()) and not sheet.negated


def holds_what_is_free(sheet: Sheet) -> bool:
    """Every lot that is named is free as yet, and all that is decided of it is that it stays."""
    lots = [sheet.context.records.lot[i] for m in sheet.of("lot") for i in m.ids]
    held = any(lot.status in ("hold", "blocked") for lot in lots)
    decided = read_decisions(sheet)
    kept = bool(decided) and all(part.decision == "keep_on_hold" for part in decided)
    released = sheet.has("d.release") or any(h.cue.name.startswith("d.release") for h in sheet.negated)
    told = sheet.has("quality", "foreign_body", "allergen") or bool(sheet.group("hold_verb"))
    return bool(lots) and not held and kept and told and not released and not sheet.group("still")


def keeps_on_a_condition(sheet: Sheet) -> bool:
    """ "If, and only if, the second set is clean, 318Y2-1 can go", said of a hold by quality: until then it stays."""
    thread = sheet.context.thread
    if thread is None or thread.type != "quality_hold" or "quality" not in sheet.context.sender.roles:
        return False
    freed = [*sheet.hits("d.release", "d.use_as_is"), *sheet.hits("d.release.weak")]
    doubtful = unreal(sheet)
    return (
        bool(freed and sheet.of("lot"))
        and all(any(a <= h.start < b for a, b in doubtful) for h in freed)
        and (not questions(sheet))
    )
