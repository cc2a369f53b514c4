"""Finds what a message names: ids, names and aliases of the plant, and the numbers that only look like them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nlp.index import Entry, PlantIndex, What
from nlp.numbers import Number
from nlp.pattern import Spans
from nlp.tokens import Identifier, Token, identifiers, stem

_GUARDED = frozenset({"line", "asset", "item", "person", "utility", "customer"})


@dataclass(frozen=True, slots=True)
class Mention:
    """Something of the plant that the message names, with every id that it may mean."""

    what: What
    ids: tuple[str, ...]  # one: sure; several: the context decides; none: an id that the plant does not know
    start: int  # token
    end: int
    confidence: float
    why: str
    fine: bool = False  # said to be all right
    withdrawn: bool = False  # taken back within the message: "i mean"
    suggestions: tuple[str, ...] = ()  # for an unknown or closed order: likely ones


@dataclass(frozen=True, slots=True)
class Ground:
    """What finding needs besides the index."""

    tokens: Sequence[Token]
    numbers: Sequence[Number]
    spans: Spans  # word groups
    timed: frozenset[int]  # tokens that belong to a time
    common: frozenset[str]  # words too common to be a name without an article
    known: frozenset[str]  # the lexicon's own words
    lines: tuple[str, ...] = ()  # the sender's
    compounds: bool = False  # a language that builds one word of two: "Schweißroboter", "der Roboter"
    thread_lots: tuple[str, ...] = ()
    judges: bool = False  # words of holding or deciding, or quality writes: three digits may be a lot
    plans: bool = False  # the sender's work is orders: three digits of theirs are one


def find_mentions(
    index: PlantIndex, found_names: Sequence[tuple[int, int]], ground: Ground, text: str
) -> list[Mention]:
    """All mentions of a message, overlaps resolved: ids first, then longer names, then tolerant spelling."""
    by_id = list(_ids(index, ground, text))
    kept: list[Mention] = []
    names = [m for span in found_names for m in _names(index, ground, text, *span)]
    for mention in sorted([*by_id, *names], key=_rank):
        if _free(mention, kept):
            kept.append(mention)
    kept += [m for m in _compounds(index, ground) if all(m.end <= k.start or m.start >= k.end for k in kept)]
    kept += [m for m in _tolerant(index, ground) if _free(m, kept)]
    kept = _numbered(kept, index, ground)
    kept += [m for m in _line_numbers(index, ground) if _free(m, kept)]
    kept = [m for m in kept if not _counts_an_item(m, kept, ground)]
    return sorted(kept, key=lambda m: m.start)


def _counts_an_item(mention: Mention, kept: Sequence[Mention], ground: Ground) -> bool:
    """ "45 of 200 battery brackets": an ending of an order's number that counts what stands behind it."""
    if mention.what != "order" or mention.end - mention.start != 1 or not mention.why.startswith("order ending"):
        return False
    if _behind(ground, mention.start, "order_word"):
        return False
    before = ground.spans[mention.start - 1] if mention.start else {}
    of_a_number = "of_word" in before and any(n.end == mention.start - 1 for n in ground.numbers)
    return of_a_number or any(m.what == "item" and m.start == mention.end for m in kept)


def _rank(mention: Mention) -> tuple[int, float, int]:
    return (-(mention.end - mention.start), -mention.confidence, mention.start)


def _free(mention: Mention, kept: Sequence[Mention]) -> bool:
    return all(
        mention.end <= other.start
        or mention.start >= other.end
        or (
            (mention.start, mention.end) == (other.start, other.end) and {mention.what, other.what} == {"asset", "line"}
        )
        for other in kept
    )


def _names(index: PlantIndex, ground: Ground, text: str, start: int, end: int) -> Iterator[Mention]:
    tokens = ground.tokens[start:end]
    entries = index.entries([stem(token.norm) for token in tokens])
    norms = tuple(token.norm for token in tokens)
    if any(token.breaks for token in tokens):
        return
    by_what: dict[What, list[Entry]] = {}
    for entry in entries:
        if entry.norms == norms or _inflected(entry.norms, norms, ground.known):
            by_what.setdefault(entry.what, []).append(entry)
    exact = {what for what, group in by_what.items() if any(e.norms == norms for e in group)}
    if exact:
        by_what = {what: [e for e in group if e.norms == norms] for what, group in by_what.items() if what in exact}
    if len(norms) == 1 and any(what in _GUARDED for what in by_what):
        token = tokens[0]
        timed = start in ground.timed
        if timed and "item" not in by_what:
            return
        if norms[0] in ground.common and not _pointed_at(start, ground, text):
            return
        written_small = norms[0] in ground.known and not text[token.start].isupper()
        if "person" in by_what and written_small:
            by_what.pop("person")
        if written_small and not any(e.own for e in by_what.get("customer", ())):
            by_what.pop("customer", None)
        if norms[0] in ground.known and not any(e.own for e in by_what.get("item", ())):
            by_what.pop("item", None)
    if "item" in by_what and len(norms) == 1 and _counts(ground, start, end):
        by_what.pop("item")
    if "item" in by_what and len(norms) == 1 and end < len(ground.tokens) and "machine_part" in ground.spans[end]:
        by_what.pop("item")
    if any(e.own for e in by_what.get("asset", ())):
        by_what["asset"] = [e for e in by_what["asset"] if e.own]
    for what, group in by_what.items():
        ids = tuple(dict.fromkeys(e.id for e in group))
        own = any(e.own for e in group)
        sure = (
            0.97 if own and any(e.norms == norms and e.own for e in group) else 0.88 if own or what != "item" else 0.8
        )
        yield Mention(what, ids, start, end, sure, f"{what} called {' '.join(group[0].norms)!r}")


