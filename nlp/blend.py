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
    return np.asarray([*lexicon, *(np.clip(logits, -8, 8) / 4), *circumstances(sheet)], dtype=np.float32)


def kind_row(
    sheet: Sheet, votes: Mapping[ExceptionType, float], ranges: Sequence[tuple[int, int]], logits: Floats
) -> Floats:
    """The blend's input for the kind of one part."""
    lexicon = [min(2.0, votes.get(kind, 0.0) / 6.0) for kind in EXCEPTION_TYPES]
    named = [float(any(sheet.of(what, a, b) for a, b in ranges)) for what in _NAMED]
    roles = [float(role in sheet.context.sender.roles) for role in _ROLES]
    return np.asarray([*lexicon, *(np.clip(logits, -8, 8) / 4), *named, *roles], dtype=np.float32)


def intents(sheet: Sheet, votes: Mapping[Intent, float], with_: Weights) -> dict[Intent, float]:
    """How likely each intent is, 0 to 1."""
    row = intent_row(sheet, votes, intent_logits(sheet, with_))
    return dict(zip(INTENTS, _softmax(row @ with_.blend["intent"] + with_.blend["intent_bias"]), strict=True))


def kinds_of(
    sheet: Sheet, votes: Mapping[ExceptionType, float], ranges: Sequence[tuple[int, int]], with_: Weights
) -> dict[ExceptionType, float]:
    """How likely each kind is for one part of the message, 0 to 1."""
    row = kind_row(sheet, votes, ranges, kind_logits(sheet, ranges, with_))
    return dict(zip(EXCEPTION_TYPES, _softmax(row @ with_.blend["kind"] + with_.blend["kind_bias"]), strict=True))


def _softmax(logits: Floats) -> list[float]:
    shifted = np.exp(logits - logits.max())
    return [float(value) for value in shifted / shifted.sum()]


# where one message tells of two things ------------------------------------------------------------------------------


_SHORTEST = 6  # tokens: nobody tells of two things in less


def boundaries(sheet: Sheet) -> list[int]:
    """Tokens at which a second exception may begin: behind a break, or at an "and"."""
    found = {start for start, _ in kinds.clauses(sheet)} | {start for start, _ in sheet.pieces}
    found |= {i for name in ("also", "and_word") for i, _ in sheet.group(name)}
    return sorted(i for i in found if 1 < i < len(sheet.tokens) - 1)


def likely_kinds(sheet: Sheet, part: tuple[int, int], with_: Weights) -> dict[ExceptionType, float]:
    """How likely each kind is for one stretch by itself."""
    return kinds_of(sheet, kinds.with_context(sheet, kinds.votes(sheet, (part,)), (part,)), (part,), with_)


def split_row(
    sheet: Sheet, at: int, part: tuple[int, int], whole: Mapping[ExceptionType, float], with_: Weights
) -> tuple[Floats, ExceptionType, ExceptionType]:
    """The blend's input for cutting a stretch in two, and the kinds that the two sides would be."""
    sides = ((part[0], at), (at, part[1]))
    likely = []
    lexicon = []
    for side in sides:
        votes = kinds.with_context(sheet, kinds.votes(sheet, (side,)), (side,))
        likely.append(kinds_of(sheet, votes, (side,), with_))
        lexicon.append(max(votes.values(), default=0.0))
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
    whole = likely_kinds(sheet, part, with_)
    for at in places:
        row, left, right = split_row(sheet, at, part, whole, with_)
        sure = 1 / (1 + float(np.exp(-(row @ with_.blend["split"] + with_.blend["split_bias"])[0])))
        if sure > least and (best is None or sure > best[0]):
            best = (sure, at, left, right)
    if best is None or deep > 2:
        return []
    _, at, left, right = best
    return [
        *(cut(sheet, (part[0], at), with_, least, deep + 1) or [((part[0], at), left)]),
        *(cut(sheet, (at, part[1]), with_, least, deep + 1) or [((at, part[1]), right)]),
    ]
