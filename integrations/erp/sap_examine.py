"""Proves before the first posting that SAP is reachable and its services permit what will be booked; books nothing.

What a release of SAP lets us write stands in its own `$metadata`, so every field that we use is looked up there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from xml.etree import ElementTree

from integrations.erp.sap_books import (
    BATCHES,
    CONFIRMATIONS,
    DEFECTS,
    GOODS,
    INVENTORY,
    NOTIFICATIONS,
    ORDERS,
    PARTNERS,
    PRODUCTS,
    RECIPES,
    SALES,
    STOCK,
    Books,
)
from integrations.erp.sap_odata import SETUP
from integrations.erp.sap_values import text
from workflow.errors import Rejected, TryLater
from workflow.ports import Finding

MOST = 2_000_000  # characters of a description that are read

# service -> entity -> what we read or search, what we send with a new one, what we change.
USED: Mapping[str, Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        ORDERS: {
            "A_ProductionOrder_2": (
                "ManufacturingOrder Material ProductionPlant ProductionUnit LastChangeDateTime SalesOrder "
                "OrderIsReleased OrderIsPartiallyReleased OrderIsPartiallyConfirmed OrderIsPartiallyDelivered "
                "OrderIsConfirmed OrderIsDelivered OrderIsTechnicallyCompleted OrderIsClosed OrderIsLocked "
                "OrderIsDeleted OrderIsMarkedForDeletion MfgOrderConfirmedYieldQty MfgOrderPlannedStartTime "
                "MfgOrderPlannedEndTime",
                "",
                "TotalQuantity MfgOrderPlannedStartDate MfgOrderPlannedEndDate OrderLongText",
            ),
            "A_ProductionOrderOperation_2": (
                "ManufacturingOrder ManufacturingOrderSequence ManufacturingOrderOperation WorkCenter "
                "OperationIsConfirmed OpActualExecutionStartDate", "", "",
            ),
            "A_ProductionOrderItem_2": ("ManufacturingOrder Batch", "", ""),
        },
        CONFIRMATIONS: {
            "ProdnOrdConf2": (
                "ConfirmationGroup ConfirmationCount IsReversed IsReversal ConfirmationEntryDate ConfirmationEntryTime",
                "OrderID Sequence OrderOperation ConfirmationText FinalConfirmationType ExternalSystemConfirmation "
                "PostingDate APIConfHasNoGoodsMovements ConfirmationScrapQuantity ConfirmationUnit", "",
            )
        },
        GOODS: {
            "A_MaterialDocumentHeader": (
                "MaterialDocument MaterialDocumentYear CreationDate CreationTime",
                "GoodsMovementCode ReferenceDocument MaterialDocumentHeaderText DocumentDate PostingDate", "",
            ),
            "A_MaterialDocumentItem": (
                "GoodsMovementIsCancelled ReversedMaterialDocument IsAutomaticallyCreated",
                "Material Plant StorageLocation Batch GoodsMovementType QuantityInEntryUnit EntryUnit CostCenter "
                "MaterialDocumentItemText IssuingOrReceivingPlant IssuingOrReceivingStorageLoc", "",
            ),
        },
        STOCK: {
            "A_MatlStkInAcctMod": (
                "Material Plant StorageLocation Batch InventorySpecialStockType InventoryStockType MaterialBaseUnit "
                "MatlWrhsStkQtyInMatlBaseUnit", "", "",
            )
        },
        BATCHES: {"Batch": ("Material Batch LastChangeDateTime", "", "")},
        INVENTORY: {
            "A_PhysInventoryDocHeader": (
                "FiscalYear PhysicalInventoryDocument",
                "Plant StorageLocation DocumentDate PhysInventoryPlannedCountDate PhysInventoryReferenceNumber "
                "PhysicalInventoryDocumentDesc", "",
            ),
            "A_PhysInventoryDocItem": (
                "PhysicalInventoryDocumentItem PhysicalInventoryItemIsCounted PhysInvtryDifferenceIsPosted "
                "MaterialDocument MaterialBaseUnit", "Material Batch PhysicalInventoryStockType",
                "QuantityInUnitOfEntry UnitOfEntry PhysicalInventoryItemIsZero",
            ),
        },
        DEFECTS: {
            "A_Defect": (
                "Defect DefectInternalID CreationDate CreationTime",
                "DefectText DefectCodeGroup DefectCode Plant Material ManufacturingOrder", "",
            )
        },
        NOTIFICATIONS: {
            "MaintenanceNotification": (
                "MaintenanceNotification MaintNotificationLongText LastChangeDateTime",
                "NotificationType NotificationText MaintNotifExtReferenceNumber "
                "TechnicalObject TechObjIsEquipOrFuncnlLoc MaintObjDowntimeDurationUnit MalfunctionStartDate "
                "MalfunctionStartTime MalfunctionEndDate MalfunctionEndTime",
                "MaintNotifLongTextForEdit MaintenanceObjectIsDown MaintObjectDowntimeDuration",
            )
        },
        PRODUCTS: {
            "A_Product": ("Product ProductType BaseUnit IsMarkedForDeletion LastChangeDateTime", "", ""),
            "A_ProductDescription": ("Product Language ProductDescription", "", ""),
            "A_ProductPlant": ("Product Plant", "", ""),
        },
        SALES: {
            "A_SalesOrder": (
                "SalesOrder SoldToParty RequestedDeliveryDate OverallSDProcessStatus LastChangeDateTime", "", "",
            ),
            "A_SalesOrderItem": (
                "SalesOrder SalesOrderItem Material RequestedQuantity RequestedQuantityUnit ProductionPlant "
                "SalesDocumentRjcnReason", "", "",
            ),
            "A_SalesOrderScheduleLine": ("RequestedDeliveryDate ConfirmedDeliveryDate", "", ""),
        },
        RECIPES: {
            "MaterialBOM": (
                "BillOfMaterial BillOfMaterialVariant Material Plant BOMHeaderQuantityInBaseUnit IsMarkedForDeletion "
                "LastChangeDateTime", "", "",
            ),
            "MaterialBOMItem": (
                "BillOfMaterial BillOfMaterialVariant Material Plant BillOfMaterialComponent "
                "BillOfMaterialItemQuantity IsDeleted LastChangeDateTime", "", "",
            ),
        },
        PARTNERS: {"A_Customer": ("Customer CustomerName", "", "")},
    }
)  # fmt: skip
FUNCTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        ORDERS: ("ReleaseOrder", "TechlyCmpltOrder"),
        CONFIRMATIONS: ("CancelProdnOrdConf",),
        GOODS: ("Cancel",),
        INVENTORY: ("PostDifferences",),
    }
)
WRITTEN = (ORDERS, CONFIRMATIONS, GOODS, INVENTORY, DEFECTS, NOTIFICATIONS)


def findings(books: Books) -> Iterator[Finding]:
    """One finding a question; what cannot be reached at all ends the list."""
    sap = books.sap
    try:
        for service in USED:
            try:
                wrong = list(_lacking(service, sap.described(service)))
                if service in WRITTEN:
                    sap.token(service)
                entities = next(iter(USED[service]))
                sap.count(service, entities, "")
            except Rejected as no:
                yield Finding(service, no.why, f"activate it and give the user its role: {SETUP}")
                continue
            yield Finding(service, "; ".join(wrong) or "works", f"is the release old? {SETUP}" if wrong else "")
        plant = f"Plant eq {text(books.setup.plant)}"
        if not sap.count(PRODUCTS, "A_ProductPlant", plant):
            yield Finding(f"plant {books.setup.plant}", "has no material", "correct LINECALL_SAP_PLANT")
    except TryLater as no:
        yield Finding("reach", no.why, f"see LINECALL_SAP_* and {SETUP}")


def _lacking(service: str, described: str) -> Iterator[str]:
    """Which of our fields and functions this system's service does not have, or does not let anybody write."""
    if "<!DOCTYPE" in described or len(described) > MOST:
        yield "its $metadata is not read"
        return
    try:
        root = ElementTree.fromstring(described)  # noqa: S314 (no DOCTYPE: nothing expands)
    except ElementTree.ParseError:
        yield "its $metadata is no XML"
        return
    types = {one.get("Name"): one for one in root.iter() if one.tag.endswith("}EntityType")}
    sets = {
        one.get("Name"): str(one.get("EntityType")).rpartition(".")[2]
        for one in root.iter()
        if one.tag.endswith("}EntitySet")
    }
    for entity, (read, sent, changed) in USED[service].items():
        described_type = types.get(sets.get(entity, entity))
        if described_type is None:
            yield f"no {entity}"
            continue
        fields = {one.get("Name"): one for one in described_type if one.tag.endswith("}Property")}
        for name in (*read.split(), *sent.split(), *changed.split()):
            if name not in fields:
                yield f"no {entity}.{name}"
        yield from (f"{entity}.{name} cannot be sent" for name in sent.split() if _no(fields.get(name), "creatable"))
        yield from (
            f"{entity}.{name} cannot be changed" for name in changed.split() if _no(fields.get(name), "updatable")
        )
    functions = {one.get("Name") for one in root.iter() if one.tag.endswith("}FunctionImport")}
    yield from (f"no {name}" for name in FUNCTIONS.get(service, ()) if name not in functions)


def _no(field: ElementTree.Element | None, may: str) -> bool:
    """SAP's own attribute: absent means yes."""
    return field is not None and any(
        name.endswith(f"}}{may}") and value == "false" for name, value in field.attrib.items()
    )
