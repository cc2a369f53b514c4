"""SAP S/4HANA as the ERP, over its released OData V2 services; set up as `docs/erp/sap.md` says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from types import MappingProxyType

from integrations.erp import sap_orders as orders
from integrations.erp import sap_papers as papers
from integrations.erp.marks import Job, job_of, mark_of
from integrations.erp.posting_bodies import GoodsMovement, why_not
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
from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt
from workflow.records import Records

STRIPES = 64  # of locks, so that no key is worked on twice at once


class SapErp:
    """One plant of one SAP system. Each posting leaves its mark in a document there, by which it is found again."""

    name = "sap"

    def __init__(self, sap: Sap, setup: Setup, clock: Clock, zone: tzinfo = UTC, language: str = "en") -> None:
        self.sap = sap
        self.books = Books(sap, setup, zone, clock)
        self.texts = orders.Texts(self.books)
        self._records = SapRecords(self.books, language)
        self.kinds: frozenset[PostingKind] = frozenset(BOOKS)  # cost is the controller's
        self._one_at_a_time = tuple(threading.Lock() for _ in range(STRIPES))

    def records(self) -> Records:
        """Orders, items, lots, sales and bills of material; raises TryLater."""
        return self._records.take()

    def find(self, key: str) -> Receipt | None:
        """The receipt of a posting that is done over there; raises TryLater, Rejected."""
        mark, named = mark_of(key), [kind for kind in POSTING_KINDS if f"/{kind}/" in f"{key}/"]
        looks = [look for kind in named or BOOKS for look in FINDS.get(kind, ())]
        for look in dict.fromkeys(looks):
            receipt = look(self, key, mark, None)
            if receipt is not None:
                return receipt
        return None

    def post(self, posting: Posting) -> Receipt:
        """Book it, going on wherever an earlier attempt stopped; raises TryLater, Rejected."""
        job = job_of(posting)
        if posting.kind not in BOOKS:
            raise Rejected(f"SAP has no document for {posting.kind.replace('_', ' ')} that Linecall could book")
        with self._one_at_a_time[hash(posting.key) % STRIPES]:
            for look in FINDS[posting.kind]:
                receipt = look(self, posting.key, job.mark, job)
                if receipt is not None:
                    return receipt
            why = why_not(posting.kind, posting.body)
            if why is not None:
                raise Rejected(why)
            return BOOKS[posting.kind](self.books, job) if posting.reverses is None else _reverse(self.books, job)

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


def _reverse(books: Books, job: Job) -> Receipt:
    """The same goods back by a document of their own: done documents are never changed (R47)."""
    original = mark_of(job.posting.reverses or "")
    head = f"reverses {original}"
    if any(row["ReferenceDocument"] != job.mark for row in books.documents(head, "MaterialDocumentHeaderText")):
        raise Rejected(f"{job.posting.reverses} is reversed already")
    done = books.documents(original)
    if not done:
        return orders.reverse(books, job)
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


BOOKS: Mapping[PostingKind, Callable[[Books, Job], Receipt]] = MappingProxyType(
    {
        "downtime": papers.downtime,
        "confirmation": orders.confirmation,
        "lot_hold": _hold,
        "lot_release": _release,
        "lot_rework": _rework,
        "scrap": _scrap,
        "deviation": papers.deviation,
        "reschedule": orders.reschedule,
        "order_status": orders.order_status,
        "stock_adjustment": papers.adjust,
        "goods_movement": _move,
        "maintenance_notification": papers.maintenance,
        "note": orders.note,
    }
)

# Where a posting of a kind may have left its mark.
_Look = Callable[[SapErp, str, str, Job | None], Receipt | None]


def _in_goods(erp: SapErp, _: str, mark: str, job: Job | None) -> Receipt | None:
    return erp.books.booked_goods(mark, job)


def _in_confirmations(erp: SapErp, key: str, _: str, job: Job | None) -> Receipt | None:
    return orders.confirmed(erp.books, key, job)


def _in_texts(erp: SapErp, _: str, mark: str, job: Job | None) -> Receipt | None:
    return erp.texts.receipt(mark, job)


def _in_notifications(erp: SapErp, _: str, mark: str, job: Job | None) -> Receipt | None:
    return papers.notified(erp.books, mark, job)


def _in_defects(erp: SapErp, _: str, mark: str, job: Job | None) -> Receipt | None:
    return papers.defect_noted(erp.books, mark, job)


def _in_inventory(erp: SapErp, _: str, mark: str, job: Job | None) -> Receipt | None:
    return papers.adjusted(erp.books, mark, job)


FINDS: Mapping[PostingKind, tuple[_Look, ...]] = MappingProxyType(
    {
        "downtime": (_in_notifications,),
        "confirmation": (_in_confirmations, _in_texts),
        "lot_hold": (_in_goods,),
        "lot_release": (_in_goods,),
        "lot_rework": (_in_goods,),
        "scrap": (_in_goods, _in_confirmations, _in_texts),
        "deviation": (_in_defects,),
        "reschedule": (_in_texts,),
        "order_status": (_in_texts,),
        "stock_adjustment": (_in_inventory,),
        "goods_movement": (_in_goods,),
        "maintenance_notification": (_in_notifications,),
        "note": (_in_texts,),
    }
)
