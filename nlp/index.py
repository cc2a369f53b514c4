"""What a plant's own words point at: ids, names and aliases of one snapshot, ready to be found in a message."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein

from nlp.devanagari import spellings
from nlp.other_names import COLOURS, called_short, other_articles, shorter_names
from nlp.tokens import fold, stem, tokenize
from nlp.words import lexicon
from workflow.plant import Plant
from workflow.records import OPEN_ORDERS, Item, Lot, Records, WorkOrder

What = Literal["line", "asset", "item", "lot", "order", "sales_order", "person", "customer", "utility"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One name of one thing of the plant."""

    what: What
    id: str
    norms: tuple[str, ...]
    own: bool = True  # as the plant wrote it, not derived by us


class PlantIndex:
    """All names and ids of one plant and one snapshot of its records; built once, looked up in microseconds."""

    def __init__(self, plant: Plant, records: Records) -> None:
        self.plant = plant
        self.records = records
        self.by_stems: dict[tuple[str, ...], list[Entry]] = defaultdict(list)
        self.keys: dict[str, list[tuple[What, str]]] = defaultdict(list)  # normalised id -> what it names
        self.order_lengths: set[int] = set()
        self.order_digits: dict[str, str] = {}  # digits of an order's id -> id, whatever its status
        self.order_suffixes: dict[str, list[str]] = defaultdict(list)  # last digits of open orders
        self.lot_digits: dict[str, list[str]] = defaultdict(list)
        self.lot_suffixes: dict[str, list[str]] = defaultdict(list)  # last digits of lots that are still there
        self.lot_heads: dict[str, list[str]] = defaultdict(list)  # "6319" of "6319-3A" -> lots that are still there
        self.lot_forms: set[str] = set()
        self._lots_by_key: list[tuple[str, str]] = []
        self._by_head: dict[str, dict[str, set[str]]] = {}
        self.profiles: dict[str, Any] = {}  # asset -> what its names say that it does (`nlp.described`)
        self.tails: dict[str, set[str]] = defaultdict(set)  # last part of a one-word asset name -> assets
        self.near_names: dict[str, set[str]] = defaultdict(set)  # single-word names by a deleted letter
        spoken = {*plant.languages, *(person.language for person in plant.people)}
        self._loans = lexicon().loans if "hi-Deva" in spoken else {}
        self._near: dict[int, dict[str, list[str]]] = {}  # length -> ending less a digit -> orders
        self._names()
        self.first_stems = frozenset(stems[0] for stems in self.by_stems)
        self._ids()
        self.line_numbers = _line_numbers(plant)
        self.line_letters = _line_letters(plant)
        self.asset_numbers = {asset.id: _trailing_number(asset.name) for asset in plant.asset.values()}
        self.uoms = _uoms(records)
        finished = [item.uom for item in records.items if item.kind == "finished"]
        self.packed_in = sorted(set(finished), key=lambda uom: -finished.count(uom))  # units of what is made
        self.order_prefixes = {re.sub(r"[^a-z]", "", order.id.lower()) for order in records.work_orders} - {""}

    def entries(self, stems: Sequence[str]) -> list[Entry]:
        """Names whose words have these stems."""
        return self.by_stems.get(tuple(stems), [])

    def fuzzy(self, norm: str) -> list[Entry]:
        """Single-word names that an unknown word is a misspelling of; never of short words, never of ids."""
        if not 5 <= len(norm) <= 24 or not norm.isalpha():
            return []
        near: set[str] = set()
        for variant in (norm, *(norm[:i] + norm[i + 1 :] for i in range(len(norm)))):
            near |= self.near_names.get(variant, set())
        close = [n for n in near if _distance(n, norm) <= (1 if len(norm) < 8 else 2) and fuzz.ratio(n, norm) >= 80]
        best = min((_distance(n, norm) for n in close), default=0)
        return [e for n in close if _distance(n, norm) == best for e in self.by_stems[(stem(n),)] if e.norms == (n,)]

    def orders_ending(self, digits: str) -> list[str]:
        """Open orders whose number ends so."""
        return self.order_suffixes.get(digits, [])

    def likely_orders(self, digits: str, line: str | None, limit: int = 3) -> list[str]:
        """Open orders that a mistyped number may mean, those of the line and the running ones first (R11)."""
        scored = []
        for id_ in self._near_orders(digits):
            order = self.records.work_order[id_]
            away = _distance(re.sub(r"\D", "", id_)[-len(digits) :], digits)
            if away <= 1:
                scored.append((away + 0.6 * (order.line != line) + 0.3 * (order.status != "running"), id_))
        if len(scored) < 2 and line is not None:
            known = {id_ for _, id_ in scored}
            here = self.records.orders_of_line.get(line, ())[:2]
            scored += [(9.0, order.id) for order in here if order.id not in known]
        return [id_ for _, id_ in sorted(scored)[:limit]]

    def lots_beginning(self, digits: str) -> list[str]:
        """Lots still there whose id begins with a number and a joint: the day's, "hold everything from 6319"."""
        return self.lot_heads.get(digits, [])

    def written_like_a_lot(self, raw: str) -> bool:
        """Whether an id that ERP does not know has the form of the plant's lots: "6399-3A" where "6320-3A" is one."""
        return any(c.isalpha() for c in raw) and _form(raw) in self.lot_forms

    def likely_lots(self, key: str, limit: int = 3) -> list[str]:
        """Lots still there that a mistyped id may mean."""
        near = ((_distance(known, key), id_) for known, id_ in self._lots_by_key if abs(len(known) - len(key)) <= 1)
        return [id_ for _, id_ in sorted(pair for pair in near if pair[0] <= 1)[:limit]]

    def _near_orders(self, digits: str) -> set[str]:
        """Open orders whose ending of that length differs in a digit, or in two that changed places."""
        length = len(digits)
        if length not in self._near:
            near = self._near[length] = defaultdict(list)
            for ending, ids in self.order_suffixes.items():
                if len(ending) == length:
                    for variant in (ending, *(ending[:i] + ending[i + 1 :] for i in range(length))):
                        near[variant] += ids
        variants = (digits, *(digits[:i] + digits[i + 1 :] for i in range(length)))
        return {id_ for variant in variants for id_ in self._near[length].get(variant, ())}

    def _names(self) -> None:
        for line in self.plant.lines:
            for name in (line.name, *line.aliases):
                self._add("line", line.id, name)
            for asset in line.assets:
                for name in (asset.name, *asset.aliases):
                    self._add("asset", asset.id, name)
                    for said in other_articles(name):
                        self._add("asset", asset.id, said, own=False)
                for derived in shorter_names(asset.name):
                    self._add("asset", asset.id, derived, own=False)
                for name in (asset.name, *asset.aliases):
                    self._other_forms(asset.id, name)
        for utility in self.plant.utilities:
            for name in (utility.name, *utility.aliases):
                self._add("utility", utility.id, name)
        for item in self.records.items:
            for name in (item.description, *item.aliases):
                self._add("item", item.id, name)
        for person in self.plant.people:
            parts = person.name.split()
            for name in (person.name, parts[0], parts[-1], person.id.split(".")[0]):
                self._add("person", person.id, name)
                if name.endswith("ek"):  # "Leszek", "Leszkowi", "Tomka"
                    norms = (fold(name),)
                    self.by_stems[(stem(fold(name[:-2] + "kowi")),)].append(Entry("person", person.id, norms))
        customers = sorted({order.customer for order in self.records.sales_orders})
        for customer in customers:
            self._add("customer", customer, customer)
        for customer, short in called_short(customers):
            self._add("customer", customer, short, own=False)
        for nickname in self.plant.nicknames:
            if self.holds(nickname.what, nickname.id):
                self._add(nickname.what, nickname.id, nickname.words)
        self._heads_of_items()

    def holds(self, what: What, id_: str) -> bool:
        """Whether a thing is there; what was learnt about one that is gone since then is not looked for."""
        there = {"asset": self.plant.asset, "line": self.plant.line, "item": self.records.item}.get(what)
        return id_ in there if there is not None else any(o.customer == id_ for o in self.records.sales_orders)

    def _add(self, what: What, id_: str, name: str, *, own: bool = True) -> None:
        folded = name.lower()
        if any(c in folded for c in "äöü"):  # typed "ae" as often as "ä"
            self._add(what, id_, folded.replace("ä", "ae").replace("ö", "oe").replace("ü", "ue"), own=own)
        norms = tuple(t.norm for t in tokenize(name) if t.kind in ("word", "number", "clock"))
        if not norms or (len(norms) == 1 and len(norms[0]) < 2):
            return
        stems = tuple(stem(norm) for norm in norms)
        if self._loans:
            for spelled in spellings(norms, self._loans, own_names=what in ("person", "customer")):
                self._add(what, id_, spelled, own=own)
        entry = Entry(what, id_, norms, own)
        if any(e.what == what and e.id == id_ and e.norms == norms for e in self.by_stems[stems]):
            return
        self.by_stems[stems].append(entry)
        if len(norms) == 1 and len(norms[0]) >= 5 and what in ("asset", "line", "item") and norms[0].isalpha():
            for variant in (norms[0], *(norms[0][:i] + norms[0][i + 1 :] for i in range(len(norms[0])))):
                self.near_names[variant].add(norms[0])

    def _heads_of_items(self) -> None:
        """ "studs" for the plant's only "threaded studs": the noun at an end of a name, where one item has it."""
        of_word: dict[str, set[str]] = defaultdict(set)
        heads: dict[str, set[str]] = defaultdict(set)
        for item in self.records.items:
            for name in (item.description, *item.aliases):
                words = [word for word in re.findall(r"[^\W\d_]+", name) if len(word) >= 4]
                for word in words:
                    of_word[stem(fold(word))].add(item.id)
                if len(name.split()) > 1 and words:
                    for word in (words[0], words[-1]):
                        if not fold(word).startswith(COLOURS):  # "black specks" are no "ABS black"
                            heads[word].add(item.id)
        taken = {stems[0] for stems in self.by_stems if len(stems) == 1}
        for word, ids in heads.items():
            root = stem(fold(word))
            if len(ids) == 1 and len(of_word[root]) == 1 and root not in taken:
                self._add("item", next(iter(ids)), word, own=False)

    def assets_by_head(self, line: str) -> Mapping[str, set[str]]:
        """A line's assets by the first and the last word of their names."""
        known = self._by_head.get(line)
        if known is None:
            known = self._by_head[line] = defaultdict(set)
            for asset in self.plant.line[line].assets if line in self.plant.line else ():
                for name in (asset.name, *asset.aliases):
                    words = [fold(word) for word in re.findall(r"[^\W\d_]+", name) if len(word) >= 4]
                    for word in {*words[:1], *words[-1:]}:
                        known[word].add(asset.id)
        return known

    def _other_forms(self, asset: str, name: str) -> None:
        """ "waga kontrolna" is also said the other way round, and "Schweißroboter" "der Roboter"."""
        words = name.split()
        if len(words) == 2 and all(word.isalpha() for word in words):
            self._add("asset", asset, f"{words[1]} {words[0]}", own=False)
        if len(words) == 1 and name.isalpha() and len(name) >= 8:
            for cut in range(3, len(name) - 3):
                self.tails[fold(name[cut:])].add(asset)

    def _ids(self) -> None:
        records = self.records
        for line in self.plant.lines:
            self._key("line", line.id)
            for asset in line.assets:
                self._key("asset", asset.id)
        for item in records.items:
            self._key("item", item.id)
        for lot in records.lots:
            self._key("lot", lot.id)
            digits = re.sub(r"\D", "", lot.id)
            if len(digits) >= 4:
                self.lot_digits[digits].append(lot.id)
            self.lot_forms.add(_form(lot.id))
            if lot.status != "consumed":
                if (head := re.match(r"(\d{4,})[-/ .]", lot.id)) is not None:
                    self.lot_heads[head.group(1)].append(lot.id)
                self._lots_by_key.append((re.sub(r"[^A-Za-z0-9]", "", lot.id).upper(), lot.id))
                for length in range(3, len(digits)):
                    self.lot_suffixes[digits[-length:]].append(lot.id)
        for order in records.work_orders:
            self._key("order", order.id)
            digits = re.sub(r"\D", "", order.id)
            self.order_digits[digits] = order.id
            self.order_lengths.add(len(digits))
            if order.status in OPEN_ORDERS:
                for length in range(3, len(digits) + 1):
                    self.order_suffixes[digits[-length:]].append(order.id)
        for sales_order in records.sales_orders:
            self._key("sales_order", sales_order.id)

    def _key(self, what: What, id_: str) -> None:
        self.keys[re.sub(r"[^A-Za-z0-9]", "", id_).upper()].append((what, id_))


