"""Tryton 8.2 as the ERP, over its own JSON-RPC: records in, postings out; set up as `docs/erp/tryton.md` says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from types import MappingProxyType

import httpx

from integrations.erp import tryton_orders as orders
from integrations.erp.posting_bodies import GoodsMovement, StockAdjustment, why_not
from integrations.erp.tryton_books import Books, Job, checked, job_of
from integrations.erp.tryton_examine import findings
from integrations.erp.tryton_records import TrytonRecords
from integrations.erp.tryton_reversals import reverse
from integrations.erp.tryton_rpc import TrytonRpc
from workflow.case import Posting, PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt
from workflow.records import Records

HOLD, REWORK, LOST = "QHOLD", "REWORK", "LOST"  # codes of locations; orders.SCRAP is the fourth
STRIPES = 64  # of locks, so that no key is worked on twice at once


class TrytonErp:
    """One Tryton database. Each posting leaves its key in a document there, by which it is found again."""

    name = "tryton"
    at_once = 4  # postings of different cases

    def __init__(
        self,
        url: str,
        database: str,
        user: str,
        password: str,
        clock: Clock,
        zone: tzinfo = UTC,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.rpc = TrytonRpc(url, database, user, password, transport)
        self.books = Books(self.rpc, zone)
        self._records = TrytonRecords(self.rpc, clock, zone)
        self.kinds: frozenset[PostingKind] = frozenset(BOOKS)  # maintenance and cost are somebody else's
        self._one_at_a_time = tuple(threading.Lock() for _ in range(STRIPES))

    def records(self) -> Records:
        """Orders, items, lots, sales and bills of material; raises TryLater."""
        return self._records.take()

    def find(self, key: str) -> Receipt | None:
        """The receipt of a posting that is done over there; raises TryLater, Rejected."""
        return self.books.receipt(checked(key))

    def post(self, posting: Posting) -> Receipt:
        """Book it, going on wherever an earlier attempt stopped; raises TryLater, Rejected."""
        job = job_of(posting)
        if posting.kind not in BOOKS:
            raise Rejected(f"Tryton has no document for {posting.kind.replace('_', ' ')}")
        with self._one_at_a_time[hash(posting.key) % STRIPES]:
            receipt = self.books.receipt(posting.key, job.mark)
            if receipt is not None:
                return receipt
            why = why_not(posting.kind, posting.body)
            if why is not None:
                raise Rejected(why)
            return BOOKS[posting.kind](self.books, job) if posting.reverses is None else reverse(self.books, job)

    def examine(self) -> tuple[Finding, ...]:
        """Reachability, set-up and rights, for `linecall doctor`; books nothing and never raises."""
        operation = "production.routing.operation"
        names = {orders.DOWNTIME: operation, orders.EXTRA_TIME: operation, orders.DEVIATION: "quality.control"}
        return tuple(findings(self.rpc, self.books, (HOLD, REWORK, LOST, orders.SCRAP), names))

    def close(self) -> None:
        """Let go of the connections."""
        self.rpc.close()


def _hold(books: Books, job: Job) -> Receipt:
    """A hold is a place: what lies there cannot be assigned to anything."""
    stock, quantity = books.stock(job.posting.body), float(job.posting.body["quantity"])
    free = books.there(stock, books.storage)
    short = f"{stock.name} has {free:.15g} {stock.uom} in storage, not {quantity:.15g}"
    return books.ship(job, stock, quantity, books.storage, books.place(HOLD), short)


def _from_hold(books: Books, job: Job, end: int) -> Receipt:
    stock, quantity = books.stock(job.posting.body), float(job.posting.body["quantity"])
    held = books.there(stock, books.place(HOLD))
    short = f"of {stock.name} only {held:.15g} {stock.uom} are on hold, not {quantity:.15g}"
    return books.ship(job, stock, quantity, books.place(HOLD), end, short)


def _release(books: Books, job: Job) -> Receipt:
    return _from_hold(books, job, books.storage)


def _rework(books: Books, job: Job) -> Receipt:
    return _from_hold(books, job, books.place(REWORK))


def _scrap(books: Books, job: Job) -> Receipt:
    if job.posting.body.get("lot") is None:
        return orders.scrap_of_order(books, job)
    return _from_hold(books, job, books.place(orders.SCRAP))


def _adjust(books: Books, job: Job) -> Receipt:
    """More or less than the books say goes to or comes from the place of what was lost and found."""
    body = StockAdjustment.model_validate(job.posting.body)
    if body.quantity == 0:
        raise Rejected("a difference of 0 needs no adjustment")
    stock, lost = books.stock(job.posting.body), books.place(LOST)
    start, end = (lost, books.storage) if body.quantity > 0 else (books.storage, lost)
    free = books.there(stock, books.storage)
    short = f"{stock.name} has {free:.15g} {stock.uom} in storage, not {abs(body.quantity):.15g}"
    return books.ship(job, stock, abs(body.quantity), start, end, short)


def _move(books: Books, job: Job) -> Receipt:
    """Material to the place of a line, whose code is the line's id."""
    body = GoodsMovement.model_validate(job.posting.body)
    if body.decision == "return_to_supplier":
        raise Rejected("a return needs its supplier and receipt; book it in Tryton as a supplier return shipment")
    stock = books.stock(job.posting.body)
    if body.quantity is None:
        raise Rejected(f"nobody said how much of {stock.name} was moved")
    if body.to_line is None:
        raise Rejected(f"nobody said where {stock.name} went")
    free = books.there(stock, books.storage)
    short = f"{stock.name} has {free:.15g} {stock.uom} in storage, not {body.quantity:.15g}"
    return books.ship(job, stock, body.quantity, books.storage, books.place(body.to_line), short)


BOOKS: Mapping[PostingKind, Callable[[Books, Job], Receipt]] = MappingProxyType(
    {
        "downtime": orders.downtime,
        "confirmation": orders.confirmation,
        "lot_hold": _hold,
        "lot_release": _release,
        "lot_rework": _rework,
        "scrap": _scrap,
        "deviation": orders.deviation,
        "reschedule": orders.reschedule,
        "order_status": orders.order_status,
        "stock_adjustment": _adjust,
        "goods_movement": _move,
        "note": orders.note,
    }
)
