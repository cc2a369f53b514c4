"""The few fields of SAP's released OData services that Linecall uses, as our own short contract for the tests.

SAP's own schema is not ours to copy. Where its npm packages can be had, the tests take the whole schema from there and
hold this page against it (`sap_schema.py`); where not, this page alone is served.

One line a field group: `name:type`, `*` a key, `+` what may come with a new one, `~` what may be changed.
S40 text of 40, L long text, D date, T time of day, Z instant, N13.3 decimal, F double, I integer, B boolean, G GUID.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

TEXT = """
API_PRODUCTION_ORDER_2_SRV
  A_ProductionOrder_2 etag:LastChangeDateTime
    *ManufacturingOrder:S12 Material:S40 ProductionPlant:S4 ProductionUnit:S3 LastChangeDateTime:S14 SalesOrder:S10
    OrderIsCreated:S1 OrderIsReleased:S1 OrderIsPartiallyReleased:S1 OrderIsPartiallyConfirmed:S1 OrderIsConfirmed:S1
    OrderIsPartiallyDelivered:S1 OrderIsDelivered:S1 OrderIsTechnicallyCompleted:S1 OrderIsClosed:S1 OrderIsLocked:S1
    OrderIsDeleted:S1 OrderIsMarkedForDeletion:S1 MfgOrderConfirmedYieldQty:N13.3
    ~TotalQuantity:N13.3 ~MfgOrderPlannedStartDate:D ~MfgOrderPlannedStartTime:T ~MfgOrderPlannedEndDate:D
    ~MfgOrderPlannedEndTime:T ~OrderLongText:L
    to_ProductionOrderOperation>A_ProductionOrderOperation_2 to_ProductionOrderItem>A_ProductionOrderItem_2
  A_ProductionOrderOperation_2
    *OrderInternalBillOfOperations:S10 *OrderIntBillOfOperationsItem:S8 ManufacturingOrder:S12 WorkCenter:S8
    ManufacturingOrderSequence:S6 ManufacturingOrderOperation:S4 OperationIsConfirmed:S1 OpActualExecutionStartDate:D
  A_ProductionOrderItem_2
    *ManufacturingOrder:S12 *ManufacturingOrderItem:S4 Batch:S10
  ReleaseOrder(ManufacturingOrder:S12)
  TechlyCmpltOrder(ManufacturingOrder:S12)
API_PROD_ORDER_CONFIRMATION_2_SRV
  ProdnOrdConf2
    *ConfirmationGroup:S10 *ConfirmationCount:S8 IsReversed:B IsReversal:B ConfirmationEntryDate:D
    ConfirmationEntryTime:T +OrderID:S12 +Sequence:S6 +OrderOperation:S4 +ConfirmationText:S40
    +FinalConfirmationType:S1 +ExternalSystemConfirmation:G +PostingDate:D +APIConfHasNoGoodsMovements:B
    +ConfirmationScrapQuantity:N13.3 +ConfirmationYieldQuantity:N13.3 +ConfirmationUnit:S3
    +OpConfirmedWorkQuantity1:N13.3 +OpConfirmedWorkQuantity2:N13.3 +OpConfirmedWorkQuantity3:N13.3
    +OpConfirmedWorkQuantity4:N13.3 +OpConfirmedWorkQuantity5:N13.3 +OpConfirmedWorkQuantity6:N13.3
    +OpWorkQuantityUnit1:S3 +OpWorkQuantityUnit2:S3 +OpWorkQuantityUnit3:S3 +OpWorkQuantityUnit4:S3
    +OpWorkQuantityUnit5:S3 +OpWorkQuantityUnit6:S3
  CancelProdnOrdConf(ConfirmationGroup:S10 ConfirmationCount:S8 PostingDate:D)
