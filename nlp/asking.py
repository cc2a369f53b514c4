"""Whether one short question costs less than acting on a guess, and which one (R11, R18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nlp import kinds
from nlp.sheet import Sheet
from workflow.reading import Intent, Question, Reading, ReportedException

# Measured on plants not learnt from: below, one kind in three is another (see `kinds.Part.confidence`).
_LEAST_SURE_TYPE = 0.75
_ASKED_FOR_THE_MACHINE = 0.5  # a breakdown that names none is asked which it is, which settles its kind as well
_SURE_TYPE = 0.9  # words that tell the kind so clearly tell that there is one
_LEAST_SURE_INTENT = 0.5  # below, nobody is sent for before the sender said yes


def _close(likely: Mapping[Intent, float] | None, intent: Intent) -> bool:
    return likely is not None and likely[intent] < _LEAST_SURE_INTENT


def _least_sure(exception: ReportedException) -> float:
    machine_is_asked = exception.type == "machine_breakdown" and not exception.assets
    return _ASKED_FOR_THE_MACHINE if machine_is_asked else _LEAST_SURE_TYPE


def with_question(sheet: Sheet, reading: Reading, likely: Mapping[Intent, float] | None) -> Reading:
    """The reading with at most one question; a danger is told to a person first and asked about later (R15)."""
    if reading.intent == "report":
        if any(e.type == "safety" for e in reading.exceptions):
            return replace(reading, ask=None)
        unsure = next((e for e in reading.exceptions if e.confidence.get("type", 0.0) < _least_sure(e)), None)
        if reading.ask is not None:
            return reading
        if unsure is not None and not reading.correction:
            return replace(reading, ask=Question("type", _likely_types(sheet)))
        sure_of_the_kind = all(e.confidence.get("type", 0.0) >= _SURE_TYPE for e in reading.exceptions)
        if _close(likely, reading.intent) and not sure_of_the_kind:
            return replace(reading, ask=Question("confirm"))
        return reading
    if reading.intent == "disposition":
        return _decision(sheet, reading)
    if reading.intent == "reassign" and reading.reassign_to is None:
        return replace(reading, ask=Question("confirm"))
    return reading


def _decision(sheet: Sheet, reading: Reading) -> Reading:
    if not reading.disposition:
        return replace(reading, ask=Question("confirm"))
    if any(part.lot is None for part in reading.disposition):
        held = [lot.id for lot in sheet.context.records.lots if lot.status == "hold"]
        items = {i for m in sheet.of("item") for i in m.ids}
        likely = [id_ for id_ in held if sheet.context.records.lot[id_].item in items] or held
        return replace(reading, ask=Question("lot", tuple(likely[:3])))
    return reading


def _likely_types(sheet: Sheet) -> tuple[str, ...]:
    found = kinds.votes(sheet, [(0, len(sheet.tokens))])
    likely = [str(kind) for kind in sorted(found, key=lambda kind: -found[kind])]
    for kind in ("machine_breakdown", "quality_hold", "material_shortage"):
        if kind not in likely:
            likely.append(kind)
    return tuple(likely[:3])
