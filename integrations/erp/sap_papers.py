"""What becomes a document of its own in SAP: notifications of maintenance, defects of quality, physical inventory."""

from __future__ import annotations

from datetime import datetime, timedelta

from integrations.erp.marks import Job, checked
from integrations.erp.posting_bodies import Deviation, Downtime, MaintenanceNotification, StockAdjustment
from integrations.erp.sap_books import (
    BATCHES,
    DEFECTS,
    FREE,
    INVENTORY,
    NOTIFICATIONS,
    PRODUCTS,
    Books,
    created,
    in_open_period,
)
from integrations.erp.sap_odata import Row
from integrations.erp.sap_values import at_instant, day_out, key, number_in, number_out, on_day, text, time_out
from workflow.errors import Rejected
from workflow.ports import Receipt

FREE_STOCK = "1"  # PhysicalInventoryStockType
REMEMBERED = timedelta(days=14)  # a report taken back that was not changed since then is not looked for
MOST_WORDS = 1333  # characters of a notification's long text


# maintenance ---------------------------------------------------------------------------------------------------------


def notified(books: Books, mark: str, job: Job | None) -> Receipt | None:
    """A notification of ours; raises Rejected where it stands for another fact."""
    rows = books.sap.read(NOTIFICATIONS, "MaintenanceNotification", f"MaintNotifExtReferenceNumber eq {text(mark)}",
                          order="MaintenanceNotification")  # fmt: skip
    if not rows:
        return None
    if job is not None:
        checked(job, str(rows[0].get("MaintNotificationLongText") or ""))
    return Receipt(str(rows[0]["MaintenanceNotification"]), created(rows[0], books.zone, books.clock))


def downtime(books: Books, job: Job) -> Receipt:
    """A malfunction report from start to end; maintenance adds what was damaged and completes it (R49)."""
    body = Downtime.model_validate(job.posting.body)
    if body.work_order is not None:
        books.order(body.work_order)
    said = {
        "NotificationType": books.setup.malfunction,
        "MaintenanceObjectIsDown": True,
        "MaintObjectDowntimeDuration": body.minutes,
        "MaintObjDowntimeDurationUnit": "MIN",
        **_when(books, "Start", body.start),
        **_when(books, "End", body.end),
    }
    return _notify(books, job, body.asset or body.line or "", body.reason or "downtime", said)


def downtime_back(books: Books, job: Job) -> Receipt:
    """The report stays, and says that the machine was not down, in one step with the words that take it back."""
    row = _report(books, f"MaintNotifExtReferenceNumber eq {text(str(job.reverses))}")
    if row is None or f" reverses {job.reverses}" in str(row["MaintNotificationLongText"]):
        raise Rejected(f"{job.posting.reverses} is reversed already")
    line = f"LINECALL {job.mark} {job.fingerprint} reverses {job.reverses}"
    said = str(row["MaintNotificationLongText"])[-(MOST_WORDS - len(line) - 1) :]  # its end proves what was booked
    entity = f"MaintenanceNotification{key(MaintenanceNotification=str(row['MaintenanceNotification']))}"
    not_down = {"MaintenanceObjectIsDown": False, "MaintObjectDowntimeDuration": 0.0}
    books.sap.change(NOTIFICATIONS, entity, not_down | {"MaintNotifLongTextForEdit": f"{said}\n{line}"}, row["__etag"])
    receipt = taken_back(books, job.mark, job)
    if receipt is None:
        raise Rejected("SAP did not keep what was taken back; look at the notification there")
    return receipt


def taken_back(books: Books, mark: str, job: Job | None) -> Receipt | None:
    """The report that a posting of ours took back; without that posting the younger ones are looked through."""
    if job is not None and job.reverses is None:
        return None
    young = at_instant(books.clock.now() - REMEMBERED)
    mine = f"startswith(MaintNotifExtReferenceNumber,'LC') and LastChangeDateTime ge {young}"
    row = _report(books, f"MaintNotifExtReferenceNumber eq {text(str(job.reverses))}" if job else mine, mark)
    if row is None:
        return None
    if job is not None:
        checked(job, str(row["MaintNotificationLongText"]))
    return Receipt(str(row["MaintenanceNotification"]), created(row, books.zone, books.clock))


def _report(books: Books, where: str, mark: str = "") -> Row | None:
    rows = books.sap.read(NOTIFICATIONS, "MaintenanceNotification", where, order="MaintenanceNotification")
    said = f"LINECALL {mark} " if mark else ""
    return next((row for row in rows if said in str(row["MaintNotificationLongText"])), None)


