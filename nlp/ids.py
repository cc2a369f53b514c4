"""Ids and bare numbers that name orders, lots and items, and the numbers that only look like them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from nlp.index import PlantIndex
from nlp.naming import Ground, Mention
from nlp.tokens import Identifier, Token, identifiers


def find_ids(index: PlantIndex, ground: Ground, text: str) -> Iterator[Mention]:
    """Every id and number of the plant that a text holds."""
    found = identifiers(text)
    for position, identifier in enumerate(found):
        following = found[position + 1] if position + 1 < len(found) else None
        mention = _one_id(index, ground, text, identifier, following)
        if mention is not None:
            yield mention


def _one_id(
    index: PlantIndex, ground: Ground, text: str, identifier: Identifier, following: Identifier | None
) -> Mention | None:
    start, end = _token_range(ground.tokens, identifier.start, identifier.end)
    if start >= end:
        return None
    # "FG 2010", "lot 6320 3A": an id written in two words.
    if following is not None and following.start == identifier.end + 1 and text[identifier.end] in " -":
        last = _token_range(ground.tokens, following.start, following.end)[1]
        for what, id_ in index.keys.get(identifier.key + following.key, ()):
            return Mention(what, (id_,), start, last, 0.95, f"{what} {id_}")
    before = ground.tokens[start - 1] if start else None
    if before is not None and before.kind == "word" and before.end + 1 >= identifier.start:
        for what, id_ in index.keys.get(before.norm.upper() + identifier.key, ()):
            return _order_checked(index, Mention(what, (id_,), start - 1, end, 0.97, f"{what} {id_}"))
    for what, id_ in index.keys.get(identifier.key, ()):
        if identifier.key.isdigit() and (start in ground.timed or measured(ground, end)):
            continue
        return _order_checked(index, Mention(what, (id_,), start, end, 0.98, f"{what} {id_}"))
    if identifier.key == identifier.digits:
        return _bare_number(index, ground, identifier, start, end)
    return _letters_and_digits(index, ground, identifier, start, end, text)


def _letters_and_digits(
    index: PlantIndex, ground: Ground, identifier: Identifier, start: int, end: int, text: str
) -> Mention | None:
    """An id with letters that the plant does not know: "WO-10741", "6320-9A"."""
    letters = re.sub(r"[^A-Z]", "", identifier.key).lower()
    if letters in index.order_prefixes and len(identifier.digits) >= 3:
        return _by_digits(index, ground, identifier.digits, start, end, said=True)
    raw = text[identifier.start : identifier.end]
    said = behind(ground, start, "lot_word") and len(identifier.digits) >= 3
    if said or index.written_like_a_lot(raw):
        suggestions = tuple(index.likely_lots(identifier.key))
        return Mention("lot", (), start, end, 0.3, f"no lot {raw} in ERP", suggestions=suggestions)
    return None


def _bare_number(index: PlantIndex, ground: Ground, identifier: Identifier, start: int, end: int) -> Mention | None:
    token = ground.tokens[start]
    digits = identifier.digits
    if end != start + 1 or token.norm != digits or len(digits) < 3 or start in ground.timed:
        return None
    if measured(ground, end):
        return None
    said = behind(ground, start, "order_word") or (start > 0 and ground.tokens[start - 1].norm in index.order_prefixes)
    if not said and (behind(ground, start, "code_word") or behind(ground, start, "from_to")):
        return None
    lots = index.lot_digits.get(digits, [])
    if len(digits) >= 4 and lots and digits not in index.order_digits:
        if len(lots) == 1:
            return Mention("lot", (lots[0],), start, end, 0.9, f"lot by its number {digits}")
        return Mention("lot", tuple(lots), start, end, 0.5, f"lot number {digits} of several")
    of_thread = [lot for lot in index.lot_suffixes.get(digits, ()) if lot in ground.thread_lots]
    if len(of_thread) == 1 and not said:
        return Mention("lot", (of_thread[0],), start, end, 0.9, f"the thread's lot ending in {digits}")
    mention = _by_digits(index, ground, digits, start, end, said=said)
    if mention is not None:
        return mention
    endings = index.lot_suffixes.get(digits, ())
    lot_said = behind(ground, start, "lot_word")
    alone = ground.judges and not _decimal(ground, start, end) and _may_follow_an_order(ground, end)
    if len(endings) == 1 and (lot_said or alone):
        return Mention("lot", (endings[0],), start, end, 0.85, f"lot ending in {digits}")
    return None


def _by_digits(index: PlantIndex, ground: Ground, digits: str, start: int, end: int, *, said: bool) -> Mention | None:
    full = index.order_digits.get(digits)
    if full is not None:
        return _order_checked(index, Mention("order", (full,), start, end, 0.95, f"order number {digits}"))
    alone = len(digits) == 4 and not 2020 <= int(digits) <= 2035 and _may_follow(ground, end)
    endings = index.orders_ending(digits)
    # Three digits alone are an order to who plans them, and where only one open order ends so.
    unique = len(endings) == 1 and len(digits) in (3, 4) and not _decimal(ground, start, end)
    unique = unique and int(digits) % 10 > 0  # a round number is sooner a quantity
    unique = unique and (len(digits) > 3 or _may_precede_an_order(ground, start))
    alone = alone or (ground.plans and _may_follow(ground, end)) or (unique and _may_follow_an_order(ground, end))
    pointed = said or alone or (behind(ground, start, "pointing") and _may_follow(ground, end))
    if len(endings) == 1 and len(digits) == 3 and behind(ground, start, "pointing") and _is_asked_about(ground, start):
        pointed = pointed or _may_follow_an_order(ground, end)  # "how's the 240 getting on?"
    lengths = index.order_lengths or {99}
    enough = max(4, min(_LONG_ENDING, min(lengths) - 1))
    if endings and (pointed or len(digits) >= enough or (len(endings) == 1 and len(ground.tokens) <= 3)):
        sure = 0.9 if len(endings) == 1 else 0.5
        return Mention("order", tuple(endings[:8]), start, end, sure, f"order ending in {digits}")
    if said or (len(digits) >= enough and index.likely_orders(digits, None, 1)):
        suggestions = tuple(index.likely_orders(digits, None))
        if said or suggestions:
            return Mention("order", (), start, end, 0.3, f"no order {digits} in ERP", suggestions=suggestions)
    return None


def _is_asked_about(ground: Ground, start: int) -> bool:
    """Whether a question stands around a number: its mark, or a word that asks before it."""
    asked = next((token.norm == "?" for token in ground.tokens[start:] if token.kind == "stop"), False)
    return asked or any("asks_word" in here for here in ground.spans[:start])


def _may_follow_an_order(ground: Ground, end: int) -> bool:
    """ "pull 819 forward": where one open order ends so, any word may follow that counts nothing."""
    if any(n.article and n.end == end - 1 for n in ground.numbers):
        return False  # "a 480 cable"
    if _may_follow(ground, end):
        return True
    token, here = ground.tokens[end], ground.spans[end]
    counted = any(
        name.startswith(("uom_", "u_")) or name in ("people", "measure", "counted_noun", "talk_noun") for name in here
    )
    return token.kind == "word" and token.norm in ground.known and not counted


_BEFORE_AN_ORDER = ("order_changed", "wants", "pointing", "order_word", "need", "missing", "low", "asks_word", "run",
                    "hold_verb", "stand", "changeover", "opener")  # fmt: skip


def _may_precede_an_order(ground: Ground, start: int) -> bool:
    """ "pull 819", "la 158"; but "temp 159", "the tube reads 158" are what an instrument shows."""
    before = ground.tokens[start - 1] if start else None
    if before is None or before.breaks or before.norm in ground.common:
        return "measurement" not in (ground.spans[start - 1] if start else {})
    shown = any(name in ground.spans[start - 1] for name in ("measurement", "symptom", "alarm", "code_word"))
    begins = start == 1 or ground.tokens[start - 2].breaks  # "pull 819 forward"
    return any(behind(ground, start, name) for name in _BEFORE_AN_ORDER) or (begins and not shown)


def _decimal(ground: Ground, start: int, end: int) -> bool:
    """ "SSCC 814", "+814", "814-2", "#814": part of another number, or counted by a mark."""
    before = ground.tokens[start - 1] if start else None
    after = ground.tokens[end] if end < len(ground.tokens) else None
    return (before is not None and before.kind in ("mark", "number")) or (
        after is not None and (after.kind in ("mark", "number") or after.glued)
    )


def _may_follow(ground: Ground, end: int) -> bool:
    """ "the 482 order", "la 486 ya": an order's number is not followed by a thing of which there are 482."""
    if end >= len(ground.tokens) or ground.tokens[end].breaks:
        return True
    token = ground.tokens[end]
    return token.norm in ground.common or any(
        g in ground.spans[end]
        for g in (
            "order_word",
            "after_hour",
            "stand",
            "order_changed",
            "wants",
            "to_word",
            "from_word",
            "neg",
            "instead",
            "asks_word",
            "now_word",
            "line_word",
            "day_today",
            "day_tomorrow",
            "day_yesterday",
        )
    )


