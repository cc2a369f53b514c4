"""Riverside Bottling in an Odoo 19 of our own: its JSON-2 interface, its fields, and its rules for what we book.

It refuses what Odoo refuses (an unknown model, method or field, a wrong type, a missing required field, a wrong state,
no right) and is as lenient as Odoo where that is a trap: a transfer of what is not there is booked below zero.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from integrations.plant_folder import read_plant_folder

KEY, VISITOR = "key-of-the-bot", "key-of-a-visitor"
DATABASE = "riverside"
Row = dict[str, Any]

# model -> fields; "char*" is required, "char-" cannot be written, a model's name links to it, "lines=…" holds rows.
MODELS: Mapping[str, str] = {
    "product.template": "name:char*",
    "product.product": "default_code:char name:char* uom_id:uom.uom* product_tmpl_id:product.template*",
    "uom.uom": "name:char*",
    "stock.warehouse": "name:char* lot_stock_id:stock.location int_type_id:stock.picking.type",
    "stock.picking.type": "name:char*",
    "stock.location": "name:char* location_id:stock.location usage:char*",
    "stock.lot": "name:char* product_id:product.product*",
    "stock.quant": "product_id:product.product* lot_id:stock.lot location_id:stock.location* quantity:float "
                   "reserved_quantity:float",
    "stock.picking": "name:char- state:char- origin:char note:text picking_type_id:stock.picking.type* "
                     "location_id:stock.location* location_dest_id:stock.location* move_ids:lines=stock.move",
    "stock.move": "picking_id:stock.picking product_id:product.product* product_uom:uom.uom* product_uom_qty:float* "
                  "location_id:stock.location* location_dest_id:stock.location* move_line_ids:lines=stock.move.line",
    "stock.move.line": "move_id:stock.move product_id:product.product* lot_id:stock.lot quantity:float picked:bool "
                       "product_uom_id:uom.uom* location_id:stock.location* location_dest_id:stock.location*",
    "mrp.production": "name:char- state:char- product_id:product.product* product_qty:float* product_uom_id:uom.uom* "
                      "date_start:datetime date_finished:datetime origin:char qty_produced:float- "
                      "lot_producing_ids:many",
    "mrp.workorder": "production_id:mrp.production* workcenter_id:mrp.workcenter*",
    "mrp.workcenter": "name:char* code:char",
    "mrp.workcenter.productivity": "workcenter_id:mrp.workcenter* workorder_id:mrp.workorder date_end:datetime "
                                   "loss_id:mrp.workcenter.productivity.loss* date_start:datetime* description:text",
    "mrp.workcenter.productivity.loss": "name:char* loss_type:char sequence:int",
    "change.production.qty": "mo_id:mrp.production* product_qty:float*",
    "mrp.bom": "product_tmpl_id:product.template* product_qty:float*",
    "mrp.bom.line": "bom_id:mrp.bom* product_id:product.product* product_qty:float*",
    "maintenance.request": "name:char* description:text equipment_id:maintenance.equipment maintenance_type:char "
                           "archive:bool",
    "maintenance.equipment": "name:char* serial_no:char",
    "res.partner": "name:char*",
    "sale.order": "name:char* partner_id:res.partner* commitment_date:datetime date_order:datetime state:char",
    "sale.order.line": "order_id:sale.order* product_id:product.product product_uom_qty:float product_uom_id:uom.uom",
    "mail.message": "model:char res_id:int body:text",
}  # fmt: skip
ALWAYS = {"id": "int-", "create_date": "datetime-", "write_date": "datetime-", "display_name": "char-"}
CREATES = frozenset({"stock.picking", "mrp.workcenter.productivity", "change.production.qty", "maintenance.request"})
WRITES = frozenset({"stock.picking", "mrp.production", "mrp.workcenter.productivity", "maintenance.request"})
BUTTONS: Mapping[str, frozenset[str]] = {
    "stock.picking": frozenset({"action_confirm", "button_validate", "action_cancel"}),
    "mrp.production": frozenset({"action_confirm", "action_cancel", "message_post"}),
    "stock.lot": frozenset({"message_post"}),
    "change.production.qty": frozenset({"change_prod_qty"}),
}


class OdooError(Exception):
    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name, self.message = status, name, message


def user_error(message: str) -> OdooError:
    return OdooError(422, "odoo.exceptions.UserError", message)


class OdooPlant:
    """One database. `locked` records are being saved by somebody; `asks` makes a button open a window instead."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.now, self.url = now, ""
        self.fields = {
            model: ALWAYS | dict(one.split(":", 1) for one in fields.split()) for model, fields in MODELS.items()
        }
        self.rows: dict[str, dict[int, Row]] = {model: {} for model in MODELS}
        self.keys = {KEY: True, VISITOR: False}  # key -> whether it may write
        self.locked: set[tuple[str, int]] = set()
        self.asks: str | None = None
        self.calls: list[str] = []
        self._lock = threading.RLock()
        _seed(self, folder)

    # the wire ---------------------------------------------------------------------------------------------------------

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], Any]:
        with self._lock:
            reads = target.rpartition("/")[2] in READING
            before = "" if reads else json.dumps(self.rows)
            try:
                return 200, {}, json.dumps(self._answer(method, target, headers, body))
            except OdooError as no:  # its transaction is discarded
                if before:
                    kept = json.loads(before).items()
                    self.rows = {model: {int(n): row for n, row in rows.items()} for model, rows in kept}
                said = {"name": no.name, "message": no.message, "arguments": [no.message], "context": {}, "debug": "…"}
                return no.status, {}, said

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Any:
        found = re.fullmatch(r"/json/2/([a-z_.]+)/([a-z_]+)", target)
        if method != "POST" or found is None or not headers.get("content-type", "").startswith("application/json"):
            raise OdooError(404, "werkzeug.exceptions.NotFound", "404 Not Found")
        key = headers.get("authorization", "").removeprefix("bearer ")
        if key not in self.keys:
            raise OdooError(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
        if headers.get("x-odoo-database") != DATABASE:
            raise OdooError(404, "werkzeug.exceptions.NotFound", "no such database")
        model, name = found.groups()
        if model not in MODELS:
            raise OdooError(404, "werkzeug.exceptions.NotFound", f"the model {model!r} does not exist")
        given = json.loads(body)
        self.calls.append(f"{model}/{name}")
        ids, given = given.pop("ids", []), {k: v for k, v in given.items() if k != "context"}
        self._permitted(model, name, self.keys[key], given)
        for record in ids:
            if record not in self.rows[model]:
                raise OdooError(404, "odoo.exceptions.MissingError", "Record does not exist or has been deleted.")
            if (model, record) in self.locked and name not in ("read",):
                raise OdooError(409, "odoo.exceptions.LockError", "Cannot grab a lock on records")
        act = getattr(self, f"_do_{name}", None)
        if act is None or (
            name not in READING and name not in BUTTONS.get(model, ()) and name not in ("create", "write")
        ):
            raise OdooError(404, "werkzeug.exceptions.NotFound", f"the method '{model}.{name}' does not exist")
        try:
            return act(model, ids, **given)
        except TypeError as wrong:
            raise OdooError(422, "builtins.TypeError", str(wrong)) from wrong

    def _permitted(self, model: str, name: str, writes: bool, given: Mapping[str, Any]) -> None:
        if name in READING:
            return
        may = writes and (model in CREATES if name == "create" else model in WRITES if name == "write" else True)
        if not may:
            text = f"You are not allowed to {name} '{model}' records."
            raise OdooError(403, "odoo.exceptions.AccessError", text)

    # reading ----------------------------------------------------------------------------------------------------------

    def _field(self, model: str, name: str) -> str:
        if name not in self.fields[model]:
            raise OdooError(500, "builtins.ValueError", f"Invalid field {name!r} on {model!r}")
        return self.fields[model][name]

    def _shown(self, model: str, row: Row, fields: list[str]) -> Row:
        shown: Row = {"id": row["id"]}
        for name in fields:
            kind, value = self._field(model, name), row.get(name, False)
            if kind.rstrip("*-") in MODELS and value:
                value = [value, self._display(kind.rstrip("*-"), value)]
            shown[name] = value
        return shown

    def _display(self, model: str, record: int) -> str:
        row = self.rows[model][record]
        if model == "stock.location" and row["location_id"]:
            return f"{self._display(model, row['location_id'])}/{row['name']}"
        return str(row.get("name") or f"{model},{record}")

    def _do_search_read(self, model: str, _: Any, domain: list[Any], fields: list[str], order: str = "id",
                        limit: int | None = None, offset: int = 0) -> list[Row]:  # fmt: skip
        rows = [row for row in self.rows[model].values() if all(self._fits(model, row, term) for term in domain)]
        for name in reversed([part.strip().split(" ")[0] for part in order.split(",")]):
            self._field(model, name)
            rows.sort(
                key=lambda row: (str(type(row.get(name))), row.get(name) or 0 if name == "id" else str(row.get(name)))
            )
        return [self._shown(model, row, fields) for row in rows[offset : offset + limit if limit else None]]

    def _do_search_count(self, model: str, _: Any, domain: list[Any]) -> int:
        return sum(all(self._fits(model, row, term) for term in domain) for row in self.rows[model].values())

    def _do_read(self, model: str, ids: list[int], fields: list[str]) -> list[Row]:
        return [self._shown(model, self.rows[model][record], fields) for record in ids]

    def _do_fields_get(self, model: str, _: Any, attributes: list[str]) -> dict[str, Row]:
        return {name: {"type": kind} for name, kind in self.fields[model].items()}

    def _do_has_access(self, model: str, _: Any, operation: str) -> bool:
        return (
            operation == "read"
            or model in {"create": CREATES | {"stock.move", "stock.move.line"}, "write": WRITES}[operation]
        )

    def _fits(self, model: str, row: Row, term: list[Any]) -> bool:
        name, operator, wanted = term
        first, _, rest = name.partition(".")
        kind = self._field(model, first).rstrip("*-")
        value = row.get(first, False)
        if rest:
            return bool(value) and self._fits(kind, self.rows[kind][value], [rest, operator, wanted])
        match operator:
            case "=" | "!=":
                same = (value or False) == (wanted or False) if not isinstance(wanted, float | int) else value == wanted
                if isinstance(value, list):
                    same = not value and not wanted
                return same if operator == "=" else not same
            case ">=":
                return bool(value) and value >= wanted
            case "like":
                return wanted in (value or "")
            case "=like":
                return re.fullmatch(re.escape(wanted).replace("%", ".*"), value or "", re.DOTALL) is not None
            case "child_of":
                while value:
                    if value == wanted:
                        return True
                    value = self.rows[kind][value].get("location_id")
                return False
        raise OdooError(422, "builtins.ValueError", f"Invalid operator {operator}")

    # writing ----------------------------------------------------------------------------------------------------------

    def add(self, model: str, /, **values: Any) -> int:
        """A record as Odoo would have it, past its rules."""
        at = f"{self.now().astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        record = max(self.rows[model], default=0) + 1
        self.rows[model][record] = {"id": record, "create_date": at, "write_date": at, **values}
        return record

    def touch(self, model: str, record: int) -> None:
        self.rows[model][record]["write_date"] = f"{self.now().astimezone(UTC):%Y-%m-%d %H:%M:%S}"

    def _checked(self, model: str, values: Row, new: bool) -> Row:
        plain: Row = {}
        for name, value in values.items():
            kind = self._field(model, name)
            if kind.endswith("-"):
                raise user_error(f"The field {name} of {model} cannot be written")
            kind = kind.rstrip("*")
            right = {"char": str, "text": str, "int": int, "float": int | float, "bool": bool, "many": list}.get(
                kind, int
            )
            if kind == "datetime":
                right = str
                if value and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", str(value)):
                    raise OdooError(422, "builtins.ValueError", f"time data {value!r} does not match format")
            if kind.startswith("lines="):
                plain[name] = value
                continue
            if value is not False and (not isinstance(value, right) or (isinstance(value, bool) and kind != "bool")):
                raise OdooError(422, "odoo.exceptions.ValidationError", f"Wrong value for {model}.{name}: {value!r}")
            if kind in MODELS and value and value not in self.rows[kind]:
                raise OdooError(422, "odoo.exceptions.ValidationError", f"{kind} {value} does not exist")
            plain[name] = value
        required = [name for name, kind in self.fields[model].items() if kind.endswith("*") and not plain.get(name)]
        if new and required:
            raise OdooError(
                422, "odoo.exceptions.ValidationError", f"Missing required value for {required[0]} of {model}"
            )
        return plain

    def _do_create(self, model: str, _: Any, vals_list: list[Row]) -> list[int]:
        return [self._make(model, values) for values in vals_list]

    def _make(self, model: str, values: Row, **up: int) -> int:
        plain = self._checked(model, values, new=True)
        below = {name: plain.pop(name) for name in list(plain) if self.fields[model][name].startswith("lines=")}
        if model == "stock.picking":
            plain |= {"state": "draft", "name": f"WH/INT/{len(self.rows[model]) + 1:05}"}
        made = self.add(model, **plain, **up)
        for name, commands in below.items():
            target = self.fields[model][name].removeprefix("lines=")
            link = {"stock.move": "picking_id", "stock.move.line": "move_id"}[target]
            for command in commands:
                if command[:2] != [0, 0]:
                    raise user_error("only new lines are made here")
                self._make(target, command[2], **{link: made})
        return made

    def _do_write(self, model: str, ids: list[int], vals: Row) -> bool:
        plain = self._checked(model, vals, new=False)
        for record in ids:
            row = self.rows[model][record]
            if model == "mrp.production":
                if row["state"] in ("done", "cancel"):
                    raise user_error("A done or cancelled order cannot be changed")
                if "product_qty" in plain and row["state"] != "draft":
                    raise user_error("Change the quantity with the wizard once the order is confirmed")
            row |= plain
            self.touch(model, record)
        return True

    def _do_message_post(self, model: str, ids: list[int], body: str, message_type: str = "notification") -> list[int]:
        return [self.add("mail.message", model=model, res_id=record, body=f"<p>{body}</p>") for record in ids]

    def _do_action_confirm(self, model: str, ids: list[int]) -> Any:
        for record in ids:
            row = self.rows[model][record]
            if row["state"] != "draft":
                raise user_error(f"{row['name']} is {row['state']} and cannot be confirmed")
            row["state"] = "assigned" if model == "stock.picking" else "confirmed"
            if model == "stock.picking":
                for line in self._lines(record):
                    self._quant(line, line["location_id"])["reserved_quantity"] += line["quantity"]
            self.touch(model, record)
        return True

    def _do_button_validate(self, model: str, ids: list[int]) -> Any:
        for record in ids:
            row, lines = self.rows[model][record], self._lines(record)
            if self.asks is not None:
                return {"type": "ir.actions.act_window", "name": self.asks, "res_model": "stock.backorder.confirmation"}
            if row["state"] != "assigned":
                raise user_error(f"{row['name']} is {row['state']} and cannot be validated")
            if not any(line["picked"] for line in lines):
                raise user_error("You cannot validate a transfer if no quantities are reserved nor done.")
            for line in lines:
                start, end = self._quant(line, line["location_id"]), self._quant(line, line["location_dest_id"])
                start["quantity"] = round(
                    start["quantity"] - line["quantity"], 3
                )  # below zero, if need be: as Odoo does
                start["reserved_quantity"] = round(max(0.0, start["reserved_quantity"] - line["quantity"]), 3)
                end["quantity"] = round(end["quantity"] + line["quantity"], 3)
                for quant in (start, end):
                    self.touch("stock.quant", quant["id"])
            row["state"] = "done"
            self.touch(model, record)
        return True

    def _do_action_cancel(self, model: str, ids: list[int]) -> bool:
        for record in ids:
            row = self.rows[model][record]
            if row["state"] == "done":
                raise user_error("A done document cannot be cancelled")
            if model == "stock.picking" and row["state"] == "assigned":
                for line in self._lines(record):
                    quant = self._quant(line, line["location_id"])
                    quant["reserved_quantity"] = round(max(0.0, quant["reserved_quantity"] - line["quantity"]), 3)
            row["state"] = "cancel"
            self.touch(model, record)
        return True

    def _do_change_prod_qty(self, model: str, ids: list[int]) -> Any:
        for record in ids:
            asked = self.rows[model][record]
            order = self.rows["mrp.production"][asked["mo_id"]]
            if order["state"] in ("done", "cancel"):
                raise user_error("A done or cancelled order cannot be changed")
            order["product_qty"] = asked["product_qty"]
            self.touch("mrp.production", order["id"])
        return {}

    def _lines(self, picking: int) -> list[Row]:
        moves = {row["id"] for row in self.rows["stock.move"].values() if row["picking_id"] == picking}
        return [row for row in self.rows["stock.move.line"].values() if row["move_id"] in moves]

    def _quant(self, line: Row, place: int) -> Row:
        for row in self.rows["stock.quant"].values():
            if (row["product_id"], row["lot_id"] or False, row["location_id"]) == (
                line["product_id"],
                line["lot_id"] or False,
                place,
            ):
                return row
        made = self.add(
            "stock.quant",
            product_id=line["product_id"],
            lot_id=line["lot_id"],
            location_id=place,
            quantity=0.0,
            reserved_quantity=0.0,
        )
        return self.rows["stock.quant"][made]

    # what the tests ask -----------------------------------------------------------------------------------------------

    def standing(self, mark: str) -> int:
        """Done transfers and finished records that carry this mark."""
        texts = [
            ("mrp.workcenter.productivity", "description"),
            ("maintenance.request", "description"),
            ("mail.message", "body"),
        ]
        noted = sum(f"LINECALL {mark} " in str(row[name]) for model, name in texts for row in self.rows[model].values())
        return noted + sum(row["state"] == "done" and str(row["origin"]).startswith(f"LINECALL {mark} ")
                           for row in self.rows["stock.picking"].values())  # fmt: skip

    def at(self, lot: str) -> dict[str, float]:
        """Where a lot lies."""
        ids = {row["id"] for row in self.rows["stock.lot"].values() if row["name"] == lot}
        return {self._display("stock.location", row["location_id"]): row["quantity"]
                for row in self.rows["stock.quant"].values() if row["lot_id"] in ids and row["quantity"]}  # fmt: skip

    def order(self, name: str) -> Row:
        return next(row for row in self.rows["mrp.production"].values() if row["name"] == name)


READING = frozenset({"search_read", "search_count", "read", "fields_get", "has_access"})


def add_order(
    odoo: OdooPlant, name: str, product: int, line: int, quantity: float, state: str = "draft", **more: Any
) -> int:
    uom = odoo.rows["product.product"][product]["uom_id"]
    made = odoo.add(
        "mrp.production",
        name=name,
        state=state,
        product_id=product,
        product_qty=quantity,
        product_uom_id=uom,
        **(
            {"date_start": False, "date_finished": False, "origin": False, "qty_produced": 0.0, "lot_producing_ids": []}
            | more
        ),
    )
    odoo.add("mrp.workorder", production_id=made, workcenter_id=line)
    return made


def _at(day: date | datetime | None, hour: int) -> str | bool:
    return f"{day:%Y-%m-%d} {hour:02}:00:00" if day else False


def _seed(odoo: OdooPlant, folder: Path) -> None:
    plant = read_plant_folder(folder)
    records, add = plant.records, odoo.add
    units = {name: add("uom.uom", name=name) for name in sorted({item.uom for item in records.items})}
    templates = {item.id: add("product.template", name=item.description) for item in records.items}
    products = {item.id: add("product.product", default_code=item.id, name=item.description, uom_id=units[item.uom],
                             product_tmpl_id=templates[item.id]) for item in records.items}  # fmt: skip
    house = add("stock.location", name="WH", location_id=False, usage="view")
    stock = add("stock.location", name="Stock", location_id=house, usage="internal")
    add("stock.warehouse", name="Riverside", lot_stock_id=stock, int_type_id=add("stock.picking.type", name="Internal"))
    lines = [line.id for line in plant.plant.lines]
    places = {
        name: add("stock.location", name=name, location_id=house, usage="internal")
        for name in ("QHOLD", "REWORK", *lines)
    }
    places |= {
        name: add("stock.location", name=name, location_id=False, usage="inventory") for name in ("SCRAP", "LOST")
    }
    for lot in records.lots:
        made = add("stock.lot", name=lot.id, product_id=products[lot.item])
        name = "QHOLD" if lot.status in ("hold", "blocked") else lot.location or "Bulk"
        if name not in places:
            places[name] = add("stock.location", name=name, location_id=stock, usage="internal")
        if lot.status != "consumed":
            add(
                "stock.quant",
                product_id=products[lot.item],
                lot_id=made,
                location_id=places[name],
                quantity=lot.quantity,
                reserved_quantity=0.0,
            )
    centers = {}
    for line in plant.plant.lines:
        for name in (line.id, *(asset.id for asset in line.assets)):
            centers[name] = add("mrp.workcenter", name=name, code=name)
            add("maintenance.equipment", name=name, serial_no=name)
    for kind in ("availability", "performance", "quality"):
        add("mrp.workcenter.productivity.loss", name=kind, loss_type=kind, sequence=1)
    states = {"planned": "draft", "released": "confirmed", "running": "progress", "held": "draft", "completed": "done",
              "cancelled": "cancel"}  # fmt: skip
    lots = {row["name"]: row["id"] for row in odoo.rows["stock.lot"].values()}
    made_by = {lot.work_order: lots[lot.id] for lot in records.lots if lot.work_order}
    for order in records.work_orders:
        add_order(odoo, order.id, products[order.item], centers[order.line], order.quantity, states[order.status],
                  date_start=_at(order.start, 6), date_finished=_at(order.due, 14), origin=order.sales_order or False,
                  qty_produced=order.completed_quantity or 0.0,
                  lot_producing_ids=[made_by[order.id]] if order.id in made_by else [])  # fmt: skip
    buyers = {name: add("res.partner", name=name) for name in sorted({sale.customer for sale in records.sales_orders})}
    for sale in records.sales_orders:
        made = add("sale.order", name=sale.id, partner_id=buyers[sale.customer], state="sale", date_order=False,
                   commitment_date=_at(sale.due, 12))  # fmt: skip
        add("sale.order.line", order_id=made, product_id=products[sale.item], product_uom_qty=sale.quantity,
            product_uom_id=units[sale.uom])  # fmt: skip
    for parent in records.components_of:
        head = add("mrp.bom", product_tmpl_id=templates[parent], product_qty=1000.0)
        for part in records.components_of[parent]:
            add("mrp.bom.line", bom_id=head, product_id=products[part.component], product_qty=part.quantity_per * 1000)
