"""SAP S/4HANA as the ERP, over its released OData V2 services; set up as `docs/erp/sap.md` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from types import MappingProxyType

from integrations.erp import sap_orders as orders
from integrations.erp import sap_papers as papers
from integrations.erp.by_mark import MarkedErp, Way
from integrations.erp.marks import Job, mark_of
from integrations.erp.posting_bodies import GoodsMovement
from integrations.erp.sap_books import (
    BACKWARDS,
    BLOCKED,
    BLOCKED_TO_PLACE,
    FREE,
    FREE_TO_PLACE,
    FROM_BLOCKED,
    SCRAPPED,
    TO_BLOCKED,
    Books,
    Setup,
    Shelf,
    taken,
)
from integrations.erp.sap_examine import findings
from integrations.erp.sap_odata import Sap
from integrations.erp.sap_records import SapRecords
from workflow.case import PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt


class SapErp(MarkedErp[orders.OrderBooks]):
    """One plant of one SAP system. Each posting leaves its mark in a document there, by which it is found again."""

    name, system = "sap", "SAP"

    def __init__(self, sap: Sap, setup: Setup, clock: Clock, zone: tzinfo = UTC, language: str = "en") -> None:
        self.sap = sap
        books = orders.OrderBooks(sap, setup, zone, clock)
        super().__init__(books, SapRecords(books, language), WAYS)

    def examine(self) -> tuple[Finding, ...]:
        """Reachability, services, fields and rights, for `linecall doctor`; books nothing and never raises."""
        return tuple(findings(self.books))

    def close(self) -> None:
        """Let go of the connections."""
        self.sap.close()


# goods ---------------------------------------------------------------------------------------------------------------


def _hold(books: Books, job: Job) -> Receipt:
    """What may be used becomes blocked stock, where it lies."""
    quantity, all_ = float(job.posting.body["quantity"]), books.shelves(job.posting.body)
    free = [shelf for shelf in all_ if shelf.kind == FREE]
    short = f"lot {job.posting.body['lot']} has {_sum(free)} {all_[0].unit} in storage, not {quantity:.15g}"
    return books.move(job, TO_BLOCKED, taken(free, quantity, short))


def _held(books: Books, job: Job) -> list[Shelf]:
    quantity, all_ = float(job.posting.body["quantity"]), books.shelves(job.posting.body)
    held = [shelf for shelf in all_ if shelf.kind == BLOCKED and shelf.place != books.setup.rework]
    short = f"of lot {job.posting.body['lot']} only {_sum(held)} {all_[0].unit} are on hold, not {quantity:.15g}"
    return taken(held, quantity, short)


def _release(books: Books, job: Job) -> Receipt:
    return books.move(job, FROM_BLOCKED, _held(books, job))


def _rework(books: Books, job: Job) -> Receipt:
    """It stays blocked and lies where rework is done (R45)."""
    return books.move(job, BLOCKED_TO_PLACE, _held(books, job), books.setup.rework)


def _scrap(books: Books, job: Job) -> Receipt:
    if job.posting.body.get("lot") is None:
        return orders.scrap_of_order(books, job)
    return books.move(job, SCRAPPED, _held(books, job))


def _move(books: Books, job: Job) -> Receipt:
    """Material to the storage location of a line, whose name is the line's id."""
    body = GoodsMovement.model_validate(job.posting.body)
    named = f"lot {body.lot}" if body.lot is not None else f"item {body.item}"
    if body.decision == "return_to_supplier":
        raise Rejected("a return needs its purchase order; book it in SAP with movement type 122")
    free = [shelf for shelf in books.shelves(job.posting.body)
            if shelf.kind == FREE and shelf.place not in books.setup.lines | {books.setup.rework}]  # fmt: skip
    if body.quantity is None:
        raise Rejected(f"nobody said how much of {named} was moved")
    if body.to_line is None:
        raise Rejected(f"nobody said where {named} went")
    short = f"{named} has {_sum(free)} {free[0].unit if free else ''} in storage, not {body.quantity:.15g}"
    return books.move(job, FREE_TO_PLACE, taken(free, body.quantity, short), body.to_line)