def _counts(ground: Ground, start: int, end: int) -> bool:
    """ "4 coils", "last roll of foil": a unit here, even where an item is called so."""
    if not any(name.startswith("uom_") and name != "uom_ea" for name in ground.spans[start]):
        return False  # "340 shafts" are shafts, counted by the piece
    before = any(n.end == start for n in ground.numbers)
    return before or (end < len(ground.tokens) and "of_word" in ground.spans[end])


def _inflected(name: tuple[str, ...], said: tuple[str, ...], known: frozenset[str]) -> bool:
    """Inflection may change a word's end, not make another word of a short one."""
    for own, other in zip(name, said, strict=True):
        if own == other:
            continue
        if min(len(own), len(other)) < 4 or abs(len(own) - len(other)) > 3:
            return False
        shared = next(
            (i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), min(len(own), len(other))
        )
        if shared < 4 or shared < min(len(own), len(other)) - 2:
            return False  # "sale" is no "salami"
        if other in known and own not in known and own in (other + "a", other + "o", other + "e"):
            return False  # an English "panel" is no Portuguese "panela"
        plural = other in (own + "s", own + "es", own[:-1])
        if len(own) == 4 and not plural and (not other.startswith(own) or other in known):
            return False
    return True


def _pointed_at(i: int, ground: Ground, text: str) -> bool:
    """An everyday word is a name only behind an article or written like one: "on the past", "PET"."""
    token = ground.tokens[i]
    if token.end - token.start >= 2 and text[token.start : token.end].isupper() and not text.isupper():
        return True
    before = ground.tokens[i - 1] if i else None
    after = ground.tokens[i + 1] if i + 1 < len(ground.tokens) else None
    if before is None or i not in ground.spans[i - 1].get("article_word", ()):
        return False
    return after is None or after.breaks or "adjective_follows" not in ground.spans[i + 1]


def _ids(index: PlantIndex, ground: Ground, text: str) -> Iterator[Mention]:
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
        if identifier.key.isdigit() and (start in ground.timed or _measured(ground, end)):
            continue
        return _order_checked(index, Mention(what, (id_,), start, end, 0.98, f"{what} {id_}"))
    if identifier.key == identifier.digits:
        return _bare_number(index, ground, identifier, start, end)
    return _letters_and_digits(index, ground, identifier, start, end)


def _letters_and_digits(
    index: PlantIndex, ground: Ground, identifier: Identifier, start: int, end: int
) -> Mention | None:
    """An id with letters that the plant does not know: "WO-10741", "6320-9A"."""
    letters = re.sub(r"[^A-Z]", "", identifier.key).lower()
    if letters in index.order_prefixes and len(identifier.digits) >= 3:
        return _by_digits(index, ground, identifier.digits, start, end, said=True)
    return None


def _bare_number(index: PlantIndex, ground: Ground, identifier: Identifier, start: int, end: int) -> Mention | None:
    token = ground.tokens[start]
    digits = identifier.digits
    if end != start + 1 or token.norm != digits or len(digits) < 3 or start in ground.timed:
        return None
    if _measured(ground, end):
        return None
    said = _behind(ground, start, "order_word") or (start > 0 and ground.tokens[start - 1].norm in index.order_prefixes)
    if not said and (_behind(ground, start, "code_word") or _behind(ground, start, "from_to")):
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
    lot_said = _behind(ground, start, "lot_word")
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
    alone = alone or (ground.plans and _may_follow(ground, end)) or (unique and _may_follow_an_order(ground, end))
    pointed = said or alone or (_behind(ground, start, "pointing") and _may_follow(ground, end))
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


def _measured(ground: Ground, end: int) -> bool:
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


def _behind(ground: Ground, i: int, group: str) -> bool:
    return any(i in ground.spans[begin].get(group, ()) for begin in range(max(0, i - 4), i))


