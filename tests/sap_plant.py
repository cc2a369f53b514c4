"""Riverside Bottling in SAP: its records, and the rules by which SAP books there, as far as our postings touch them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from integrations.plant_folder import read_plant_folder
from tests.sap_contract import Service
from tests.sap_gateway import Business, Gateway, Row, SapError, instant

PLANT, USER, PASSWORD, VISITOR = "1010", "LINECALL", "linecall-of-the-tests", "VISITOR"
REWORK = "RWRK"
# movement -> GoodsMovementCode, kind of stock from and to (None: out of or into the plant), whether the place changes
MOVEMENTS = {
    "311": ("04", "01", "01", True),
    "325": ("04", "07", "07", True),
    "343": ("04", "07", "01", False),
    "344": ("04", "01", "07", False),
    "555": ("03", "07", None, False),
    "556": ("03", None, "07", False),
}
TYPES = {"finished": "FERT", "component": "HALB", "raw": "ROH", "packaging": "VERP", None: "HIBE"}


class SapPlant(Business):
    """One plant. `locked` objects are open at somebody's screen; nothing is posted before `open_from`."""

    def __init__(self, folder: Path, services: Mapping[str, Service], now: Callable[[], datetime]) -> None:
        self.gateway = Gateway(services, now, self, users={USER: PASSWORD, VISITOR: PASSWORD}, readers={VISITOR})
        self.now = now
        self.locked: dict[str, str] = {}  # an order or a material -> whose screen it is open at
        self.open_from = date(2026, 1, 1)
        self.assets: set[str] = set()
        self.numbers = 0
        _seed(self, folder)

    # what the tests ask -----------------------------------------------------------------------------------------------

    def rows(self, entity: str) -> list[Row]:
        return self.gateway.rows.get(entity, [])

    def order(self, number: str) -> Row:
        return next(row for row in self.rows("A_ProductionOrder_2") if row["ManufacturingOrder"] == number)

    def quantity(self, batch: str, kind: str) -> float:
        return sum(float(row["MatlWrhsStkQtyInMatlBaseUnit"]) for row in self.rows("A_MatlStkInAcctMod")
                   if row["Batch"] == batch and row["InventoryStockType"] == kind)  # fmt: skip

    def standing(self, mark: str) -> list[Row]:
        """Material documents with this reference that nobody cancelled."""
        gone = {row["MaterialDocument"] for row in self.rows("A_MaterialDocumentItem")
                if row["GoodsMovementIsCancelled"] or row["ReversedMaterialDocument"]}  # fmt: skip
        return [row for row in self.rows("A_MaterialDocumentHeader")
                if row["ReferenceDocument"] == mark and row["MaterialDocument"] not in gone]  # fmt: skip

    # writing ----------------------------------------------------------------------------------------------------------

    def create(self, entity: str, row: Row, below: dict[str, list[Row]]) -> Row:
        match entity:
            case "A_MaterialDocumentHeader":
                return self._goods(row, below.get("to_MaterialDocumentItem", []))
            case "ProdnOrdConf2":
                return self._confirm(row)
            case "MaintenanceNotification":
                return self._notify(row)
            case "A_Defect":
                return self._defect(row)
            case "A_PhysInventoryDocHeader":
                return self._inventory(row, below.get("to_PhysicalInventoryDocumentItem", []))
        return super().create(entity, row, below)

    def change(self, entity: str, row: Row, changes: Row) -> None:
        match entity:
            case "A_ProductionOrder_2":
                self._free(row["ManufacturingOrder"], "Order")
                fixed = [name for name in changes if name != "OrderLongText"]
                if fixed and (row["OrderIsTechnicallyCompleted"] or row["OrderIsClosed"] or row["OrderIsLocked"]
                              or row["OrderIsDeleted"]):  # fmt: skip
                    raise SapError(
                        400, "CO/017", f"Order {row['ManufacturingOrder']}: the status does not allow changes"
                    )
                if float(changes.get("TotalQuantity", 1)) <= 0:
                    raise SapError(400, "CO/014", "Enter an order quantity")
            case "A_PhysInventoryDocItem":
                if row["PhysInvtryDifferenceIsPosted"] or row["PhysicalInventoryItemIsCounted"]:
                    raise SapError(400, "M7/701", "The item is counted already")
                if changes.get("UnitOfEntry") != row["MaterialBaseUnit"]:
                    raise SapError(400, "M7/702", "Enter the unit of the count")
                if float(changes["QuantityInUnitOfEntry"]) == 0 and not changes.get("PhysicalInventoryItemIsZero"):
                    raise SapError(400, "M7/703", "Mark a count of zero as such")
                row["PhysicalInventoryItemIsCounted"] = True
                self.gateway.touch(self._header_of(row))
            case "MaintenanceNotification":
                if row["NotifProcessingPhase"] in ("4", "5"):
                    raise SapError(400, "IM/304", "The notification is completed and cannot be changed")
                row["MaintNotificationLongText"] = changes.get("MaintNotifLongTextForEdit", "")
            case _:
                super().change(entity, row, changes)
        row |= changes
        self.gateway.touch(row)

    def act(self, function: str, given: Mapping[str, Any]) -> tuple[str, Row]:
        match function:
            case "ReleaseOrder":
                order = self._order(given["ManufacturingOrder"])
                self._free(order["ManufacturingOrder"], "Order")
                if order["OrderIsReleased"] or order["OrderIsLocked"] or order["OrderIsTechnicallyCompleted"] \
                        or order["OrderIsDeleted"]:  # fmt: skip
                    raise SapError(
                        400, "CO/188", f"Order {order['ManufacturingOrder']} cannot be released in its status"
                    )
                order |= {"OrderIsReleased": "X", "OrderIsCreated": ""}
                self.gateway.touch(order)
                return "A_ProductionOrder_2", order
            case "TechlyCmpltOrder":
                order = self._order(given["ManufacturingOrder"])
                self._free(order["ManufacturingOrder"], "Order")
                if not order["OrderIsReleased"] or order["OrderIsTechnicallyCompleted"] or order["OrderIsDeleted"]:
                    number = order["ManufacturingOrder"]
                    raise SapError(400, "CO/189", f"Order {number} cannot be technically completed in its status")
                order["OrderIsTechnicallyCompleted"] = "X"
                self.gateway.touch(order)
                return "A_ProductionOrder_2", order
            case "CancelProdnOrdConf":
                return "ProdnOrdConf2", self._cancel_confirmation(given)
            case "Cancel":
                return "A_MaterialDocumentHeader", self._cancel_goods(given)
            case "PostDifferences":
                return "A_PhysInventoryDocHeader", self._differences(given)
        return super().act(function, given)

    # goods ------------------------------------------------------------------------------------------------------------

    def _goods(self, header: Row, items: list[Row]) -> Row:
        self._period(header.get("PostingDate"))
        if not items:
            raise SapError(400, "M7/005", "A material document needs items")
        before = {id(row): row["MatlWrhsStkQtyInMatlBaseUnit"] for row in self.rows("A_MatlStkInAcctMod")}
        try:
            for item in items:
                self._move(header.get("GoodsMovementCode", ""), item)
        except SapError:  # all or nothing
            for row in self.rows("A_MatlStkInAcctMod"):
                row["MatlWrhsStkQtyInMatlBaseUnit"] = before.get(id(row), "0")
            raise
        return self._document(header, items)

    def _move(self, code: str, item: Row) -> None:
        known = MOVEMENTS.get(item.get("GoodsMovementType", ""))
        if known is None or known[0] != code:
            raise SapError(400, "M7/009", f"Movement type {item.get('GoodsMovementType')} is not allowed here")
        _, start, end, moves = known
        material, batch = self._material(item.get("Material", "")), item.get("Batch", "")
        if item.get("Plant") != PLANT:
            raise SapError(400, "M7/001", f"Plant {item.get('Plant')} does not exist")
        if not batch:
            raise SapError(400, "M7/018", "Enter Batch")
        if not any(row["Batch"] == batch and row["Material"] == material["Product"] for row in self.rows("Batch")):
            raise SapError(400, "M7/042", f"Batch {batch} of material {material['Product']} does not exist")
        if item.get("EntryUnit") != material["BaseUnit"]:
            raise SapError(400, "M7/063", f"Unit {item.get('EntryUnit')} is not defined for {material['Product']}")
        if code == "03" and not item.get("CostCenter"):
            raise SapError(400, "M7/093", "Enter Cost Center")
        to = item.get("IssuingOrReceivingStorageLoc") if moves else item["StorageLocation"]
        if not to:
            raise SapError(400, "M7/018", "Enter Receiving Storage Location")
        quantity = float(item.get("QuantityInEntryUnit", 0))
        if quantity <= 0:
            raise SapError(400, "M7/018", "Enter Quantity")
        if start is not None:
            self._add(material, batch, item.get("StorageLocation", ""), start, -quantity)
        if end is not None:
            self._add(material, batch, to, end, quantity)

    def _add(self, material: Row, batch: str, place: str, kind: str, quantity: float) -> None:
        self._free(material["Product"], "Valuation data for material")
        name = {"01": "Unrestricted-use", "07": "Blocked"}[kind]
        for row in self.rows("A_MatlStkInAcctMod"):
            at = (row["Material"], row["Batch"], row["StorageLocation"], row["InventoryStockType"])
            if at == (material["Product"], batch, place, kind):
                rest = round(float(row["MatlWrhsStkQtyInMatlBaseUnit"]) + quantity, 3)
                break
        else:
            row, rest = None, quantity
        if rest < 0:
            short = f"{-rest:.3f} {material['BaseUnit']} : {material['Product']} {PLANT} {place} {batch}"
            raise SapError(400, "M7/021", f"Deficit of BA {name} {short}")
        if row is None:
            row = self.gateway.add("A_MatlStkInAcctMod", Material=material["Product"], Plant=PLANT, Batch=batch,
                                   StorageLocation=place, InventoryStockType=kind,
                                   MaterialBaseUnit=material["BaseUnit"])  # fmt: skip
        row["MatlWrhsStkQtyInMatlBaseUnit"] = f"{rest:.3f}"

    def _document(self, header: Row, items: list[Row], reverses: str = "") -> Row:
        number, year = self._number("49"), str(self.now().year)
        made = self.gateway.add("A_MaterialDocumentHeader", **header, **self._made(), MaterialDocument=number,
                                MaterialDocumentYear=year)  # fmt: skip
        for line, item in enumerate(items, 1):
            named = {"MaterialDocument": number, "MaterialDocumentYear": year, "ReversedMaterialDocument": reverses}
            self.gateway.add(
                "A_MaterialDocumentItem", **{**item, **named, "MaterialDocumentItem": f"{line * 2 - 1:04}"}
            )
            if (
                MOVEMENTS.get(item["GoodsMovementType"], ("", "", None))[2] is not None
                and item["GoodsMovementType"] != "556"
            ):
                self.gateway.add("A_MaterialDocumentItem", **{**item, **named, "IsAutomaticallyCreated": "X",
                                                              "MaterialDocumentItem": f"{line * 2:04}"})  # fmt: skip
        return made

    def _cancel_goods(self, given: Mapping[str, Any]) -> Row:
        items = [
            row
            for row in self.rows("A_MaterialDocumentItem")
            if row["MaterialDocument"] == given["MaterialDocument"]
            and row["MaterialDocumentYear"] == given["MaterialDocumentYear"]
        ]
        if not items or any(row["GoodsMovementIsCancelled"] for row in items):
            raise SapError(400, "M7/308", f"Document {given['MaterialDocument']} cannot be cancelled")
        for row in items:
            row["GoodsMovementIsCancelled"] = True
            if not row["IsAutomaticallyCreated"]:
                _, start, end, moves = MOVEMENTS[row["GoodsMovementType"]]
                material, quantity = self._material(row["Material"]), float(row["QuantityInEntryUnit"])
                to = row["IssuingOrReceivingStorageLoc"] if moves else row["StorageLocation"]
                if end is not None:
                    self._add(material, row["Batch"], to, end, -quantity)
                if start is not None:
                    self._add(material, row["Batch"], row["StorageLocation"], start, quantity)
        old = next(
            row for row in self.rows("A_MaterialDocumentHeader") if row["MaterialDocument"] == given["MaterialDocument"]
        )
        header = {name: old[name] for name in ("ReferenceDocument", "MaterialDocumentHeaderText", "GoodsMovementCode")}
        kept = (
            "Material",
            "Plant",
            "StorageLocation",
            "Batch",
            "GoodsMovementType",
            "QuantityInEntryUnit",
            "EntryUnit",
        )
        own = [{name: row[name] for name in kept} for row in items if not row["IsAutomaticallyCreated"]]
        return self._document(header, own, old["MaterialDocument"])

    # orders -----------------------------------------------------------------------------------------------------------

    def _order(self, number: str) -> Row:
        found = [row for row in self.rows("A_ProductionOrder_2") if row["ManufacturingOrder"] == number]
        if not found:
            raise SapError(400, "CO/017", f"Order {number} does not exist")
        return found[0]

    def _confirm(self, row: Row) -> Row:
        order = self._order(row.get("OrderID", ""))
        number = order["ManufacturingOrder"]
        self._free(number, "Order")
        self._period(row.get("PostingDate"))
        if not order["OrderIsReleased"] or order["OrderIsTechnicallyCompleted"] or order["OrderIsLocked"]:
            raise SapError(400, "RU/013", f"Order {number}: the status does not allow confirmation")
        steps = [one for one in self.rows("A_ProductionOrderOperation_2") if one["ManufacturingOrder"] == number
                 and one["ManufacturingOrderOperation"] == row.get("OrderOperation")
                 and one["ManufacturingOrderSequence"] == row.get("Sequence")]  # fmt: skip
        if not steps:
            raise SapError(400, "RU/271", f"Operation {row.get('OrderOperation')} of order {number} does not exist")
        quantity = any(float(row.get(name, 0)) for name in ("ConfirmationScrapQuantity", "ConfirmationYieldQuantity"))
        if quantity and row.get("ConfirmationUnit") != order["ProductionUnit"]:
            raise SapError(400, "RU/122", f"Unit {row.get('ConfirmationUnit')} is not allowed for order {number}")
        for slot in range(1, 7):
            if f"OpConfirmedWorkQuantity{slot}" in row and row.get(f"OpWorkQuantityUnit{slot}") not in ("MIN", "H"):
                raise SapError(400, "RU/124", f"Enter a unit for activity {slot}")
        order["OrderIsPartiallyConfirmed"] = "X"
        steps[0]["OpActualExecutionStartDate"] = steps[0]["OpActualExecutionStartDate"] or self._made()["CreationDate"]
        self.gateway.touch(order)
        group = f"{self.rows('A_ProductionOrderOperation_2').index(steps[0]) + 1:010}"
        return self._confirmation(group, row)

    def _confirmation(self, group: str, row: Row) -> Row:
        count = sum(one["ConfirmationGroup"] == group for one in self.rows("ProdnOrdConf2")) + 1
        made = self._made()
        return self.gateway.add("ProdnOrdConf2", **row, ConfirmationGroup=group, ConfirmationCount=f"{count:08}",
                                ConfirmationEntryDate=made["CreationDate"],
                                ConfirmationEntryTime=made["CreationTime"])  # fmt: skip

    def _cancel_confirmation(self, given: Mapping[str, Any]) -> Row:
        self._period(given.get("PostingDate"))
        for row in self.rows("ProdnOrdConf2"):
            at = (row["ConfirmationGroup"], row["ConfirmationCount"])
            if at == (given["ConfirmationGroup"], given["ConfirmationCount"]) and not row["IsReversal"]:
                self._free(row["OrderID"], "Order")
                if row["IsReversed"]:
                    raise SapError(400, "RU/206", "The confirmation is cancelled already")
                row["IsReversed"] = True
                kept = {name: row[name] for name in ("OrderID", "Sequence", "OrderOperation", "ConfirmationText")}
                return self._confirmation(row["ConfirmationGroup"], kept | {"IsReversal": True})
        raise SapError(400, "RU/205", "The confirmation does not exist")

    # papers -----------------------------------------------------------------------------------------------------------

    def _notify(self, row: Row) -> Row:
        if row.get("NotificationType") not in ("M1", "M2"):
            raise SapError(400, "IM/072", f"Notification type {row.get('NotificationType')} does not exist")
        if row.get("TechObjIsEquipOrFuncnlLoc") != "EAMS_FL" or row.get("TechnicalObject") not in self.assets:
            raise SapError(400, "IL/017", f"Functional location {row.get('TechnicalObject')} does not exist")
        start, end = (
            (row.get(f"Malfunction{side}Date"), row.get(f"Malfunction{side}Time")) for side in ("Start", "End")
        )
        if end[0] is not None and (start[0] is None or end < start):
            raise SapError(400, "IM/110", "The malfunction ends before it begins")
        return self.gateway.add("MaintenanceNotification", **row, MaintenanceNotification=self._number("10"),
                                MaintNotificationLongText=row.get("MaintNotifLongTextForEdit", ""),
                                NotifProcessingPhase="1", LastChangeDateTime=instant(self.now()))  # fmt: skip

    def _defect(self, row: Row) -> Row:
        if (row.get("DefectCodeGroup"), row.get("DefectCode")) != ("QM-E", "0001"):
            raise SapError(400, "QD/045", f"Code {row.get('DefectCodeGroup')} {row.get('DefectCode')} does not exist")
        if row.get("ManufacturingOrder"):
            self._order(row["ManufacturingOrder"])
        if row.get("Material"):
            self._material(row["Material"])
        number = self._number("2")
        return self.gateway.add("A_Defect", **row, **self._made(), DefectInternalID=number, Defect=number[:11])

    def _inventory(self, header: Row, items: list[Row]) -> Row:
        number, year = self._number("1"), str(self.now().year)
        if not items or header.get("Plant") != PLANT or not header.get("PhysInventoryPlannedCountDate"):
            raise SapError(400, "M7/700", "Enter plant, planned date of the count and items")
        for item in items:
            self._material(item.get("Material", ""))
            if item.get("StorageLocation") != header["StorageLocation"] or not item.get("Batch"):
                raise SapError(400, "M7/018", "Enter Storage Location and Batch")
        made = self.gateway.add("A_PhysInventoryDocHeader", **header, FiscalYear=year, PhysicalInventoryDocument=number,
                                LastChangeDateTime=instant(self.now()))  # fmt: skip
        for line, item in enumerate(items, 1):
            unit = self._material(item["Material"])["BaseUnit"]
            self.gateway.add("A_PhysInventoryDocItem", **item, FiscalYear=year, PhysicalInventoryDocument=number,
                             PhysicalInventoryDocumentItem=f"{line:03}", MaterialBaseUnit=unit,
                             LastChangeDateTime=instant(self.now()))  # fmt: skip
        return made

    def _differences(self, given: Mapping[str, Any]) -> Row:
        self._period(given.get("PostingDate"))
        items = [row for row in self.rows("A_PhysInventoryDocItem") if row["FiscalYear"] == given["FiscalYear"]
                 and row["PhysicalInventoryDocument"] == given["PhysicalInventoryDocument"]]  # fmt: skip
        if not items or any(
            row["PhysInvtryDifferenceIsPosted"] or not row["PhysicalInventoryItemIsCounted"] for row in items
        ):
            raise SapError(400, "M7/710", "The document has nothing whose difference could be posted")
        for row in items:
            material = self._material(row["Material"])
            there = sum(float(one["MatlWrhsStkQtyInMatlBaseUnit"]) for one in self.rows("A_MatlStkInAcctMod")
                        if (one["Material"], one["Batch"], one["StorageLocation"], one["InventoryStockType"])
                        == (row["Material"], row["Batch"], row["StorageLocation"], "01"))  # fmt: skip
            self._add(material, row["Batch"], row["StorageLocation"], "01", float(row["QuantityInUnitOfEntry"]) - there)
            row |= {"PhysInvtryDifferenceIsPosted": True, "MaterialDocument": self._number("49")}
        header = self._header_of(items[0])
        self.gateway.touch(header)
        return header

    def _header_of(self, item: Row) -> Row:
        return next(row for row in self.rows("A_PhysInventoryDocHeader")
                    if row["PhysicalInventoryDocument"] == item["PhysicalInventoryDocument"])  # fmt: skip

    # what all share ---------------------------------------------------------------------------------------------------

    def _free(self, name: str, what: str) -> None:
        if name in self.locked:
            code = "M3/024" if what.startswith("Valuation") else "CO/469"
            verb = "is locked by the user" if code == "M3/024" else "is already being processed by"
            raise SapError(400, code, f"{what} {name} {verb} {self.locked[name]}")

    def _period(self, said: Any) -> None:
        day = datetime.fromtimestamp(int(said[6:-2]) / 1000, UTC).date() if said else self.now().date()
        if day < self.open_from:
            raise SapError(
                400, "M7/053", f"Posting only possible in periods {self.open_from:%Y/%m} and later in company code 1010"
            )

    def _material(self, name: str) -> Row:
        for row in self.rows("A_Product"):
            if row["Product"] == name:
                return row
        raise SapError(400, "M7/001", f"Material {name} does not exist")

    def _number(self, prefix: str) -> str:
        self.numbers += 1
        return f"{prefix}{self.numbers:0{10 - len(prefix)}}"

    def _made(self) -> dict[str, str]:
        now = self.now().astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return {"CreationDate": instant(midnight), "CreationTime": f"PT{now:%H}H{now:%M}M{now:%S}S"}


