"""Weighs the lexicon's votes and the learnt ones together, and says how sure that makes the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from nlp import kinds
from nlp.intents import questions, unreal
from nlp.learnt import Floats, Weights, intent_logits, kind_logits
from nlp.sheet import Sheet
from workflow.reading import EXCEPTION_TYPES, INTENTS, ExceptionType, Intent

_NAMED = ("asset", "line", "order", "item", "lot", "customer", "person")
_ROLES = ("operator", "maintenance", "quality", "planner", "materials", "customer_service", "supervisor", "manager")
_CUES = ("stopped", "runs", "d.release", "d.scrap", "d.rework", "d.keep_on_hold", "i.ack", "i.update", "i.resolve",
         "i.cancel", "i.reassign", "i.query", "i.chatter", "i.past_fixed", "foreign_body", "multi")  # fmt: skip
_GROUPS = (
    "hold_verb",
    "hold_noun",
    "defect",
    "still",
    "yes_word",
    "no_word",
    "waiting_for",
    "if_word",
    "hist",
    "done_word",
    "fine",
    "correct",
    "who",
)

KIND_COLUMNS = 2 * len(EXCEPTION_TYPES) + len(_NAMED) + len(_ROLES)  # of a `kind_row`


def circumstances(sheet: Sheet) -> list[float]:
    """What tips the scale besides the words: the conversation, who writes, what is named."""
    thread, question = sheet.context.thread, sheet.context.question
    asked = questions(sheet)
    out = [
        float(thread is not None), float(question is not None),
        float(thread is not None and thread.type == "quality_hold"),
        sum(end - start for start, end in asked) / max(1, len(sheet.tokens)),
        float(any(token.norm == "?" for token in sheet.tokens)),
        float(bool(unreal(sheet))), float(bool(sheet.negated)), min(len(sheet.tokens), 30) / 30,
        float(any(m.role in ("in", "by", "until") for m in sheet.moments)),
        float(any(m.role in ("since", "ago", "for") for m in sheet.moments)),
        float(any(m.fine for m in sheet.mentions)),
    ]  # fmt: skip
    lots = [sheet.context.records.lot[i].status for m in sheet.of("lot") for i in m.ids]
    out += [float(any(status in ("hold", "blocked") for status in lots)), float("available" in lots)]
    out += [float(bool(sheet.of(what))) for what in _NAMED]
    out += [float(role in sheet.context.sender.roles) for role in _ROLES]
    out += [float(sheet.has(cue)) for cue in _CUES]
    out += [float(bool(sheet.group(group))) for group in _GROUPS]
    inside = float(thread is not None)
    out += [inside * float(sheet.has(cue)) for cue in _CUES]
    return out


def intent_row(sheet: Sheet, votes: Mapping[Intent, float], logits: Floats) -> Floats:
    """The blend's input for the intent."""
    lexicon = [max(-1.0, min(1.5, votes.get(name, 0.0) / 6.0)) for name in INTENTS]
    learnt = [max(-8.0, min(8.0, value)) / 4 for value in logits.tolist()]
    return np.asarray([*lexicon, *learnt, *circumstances(sheet)], dtype=np.float32)


_Part = tuple[Mapping[ExceptionType, float], Sequence[tuple[int, int]]]  # the lexicon's votes for it, its tokens


def kind_row(
    sheet: Sheet, votes: Mapping[ExceptionType, float], ranges: Sequence[tuple[int, int]], logits: Floats
) -> Floats:
    """The blend's input for the kind of one part."""
    row: Floats = kind_rows(sheet, [(votes, ranges)], logits.reshape(1, -1))[0]
    return row


def kind_rows(sheet: Sheet, parts: Sequence[_Part], logits: Floats) -> Floats:
    """The same for several parts, a row each."""
    there = {what: [m.start for m in sheet.of(what)] for what in _NAMED}
    roles = [float(role in sheet.context.sender.roles) for role in _ROLES]
    told: list[list[float]] = []
    for votes, ranges in parts:
        lexicon = [min(2.0, votes.get(kind, 0.0) / 6.0) for kind in EXCEPTION_TYPES]
        named = [float(any(a <= at < b for at in found for a, b in ranges)) for found in there.values()]
        told.append([*lexicon, *named, *roles])
    known = np.asarray(told, dtype=np.float32)
    learnt = np.minimum(np.maximum(logits, -8), 8) / 4
    return np.concatenate((known[:, : len(EXCEPTION_TYPES)], learnt, known[:, len(EXCEPTION_TYPES) :]), axis=1)


def intents(sheet: Sheet, votes: Mapping[Intent, float], with_: Weights) -> dict[Intent, float]:
    """How likely each intent is, 0 to 1."""
    row = intent_row(sheet, votes, intent_logits(sheet, with_))
    of_intents = _softmax(row @ with_.blend["intent"] + with_.blend["intent_bias"])
    return dict(zip(INTENTS, of_intents.tolist(), strict=True))


def kinds_of(
    sheet: Sheet, votes: Mapping[ExceptionType, float], ranges: Sequence[tuple[int, int]], with_: Weights
) -> dict[ExceptionType, float]:
    """How likely each kind is for one part of the message, 0 to 1."""
    known = sheet.kept.get(("alone", id(with_.kinds)), {}).get(ranges[0]) if len(ranges) == 1 else None
    if known is not None and known[0] == votes:
        return {**known[1]}
    return _kinds_of_each(sheet, [(votes, ranges)], with_)[0]


