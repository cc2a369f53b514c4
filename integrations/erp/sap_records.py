"""What SAP knows of one plant, as one snapshot in the plant's words; only what has changed there is read again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from integrations.erp.sap_books import (
    BATCHES,
    BLOCKED,
    GOODS,
    INSPECTED,
    ORDERS,
    PARTNERS,
    PRODUCTS,
    RECIPES,
    SALES,
    STOCK,
    Books,
)
from integrations.erp.sap_odata import Row
from integrations.erp.sap_orders import status_of
from integrations.erp.sap_values import at_instant, day_in, day_or_instant, number_in, on_day, stamp, text
from workflow.errors import TryLater
from workflow.records import Component, Item, ItemKind, Lot, LotStatus, Records, SalesOrder, WorkOrder

KEEP = timedelta(minutes=2)  # for which an unchanged snapshot stays the same object; then only its age is renewed
OVERLAP = timedelta(minutes=2)  # of clocks that differ, and of what commits after the time that it carries
ALL_AGAIN = timedelta(hours=12)  # what was archived or deleted leaves no trace in the changes
REMEMBERED = timedelta(days=60)  # finished orders and used-up batches that are still spoken of
AT_ONCE = 30  # names in one question
KINDS: Mapping[str, ItemKind] = MappingProxyType(
    {"FERT": "finished", "HALB": "component", "ROH": "raw", "VERP": "packaging"}
)


@dataclass
class _Known:
    """What was read so far, by its name over there, so that a change replaces only its own row."""

    items: dict[str, Item] = field(default_factory=dict)
    orders: dict[str, WorkOrder] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)  # batch -> the order that made it
    sales: dict[str, list[SalesOrder]] = field(default_factory=dict)
    lots: tuple[Lot, ...] = ()
    components: tuple[Component, ...] = ()
    customers: dict[str, str] = field(default_factory=dict)
    moved: tuple[object, ...] = ()  # how many goods movements and batches there were when the lots were read
    records: Records = field(default_factory=Records)
    since: datetime | None = None
    whole_at: datetime | None = None


class SapRecords:
    """Keeps the last snapshot; asks each time only for what has changed since."""

    def __init__(self, books: Books, language: str) -> None:
        self._books, self._sap, self._plant = books, books.sap, books.setup.plant
        self._language = language.upper()
        self._known = _Known()
        self._lock = threading.Lock()

    def take(self) -> Records:
        """The snapshot; the same object while nothing has changed. Raises TryLater."""
        with self._lock:
            now, known = self._books.clock.now(), self._known
            whole = known.whole_at is None or now - known.whole_at > ALL_AGAIN
            fresh = _Known(customers=dict(known.customers)) if whole else _copy(known)
            since = None if whole else known.since
            try:
                self._items(fresh, since)
                self._orders(fresh, since, now)
                self._sales(fresh, since)
                self._components(fresh, since)
                self._lots(fresh, now)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise TryLater("SAP's records are not as they should be; is it another release?") from error
            found = Records(
                tuple(fresh.items.values()),
                tuple(sorted(fresh.orders.values(), key=lambda order: order.id)),
                fresh.lots,
                tuple(one for lines in fresh.sales.values() for one in lines[:1]),  # its first line stands for it
                fresh.components,
                as_of=known.records.as_of,
            )
            age = now - found.as_of if found.as_of else None
            same = found == known.records
            fresh.records = known.records if same and age is not None and age < KEEP else replace(found, as_of=now)
            fresh.since, fresh.whole_at = now - OVERLAP, now if whole else known.whole_at
            self._known = fresh
            return fresh.records

    # each part ------------------------------------------------------------------------------------------------------

    def _items(self, known: _Known, since: datetime | None) -> None:
        if since is None:
            here = self._sap.read(PRODUCTS, "A_ProductPlant", f"Plant eq {text(self._plant)}", order="Product")
            names = [str(row["Product"]) for row in here]
            rows: Iterable[Row] = self._many(PRODUCTS, "A_Product", "Product", names, ("to_Description",))
        else:
            young = f"LastChangeDateTime ge {at_instant(since)}"
            read = self._sap.read(PRODUCTS, "A_Product", young, expand=("to_Description",))
            changed = {str(row["Product"]): row for row in read}
            also = self._many(
                PRODUCTS, "A_ProductPlant", "Product", [name for name in changed if name not in known.items]
            )
            ours = {str(row["Product"]) for row in also if row["Plant"] == self._plant} | set(known.items)
            rows = [row for name, row in changed.items() if name in ours]
        for row in rows:
            name = str(row["Product"])
            if row["IsMarkedForDeletion"]:
                known.items.pop(name, None)
                continue
            said = {str(one["Language"]): str(one["ProductDescription"]) for one in row["to_Description"]}
            words = said.get(self._language) or said.get("EN") or next(iter(said.values()), name)
            known.items[name] = Item(name, words, _unit(row["BaseUnit"]), KINDS.get(str(row["ProductType"])))

    def _orders(self, known: _Known, since: datetime | None, now: datetime) -> None:
        where = f"ProductionPlant eq {text(self._plant)} and "
        if since is None:
            where += f"(OrderIsTechnicallyCompleted eq '' or LastChangeDateTime ge {text(stamp(now - REMEMBERED))})"
        else:
            where += f"LastChangeDateTime ge {text(stamp(since))}"
        with_it = ("to_ProductionOrderOperation", "to_ProductionOrderItem")
        for row in self._sap.read(ORDERS, "A_ProductionOrder_2", where, expand=with_it):
            number, zone = str(row["ManufacturingOrder"]), self._books.zone
            steps = sorted(row["to_ProductionOrderOperation"], key=lambda one: str(one["ManufacturingOrderOperation"]))
            done = number_in(row["MfgOrderConfirmedYieldQty"])
            known.orders[number] = WorkOrder(
                number,
                str(row["Material"]),
                str(steps[0]["WorkCenter"]) if steps else "",
                number_in(row["TotalQuantity"]),
                _unit(row["ProductionUnit"]),
                status_of(row),
                day_or_instant(row["MfgOrderPlannedStartDate"], row["MfgOrderPlannedStartTime"], zone),
                day_or_instant(row["MfgOrderPlannedEndDate"], row["MfgOrderPlannedEndTime"], zone),
                str(row["SalesOrder"]) or None,
                completed_quantity=done or None,
            )
            known.made |= {str(one["Batch"]): number for one in row["to_ProductionOrderItem"] if one["Batch"]}

    def _lots(self, known: _Known, now: datetime) -> None:
        yesterday, long_ago = (now - timedelta(days=1)).date(), at_instant(now - REMEMBERED)
        moved = (
            yesterday,
            self._sap.count(GOODS, "A_MaterialDocumentHeader", f"CreationDate ge {on_day(yesterday)}"),
            self._sap.count(BATCHES, "Batch", f"LastChangeDateTime ge {long_ago}"),
            len(known.made),
        )
        if moved == known.moved:
            return
        where = f"Plant eq {text(self._plant)} and Batch ne '' and InventorySpecialStockType eq ''"
        shelves: dict[tuple[str, str], list[Row]] = {}
        for row in self._sap.read(STOCK, "A_MatlStkInAcctMod", where):
            shelves.setdefault((str(row["Batch"]), str(row["Material"])), []).append(row)
        lots = [self._lot(known, batch, material, rows) for (batch, material), rows in shelves.items()]
        there = {lot.id for lot in lots}
        for row in self._sap.read(BATCHES, "Batch", f"LastChangeDateTime ge {long_ago}", ("Material", "Batch")):
            batch, item = str(row["Batch"]), known.items.get(str(row["Material"]))
            if batch not in there and item is not None:
                lots.append(Lot(batch, item.id, 0.0, item.uom, "consumed", work_order=known.made.get(batch)))
        known.lots, known.moved = tuple(sorted(lots, key=lambda lot: lot.id)), moved

    def _lot(self, known: _Known, batch: str, material: str, rows: Sequence[Row]) -> Lot:
        amounts = [
            (str(row["InventoryStockType"]), number_in(row["MatlWrhsStkQtyInMatlBaseUnit"]), row) for row in rows
        ]
        there = sum(amount for _, amount, _ in amounts)
        held = any(amount > 0 and kind in (BLOCKED, INSPECTED) for kind, amount, _ in amounts)
        status: LotStatus = "consumed" if there <= 0 else "hold" if held else "available"
        most = max(amounts, key=lambda one: one[1])[2]
        unit, place = _unit(most["MaterialBaseUnit"]), str(most["StorageLocation"]) or None
        return Lot(batch, material, round(there, 3), unit, status, place, known.made.get(batch))

    def _sales(self, known: _Known, since: datetime | None) -> None:
        where = f"LastChangeDateTime ge {at_instant(since)}" if since is not None else "OverallSDProcessStatus ne 'C'"
        rows = self._sap.read(SALES, "A_SalesOrder", where, expand=("to_Item", "to_Item/to_ScheduleLine"))
        unknown = {str(row["SoldToParty"]) for row in rows} - set(known.customers)
        for row in self._many(PARTNERS, "A_Customer", "Customer", sorted(unknown)):
            known.customers[str(row["Customer"])] = str(row["CustomerName"])
        for row in rows:
            number, lines = str(row["SalesOrder"]), []
            for item in row["to_Item"]:
                if item["ProductionPlant"] != self._plant or item["SalesDocumentRjcnReason"]:
                    continue
                promised = [day_in(one["ConfirmedDeliveryDate"]) or day_in(one["RequestedDeliveryDate"])
                            for one in item["to_ScheduleLine"]]  # fmt: skip
                days = [day for day in (*promised, day_in(row["RequestedDeliveryDate"])) if day is not None]
                if days:
                    buyer = known.customers.get(str(row["SoldToParty"]), str(row["SoldToParty"]))
                    lines.append(SalesOrder(number, buyer, str(item["Material"]), number_in(item["RequestedQuantity"]),
                                            _unit(item["RequestedQuantityUnit"]), days[0]))  # fmt: skip
            known.sales[number] = lines

    def _components(self, known: _Known, since: datetime | None) -> None:
        mine = f"Plant eq {text(self._plant)}"
        if since is not None:
            young = f"{mine} and LastChangeDateTime ge {at_instant(since)}"
            if not any(self._sap.count(RECIPES, entities, young) for entities in ("MaterialBOM", "MaterialBOMItem")):
                return
        batch_of: dict[tuple[str, ...], float] = {}
        for row in self._sap.read(RECIPES, "MaterialBOM", f"{mine} and IsMarkedForDeletion eq false"):
            batch_of[_bom(row)] = number_in(row["BOMHeaderQuantityInBaseUnit"])
        known.components = tuple(
            Component(str(row["Material"]), str(row["BillOfMaterialComponent"]),
                      number_in(row["BillOfMaterialItemQuantity"]) / batch_of[_bom(row)])
            for row in self._sap.read(RECIPES, "MaterialBOMItem", f"{mine} and IsDeleted eq false")
            if row["BillOfMaterialComponent"] and batch_of.get(_bom(row))
        )  # fmt: skip

    def _many(
        self, service: str, entities: str, name: str, wanted: Sequence[str], expand: Sequence[str] = ()
    ) -> Iterator[Row]:
        for start in range(0, len(wanted), AT_ONCE):
            where = " or ".join(f"{name} eq {text(one)}" for one in wanted[start : start + AT_ONCE])
            yield from self._sap.read(service, entities, where, expand=expand)


def _copy(known: _Known) -> _Known:
    changed: dict[str, Any] = {
        name: dict(getattr(known, name)) for name in ("items", "orders", "made", "sales", "customers")
    }
    return replace(known, **changed)


def _bom(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in ("BillOfMaterial", "BillOfMaterialVariant", "Material"))


def _unit(said: object) -> str:
    """SAP writes CS where the floor writes cs."""
    return str(said).lower()
