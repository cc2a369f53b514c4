"""Riverside Bottling in an ERPNext 15 of our own: its REST interface, its doctypes' fields, and its rules for us.

It refuses what ERPNext refuses (an unknown doctype or field, a missing mandatory one, a select's wrong option, a link
to nothing, a change of a submitted document, stock below zero, a frozen day, no role), with Frappe's own envelopes.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from integrations.plant_folder import read_plant_folder

KEY, VISITOR, COMPANY, EMPLOYEE = "bot:secret", "visitor:secret", "Riverside Bottling", "HR-EMP-00042"
STOP_REASONS = ("Excessive machine set up time", "Unplanned machine maintenance", "On-machine press checks",
                "Machine operator errors", "Machine malfunction", "Electricity down", "Other")  # fmt: skip
Row = dict[str, Any]

# doctype -> fields: "*" mandatory, "!" set by ERPNext alone, "~" may change after submission; a doctype's name links.
DOCTYPES: Mapping[str, str] = {
    "Company": "",
    "Employee": "",
    "Warehouse": "warehouse_name:Data* company:Company*",
    "Workstation": "",
    "Item": "item_name:Data stock_uom:Data* disabled:Check",
    "Batch": "item:Item* batch_qty:Float! stock_uom:Data! disabled:Check reference_doctype:Data reference_name:Data",
    "Stock Ledger Entry": "item_code:Item!",
    "Stock Entry": "purpose:Data* stock_entry_type:Data* company:Company* set_posting_time:Check posting_date:Date "
                   "posting_time:Time remarks:Text items:Table=Stock_Entry_Detail*",
    "Stock Entry Detail": "item_code:Item* qty:Float* uom:Data* stock_uom:Data* conversion_factor:Float* "
                          "s_warehouse:Warehouse t_warehouse:Warehouse batch_no:Batch use_serial_batch_fields:Check",
    "Work Order": "production_item:Item* qty:Float* stock_uom:Data! status:Data! company:Company* produced_qty:Float! "
                  "planned_start_date:Datetime expected_delivery_date:Date~ sales_order:Data wip_warehouse:Warehouse",
    "Downtime Entry": "workstation:Workstation* operator:Employee* from_time:Datetime* to_time:Datetime* "
                      "stop_reason:Select* more_details:Text",
    "Comment": "comment_type:Data* reference_doctype:Data reference_name:Data content:Text",
    "Sales Order": "company:Company* customer_name:Data delivery_date:Date status:Data!",
    "Sales Order Item": "item_code:Item* qty:Float* uom:Data* delivery_date:Date",
    "BOM": "item:Item* quantity:Float* is_active:Check is_default:Check",
    "BOM Item": "item_code:Item* stock_qty:Float*",
}  # fmt: skip
ALWAYS = {
    "name": "Data!",
    "creation": "Datetime!",
    "modified": "Datetime!",
    "docstatus": "Int",
    "idx": "Int!",
    "parent": "Data!",
}
TABLES = frozenset({"Stock Entry Detail", "Sales Order Item", "BOM Item"})
SUBMITTED = frozenset({"Stock Entry", "Work Order"})
CREATES = frozenset({"Stock Entry", "Downtime Entry", "Comment"})
WRITES = frozenset({"Stock Entry", "Work Order", "Downtime Entry"})


class FrappeError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


def invalid(message: str, kind: str = "ValidationError") -> FrappeError:
    return FrappeError(417, kind, message)


class ErpNextPlant:
    """One site. `locked` documents are being saved by somebody; before `frozen_until` no stock is booked."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.now, self.url = now, ""
        self.fields = {
            name: ALWAYS | dict(one.split(":", 1) for one in said.split()) for name, said in DOCTYPES.items()
        }
        self.docs: dict[str, dict[str, Row]] = {name: {} for name in DOCTYPES}
        self.stock: dict[str, float] = {}  # "batch|warehouse" -> quantity
        self.keys = {KEY: True, VISITOR: False}  # key -> whether it may write
        self.locked: set[str] = set()
        self.frozen_until: date | None = None
        self.numbers = 0
        self.calls: list[str] = []
        self._lock = threading.RLock()
        _seed(self, folder)

    # the wire ---------------------------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], Any]:
        with self._lock:
            before = "" if method == "GET" else json.dumps([self.docs, self.stock])
            try:
                return 200, {}, self._answer(method, target, headers, body)
            except FrappeError as no:  # its transaction is rolled back
                if before:
                    self.docs, self.stock = json.loads(before)
                html = json.dumps({"message": f"<strong>{no.message}</strong>", "indicator": "red"})
                said = {"exc_type": no.kind, "exception": f"frappe.exceptions.{no.kind}: {no.message}",
                        "_server_messages": json.dumps([html])}  # fmt: skip
                return no.status, {}, said

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Row:
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        key = headers.get("authorization", "").removeprefix("token ")
        if key not in self.keys:
            raise FrappeError(401, "AuthenticationError", "Invalid API key")
        self.calls.append(f"{method} {unquote(parts.path)}")
        given = json.loads(body) if body else {}
        if parts.path.startswith("/api/method/"):
            return {"message": self._method(parts.path.removeprefix("/api/method/"), method, query | given, key)}
        steps = [unquote(step) for step in parts.path.removeprefix("/api/resource/").split("/")]
        doctype, name = steps[0], steps[1] if len(steps) > 1 else None
        if doctype not in DOCTYPES:
            raise FrappeError(404, "DoesNotExistError", f"DocType {doctype} not found")
        if method == "GET" and name is None:
            return {"data": self._list(doctype, query)}
        may = self.keys[key] and doctype in (CREATES if method in ("POST", "DELETE") else WRITES)
        if not may:
            raise FrappeError(403, "PermissionError", f"No permission for {doctype}")
        if method == "POST" and name is None:
            return {"data": self._insert(doctype, given)}
        doc = self.docs[doctype].get(name or "")
        if doc is None:
            raise FrappeError(404, "DoesNotExistError", f"{doctype} {name} not found")
        if name in self.locked:
            raise invalid("Document has been modified after you have opened it", "TimestampMismatchError")
        if method == "DELETE":
            if doc["docstatus"] == 1:
                raise invalid("Submitted documents cannot be deleted")
            del self.docs[doctype][doc["name"]]
            return {"message": "ok"}
        if method != "PUT":
            raise FrappeError(405, "ValidationError", "Method not allowed")
        return {"data": self._update(doctype, doc, given)}

    # reading ----------------------------------------------------------------------------------------------------------

    def _list(self, doctype: str, query: Mapping[str, str]) -> list[Row]:
        if doctype in TABLES and not query.get("parent"):
            raise FrappeError(403, "PermissionError", f"No permission for {doctype}")
        rows = list(self.docs[doctype].values())
        for term in json.loads(query.get("filters", "[]")):
            rows = [row for row in rows if self._fits(doctype, row, *term)]
        order, _, direction = query.get("order_by", "modified desc").partition(" ")
        self._known(doctype, order)
        rows.sort(key=lambda row: (str(row.get(order) or ""), str(row["creation"])), reverse=direction == "desc")
        start, length = int(query.get("limit_start", 0)), int(query.get("limit_page_length", 20))
        fields = json.loads(query.get("fields", '["name"]'))
        for field in fields:
            self._known(doctype, field)
        return [{field: row.get(field) for field in fields} for row in rows[start : start + length]]

    def _known(self, doctype: str, field: str) -> str:
        if field not in self.fields[doctype] or self.fields[doctype][field].startswith("Table="):
            raise FrappeError(417, "DataError", f"Field not permitted in query: {field}")
        return self.fields[doctype][field]

    def _fits(self, doctype: str, row: Row, field: str, operator: str, wanted: Any) -> bool:
        self._known(doctype, field)
        value = row.get(field)
        match operator:
            case "=":
                return value == wanted or (not value and not wanted)
            case "!=":
                return value != wanted
            case ">=":
                return value is not None and value >= wanted
            case "like":
                pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
                return re.fullmatch(pattern, str(value or ""), re.DOTALL | re.IGNORECASE) is not None
            case "not in":
                return value not in wanted
        raise invalid(f"Invalid operator {operator}")

    # writing ----------------------------------------------------------------------------------------------------------

    def add(self, doctype: str, name: str | None = None, /, **values: Any) -> Row:
        """A document as ERPNext would have it, past its rules."""
        self.numbers += 1
        at = f"{self.now().astimezone(UTC):%Y-%m-%d %H:%M:%S}.{self.numbers:06}"
        name = name or f"{''.join(word[0] for word in doctype.split())}-{self.numbers:05}"
        base = {field: 0 if kind[0] in "CFI" else None for field, kind in self.fields[doctype].items()}
        doc = base | {"creation": at, "modified": at, "docstatus": 0, "name": name} | values
        self.docs[doctype][name] = doc
        return doc

    def touch(self, doc: Row) -> None:
        self.numbers += 1
        doc["modified"] = f"{self.now().astimezone(UTC):%Y-%m-%d %H:%M:%S}.{self.numbers % 1000000:06}"

    def _checked(self, doctype: str, given: Row, new: bool) -> Row:
        plain: Row = {}
        for field, value in given.items():
            kind = self.fields[doctype].get(field)
            if kind is None:
                raise invalid(f"Unknown field {field} of {doctype}")  # Frappe drops it in silence; we want to know
            base = kind.rstrip("*!~")
            if kind.endswith("!"):
                raise invalid(f"{field} of {doctype} is read only")
            if base in DOCTYPES and value and value not in self.docs[base]:
                raise FrappeError(417, "LinkValidationError", f"Could not find {field}: {value}")
            if base == "Date" and value and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
                raise invalid(f"{value} is not a valid date")
            if base == "Datetime" and value and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", value):
                raise invalid(f"{value} is not a valid date and time")
            if base in ("Float", "Int", "Check") and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise invalid(f"{field} has to be a number")
            if base == "Select" and value not in STOP_REASONS:
                raise invalid(f'Stop Reason cannot be "{value}"')
            plain[field] = value
        needed = [field for field, kind in self.fields[doctype].items() if kind.endswith("*") and not plain.get(field)]
        if new and needed:
            raise invalid(f"[{doctype}]: {needed[0]}", "MandatoryError")
        return plain

    def _insert(self, doctype: str, given: Row) -> Row:
        plain = self._checked(doctype, given, new=True)
        if plain.get("docstatus"):
            raise invalid("insert first, then submit")
        tables = {field: plain.pop(field) for field in list(plain) if self.fields[doctype][field].startswith("Table=")}
        if doctype == "Comment" and plain.get("reference_name") not in self.docs.get(
            str(plain.get("reference_doctype")), {}
        ):
            raise invalid("Could not find the document of the comment", "LinkValidationError")
        if doctype == "Downtime Entry" and plain["to_time"] < plain["from_time"]:
            raise invalid("To time before from time")
        doc = self.add(doctype, **plain)
        for field, rows in tables.items():
            below = self.fields[doctype][field].rstrip("*").removeprefix("Table=").replace("_", " ")
            for idx, row in enumerate(rows, 1):
                self.add(below, **self._checked(below, row, new=True), parent=doc["name"], idx=idx)
        return doc

    def _update(self, doctype: str, doc: Row, given: Row) -> Row:
        changes = self._checked(doctype, given, new=False)
        submits = doctype in SUBMITTED and changes.pop("docstatus", doc["docstatus"]) == 1 and doc["docstatus"] == 0
        if doc["docstatus"] == 2:
            raise invalid("Cannot edit cancelled document")
        if doc["docstatus"] == 1:
            fixed = [field for field in changes if not self.fields[doctype][field].endswith("~")]
            if fixed:
                raise invalid(f"Not allowed to change {fixed[0]} after submission", "UpdateAfterSubmitError")
        doc |= changes
        if doctype == "Downtime Entry" and doc["to_time"] < doc["from_time"]:
            raise invalid("To time before from time")
        if submits:
            doc["docstatus"] = 1
            if doctype == "Stock Entry":
                self._book(doc)
            else:
                doc["status"] = "Not Started"
        self.touch(doc)
        return doc

    def _book(self, doc: Row) -> None:
        day = date.fromisoformat(doc["posting_date"]) if doc["set_posting_time"] else self.now().date()
        if self.frozen_until is not None and day <= self.frozen_until:
            raise invalid(f"Stock transactions before {self.frozen_until} are frozen", "StockFreezeError")
        ends = {"Material Transfer": (True, True), "Material Issue": (True, False), "Material Receipt": (False, True)}
        for row in [row for row in self.docs["Stock Entry Detail"].values() if row["parent"] == doc["name"]]:
            start, end = ends[doc["purpose"]]
            if bool(row["s_warehouse"]) != start or bool(row["t_warehouse"]) != end:
                raise invalid(f"Source and target warehouse do not fit {doc['purpose']}")
            if not row["batch_no"] or not row["use_serial_batch_fields"]:
                raise invalid(f"Batch No is mandatory for Item {row['item_code']}")
            if self.docs["Batch"][row["batch_no"]]["item"] != row["item_code"]:
                raise invalid(f"Batch {row['batch_no']} does not belong to Item {row['item_code']}")
            if row["qty"] <= 0 or row["conversion_factor"] != 1 or row["uom"] != row["stock_uom"]:
                raise invalid("Quantity or unit is wrong")
            for warehouse, sign in ((row["s_warehouse"], -1), (row["t_warehouse"], 1)):
                if warehouse:
                    self._move(row, warehouse, sign * row["qty"])

    def _move(self, row: Row, warehouse: str, quantity: float) -> None:
        at = f"{row['batch_no']}|{warehouse}"
        rest = round(self.stock.get(at, 0.0) + quantity, 3)
        if rest < 0:
            short = f"{-rest:.3f} units of Item {row['item_code']}: Batch {row['batch_no']} needed in {warehouse}"
            raise invalid(f"{short} to complete this transaction.", "NegativeStockError")
        self.stock[at] = rest
        batch = self.docs["Batch"][row["batch_no"]]
        batch["batch_qty"] = round(sum(n for key, n in self.stock.items() if key.startswith(f"{row['batch_no']}|")), 3)
        self.add("Stock Ledger Entry", item_code=row["item_code"])

    def _method(self, name: str, http: str, given: Row, key: str) -> Any:
        match name:
            case "erpnext.stock.doctype.batch.batch.get_batch_qty":
                return [
                    {"batch_no": batch, "warehouse": warehouse, "qty": quantity}
                    for at, quantity in self.stock.items()
                    for batch, warehouse in [at.split("|")]
                    if given.get("batch_no") in (None, batch) and given.get("warehouse") in (None, warehouse)
                    and given.get("item_code") in (None, self.docs["Batch"][batch]["item"])
                ]  # fmt: skip
            case "frappe.client.has_permission":
                doctypes = CREATES if given["perm_type"] == "create" else WRITES
                return {"has_permission": self.keys[key] and given["doctype"] in doctypes}
            case "erpnext.manufacturing.doctype.work_order.work_order.stop_unstop" if http == "POST":
                if not self.keys[key]:
                    raise FrappeError(403, "PermissionError", "Not permitted")
                doc = self.docs["Work Order"].get(given["work_order"])
                if doc is None:
                    raise FrappeError(404, "DoesNotExistError", "Work Order not found")
                if doc["docstatus"] != 1 or doc["status"] in ("Completed", "Closed"):
                    raise invalid(f"{doc['name']} cannot be stopped or resumed")
                doc["status"] = (
                    "Stopped"
                    if given["status"] == "Stopped"
                    else "In Process"
                    if doc["produced_qty"]
                    else "Not Started"
                )
                self.touch(doc)
                return doc["status"]
        raise FrappeError(417, "ImportError", f"Failed to get method for command {name}")

    # what the tests ask -----------------------------------------------------------------------------------------------

    def standing(self, mark: str) -> int:
        """Submitted entries and kept documents with this mark."""
        texts = [("Downtime Entry", "more_details"), ("Comment", "content")]
        noted = sum(
            f"LINECALL {mark} " in str(doc[name]) for doctype, name in texts for doc in self.docs[doctype].values()
        )
        return noted + sum(doc["docstatus"] == 1 and str(doc["remarks"]).startswith(f"LINECALL {mark} ")
                           for doc in self.docs["Stock Entry"].values())  # fmt: skip

    def at(self, batch: str) -> dict[str, float]:
        """Where a batch lies."""
        return {key.partition("|")[2]: n for key, n in self.stock.items() if key.startswith(f"{batch}|") and n}


