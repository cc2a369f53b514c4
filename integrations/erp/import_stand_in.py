"""Plays the import of an ERP where none is connected: the demo, play mode, and the strict opposite of every test."""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.erp.posting_bodies import why_not
from integrations.erp.posting_files import Document, Unreadable, key_of, move, read_document, write_atomically
from integrations.plant_folder import PlantFolderProblems, file_marks, read_records
from integrations.plant_folder.plant_yaml import ids_in
from integrations.plant_folder.yaml_file import read_yaml
from workflow.records import Records

TOLERANCE = 1e-6  # of a quantity


@dataclass
class _Books:
    """What the ledger adds up to: how much of each lot is there, and how much of it is on hold."""

    records: Records
    lines: frozenset[str]
    assets: frozenset[str]
    booked: dict[str, Document] = field(default_factory=dict)  # by key
    receipts: dict[str, str] = field(default_factory=dict)
    reversed: set[str] = field(default_factory=set)
    gone: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # of a lot: scrapped or sent back
    held: dict[str, float] = field(default_factory=dict)  # of a lot

    def held_of(self, lot: str) -> float:
        known = self.records.lot[lot]
        return self.held.get(lot, known.quantity if known.status in ("hold", "blocked") else 0.0)

    def there_of(self, lot: str) -> float:
        return self.records.lot[lot].quantity - self.gone[lot]

    def book(self, entry: Document, receipt: str) -> None:
        self.booked[entry.key], self.receipts[entry.key] = entry, receipt
        if entry.reverses is not None:
            self.reversed.add(entry.reverses)
            self._move(self.booked[entry.reverses], -1)
        else:
            self._move(entry, 1)

    def _move(self, entry: Document, way: int) -> None:
        lot, quantity = str(entry.body.get("lot")), float(entry.body.get("quantity") or 0) * way
        if lot not in self.records.lot:
            return
        frees = entry.kind in ("lot_release", "lot_rework") or _takes_away(entry)
        if entry.kind == "lot_hold":
            self.held[lot] = max(0.0, min(self.there_of(lot), self.held_of(lot) + quantity))
        elif frees:
            self.held[lot] = max(0.0, self.held_of(lot) - quantity)
        if _takes_away(entry):
            self.gone[lot] += quantity


class ImportStandIn:
    """Takes files from `<postings>/out/` in order and answers in `<postings>/in/`, as strict as a real import.

    `away = True` unplugs it: it takes and answers nothing. Its ledger is what it really accepted, each key once.
    """

    def __init__(self, postings: Path, plant_folder: Path) -> None:
        self._out, self._in, self._taken = postings / "out", postings / "in", postings / "taken"
        self._ledger, self._plant = postings / "ledger.jsonl", plant_folder
        self._books: tuple[object, _Books] | None = None  # of which files, and what they add up to
        self.away = False

    def take_in(self, now: datetime) -> int:
        """Book or refuse every file that waits; how many were answered. `now` goes into the answers."""
        waiting = self._waiting() if not self.away else []
        if not waiting:
            return 0
        books = self._read_books()
        if books is None:
            return 0
        for file, document in waiting:
            self._answer(file, document, books, now)
        return len(waiting)

    def ledger(self) -> list[dict[str, Any]]:
        """Every accepted posting, in the order in which it was booked: key, kind, case, body, receipt, at."""
        return list(self._entries())

    def _waiting(self) -> list[tuple[Path, Document | str]]:
        """The files in `out/` in the order in which they were written; what is no posting comes as its reason."""
        if not self._out.is_dir():
            return []
        found: list[tuple[Path, Document | str]] = []
        for file in self._out.iterdir():
            if file.suffix != ".json" or file.name.startswith("."):
                continue
            try:
                found.append((file, read_document(file)))
            except Unreadable as error:
                found.append((file, str(error)))
            except FileNotFoundError:
                continue
        return sorted(found, key=lambda waiting: _order(*waiting))

    def _answer(self, file: Path, document: Document | str, books: _Books, now: datetime) -> None:
        name = file.name.removesuffix(".json")
        if isinstance(document, str):
            self._refuse(name, key_of(name), document, now)
        elif document.key != key_of(name):
            self._refuse(name, key_of(name), f"the file carries another key: {document.key}", now)
        elif (before := books.booked.get(document.key)) is not None:
            if before.fact == document.fact:
                self._accept(name, document.key, books.receipts[document.key], now)
            else:
                self._refuse(name, document.key, "this key was booked before with other content", now)
        elif (reason := _reason_against(document, books)) is not None:
            self._refuse(name, document.key, reason, now)
        else:
            receipt = f"DOC-{len(books.booked) + 1:06d}"
            # First the ledger, then the answer: a crash in between is answered from the ledger next time.
            self._append(document, receipt, now)
            books.book(document, receipt)
            self._books = (self._marks(), books)
            self._accept(name, document.key, receipt, now)
        move(file, self._taken / file.name)

    def _accept(self, name: str, key: str, receipt: str, now: datetime) -> None:
        answer = {"key": key, "receipt": receipt, "at": now.astimezone(UTC).isoformat()}
        write_atomically(self._in / f"{name}.accepted.json", answer)

    def _refuse(self, name: str, key: str, reason: str, now: datetime) -> None:
        answer = {"key": key, "reason": reason, "at": now.astimezone(UTC).isoformat()}
        write_atomically(self._in / f"{name}.rejected.json", answer)

    def _append(self, document: Document, receipt: str, now: datetime) -> None:
        entry = document.model_dump(mode="json") | {"receipt": receipt, "at": now.astimezone(UTC).isoformat()}
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_line(self._ledger)
        with self._ledger.open("ab") as file:
            file.write((json.dumps(entry, ensure_ascii=False) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())

    def _entries(self) -> Iterator[dict[str, Any]]:
        if not self._ledger.exists():
            return
        for line in self._ledger.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):  # the last one may be torn by a crash: it was never answered
                yield json.loads(line)

    def _read_books(self) -> _Books | None:
        """The plant's records with the ledger booked over them; None while the plant folder cannot be read."""
        marks = self._marks()
        if self._books is not None and self._books[0] == marks:
            return self._books[1]
        try:
            records = read_records(self._plant)
        except PlantFolderProblems:
            return None
        source = read_yaml(self._plant / "plant.yaml", [])
        lines = source.tree.get("lines", []) if source is not None else []
        assets = frozenset(asset["id"] for line in lines for asset in line.get("assets", []))
        books = _Books(records, frozenset(ids_in(source, "lines")) if source is not None else frozenset(), assets)
        for entry in self._entries():
            books.book(Document.model_validate(entry), entry["receipt"])
        self._books = (marks, books)
        return books

    def _marks(self) -> object:
        ledger = self._ledger.stat().st_size if self._ledger.exists() else 0
        return ledger, file_marks(self._plant)


