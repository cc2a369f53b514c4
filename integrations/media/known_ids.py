"""Which ids of the plant stand on a picture: what a camera mistakes is forgiven only where one known id is meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from workflow.plant import Plant
from workflow.records import Records

LOOKS_LIKE = str.maketrans("OIB", "018")  # W0-10482 is WO-10482, and a lot that ends in B may come back with an 8
MOST_PIECES = 10  # that one id is written in: W, 0, 1, O, 4, B, 2
MOST_FOUND = 6  # of one kind; more is a list, not a label
FEW_DIGITS = 5  # a shorter bare number on paper is a date, a count or a time unless its label stands before it
_PIECE = re.compile(r"\d+|[^\W\d_]+")  # digits or letters: print may come back without its spaces, "FG-3010Qty 4000"
_LOT_LABEL = re.compile(r"\b(?:lots?|lotes?|batch|charge|partia|l)\W*(?:no|nr|number)?\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of the plant, each known to ERP or to plant.yaml; nothing else of a picture goes any further (R17)."""

    work_orders: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    assets: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.work_orders or self.lots or self.items or self.assets)


def known_ids(codes: Iterable[str], lines: Iterable[str], plant: Plant, records: Records) -> Found:
    """The ids that codes and printed lines name, codes first."""
    known = _known(plant, records)
    found: dict[str, dict[str, None]] = {"work_orders": {}, "lots": {}, "items": {}, "assets": {}}
    for texts, printed in ((codes, False), (lines, True)):
        for text in texts:
            for kind, id_ in _in(text, known, printed=printed):
                found[kind][id_] = None
    return Found(**{kind: tuple(ids)[:MOST_FOUND] for kind, ids in found.items()})


def _in(text: str, known: Mapping[str, tuple[str, str] | None], *, printed: bool) -> Iterator[tuple[str, str]]:
    pieces = list(_PIECE.finditer(text))
    at = 0
    while at < len(pieces):
        for last in range(min(at + MOST_PIECES, len(pieces)), at, -1):
            start, end = pieces[at].start(), pieces[last - 1].end()
            written = text[start:end]
            if last - at > 1 and max(_gaps(pieces, at, last)) > 2:
                continue
            match = known.get(f"={_joined(written).upper()}") or known.get(_folded(written))
            if match is None and not printed and last - at == 1:
                match = known.get(f"#{written}")  # a code often carries the bare number; on paper that may be anything
            if match is None or (printed and not _is_meant(text, start, written)):
                continue
            yield match
            at = last - 1
            break
        at += 1


def _gaps(pieces: list[re.Match[str]], at: int, last: int) -> list[int]:
    return [pieces[n + 1].start() - pieces[n].end() for n in range(at, last - 1)]


def _is_meant(text: str, start: int, written: str) -> bool:
    digits = _joined(written)
    return not (digits.isdecimal() and len(digits) < FEW_DIGITS) or bool(_LOT_LABEL.search(text[:start]))


@lru_cache(maxsize=1)
def _of(key: _Same) -> Mapping[str, tuple[str, str] | None]:
    plant, records = key.plant, key.records
    known: dict[str, tuple[str, str] | None] = {}
    assets = [asset for asset in plant.asset if not asset.isalpha()]  # AIR and PWR are words as well
    for kind, ids in (
        ("work_orders", [order.id for order in records.work_orders]),
        ("lots", [lot.id for lot in records.lots]),
        ("items", [item.id for item in records.items]),
        ("assets", assets),
    ):
        for id_ in ids:
            known[f"={_joined(id_).upper()}"] = (kind, id_)  # as it is written beats what only looks like it
            looks = _folded(id_)
            known[looks] = (kind, id_) if known.get(looks, (kind, id_)) == (kind, id_) else None  # two: neither
    for order in records.work_orders:
        number = re.sub(r"^\D+", "", order.id)
        if number.isdecimal() and len(number) >= FEW_DIGITS:
            known[f"#{number}"] = ("work_orders", order.id)
    return known


@dataclass(frozen=True)
class _Same:
    """A plant and its records by identity: a hundred thousand orders are not compared for each photo."""

    plant: Plant
    records: Records

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.plant is other.plant and self.records is other.records

    def __hash__(self) -> int:
        return id(self.records)


def _known(plant: Plant, records: Records) -> Mapping[str, tuple[str, str] | None]:
    return _of(_Same(plant, records))


def _joined(written: str) -> str:
    return "".join(_PIECE.findall(written))


def _folded(written: str) -> str:
    return _joined(written).upper().translate(LOOKS_LIKE)
