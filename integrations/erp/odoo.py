"""Odoo 19 as the ERP, over its JSON-2 interface: records in, postings out; set up as `docs/erp/odoo.md` says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import MappingProxyType

from integrations.erp.marks import Job, job_of, mark_of
from integrations.erp.odoo_books import Books, instant, out, span
from integrations.erp.odoo_examine import findings
from integrations.erp.odoo_records import records_of
from integrations.erp.odoo_rpc import Odoo
from integrations.erp.posting_bodies import (
    Confirmation,
    Downtime,
    GoodsMovement,
    MaintenanceNotification,
    Note,
    OrderStatusChange,
    Reschedule,
    StockAdjustment,
    why_not,
)
from workflow.case import POSTING_KINDS, Posting, PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt
from workflow.records import OrderStatus, Records

HOLD, REWORK, SCRAP, LOST = "QHOLD", "REWORK", "SCRAP", "LOST"  # names of locations
PRODUCTIVITY, LOSS = "mrp.workcenter.productivity", "mrp.workcenter.productivity.loss"
STRIPES = 64  # of locks, so that no key is worked on twice at once
ORDER_STATES: Mapping[str, OrderStatus] = MappingProxyType(
    {"draft": "planned", "confirmed": "released", "progress": "running", "to_close": "running", "done": "completed",
     "cancel": "cancelled"}
)  # fmt: skip


class OdooErp:
    """One Odoo database. Each posting leaves its mark in a record there, by which it is found again."""

    name = "odoo"

    def __init__(self, odoo: Odoo, clock: Clock, zone: tzinfo = UTC) -> None:
        self.odoo, self.books = odoo, Books(odoo, zone, clock)
        self._records = records_of(odoo, clock, (HOLD, REWORK), ORDER_STATES, zone)
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
            raise Rejected(f"Odoo has no document for {posting.kind.replace('_', ' ')} that Linecall could book")
        with self._one_at_a_time[hash(posting.key) % STRIPES]:
            receipt = FINDS[posting.kind](self.books, job.mark, job)
            if receipt is not None:
                return receipt
            why = why_not(posting.kind, posting.body)
            if why is not None:
                raise Rejected(why)
            return BOOKS[posting.kind](self.books, job) if posting.reverses is None else _reverse(self.books, job)

    def examine(self) -> tuple[Finding, ...]:
        """Reachability, set-up, fields and rights, for `linecall doctor`; books nothing and never raises."""
        return tuple(findings(self.books, (HOLD, REWORK, SCRAP, LOST)))

    def close(self) -> None:
        """Let go of the connections."""
        self.odoo.wire.close()


# stock ---------------------------------------------------------------------------------------------------------------


def _from_storage(books: Books, job: Job, quantity: float, to: int) -> Receipt:
    product, lot = books.product(job.posting.body)
    shelves = books.shelves(product, lot, books.storage)
    named = f"lot {lot['name']}" if lot is not None else f"item {product['default_code']}"
    free = f"{sum(shelf.free for shelf in shelves):.15g} {product['uom_id'][1]}"
    return books.ship(job, shelves, quantity, to, f"{named} has {free} in storage, not {quantity:.15g}")


def _from_hold(books: Books, job: Job, to: int) -> Receipt:
    (product, lot), quantity = books.product(job.posting.body), float(job.posting.body["quantity"])
    shelves = books.shelves(product, lot, books.place(HOLD))
    held = f"{sum(shelf.free for shelf in shelves):.15g} {product['uom_id'][1]}"
    short = f"of lot {job.posting.body['lot']} only {held} are on hold, not {quantity:.15g}"
    return books.ship(job, shelves, quantity, to, short)


def _hold(books: Books, job: Job) -> Receipt:
    """A hold is a place outside of the warehouse's stock: nothing reserves what lies there."""
    return _from_storage(books, job, float(job.posting.body["quantity"]), books.place(HOLD))


def _release(books: Books, job: Job) -> Receipt:
    return _from_hold(books, job, books.storage)


def _rework(books: Books, job: Job) -> Receipt:
    return _from_hold(books, job, books.place(REWORK))


def _scrap(books: Books, job: Job) -> Receipt:
    if job.posting.body.get("lot") is None:
        raise Rejected("Odoo scraps what lies in stock, and this never became a lot; correct the order's yield there")
    return _from_hold(books, job, books.place(SCRAP))