def _reason_against(document: Document, books: _Books) -> str | None:
    """Why a real import would refuse this transaction; None where it books it."""
    if document.reverses is not None:
        if document.reverses not in books.booked:
            return f"nothing is booked under {document.reverses} that could be reversed"
        if document.reverses in books.reversed:
            return f"{document.reverses} is reversed already"
    return why_not(document.kind, document.body) or _unknown(document.body, books) or _too_much(document, books)


def _unknown(body: Mapping[str, Any], books: _Books) -> str | None:
    """The first id that this ERP does not know."""
    known = {
        "work_order": ("work order", books.records.work_order),
        "lot": ("lot", books.records.lot),
        "item": ("item", books.records.item),
        "line": ("line", books.lines),
        "to_line": ("line", books.lines),
        "asset": ("asset", books.assets),
    }
    for name, (kind, there) in known.items():
        if (said := body.get(name)) is not None and said not in there:
            return f"unknown {kind} {said}"
    return None


def _too_much(document: Document, books: _Books) -> str | None:
    """Quantities that the lot does not have, or that are not on hold."""
    lot, body = document.body.get("lot"), document.body
    if lot is None or document.reverses is not None or body.get("quantity") is None:
        return None
    known, quantity = books.records.lot[lot], float(body["quantity"])
    if body.get("uom") not in (None, known.uom):
        return f"lot {lot} is kept in {known.uom}, not in {body['uom']}"
    if body.get("item") not in (None, known.item):
        return f"lot {lot} is of item {known.item}, not {body['item']}"
    if quantity > books.there_of(lot) + TOLERANCE and document.kind != "stock_adjustment":
        return f"lot {lot} has {books.there_of(lot):g} {known.uom}, not {quantity:g}"
    decided = document.kind in ("lot_release", "lot_rework") or _takes_away(document)
    if decided and quantity > books.held_of(lot) + TOLERANCE:
        return f"of lot {lot} only {books.held_of(lot):g} {known.uom} are on hold, not {quantity:g}"
    return None


def _takes_away(document: Document) -> bool:
    """After these, that much of the lot is not there any more."""
    returned = document.kind == "goods_movement" and document.body.get("decision") == "return_to_supplier"
    return document.kind == "scrap" or returned


def _order(file: Path, document: Document | str) -> tuple[datetime, list[tuple[int, str]]]:
    """By the time of writing, then by the key with its numbers as numbers: decision 2 before decision 10."""
    parts = [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", file.name)]
    return document.written_at if isinstance(document, Document) else datetime.max.replace(tzinfo=UTC), parts


def _cut_torn_line(ledger: Path) -> None:
    if not ledger.exists():
        return
    data = ledger.read_bytes()
    if data and not data.endswith(b"\n"):
        with ledger.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)