def maintenance(books: Books, job: Job) -> Receipt:
    """What maintenance found and did, as a notification that their planner works on."""
    body = MaintenanceNotification.model_validate(job.posting.body)
    return _notify(books, job, body.asset or body.line or "", body.text, {"NotificationType": books.setup.request})


def _notify(books: Books, job: Job, what: str, words: str, said: dict[str, object]) -> Receipt:
    document = said | {
        "NotificationText": f"{job.posting.case} {words}"[:40],
        "MaintNotifLongTextForEdit": f"{job.words}\n{job.fingerprint}"[-MOST_WORDS:],
        "MaintNotifExtReferenceNumber": job.mark,
        "TechnicalObject": what,
        "TechObjIsEquipOrFuncnlLoc": books.setup.assets,
    }
    made = books.sap.create(NOTIFICATIONS, "MaintenanceNotification", document)
    return notified(books, job.mark, job) or Receipt(str(made["MaintenanceNotification"]), books.clock.now())


def _when(books: Books, side: str, at: datetime) -> dict[str, object]:
    there = at.astimezone(books.zone)
    return {f"Malfunction{side}Date": day_out(there.date()), f"Malfunction{side}Time": time_out(there.time())}


# quality -------------------------------------------------------------------------------------------------------------


def defect_noted(books: Books, mark: str, job: Job | None) -> Receipt | None:
    """A defect of ours; its short text begins with the mark, since it has no reference. Raises Rejected as above."""
    rows = books.sap.read(DEFECTS, "A_Defect", f"startswith(DefectText,{text(mark[:12])})", order="DefectInternalID")
    if not rows:
        return None
    if job is not None and not str(rows[0]["DefectText"])[12:].startswith(f"#{job.fingerprint[:4]}"):
        checked(job, "")
    at = created(rows[0], books.zone, books.clock)
    return Receipt(str(rows[0]["Defect"] or rows[0]["DefectInternalID"]), at)


def deviation(books: Books, job: Job) -> Receipt:
    """A defect at the order, or at the material of the lot."""
    body = Deviation.model_validate(job.posting.body)
    group, code = books.setup.defect
    item = body.item
    if body.lot is not None:
        of = books.sap.read(BATCHES, "Batch", f"Batch eq {text(body.lot)}", ("Material",))
        if not of:
            raise Rejected(f"unknown lot {body.lot}")
        if item is not None and all(row["Material"] != item for row in of):
            raise Rejected(f"lot {body.lot} is of item {of[0]['Material']}, not {item}")
        item = item or str(of[0]["Material"])
    if body.work_order is not None:
        item = str(books.order(body.work_order)["Material"])
    elif item is not None and books.sap.one(PRODUCTS, f"A_Product{key(Product=item)}") is None:
        raise Rejected(f"unknown item {item}")
    words = " ".join(part for part in (body.lot, body.decision and body.decision.replace("_", " "), body.text) if part)
    said = {"DefectCodeGroup": group, "DefectCode": code, "Plant": books.setup.plant, "Material": item,
            "ManufacturingOrder": body.work_order,
            "DefectText": f"{job.mark[:12]}#{job.fingerprint[:4]} {words}"[:40]}  # fmt: skip
    books.sap.create(DEFECTS, "A_Defect", {name: value for name, value in said.items() if value is not None})
    receipt = defect_noted(books, job.mark, job)
    if receipt is None:
        raise Rejected("SAP did not keep the defect; look at it there")
    return receipt


# physical inventory --------------------------------------------------------------------------------------------------


def adjusted(books: Books, mark: str, job: Job | None) -> Receipt | None:
    """A physical inventory document of ours whose differences are posted; raises Rejected as above."""
    document = _inventory(books, mark, job)
    if document is None or not all(row["PhysInvtryDifferenceIsPosted"] for row in _items(document)):
        return None
    booked = str(_items(document)[0]["MaterialDocument"] or document["PhysicalInventoryDocument"])
    return Receipt(booked, created(document, books.zone, books.clock))


