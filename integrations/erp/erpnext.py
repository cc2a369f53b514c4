"""ERPNext 15 as the ERP, over its REST interface: records in, postings out; set up as `docs/erp/erpnext.md` says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta, tzinfo
from types import MappingProxyType

from integrations.erp.erpnext_books import ENTRY, ORDER, Books, Setup
from integrations.erp.erpnext_examine import findings
from integrations.erp.erpnext_records import batches_in, records_of, status_of
from integrations.erp.erpnext_rest import ErpNext, Row
from integrations.erp.marks import Job, job_of, mark_of
from integrations.erp.posting_bodies import Downtime, GoodsMovement, Note, OrderStatusChange, Reschedule, why_not
from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt
from workflow.records import Records

HOLD, REWORK = "QHOLD", "REWORK"  # names of warehouses
TRANSFER, ISSUE, RECEIPT = "Material Transfer", "Material Issue", "Material Receipt"
BACKWARDS = {TRANSFER: TRANSFER, ISSUE: RECEIPT, RECEIPT: ISSUE}
STOP = "erpnext.manufacturing.doctype.work_order.work_order.stop_unstop"
STRIPES = 64  # of locks, so that no key is worked on twice at once


class ErpNextErp:
    """One company of one site. Each posting leaves its mark in a document there, by which it is found again."""

    name = "erpnext"

    def __init__(self, site: ErpNext, setup: Setup, clock: Clock, zone: tzinfo = UTC) -> None:
        self.site, self.books = site, Books(site, setup, zone, clock)
        self._records = records_of(site, setup.company, clock, (HOLD, REWORK), zone)
        self.kinds: frozenset[PostingKind] = frozenset(BOOKS)
        self._one_at_a_time = tuple(threading.Lock() for _ in range(STRIPES))

    def records(self) -> Records:
        """Orders, items, lots, sales and bills of material; raises TryLater."""
        return self._records.take()

    def find(self, key: str) -> Receipt | None:
        """The receipt of a posting that is done over there; raises TryLater, Rejected."""
        mark, named = mark_of(key), [kind for kind in POSTING_KINDS if f"/{kind}/" in f"{key}/"]
        looks = dict.fromkeys(FINDS[kind] for kind in named or BOOKS if kind in FINDS)
        return next((receipt for look in looks if (receipt := look(self.books, mark, None)) is not None), None)

    def post(self, posting: Posting) -> Receipt:
        """Book it, going on wherever an earlier attempt stopped; raises TryLater, Rejected."""
        job = job_of(posting)
        if posting.kind not in BOOKS:
            raise Rejected(f"ERPNext has no document for {posting.kind.replace('_', ' ')} that Linecall could book")
        with self._one_at_a_time[hash(posting.key) % STRIPES]:
            receipt = FINDS[posting.kind](self.books, job.mark, job)
            if receipt is not None:
                return receipt
            why = why_not(posting.kind, posting.body)
            if why is not None:
                raise Rejected(why)
            return BOOKS[posting.kind](self.books, job) if posting.reverses is None else _reverse(self.books, job)

    def examine(self) -> tuple[Finding, ...]:
        """Reachability, set-up and rights, for `linecall doctor`; books nothing and never raises."""
        return tuple(findings(self.site, self.books.place, (HOLD, REWORK), self.books.setup.employee))

    def close(self) -> None:
        """Let go of the connections."""
        self.site.wire.close()


# stock ---------------------------------------------------------------------------------------------------------------


def _rows(books: Books, job: Job, quantity: float, on_hold: bool, to: str | None) -> list[Row]:
    """From which warehouses and batches so much is taken; raises Rejected where there is less."""
    body, item = job.posting.body, books.item(job.posting.body)
    lot, unit = body.get("lot"), item["stock_uom"]
    held, away = books.place(HOLD), {books.place(REWORK)}
    away |= set() if on_hold else {held, *(books.place(line) for line in books.setup.lines)}
    found = batches_in(books.site, batch_no=lot) if lot is not None else batches_in(books.site, item_code=item["name"])
    there = [row for row in found if (row["warehouse"] == held if on_hold else row["warehouse"] not in away)]
    rest, rows = round(quantity, 3), list[Row]()
    for row in sorted(there, key=lambda row: (str(row["batch_no"]), str(row["warehouse"]))):
        part = min(rest, float(row["qty"]))
        if part > 0:
            rows.append({"item_code": item["name"], "qty": part, "uom": unit, "stock_uom": unit, "conversion_factor": 1,
                         "s_warehouse": row["warehouse"], "batch_no": row["batch_no"], "use_serial_batch_fields": 1,
                         **({"t_warehouse": to} if to else {})})  # fmt: skip
            rest = round(rest - part, 3)
    if rest > 0:
        named = f"lot {lot}" if lot is not None else f"item {item['name']}"
        have = f"{round(sum(float(row['qty']) for row in there), 3):.15g} {unit}"
        if on_hold:
            raise Rejected(f"of {named} only {have} are on hold, not {quantity:.15g}")
        raise Rejected(f"{named} has {have} in storage, not {quantity:.15g}")
    return rows


def _resumed(books: Books, job: Job, purpose: str, rows: Callable[[], list[Row]]) -> Receipt:
    """A draft of an earlier attempt is submitted as it is; only a new one needs its rows."""
    return books.ship(job, purpose, [] if books.entries(job.mark) else rows())


def _hold(books: Books, job: Job) -> Receipt:
    quantity = float(job.posting.body["quantity"])
    return _resumed(books, job, TRANSFER, lambda: _rows(books, job, quantity, False, books.place(HOLD)))


def _release(books: Books, job: Job) -> Receipt:
    quantity = float(job.posting.body["quantity"])
    return _resumed(books, job, TRANSFER, lambda: _rows(books, job, quantity, True, books.place("Stores")))


def _rework(books: Books, job: Job) -> Receipt:
    quantity = float(job.posting.body["quantity"])
    return _resumed(books, job, TRANSFER, lambda: _rows(books, job, quantity, True, books.place(REWORK)))


def _scrap(books: Books, job: Job) -> Receipt:
    if job.posting.body.get("lot") is None:
        raise Rejected(
            "scrap of an order that never became a lot is booked in ERPNext with the order's manufacture entry"
        )
    quantity = float(job.posting.body["quantity"])
    return _resumed(books, job, ISSUE, lambda: _rows(books, job, quantity, True, None))


def _adjust(books: Books, job: Job) -> Receipt:
    quantity = float(job.posting.body["quantity"])
    if quantity == 0:
        raise Rejected("a difference of 0 needs no adjustment")
    if quantity < 0:
        return _resumed(books, job, ISSUE, lambda: _rows(books, job, -quantity, False, None))

    def found() -> list[Row]:
        item, lot = books.item(job.posting.body), job.posting.body.get("lot")
        if lot is None:
            raise Rejected("ERPNext keeps this item by batches, and no lot is named")
        unit = item["stock_uom"]
        return [{"item_code": item["name"], "qty": quantity, "uom": unit, "stock_uom": unit, "conversion_factor": 1,
                 "t_warehouse": books.place("Stores"), "batch_no": lot, "use_serial_batch_fields": 1}]  # fmt: skip

    return _resumed(books, job, RECEIPT, found)


def _move(books: Books, job: Job) -> Receipt:
    """Material to the warehouse of a line, whose name is the line's id."""
    body = GoodsMovement.model_validate(job.posting.body)
    if body.decision == "return_to_supplier":
        raise Rejected("a return needs its receipt; book it in ERPNext as a return of that purchase receipt")
    books.item(job.posting.body)
    quantity, line = body.quantity, body.to_line
    if quantity is None:
        raise Rejected("nobody said how much was moved")
    if line is None:
        raise Rejected("nobody said where it went")
    return _resumed(books, job, TRANSFER, lambda: _rows(books, job, quantity, False, books.place(line)))


