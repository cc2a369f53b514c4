"""What a language model may say of a message, when it is asked, and all that it is given for it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from nlp.grounds import Grounds
from nlp.sheet import Sheet
from nlp.tokens import READ_CHARACTERS
from workflow.reading import About, Asks, ExceptionType, Intent, Reading, ReportedException

# What closes, frees or hands on is asked of nobody but the sender.
_OPEN_TO_A_MODEL: frozenset[Intent] = frozenset({"report", "chatter", "query", "update"})
# Questions that the message itself may answer; an order, a lot or an amount is asked of the sender in any case.
_MAY_BE_SPARED: frozenset[Asks] = frozenset({"type", "asset", "item", "line", "confirm"})

Text = Annotated[str, Field(max_length=80)]
Ids = Annotated[list[Text], Field(max_length=8)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class SaidQuantity(_Said):
    """A number of the message, with its unit."""

    value: float
    uom: Text


class SaidException(_Said):
    """One exception, as in the message-cases contract."""

    type: ExceptionType | None
    line: Text | None
    assets: Ids
    work_orders: Ids
    items: Ids
    lots: Ids
    quantity: SaidQuantity | None
    started_at: Text | None
    duration_min: float | None
    line_stopped: bool | None


class SaidQuery(_Said):
    """What somebody wants to know."""

    about: About
    line: Text | None
    type: ExceptionType | None
    work_order: Text | None


class Opinion(_Said):
    """All that a model may say of one message; what a decision frees or scraps is not among it."""

    intent: Intent
    exceptions: Annotated[list[SaidException], Field(max_length=3)]
    eta_min: float | None
    query: SaidQuery | None
    answer: Text | None


def is_unsure(reading: Reading, least: float) -> bool:
    """Whether a reading asks what the message may tell after all, or is below a confidence and asks nothing."""
    if reading.intent not in _OPEN_TO_A_MODEL:
        return False
    if reading.ask is not None:
        return reading.ask.asks in _MAY_BE_SPARED
    sure = [reading.confidence.get("intent", 0.0), *(e.confidence.get("type", 0.0) for e in reading.exceptions)]
    return min(sure) < least


def worth_asking(reading: Reading, sheet: Sheet, least: float) -> bool:
    """Whether a second opinion could help: unsure, nothing in danger, and no words that try to steer a machine."""
    if reading.urgent or any(e.type == "safety" for e in reading.exceptions) or sheet.has("injection", "safety.sure"):
        return False
    question = sheet.context.question
    if question is not None and question.asks == "confirm":
        return False  # a yes is a person's
    return is_unsure(reading, least)


def material(reading: Reading, sheet: Sheet) -> dict[str, Any]:
    """All that leaves the plant for one message: its text, and the ids and names that it may speak of."""
    context, grounds = sheet.context, Grounds(sheet)
    asked = context.question

    def about(case: ReportedException | None) -> dict[str, Any] | None:
        if case is None:
            return None
        return {
            "type": case.type, "line": case.line, "assets": case.assets, "work_orders": case.work_orders,
            "items": case.items, "lots": case.lots,
        }  # fmt: skip

    return {
        "candidates": grounds.candidates(),
        "now": context.plant.local(context.now).isoformat(timespec="minutes"),
        "sender": {"roles": context.sender.roles, "lines": context.sender.lines},
        "thread": about(context.thread),
        "question": {"asks": asked.asks, "options": asked.options, "about": about(asked.about)} if asked else None,
        "read_so_far": {
            "intent": reading.intent, "type": [e.type for e in reading.exceptions],
            "unsure_about": reading.ask.asks if reading.ask else "intent",
        },
        "message": sheet.text[:READ_CHARACTERS],
    }  # fmt: skip
