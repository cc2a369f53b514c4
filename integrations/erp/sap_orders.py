"""What is booked on a production order in SAP: dates, state, words in its long text; time and scrap as confirmations.

Order state, dates and notes have no document of their own in SAP. Their mark is a line in the order's long text,
written under the order's ETag; a new date goes in by the same call as its mark.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from integrations.erp.marks import Job, checked, guid_of
from integrations.erp.posting_bodies import Confirmation, Note, OrderStatusChange, Reschedule, Scrap
from integrations.erp.sap_books import CONFIRMATIONS, ORDERS, Books, created, in_open_period
from integrations.erp.sap_odata import Row, SapSaysNo
from integrations.erp.sap_values import day_in, day_out, key, number_out, same_unit, stamp, text
from workflow.errors import Rejected
from workflow.ports import Receipt
from workflow.records import OrderStatus

OVERLAP = timedelta(minutes=2)  # of clocks that differ
REMEMBERED = timedelta(days=14)  # marks in orders that were not changed since then are not looked for
MARK = re.compile(
    r"LINECALL\s+(LC[A-Z2-7]{14})\s+([0-9a-f]{12})\s+(begun|booked)\s+(\d{8}T\d{6})Z(?:\s+reverses\s+(LC[A-Z2-7]{14}))?"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of ours in an order's text."""

    order: str
    mark: str
    fingerprint: str
    state: str
    at: datetime
    reverses: str | None = None  # the mark that this line takes back

    @property
    def receipt(self) -> Receipt:
        """The order stands for the document."""
        return Receipt(f"order {self.order}", self.at)


def marks_in(row: Row) -> list[Mark]:
    """Our lines in an order's long text."""
    return [
        Mark(
            str(row["ManufacturingOrder"]),
            found[0],
            found[1],
            found[2],
            datetime.strptime(found[3], "%Y%m%dT%H%M%S").replace(tzinfo=UTC),
            found[4] or None,
        )
        for found in MARK.findall(str(row.get("OrderLongText") or ""))
    ]


class Texts:
    """Our marks in the texts of all orders: only orders that changed are read again, since SAP cannot search texts."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._lock = threading.Lock()
        self._marks: dict[str, list[Mark]] = {}  # order -> its marks
        self._since: datetime | None = None

    def receipt(self, mark: str, job: Job | None) -> Receipt | None:
        """What was booked in an order's text; raises Rejected where it stands for another fact."""
        named = str(job.posting.body.get("work_order") or "") if job is not None else ""
        for one in self._in_order(named) if named else self._everywhere():
            if one.mark == mark:
                if job is not None and one.fingerprint != job.fingerprint:
                    checked(job, one.fingerprint)
                if one.state == "booked":
                    return one.receipt
        return None

    def _in_order(self, number: str) -> list[Mark]:
        row = self._books.sap.one(ORDERS, f"A_ProductionOrder_2{key(ManufacturingOrder=number)}")
        return marks_in(row) if row is not None else []

    def _everywhere(self) -> list[Mark]:
        with self._lock:
            asked_at = self._books.clock.now() - OVERLAP
            since = stamp(self._since or asked_at - REMEMBERED)
            where = f"ProductionPlant eq {text(self._books.setup.plant)} and LastChangeDateTime ge {text(since)}"
            fields = ("ManufacturingOrder", "OrderLongText")
            for row in self._books.sap.read(ORDERS, "A_ProductionOrder_2", where, fields):
                self._marks[str(row["ManufacturingOrder"])] = marks_in(row)
            self._since = asked_at
            return [mark for marks in self._marks.values() for mark in marks]


@dataclass
class OrderBooks(Books):
    """The books together with what stands in the orders' texts."""

    texts: Texts = field(init=False)

    def __post_init__(self) -> None:
        self.texts = Texts(self)


def write(books: Books, job: Job, order: Row, changes: Mapping[str, object] = {}, state: str = "booked") -> Receipt:
    """Changes and mark by one call, under the ETag that was read: nobody who was faster is overwritten (R50)."""
    at = books.clock.now().astimezone(UTC)
    line = f"LINECALL {job.mark} {job.fingerprint} {state} {at:%Y%m%dT%H%M%S}Z"
    line += f" reverses {job.reverses}" if job.reverses else ""
    said = "\n".join(part for part in (str(order.get("OrderLongText") or ""), line,
                                       job.words if state == "booked" else "") if part)  # fmt: skip
    number = str(order["ManufacturingOrder"])
    entity = f"A_ProductionOrder_2{key(ManufacturingOrder=number)}"
    books.sap.change(ORDERS, entity, {**changes, "OrderLongText": said}, order["__etag"])
    return Receipt(f"order {number}", at.replace(microsecond=0))


