"""How our postings are found again in Odoo, the ids behind the plant's words, transfers that move stock, and notes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from integrations.erp.marks import Job, checked, only_once
from integrations.erp.odoo_rpc import Odoo, Row
from workflow.errors import Rejected
from workflow.ports import Clock, Receipt

PICKING = "stock.picking"
TEXT_OF = {"mail.message": "body"}  # where a record carries its mark, if not in its description
MOST_STEPS = 4  # from a new transfer to a done one


@dataclass(frozen=True, slots=True)
class Shelf:
    """So much of a product, or of one lot of it, at one location; what others have reserved is not in it."""

    product: int
    lot: int | None
    place: int
    free: float


@dataclass
class Books:
    """What all kinds of posting share."""

    odoo: Odoo
    zone: tzinfo
    clock: Clock
    _places: dict[str, int] = field(default_factory=dict)

    # the plant's words ----------------------------------------------------------------------------------------------

    def place(self, name: str) -> int:
        """A location by its name; raises Rejected where it was not set up."""
        if name not in self._places:
            found = self.odoo.one("stock.location", [["name", "=", name]], ["id"])
            if found is None:
                raise Rejected(f"Odoo has no location named {name}; docs/erp/odoo.md says how to set it up")
            self._places[name] = int(found["id"])
        return self._places[name]

    @property
    def storage(self) -> int:
        """Stock of the warehouse: what is there and below may be used."""
        if "" not in self._places:
            found = self.odoo.one("stock.warehouse", [], ["lot_stock_id", "int_type_id"])
            if found is None:
                raise Rejected("Odoo has no warehouse")
            self._places |= {"": int(found["lot_stock_id"][0]), " type": int(found["int_type_id"][0])}
        return self._places[""]

    @property
    def _internal(self) -> int:
        """The type of internal transfers."""
        return self._places[" type"] if self.storage else 0

    def product(self, body: Mapping[str, Any]) -> tuple[Row, Row | None]:
        """The product and the lot that a body names, in its own unit; raises Rejected (R50)."""
        lot, item, uom = body.get("lot"), body.get("item"), body.get("uom")
        found_lot = None
        if lot is not None:
            found_lot = self.odoo.one("stock.lot", [["name", "=", lot]], ["name", "product_id"])
            if found_lot is None:
                raise Rejected(f"unknown lot {lot}")
            domain: list[Any] = [["id", "=", found_lot["product_id"][0]]]
        else:
            domain = [["default_code", "=", item]]
        product = self.odoo.one("product.product", domain, ["default_code", "uom_id"])
        if product is None:
            raise Rejected(f"unknown item {item}")
        if item not in (None, product["default_code"]):
            raise Rejected(f"lot {lot} is of item {product['default_code']}, not {item}")
        unit, name = product["uom_id"][1], f"lot {lot}" if lot is not None else f"item {item}"
        if uom is not None and str(uom).casefold() != str(unit).casefold():
            raise Rejected(f"{name} is kept in {unit}, not in {uom}")
        return product, found_lot

    def shelves(self, product: Row, lot: Row | None, place: int) -> list[Shelf]:
        """Where it lies, at a location and below."""
        domain: list[Any] = [["product_id", "=", product["id"]], ["location_id", "child_of", place]]
        domain += [["lot_id", "=", lot["id"]]] if lot is not None else []
        rows = self.odoo.search("stock.quant", domain, ["lot_id", "location_id", "quantity", "reserved_quantity"])
        return [
            Shelf(product["id"], row["lot_id"][0] if row["lot_id"] else None, row["location_id"][0],
                  round(row["quantity"] - row["reserved_quantity"], 3))
            for row in rows
        ]  # fmt: skip

    def found(self, product: Row, lot: Row | None, place: int, quantity: float) -> Shelf:
        """Stock that was counted and stood in no book: it comes from where losses go, which may stand below zero."""
        return Shelf(product["id"], lot["id"] if lot is not None else None, place, quantity)

    def order(self, number: str) -> Row:
        """A manufacturing order by its name; raises Rejected (R50)."""
        fields = ["name", "state", "product_qty", "product_uom_id", "date_start", "date_finished"]
        found = self.odoo.one("mrp.production", [["name", "=", number]], fields)
        if found is None:
            raise Rejected(f"unknown work order {number}")
        return found

    def center(self, code: str, what: str) -> int:
        """The work center of a line or a machine by its code."""
        found = self.odoo.one("mrp.workcenter", [["code", "=", code]], ["id"])
        if found is None:
            raise Rejected(f"unknown {what} {code}: Odoo has no work center with that code")
        return int(found["id"])

    # what was booked earlier ----------------------------------------------------------------------------------------

    def pickings(self, mark: str, *, reverses: bool = False) -> list[Row]:
        """Our transfers with this mark that were not cancelled, the oldest first."""
        like = f"LINECALL % reverses {mark}" if reverses else f"LINECALL {mark} %"
        fields = ["name", "state", "origin", "write_date", "location_id", "location_dest_id"]
        return self.odoo.search(PICKING, [["origin", "=like", like], ["state", "!=", "cancel"]], fields)

    def moved(self, mark: str, job: Job | None) -> Receipt | None:
        """The receipt of a transfer that is done; raises Rejected where the mark stands for another fact (R47)."""
        for row in self.pickings(mark):
            if job is not None:
                checked(job, str(row["origin"]))
            if row["state"] == "done":
                return Receipt(str(row["name"]), instant(row["write_date"]))
        return None

    def written(self, model: str, mark: str, job: Job | None) -> Receipt | None:
        """The receipt of a record or a note that carries the mark, or that was taken back under it."""
        name = TEXT_OF.get(model, "description")
        row = self.odoo.one(model, [[name, "like", f"LINECALL {mark} "]], [name, "create_date", "write_date"])
        if row is None:
            return None
        if job is not None:
            checked(job, str(row[name]))
        back = re.search(rf"LINECALL {mark} \w+ reverses ", str(row[name]))
        at = row["write_date" if back else "create_date"]
        return Receipt(f"{model} {row['id']}", instant(at))

    def taken_back_once(self, model: str, job: Job, fields: Sequence[str] = ()) -> Row:
        """What a posting takes back; raises Rejected where another one did so before."""
        name = TEXT_OF.get(model, "description")
        also = self.odoo.search(model, [[name, "like", f"reverses {job.reverses} "]], [name])
        only_once(job, (str(row[name]) for row in also))
        row = self.odoo.one(model, [[name, "like", f"LINECALL {job.reverses} "]], [name, *fields])
        if row is None:
            raise Rejected(f"somebody deleted what was booked under {job.posting.reverses}")
        return row

    # writing --------------------------------------------------------------------------------------------------------

    def say(self, job: Job, model: str, record: int) -> Receipt:
        """A note in the record's history, which is also how the posting is found again."""
        self.odoo.call(model, "message_post", [record], body=job.text, message_type="comment")
        receipt = self.written("mail.message", job.mark, job)
        if receipt is None:
            raise Rejected("Odoo did not keep the note; look at the record there")
        return receipt

    def make(self, job: Job, model: str, values: Mapping[str, Any]) -> Receipt:
        """One record with the mark in its description."""
        self.odoo.create(model, {**values, "description": job.text})
        return self._kept(model, job)

    def add_to(self, job: Job, model: str, row: Row, values: Mapping[str, Any]) -> Receipt:
        """Change a record of ours, and in the same step say so below what stands in its description."""
        said = f"{row['description']}\n\n{job.text}"
        self.odoo.call(model, "write", [row["id"]], vals={**values, "description": said})
        return self._kept(model, job)

    def _kept(self, model: str, job: Job) -> Receipt:
        receipt = self.written(model, job.mark, job)
        if receipt is None:
            raise Rejected(f"Odoo did not keep the {model}; look at it there")
        return receipt

    def ship(self, job: Job, shelves: Sequence[Shelf], quantity: float, to: int, short: str) -> Receipt:
        """Move stock by an internal transfer that carries the mark, going on wherever an earlier attempt stopped.

        Odoo moves what is not there and books it below zero, so what lies there is asked before each step.
        """
        parts = _taken(shelves, quantity)
        ours = self.pickings(job.mark)
        if not parts and not any(row["state"] != "draft" for row in ours):  # a confirmed one has reserved its own
            for row in ours:
                self.odoo.press(PICKING, "action_cancel", row["id"])
            raise Rejected(short)
        picking = int(ours[0]["id"]) if ours else self._picking(job, parts, to)
        for _ in range(MOST_STEPS):
            state = self.odoo.call(PICKING, "read", [picking], fields=["state"])[0]["state"]
            if state == "done":
                break
            if state == "cancel":
                raise Rejected(f"somebody cancelled transfer {picking} in Odoo")
            self.odoo.press(PICKING, "action_confirm" if state == "draft" else "button_validate", picking)
        receipt = self.moved(job.mark, job)
        if receipt is None:
            raise Rejected(f"Odoo did not finish transfer {picking}; look at it there")
        return receipt

    def _picking(self, job: Job, parts: Sequence[Shelf], to: int) -> int:
        product = self.odoo.call("product.product", "read", [parts[0].product], fields=["uom_id"])[0]
        unit, start = product["uom_id"][0], parts[0].place
        lines = [[0, 0, {"product_id": part.product, "lot_id": part.lot or False, "quantity": part.free,
                         "product_uom_id": unit, "location_id": part.place, "location_dest_id": to, "picked": True}]
                 for part in parts]  # fmt: skip
        move = {"product_id": product["id"], "product_uom": unit, "location_id": start, "location_dest_id": to,
                "product_uom_qty": round(sum(part.free for part in parts), 3), "move_line_ids": lines}  # fmt: skip
        reverses = f" reverses {job.reverses}" if job.reverses else ""
        values = {"picking_type_id": self._internal, "location_id": start, "location_dest_id": to,
                  "origin": f"LINECALL {job.mark} {job.fingerprint}{reverses}", "note": job.words,
                  "move_ids": [[0, 0, move]]}  # fmt: skip
        made = self.odoo.create(PICKING, values)
        oldest = int(self.pickings(job.mark)[0]["id"])
        if oldest != made:  # another worker was faster by a moment
            self.odoo.press(PICKING, "action_cancel", made)
        return oldest


def _taken(shelves: Sequence[Shelf], quantity: float) -> list[Shelf]:
    """From which shelves so much is taken; none where there is less."""
    rest, found = round(quantity, 3), []
    for shelf in shelves:
        part = min(rest, shelf.free)
        if part > 0:
            found.append(Shelf(shelf.product, shelf.lot, shelf.place, part))
            rest = round(rest - part, 3)
    return found if rest <= 0 else []


def instant(said: object) -> datetime:
    """Odoo's instants are UTC and do not say so. Raises ValueError."""
    return datetime.strptime(str(said)[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def out(at: datetime) -> str:
    """An instant as Odoo wants it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def span(start: datetime, end: datetime, minutes: float) -> tuple[str, str]:
    """From the start for as long as counts: planned stops within are not booked (R49)."""
    return out(start), out(min(end, start + timedelta(minutes=minutes)))
