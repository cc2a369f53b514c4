"""How our postings are found again in SAP, what the plant's words mean there, and the goods movements.

SAP has no idempotency key, so every document of ours carries a mark made from the posting's key in a field that can be
searched, and a fingerprint of the fact. A goods movement is one document with all its items: it is booked whole or not
at all, and where two workers booked two of them, the younger one is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from integrations.erp.marks import Job, checked
from integrations.erp.sap_odata import Row, Sap, SapSaysNo
from integrations.erp.sap_values import day_out, instant_in, key, local, number_in, number_out, same_unit, text
from workflow.errors import Rejected
from workflow.ports import Clock, Receipt

ORDERS, CONFIRMATIONS = "API_PRODUCTION_ORDER_2_SRV", "API_PROD_ORDER_CONFIRMATION_2_SRV"
GOODS, STOCK, BATCHES = "API_MATERIAL_DOCUMENT_SRV", "API_MATERIAL_STOCK_SRV", "API_BATCH_SRV"
INVENTORY, DEFECTS, NOTIFICATIONS = "API_PHYSICAL_INVENTORY_DOC_SRV", "API_DEFECT_SRV", "API_MAINTNOTIFICATION"
PRODUCTS, SALES, RECIPES = "API_PRODUCT_SRV", "API_SALES_ORDER_SRV", "API_BILL_OF_MATERIAL_SRV;v=0002"
PARTNERS = "API_BUSINESS_PARTNER"

FREE, INSPECTED, BLOCKED = "01", "02", "07"  # InventoryStockType
TRANSFER, ISSUE = "04", "03"  # GoodsMovementCode
TO_BLOCKED, FROM_BLOCKED, BLOCKED_TO_PLACE, FREE_TO_PLACE, SCRAPPED, SCRAP_BACK = (
    "344",
    "343",
    "325",
    "311",
    "555",
    "556",
)
BACKWARDS = {TO_BLOCKED: FROM_BLOCKED, FROM_BLOCKED: TO_BLOCKED, BLOCKED_TO_PLACE: BLOCKED_TO_PLACE,
             FREE_TO_PLACE: FREE_TO_PLACE, SCRAPPED: SCRAP_BACK}  # fmt: skip
CLOSED_PERIOD = frozenset({"M7/053", "F5/201", "F5/200"})


@dataclass(frozen=True, slots=True)
class Setup:
    """What a plant's SAP person decides once; `docs/erp/sap.md` says what each means."""

    plant: str
    lines: frozenset[str] = frozenset()  # storage locations at the lines: nothing is taken from there
    rework: str = "RWRK"  # storage location of rework
    cost_center: str | None = None  # that scrap goes to
    defect: tuple[str, str] = ("QM-E", "0001")  # code group and code
    assets: str = "EAMS_FL"  # functional locations; or EAMS_EQUI
    malfunction: str = "M2"  # notification type of a downtime
    request: str = "M1"  # and of what maintenance found
    activity: int = 2  # which of the six standard values of a work center takes time


@dataclass(frozen=True, slots=True)
class Shelf:
    """So much of a material, or of one batch of it, in one storage location and one kind of stock."""

    material: str
    batch: str
    place: str
    kind: str
    quantity: float
    unit: str


