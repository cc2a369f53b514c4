"""What Tryton knows, as one snapshot in the plant's words; only what has changed there is read again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo

from integrations.erp.kept_records import KeptRecords
from integrations.erp.tryton_orders import ORDER_STATES
from integrations.erp.tryton_rpc import Row, TrytonRpc
from workflow.ports import Clock
from workflow.records import Component, Consumption, Item, ItemKind, Lot, LotStatus, SalesOrder, WorkOrder

HOLD_AND_MORE = ("QHOLD", "REWORK")

# Which changes over there make a part of the snapshot old.
MODELS: Mapping[str, tuple[str, ...]] = {
    "items": ("product.product", "product.template"),
    "work_orders": ("production",),
    "lots": ("stock.lot", "stock.move"),
    "sales_orders": ("sale.sale", "sale.line", "party.party"),
    "components": ("production.bom", "production.bom.input"),
    "consumptions": ("stock.move",),
}


class TrytonRecords(KeptRecords):
    """Keeps the last snapshot; asks each time only whether something has changed."""

    def __init__(self, rpc: TrytonRpc, clock: Clock, zone: tzinfo) -> None:
        self._rpc, self._zone = rpc, zone
        parts = {"items": self._items, "work_orders": self._work_orders, "lots": self._lots,
                 "sales_orders": self._sales_orders, "components": self._components,
                 "consumptions": self._consumptions}  # fmt: skip
        super().__init__("Tryton", clock, parts, self._young, theirs=lambda: datetime.now(UTC))

    def _young(self, part: str, since: datetime) -> bool:
        at = since.replace(tzinfo=None)  # Tryton's instants are UTC and do not say so
        young = ["OR", [["create_date", ">=", at]], [["write_date", ">=", at]]]
        return any(self._rpc.call(model, "search_count", young) for model in MODELS[part])

    def _items(self) -> tuple[Item, ...]:
        fields = ["code", "template.name", "default_uom.symbol", "producible"]
        rows = self._rpc.search("product.product", [["code", "!=", None]], fields, [["code", "ASC"]])
        return tuple(
            Item(row["code"], row["template."]["name"], row["default_uom."]["symbol"], _kind(row)) for row in rows
        )

    def _work_orders(self) -> tuple[WorkOrder, ...]:
        fields = ["number", "reference", "state", "quantity", "product.code", "unit.symbol", "planned_date",
                  "planned_start_date", "work_center.name"]  # fmt: skip
        rows = self._rpc.search("production", [["number", "!=", None]], fields, [["id", "ASC"]])
        sales = {name for row in self._rpc.search("sale.sale", [], ["number", "reference"]) for name in _names(row)}
        return tuple(
            WorkOrder(
                row["number"],
                row["product."]["code"],
                str((row.get("work_center.") or {}).get("name") or "").split(" ")[0],
                float(row["quantity"] or 0),
                row["unit."]["symbol"],
                ORDER_STATES[row["state"]],
                row["planned_start_date"],
                row["planned_date"],
                row["reference"] if row["reference"] in sales else None,
            )
            for row in rows
            if row.get("product.")
        )

    def _lots(self) -> tuple[Lot, ...]:
        places = {code: self._place(code) for code in HOLD_AND_MORE}
        houses = self._rpc.search("stock.location", [["type", "=", "warehouse"]], ["storage_location"], limit=1)
        free = self._quantities(houses[0]["storage_location"] if houses else None)
        held = {code: self._quantities(place) for code, place in places.items()}
        last: dict[int, str | None] = {}
        made: dict[int, str] = {}
        fields = ["lot", "to_location.code", "production_output.number"]
        moves = [["lot", "!=", None], ["state", "=", "done"]]
        for row in self._rpc.search("stock.move", moves, fields, [["id", "ASC"]]):
            last[row["lot"]] = (row.get("to_location.") or {}).get("code")
            if row.get("production_output."):
                made[row["lot"]] = row["production_output."]["number"]
        lots = []
        fields = ["number", "product.code", "product.default_uom.symbol"]
        for row in self._rpc.search("stock.lot", [["number", "!=", None]], fields, [["number", "ASC"]]):
            blocked = sum(quantities.get(row["id"], 0.0) for quantities in held.values())
            there = free.get(row["id"], 0.0) + blocked
            status: LotStatus = "consumed" if there <= 0 else "hold" if blocked > 0 else "available"
            product, uom = row["product."], row["product."]["default_uom."]["symbol"]
            lots.append(
                Lot(row["number"], product["code"], there, uom, status, last.get(row["id"]), made.get(row["id"]))
            )
        return tuple(lots)

    def _place(self, code: str) -> int | None:
        found = self._rpc.search("stock.location", [["code", "=", code]], ["id"], limit=1)
        return int(found[0]["id"]) if found else None

    def _quantities(self, place: int | None) -> dict[int, float]:
        if place is None:
            return {}
        context = {"locations": [place], "stock_date_end": datetime.now(self._zone).date()}
        rows = self._rpc.search("stock.lot", [], ["quantity"], context=context)
        return {row["id"]: float(row["quantity"] or 0) for row in rows}

    def _sales_orders(self) -> tuple[SalesOrder, ...]:
        fields = ["number", "reference", "party.name", "shipping_date", "sale_date"]
        rows = self._rpc.search("sale.sale", [["state", "!=", "cancelled"]], fields)
        sales = {row["id"]: row for row in rows if _names(row)}
        lines = ["sale", "product.code", "quantity", "unit.symbol"]
        found: dict[str, SalesOrder] = {}
        for row in self._rpc.search("sale.line", [["type", "=", "line"]], lines, [["id", "ASC"]]):
            sale = sales.get(row["sale"])
            due = (sale.get("shipping_date") or sale.get("sale_date")) if sale else None
            if sale is None or due is None or not row.get("product."):
                continue
            number = _names(sale)[-1]  # the customer's number where there is one; its first line stands for the order
            found.setdefault(number, SalesOrder(number, sale["party."]["name"], row["product."]["code"],
                                                float(row["quantity"]), row["unit."]["symbol"], due))  # fmt: skip
        return tuple(found.values())

    def _components(self) -> tuple[Component, ...]:
        makes: dict[int, tuple[str, float]] = {}
        for row in self._rpc.search("production.bom.output", [], ["bom", "product.code", "quantity"]):
            makes[row["bom"]] = (row["product."]["code"], float(row["quantity"]))
        inputs = self._rpc.search("production.bom.input", [], ["bom", "product.code", "quantity"], [["id", "ASC"]])
        return tuple(
            Component(makes[row["bom"]][0], row["product."]["code"], float(row["quantity"]) / makes[row["bom"]][1])
            for row in inputs
            if row["bom"] in makes and makes[row["bom"]][1]
        )

    def _consumptions(self) -> tuple[Consumption, ...]:
        """What productions have taken: their inputs that were done and name a lot."""
        of = [["lot", "!=", None], ["production_input", "!=", None], ["state", "=", "done"]]
        fields = ["lot.number", "production_input.number", "internal_quantity"]
        return tuple(
            Consumption(row["lot."]["number"], row["production_input."]["number"], float(row["internal_quantity"]))
            for row in self._rpc.search("stock.move", of, fields, [["id", "ASC"]])
            if row["lot."]["number"] and row["production_input."]["number"]
        )


def _names(sale: Row) -> tuple[str, ...]:
    return tuple(name for name in (sale["number"], sale["reference"]) if name)


def _kind(row: Row) -> ItemKind:
    return "finished" if row.get("producible") else "component"
