"""What each kind of posting carries: the fields that an ERP's import may rely on, documented and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from workflow.case import PostingKind
from workflow.reading import Decision
from workflow.records import OrderStatus

Quantity = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Minutes = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Id = Annotated[str, Field(min_length=1)]


class Body(BaseModel):
    """Ids and units are the plant's own; instants are ISO 8601 in UTC. Whatever is unknown is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class _Names(Body):
    """A body that must say what it is about: one of its fields in NEEDS_ONE_OF is there."""

    @model_validator(mode="after")
    def _says_what(self) -> _Names:
        needed = NEEDS_ONE_OF.get(type(self).__name__, ())
        if needed and all(getattr(self, field) is None for field in needed):
            raise ValueError(f"names none of {', '.join(needed)}")
        return self


class Downtime(_Names):
    """An asset, or a whole line, that stood from `start` to `end`."""

    asset: Id | None = None
    line: Id | None = None
    work_order: Id | None = None
    start: datetime
    end: datetime
    minutes: Minutes  # that count as downtime; planned stops within are not in it (R49)
    reason: str = ""


class Confirmation(Body):
    """Time that an order took beyond its plan, such as a changeover that ran over."""

    work_order: Id | None = None
    line: Id
    minutes: Minutes
    text: str = ""


class LotHold(Body):
    """A lot, or a part of it, is blocked from use."""

    lot: Id
    item: Id | None = None
    quantity: Quantity
    uom: Id
    reason: str = ""


class LotRelease(Body):
    """So much of a lot that is on hold may be used again."""

    lot: Id
    item: Id | None = None
    quantity: Quantity
    uom: Id
    decision: Decision = "release"  # or "use_as_is": a concession, with a deviation beside it
    decided_by: Id | None = None  # a person's id
    reason: str = ""


class LotRework(Body):
    """So much of a lot that is on hold goes to rework and comes back to inspection (R45)."""

    lot: Id
    item: Id | None = None
    quantity: Quantity
    uom: Id
    decision: Decision = "rework"
    decided_by: Id | None = None
    reason: str = ""


class Scrap(_Names):
    """Scrapped stock of a lot, or scrap of an order that never became a lot."""

    lot: Id | None = None
    work_order: Id | None = None
    item: Id | None = None
    quantity: Quantity
    uom: Id
    decision: Decision = "scrap"
    decided_by: Id | None = None
    reason: str = ""


class Deviation(_Names):
    """A quality record: what was wrong, or under which concession it is used."""

    lot: Id | None = None
    item: Id | None = None
    work_order: Id | None = None
    text: str
    decision: Decision | None = None


class Reschedule(Body):
    """An order's dates or quantity change; the planner's words say how."""

    work_order: Id
    text: str = ""
    new_quantity: Quantity | None = None
    new_due: str | None = None  # ISO date


class OrderStatusChange(Body):
    """An order is held, or goes on."""

    work_order: Id
    status: OrderStatus
    text: str = ""


class StockAdjustment(_Names):
    """What was counted is not what the books say."""

    item: Id | None = None
    lot: Id | None = None
    quantity: Annotated[float, Field(allow_inf_nan=False)]  # the difference; below 0: less is there than booked
    uom: Id
    text: str = ""


class GoodsMovement(_Names):
    """Material goes to a line, or back to its supplier."""

    item: Id | None = None
    lot: Id | None = None
    quantity: Quantity | None = None
    uom: Id | None = None
    to_line: Id | None = None
    decision: Decision | None = None  # "return_to_supplier"
    decided_by: Id | None = None
    reason: str = ""


class MaintenanceNotification(_Names):
    """What maintenance found and did."""

    asset: Id | None = None
    line: Id | None = None
    text: str


class Cost(Body):
    """Cost of an exception, for the controller."""

    text: str
    amount: Annotated[float, Field(allow_inf_nan=False)] | None = None
    currency: Id | None = None
    work_order: Id | None = None


class Note(Body):
    """Words for the record of an order, a lot or an asset."""

    text: str
    work_order: Id | None = None
    lot: Id | None = None
    asset: Id | None = None


NEEDS_ONE_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Downtime": ("asset", "line"),
        "Scrap": ("lot", "work_order"),
        "Deviation": ("lot", "item", "work_order"),
        "StockAdjustment": ("item", "lot"),
        "GoodsMovement": ("item", "lot"),
        "MaintenanceNotification": ("asset", "line"),
    }
)
BODIES: Mapping[PostingKind, type[Body]] = MappingProxyType(
    {
        "downtime": Downtime,
        "confirmation": Confirmation,
        "lot_hold": LotHold,
        "lot_release": LotRelease,
        "lot_rework": LotRework,
        "scrap": Scrap,
        "deviation": Deviation,
        "reschedule": Reschedule,
        "order_status": OrderStatusChange,
        "stock_adjustment": StockAdjustment,
        "goods_movement": GoodsMovement,
        "maintenance_notification": MaintenanceNotification,
        "cost": Cost,
        "note": Note,
    }
)


def why_not(kind: str, body: Mapping[str, Any]) -> str | None:
    """Why a body cannot be booked as this kind, in one line; None where it can."""
    model = next((model for name, model in BODIES.items() if name == kind), None)
    if model is None:
        return f"unknown kind '{kind}'"
    try:
        model.model_validate(body)
    except ValidationError as error:
        return "; ".join(_in_words(found) for found in error.errors(include_url=False))
    return None


def _in_words(found: Any) -> str:
    field = ".".join(str(step) for step in found["loc"])
    match found["type"]:
        case "missing":
            return f"the field '{field}' is missing"
        case "extra_forbidden":
            return f"the field '{field}' is unknown"
    message = str(found["msg"]).removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
