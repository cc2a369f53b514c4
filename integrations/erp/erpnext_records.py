"""What ERPNext knows of one company, in the plant's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from types import MappingProxyType
from typing import Any

from integrations.erp.erpnext_rest import ErpNext, Row
from integrations.erp.kept_records import KeptRecords
from workflow.errors import TryLater
from workflow.ports import Clock
from workflow.records import Component, Item, Lot, LotStatus, OrderStatus, SalesOrder, WorkOrder

BATCHES = "erpnext.stock.doctype.batch.batch.get_batch_qty"
STATES: Mapping[str, OrderStatus] = MappingProxyType(
    {"Draft": "planned", "Submitted": "released", "Not Started": "released", "In Process": "running",
     "Stock Reserved": "released", "Stock Partially Reserved": "released", "Completed": "completed", "Stopped": "held",
     "Closed": "completed", "Cancelled": "cancelled"}
)  # fmt: skip
# Which changes over there make a part of the snapshot old.
DOCTYPES: Mapping[str, tuple[str, ...]] = {
    "items": ("Item", "BOM"),
    "work_orders": ("Work Order",),
    "lots": ("Batch", "Stock Ledger Entry"),
    "sales_orders": ("Sales Order",),
    "components": ("BOM",),
}


def status_of(order: Row) -> OrderStatus:
    """An order's status in the plant's words. Raises KeyError for one that this version does not know."""
    return "cancelled" if order["docstatus"] == 2 else STATES[str(order["status"])]


def batches_in(site: ErpNext, **which: str) -> list[Row]:
    """How much of which batch lies where: `batch_no`, `item_code` or `warehouse` narrow it down."""
    found = site.call(BATCHES, reads=True, for_stock_levels=1, **which)
    if not isinstance(found, list):
        raise TryLater("ERPNext answered stock with something else")
    return [row for row in found if row["batch_no"] and row["qty"]]


def records_of(site: ErpNext, company: str, clock: Clock, held: Sequence[str], zone: tzinfo) -> KeptRecords:
    """A snapshot that is kept up to date; `held` are the warehouses of lots on hold."""
    ours: list[Any] = ["company", "=", company]

    def changed(part: str, since: datetime) -> bool:
        young = [["modified", ">=", f"{since.astimezone(zone):%Y-%m-%d %H:%M:%S}"]]
        return any(site.search(doctype, young, ["name"], limit=1) for doctype in DOCTYPES[part])

    def places() -> dict[str, str]:
        return {
            row["name"]: row["warehouse_name"] for row in site.search("Warehouse", [ours], ["name", "warehouse_name"])
        }

    def items() -> tuple[Item, ...]:
        made = {row["item"] for row in site.search("BOM", [["is_active", "=", 1], ["docstatus", "=", 1]], ["item"])}
        rows = site.search("Item", [["disabled", "=", 0]], ["name", "item_name", "stock_uom"], "name asc")
        return tuple(
            Item(row["name"], row["item_name"], row["stock_uom"], "finished" if row["name"] in made else "component")
            for row in rows
        )

    def work_orders() -> tuple[WorkOrder, ...]:
        place = places()
        fields = ["name", "production_item", "qty", "stock_uom", "status", "docstatus", "planned_start_date",
                  "expected_delivery_date", "sales_order", "produced_qty", "wip_warehouse"]  # fmt: skip
        return tuple(
            WorkOrder(
                row["name"],
                row["production_item"],
                place.get(row["wip_warehouse"], ""),
                float(row["qty"]),
                row["stock_uom"],
                status_of(row),
                day(row["planned_start_date"]),
                day(row["expected_delivery_date"]),
                row["sales_order"] or None,
                completed_quantity=float(row["produced_qty"] or 0) or None,
            )
            for row in site.search("Work Order", [ours], fields, "name asc")
        )

    def lots() -> tuple[Lot, ...]:
        place = places()
        on_hold: dict[str, str] = {}
        for warehouse, name in place.items():
            if name in held:
                on_hold |= {
                    str(row["batch_no"]): name for row in batches_in(site, warehouse=warehouse) if row["qty"] > 0
                }
        fields = ["name", "item", "batch_qty", "stock_uom", "reference_doctype", "reference_name"]
        found = []
        for row in site.search("Batch", [["disabled", "=", 0]], fields, "name asc"):
            quantity = float(row["batch_qty"] or 0)
            status: LotStatus = "consumed" if quantity <= 0 else "hold" if row["name"] in on_hold else "available"
            made = row["reference_name"] if row["reference_doctype"] == "Work Order" else None
            found.append(
                Lot(row["name"], row["item"], quantity, row["stock_uom"], status, on_hold.get(row["name"]), made)
            )
        return tuple(found)

    def sales_orders() -> tuple[SalesOrder, ...]:
        wanted = [ours, ["docstatus", "=", 1], ["status", "not in", ["Completed", "Closed"]]]
        sales = {
            row["name"]: row for row in site.search("Sales Order", wanted, ["name", "customer_name", "delivery_date"])
        }
        found: dict[str, SalesOrder] = {}
        fields = ["parent", "item_code", "qty", "uom", "delivery_date"]
        for line in site.search("Sales Order Item", [["docstatus", "=", 1]], fields, "idx asc", parent="Sales Order"):
            sale = sales.get(line["parent"])
            due = day(line["delivery_date"] or sale["delivery_date"]) if sale else None
            if sale is not None and due is not None:  # its first line stands for the order
                one = SalesOrder(
                    sale["name"], sale["customer_name"], line["item_code"], float(line["qty"]), line["uom"], due
                )
                found.setdefault(one.id, one)
        return tuple(found[name] for name in sorted(found))

    def components() -> tuple[Component, ...]:
        wanted: list[list[Any]] = [["is_default", "=", 1], ["is_active", "=", 1], ["docstatus", "=", 1]]
        heads = {row["name"]: row for row in site.search("BOM", wanted, ["name", "item", "quantity"])}
        lines = site.search("BOM Item", [["docstatus", "=", 1]], ["parent", "item_code", "stock_qty"], parent="BOM")
        return tuple(
            Component(head["item"], line["item_code"], float(line["stock_qty"]) / float(head["quantity"]))
            for line in lines
            if (head := heads.get(line["parent"])) and head["quantity"]
        )

    def day(said: Any) -> date | None:
        return date.fromisoformat(str(said)[:10]) if said else None

    parts = {"items": items, "work_orders": work_orders, "lots": lots, "sales_orders": sales_orders,
             "components": components}  # fmt: skip
    return KeptRecords("ERPNext", clock, parts, changed)