_LONG_ENDING = 5  # digits of an order's end that nobody writes by chance


def _order_checked(index: PlantIndex, mention: Mention) -> Mention:
    """A closed order is never linked by a number alone (R11)."""
    if mention.what != "order":
        return mention
    order = index.records.work_order[mention.ids[0]]
    if order.status in ("completed", "cancelled"):
        suggestions = tuple(index.likely_orders(re.sub(r"\D", "", order.id), order.line))
        return replace(mention, confidence=0.4, why=f"order {order.id} is {order.status}", suggestions=suggestions)
    return mention


def measured(ground: Ground, end: int) -> bool:
    """A number with a unit is an amount, not an id."""
    if end >= len(ground.tokens):
        return False
    after = ground.tokens[end]
    if after.kind == "mark" and after.norm == "%":
        return True
    here = ground.spans[end]
    if any(name.startswith(("uom_", "u_")) or name in ("measure", "people") for name in here):
        return not (after.norm in ("a", "c", "s", "x", "j", "in", "to") and not after.glued)
    return False


def behind(ground: Ground, i: int, group: str) -> bool:
    """Whether a word group ends right before a token."""
    return any(i in ground.spans[begin].get(group, ()) for begin in range(max(0, i - 4), i))


def _token_range(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    first = bisect_right(tokens, start, key=attrgetter("end"))
    last = bisect_left(tokens, end, key=attrgetter("start"))
    return (first, last) if first < last else (0, 0)