def _kinds_of_each(sheet: Sheet, parts: Sequence[_Part], with_: Weights) -> list[dict[ExceptionType, float]]:
    rows = kind_rows(sheet, parts, kind_logits(sheet, [ranges for _, ranges in parts], with_))
    likely = _softmax(rows @ with_.blend["kind"] + with_.blend["kind_bias"]).tolist()
    return [dict(zip(EXCEPTION_TYPES, of_part, strict=True)) for of_part in likely]


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    out: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return out


# where one message tells of two things ------------------------------------------------------------------------------


_SHORTEST = 6  # tokens: nobody tells of two things in less


def boundaries(sheet: Sheet) -> list[int]:
    """Tokens at which a second exception may begin: behind a break, or at an "and"."""
    found = {start for start, _ in kinds.clauses(sheet)} | {start for start, _ in sheet.pieces}
    found |= {i for name in ("also", "and_word") for i, _ in sheet.group(name)}
    return sorted(i for i in found if 1 < i < len(sheet.tokens) - 1)


def likely_kinds(sheet: Sheet, part: tuple[int, int], with_: Weights) -> dict[ExceptionType, float]:
    """How likely each kind is for one stretch by itself."""
    return _alone(sheet, [part], with_)[part][1]


_Stretch = tuple[int, int]
_Alone = tuple[
    Mapping[ExceptionType, float], dict[ExceptionType, float]
]  # the lexicon's votes, how likely each kind is


def _alone(sheet: Sheet, stretches: Sequence[_Stretch], with_: Weights) -> Mapping[_Stretch, _Alone]:
    """What each stretch by itself would be; worked out for all that are not known yet at once."""
    known: dict[_Stretch, _Alone] = sheet.kept.setdefault(("alone", id(with_.kinds)), {})
    new = [stretch for stretch in dict.fromkeys(stretches) if stretch not in known]
    if new:
        votes = [kinds.with_context(sheet, kinds.votes(sheet, (stretch,)), (stretch,)) for stretch in new]
        likely = _kinds_of_each(sheet, [(v, (stretch,)) for v, stretch in zip(votes, new, strict=True)], with_)
        known.update(zip(new, zip(votes, likely, strict=True), strict=True))
    return known


def split_row(
    sheet: Sheet, at: int, part: tuple[int, int], whole: Mapping[ExceptionType, float], with_: Weights
) -> tuple[Floats, ExceptionType, ExceptionType]:
    """The blend's input for cutting a stretch in two, and the kinds that the two sides would be."""
    sides = ((part[0], at), (at, part[1]))
    alone = _alone(sheet, sides, with_)
    likely = [alone[side][1] for side in sides]
    lexicon = [max(alone[side][0].values(), default=0.0) for side in sides]
    left, right = (max(side, key=lambda kind, side=side: side[kind]) for side in likely)  # type: ignore[misc]
    named = [[{m.ids for m in sheet.of(what, *side) if not m.fine} for what in _NAMED] for side in sides]
    own = [float(bool(b - a)) for a, b in zip(*named, strict=True)]
    both = [float(bool(a and b - a)) for a, b in zip(*named, strict=True)]
    near = range(max(part[0], at - 1), min(part[1], at + 3))
    row = [
        float(left != right), float(left == right), likely[0][left], likely[1][right], whole[left], whole[right],
        max(whole.values()), min(lexicon[0], 8) / 8, min(lexicon[1], 8) / 8,
        float(lexicon[0] >= kinds.PLAIN and lexicon[1] >= kinds.PLAIN),
        float(kinds.related(left, right)), float("safety" in (left, right)),
        float(any("also" in sheet.spans[i] for i in near)), float(any("and_word" in sheet.spans[i] for i in near)),
        float(sheet.tokens[at - 1].kind == "stop"), float(sheet.tokens[at - 1].kind == "comma"),
        float(sheet.has("multi")),
        min(at - part[0], 15) / 15, min(part[1] - at, 15) / 15, *own, *both,
        float(left != right) * likely[0][left] * likely[1][right],
        float(left != right) * (1 - whole[left]), float(left != right) * (1 - whole[right]),
    ]  # fmt: skip
    return np.asarray(row, dtype=np.float32), left, right


def cut(
    sheet: Sheet, part: tuple[int, int], with_: Weights, least: float, deep: int = 0
) -> list[tuple[tuple[int, int], ExceptionType]]:
    """The stretches of a message that tell of one exception each, and their kinds; none where nothing is cut.

    `least`: how likely a cut must be, 0 to 1.
    """
    best: tuple[float, int, ExceptionType, ExceptionType] | None = None
    places = [at for at in boundaries(sheet) if part[0] + 1 < at < part[1] - 1]
    if part[1] - part[0] < _SHORTEST or not places:
        return []
    _alone(sheet, [part, *(side for at in places for side in ((part[0], at), (at, part[1])))], with_)
    whole = likely_kinds(sheet, part, with_)
    for at in places:
        row, left, right = split_row(sheet, at, part, whole, with_)
        sure = 1 / (1 + float(np.exp(-(row @ with_.blend["split"] + with_.blend["split_bias"])[0])))
        sheet.kept["cut"] = max(sure, sheet.kept.get("cut", 0.0))
        if sure > least and (best is None or sure > best[0]):
            best = (sure, at, left, right)
    if best is None or deep > 2:
        return []
    _, at, left, right = best
    return [
        *(cut(sheet, (part[0], at), with_, least, deep + 1) or [((part[0], at), left)]),
        *(cut(sheet, (at, part[1]), with_, least, deep + 1) or [((at, part[1]), right)]),
    ]