API_MATERIAL_DOCUMENT_SRV
  A_MaterialDocumentHeader
    *MaterialDocumentYear:S4 *MaterialDocument:S10 CreationDate:D CreationTime:T +DocumentDate:D +PostingDate:D
    +MaterialDocumentHeaderText:S25 +ReferenceDocument:S16 +GoodsMovementCode:S2
    +to_MaterialDocumentItem>A_MaterialDocumentItem
  A_MaterialDocumentItem
    *MaterialDocumentYear:S4 *MaterialDocument:S10 *MaterialDocumentItem:S4 +Material:S40 +Plant:S4 +StorageLocation:S4
    +Batch:S10 +GoodsMovementType:S3 +QuantityInEntryUnit:N13.3 +EntryUnit:S3 +CostCenter:S10
    +MaterialDocumentItemText:S50 +IssuingOrReceivingPlant:S4 +IssuingOrReceivingStorageLoc:S4
    IsAutomaticallyCreated:S1 GoodsMovementIsCancelled:B ReversedMaterialDocument:S10 ReversedMaterialDocumentYear:S4
  Cancel(MaterialDocumentYear:S4 MaterialDocument:S10 PostingDate:D)
API_MATERIAL_STOCK_SRV
  A_MatlStkInAcctMod
    *Material:S40 *Plant:S4 *StorageLocation:S4 *Batch:S10 *InventorySpecialStockType:S1 *InventoryStockType:S2
    MaterialBaseUnit:S3 MatlWrhsStkQtyInMatlBaseUnit:N31.14
API_BATCH_SRV
  Batch
    *Material:S16 *BatchIdentifyingPlant:S4 *Batch:S10 LastChangeDateTime:Z
API_PHYSICAL_INVENTORY_DOC_SRV
  A_PhysInventoryDocHeader etag:LastChangeDateTime
    *FiscalYear:S4 *PhysicalInventoryDocument:S10 +Plant:S4 +StorageLocation:S4 +DocumentDate:D
    +PhysInventoryPlannedCountDate:D +PhysInventoryReferenceNumber:S16 +PhysicalInventoryDocumentDesc:S40
    LastChangeDateTime:Z +to_PhysicalInventoryDocumentItem>A_PhysInventoryDocItem
  A_PhysInventoryDocItem etag:LastChangeDateTime
    *FiscalYear:S4 *PhysicalInventoryDocument:S10 *PhysicalInventoryDocumentItem:S3 +Plant:S4 +StorageLocation:S4
    +Material:S40 +Batch:S10 +PhysicalInventoryStockType:S1 PhysicalInventoryItemIsCounted:B
    PhysInvtryDifferenceIsPosted:B MaterialDocument:S10 MaterialBaseUnit:S3 ~PhysicalInventoryItemIsZero:B
    ~QuantityInUnitOfEntry:N13.3 ~UnitOfEntry:S3 LastChangeDateTime:Z
  PostDifferences(FiscalYear:S4 PhysicalInventoryDocument:S10 PostingDate:D)
API_DEFECT_SRV
  A_Defect
    *DefectInternalID:S12 Defect:S11 CreationDate:D CreationTime:T +DefectText:S40 +DefectCodeGroup:S8 +DefectCode:S4
    +Plant:S4 +Material:S40 +ManufacturingOrder:S12
API_MAINTNOTIFICATION
  MaintenanceNotification
    *MaintenanceNotification:S12 MaintNotificationLongText:L NotifProcessingPhase:S1 LastChangeDateTime:Z
    +NotificationType:S2 +NotificationText:S40 ~MaintNotifLongTextForEdit:S1333 +MaintNotifExtReferenceNumber:S20
    +TechnicalObject:S40 +TechObjIsEquipOrFuncnlLoc:S20 ~MaintenanceObjectIsDown:B ~MaintObjectDowntimeDuration:F
    +MaintObjDowntimeDurationUnit:S3 +MalfunctionStartDate:D +MalfunctionStartTime:T +MalfunctionEndDate:D
    +MalfunctionEndTime:T
API_PRODUCT_SRV
  A_Product
    *Product:S40 ProductType:S4 BaseUnit:S3 IsMarkedForDeletion:B LastChangeDateTime:Z
    to_Description>A_ProductDescription
  A_ProductDescription
    *Product:S40 *Language:S2 ProductDescription:S40
  A_ProductPlant
    *Product:S40 *Plant:S4
