"""Message cases: one labelled message a line, as the message-cases contract writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workflow.messages import Inbound
from workflow.plant import Person, Plant
from workflow.reading import Asked, Context, Quantity, Reading, ReportedException
from workflow.records import Records

Json = Mapping[str, Any]


class CasesError(ValueError):
    """A line of a cases file that is not a case; names file and line."""


@dataclass(frozen=True, slots=True)
class MessageCase:
    """One message with its circumstances and, where it is labelled, what should be taken from it."""

    id: str
    lang: str
    sender: str
    sent_at: datetime
    text: str
    channel: str = "web"
    context: Json | None = None
    expect: Json | None = None


def read_cases(path: Path) -> Iterator[MessageCase]:
    """The cases of a file in its order; CasesError for a line that is none, OSError where there is no file."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                raw = json.loads(line)
                sent_at = datetime.fromisoformat(raw["sent_at"])
                if sent_at.tzinfo is None:
                    raise CasesError(f"{path}:{number}: sent_at has no offset from UTC")
                yield MessageCase(
                    id=str(raw["id"]),
                    lang=str(raw.get("lang", "")),
                    sender=str(raw["sender"]),
                    sent_at=sent_at,
                    text=str(raw["text"]),
                    channel=str(raw.get("channel", "web")),
                    context=raw.get("context"),
                    expect=raw.get("expect"),
                )
            except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
                if isinstance(error, CasesError):
                    raise
                raise CasesError(f"{path}:{number}: not a message case: {error}") from error


def as_message(case: MessageCase) -> Inbound:
    """The case as a channel would bring it."""
    return Inbound(case.channel, case.id, case.sender, case.sender, case.sent_at.astimezone(UTC), case.text)


def as_context(case: MessageCase, plant: Plant, records: Records) -> Context:
    """What the conversation holds when the message arrives; an unknown sender is an operator of the whole plant."""
    sender = plant.person.get(case.sender) or Person(case.sender, case.sender, ("operator",), language="en")
    context = case.context or {}
    about = _exception(context.get("exception") or {})
    thread = about if context.get("kind") == "thread" else None
    question = None
    if context.get("kind") == "question":
        question = Asked(context["asks"], about, tuple(context.get("options") or ()))
    return Context(sender, plant, records, case.sent_at.astimezone(UTC), thread, question)


def _exception(raw: Json) -> ReportedException:
    quantity = raw.get("quantity")
    started = raw.get("started_at")
    return ReportedException(
        type=raw.get("type"),
        line=raw.get("line"),
        assets=tuple(raw.get("assets") or ()),
        work_orders=tuple(raw.get("work_orders") or ()),
        items=tuple(raw.get("items") or ()),
        lots=tuple(raw.get("lots") or ()),
        quantity=Quantity(quantity["value"], quantity["uom"]) if quantity else None,
        started_at=datetime.fromisoformat(started).astimezone(UTC) if started else None,
        duration_min=raw.get("duration_min"),
        line_stopped=raw.get("line_stopped"),
    )


def as_expected(reading: Reading, plant: Plant) -> dict[str, Any]:
    """A reading in the shape of `expect`: only the fields of its own intent."""

    def quantity(value: Quantity | None) -> dict[str, Any] | None:
        return None if value is None else {"value": _plain(value.value), "uom": value.uom}

    def time(value: datetime | None) -> str | None:
        return None if value is None else plant.local(value).isoformat(timespec="seconds")

    out: dict[str, Any] = {"intent": reading.intent, "exceptions": []}
    match reading.intent:
        case "report":
            out["exceptions"] = [
                {
                    "type": e.type,
                    "line": e.line,
                    "assets": list(e.assets),
                    "work_orders": list(e.work_orders),
                    "items": list(e.items),
                    "lots": list(e.lots),
                    "quantity": quantity(e.quantity),
                    "started_at": time(e.started_at),
                    "duration_min": None if e.duration_min is None else _plain(e.duration_min),
                    "line_stopped": e.line_stopped,
                }
                for e in reading.exceptions
            ]
        case "update" | "acknowledge":
            out["eta_min"] = None if reading.eta_min is None else _plain(reading.eta_min)
        case "disposition":
            out["disposition"] = [
                {"decision": d.decision, "lot": d.lot, "quantity": quantity(d.quantity)} for d in reading.disposition
            ]
        case "resolve" if reading.resolution is not None:
            done = reading.resolution
            downtime = None if done.downtime_min is None else _plain(done.downtime_min)
            out["resolution"] = {"action": done.action, "downtime_min": downtime, "scrap": quantity(done.scrap)}
        case "reassign":
            out["reassign_to"] = reading.reassign_to
        case "query" if reading.query is not None:
            q = reading.query
            out["query"] = {
                "about": q.about, "line": q.line, "type": q.type, "work_order": q.work_order,
                "from": time(q.start), "to": time(q.end),
            }  # fmt: skip
        case "answer":
            out["answer"] = quantity(reading.answer) if isinstance(reading.answer, Quantity) else reading.answer
        case _:
            pass
    return out


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else round(value, 3)
