"""Proves before the first posting that ERPNext is reachable, set up and lets us read what is used; books nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from integrations.erp.erpnext_rest import ErpNext
from workflow.errors import Rejected, TryLater
from workflow.ports import Finding

PAGE = "docs/erp/erpnext.md"
# doctype -> what is done there beside reading, and the fields that are used.
USED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "Stock Entry": ("create write submit", "name remarks docstatus purpose posting_date modified"),
        "Downtime Entry": ("create write", "name workstation operator from_time to_time stop_reason more_details"),
        "Comment": ("create", "name content reference_doctype reference_name"),
        "Work Order": (
            "write submit",
            "name production_item qty stock_uom status planned_start_date expected_delivery_date "
            "sales_order produced_qty wip_warehouse",
        ),
        "Item": ("", "name item_name stock_uom disabled"),
        "Batch": ("", "name item batch_qty stock_uom reference_doctype reference_name disabled"),
        "Warehouse": ("", "name warehouse_name company"),
        "Workstation": ("", "name"),
        "Sales Order": ("", "name customer_name delivery_date status"),
        "BOM": ("", "name item quantity is_active is_default"),
        "Stock Ledger Entry": ("", "name modified"),
    }
)


def findings(site: ErpNext, place: Callable[[str], str], places: tuple[str, ...], employee: str) -> Iterator[Finding]:
    """One finding a question; what cannot be reached at all ends the list."""
    try:
        for doctype, (rights, fields) in USED.items():
            try:
                site.search(doctype, [], fields.split(), limit=1)
                lacking = [right for right in rights.split() if not _may(site, doctype, right)]
                wrong = f"no right to {', '.join(lacking)}" if lacking else ""
            except Rejected as no:
                wrong = no.why
            yield Finding(doctype, wrong or "works", PAGE if wrong else "")
        for name in (*places, "Stores"):
            try:
                place(name)
            except Rejected as no:
                yield Finding(f"warehouse {name}", no.why, PAGE)
        if site.one("Employee", [["name", "=", employee]], ["name"]) is None:
            yield Finding("employee", f"ERPNext has no employee {employee}", "correct LINECALL_ERPNEXT_EMPLOYEE")
    except TryLater as no:
        yield Finding("reach", no.why, f"see LINECALL_ERPNEXT_* and {PAGE}")
    except Rejected as no:
        yield Finding("employee", no.why, PAGE)


def _may(site: ErpNext, doctype: str, right: str) -> bool:
    said = site.call("frappe.client.has_permission", reads=True, doctype=doctype, docname="", perm_type=right)
    return bool(said and said.get("has_permission"))