def _goods_back(books: Books, job: Job) -> Receipt:
    """The same goods back by a document of their own: done documents are never changed (R47)."""
    original = mark_of(job.posting.reverses or "")
    head = f"reverses {original}"
    if any(row["ReferenceDocument"] != job.mark for row in books.documents(head, "MaterialDocumentHeaderText")):
        raise Rejected(f"{job.posting.reverses} is reversed already")
    done = books.documents(original)
    items = []
    for row in done[0]["to_MaterialDocumentItem"]:
        if str(row.get("IsAutomaticallyCreated") or ""):
            continue  # the other side of a transfer, which SAP makes by itself
        back = {name: str(row[name]) for name in ("Material", "Plant", "StorageLocation", "Batch", "EntryUnit",
                                                  "QuantityInEntryUnit", "CostCenter") if row.get(name)}  # fmt: skip
        back["GoodsMovementType"] = BACKWARDS[str(row["GoodsMovementType"])]
        back["MaterialDocumentItemText"] = f"{job.fingerprint} {job.posting.key}"[:50]
        if row["GoodsMovementType"] in (BLOCKED_TO_PLACE, FREE_TO_PLACE):
            back |= {"StorageLocation": str(row["IssuingOrReceivingStorageLoc"]),
                     "IssuingOrReceivingPlant": str(row["Plant"]),
                     "IssuingOrReceivingStorageLoc": str(row["StorageLocation"])}  # fmt: skip
        items.append(back)
    return books.book(job, items, head)


def _sum(shelves: list[Shelf]) -> str:
    return f"{round(sum(shelf.quantity for shelf in shelves), 3):.15g}"


def _scrap_back(books: Books, job: Job) -> Receipt:
    """Scrap of a lot is goods, scrap of an order a confirmation."""
    return _goods_back(books, job) if job.posting.body.get("lot") is not None else orders.confirmation_back(books, job)


# where a posting of a kind may have left its mark --------------------------------------------------------------------


def _in_goods(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.booked_goods(mark_of(key), job)


def _in_texts(books: orders.OrderBooks, key: str, job: Job | None) -> Receipt | None:
    return books.texts.receipt(mark_of(key), job)


def _in_notifications(books: Books, key: str, job: Job | None) -> Receipt | None:
    return papers.notified(books, mark_of(key), job)


def _in_their_words(books: Books, key: str, job: Job | None) -> Receipt | None:
    return papers.taken_back(books, mark_of(key), job)


def _in_defects(books: Books, key: str, job: Job | None) -> Receipt | None:
    return papers.defect_noted(books, mark_of(key), job)


def _in_inventory(books: Books, key: str, job: Job | None) -> Receipt | None:
    return papers.adjusted(books, mark_of(key), job)


WAYS: Mapping[PostingKind, Way[orders.OrderBooks]] = MappingProxyType(
    {
        "downtime": Way(papers.downtime, (_in_notifications, _in_their_words), papers.downtime_back),
        "confirmation": Way(orders.confirmation, (orders.confirmed, _in_texts), orders.confirmation_back),
        "lot_hold": Way(_hold, (_in_goods,), _goods_back),
        "lot_release": Way(_release, (_in_goods,), _goods_back),
        "lot_rework": Way(_rework, (_in_goods,), _goods_back),
        "scrap": Way(_scrap, (_in_goods, orders.confirmed, _in_texts), _scrap_back),
        "deviation": Way(papers.deviation, (_in_defects,)),
        "reschedule": Way(orders.reschedule, (_in_texts,)),
        "order_status": Way(orders.order_status, (_in_texts,)),
        "stock_adjustment": Way(papers.adjust, (_in_inventory,), papers.adjustment_back),
        "goods_movement": Way(_move, (_in_goods,), _goods_back),
        "maintenance_notification": Way(papers.maintenance, (_in_notifications,)),
        "note": Way(orders.note, (_in_texts,), orders.note_back),
    }
)
