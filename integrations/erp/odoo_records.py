"""What Odoo knows, in the plant's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo

from integrations.erp.kept_records import KeptRecords
from integrations.erp.odoo_books import instant, out
from integrations.erp.odoo_rpc import Odoo, Row
from workflow.ports import Clock
from workflow.records import Component, Item, Lot, LotStatus, OrderStatus, SalesOrder, WorkOrder

# Which changes over there make a part of the snapshot old.
MODELS: Mapping[str, tuple[str, ...]] = {
    "items": ("product.product", "product.template", "mrp.bom"),
    "work_orders": ("mrp.production", "mrp.workorder"),
    "lots": ("stock.lot", "stock.quant"),
    "sales_orders": ("sale.order", "sale.order.line"),
    "components": ("mrp.bom", "mrp.bom.line"),
}


def records_of(
    odoo: Odoo, clock: Clock, held: tuple[str, ...], states: Mapping[str, OrderStatus], zone: tzinfo
) -> KeptRecords:
    """A snapshot that is kept up to date; `held` are the locations of lots on hold."""

    def changed(part: str, since: datetime) -> bool:
        young = [["write_date", ">=", out(since)]]
        return any(odoo.call(model, "search_count", domain=young) for model in MODELS[part])

    def codes() -> dict[int, str]:
        rows = odoo.search("product.product", [["default_code", "!=", False]], ["default_code"])
        return {row["id"]: row["default_code"] for row in rows}

    def items() -> tuple[Item, ...]:
        made = {row["product_tmpl_id"][0] for row in odoo.search("mrp.bom", [], ["product_tmpl_id"])}
        fields = ["default_code", "name", "uom_id", "product_tmpl_id"]
        return tuple(
            Item(row["default_code"], row["name"], row["uom_id"][1],
                 "finished" if row["product_tmpl_id"][0] in made else "component")
            for row in odoo.search("product.product", [["default_code", "!=", False]], fields, "default_code")
        )  # fmt: skip

    def work_orders() -> tuple[WorkOrder, ...]:
        product = codes()
        centers = {row["id"]: row["code"] for row in odoo.search("mrp.workcenter", [], ["code"])}
        lines: dict[int, str] = {}
        for step in odoo.search("mrp.workorder", [], ["production_id", "workcenter_id"]):
            lines.setdefault(step["production_id"][0], centers.get(step["workcenter_id"][0]) or "")
        sales = {row["name"] for row in odoo.search("sale.order", [], ["name"])}
        fields = [
            "name",
            "product_id",
            "product_qty",
            "product_uom_id",
            "state",
            "date_start",
            "date_finished",
            "origin",
            "qty_produced",
        ]
        return tuple(
            WorkOrder(row["name"], product[row["product_id"][0]], lines.get(row["id"], ""), float(row["product_qty"]),
                      row["product_uom_id"][1], states[row["state"]], day(row["date_start"]), day(row["date_finished"]),
                      row["origin"] if row["origin"] in sales else None, completed_quantity=row["qty_produced"] or None)
            for row in odoo.search("mrp.production", [], fields, "name")
            if row["product_id"] and row["product_id"][0] in product
        )  # fmt: skip

    def lots() -> tuple[Lot, ...]:
        product = codes()
        units = {row["id"]: row["uom_id"][1] for row in odoo.search("product.product", [], ["uom_id"])}
        made = {row["lot_producing_ids"][0]: row["name"] for row in odoo.search(
            "mrp.production", [["lot_producing_ids", "!=", False]], ["name", "lot_producing_ids"])}  # fmt: skip
        there: dict[int, list[Row]] = {}
        inside = [["lot_id", "!=", False], ["location_id.usage", "=", "internal"]]
        for row in odoo.search("stock.quant", inside, ["lot_id", "location_id", "quantity"]):
            there.setdefault(row["lot_id"][0], []).append(row)
        found = []
        for lot in odoo.search("stock.lot", [], ["name", "product_id"], "name"):
            rows = [row for row in there.get(lot["id"], []) if row["quantity"] > 0]
            quantity = round(sum(row["quantity"] for row in rows), 3)
            on_hold = any(leaf(row["location_id"][1]) in held for row in rows)
            status: LotStatus = "consumed" if quantity <= 0 else "hold" if on_hold else "available"
            most = max(rows, key=lambda row: float(row["quantity"]), default=None)
            place = leaf(most["location_id"][1]) if most else None
            if lot["product_id"][0] in product:
                item = lot["product_id"][0]
                found.append(Lot(lot["name"], product[item], quantity, units[item], status, place, made.get(lot["id"])))
        return tuple(found)

    def sales_orders() -> tuple[SalesOrder, ...]:
        product, found = codes(), dict[str, SalesOrder]()
        fields = ["name", "partner_id", "commitment_date", "date_order"]
        sales = {row["id"]: row for row in odoo.search("sale.order", [["state", "=", "sale"]], fields)}
        for line in odoo.search("sale.order.line", [["product_id", "!=", False]],
                                ["order_id", "product_id", "product_uom_qty", "product_uom_id"]):  # fmt: skip
            sale = sales.get(line["order_id"][0])
            due = day(sale["commitment_date"] or sale["date_order"]) if sale else None
            if sale is not None and due is not None and line["product_id"][0] in product:
                one = SalesOrder(sale["name"], sale["partner_id"][1], product[line["product_id"][0]],
                                 float(line["product_uom_qty"]), line["product_uom_id"][1], due)  # fmt: skip
                found.setdefault(one.id, one)  # its first line stands for the order
        return tuple(found.values())

    def components() -> tuple[Component, ...]:
        variants = odoo.search("product.product", [["default_code", "!=", False]], ["default_code", "product_tmpl_id"])
        product = {row["id"]: row["default_code"] for row in variants}
        of = {row["product_tmpl_id"][0]: row["default_code"] for row in variants}
        heads = {row["id"]: row for row in odoo.search("mrp.bom", [], ["product_tmpl_id", "product_qty"])}
        lines = odoo.search("mrp.bom.line", [], ["bom_id", "product_id", "product_qty"])
        return tuple(
            Component(of[head["product_tmpl_id"][0]], product[line["product_id"][0]],
                      float(line["product_qty"]) / float(head["product_qty"]))
            for line in lines
            if (head := heads.get(line["bom_id"][0])) and head["product_qty"] and head["product_tmpl_id"][0] in of
            and line["product_id"][0] in product
        )  # fmt: skip

    def day(said: object) -> date | None:
        return instant(said).astimezone(zone).date() if said else None

    parts = {"items": items, "work_orders": work_orders, "lots": lots, "sales_orders": sales_orders,
             "components": components}  # fmt: skip
    return KeptRecords("Odoo", clock, parts, changed)


def leaf(path: str) -> str:
    """The last part of a location's full name: "WH/QHOLD" is QHOLD."""
    return path.rpartition("/")[2]
