"""Whether one short question costs less than acting on a guess, and which one (R11, R18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nlp import kinds
from nlp.sheet import Sheet
from workflow.reading import Intent, Question, Reading

_LEAST_SURE_TYPE = 0.62  # by the votes' strength and lead; see `kinds.Part.confidence`
_LEAD = 0.7  # votes by which a report must lead before anybody is sent for


def _close(votes: Mapping[Intent, float], intent: Intent) -> bool:
    second = max((value for name, value in votes.items() if name != intent), default=0.0)
    return votes[intent] - second < _LEAD


def with_question(sheet: Sheet, reading: Reading, votes: Mapping[Intent, float]) -> Reading:
    """The reading with at most one question; a danger is told to a person first and asked about later (R15)."""
    if reading.intent == "report":
        if any(e.type == "safety" for e in reading.exceptions):
            return replace(reading, ask=None)
        unsure = next((e for e in reading.exceptions if e.confidence.get("type", 0.0) < _LEAST_SURE_TYPE), None)
        if reading.ask is not None:
            return reading
        if unsure is not None:
            return replace(reading, ask=Question("type", _likely_types(sheet)))
        if _close(votes, reading.intent):
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
