"""Finds what a message names: ids, names and aliases of the plant, and the numbers that only look like them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nlp.dictated import spelled_ids
from nlp.ids import behind, find_ids, measured
from nlp.index import Entry, PlantIndex, What
from nlp.machines import sense
from nlp.naming import Ground, Mention
from nlp.numbers import Number
from nlp.other_names import COLOURS
from nlp.tokens import stem

_GUARDED = frozenset({"line", "asset", "item", "person", "utility", "customer"})


def find_mentions(
    index: PlantIndex, found_names: Sequence[tuple[int, int]], ground: Ground, text: str
) -> list[Mention]:
    """All mentions of a message, overlaps resolved: ids first, then longer names, then tolerant spelling."""
    by_id = [*find_ids(index, ground, text), *spelled_ids(index, ground)]
    kept: list[Mention] = []
    names = [m for span in found_names for m in _names(index, ground, text, *span)]
    for mention in sorted([*by_id, *names], key=_rank):
        if _free(mention, kept):
            kept.append(mention)
    kept += [m for m in _compounds(index, ground) if all(m.end <= k.start or m.start >= k.end for k in kept)]
    kept += [m for m in _tolerant(index, ground) if _free(m, kept)]
    kept = _numbered(kept, index, ground)
    kept += [m for m in _line_numbers(index, ground) if _free(m, kept)]
    kept += [m for m in _letters_of_lines(index, ground, text) if _free(m, kept)]
    kept = [m for m in kept if not _counts_an_item(m, kept, ground)]
    return sorted(kept, key=lambda m: m.start)


def _counts_an_item(mention: Mention, kept: Sequence[Mention], ground: Ground) -> bool:
    """ "45 of 200 battery brackets": an ending of an order's number that counts what stands behind it."""
    if mention.what != "order" or mention.end - mention.start != 1 or not mention.why.startswith("order ending"):
        return False
    if behind(ground, mention.start, "order_word"):
        return False
    before = ground.spans[mention.start - 1] if mention.start else {}
    changes = any("wants" in here or "order_changed" in here for here in ground.spans)  # "mais 200 da 383"
    of_a_number = "of_word" in before and not changes and any(n.end == mention.start - 1 for n in ground.numbers)
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
    of_something = end < len(ground.tokens) and "of_word" in ground.spans[end]
    several = ground.tokens[start].norm.endswith("s")
    counted = several and any(n.start == end + 1 and not n.article for n in ground.numbers)  # "os cartuchos da 391"
    return before or (of_something and not counted)


def _inflected(name: tuple[str, ...], said: tuple[str, ...], known: frozenset[str]) -> bool:
    """Inflection may change a word's end, not make another word of a short one."""
    for own, other in zip(name, said, strict=True):
        if own == other:
            continue
        if len(own) == 3 and other == f"{own}s":
            continue  # "CMMs", "CNCs"
        if min(len(own), len(other)) < 4 or abs(len(own) - len(other)) > 3:
            return False
        shared = next(
            (i for i, (a, b) in enumerate(zip(own, other, strict=False)) if a != b), min(len(own), len(other))
        )
        if len(own) == len(other) == 4 and shared == 3 and len(name) > 1:
            continue  # "hala 2", "na hali 2"
        if shared < 4 or shared < min(len(own), len(other)) - 2:
            return False  # "sale" is no "salami"
        if other in known and own not in known and own in (other + "a", other + "o", other + "e"):
            return False  # an English "panel" is no Portuguese "panela"
        plural = other in (own + "s", own + "es") or (own[:-1] == other and own[-1] != "y")  # "hone" is no honey
        shorter = min(len(own), len(other)) == 4 and not plural
        if shorter and (not other.startswith(own) or other in known or len(own) > len(other)):
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


def _tolerant(index: PlantIndex, ground: Ground) -> Iterator[Mention]:
    for i, token in enumerate(ground.tokens):
        if token.kind != "word" or i in ground.timed:
            continue
        behind = index.tails.get(token.norm, set()) if ground.compounds and len(token.norm) >= 4 else set()
        if token.norm.startswith(COLOURS):
            behind = set()  # "weiße Zettel" come out of no "Schweiße"
        if behind and sense(token.norm).head:  # "die Maschine" is no "Blasmaschine" that stands on another line
            behind = {asset for asset in behind if index.plant.asset[asset].line in ground.lines}
        if behind and token.norm not in ground.common and (len(token.norm) >= 6 or token.norm not in ground.known):
            yield Mention("asset", tuple(sorted(behind)), i, i + 1, 0.8, f"last part of a name: {token.norm!r}")
            continue
        if token.norm in ground.known or any(name.startswith("uom_") for name in ground.spans[i]):
            continue
        entries = index.fuzzy(token.norm)
        whats = {entry.what for entry in entries}
        part = i + 1 < len(ground.tokens) and "machine_part" in ground.spans[i + 1]
        if len(whats) == 1 and not (whats == {"item"} and part):  # "the screw station"
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
            if number is not None and number.start not in ground.timed and not measured(ground, number.end):
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
        said = behind(ground, number.start, "line_word")
        near = (
            not number.words and behind(ground, number.start, "loc") and not behind(ground, number.start, "place_word")
        )
        listed = not said and not near and not number.words and _in_line_list(number, ground)
        if not (said or near or listed) or (near and not said and not _ends_here(ground, number.end)):
            continue
        if near and not said and _counts_a_stranger(ground, number.end):
            continue
        if said or not measured(ground, number.end):
            yield Mention(
                "line", (line,), number.start, number.end, 0.95 if said else 0.85, f"line number {number.value:g}"
            )


def _letters_of_lines(index: PlantIndex, ground: Ground, text: str) -> Iterator[Mention]:
    """ "en la A", "on B": a capital that ends a line's name, said as a place; "A" that begins a sentence is a word."""
    if not index.line_letters or text.isupper():
        return
    for i, token in enumerate(ground.tokens):
        if i == 0 or token.kind != "word" or token.end - token.start != 1 or token.glued:
            continue
        line = index.line_letters.get(text[token.start : token.end])
        following = ground.tokens[i + 1] if i + 1 < len(ground.tokens) else None
        ends = following is None or following.breaks or (not following.glued and following.norm in ground.common)
        if line is not None and ends and (behind(ground, i, "loc") or behind(ground, i, "line_word")):
            yield Mention("line", (line,), i, i + 1, 0.85, f"line letter {text[token.start : token.end]}")


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
