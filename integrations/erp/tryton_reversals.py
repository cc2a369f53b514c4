"""How each kind is taken back in Tryton: by a document of its own where it has one, else at the record itself (R47)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from integrations.erp.tryton_books import Books, Job
from integrations.erp.tryton_orders import ORDER_STATES
from workflow.case import PostingKind
from workflow.errors import Rejected
from workflow.ports import Receipt


def reverse(books: Books, job: Job) -> Receipt:
    """Take back what is booked under the key that the posting names; raises Rejected where Tryton has no way to."""
    original = job.posting.reverses or ""
    done = [row for row in books.shipments(original) if row["state"] == "done"]
    if done:
        return _ship_back(books, job, int(done[0]["id"]))
    booked = next((note for note in books.notes(original) if note["state"] == "booked"), None)
    if booked is None:
        raise Rejected(f"nothing is booked under {original} that could be reversed")
    back = TAKES_BACK.get(job.posting.kind)
    if back is None:
        raise Rejected(f"Tryton cannot take back a finished {job.posting.kind.replace('_', ' ')}; correct it there")
    _only_once(books, job, booked["on"])
    back(books, job, booked["on"])
    return books.booked(job, booked["on"])


def _ship_back(books: Books, job: Job, shipment: int) -> Receipt:
    """The same stock back by a shipment of its own: done documents are never changed."""
    original = job.posting.reverses
    others = [["reference", "like", f"% reverses {original}"], ["state", "!=", "cancelled"]]
    taken_back = books.rpc.search("stock.shipment.internal", others, ["reference"])
    if any(not str(row["reference"]).startswith(f"{job.mark} ") for row in taken_back):
        raise Rejected(f"{original} is reversed already")
    ends = ["from_location", "to_location"]
    (went,) = books.rpc.search("stock.shipment.internal", [["id", "=", shipment]], ends)
    stock, quantity = books.stock(job.posting.body), abs(float(job.posting.body["quantity"]))
    start, end = int(went["to_location"]), int(went["from_location"])
    there = books.there(stock, start)
    short = f"of {stock.name} only {there:.15g} {stock.uom} are still there to take back, not {quantity:.15g}"
    return books.ship(job, stock, quantity, start, end, short)


def _only_once(books: Books, job: Job, on: str) -> None:
    """The first note of our register that says "takes back" a key owns that reversal; raises Rejected for a second."""
    says = f"takes back {job.posting.reverses}"
    mine = [["resource", "=", books.register], ["message", "like", f"linecall:%\non {on}\n{says}"]]
    found = books.rpc.search("ir.note", mine, ["message"], [["id", "ASC"]], 1)
    if not found:
        books.claim(job, on, says)
        found = books.rpc.search("ir.note", mine, ["message"], [["id", "ASC"]], 1)
    if not str(found[0]["message"]).startswith(f"linecall:{job.mark} "):
        raise Rejected(f"{job.posting.reverses} is reversed already")


def _time(books: Books, _: Job, on: str) -> None:
    """A finished cycle cannot be cancelled in Tryton, but leaves its work while the order is not done.

    What it was stays readable in the notes at the work.
    """
    work = int(on.split(",")[1])
    (row,) = books.rpc.search("production.work", [["id", "=", work]], ["production.state", "production.number"])
    order = row["production."]
    if order["state"] in ("done", "cancelled"):
        is_ = ORDER_STATES[order["state"]]
        raise Rejected(f"{order['number']} is {is_} in Tryton: its time is part of its cost; correct it in accounting")
    cycles = books.rpc.search("production.work.cycle", [["work", "=", work]], ["state"])
    if cycles:
        books.rpc.call("production.work.cycle", "delete", [row["id"] for row in cycles])


def _scrap_of_order(books: Books, job: Job, on: str) -> None:
    """The output to the scrap location, cancelled while the order is not done."""
    move = int(on.split(",")[1])
    state = books.state("stock.move", move)
    if state == "done":
        raise Rejected(f"the scrap of {job.posting.reverses} left with its finished order; book a stock adjustment")
    if state != "cancelled":
        books.press("stock.move", "cancel", move)


def _deviation(books: Books, _: Job, on: str) -> None:
    """An inspection stays what was seen; its alert is closed, and says that it was taken back."""
    if not on.startswith("quality.inspection,"):
        return
    for alert in books.rpc.search("quality.alert", [["origin", "=", on]], ["state"]):
        for state, button in (("open", "process"), ("processing", "resolve")):
            if books.state("quality.alert", int(alert["id"])) == state:
                books.press("quality.alert", button, int(alert["id"]))


def _words(*_: object) -> None:
    """Words are taken back by words: those at the record that `booked` leaves."""


TAKES_BACK: Mapping[PostingKind, Callable[[Books, Job, str], None]] = MappingProxyType(
    {"downtime": _time, "confirmation": _time, "scrap": _scrap_of_order, "deviation": _deviation, "note": _words}
)
