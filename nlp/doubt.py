"""How sure the reader may be of a whole reading: of its intent, its kinds and its links, each as a chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp import kinds
from nlp.intents import questions, unreal
from nlp.kinds import Part
from nlp.learnt import Floats
from nlp.sheet import Sheet
from nlp.words import lexicon
from workflow.reading import EXCEPTION_TYPES, INTENTS, ExceptionType, Intent, Reading

FIELDS = ("all", "intent", "type", "links")  # what is doubted, in the order of the columns
_NAMED = ("asset", "line", "order", "item", "lot")
_KINDS_TOLD, _LINKS_TOLD = 8, 27  # values beside those of each kind and of each thing that is named
_LONG = 25  # words
_MANY = 0.3  # of the words, that nobody knows
_VOTE = 6.0  # of the lexicon: what weighs like a word that says it surely


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely a reading is right, and each part of it, 0 to 1."""

    all: float  # that nothing of it is wrong
    intent: float
    type: float  # of every exception
    links: float


def row(
    sheet: Sheet, reading: Reading, parts: Sequence[Part], votes: Mapping[Intent, float],
    likely: Mapping[Intent, float],
) -> Floats:  # fmt: skip
    """All that speaks for and against a reading, the input of `chances`."""
    named = {i for m in sheet.mentions for i in range(m.start, m.end)}
    known = lexicon().vocabulary
    words = [i for i, token in enumerate(sheet.tokens) if token.kind == "word"]
    strange = sum(i not in named and sheet.tokens[i].norm not in known for i in words)
    told = [*_of_intent(sheet, reading, votes, likely), *_of_words(sheet, len(words), strange)]
    told += _of_kinds(reading, parts) + _of_links(sheet, reading, strange / max(1, len(words)))
    return np.asarray(told, dtype=np.float32)


def chances(values: Floats, table: Floats, bias: Floats) -> Chances:
    """The chances of a reading by what was learnt: `table` (columns of `row`, FIELDS)."""
    return Chances(*(1 / (1 + np.exp(-(values @ table + bias)))).tolist())


def _of_intent(
    sheet: Sheet, reading: Reading, votes: Mapping[Intent, float], likely: Mapping[Intent, float]
) -> list[float]:
    ranked = sorted(likely.values(), reverse=True)
    chosen = likely[reading.intent]
    rest = max(value for name, value in likely.items() if name != reading.intent)
    said = max(votes, key=lambda name: votes[name])
    others = max((v for name, v in votes.items() if name != reading.intent), default=0.0)
    fresh = sheet.context.thread is None and sheet.context.question is None
    asked = sheet.context.question is not None
    out = [
        chosen, rest, chosen - rest, _odds(chosen), float(chosen >= ranked[0]), 1 - ranked[0],
        likely["report"], likely["chatter"], likely["query"], likely["update"],
        min(2.0, max(-1.0, votes.get(reading.intent, 0.0) / _VOTE)), min(2.0, max(-1.0, others / _VOTE)),
        float(said == reading.intent), float(votes.get(said, 0.0) <= 0),
        float(fresh), float(asked), float(reading.ask is not None), float(reading.correction),
        float(asked and reading.intent == "answer"),
    ]  # fmt: skip
    out += [float(reading.intent == name) for name in INTENTS]
    out += [float(reading.intent == name) * (1 - chosen) for name in INTENTS]
    out += [float(fresh) * float(reading.intent == name) for name in INTENTS]
    out += [float(fresh and reading.intent == name) * likely["report"] for name in ("chatter", "query")]
    return out


def _of_words(sheet: Sheet, count: int, strange: int) -> list[float]:
    told = {i for h in sheet.cues for i in range(h.start, h.end)}
    asked = sum(end - start for start, end in questions(sheet))
    trouble = kinds.votes(sheet, [(0, len(sheet.tokens))])
    return [
        min(count, _LONG) / _LONG, float(count <= 2), float(count <= 4), float(count > 18),
        strange / max(1, count), min(strange, 4) / 4, float(strange > 0),
        min(2.0, max(trouble.values(), default=0.0) / _VOTE), float(len(trouble) > 1), float("safety" in trouble),
        sheet.kept.get("cut", 0.0),
        len(told) / max(1, len(sheet.tokens)), float(not told),
        float(len(sheet.languages) > 1), float(len(sheet.languages) > 2),
        (len(sheet.sentences) - 1) / 3, asked / max(1, len(sheet.tokens)), float(asked > 0),
        float(bool(unreal(sheet))), float(bool(sheet.negated)), float(bool(sheet.group("hist"))),
        float(bool(sheet.group("if_word"))), float(sheet.has("multi")), float(bool(sheet.group("also"))),
        float(any(m.fine for m in sheet.mentions)), float(any(m.withdrawn for m in sheet.mentions)),
        float(sheet.has("i.past_fixed")), float(any(t.kind == "emoji" for t in sheet.tokens)),
    ]  # fmt: skip