def _token_range(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    inside = [i for i, token in enumerate(tokens) if token.start < end and token.end > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _tolerant(index: PlantIndex, ground: Ground) -> Iterator[Mention]:
    for i, token in enumerate(ground.tokens):
        if token.kind != "word" or i in ground.timed:
            continue
        behind = index.tails.get(token.norm, set()) if ground.compounds and len(token.norm) >= 4 else set()
        if behind and token.norm not in ground.common and (len(token.norm) >= 6 or token.norm not in ground.known):
            yield Mention("asset", tuple(sorted(behind)), i, i + 1, 0.8, f"last part of a name: {token.norm!r}")
            continue
        if token.norm in ground.known:
            continue
        entries = index.fuzzy(token.norm)
        whats = {entry.what for entry in entries}
        if len(whats) == 1:
            ids = tuple(dict.fromkeys(entry.id for entry in entries))
            yield Mention(entries[0].what, ids, i, i + 1, 0.75, f"spelled like {entries[0].norms[0]!r}")


def _compounds(index: PlantIndex, ground: Ground) -> Iterator[Mention]:
    """ "Füllerstörung", "Etikettiererausfall": an asset's name as the first part of one word."""
    for i, token in enumerate(ground.tokens):
        if token.kind != "word" or not 9 <= len(token.norm) <= 40 or token.norm in ground.known:
            continue
        for cut in range(len(token.norm) - 4, 4, -1):
            head = token.norm[:cut].removesuffix("s")
            entries = [e for e in index.entries((stem(head),)) if e.what == "asset" and e.norms == (head,)]
            if entries:
                ids = tuple(dict.fromkeys(e.id for e in entries))
                yield Mention("asset", ids, i, i + 1, 0.8, f"{head!r} in a compound")
                break


def _numbered(kept: list[Mention], index: PlantIndex, ground: Ground) -> list[Mention]:
    """ "filler 3", "sealer on 4": a number behind an ambiguous asset picks the one of that number or line."""
    out = []
    for mention in kept:
        if mention.what == "asset" and len(mention.ids) > 1:
            after = mention.end
            number = next((n for n in ground.numbers if n.start == after and n.value == int(n.value)), None)
            if number is not None and number.start not in ground.timed and not _measured(ground, number.end):
                wanted = str(int(number.value))
                line = index.line_numbers.get(wanted)
                ids = tuple(
                    i for i in mention.ids if index.asset_numbers[i] == wanted or index.plant.asset[i].line == line
                )
                if len(ids) == 1:
                    mention = replace(mention, ids=ids, end=number.end, confidence=0.97)
        out.append(mention)
    return out


def _line_numbers(index: PlantIndex, ground: Ground) -> Iterator[Mention]:
    """ "line 3", "on 3", "la 3", "lines 1 and 2"."""
    for number in ground.numbers:
        if number.value != int(number.value) or number.article or number.start in ground.timed:
            continue
        line = index.line_numbers.get(str(int(number.value)))
        if line is None or ground.tokens[number.start].norm.startswith("0"):
            continue
        said = _behind(ground, number.start, "line_word")
        near = (
            not number.words
            and _behind(ground, number.start, "loc")
            and not _behind(ground, number.start, "place_word")
        )
        listed = not said and not near and _in_line_list(number, ground)
        if not (said or near or listed) or (near and not said and not _ends_here(ground, number.end)):
            continue
        if near and not said and _counts_a_stranger(ground, number.end):
            continue
        if said or not _measured(ground, number.end):
            yield Mention(
                "line", (line,), number.start, number.end, 0.95 if said else 0.85, f"line number {number.value:g}"
            )


def _counts_a_stranger(ground: Ground, end: int) -> bool:
    """ "on 3 brackets": a word that no language file knows, or one of the plant's units, is what the number counts."""
    if end >= len(ground.tokens):
        return False
    token = ground.tokens[end]
    return token.kind == "word" and token.norm not in ground.known and len(token.norm) > 3


def _in_line_list(number: Number, ground: Ground) -> bool:
    i = number.start
    steps = 0
    while i > 0 and steps < 8:
        i -= 1
        steps += 1
        token = ground.tokens[i]
        if any(e == i + 1 for begin in range(max(0, i - 2), i + 1) for e in ground.spans[begin].get("line_word", ())):
            return True
        if token.kind != "number" and token.norm not in (",", "and", "y", "e", "und", "i", "aur", "n", "et", "or", "o"):
            return False
    return False


def _ends_here(ground: Ground, end: int) -> bool:
    """After "on 3" comes no noun that the 3 counts."""
    if end >= len(ground.tokens):
        return True
    token = ground.tokens[end]
    if token.kind in ("number", "mark", "clock") or (token.glued and token.kind == "word"):
        return False
    here: Mapping[str, Sequence[int]] = ground.spans[end]
    return not any(
        name.startswith(("uom_", "u_")) or name in ("measure", "people", "oclock", "am", "pm", "counted_noun")
        for name in here
    )