def _place(location: str | None) -> str:
    """Four characters are all that a storage location has."""
    kind, _, rest = (location or "RM").partition("-")
    return f"WIP{rest[-1]}" if kind == "WIP" else {"WH": "FG01", "RM": "RM01"}.get(kind, "TK01")


def _day(at: date | datetime | None) -> str | None:
    return instant(datetime(at.year, at.month, at.day, tzinfo=UTC)) if at else None


def _seed(sap: SapPlant, folder: Path) -> None:
    plant = read_plant_folder(folder)
    records, add, long_ago = plant.records, sap.gateway.add, instant(sap.now())
    sap.assets = {name for line in plant.plant.lines for name in (line.id, *(asset.id for asset in line.assets))}
    for item in records.items:
        add("A_Product", Product=item.id, ProductType=TYPES[item.kind], BaseUnit=item.uom.upper()[:3],
            LastChangeDateTime=long_ago)  # fmt: skip
        add("A_ProductDescription", Product=item.id, Language="EN", ProductDescription=item.description[:40])
        add("A_ProductPlant", Product=item.id, Plant=PLANT)
    made = {lot.work_order: lot.id for lot in records.lots if lot.work_order}
    flags = {"released": ("OrderIsReleased",), "running": ("OrderIsReleased", "OrderIsPartiallyConfirmed"),
             "completed": ("OrderIsReleased", "OrderIsTechnicallyCompleted"), "cancelled": ("OrderIsDeleted",),
             "planned": ("OrderIsCreated",), "held": ("OrderIsCreated",)}  # fmt: skip
    for order in records.work_orders:
        add_order(sap, order.id, order.item, order.line, order.quantity, order.uom, start=_day(order.start),
                  due=_day(order.due), batch=made.get(order.id, ""), sales=order.sales_order or "",
                  done=order.completed_quantity or 0.0, flags=flags[order.status])  # fmt: skip
    for lot in records.lots:
        add("Batch", Material=lot.item, Batch=lot.id, LastChangeDateTime=long_ago)
        if lot.status != "consumed":
            add(
                "A_MatlStkInAcctMod",
                Material=lot.item,
                Plant=PLANT,
                StorageLocation=_place(lot.location),
                Batch=lot.id,
                InventoryStockType="01" if lot.status == "available" else "07",
                MaterialBaseUnit=lot.uom.upper()[:3],
                MatlWrhsStkQtyInMatlBaseUnit=f"{lot.quantity:.3f}",
            )
    customers = {
        name: f"{n:010}" for n, name in enumerate(sorted({sale.customer for sale in records.sales_orders}), 1000)
    }
    for name, number in customers.items():
        add("A_Customer", Customer=number, CustomerName=name)
    for sale in records.sales_orders:
        add("A_SalesOrder", SalesOrder=sale.id, SoldToParty=customers[sale.customer], OverallSDProcessStatus="A",
            RequestedDeliveryDate=_day(sale.due), LastChangeDateTime=long_ago)  # fmt: skip
        named = {"SalesOrder": sale.id, "SalesOrderItem": "10"}
        add(
            "A_SalesOrderItem",
            **named,
            Material=sale.item,
            RequestedQuantity=f"{sale.quantity:.3f}",
            ProductionPlant=PLANT,
            RequestedQuantityUnit=sale.uom.upper()[:3],
        )
        add("A_SalesOrderScheduleLine", **named, ScheduleLine="1", RequestedDeliveryDate=_day(sale.due))
    for number, parent in enumerate(records.components_of, 1):
        named = {"BillOfMaterial": f"{number:08}", "BillOfMaterialVariant": "1", "Material": parent, "Plant": PLANT}
        add("MaterialBOM", **named, BOMHeaderQuantityInBaseUnit="1000", LastChangeDateTime=long_ago)
        for node, part in enumerate(records.components_of[parent], 1):
            add("MaterialBOMItem", **named, BillOfMaterialItemNodeNumber=f"{node:08}", LastChangeDateTime=long_ago,
                BillOfMaterialComponent=part.component,
                BillOfMaterialItemQuantity=f"{part.quantity_per * 1000:.3f}")  # fmt: skip


