"""Riverside Bottling as a Tryton database: what a consultant would set up, typed in over JSON-RPC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from integrations.erp.tryton_rpc import TrytonRpc
from integrations.plant_folder import read_plant_folder
from workflow.records import Records

ADMIN_PASSWORD = "admin-of-the-tests"
BOT, BOT_PASSWORD = "linecall", "linecall-of-the-tests"
GROUPS = ("stock.group_stock", "production.group_production", "quality.group_quality", "sale.group_sale")
BEFORE = date(2026, 11, 1)  # when the stock came in


class _Desk:
    def __init__(self, url: str, database: str) -> None:
        self.rpc = TrytonRpc(url, database, "admin", ADMIN_PASSWORD)

    def xid(self, name: str) -> int:
        return int(self.rpc.call("ir.model.data", "get_id", *name.split(".")))

    def all(self, model: str, values: Sequence[dict[str, Any]]) -> list[int]:
        return list(self.rpc.call(model, "create", list(values))) if values else []

    def one(self, model: str, **values: Any) -> int:
        return self.rpc.create(model, values)


def seed(url: str, database: str, folder: Path) -> None:
    """The whole plant: company, people's rights, items, recipes, machines, stock, orders, sales."""
    plant = read_plant_folder(folder)
    desk = _Desk(url, database)
    company, currency = _company(desk, plant.plant.name)
    desk.rpc.close()
    desk = _Desk(url, database)  # the new company counts from the next login on
    records = plant.records
    warehouse = desk.xid("stock.location_warehouse")
    storage = desk.xid("stock.location_storage")
    places = _places(desk, plant.plant.lines, records, warehouse, storage)
    products, units = _products(desk, records)
    boms = _boms(desk, records, products, units)
    centers = _centers(desk, plant.plant.lines, warehouse, company)
    _stock(desk, records, products, units, places, storage, company, currency)
    _orders(desk, records, products, units, boms, centers, warehouse, storage, company)
    _sales(desk, records, products, units, company, currency)
    point = {"name": "conforms", "string": "Conforms", "type_": "boolean"}
    control = {"name": "Deviation", "operations": [], "frequency": 1.0, "company": company}
    desk.one("quality.control", **control, points=[["create", [point]]])
    groups = [desk.xid(name) for name in GROUPS]
    employee = desk.one("company.employee", party=desk.one("party.party", name="Linecall"), company=company)
    desk.one("res.user", name="Linecall", login=BOT, password=BOT_PASSWORD, companies=[["add", [company]]],
             company=company, employees=[["add", [employee]]], employee=employee, groups=[["add", groups]])  # fmt: skip
    desk.rpc.close()


def new_order(desk: TrytonRpc, number: str, item: str, line: str, quantity: float) -> None:
    """An order that appears later, as its planner would enter it."""
    product = desk.search("product.product", [["code", "=", item]], ["default_uom"])[0]
    bom = desk.search("production.bom", [["output_products", "=", product["id"]]], ["id"], limit=1)
    house = desk.search("stock.location", [["type", "=", "warehouse"]], ["production_location"])[0]
    center = desk.search("production.work.center", [["name", "like", f"{line} %"]], ["id"])[0]["id"]
    values = {"company": desk.context["company"], "warehouse": house["id"], "location": house["production_location"],
              "product": product["id"], "bom": bom[0]["id"] if bom else None, "unit": product["default_uom"],
              "quantity": quantity, "work_center": center}  # fmt: skip
    made = desk.create("production", values)
    desk.call("production", "reset_bom", [made])
    _number(desk, number, made)


def admin(url: str, database: str) -> TrytonRpc:
    """Whoever may do everything."""
    return TrytonRpc(url, database, "admin", ADMIN_PASSWORD)


def _company(desk: _Desk, name: str) -> tuple[int, int]:
    rate = {"date": date(2020, 1, 1), "rate": Decimal(1)}
    currency = desk.one("currency.currency", name="US Dollar", code="USD", symbol="$", rounding=Decimal("0.01"),
                        digits=2, rates=[["create", [rate]]])  # fmt: skip
    company = desk.one("company.company", party=desk.one("party.party", name=name), currency=currency)
    me = desk.rpc.search("res.user", [["login", "=", "admin"]], ["id"])[0]["id"]
    groups = [desk.xid(name) for name in ("stock.group_stock_force_assignment",)]
    desk.rpc.call("res.user", "write", [me], {"companies": [["add", [company]]], "company": company,
                                              "groups": [["add", groups]]})  # fmt: skip
    return company, currency


def _places(desk: _Desk, lines: Any, records: Records, warehouse: int, storage: int) -> dict[str, int]:
    codes = sorted({lot.location for lot in records.lots if lot.location and lot.status == "available"})
    made = desk.all("stock.location", [{"name": c, "code": c, "type": "storage", "parent": storage} for c in codes])
    outside = ["QHOLD", "REWORK", *(line.id for line in lines)]  # stock here is not free
    made += desk.all(
        "stock.location", [{"name": c, "code": c, "type": "storage", "parent": warehouse} for c in outside]
    )
    lost = desk.xid("stock.location_lost_found")
    desk.rpc.call("stock.location", "write", [lost], {"code": "LOST"})
    scrap = desk.one("stock.location", name="Scrap", code="SCRAP", type="lost_found")
    desk.rpc.call("stock.location", "write", [warehouse], {"waste_locations": [["add", [scrap]]]})
    return dict(zip([*codes, *outside], made, strict=True))