def _of_kinds(reading: Reading, parts: Sequence[Part]) -> list[float]:
    size = _KINDS_TOLD + 2 * len(EXCEPTION_TYPES)
    if reading.intent != "report" or not reading.exceptions:
        return [0.0] * size
    sure = [e.confidence.get("type", 0.0) for e in reading.exceptions]
    least = min(sure)
    part = min(parts, key=lambda p: p.confidence) if parts else None
    kind: ExceptionType | None = reading.exceptions[sure.index(least)].type
    second = max((v for name, v in part.likely.items() if name != kind), default=0.0) if part is not None else 0.0
    own = part.votes.get(kind, 0.0) if part is not None and kind is not None else 0.0
    other = max((v for name, v in part.votes.items() if name != kind), default=0.0) if part is not None else 0.0
    out = [
        least, _odds(least), second, least - second, min(2.0, own / _VOTE), min(2.0, other / _VOTE),
        float(own >= other), float(len(reading.exceptions) > 1),
    ]  # fmt: skip
    types = {e.type for e in reading.exceptions}
    out += [float(name in types) for name in EXCEPTION_TYPES]
    out += [float(name == kind) * (1 - least) for name in EXCEPTION_TYPES]
    return out


def _of_links(sheet: Sheet, reading: Reading, strange: float) -> list[float]:
    size = _LINKS_TOLD + 5 * len(_NAMED) + 3 * len(EXCEPTION_TYPES)
    if reading.intent != "report" or not reading.exceptions:
        return [0.0] * size
    said = reading.exceptions
    linked = {i for e in said for i in (e.line, *e.assets, *e.work_orders, *e.items, *e.lots) if i is not None}
    out: list[float] = []
    for what in _NAMED:
        here = sheet.of(what)
        taken = [m for m in here if linked.intersection(m.ids)]
        weakest = min((m.confidence for m in taken), default=1.0)
        out += [
            float(bool(taken)), 1 - weakest, float(len(taken) > 1), float(len(taken) < len(here)),
            float(any(len(m.ids) != 1 for m in here)),
        ]  # fmt: skip
    whys = [m.why for m in sheet.mentions if linked.intersection(m.ids)]
    place = min((e.confidence.get("line", 0.0) for e in said), default=0.0)
    plant = sheet.context.plant
    lines = {i for m in sheet.of("line") for i in m.ids}
    elsewhere = any(e.line is not None and plant.asset[a].line != e.line for e in said for a in e.assets)
    placed = {i for found in (sheet.mentions, sheet.moments) for m in found for i in range(m.start, m.end)}
    unplaced = sum(token.kind == "number" and i not in placed for i, token in enumerate(sheet.tokens))
    own = len(sheet.context.sender.lines)
    machineless = any(e.type == "machine_breakdown" and not e.assets for e in said)
    out += [
        float(any("told by its kind" in why for why in whys)), float(any("spelled like" in why for why in whys)),
        float(any("last part" in why or "compound" in why for why in whys)),
        float(any("ending" in why or "by its number" in why for why in whys)),
        float(any("no order" in m.why or "no lot" in m.why for m in sheet.mentions)),
        float(place >= 0.94), float(0.9 <= place < 0.94), float(0.82 <= place < 0.9), float(0 < place < 0.82),
        float(place == 0), float(len(lines) > 1), float(elsewhere), float(not linked),
        float(any(len(e.assets) > 1 for e in said)), float(any(len(e.items) > 1 for e in said)),
        min(unplaced, 3) / 3, float(own == 0), float(own == 1), float(own > 1),
        float("operator" in sheet.context.sender.roles),
        float(machineless), float(machineless and strange > 0), float(machineless and own == 1),
        float(strange > _MANY),
        float(any(m.fine for m in sheet.of("asset"))), float(bool(sheet.of("person"))),
        float(bool(sheet.of("customer"))),
    ]  # fmt: skip
    bare = {e.type for e in said if not (e.assets or e.work_orders or e.items or e.lots)}
    types = {e.type for e in said}
    out += [float(name in bare) for name in EXCEPTION_TYPES]
    for things in (any(e.items for e in said), any(e.assets for e in said)):
        out += [float(things and name in types) for name in EXCEPTION_TYPES]
    return out


def _odds(chance: float) -> float:
    kept = min(0.999, max(0.001, chance))
    return float(np.log(kept / (1 - kept))) / 4