def _reverse(books: Books, job: Job) -> Receipt:
    """The same stock back by an entry of its own: submitted ones are never changed (R47)."""
    original, mark = str(job.posting.reverses), str(job.reverses)
    if any(not str(row["remarks"]).startswith(f"LINECALL {job.mark} ") for row in books.entries(mark, reverses=True)):
        raise Rejected(f"{original} is reversed already")
    done = [row for row in books.entries(mark) if row["docstatus"] == 1]
    if not done:
        if FINDS[job.posting.kind](books, mark, None) is None:
            raise Rejected(f"nothing is booked under {original} that could be reversed")
        raise Rejected(f"ERPNext cannot take back a {job.posting.kind.replace('_', ' ')}; correct it there")
    fields = ["item_code", "qty", "uom", "stock_uom", "conversion_factor", "batch_no", "s_warehouse", "t_warehouse"]
    lines = books.site.search("Stock Entry Detail", [["parent", "=", done[0]["name"]]], fields, "idx asc", parent=ENTRY)
    rows = []
    for line in lines:
        ends = {"s_warehouse": line.pop("t_warehouse"), "t_warehouse": line.pop("s_warehouse")}
        rows.append({**line, **{end: place for end, place in ends.items() if place}, "use_serial_batch_fields": 1})
    return books.ship(job, BACKWARDS[str(done[0]["purpose"])], rows)