def _adjust(books: Books, job: Job) -> Receipt:
    """What was counted: stock goes to or comes from the place of what was lost and found."""
    body = StockAdjustment.model_validate(job.posting.body)
    if body.quantity == 0:
        raise Rejected("a difference of 0 needs no adjustment")
    if body.quantity < 0:
        return _from_storage(books, job, -body.quantity, books.place(LOST))
    product, lot = books.product(job.posting.body)
    there = [shelf for shelf in books.shelves(product, lot, books.storage) if shelf.free > 0]
    found = books.found(product, lot, books.place(LOST), body.quantity)
    return books.ship(job, [found], body.quantity, there[0].place if there else books.storage, "")


def _move(books: Books, job: Job) -> Receipt:
    """Material to the location of a line, whose name is the line's id."""
    body = GoodsMovement.model_validate(job.posting.body)
    if body.decision == "return_to_supplier":
        raise Rejected("a return needs its receipt; book it in Odoo as a return of that receipt")
    books.product(job.posting.body)
    if body.quantity is None:
        raise Rejected("nobody said how much was moved")
    if body.to_line is None:
        raise Rejected("nobody said where it went")
    return _from_storage(books, job, body.quantity, books.place(body.to_line))


def _reverse(books: Books, job: Job) -> Receipt:
    """The same stock back by a transfer of its own: done ones are never changed (R47)."""
    original, mark = str(job.posting.reverses), str(job.reverses)
    if any(not str(row["origin"]).startswith(f"LINECALL {job.mark} ") for row in books.pickings(mark, reverses=True)):
        raise Rejected(f"{original} is reversed already")
    done = [row for row in books.pickings(mark) if row["state"] == "done"]
    if not done:
        if FINDS[job.posting.kind](books, mark, None) is None:
            raise Rejected(f"nothing is booked under {original} that could be reversed")
        raise Rejected(f"Odoo cannot take back a {job.posting.kind.replace('_', ' ')}; correct it there")
    (product, lot), quantity = books.product(job.posting.body), abs(float(job.posting.body["quantity"]))
    shelves = books.shelves(product, lot, int(done[0]["location_dest_id"][0]))
    return books.ship(job, shelves, quantity, int(done[0]["location_id"][0]),
                      f"of {original} not {quantity:.15g} are still there to take back")  # fmt: skip


# orders and machines -------------------------------------------------------------------------------------------------


def _downtime(books: Books, job: Job) -> Receipt:
    """Time lost at the machine's work center, under the first reason of kind availability."""
    body = Downtime.model_validate(job.posting.body)
    if body.work_order is not None:
        books.order(body.work_order)
    center = books.center(body.asset or body.line or "", "asset" if body.asset else "line")
    start, end = span(body.start, body.end, body.minutes)
    lost = {"workcenter_id": center, "loss_id": _loss(books, "availability"), "date_start": start, "date_end": end}
    return books.make(job, PRODUCTIVITY, lost)


def _confirmation(books: Books, job: Job) -> Receipt:
    """Time beyond the plan, on the order's step at that line."""
    body = Confirmation.model_validate(job.posting.body)
    if body.work_order is None:
        raise Rejected("Odoo books time on an order, and none is named")
    order, center = books.order(body.work_order), books.center(body.line, "line")
    if order["state"] not in ("confirmed", "progress", "to_close"):
        raise Rejected(f"{body.work_order} is {ORDER_STATES[order['state']]} in Odoo: no time can be booked on it")
    steps = [["production_id", "=", order["id"]], ["workcenter_id", "=", center]]
    step = books.odoo.one("mrp.workorder", steps, ["id"])
    if step is None:
        raise Rejected(f"no step of {body.work_order} is at work center {body.line}")
    end = job.posting.occurred_at or books.clock.now()
    spent = {"workcenter_id": center, "workorder_id": step["id"], "loss_id": _loss(books, "performance"),
             "date_start": out(end - timedelta(minutes=body.minutes)), "date_end": out(end)}  # fmt: skip
    return books.make(job, PRODUCTIVITY, spent)


def _loss(books: Books, kind: str) -> int:
    found = books.odoo.one(LOSS, [["loss_type", "=", kind]], ["id"], "sequence, id")
    if found is None:
        raise Rejected(f"Odoo has no reason of kind {kind} for lost time")
    return int(found["id"])


