"""What the sender wants: a report, an answer, a question, a decision; each cue votes, and the conversation tips it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlp import kinds
from nlp.pattern import Hit
from nlp.sheet import Sheet
from workflow.reading import Intent

_CUES: Mapping[str, Intent] = {
    "i.ack": "acknowledge",
    "i.update": "update",
    "i.resolve": "resolve",
    "i.cancel": "cancel",
    "i.reassign": "reassign",
    "i.query": "query",
    "i.chatter": "chatter",
}
# How likely each intent is before a word is read, in a thread and without one.
_THREAD: Mapping[Intent, float] = {"acknowledge": 0.3, "update": 0.6, "resolve": 0.4, "report": -3.0, "chatter": -0.5}
_FRESH: Mapping[Intent, float] = {
    "report": 0.4, "acknowledge": -1.0, "update": -2.0, "resolve": -1.5, "reassign": -1.0, "cancel": -0.3,
    "chatter": 0.2,
}  # fmt: skip


def questions(sheet: Sheet) -> list[tuple[int, int]]:
    """Sentences that ask something: they speak for a query, not for a problem."""
    if "questions" not in sheet.kept:
        sheet.kept["questions"] = _questions(sheet)
    return [*sheet.kept["questions"]]


def _questions(sheet: Sheet) -> list[tuple[int, int]]:
    out = []
    for start, end in sheet.sentences:
        marked = end < len(sheet.tokens) and sheet.tokens[end].norm == "?"
        if _opens(sheet, start, end):
            out.append((start, end))
        elif marked:
            # "MediCare wants it earlier, can planning confirm?": only what follows the comma asks.
            pieces = [(a, b) for a, b in sheet.pieces if start < a < end]
            tag = pieces and any(i == pieces[-1][0] and e >= end for i, e in sheet.group("tag_question"))
            asks = pieces and not tag and (_opens(sheet, *pieces[-1]) or not kinds.votes(sheet, [pieces[-1]]))
            out.append((pieces[-1][0], end) if asks else (start, end))
    return out


def _opens(sheet: Sheet, start: int, end: int) -> bool:
    """Whether a sentence begins as a question does, after "hey" or a name at most."""
    begins = {start}
    for group in ("opener", "and_word", "person"):
        begins |= {stop for i, stop in sheet.group(group, start, min(end, start + 3)) if i == start}
    if any(h.start in begins and h.start < end for h in sheet.hits("i.query")):
        return True
    return any(i in begins for i, _ in sheet.group("asks_word", start, min(end, start + 5)))


def unreal(sheet: Sheet) -> list[tuple[int, int]]:
    """Sentences about what may be, what was, or what somebody else wrote: no report comes from them (R14)."""
    if "unreal" not in sheet.kept:
        sheet.kept["unreal"] = _unreal(sheet)
    return [*sheet.kept["unreal"]]


def _unreal(sheet: Sheet) -> list[tuple[int, int]]:
    out = []
    for start, end in sheet.sentences:
        conditional = any(sheet.group("if_word", start, end))
        history = any(sheet.group("hist", start, end)) and not any(sheet.group("now_word", start, end))
        if conditional or history:
            out.append((start, end))
    return out


def score(sheet: Sheet) -> dict[Intent, float]:
    """Votes for every intent; the largest is what the message is taken for."""
    thread = sheet.context.thread is not None
    out: dict[Intent, float] = dict(_THREAD if thread else _FRESH)
    asked = questions(sheet)
    doubtful = unreal(sheet)
    for name, intent in _CUES.items():
        hits = _apart([h for h in sheet.hits(name) if not _inside_another(h, sheet, name)])
        out[intent] = out.get(intent, 0.0) + sum((2.0, 1.2, 0.6)[min(i, 2)] for i, _ in enumerate(hits[:4]))
        if any(h.cue.name.endswith(".sure") for h in hits):
            out[intent] += 3.5
            if intent == "chatter":
                out["report"] = out.get("report", 0.0) - 2.5
    problem = max(kinds.with_context(sheet, kinds.votes(sheet, [(0, len(sheet.tokens))], [*asked, *doubtful]),
                                     [(0, len(sheet.tokens))]).values(), default=0.0)  # fmt: skip
    every = max(kinds.votes(sheet, [(0, len(sheet.tokens))]).values(), default=0.0)
    out["report"] = out.get("report", 0.0) + min(problem, 8.0)
    if sheet.has("stopped") and not thread:
        out["report"] += 1.0
    _decisions(sheet, out)
    if asked:
        covers = sum(end - start for start, end in asked) / max(1, len(sheet.tokens))
        out["query"] = out.get("query", 0.0) + 1.0 + 1.5 * covers
    elif out.get("query", 0.0) > 0:
        out["query"] -= 2.0
    if doubtful and every > problem and not thread:
        out["chatter"] = out.get("chatter", 0.0) + 2.5
    if doubtful and not thread and problem <= 0 and len(doubtful) == len(sheet.sentences):
        out["chatter"] = out.get("chatter", 0.0) + 2.0
    if out.get("cancel", 0.0) >= 1.5:
        out["cancel"] += 0.7
    if any(name in ("person", "role") for h in sheet.hits("i.reassign") for name, _, _ in h.captured):
        out["reassign"] += 1.5
    if sheet.negated and problem < kinds.PLAIN:
        out["chatter"] = out.get("chatter", 0.0) + 1.5
    if any(m.fine for m in sheet.mentions) and problem < kinds.PLAIN:
        out["chatter"] = out.get("chatter", 0.0) + 1.5
    if not any(token.kind in ("word", "number", "clock") for token in sheet.tokens):
        out["chatter"] = out.get("chatter", 0.0) + 4.0  # a thumbs-up acknowledges nothing (R26)
    if thread:
        _in_thread(sheet, out, problem)
    else:
        _fresh(sheet, out, problem)
    return out


def _decisions(sheet: Sheet, out: dict[Intent, float]) -> None:
    decisions = sheet.hits("d.release", "d.rework", "d.scrap", "d.use_as_is", "d.return_to_supplier", "d.keep_on_hold")
    held = [h for h in sheet.negated if h.cue.name.startswith("d.release")]
    thread = sheet.context.thread
    lots = sheet.of("lot")
    about_a_hold = thread is not None and thread.type == "quality_hold"
    if not decisions and not held:
        return
    doubtful = unreal(sheet)
    if not held and all(any(a <= h.start < b for a, b in doubtful) for h in decisions):
        return  # "if the second sample is good we can release it" decides nothing
    if lots or about_a_hold:
        out["disposition"] = 4.5 + 0.8 * min(len(decisions), 3) + (1.0 if lots and about_a_hold else 0.0)
        held_already = [
            m for m in lots if any(sheet.context.records.lot[i].status in ("hold", "blocked") for i in m.ids)
        ]
        if held_already:
            out["disposition"] += 2.5
        elif lots and not about_a_hold and all(h.cue.name.startswith("d.keep") for h in decisions):
            out["disposition"] -= 3.0  # holding what is free is a report
        if "quality" in sheet.context.sender.roles:
            out["disposition"] += 1.0


def _in_thread(sheet: Sheet, out: dict[Intent, float], problem: float) -> None:
    if sheet.moments and any(m.role in ("in", "by", "until", "") for m in sheet.moments):
        out["update"] = out.get("update", 0.0) + 0.6
        out["acknowledge"] = out.get("acknowledge", 0.0) + 0.4
    if sheet.group("still"):
        out["update"] += 0.8
        out["resolve"] -= 1.0
    if out.get("acknowledge", 0.0) > 2.0 and out.get("resolve", 0.0) < 2.5:
        out["acknowledge"] += 0.3
    words = [i for i, token in enumerate(sheet.tokens) if token.kind == "word"]
    if 0 < len(words) <= 3 and any(i == words[0] for i, _ in sheet.group("yes_word")):
        out["acknowledge"] += 2.0  # "ok" in a thread takes it (R27)
    thread = sheet.context.thread
    if thread is not None and not any(m.what == "asset" and m.ids[0] not in thread.assets for m in sheet.mentions):
        out["report"] -= 1.0
    if problem >= kinds.PLAIN:
        out["update"] += 0.5


def _fresh(sheet: Sheet, out: dict[Intent, float], problem: float) -> None:
    if sheet.has("injection"):
        out["chatter"] = out.get("chatter", 0.0) + 6.0
        out["disposition"] = out["report"] = -5.0
    if questions(sheet) == sheet.sentences:
        return
    if sheet.has("i.past_fixed") and problem < 2 * kinds.SURE:
        out["chatter"] = out.get("chatter", 0.0) + 3.0
        out["report"] -= 3.5
    if problem <= 0 and not any(m.what in ("asset", "item", "lot", "order") for m in sheet.mentions):
        out["report"] -= 1.0
    # "All good on 2 now" resolves nothing where no case is named: it is said, not owed.
    if out.get("resolve", 0.0) > 0 and not (sheet.has("runs") and problem > 0):
        out["chatter"] = out.get("chatter", 0.0) + out["resolve"] + 0.3
        out["resolve"] = -5.0
    if sheet.hits("safety.sure") and not sheet.has("i.chatter.sure"):
        out["report"] += 3.0


def _inside_another(hit: Hit, sheet: Sheet, name: str) -> bool:
    """ "got it" says nothing of its own within "got it going"."""
    return any(
        other.start <= hit.start and hit.end <= other.end and other.end - other.start > hit.end - hit.start
        for other in sheet.hits("i")
        if not other.cue.name.startswith(name)
    )


def _apart(hits: Sequence[Hit]) -> list[Hit]:
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: h.start - h.end):
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return kept


def sureness(votes: Mapping[Intent, float], intent: Intent) -> float:
    """How sure the lexicon alone is of an intent, 0 to 1: by its votes and their lead over the next."""
    second = max((value for name, value in votes.items() if name != intent), default=0.0)
    return round(min(0.99, 0.5 + 0.12 * (votes[intent] - max(second, 0.0)) + 0.02 * votes[intent]), 3)