@dataclass
class Books:
    """What all kinds of posting share."""

    sap: Sap
    setup: Setup
    zone: tzinfo
    clock: Clock

    # the plant's words ----------------------------------------------------------------------------------------------

    def order(self, number: str, *expand: str) -> Row:
        """A production order with its ETag; raises Rejected (R50)."""
        found = self.sap.one(ORDERS, f"A_ProductionOrder_2{key(ManufacturingOrder=number)}", expand)
        if found is None or found.get("ProductionPlant") != self.setup.plant:
            raise Rejected(f"unknown work order {number}")
        return found

    def shelves(self, body: Mapping[str, Any]) -> list[Shelf]:
        """Where the lot or the item of a body lies, in the unit that SAP keeps it in; raises Rejected (R50)."""
        lot, item, uom = body.get("lot"), body.get("item"), body.get("uom")
        where = [f"Plant eq {text(self.setup.plant)}", "InventorySpecialStockType eq ''"]
        where += [f"Batch eq {text(str(lot))}"] if lot is not None else []
        where += [f"Material eq {text(str(item))}"] if item is not None else []
        rows = self.sap.read(STOCK, "A_MatlStkInAcctMod", " and ".join(where))
        found = [Shelf(str(row["Material"]), str(row["Batch"]), str(row["StorageLocation"]),
                       str(row["InventoryStockType"]), number_in(row["MatlWrhsStkQtyInMatlBaseUnit"]),
                       str(row["MaterialBaseUnit"])) for row in rows]  # fmt: skip
        if not found:
            self._unknown(lot, item)
        if len({shelf.material for shelf in found}) > 1:
            raise Rejected(f"more than one material has a batch {lot}; somebody has to say which one is meant")
        for shelf in found:
            if uom is not None and not same_unit(uom, shelf.unit):
                named = f"lot {lot}" if lot is not None else f"item {item}"
                raise Rejected(f"{named} is kept in {shelf.unit}, not in {uom}")
        return found

    def _unknown(self, lot: object, item: object) -> None:
        """Nothing is there: because it is used up, or because there is no such thing?"""
        if item is not None and self.sap.one(PRODUCTS, f"A_Product{key(Product=str(item))}") is None:
            raise Rejected(f"unknown item {item}")
        if lot is None:
            raise Rejected(f"of item {item} nothing is in stock")
        of = self.sap.read(BATCHES, "Batch", f"Batch eq {text(str(lot))}", ("Material",))
        if not of:
            raise Rejected(f"unknown lot {lot}")
        if item is not None and all(row["Material"] != item for row in of):
            raise Rejected(f"lot {lot} is of item {of[0]['Material']}, not {item}")
        raise Rejected(f"of lot {lot} nothing is left in stock")

    def today(self) -> date:
        """The day at the plant."""
        return self.clock.now().astimezone(self.zone).date()

    def real_day(self, job: Job) -> date:
        """The day on which it happened, at the plant (R48)."""
        at = job.posting.occurred_at
        return at.astimezone(self.zone).date() if at is not None else self.today()

    # goods movements ------------------------------------------------------------------------------------------------

    def documents(self, mark: str, field_: str = "ReferenceDocument") -> list[Row]:
        """Our material documents with this mark that stand, the oldest first."""
        rows = self.sap.read(GOODS, "A_MaterialDocumentHeader", f"{field_} eq {text(mark)}",
                             expand=("to_MaterialDocumentItem",))  # fmt: skip
        stand = [row for row in rows if not any(_taken_back(item) for item in row["to_MaterialDocumentItem"])]
        return sorted(stand, key=lambda row: (str(row["MaterialDocumentYear"]), str(row["MaterialDocument"])))

    def booked_goods(self, mark: str, job: Job | None = None) -> Receipt | None:
        """The receipt of a goods movement of ours; raises Rejected where it stands for another fact."""
        for row in self.documents(mark):
            if job is not None:
                checked(job, str(row["to_MaterialDocumentItem"][0]["MaterialDocumentItemText"]))
            at = local(row["CreationDate"], row["CreationTime"], self.zone) or self.clock.now()
            return Receipt(f"{row['MaterialDocument']}/{row['MaterialDocumentYear']}", at.astimezone(UTC))
        return None

    def move(self, job: Job, movement: str, lots: Iterable[Shelf], to: str | None = None, head: str = "") -> Receipt:
        """Book one material document; on the real day, or today where its period is closed (R48)."""
        items = []
        for shelf in lots:
            item = {"Material": shelf.material, "Plant": self.setup.plant, "StorageLocation": shelf.place,
                    "GoodsMovementType": movement, "QuantityInEntryUnit": number_out(shelf.quantity),
                    "EntryUnit": shelf.unit,
                    "MaterialDocumentItemText": f"{job.fingerprint} {job.posting.key}"[:50]}  # fmt: skip
            item |= {"Batch": shelf.batch} if shelf.batch else {}
            if to is not None:
                item |= {"IssuingOrReceivingPlant": self.setup.plant, "IssuingOrReceivingStorageLoc": to}
            if movement in (SCRAPPED, SCRAP_BACK) and self.setup.cost_center:
                item |= {"CostCenter": self.setup.cost_center}
            items.append(item)
        return self.book(job, items, head)

    def book(self, job: Job, items: list[dict[str, str]], head: str = "") -> Receipt:
        """Book these items as one document."""
        issue = items[0]["GoodsMovementType"] in (SCRAPPED, SCRAP_BACK)
        header = {"GoodsMovementCode": ISSUE if issue else TRANSFER, "ReferenceDocument": job.mark,
                  "MaterialDocumentHeaderText": head or f"{job.posting.case} {job.posting.kind}"[:25],
                  "DocumentDate": day_out(self.real_day(job))}  # fmt: skip
        made = in_open_period(self, job, lambda day: self.sap.create(
            GOODS, "A_MaterialDocumentHeader", header | {"PostingDate": day_out(day), "to_MaterialDocumentItem": items}
        ))  # fmt: skip
        oldest = self.documents(job.mark)
        if oldest and oldest[0]["MaterialDocument"] != made["MaterialDocument"]:  # another worker was faster
            year, number = text(str(made["MaterialDocumentYear"])), text(str(made["MaterialDocument"]))
            self.sap.act(GOODS, "Cancel", MaterialDocumentYear=year, MaterialDocument=number)
        receipt = self.booked_goods(job.mark, job)
        if receipt is None:
            raise Rejected(f"SAP did not keep material document {made['MaterialDocument']}; look at it there")
        return receipt


def in_open_period(books: Books, job: Job, post: Any) -> Any:
    """Post on the real day, else today; a period that is closed today as well is a person's (R48)."""
    real, today = books.real_day(job), books.today()
    try:
        return post(real)
    except SapSaysNo as no:
        if real == today or not (no.codes & CLOSED_PERIOD or "posting only possible in periods" in no.why.lower()):
            raise
        return post(today)


def taken(shelves: Iterable[Shelf], quantity: float, short: str) -> list[Shelf]:
    """From which shelves so much is taken, in their order; raises Rejected with `short` where there is less."""
    rest, found = round(quantity, 3), []
    for shelf in sorted(shelves, key=lambda shelf: (shelf.batch, shelf.place)):
        part = min(rest, shelf.quantity)
        if part > 0:
            found.append(Shelf(shelf.material, shelf.batch, shelf.place, shelf.kind, part, shelf.unit))
            rest = round(rest - part, 3)
    if rest > 0:
        raise Rejected(short)
    return found


def created(row: Row, zone: tzinfo, clock: Clock) -> datetime:
    """When SAP made a document."""
    if row.get("LastChangeDateTime"):
        return instant_in(row["LastChangeDateTime"]) or clock.now()
    return (local(row.get("CreationDate"), row.get("CreationTime"), zone) or clock.now()).astimezone(UTC)


def _taken_back(item: Row) -> bool:
    return bool(item.get("GoodsMovementIsCancelled") or item.get("ReversedMaterialDocument"))
