"""ERPNext 15 as the ERP, over its REST interface: records in, postings out; set up as `docs/erp/erpnext.md` says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, timedelta, tzinfo
from types import MappingProxyType

from integrations.erp.by_mark import MarkedErp, Way
from integrations.erp.erpnext_books import DOWNTIME, ENTRY, ORDER, TEXT_OF, Books, Setup
from integrations.erp.erpnext_examine import findings
from integrations.erp.erpnext_records import batches_in, records_of, status_of
from integrations.erp.erpnext_rest import ErpNext, Row
from integrations.erp.marks import Job, mark_of, only_once
from integrations.erp.posting_bodies import Downtime, GoodsMovement, Note, OrderStatusChange, Reschedule
from workflow.case import PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt

HOLD, REWORK = "QHOLD", "REWORK"  # names of warehouses
TRANSFER, ISSUE, RECEIPT = "Material Transfer", "Material Issue", "Material Receipt"
BACKWARDS = {TRANSFER: TRANSFER, ISSUE: RECEIPT, RECEIPT: ISSUE}
STOP = "erpnext.manufacturing.doctype.work_order.work_order.stop_unstop"


class ErpNextErp(MarkedErp[Books]):
    """One company of one site. Each posting leaves its mark in a document there, by which it is found again."""

    name, system = "erpnext", "ERPNext"

    def __init__(self, site: ErpNext, setup: Setup, clock: Clock, zone: tzinfo = UTC) -> None:
        self.site = site
        records = records_of(site, setup.company, clock, (HOLD, REWORK), zone)
        super().__init__(Books(site, setup, zone, clock), records, WAYS)

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


def _stock_back(books: Books, job: Job) -> Receipt:
    """The same stock back by an entry of its own: submitted ones are never changed (R47)."""
    mark = str(job.reverses)
    only_once(job, (str(row["remarks"]) for row in books.entries(mark, reverses=True)))
    done = next(row for row in books.entries(mark) if row["docstatus"] == 1)
    fields = ["item_code", "qty", "uom", "stock_uom", "conversion_factor", "batch_no", "s_warehouse", "t_warehouse"]
    lines = books.site.search("Stock Entry Detail", [["parent", "=", done["name"]]], fields, "idx asc", parent=ENTRY)
    rows = []
    for line in lines:
        ends = {"s_warehouse": line.pop("t_warehouse"), "t_warehouse": line.pop("s_warehouse")}
        rows.append({**line, **{end: place for end, place in ends.items() if place}, "use_serial_batch_fields": 1})
    return books.ship(job, BACKWARDS[str(done["purpose"])], rows)


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
    return books.make(job, DOWNTIME, lost)


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


# taken back ----------------------------------------------------------------------------------------------------------


def _time_back(books: Books, job: Job) -> Receipt:
    """Time that was not lost ends when it began, in one step with the words that say so; nothing is deleted."""
    row = books.taken_back_once(DOWNTIME, job, ("from_time",))
    said = f"{row[TEXT_OF[DOWNTIME]]}\n\n{job.text}"
    books.site.change(DOWNTIME, str(row["name"]), {"to_time": str(row["from_time"])[:19], TEXT_OF[DOWNTIME]: said})
    return books.kept(DOWNTIME, job)


def _words_back(books: Books, job: Job) -> Receipt:
    """Words are taken back by words."""
    books.taken_back_once("Comment", job)
    return _note(books, job)


def _in_stock(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.moved(mark_of(key), job)


def _in_downtimes(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.written(DOWNTIME, mark_of(key), job)


def _in_comments(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.written("Comment", mark_of(key), job)


WAYS: Mapping[PostingKind, Way[Books]] = MappingProxyType(
    {
        "downtime": Way(_downtime, (_in_downtimes,), _time_back),
        "lot_hold": Way(_hold, (_in_stock,), _stock_back),
        "lot_release": Way(_release, (_in_stock,), _stock_back),
        "lot_rework": Way(_rework, (_in_stock,), _stock_back),
        "scrap": Way(_scrap, (_in_stock,), _stock_back),
        "reschedule": Way(_reschedule, (_in_comments,)),
        "order_status": Way(_order_status, (_in_comments,)),
        "stock_adjustment": Way(_adjust, (_in_stock,), _stock_back),
        "goods_movement": Way(_move, (_in_stock,), _stock_back),
        "note": Way(_note, (_in_comments,), _words_back),
    }
)