API_SALES_ORDER_SRV
  A_SalesOrder
    *SalesOrder:S10 SoldToParty:S10 RequestedDeliveryDate:D OverallSDProcessStatus:S1 LastChangeDateTime:Z
    to_Item>A_SalesOrderItem
  A_SalesOrderItem
    *SalesOrder:S10 *SalesOrderItem:S6 Material:S40 RequestedQuantity:N15.3 RequestedQuantityUnit:S3 ProductionPlant:S4
    SalesDocumentRjcnReason:S2 to_ScheduleLine>A_SalesOrderScheduleLine
  A_SalesOrderScheduleLine
    *SalesOrder:S10 *SalesOrderItem:S6 *ScheduleLine:S4 RequestedDeliveryDate:D ConfirmedDeliveryDate:D
API_BILL_OF_MATERIAL_SRV;v=0002
  MaterialBOM
    *BillOfMaterial:S8 *BillOfMaterialVariant:S2 *Material:S40 *Plant:S4 BOMHeaderQuantityInBaseUnit:N13.3
    IsMarkedForDeletion:B LastChangeDateTime:Z
  MaterialBOMItem
    *BillOfMaterial:S8 *BillOfMaterialVariant:S2 *BillOfMaterialItemNodeNumber:S8 *Material:S40 *Plant:S4
    BillOfMaterialComponent:S40 BillOfMaterialItemQuantity:N13.3 IsDeleted:B LastChangeDateTime:Z
API_BUSINESS_PARTNER
  A_Customer
    *Customer:S10 CustomerName:S80
"""


@dataclass(frozen=True)
class Property:
    name: str
    type: str  # "S40", "D", …
    key: bool = False
    creatable: bool = False
    updatable: bool = False


@dataclass(frozen=True)
class Entity:
    name: str
    fields: Mapping[str, Property]
    below: Mapping[str, str] = field(default_factory=dict)  # navigation -> entity
    deep: frozenset[str] = frozenset()  # navigations that a new one may bring
    etag: str | None = None

    @property
    def keys(self) -> list[str]:
        return [one.name for one in self.fields.values() if one.key]


@dataclass(frozen=True)
class Service:
    name: str
    entities: Mapping[str, Entity]
    functions: Mapping[str, Mapping[str, str]]  # name -> parameter -> type

    def with_fields(self, theirs: Mapping[str, Mapping[str, Property]]) -> Service:
        """The same with SAP's own fields and types; what may be written stays as our contract says it."""
        entities = {}
        for name, entity in self.entities.items():
            whole = {
                one.name: replace(one, creatable=mine.creatable, updatable=mine.updatable)
                if (mine := entity.fields.get(one.name))
                else one
                for one in theirs[name].values()
            }
            entities[name] = replace(entity, fields=whole)
        return replace(self, entities=entities)


def contract() -> dict[str, Service]:
    """Services by their name in the address."""
    services: dict[str, Service] = {}
    for block in re.split(r"\n(?=\S)", TEXT.strip()):
        name, _, rest = block.partition("\n")
        entities, functions = {}, {}
        for part in re.split(r"\n  (?=\S)", f"\n{rest}")[1:]:
            if found := re.match(r"(\w+)\((.*)\)", part):
                functions[found[1]] = dict(one.split(":") for one in found[2].split())
                continue
            head, *words = part.split()
            entities[head] = _entity(head, words)
        services[name] = Service(name, entities, functions)
    return services


def _entity(name: str, words: list[str]) -> Entity:
    fields, below, deep, etag = {}, {}, set(), None
    for word in words:
        if word.startswith("etag:"):
            etag = word.removeprefix("etag:")
            continue
        sign, rest = (word[0], word[1:]) if word[0] in "*+~" else ("", word)
        if ">" in rest:
            navigation, _, target = rest.partition(">")
            below[navigation] = target
            deep |= {navigation} if sign == "+" else set()
            continue
        field_, _, type_ = rest.partition(":")
        fields[field_] = Property(field_, type_, sign == "*", sign == "+", sign == "~")
    return Entity(name, fields, below, frozenset(deep), etag)
