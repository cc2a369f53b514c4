"""Whether a message itself holds an id, a name or a number: what anyone else says of it must stand in its own words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from nlp.index import PlantIndex
from nlp.sheet import Sheet
from nlp.tokens import identifiers, stem
from workflow.records import OPEN_ORDERS

What = Literal["line", "asset", "order", "item", "lot"]

_SHORTEST_WORD = 4  # letters of a name's single word that may stand for it
_FEW = 3  # things that share such a word; more, and it names none of them
_MOST = {"line": 40, "asset": 60, "order": 12, "item": 12, "lot": 12}  # candidates that leave the plant


class Grounds:
    """What one message holds of its plant: ids in full, names, aliases, words that only a few names have."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._plant = sheet.context.plant
        self._records = sheet.context.records
        found = identifiers(sheet.text)
        self._keys = {i.key for i in found}
        self._digits = {i.digits for i in found}
        self._stems = [stem(t.norm) for t in sheet.tokens if t.kind in ("word", "number")]
        self._denied = {
            (m.what, id_) for m in sheet.mentions if m.withdrawn or m.fine for id_ in m.ids
        }  # "not the filler", "the capper is fine"

    def holds(self, what: What, id_: str) -> bool:
        """Whether a thing exists and the message, or the exception that it answers, names it.

        An order or a lot is named by its whole id or all of its digits, never by a part: a wrong one stops a line.
        """
        if not self._exists(what, id_) or (what, id_) in self._denied:
            return False
        if id_ in self._of_thread(what) or self._in_full(what, id_):
            return True
        if what == "line" and self._sheet.context.sender.lines == (id_,):
            return True  # whoever works on one line speaks of it
        if what in ("order", "lot"):
            return False
        said = [m.ids for m in self._sheet.mentions if m.what == what]
        said += [tuple(i for w, i in self._by_word.get(word, ()) if w == what) for word in self._stems]
        return any(id_ in self._nearest(what, ids) for ids in said)

    def number(self, value: float) -> bool:
        """Whether a number stands in the message, in digits or in words."""
        return any(abs(n.value - value) < 1e-6 for n in self._sheet.numbers)

    def candidates(self) -> dict[str, list[dict[str, Any]]]:
        """Ids and names that the message may speak of: what it seems to name, and what its lines hold."""
        sheet = self._sheet
        near: defaultdict[str, list[str]] = defaultdict(list)
        for mention in sheet.mentions:
            near[mention.what] += (*mention.ids, *mention.suggestions)
        for word in self._stems:
            for what, id_ in self._by_word.get(word, ()):
                near[what].append(id_)
        for what in ("line", "asset", "order", "item", "lot"):
            near[what] += self._of_thread(what)
        lines = {*near["line"], *sheet.context.sender.lines, *(self._plant.asset[a].line for a in near["asset"])}
        for line in self._plant.lines:
            if line.id in lines or not lines:
                near["asset"] += (asset.id for asset in line.assets)
                running = self._records.running_on(line.id)
                near["order"] += [running.id] if running is not None else []
            near["line"].append(line.id)
        near["item"] += (self._records.work_order[o].item for o in near["order"] if o in self._records.work_order)
        return {
            what: [self._described(what, i) for i in list(dict.fromkeys(near[what]))[:most] if self._exists(what, i)]
            for what, most in _MOST.items()
        }

    def _nearest(self, what: What, ids: Sequence[str]) -> Sequence[str]:
        """Of machines with one name those of the line that is named, else the thread's, else the sender's (R13)."""
        if what != "asset" or len(ids) < 2:
            return ids
        named = [i for m in self._sheet.mentions if m.what == "line" and not m.withdrawn for i in m.ids]
        for lines in (named, self._of_thread("line"), self._sheet.context.sender.lines):
            here = [i for i in ids if i in self._plant.asset and self._plant.asset[i].line in lines]
            if here:
                return here
        return ids

    def _exists(self, what: str, id_: str) -> bool:
        match what:
            case "line":
                return id_ in self._plant.line
            case "asset":
                return id_ in self._plant.asset
            case "order":
                order = self._records.work_order.get(id_)
                return order is not None and order.status in OPEN_ORDERS
            case "item":
                return id_ in self._records.item
            case "lot":
                return id_ in self._records.lot
        return False

    def _described(self, what: str, id_: str) -> dict[str, Any]:
        match what:
            case "line":
                line = self._plant.line[id_]
                return {"id": id_, "name": line.name, "aliases": line.aliases}
            case "asset":
                asset = self._plant.asset[id_]
                return {"id": id_, "name": asset.name, "aliases": asset.aliases, "line": asset.line}
            case "order":
                order = self._records.work_order[id_]
                return {"id": id_, "item": order.item, "line": order.line}
            case "item":
                item = self._records.item[id_]
                return {"id": id_, "name": item.description, "aliases": item.aliases, "uom": item.uom}
        return {"id": id_, "item": self._records.lot[id_].item}

    def _of_thread(self, what: str) -> tuple[str, ...]:
        context = self._sheet.context
        about = context.thread or (context.question.about if context.question is not None else None)
        if about is None:
            return ()
        return {
            "line": (about.line,) if about.line else (), "asset": about.assets, "order": about.work_orders,
            "item": about.items, "lot": about.lots,
        }[what]  # fmt: skip

    def _in_full(self, what: str, id_: str) -> bool:
        key = re.sub(r"[^A-Za-z0-9]", "", id_).upper()
        digits = re.sub(r"\D", "", id_)
        by_digits = what in ("order", "lot") and len(digits) >= 4  # "3040 cases" is no item FG-3040
        return key in self._keys or (by_digits and digits in self._digits)

    @cached_property
    def _by_word(self) -> Mapping[str, list[tuple[str, str]]]:
        """Words of the message that are part of a few names -> those things."""
        names = _few_have(self._sheet.index)
        return {word: names[word] for word in self._stems if word in names}


@lru_cache(maxsize=4)  # as many plants and snapshots as the reader keeps
def _few_have(index: PlantIndex) -> Mapping[str, list[tuple[str, str]]]:
    """Words that a few names of machines or items share -> what is called so."""
    found: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for stems, entries in index.by_stems.items():
        things = {(entry.what, entry.id) for entry in entries if entry.what in ("asset", "item")}
        if things:
            for word in stems:
                if len(word) >= _SHORTEST_WORD and word.isalpha():
                    found[word] |= things
    return {word: sorted(things) for word, things in found.items() if len(things) <= _FEW}