def add_order(site: ErpNextPlant, name: str, item: str, line: str, quantity: float, **more: Any) -> Row:
    unit = site.docs["Item"][item]["stock_uom"]
    base = {"status": "Draft", "docstatus": 0, "produced_qty": 0.0}
    return site.add("Work Order", name, production_item=item, qty=quantity, stock_uom=unit, company=COMPANY,
                    wip_warehouse=f"{line} - RB", **(base | more))  # fmt: skip


def _seed(site: ErpNextPlant, folder: Path) -> None:
    plant = read_plant_folder(folder)
    records, add = plant.records, site.add
    add("Company", COMPANY)
    add("Employee", EMPLOYEE)
    lines = [line.id for line in plant.plant.lines]
    places = {"Stores", "QHOLD", "REWORK", *lines, *(lot.location or "Stores" for lot in records.lots)}
    for name in sorted(places):
        add("Warehouse", f"{name} - RB", warehouse_name=name, company=COMPANY)
    for line in plant.plant.lines:
        for name in (line.id, *(asset.id for asset in line.assets)):
            add("Workstation", name)
    for item in records.items:
        add("Item", item.id, item_name=item.description, stock_uom=item.uom)
    for lot in records.lots:
        made = {"reference_doctype": "Work Order", "reference_name": lot.work_order} if lot.work_order else {}
        there = 0.0 if lot.status == "consumed" else lot.quantity
        add("Batch", lot.id, item=lot.item, batch_qty=there, stock_uom=lot.uom, **made)
        place = "QHOLD" if lot.status in ("hold", "blocked") else lot.location or "Stores"
        if there:
            site.stock[f"{lot.id}|{place} - RB"] = there
    states = {
        "planned": ("Draft", 0),
        "released": ("Not Started", 1),
        "running": ("In Process", 1),
        "held": ("Stopped", 1),
        "completed": ("Completed", 1),
        "cancelled": ("Cancelled", 2),
    }
    for order in records.work_orders:
        status, docstatus = states[order.status]
        add_order(site, order.id, order.item, order.line, order.quantity, status=status, docstatus=docstatus,
                  sales_order=order.sales_order, produced_qty=order.completed_quantity or 0.0,
                  planned_start_date=f"{order.start:%Y-%m-%d} 06:00:00" if order.start else None,
                  expected_delivery_date=f"{order.due:%Y-%m-%d}" if order.due else None)  # fmt: skip
    for sale in records.sales_orders:
        add("Sales Order", sale.id, company=COMPANY, customer_name=sale.customer, delivery_date=f"{sale.due:%Y-%m-%d}",
            status="To Deliver", docstatus=1)  # fmt: skip
        add(
            "Sales Order Item", parent=sale.id, item_code=sale.item, qty=sale.quantity, uom=sale.uom, docstatus=1, idx=1
        )
    for parent in records.components_of:
        head = add("BOM", f"BOM-{parent}", item=parent, quantity=1000.0, is_active=1, is_default=1, docstatus=1)
        for idx, part in enumerate(records.components_of[parent], 1):
            add(
                "BOM Item",
                parent=head["name"],
                item_code=part.component,
                stock_qty=part.quantity_per * 1000,
                docstatus=1,
                idx=idx,
            )
