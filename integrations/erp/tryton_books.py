"""How our postings are found again in Tryton, and the ids behind the plant's own words.

Tryton has no idempotency key and nothing in it is unique, so every document of ours carries its key and a fingerprint
of the fact, and where two workers made two of them, the older one counts and the younger one is cancelled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any, TypeVar

from integrations.erp.tryton_rpc import Row, TrytonRpc, Warned
from workflow.case import Posting
from workflow.errors import Rejected
from workflow.ports import Receipt

PREFIX = "linecall:"  # how every note of ours begins
LONGEST = 200  # characters of a key
MOST_STEPS = 10  # from a new document to a done one
CONFIRMED_FOR_THE_BOOKS = (".done",)  # warnings that ask "are you sure?" about what a person has decided already

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Job:
    """One posting with what marks it over there."""

    posting: Posting
    mark: str  # "riverside/EX-7/1/scrap/1 #0f3a…": key and fingerprint

    @property
    def key(self) -> str:
        """`plant/case/decision/kind/line`."""
        return self.posting.key

    @property
    def words(self) -> str:
        """What a person reads in Tryton: kind, real time, who decided, why (R48)."""
        body, at = self.posting.body, self.posting.occurred_at
        lines = [f"{self.posting.kind.replace('_', ' ')} of {self.posting.case}"]
        lines += [f"takes back {self.posting.reverses}"] if self.posting.reverses is not None else []
        lines += [f"happened {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"] if at is not None else []
        lines += [f"{name}: {body[name]}" for name in ("decision", "decided_by", "minutes", "start", "end", "quantity",
                                                      "new_quantity", "new_due", "status") if name in body]  # fmt: skip
        lines += [str(body[name]) for name in ("reason", "text") if body.get(name)]
        return "\n".join(lines)


def job_of(posting: Posting) -> Job:
    """The posting and its mark; raises Rejected for a key that cannot be searched for."""
    fact = [posting.kind, posting.case, posting.reverses, posting.body]
    canonical = json.dumps(fact, sort_keys=True, default=str, ensure_ascii=False)
    return Job(posting, f"{checked(posting.key)} #{hashlib.sha256(canonical.encode()).hexdigest()[:12]}")


def checked(key: str) -> str:
    """A key that Tryton can find again; raises Rejected."""
    if not key or len(key) > LONGEST or not key.isprintable() or "\\" in key or " #" in key:
        raise Rejected(f"Tryton cannot carry the key of this posting ({'empty' if not key else 'too long or odd'})")
    return key


@dataclass(frozen=True, slots=True)
class Stock:
    """So much of a product, or of one lot of it."""

    product: int
    unit: int
    uom: str
    lot: int | None = None
    name: str = ""  # "lot 6319-4A", "item PK-5330"


class Books:
    """What all kinds of posting share: look-ups by the plant's ids, notes that mark, shipments that move."""

    def __init__(self, rpc: TrytonRpc, zone: tzinfo) -> None:
        self.rpc = rpc
        self._zone = zone
        self._places: dict[str, int] = {}
        self._register: str | None = None

    # what was booked earlier ----------------------------------------------------------------------------------------

    def shipments(self, key: str) -> list[Row]:
        """Our internal shipments of this key that were not cancelled, the oldest first."""
        domain = [["reference", "like", f"{checked(key)} #%"], ["state", "!=", "cancelled"]]
        fields = ["number", "reference", "state", "create_date", "write_date"]
        found = self.rpc.search("stock.shipment.internal", domain, fields, [["id", "ASC"]])
        return [row for row in found if str(row["reference"]).startswith(f"{key} #")]

    def notes(self, key: str) -> list[Row]:
        """What our register says of this key, the oldest first: `state` is "begun" or "booked", `mark` names the fact,
        `on` the record that it is about, `rest` what else was noted.
        """
        domain = [["resource", "=", self.register], ["message", "like", f"{PREFIX}{checked(key)} #%"]]
        found = []
        for row in self.rpc.search("ir.note", domain, ["message", "create_date"], [["id", "ASC"]]):
            first, _, more = str(row["message"]).partition("\n")
            on, _, rest = more.partition("\n")
            mark, _, state = first.removeprefix(PREFIX).rpartition(" ")
            if mark.startswith(f"{key} #"):
                found.append(row | {"mark": mark, "state": state, "on": on.removeprefix("on "), "rest": rest})
        return found

    def owner(self, on: str) -> int | None:
        """The note of our register that was first to claim a record."""
        domain = [["resource", "=", self.register], ["message", "like", f"{PREFIX}%\non {on}\n%"]]
        found = self.rpc.search("ir.note", domain, ["id"], [["id", "ASC"]], 1)
        return int(found[0]["id"]) if found else None

    @property
    def register(self) -> str:
        """Where our notes are collected: the party of the employee as whom this user works.

        Tryton lets nobody but an administrator search the notes of all records.
        """
        if self._register is None:
            employee = self.rpc.context.get("employee")
            rows = self.rpc.search("company.employee", [["id", "=", employee or -1]], ["party"])
            if not rows:
                raise Rejected("the Tryton user of Linecall is no employee; docs/erp/tryton.md says how to set it up")
            self._register = f"party.party,{rows[0]['party']}"
        return self._register

    def receipt(self, key: str, mark: str | None = None) -> Receipt | None:
        """What went through earlier; raises Rejected where that key stands for another fact (R47)."""
        shipped, noted = self.shipments(key), self.notes(key)
        marks = {str(row["reference"]).split(" reverses ")[0] for row in shipped} | {row["mark"] for row in noted}
        if mark is not None and marks - {mark}:
            raise Rejected(f"something else was posted under the key {key} before")
        for row in shipped:
            if row["state"] == "done":
                return Receipt(str(row["number"]), utc(row["write_date"] or row["create_date"]))
        for row in noted:
            if row["state"] == "booked":
                return Receipt(row["on"].replace(",", " "), utc(row["create_date"]))
        return None

    def claim(self, job: Job, on: str, rest: str = "") -> int:
        """Note in our register that this posting has begun on a record; the note's id."""
        message = f"{PREFIX}{job.mark} begun\non {on}\n{rest}"
        return self.rpc.create("ir.note", {"resource": self.register, "message": message})

    def booked(self, job: Job, on: str) -> Receipt:
        """The last step of everything that is no shipment: words at the record, and from now on `find` knows it."""
        said = {"resource": on, "message": f"{job.key}\n{job.words}"}
        mark = {"resource": self.register, "message": f"{PREFIX}{job.mark} booked\non {on}\n"}
        self.rpc.call("ir.note", "create", [said, mark])
        return self.receipt(job.key) or Receipt(on.replace(",", " "), datetime.now(UTC))

    # the plant's words ----------------------------------------------------------------------------------------------

    def place(self, code: str) -> int:
        """A location by its code; raises Rejected where it was not set up."""
        if code not in self._places:
            found = self.rpc.search("stock.location", [["code", "=", code]], ["id"], limit=1)
            if not found:
                raise Rejected(f"Tryton has no location with the code {code}; docs/erp/tryton.md says how to set it up")
            self._places[code] = int(found[0]["id"])
        return self._places[code]

    @property
    def storage(self) -> int:
        """The storage zone of the warehouse: what is there may be used."""
        if "" not in self._places:
            houses = self.rpc.search("stock.location", [["type", "=", "warehouse"]], ["storage_location"], limit=1)
            if not houses:
                raise Rejected("Tryton has no warehouse")
            self._places[""] = int(houses[0]["storage_location"])
        return self._places[""]

    def stock(self, body: Mapping[str, Any]) -> Stock:
        """The lot or the item that a body names, in its own unit; raises Rejected (R50)."""
        lot, item, uom = body.get("lot"), body.get("item"), body.get("uom")
        fields = ["code", "default_uom.symbol"]
        if lot is not None:
            rows = self.rpc.search("stock.lot", [["number", "=", lot]], ["product.code", "product"], limit=1)
            if not rows:
                raise Rejected(f"unknown lot {lot}")
            code = rows[0]["product."]["code"]
            if item not in (None, code):
                raise Rejected(f"lot {lot} is of item {code}, not {item}")
            products = self.rpc.search("product.product", [["id", "=", rows[0]["product"]]], fields, limit=1)
        else:
            products = self.rpc.search("product.product", [["code", "=", item]], fields, limit=1)
            if not products:
                raise Rejected(f"unknown item {item}")
        unit, name = products[0]["default_uom."], f"lot {lot}" if lot is not None else f"item {item}"
        if uom not in (None, unit["symbol"]):
            raise Rejected(f"{name} is kept in {unit['symbol']}, not in {uom}")
        lot_id = int(rows[0]["id"]) if lot is not None else None
        return Stock(int(products[0]["id"]), int(unit["id"]), str(unit["symbol"]), lot_id, name)

    def there(self, stock: Stock, location: int) -> float:
        """How much of it is at a location and below, today."""
        model, one = ("stock.lot", stock.lot) if stock.lot is not None else ("product.product", stock.product)
        context = {"locations": [location], "stock_date_end": datetime.now(self._zone).date()}
        (row,) = self.rpc.search(model, [["id", "=", one]], ["quantity"], context=context)
        return float(row["quantity"] or 0.0)

    def order(self, number: str) -> Row:
        """A production by its number; raises Rejected (R50)."""
        fields = ["number", "state", "quantity", "product", "unit", "unit.symbol", "location", "planned_date",
                  "planned_start_date", "_timestamp"]  # fmt: skip
        found = self.rpc.search("production", [["number", "=", number]], fields, limit=1)
        if not found:
            raise Rejected(f"unknown work order {number}")
        return found[0]

    def center(self, name: str, what: str) -> int:
        """The work center of a line or an asset: its name is the plant's id, or begins with it."""
        found = self.rpc.search("production.work.center", [["name", "like", f"{name}%"]], ["name"])
        for row in found:
            if str(row["name"]).split(" ")[0] == name:
                return int(row["id"])
        raise Rejected(f"unknown {what} {name}: Tryton has no work center whose name begins with it")

    def named(self, model: str, name: str) -> int:
        """A record of the set-up by its name; raises Rejected."""
        found = self.rpc.search(model, [["name", "=", name]], ["id"], limit=1)
        if not found:
            raise Rejected(f"Tryton has no {model} named {name}; docs/erp/tryton.md says how to set it up")
        return int(found[0]["id"])

    def posting_date(self, job: Job) -> date | None:
        """The real day where its period is open, else None: Tryton then takes today (R48)."""
        if job.posting.occurred_at is None:
            return None
        day = job.posting.occurred_at.astimezone(self._zone).date()
        closed = self.rpc.search("stock.period", [["state", "=", "closed"]], ["date"], [["date", "DESC"]], 1)
        return None if closed and day <= closed[0]["date"] else day

    # moving stock ---------------------------------------------------------------------------------------------------

    def ship(self, job: Job, stock: Stock, quantity: float, start: int, end: int, short: str) -> Receipt:
        """Move stock by an internal shipment that carries the key, driven from wherever an earlier attempt stopped.

        `short` is what a person reads where there is not so much; nothing stays reserved then.
        """
        shipment = self._shipment(job, stock, quantity, start, end)
        on = [["resource", "=", f"stock.shipment.internal,{shipment}"]]
        if not self.rpc.call("ir.note", "search_count", on):
            words = {"resource": on[0][2], "message": f"{job.key}\n{job.words}"}
            self.rpc.create("ir.note", words)
        try:
            self._drive(shipment, short)
        except Rejected:
            self._let_go(shipment)
            raise
        receipt = self.receipt(job.key)
        if receipt is None:
            raise Rejected(f"Tryton did not finish shipment {shipment}; look at it there")
        return receipt

    def press(self, model: str, button: str, record: int) -> None:
        """Press a button; a warning is confirmed only where a person has decided that very thing already."""
        try:
            self.rpc.call(model, button, [record])
        except Warned as warned:
            if not warned.name.endswith(CONFIRMED_FOR_THE_BOOKS):
                raise
            self.rpc.call("res.user.warning", "skip", warned.name, False)
            self.rpc.call(model, button, [record])

    def state(self, model: str, record: int) -> str:
        """Where a document stands: buttons answer nothing, so it is read again after each."""
        (row,) = self.rpc.search(model, [["id", "=", record]], ["state"])
        return str(row["state"])

    def _shipment(self, job: Job, stock: Stock, quantity: float, start: int, end: int) -> int:
        found = self.shipments(job.key)
        if found:
            return int(found[0]["id"])
        company = self.rpc.context["company"]
        ends = {"from_location": start, "to_location": end, "company": company}
        move = ends | {"product": stock.product, "unit": stock.unit, "quantity": quantity, "lot": stock.lot}
        reverses = f" reverses {job.posting.reverses}" if job.posting.reverses is not None else ""
        named = {"reference": f"{job.mark}{reverses}", "effective_date": self.posting_date(job)}
        document = ends | named | {"moves": [["create", [move]]]}
        made = self.rpc.create("stock.shipment.internal", document)
        oldest = self.shipments(job.key)[0]
        if oldest["id"] != made:  # another worker was faster by a moment
            self.press("stock.shipment.internal", "cancel", made)
        return int(oldest["id"])

    def _drive(self, shipment: int, short: str) -> None:
        model, steps = "stock.shipment.internal", {"request": "draft", "draft": "wait", "waiting": "assign_try",
                                                   "assigned": "do", "packed": "ship", "shipped": "do"}  # fmt: skip
        for _ in range(MOST_STEPS):
            state = self.state(model, shipment)
            if state not in steps:
                return
            self.press(model, steps[state], shipment)
            if state == "waiting" and self.state(model, shipment) == "waiting":
                raise Rejected(short)
        raise Rejected(f"shipment {shipment} does not get done in Tryton")

    def _let_go(self, shipment: int) -> None:
        """Cancel what cannot be done, or its partial reservation starves whoever comes next."""
        if self.state("stock.shipment.internal", shipment) in ("request", "draft", "waiting", "assigned"):
            self.press("stock.shipment.internal", "cancel", shipment)


def first(rows: Sequence[Row], fits: Callable[[Row], bool]) -> Row | None:
    """The first row that fits."""
    return next((row for row in rows if fits(row)), None)


def utc(at: datetime) -> datetime:
    """Tryton's instants are UTC and do not say so."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
