"""Odoo 19 as the ERP, over its JSON-2 interface: records in, postings out; set up as `docs/erp/odoo.md` says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import MappingProxyType

from integrations.erp.by_mark import MarkedErp, Way
from integrations.erp.marks import Job, mark_of, only_once
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
)
from workflow.case import PostingKind
from workflow.errors import Rejected
from workflow.ports import Clock, Finding, Receipt
from workflow.records import OrderStatus

HOLD, REWORK, SCRAP, LOST = "QHOLD", "REWORK", "SCRAP", "LOST"  # names of locations
PRODUCTIVITY, LOSS = "mrp.workcenter.productivity", "mrp.workcenter.productivity.loss"
ORDER_STATES: Mapping[str, OrderStatus] = MappingProxyType(
    {"draft": "planned", "confirmed": "released", "progress": "running", "to_close": "running", "done": "completed",
     "cancel": "cancelled"}
)  # fmt: skip


class OdooErp(MarkedErp[Books]):
    """One Odoo database. Each posting leaves its mark in a record there, by which it is found again."""

    name, system = "odoo", "Odoo"

    def __init__(self, odoo: Odoo, clock: Clock, zone: tzinfo = UTC) -> None:
        self.odoo = odoo
        super().__init__(Books(odoo, zone, clock), records_of(odoo, clock, (HOLD, REWORK), ORDER_STATES, zone), WAYS)

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


def _stock_back(books: Books, job: Job) -> Receipt:
    """The same stock back by a transfer of its own: done ones are never changed (R47)."""
    original, mark = str(job.posting.reverses), str(job.reverses)
    only_once(job, (str(row["origin"]) for row in books.pickings(mark, reverses=True)))
    done = next(row for row in books.pickings(mark) if row["state"] == "done")
    (product, lot), quantity = books.product(job.posting.body), abs(float(job.posting.body["quantity"]))
    shelves = books.shelves(product, lot, int(done["location_dest_id"][0]))
    return books.ship(job, shelves, quantity, int(done["location_id"][0]),
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


# taken back ----------------------------------------------------------------------------------------------------------


def _time_back(books: Books, job: Job) -> Receipt:
    """Time that was not lost ends when it began, in one step with the words that say so; nothing is deleted."""
    row = books.taken_back_once(PRODUCTIVITY, job, ("date_start",))
    return books.add_to(job, PRODUCTIVITY, row, {"date_end": row["date_start"]})


def _request_back(books: Books, job: Job) -> Receipt:
    """What maintenance was asked for is cancelled, as the request's own button does it, with the words that say so."""
    return books.add_to(job, "maintenance.request", books.taken_back_once("maintenance.request", job),
                        {"archive": True})  # fmt: skip


def _words_back(books: Books, job: Job) -> Receipt:
    """Words are taken back by words."""
    books.taken_back_once("mail.message", job)
    return _note(books, job)


def _in_stock(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.moved(mark_of(key), job)


def _in_time(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.written(PRODUCTIVITY, mark_of(key), job)


def _in_requests(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.written("maintenance.request", mark_of(key), job)


def _in_notes(books: Books, key: str, job: Job | None) -> Receipt | None:
    return books.written("mail.message", mark_of(key), job)


WAYS: Mapping[PostingKind, Way[Books]] = MappingProxyType(
    {
        "downtime": Way(_downtime, (_in_time,), _time_back),
        "confirmation": Way(_confirmation, (_in_time,), _time_back),
        "lot_hold": Way(_hold, (_in_stock,), _stock_back),
        "lot_release": Way(_release, (_in_stock,), _stock_back),
        "lot_rework": Way(_rework, (_in_stock,), _stock_back),
        "scrap": Way(_scrap, (_in_stock,), _stock_back),
        "reschedule": Way(_reschedule, (_in_notes,)),
        "order_status": Way(_order_status, (_in_notes,)),
        "stock_adjustment": Way(_adjust, (_in_stock,), _stock_back),
        "goods_movement": Way(_move, (_in_stock,), _stock_back),
        "maintenance_notification": Way(_maintenance, (_in_requests,), _request_back),
        "note": Way(_note, (_in_notes,), _words_back),
    }
)