def adjust(books: Books, job: Job) -> Receipt:
    """A physical inventory document with one item: made, counted, its difference posted; each step once."""
    body = StockAdjustment.model_validate(job.posting.body)
    if body.quantity == 0:
        raise Rejected("a difference of 0 needs no adjustment")
    difference = body.quantity if job.reverses is None else -body.quantity
    document = _inventory(books, job.mark, job) or _make_inventory(books, job, difference)
    item = _items(document)[0]
    if not item["PhysicalInventoryItemIsCounted"]:
        there = next((shelf.quantity for shelf in books.shelves(job.posting.body) if shelf.kind == FREE
                      and shelf.place == item["StorageLocation"] and shelf.batch == item["Batch"]), 0.0)  # fmt: skip
        counted = there + difference
        named = ("FiscalYear", "PhysicalInventoryDocument", "PhysicalInventoryDocumentItem")
        entity = key(**{name: str(item[name]) for name in named})
        count = {"QuantityInUnitOfEntry": number_out(counted), "UnitOfEntry": item["MaterialBaseUnit"],
                 "PhysicalInventoryItemIsZero": counted == 0}  # fmt: skip
        books.sap.change(INVENTORY, f"A_PhysInventoryDocItem{entity}", count, item["__etag"])
        document = _inventory(books, job.mark, job) or document
    year, number = text(str(document["FiscalYear"])), text(str(document["PhysicalInventoryDocument"]))
    in_open_period(books, job, lambda day: books.sap.act(
        INVENTORY, "PostDifferences", document["__etag"], FiscalYear=year, PhysicalInventoryDocument=number,
        PostingDate=on_day(day),
    ))  # fmt: skip
    receipt = adjusted(books, job.mark, job)
    if receipt is None:
        raise Rejected(f"SAP did not post the differences of {document['PhysicalInventoryDocument']}; look at it there")
    return receipt


def adjustment_back(books: Books, job: Job) -> Receipt:
    """Counted once more, the other way round: done documents are never changed (R47)."""
    same = f"startswith(PhysicalInventoryDocumentDesc,{text(f'reverses {job.reverses}')})"
    backs = books.sap.read(INVENTORY, "A_PhysInventoryDocHeader", same)
    if any(row["PhysInventoryReferenceNumber"] != job.mark for row in backs):
        raise Rejected(f"{job.posting.reverses} is reversed already")
    return adjust(books, job)


def _make_inventory(books: Books, job: Job, difference: float) -> Row:
    free = sorted((shelf for shelf in books.shelves(job.posting.body) if shelf.kind == FREE and shelf.place
                   not in books.setup.lines), key=lambda shelf: -shelf.quantity)  # fmt: skip
    named = job.posting.body.get("lot") or job.posting.body.get("item")
    if not free:
        raise Rejected(f"{named} lies in no storage location; count it in SAP")
    most = free[0]
    if difference < 0 and most.quantity < -difference:
        raise Rejected(f"{named} has {number_in(most.quantity):.15g} {most.unit} in storage, not {-difference:.15g}")
    item = {"Plant": books.setup.plant, "StorageLocation": most.place, "Material": most.material,
            "PhysicalInventoryStockType": FREE_STOCK} | ({"Batch": most.batch} if most.batch else {})  # fmt: skip
    today = day_out(books.today())
    about = f"reverses {job.reverses} {job.fingerprint}" if job.reverses else f"{job.fingerprint} {job.posting.case}"
    books.sap.create(INVENTORY, "A_PhysInventoryDocHeader", {
        "Plant": books.setup.plant, "StorageLocation": most.place, "DocumentDate": today,
        "PhysInventoryPlannedCountDate": today, "PhysInventoryReferenceNumber": job.mark,
        "PhysicalInventoryDocumentDesc": about[:40],
        "to_PhysicalInventoryDocumentItem": [item],
    })  # fmt: skip
    document = _inventory(books, job.mark, job)
    if document is None:
        raise Rejected("SAP did not keep the physical inventory document; look at it there")
    return document


def _inventory(books: Books, mark: str, job: Job | None) -> Row | None:
    rows = books.sap.read(INVENTORY, "A_PhysInventoryDocHeader", f"PhysInventoryReferenceNumber eq {text(mark)}",
                          expand=("to_PhysicalInventoryDocumentItem",), order="PhysicalInventoryDocument")  # fmt: skip
    if rows and job is not None:
        checked(job, str(rows[0]["PhysicalInventoryDocumentDesc"]))
    return rows[0] if rows else None


def _items(document: Row) -> list[Row]:
    items: list[Row] = document["to_PhysicalInventoryDocumentItem"]
    return items