def _maintenance(books: Books, job: Job) -> Receipt:
    body = MaintenanceNotification.model_validate(job.posting.body)
    what = body.asset or body.line or ""
    found = books.odoo.one("maintenance.equipment", [["serial_no", "=", what]], ["id"])
    if found is None:
        raise Rejected(f"unknown machine {what}: Odoo has no equipment with that serial number")
    asked = {
        "name": f"{job.posting.case} {body.text}"[:100],
        "equipment_id": found["id"],
        "maintenance_type": "corrective",
    }
    return books.make(job, "maintenance.request", asked)


def _reschedule(books: Books, job: Job) -> Receipt:
    """New dates and quantity before the start, written as often as it takes; the note is the last step."""
    body = Reschedule.model_validate(job.posting.body)
    order = books.order(body.work_order)
    state = str(order["state"])
    if (body.new_due or body.new_quantity) and state not in ("draft", "confirmed"):
        is_ = ORDER_STATES[state]
        raise Rejected(f"{body.work_order} is {is_}: its dates and quantity are changed before the start only")
    if body.new_due is not None:
        try:
            due = date.fromisoformat(body.new_due)
        except ValueError:
            raise Rejected(f"'{body.new_due}' is no date") from None
        before, start = (instant(order[name]) if order[name] else None for name in ("date_finished", "date_start"))
        lasts = before - start if before and start and before > start else timedelta(0)
        at = before.astimezone(books.zone).time() if before else datetime.min.time()
        end = datetime.combine(due, at, books.zone)
        dates = {"date_start": out(end - lasts), "date_finished": out(end)}
        books.odoo.call("mrp.production", "write", [order["id"]], vals=dates)
    if body.new_quantity is not None and order["product_qty"] != body.new_quantity:
        if state == "draft":
            books.odoo.call("mrp.production", "write", [order["id"]], vals={"product_qty": body.new_quantity})
        else:
            asked = {"mo_id": order["id"], "product_qty": body.new_quantity}
            books.odoo.press(
                "change.production.qty", "change_prod_qty", books.odoo.create("change.production.qty", asked)
            )
    return books.say(job, "mrp.production", order["id"])


def _order_status(books: Books, job: Job) -> Receipt:
    body = OrderStatusChange.model_validate(job.posting.body)
    order = books.order(body.work_order)
    is_ = ORDER_STATES[order["state"]]
    if is_ != body.status and not (body.status == "released" and is_ == "running"):
        buttons = {("planned", "released"): "action_confirm", ("planned", "cancelled"): "action_cancel",
                   ("released", "cancelled"): "action_cancel"}  # fmt: skip
        button = buttons.get((is_, body.status))
        if button is None:
            raise Rejected(f"{body.work_order} is {is_} in Odoo and cannot become {body.status} from here")
        books.odoo.press("mrp.production", button, order["id"])
    return books.say(job, "mrp.production", order["id"])


def _note(books: Books, job: Job) -> Receipt:
    body = Note.model_validate(job.posting.body)
    if body.work_order is not None:
        return books.say(job, "mrp.production", books.order(body.work_order)["id"])
    if body.lot is not None:
        _, lot = books.product({"lot": body.lot})
        return books.say(job, "stock.lot", (lot or {})["id"])
    raise Rejected("a note needs an order or a lot that it is about")


BOOKS: Mapping[PostingKind, Callable[[Books, Job], Receipt]] = MappingProxyType(
    {
        "downtime": _downtime,
        "confirmation": _confirmation,
        "lot_hold": _hold,
        "lot_release": _release,
        "lot_rework": _rework,
        "scrap": _scrap,
        "reschedule": _reschedule,
        "order_status": _order_status,
        "stock_adjustment": _adjust,
        "goods_movement": _move,
        "maintenance_notification": _maintenance,
        "note": _note,
    }
)
_Look = Callable[[Books, str, Job | None], Receipt | None]


def _in_time(books: Books, mark: str, job: Job | None) -> Receipt | None:
    return books.written(PRODUCTIVITY, "description", mark, job)


def _in_requests(books: Books, mark: str, job: Job | None) -> Receipt | None:
    return books.written("maintenance.request", "description", mark, job)


def _in_notes(books: Books, mark: str, job: Job | None) -> Receipt | None:
    return books.written("mail.message", "body", mark, job)


FINDS: Mapping[PostingKind, _Look] = MappingProxyType(
    {
        **dict.fromkeys(BOOKS, Books.moved),
        "downtime": _in_time,
        "confirmation": _in_time,
        "maintenance_notification": _in_requests,
        "reschedule": _in_notes,
        "order_status": _in_notes,
        "note": _in_notes,
    }
)
