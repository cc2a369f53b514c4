"""What is booked on a production order in Tryton: its dates and state, time that it lost, scrap, quality, words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from integrations.erp.posting_bodies import (
    Confirmation,
    Deviation,
    Downtime,
    Note,
    OrderStatusChange,
    Reschedule,
    Scrap,
)
from integrations.erp.tryton_books import Books, Job
from integrations.erp.tryton_rpc import Row
from workflow.errors import Rejected
from workflow.ports import Receipt
from workflow.records import OrderStatus

DOWNTIME, EXTRA_TIME, DEVIATION, CONFORMS = "Downtime", "Extra time", "Deviation", "conforms"  # names of the set-up
SCRAP = "SCRAP"  # code of a location

# What an order's state is called there; "running" and "completed" need a person at the order's own page.
ORDER_STATES: Mapping[str, OrderStatus] = MappingProxyType(
    {"request": "planned", "draft": "planned", "waiting": "released", "assigned": "released", "running": "running",
     "done": "completed", "cancelled": "cancelled"}
)  # fmt: skip
_TO_RUN = {"request": "draft", "draft": "wait", "waiting": "assign_try", "assigned": "run"}
STEPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "planned": {"request": "draft", "waiting": "draft", "assigned": "wait", "cancelled": "draft"},
        "released": {"request": "draft", "draft": "wait", "waiting": "assign_try"},
        "running": _TO_RUN,
        "held": {"running": "wait", "assigned": "wait"},
        "cancelled": {"request": "cancel", "draft": "cancel", "waiting": "cancel", "assigned": "cancel"},
    }
)
ENDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "planned": frozenset({"draft"}),
        "released": frozenset({"assigned", "running"}),
        "running": frozenset({"running"}),
        "held": frozenset({"waiting", "draft", "request"}),
        "cancelled": frozenset({"cancelled"}),
    }
)


_OF_A_MOVE = ("product", "unit", "quantity", "from_location", "to_location", "company", "currency", "unit_price")


def order_status(books: Books, job: Job) -> Receipt:
    """Press an order's buttons until it stands where the plant says; what one cannot do is refused."""
    body = OrderStatusChange.model_validate(job.posting.body)
    order = books.order(body.work_order)
    if body.status not in STEPS:
        raise Rejected(f"{body.work_order} is completed in Tryton with its yields and lots; do it at the order there")
    _drive(books, order, body.status)
    return books.booked(job, f"production,{order['id']}")


def reschedule(books: Books, job: Job) -> Receipt:
    """New dates or a new quantity: back to draft, changed, and forward to where it stood (R48).

    Words alone change nothing but are kept at the order, where the planner finds them.
    """
    body = Reschedule.model_validate(job.posting.body)
    order = books.order(body.work_order)
    resource, number = f"production,{order['id']}", body.work_order
    if body.new_due is None and body.new_quantity is None:
        return books.booked(job, resource)
    begun = next((note for note in books.notes(job.key) if note["state"] == "begun"), None)
    if begun is None:
        if order["state"] not in ("request", "draft", "waiting", "assigned"):
            is_ = ORDER_STATES[order["state"]]
            raise Rejected(f"{number} is {is_}: Tryton changes dates and quantities before the start only")
        was = str(order["state"])
        books.claim(job, resource, was)
    else:  # an attempt of ours may have stopped while the order was a draft
        was = str(begun["rest"]).strip()
    for state, button in (("assigned", "wait"), ("waiting", "draft"), ("request", "draft")):
        if order["state"] == state:
            books.press("production", button, order["id"])
            order = books.order(number)
    if order["state"] != "draft":
        raise Rejected(f"{number} is {ORDER_STATES[order['state']]} by now; somebody has to look at it")
    _write(books, order, _changes(order, body))
    if body.new_quantity is not None:
        _materials_anew(books, order["id"])
    if was in ("waiting", "assigned"):
        books.press("production", "wait", order["id"])
    if was == "assigned":
        books.press("production", "assign_try", order["id"])  # short now: it waits, and materials see it there
    return books.booked(job, resource)


def _materials_anew(books: Books, order: int) -> None:
    """An order's moves by its recipe for the quantity that it has now; one that has no material moves gets none.

    The button only tells a client what it would write. All of it is one write: stopped anywhere, it is done again.
    """
    of = {"inputs": "production_input", "outputs": "production_output"}
    there = {name: books.rpc.search("stock.move", [[field, "=", order]], ["to_location"]) for name, field in of.items()}
    if not there["inputs"]:
        return
    (told,) = books.rpc.call("production", "reset_bom", [order])
    changes: dict[str, object] = {}
    for name in of:
        new = [
            {field: move[field] for field in _OF_A_MOVE if move.get(field) is not None}
            for _, move in told.get(name, {}).get("add", ())
        ]
        ends = {move["to_location"] for move in new}  # what goes elsewhere is scrap that somebody has told
        old = [move["id"] for move in there[name] if name == "inputs" or move["to_location"] in ends]
        if new:
            changes[name] = [["delete", old], ["create", new]]
    if changes:
        books.rpc.call("production", "write", [order], changes)