def _products(desk: _Desk, records: Records) -> tuple[dict[str, int], dict[str, int]]:
    units: dict[str, int] = {}
    for symbol in sorted({item.uom for item in records.items}):
        category = desk.one("product.uom.category", name=symbol)
        units[symbol] = desk.one("product.uom", name=symbol, symbol=symbol, category=category, rate=1.0, factor=1.0,
                                 rounding=0.001, digits=3)  # fmt: skip
    templates = [
        {"name": item.description, "code": item.id, "type": "goods", "default_uom": units[item.uom],
         "producible": item.kind == "finished", "salable": item.kind == "finished", "sale_uom": units[item.uom],
         "cost_price_method": "fixed", "list_price": Decimal(1), "products": [["create", [{"cost_price": Decimal(1)}]]]}
        for item in records.items
    ]  # fmt: skip
    desk.all("product.template", templates)
    found = desk.rpc.search("product.product", [], ["code"])
    return {row["code"]: row["id"] for row in found}, units


def _boms(desk: _Desk, records: Records, products: dict[str, int], units: dict[str, int]) -> dict[str, int]:
    def part(item: str, quantity: float) -> dict[str, Any]:
        return {"product": products[item], "quantity": quantity, "unit": units[records.item[item].uom]}

    parents = list(records.components_of)
    boms = [
        {"name": parent, "outputs": [["create", [part(parent, 1.0)]]],
         "inputs": [["create", [part(c.component, c.quantity_per) for c in records.components_of[parent]]]]}
        for parent in parents
    ]  # fmt: skip
    return dict(zip(parents, desk.all("production.bom", boms), strict=True))


def _centers(desk: _Desk, lines: Any, warehouse: int, company: int) -> dict[str, int]:
    desk.all("production.routing.operation", [{"name": "Downtime"}, {"name": "Extra time"}])
    common = {"warehouse": warehouse, "company": company, "cost_method": "hour", "cost_price": Decimal(60)}
    made = {}
    for line in lines:
        made[line.id] = desk.one("production.work.center", name=f"{line.id} {line.name}", **common)
        machines = [{"name": f"{a.id} {a.name}", "parent": made[line.id], **common} for a in line.assets]
        desk.all("production.work.center", machines)
    return made


def _stock(desk: _Desk, records: Records, products: dict[str, int], units: dict[str, int], places: dict[str, int],
           storage: int, company: int, currency: int) -> None:  # fmt: skip
    lots = desk.all("stock.lot", [{"number": lot.id, "product": products[lot.item]} for lot in records.lots])
    supplier, moves = desk.xid("stock.location_supplier"), []
    for lot, number in zip(records.lots, lots, strict=True):
        if lot.status == "consumed":
            continue
        place = places["QHOLD"] if lot.status in ("hold", "blocked") else places.get(lot.location or "", storage)
        moves.append({"product": products[lot.item], "lot": number, "quantity": lot.quantity, "unit": units[lot.uom],
                      "from_location": supplier, "to_location": place, "company": company, "currency": currency,
                      "unit_price": Decimal(1), "effective_date": BEFORE})  # fmt: skip
    desk.rpc.call("stock.move", "do", desk.all("stock.move", moves))


def _orders(desk: _Desk, records: Records, products: dict[str, int], units: dict[str, int], boms: dict[str, int],
            centers: dict[str, int], warehouse: int, storage: int, company: int) -> None:  # fmt: skip
    location = desk.xid("production.location_production")
    open_ones = [order for order in records.work_orders if order.status != "completed"]
    values = [
        {"reference": o.sales_order, "company": company, "warehouse": warehouse, "location": location,
         "product": products[o.item], "bom": boms.get(o.item), "unit": units[o.uom], "quantity": o.quantity,
         "work_center": centers[o.line], "planned_start_date": _day(o.start), "planned_date": _day(o.due)}
        for o in open_ones
    ]  # fmt: skip
    made = desk.all("production", values)
    desk.rpc.call("production", "reset_bom", made)
    by_status: dict[str, list[int]] = {}
    for order, number in zip(open_ones, made, strict=True):
        _number(desk.rpc, order.id, number)
        by_status.setdefault(order.status, []).append(number)
    desk.rpc.call("production", "draft", by_status.get("planned", []))
    running = by_status.get("running", [])
    desk.rpc.call("production", "assign_force", running)
    desk.rpc.call("production", "run", running)
    desk.rpc.call("production", "cancel", by_status.get("cancelled", []))


def _number(desk: TrytonRpc, number: str, order: int) -> None:
    """Tryton numbers an order when it is planned for good: its counter is put where this one comes next."""
    prefix, _, digits = number.rpartition("-")
    (row,) = desk.search("production.configuration", [], ["production_sequence"])
    desk.call(
        "ir.sequence", "write", [row["production_sequence"]], {"prefix": f"{prefix}-", "number_next": int(digits)}
    )
    desk.call("production", "wait", [order])


def _sales(desk: _Desk, records: Records, products: dict[str, int], units: dict[str, int], company: int,
           currency: int) -> None:  # fmt: skip
    names = sorted({sale.customer for sale in records.sales_orders})
    parties = dict(zip(names, desk.all("party.party", [{"name": name} for name in names]), strict=True))
    sales = [
        {"reference": s.id, "company": company, "party": parties[s.customer], "currency": currency,
         "shipping_date": _day(s.due),
         "lines": [["create", [{"type": "line", "product": products[s.item], "quantity": s.quantity,
                                "unit": units[s.uom], "unit_price": Decimal(1)}]]]}
        for s in records.sales_orders
    ]  # fmt: skip
    desk.all("sale.sale", sales)


def _day(at: date | datetime | None) -> date | None:
    return at.date() if isinstance(at, datetime) else at
