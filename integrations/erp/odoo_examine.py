"""Proves before the first posting that Odoo is reachable, set up and permits what will be booked; books nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from integrations.erp.odoo_books import Books
from workflow.errors import Rejected, TryLater
from workflow.ports import Finding

PAGE = "docs/erp/odoo.md"
# model -> what is done there, and the fields that are used.
USED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "stock.picking": (
            "read create write",
            "origin state note picking_type_id location_id location_dest_id move_ids",
        ),
        "stock.move": (
            "read create",
            "product_id product_uom product_uom_qty location_id location_dest_id move_line_ids",
        ),
        "stock.move.line": (
            "read create",
            "product_id lot_id quantity picked product_uom_id location_id location_dest_id",
        ),
        "stock.quant": ("read", "product_id lot_id location_id quantity reserved_quantity"),
        "stock.lot": ("read", "name product_id"),
        "stock.location": ("read", "name usage"),
        "stock.warehouse": ("read", "lot_stock_id int_type_id"),
        "product.product": ("read", "default_code name uom_id product_tmpl_id"),
        "mrp.production": (
            "read write",
            "name state product_id product_qty product_uom_id date_start date_finished origin "
            "qty_produced lot_producing_ids",
        ),
        "mrp.workorder": ("read", "production_id workcenter_id"),
        "mrp.workcenter": ("read", "code"),
        "mrp.workcenter.productivity": (
            "read create write",
            "workcenter_id workorder_id loss_id date_start date_end description",
        ),
        "mrp.workcenter.productivity.loss": ("read", "loss_type sequence"),
        "change.production.qty": ("create", "mo_id product_qty"),
        "mrp.bom": ("read", "product_tmpl_id product_qty"),
        "mrp.bom.line": ("read", "bom_id product_id product_qty"),
        "maintenance.request": ("read create write", "name description equipment_id maintenance_type archive"),
        "maintenance.equipment": ("read", "serial_no"),
        "sale.order": ("read", "name partner_id commitment_date date_order state"),
        "sale.order.line": ("read", "order_id product_id product_uom_qty product_uom_id"),
        "mail.message": ("read", "body"),
    }
)


def findings(books: Books, places: tuple[str, ...]) -> Iterator[Finding]:
    """One finding a question; what cannot be reached at all ends the list."""
    try:
        for model, (rights, fields) in USED.items():
            try:
                known = books.odoo.call(model, "fields_get", attributes=["type"])
                wrong = [f"no field {name}" for name in fields.split() if name not in known]
                wrong += [f"no right to {right}" for right in rights.split()
                          if not books.odoo.call(model, "has_access", operation=right)]  # fmt: skip
            except Rejected as no:
                wrong = [no.why]
            yield Finding(model, "; ".join(wrong) or "works", PAGE if wrong else "")
        for place in places:
            try:
                books.place(place)
            except Rejected as no:
                yield Finding(f"location {place}", no.why, PAGE)
    except TryLater as no:
        yield Finding("reach", no.why, f"see LINECALL_ODOO_* and {PAGE}")