# orders and machines -------------------------------------------------------------------------------------------------


def _downtime(books: Books, job: Job) -> Receipt:
    """Downtime of the machine's workstation, for the minutes that count (R49)."""
    body = Downtime.model_validate(job.posting.body)
    if body.work_order is not None:
        books.order(body.work_order)
    what = body.asset or body.line or ""
    if books.site.one("Workstation", [["name", "=", what]], ["name"]) is None:
        raise Rejected(f"unknown machine {what}: ERPNext has no workstation of that name")
    end = min(body.end, body.start + timedelta(minutes=body.minutes))
    lost = {"workstation": what, "operator": books.setup.employee, "from_time": books.out(body.start),
            "to_time": books.out(end), "stop_reason": "Machine malfunction"}  # fmt: skip
    return books.make(job, "Downtime Entry", "more_details", lost)


def _reschedule(books: Books, job: Job) -> Receipt:
    """Another delivery date, or words alone; the comment is the last step."""
    body = Reschedule.model_validate(job.posting.body)
    order = books.order(body.work_order)
    if body.new_quantity is not None:
        raise Rejected(
            "ERPNext fixes the quantity of a work order when it is submitted; stop it there and make another"
        )
    if body.new_due is not None:
        try:
            due = date.fromisoformat(body.new_due)
        except ValueError:
            raise Rejected(f"'{body.new_due}' is no date") from None
        if (is_ := status_of(order)) not in ("planned", "released"):
            raise Rejected(f"{body.work_order} is {is_}: its date is changed before the start only")
        books.site.change(ORDER, body.work_order, {"expected_delivery_date": due.isoformat()})
    return books.say(job, ORDER, body.work_order)


def _order_status(books: Books, job: Job) -> Receipt:
    """Stop, resume, or submit an order; the comment is the last step."""
    body = OrderStatusChange.model_validate(job.posting.body)
    order = books.order(body.work_order)
    is_ = status_of(order)
    if is_ != body.status and not (body.status == "released" and is_ == "running"):
        match (is_, body.status):
            case ("planned", "released"):
                books.site.change(ORDER, body.work_order, {"docstatus": 1})
            case ("released" | "running", "held"):
                books.site.call(STOP, reads=False, work_order=body.work_order, status="Stopped")
            case ("held", "released" | "running"):
                books.site.call(STOP, reads=False, work_order=body.work_order, status="Resumed")
            case _:
                raise Rejected(f"{body.work_order} is {is_} in ERPNext and cannot become {body.status} from here")
    return books.say(job, ORDER, body.work_order)


def _note(books: Books, job: Job) -> Receipt:
    body = Note.model_validate(job.posting.body)
    if body.work_order is not None:
        return books.say(job, ORDER, str(books.order(body.work_order)["name"]))
    if body.lot is not None:
        books.item({"lot": body.lot})
        return books.say(job, "Batch", body.lot)
    raise Rejected("a note needs an order or a lot that it is about")


BOOKS: Mapping[PostingKind, Callable[[Books, Job], Receipt]] = MappingProxyType(
    {
        "downtime": _downtime,
        "lot_hold": _hold,
        "lot_release": _release,
        "lot_rework": _rework,
        "scrap": _scrap,
        "reschedule": _reschedule,
        "order_status": _order_status,
        "stock_adjustment": _adjust,
        "goods_movement": _move,
        "note": _note,
    }
)
_Look = Callable[[Books, str, Job | None], Receipt | None]


def _in_downtimes(books: Books, mark: str, job: Job | None) -> Receipt | None:
    return books.written("Downtime Entry", "more_details", mark, job)


def _in_comments(books: Books, mark: str, job: Job | None) -> Receipt | None:
    return books.written("Comment", "content", mark, job)


FINDS: Mapping[PostingKind, _Look] = MappingProxyType(
    {
        **dict.fromkeys(BOOKS, Books.moved),
        "downtime": _in_downtimes,
        "reschedule": _in_comments,
        "order_status": _in_comments,
        "note": _in_comments,
    }
)