def downtime(books: Books, job: Job) -> Receipt:
    """A finished work of the order at the machine's work center with the minutes that count (R49)."""
    body = Downtime.model_validate(job.posting.body)
    center = books.center(body.asset or body.line or "", "asset" if body.asset else "line")
    if body.work_order is None:
        raise Rejected("Tryton books downtime on an order, and none is named; book it where maintenance keeps it")
    return _time(books, job, body.work_order, center, DOWNTIME, body.minutes)


def confirmation(books: Books, job: Job) -> Receipt:
    """Time beyond the plan, as a finished work of the order at the line's work center."""
    body = Confirmation.model_validate(job.posting.body)
    if body.work_order is None:
        raise Rejected("Tryton confirms time on an order, and none is named")
    return _time(books, job, body.work_order, books.center(body.line, "line"), EXTRA_TIME, body.minutes)


def scrap_of_order(books: Books, job: Job) -> Receipt:
    """Scrap that never became a lot: an output of the order that goes to the scrap location when it is done."""
    body = Scrap.model_validate(job.posting.body)
    order = books.order(body.work_order or "")
    if order["unit."]["symbol"] != body.uom:
        raise Rejected(f"{body.work_order} is counted in {order['unit.']['symbol']}, not in {body.uom}")
    if order["state"] in ("done", "cancelled"):
        raise Rejected(f"{body.work_order} is {ORDER_STATES[order['state']]}; scrap it from stock, or reopen it there")
    end = books.place(SCRAP)
    facts = {"product": order["product"], "quantity": body.quantity, "to_location": end}

    def make() -> int:
        company = books.rpc.context["company"]
        move = facts | {"unit": order["unit"], "from_location": order["location"], "company": company}
        books.rpc.call("production", "write", [order["id"]], {"outputs": [["create", [move]]]})
        found = books.rpc.search("stock.move", like, ["id"], [["id", "DESC"]], 1)
        if not found:
            raise Rejected(f"Tryton did not keep the scrap of {body.work_order}")
        return int(found[0]["id"])

    like = [["production_output", "=", order["id"]], ["state", "!=", "cancelled"],
            *([name, "=", value] for name, value in facts.items())]  # fmt: skip
    return books.booked(job, f"stock.move,{_mine(books, job, 'stock.move', like, make)}")


def deviation(books: Books, job: Job) -> Receipt:
    """An inspection that failed and its alert; resolved where it is a concession, open where quality still decides.

    Tryton inspects orders and shipments. A lot that neither made nor moved gets a note instead.
    """
    body = Deviation.model_validate(job.posting.body)
    origin = _origin(books, body)
    if origin is None:
        stock = books.stock(body.model_dump())
        resource = f"stock.lot,{stock.lot}" if stock.lot is not None else f"product.product,{stock.product}"
        return books.booked(job, resource)
    mine = [["reference", "=", job.mark]]
    found = books.rpc.search("quality.inspection", mine, ["id"], [["id", "ASC"]], 1)
    if found:
        inspection = int(found[0]["id"])
    else:
        values = {"reference": job.mark, "control": books.named("quality.control", DEVIATION), "origin": origin,
                  "company": books.rpc.context["company"], "points": {CONFORMS: False}}  # fmt: skip
        made = books.rpc.create("quality.inspection", values)
        inspection = int(books.rpc.search("quality.inspection", mine, ["id"], [["id", "ASC"]], 1)[0]["id"])
        if inspection != made:
            books.rpc.call("quality.inspection", "delete", [made])
    if books.state("quality.inspection", inspection) == "pending":
        books.press("quality.inspection", "process", inspection)
    alerts = books.rpc.search("quality.alert", [["origin", "=", f"quality.inspection,{inspection}"]], ["state"])
    for alert in alerts:
        if alert["state"] in ("open", "processing"):
            words = {"title": f"{job.posting.case}: {body.text}"[:80], "description": job.words}
            books.rpc.call("quality.alert", "write", [alert["id"]], words)
        for state, button in (("open", "process"), ("processing", "resolve")):
            if body.decision is not None and books.state("quality.alert", alert["id"]) == state:
                books.press("quality.alert", button, alert["id"])
    return books.booked(job, f"quality.inspection,{inspection}")


def note(books: Books, job: Job) -> Receipt:
    """Words at an order, a lot or a machine."""
    body = Note.model_validate(job.posting.body)
    if body.work_order is not None:
        return books.booked(job, f"production,{books.order(body.work_order)['id']}")
    if body.lot is not None:
        return books.booked(job, f"stock.lot,{books.stock({'lot': body.lot}).lot}")
    if body.asset is not None:
        return books.booked(job, f"production.work.center,{books.center(body.asset, 'asset')}")
    raise Rejected("a note needs an order, a lot or a machine that it is about")