def add_order(
    sap: SapPlant,
    number: str,
    item: str,
    line: str,
    quantity: float,
    uom: str = "cs",
    *,
    start: str | None = None,
    due: str | None = None,
    batch: str = "",
    sales: str = "",
    done: float = 0.0,
    flags: tuple[str, ...] = ("OrderIsCreated",),
) -> Row:
    """An order with two operations at its line, as its planner would enter it."""
    row = sap.gateway.add("A_ProductionOrder_2", ManufacturingOrder=number, Material=item, ProductionPlant=PLANT,
                          ProductionUnit=uom.upper()[:3], TotalQuantity=f"{quantity:.3f}", SalesOrder=sales,
                          MfgOrderPlannedStartDate=start, MfgOrderPlannedEndDate=due,
                          MfgOrderConfirmedYieldQty=f"{done:.3f}", LastChangeDateTime=f"{sap.now():%Y%m%d%H%M%S}",
                          **dict.fromkeys(flags, "X"))  # fmt: skip
    sap.gateway.add("A_ProductionOrderItem_2", ManufacturingOrder=number, ManufacturingOrderItem="1", Batch=batch)
    for step in ("0010", "0020"):
        sap.gateway.add(
            "A_ProductionOrderOperation_2",
            ManufacturingOrder=number,
            ManufacturingOrderOperation=step,
            ManufacturingOrderSequence="0",
            WorkCenter=line,
            OrderInternalBillOfOperations=secrets.token_hex(5),
            OrderIntBillOfOperationsItem=step,
        )
    return row