def status_of(order: Row) -> OrderStatus:
    """What the order's flags say, in the plant's words."""

    def is_(*flags: str) -> bool:
        return any(bool(order.get(flag)) for flag in flags)

    if is_("OrderIsDeleted", "OrderIsMarkedForDeletion"):
        return "cancelled"
    if is_("OrderIsClosed", "OrderIsTechnicallyCompleted", "OrderIsDelivered", "OrderIsConfirmed"):
        return "completed"
    if is_("OrderIsLocked"):
        return "held"
    begun = any(
        operation.get("OpActualExecutionStartDate") for operation in order.get("to_ProductionOrderOperation", [])
    )
    if begun or is_("OrderIsPartiallyConfirmed", "OrderIsPartiallyDelivered"):
        return "running"
    return "released" if is_("OrderIsReleased", "OrderIsPartiallyReleased") else "planned"


@dataclass(frozen=True, slots=True)
class Step:
    """From one state of an order to the next: the function, the flag that it sets, and what it does."""

    function: str
    flag: str
    verb: str


STEPS: Mapping[tuple[OrderStatus, OrderStatus], Step] = MappingProxyType(
    {
        ("planned", "released"): Step("ReleaseOrder", "OrderIsReleased", "release"),
        ("running", "completed"): Step("TechlyCmpltOrder", "OrderIsTechnicallyCompleted", "complete"),
    }
)


def order_status(books: Books, job: Job) -> Receipt:
    """Release an order, or complete it technically. SAP's service has no way to hold or to delete one.

    An order that was never begun is not completed: over there that is how a planner cancels it, with its reservations.
    """
    body = OrderStatusChange.model_validate(job.posting.body)
    order, number = books.order(body.work_order, "to_ProductionOrderOperation"), body.work_order
    is_ = status_of(order)
    if body.status == is_ or (body.status == "released" and is_ == "running"):
        return write(books, job, order)
    step = STEPS.get((is_, body.status))
    if step is None:
        raise Rejected(f"{number} is {is_} in SAP and cannot become {body.status} from here; do it at the order there")
    books.sap.act(ORDERS, step.function, ManufacturingOrder=text(number))
    order = books.order(number)
    if not order[step.flag]:
        raise Rejected(f"SAP did not {step.verb} {number}; look at its log there")
    return write(books, job, order)


def reschedule(books: Books, job: Job) -> Receipt:
    """New basic dates or a new quantity; words alone are kept in the order's text, where the planner finds them."""
    body = Reschedule.model_validate(job.posting.body)
    order = books.order(body.work_order, "to_ProductionOrderOperation")
    changes: dict[str, object] = {}
    if body.new_quantity is not None:
        changes["TotalQuantity"] = number_out(body.new_quantity)
    if body.new_due is not None:
        try:
            due = date.fromisoformat(body.new_due)
        except ValueError:
            raise Rejected(f"'{body.new_due}' is no date") from None
        start, before = day_in(order["MfgOrderPlannedStartDate"]), day_in(order["MfgOrderPlannedEndDate"])
        lasts = before - start if start and before and before >= start else timedelta(0)
        changes |= {"MfgOrderPlannedEndDate": day_out(due), "MfgOrderPlannedStartDate": day_out(due - lasts)}
    is_ = status_of(order)
    if changes and is_ not in ("planned", "released"):
        raise Rejected(f"{body.work_order} is {is_}: its dates and quantity are changed before the start only")
    return write(books, job, order, changes)


def note(books: Books, job: Job) -> Receipt:
    """Words in an order's long text."""
    body = Note.model_validate(job.posting.body)
    if body.work_order is None:
        raise Rejected("SAP keeps our notes in the text of an order, and this one names none")
    return write(books, job, books.order(body.work_order))


def note_back(books: Books, job: Job) -> Receipt:
    """Words are taken back by words: a line below them names the one that counts no more."""
    order = books.order(Note.model_validate(job.posting.body).work_order or "")
    backs = [mark for mark in marks_in(order) if mark.reverses == job.reverses and mark.mark != job.mark]
    if backs:
        raise Rejected(f"{job.posting.reverses} is reversed already")
    return write(books, job, order)


# confirmations -------------------------------------------------------------------------------------------------------


def confirmed(books: Books, posting_key: str, job: Job | None) -> Receipt | None:
    """A confirmation of ours that stands; raises Rejected where it stands for another fact."""
    row = _confirmation(books, posting_key)
    if row is None:
        return None
    if job is not None:
        checked(job, str(row["ConfirmationText"]))
    at = created({"CreationDate": row["ConfirmationEntryDate"], "CreationTime": row["ConfirmationEntryTime"]},
                 books.zone, books.clock)  # fmt: skip
    return Receipt(f"{row['ConfirmationGroup']}/{row['ConfirmationCount']}", at)