def _drive(books: Books, order: Row, status: str) -> None:
    for _ in range(6):
        state = books.state("production", order["id"])
        if state in ENDS[status]:
            return
        button = STEPS[status].get(state)
        if button is None:
            raise Rejected(f"{order['number']} is {ORDER_STATES[state]} in Tryton and cannot become {status}")
        books.press("production", button, order["id"])
        if button == "assign_try" and books.state("production", order["id"]) == "waiting":
            short = [["production_input", "=", order["id"]], ["state", "=", "draft"]]
            codes = {row["product."]["code"] for row in books.rpc.search("stock.move", short, ["product.code"])}
            books.press("production", "wait", order["id"])  # or its partial reservation starves the others
            raise Rejected(f"{order['number']} lacks {', '.join(sorted(map(str, codes)))} in storage")
    raise Rejected(f"{order['number']} does not become {status} in Tryton")


def _changes(order: Row, body: Reschedule) -> dict[str, object]:
    changes: dict[str, object] = {}
    if body.new_quantity is not None:
        changes["quantity"] = body.new_quantity
    if body.new_due is not None:
        try:
            due = date.fromisoformat(body.new_due)
        except ValueError:
            raise Rejected(f"'{body.new_due}' is no date") from None
        start, before = order["planned_start_date"], order["planned_date"]
        lasts = before - start if start and before and before >= start else timedelta(0)
        changes |= {"planned_date": due, "planned_start_date": due - lasts}
    return changes


def _write(books: Books, order: Row, changes: Mapping[str, object]) -> None:
    """With the version that was read: whoever changed the order meanwhile is not overwritten (R50)."""
    context = {"_timestamp": {f"production,{order['id']}": order["_timestamp"]}}
    books.rpc.call("production", "write", [order["id"]], changes, context=context)


def _time(books: Books, job: Job, number: str, center: int, operation: str, minutes: float) -> Receipt:
    order = books.order(number)
    if order["state"] in ("request", "draft", "done", "cancelled"):
        raise Rejected(f"{number} is {ORDER_STATES[order['state']]} in Tryton: no time can be booked on it")
    values = {"production": order["id"], "work_center": center, "operation": books.named("production.routing.operation",
                                                                                        operation)}  # fmt: skip
    like = [[name, "=", value] for name, value in values.items()]
    company = books.rpc.context["company"]
    work = _mine(books, job, "production.work", like,
                 lambda: books.rpc.create("production.work", values | {"company": company}))  # fmt: skip
    spent = timedelta(minutes=minutes)
    model, mine = "production.work.cycle", [["work", "=", work], ["state", "!=", "cancelled"]]
    found = books.rpc.search(model, mine, ["state"], [["id", "ASC"]], 1)
    cycle = int(found[0]["id"]) if found else books.rpc.create(model, {"work": work})
    if books.state(model, cycle) == "draft":
        books.press(model, "run", cycle)
    if books.state(model, cycle) == "running":
        books.rpc.call(model, "write", [cycle], {"duration": spent})
        books.press(model, "do", cycle)
    return books.booked(job, f"production.work,{work}")


def _mine(books: Books, job: Job, model: str, like: list[list[object]], make: Callable[[], int]) -> int:
    """The record of this posting among equal ones: the one that our note claims, else one that nobody has claimed
    (an attempt stopped between making it and claiming it), else a new one.

    The first note on a record owns it, so two workers never share one and none is made for nothing.
    """
    for note in books.notes(job.key):
        if note["on"].startswith(f"{model},") and books.owner(note["on"]) == note["id"]:
            return int(note["on"].split(",")[1])
    for row in books.rpc.search(model, like, ["id"], [["id", "ASC"]]):
        on = f"{model},{row['id']}"
        if books.owner(on) is None and books.claim(job, on) == books.owner(on):
            return int(row["id"])
    made = f"{model},{make()}"
    if books.claim(job, made) != books.owner(made):
        return _mine(books, job, model, like, make)
    return int(made.split(",")[1])


def _origin(books: Books, body: Deviation) -> str | None:
    """What Tryton may inspect: the order named, the order that made the lot, or the last shipment that moved it."""
    if body.work_order is not None:
        return f"production,{books.order(body.work_order)['id']}"
    if body.lot is None:
        return None
    stock = books.stock(body.model_dump())
    fields, newest = ["production_output", "shipment"], [["id", "DESC"]]
    made = [["lot", "=", stock.lot], ["production_output", "!=", None]]
    for row in books.rpc.search("stock.move", made, fields, newest, 1):
        return f"production,{row['production_output']}"
    moved = [["lot", "=", stock.lot], ["shipment", "like", "stock.shipment.internal,%"], ["state", "=", "done"]]
    for row in books.rpc.search("stock.move", moved, fields, newest, 1):
        return str(row["shipment"])
    return None
