"""Whether one short question costs less than acting on a guess, and which one (R11, R18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nlp import kinds
from nlp.choosing import NAMES_A_CASE
from nlp.doubt import Chances
from nlp.sheet import Sheet
from workflow.opening import NOTHING
from workflow.reading import Intent, Question, Reading, ReportedException

# Measured on plants not learnt from: below, one kind in three is another (see `kinds.Part.confidence`).
_LEAST_SURE_TYPE = 0.73
_ASKED_FOR_THE_MACHINE = 0.5  # a breakdown that names none is asked which it is, which settles its kind as well
_SURE_TYPE = 0.9  # words that tell the kind so clearly tell that there is one
_LEAST_SURE_INTENT = 0.5  # below, nobody is sent for before the sender said yes
# More than half of what is asked about below is wrong; above, most questions are about what is plain to its writer,
# and a question that seems dull is not read twice.
_LEAST_SURE_REPORT = 0.7
_LEAST_SURE_OF_NOTHING = 0.7  # that small talk is small talk; a question costs more where mostly nothing is wrong
_MAY_TELL_OF_TROUBLE = {"chatter": 0.3, "query": 0.6}  # how likely it is a report after all
_COST = {"intent": 4.0, "type": 4.0, "links": 8.0}  # of a mistake; a wrong link sends people to the wrong place
_WORTH_A_YES = 0.6  # a kind that is read back; a less likely one is asked for


def _close(likely: Mapping[Intent, float] | None, intent: Intent) -> bool:
    return likely is not None and likely[intent] < _LEAST_SURE_INTENT


def _least_sure(exception: ReportedException) -> float:
    machine_is_asked = exception.type == "machine_breakdown" and not exception.assets
    return _ASKED_FOR_THE_MACHINE if machine_is_asked else _LEAST_SURE_TYPE


def with_question(
    sheet: Sheet, reading: Reading, likely: Mapping[Intent, float] | None, sure: Chances | None
) -> Reading:
    """The reading with at most one question; a danger is told to a person first and asked about later (R15).

    `sure`: how likely the reading is right, where that was learnt.
    """
    reading = _with_plain_question(sheet, reading, likely)
    if reading.ask is not None or likely is None or sure is None:
        return reading
    if reading.intent == "report":
        return _in_doubt(sheet, reading, sure)
    fresh = sheet.context.thread is None and sheet.context.question is None
    perhaps = fresh and likely["report"] >= _MAY_TELL_OF_TROUBLE.get(reading.intent, 2.0)
    over = reading.resolution is not None or sheet.has("i.resolve", "i.past_fixed", "injection")
    named = any(m.what in NAMES_A_CASE for m in sheet.mentions)
    told = bool(kinds.votes(sheet, [(0, len(sheet.tokens))])) or (
        named and not sheet.negated
    )  # "no leaks on the seamer"
    if perhaps and told and not over and sure.all < _LEAST_SURE_OF_NOTHING:
        return replace(reading, ask=Question("confirm", (NOTHING,)))
    return reading


def what_may_be_wrong(trouble: ReportedException) -> ReportedException:
    """What small talk may tell of, as far as it can be read back: a kind that is hardly told is left to be asked."""
    told = trouble.type != "safety" and trouble.confidence.get("type", 0.0) >= _LEAST_SURE_TYPE
    return trouble if told else replace(trouble, type=None)


def _in_doubt(sheet: Sheet, reading: Reading, sure: Chances) -> Reading:
    """One question about what a mistake in would cost most: the kind, or the whole of what was understood (R18)."""
    danger = any(e.type == "safety" for e in reading.exceptions) or sheet.has("foreign_body", "allergen")
    stopped = any(e.line_stopped for e in reading.exceptions)  # waits for nothing (R8)
    enough = sure.all >= _LEAST_SURE_REPORT
    if enough or stopped or reading.correction or danger or _of_the_whole_plant(sheet):
        return reading
    if len(reading.exceptions) > 1:
        return replace(reading, ask=Question("confirm"))  # each of them is read back
    only = reading.exceptions[0]
    if sure.links <= min(sure.intent, sure.type):
        if only.type == "machine_breakdown" and not only.assets:
            return replace(reading, ask=Question("asset"))
        if only.line is None and not (only.assets or only.work_orders or only.lots):
            return replace(reading, ask=Question("line", sheet.context.sender.lines[:3]))
        if not (only.assets or only.work_orders or only.items or only.lots):
            return reading  # something may be missing, and a yes would not tell what
    costs = {name: cost * (1 - getattr(sure, name)) for name, cost in _COST.items()}
    if max(costs, key=lambda name: costs[name]) == "type" and only.confidence.get("type", 0.0) < _WORTH_A_YES:
        return replace(reading, ask=Question("type", _likely_types(sheet)))
    return replace(reading, ask=Question("confirm"))


def _of_the_whole_plant(sheet: Sheet) -> bool:
    """No air, no power: at no machine and at no line, and nothing to be asked about (R21)."""
    return bool(sheet.of("utility")) or bool(sheet.group("whole_plant"))


def _with_plain_question(sheet: Sheet, reading: Reading, likely: Mapping[Intent, float] | None) -> Reading:
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