def _distance(a: str, b: str) -> int:
    return int(DamerauLevenshtein.distance(a, b, score_cutoff=3))


def _form(raw: str) -> str:
    """ "6320-3A" as "0000-0A", "CAP-88213" as "CAP-00000": letters in front are a kind of lot, those behind count."""
    head = re.match(r"[A-Za-z]*", raw)
    front = head.group() if head is not None else ""
    rest = re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "0", raw[len(front) :]))
    return front.upper() + rest


def _trailing_number(name: str) -> str | None:
    match = re.search(r"(\d+)\s*$", name)
    return match.group(1) if match else None


# How words of colour begin, of all languages: an adjective at the end of a name is no noun that names the thing.
def _line_numbers(plant: Plant) -> dict[str, str]:
    """ "3" -> L3: the number by which a line is called, where its name, an alias or its id ends in one."""
    numbers: dict[str, set[str]] = defaultdict(set)
    for line in plant.lines:
        for name in (line.name, line.id, *line.aliases):
            number = _trailing_number(name)
            if number is not None:
                numbers[number.lstrip("0") or "0"].add(line.id)
    return {number: next(iter(ids)) for number, ids in numbers.items() if len(ids) == 1}


def _line_letters(plant: Plant) -> dict[str, str]:
    """ "A" -> the glazing line: the letter by which a line is called, at either end of one of its names."""
    letters: dict[str, set[str]] = defaultdict(set)
    for line in plant.lines:
        for words in (name.split() for name in (line.name, *line.aliases)):
            ends = {words[0], words[-1]} if len(words) > 1 else set()
            for letter in ends:
                if len(letter) == 1 and letter.isalpha() and letter.isupper() and letter.isascii():
                    letters[letter].add(line.id)
    return {letter: next(iter(ids)) for letter, ids in letters.items() if len(ids) == 1}


def _uoms(records: Records) -> dict[str, str]:
    """Folded unit -> the plant's own spelling."""
    spelled: dict[str, str] = {}
    rows: tuple[tuple[Item | WorkOrder | Lot, ...], ...] = (records.items, records.work_orders, records.lots)
    for row in (row for some in rows for row in some):
        spelled.setdefault(fold(row.uom), row.uom)
    return spelled