def confirmation(books: Books, job: Job) -> Receipt:
    """Time beyond the plan, on the order's operation at that line; it moves no goods."""
    body = Confirmation.model_validate(job.posting.body)
    if body.work_order is None:
        raise Rejected("SAP confirms time on an order, and none is named")
    order = _open_order(books, body.work_order)
    at_line = [row for row in order["to_ProductionOrderOperation"] if row["WorkCenter"] == body.line]
    if not at_line:
        raise Rejected(f"no operation of {body.work_order} is at work center {body.line}")
    slot = books.setup.activity
    spent = {f"OpConfirmedWorkQuantity{slot}": number_out(body.minutes), f"OpWorkQuantityUnit{slot}": "MIN",
             "APIConfHasNoGoodsMovements": True}  # fmt: skip
    return _confirm(books, job, at_line[0], spent)


def scrap_of_order(books: Books, job: Job) -> Receipt:
    """Scrap that never became a lot, on the first operation that is not finished; SAP books what it used."""
    body = Scrap.model_validate(job.posting.body)
    order = _open_order(books, body.work_order or "")
    if not same_unit(body.uom, order["ProductionUnit"]):
        raise Rejected(f"{body.work_order} is counted in {order['ProductionUnit']}, not in {body.uom}")
    unfinished = [row for row in order["to_ProductionOrderOperation"] if not row["OperationIsConfirmed"]]
    if not unfinished:
        raise Rejected(f"every operation of {body.work_order} is confirmed; scrap it from stock")
    lost = {"ConfirmationScrapQuantity": number_out(body.quantity), "ConfirmationUnit": str(order["ProductionUnit"])}
    return _confirm(books, job, unfinished[0], lost)


def confirmation_back(books: Books, job: Job) -> Receipt:
    """Take a confirmation back. SAP keeps no mark of ours in that, so the order's text gets one before and after."""
    original = job.posting.reverses or ""
    row = _confirmation(books, original)
    if row is None:
        raise Rejected(f"SAP has no confirmation of {original}; correct it there")
    order = books.order(str(row["OrderID"]))
    mine = [mark for mark in marks_in(order) if mark.mark == job.mark]
    if row["IsReversed"] and not mine:
        raise Rejected(f"{original} is reversed already")
    if not mine:
        write(books, job, order, state="begun")
    if not row["IsReversed"]:
        group, count = text(str(row["ConfirmationGroup"])), text(str(row["ConfirmationCount"]))
        in_open_period(books, job, lambda day: books.sap.act(
            CONFIRMATIONS, "CancelProdnOrdConf", ConfirmationGroup=group, ConfirmationCount=count,
            PostingDate=f"datetime'{day:%Y-%m-%d}T00:00:00'",
        ))  # fmt: skip
    return write(books, job, books.order(str(row["OrderID"])))


def _confirmation(books: Books, posting_key: str) -> Row | None:
    where = f"ExternalSystemConfirmation eq guid'{guid_of(posting_key)}'"
    rows = books.sap.read(CONFIRMATIONS, "ProdnOrdConf2", where)
    return next((row for row in rows if not row.get("IsReversal")), None)


def _open_order(books: Books, number: str) -> Row:
    order = books.order(number, "to_ProductionOrderOperation")
    is_ = status_of(order)
    if is_ not in ("released", "running"):
        raise Rejected(f"{number} is {is_} in SAP: nothing can be confirmed on it")
    order["to_ProductionOrderOperation"].sort(key=lambda row: str(row["ManufacturingOrderOperation"]))
    return order


def _confirm(books: Books, job: Job, operation: Row, what: Mapping[str, object]) -> Receipt:
    body = {
        "OrderID": operation["ManufacturingOrder"],
        "Sequence": operation["ManufacturingOrderSequence"],
        "OrderOperation": operation["ManufacturingOrderOperation"],
        "ConfirmationText": f"{job.fingerprint} {job.posting.case} {job.posting.body.get('text') or job.posting.kind}"[
            :40
        ],
        "FinalConfirmationType": "",
        "ExternalSystemConfirmation": job.guid,
        **what,
    }
    try:
        in_open_period(books, job, lambda day: books.sap.create(CONFIRMATIONS, "ProdnOrdConf2",
                                                                body | {"PostingDate": day_out(day)}))  # fmt: skip
    except SapSaysNo:
        receipt = confirmed(books, job.posting.key, job)  # another worker was faster
        if receipt is None:
            raise
        return receipt
    receipt = confirmed(books, job.posting.key, job)
    if receipt is None:
        raise Rejected("SAP did not keep the confirmation; look at the order there")
    return receipt
