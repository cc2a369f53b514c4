"""The local understanding: a message and its context become a Reading, without network, in milliseconds."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from nlp import answers, asking, blend, doubt, kinds, lessons
from nlp.choosing import NAMES_A_CASE, chosen_intent, corrects
from nlp.decisions import read_decisions
from nlp.dictated import with_spoken_marks
from nlp.fields import build, on_the_same_line
from nlp.index import PlantIndex
from nlp.intents import questions, score, sureness, unreal
from nlp.learnt import Floats, Weights, weights
from nlp.linking import named_alone
from nlp.minutes import told_alone
from nlp.pattern import Hit
from nlp.requests import read_eta, read_query, read_reassign, read_resolution, read_waiting
from nlp.sheet import Sheet, lay_out
from nlp.tokens import Token, stem, tokenize
from nlp.words import lexicon
from workflow.messages import Inbound
from workflow.plant import Plant
from workflow.reading import Context, Evidence, ExceptionType, Intent, Reading, ReportedException
from workflow.records import Records

log = logging.getLogger(__name__)
PLANTS_KEPT = 4


@dataclass(frozen=True, slots=True)
class _Known:
    plant: Plant
    records: Records
    index: PlantIndex
    matcher: PhraseMatcher


class LocalReader:
    """Reads messages of any plant; keeps the index of the plants and snapshots that it saw last.

    Implements `workflow.ports.Reader`: never raises, whatever was written.
    """

    def __init__(self, with_weights: Weights | None = None) -> None:
        self._weights = with_weights if with_weights is not None else weights()
        self._nlp = spacy.blank("xx")
        self._lexicon = lexicon()
        self._known: OrderedDict[tuple[int, int], _Known] = OrderedDict()
        self._turn = threading.Lock()  # spaCy's vocabulary is shared by the threads that read
        self._last: Sheet | None = None  # whoever asks why asks about what was read just now

    def read(self, message: Inbound, context: Context) -> Reading:
        """What a message means; for what cannot be read, chatter with no confidence (R9, R60)."""
        text = message.text.encode("utf-8", "replace").decode("utf-8") if message.text else ""
        if not text.strip():
            return Reading("chatter", confidence={"intent": 0.0}, how="local: nothing to read")
        try:
            with self._turn:
                return self._understand(self._sheet(text, context))
        except Exception as error:  # a message must never stop the program
            log.warning("nlp.unreadable", extra={"inbound": message.message_id, "error": type(error).__name__})
            return Reading("chatter", confidence={"intent": 0.0}, how=f"local: {type(error).__name__}")

    def sheet(self, message: Inbound, context: Context) -> Sheet:
        """Everything found in a message, before anything is decided; of the message read last it is at hand."""
        with self._turn:
            last = self._last
            return (
                last if last is not None and last.is_of(message.text, context) else self._sheet(message.text, context)
            )

    def weighed(self, sheet: Sheet) -> tuple[Reading, Floats | None]:
        """The reading of a sheet and all that speaks for it; None for what is never doubted. For training."""
        with self._turn:
            return self._understand(sheet), sheet.kept.get("doubts")

    def explain(self, message: Inbound, context: Context) -> tuple[Sheet, Reading, dict[Intent, float]]:
        """The finds and the votes behind a reading; raises where `read` would only log."""
        with self._turn:
            sheet = self._sheet(message.text, context)
            return sheet, self._understand(sheet), score(sheet)

    def _sheet(self, text: str, context: Context) -> Sheet:
        known = self._of(context.plant, context.records)
        tokens = with_spoken_marks(tokenize(text))
        self._last = lay_out(text, tokens, self._names(tokens, known), known.index, context, self._lexicon)
        return self._last

    def _names(self, tokens: Sequence[Token], known: _Known) -> list[tuple[int, int]]:
        """Where names of the plant may stand. A word that no name holds is left out, or the vocabulary would grow."""
        stems = [stem(token.norm) for token in tokens]
        if known.index.first_stems.isdisjoint(stems):
            return []
        strings = self._nlp.vocab.strings
        doc = Doc(self._nlp.vocab, words=[word if word in strings else " " for word in stems])
        return sorted({(start, end) for _, start, end in known.matcher(doc)})

    def _of(self, plant: Plant, records: Records) -> _Known:
        key = (id(plant), id(records))
        known = self._known.get(key)
        if known is None or known.plant is not plant or known.records is not records:
            index = PlantIndex(plant, records)
            matcher = PhraseMatcher(self._nlp.vocab, attr="ORTH")
            names = iter(index.by_stems)
            while some := [Doc(self._nlp.vocab, words=list(stems)) for stems in islice(names, 1000)]:
                matcher.add("name", some)
            known = self._known[key] = _Known(plant, records, index, matcher)
        self._known.move_to_end(key)
        while len(self._known) > PLANTS_KEPT:
            self._known.popitem(last=False)
        return known

    def _understand(self, sheet: Sheet) -> Reading:
        question = sheet.context.question
        votes = score(sheet)
        learnt = self._weights
        likely = blend.intents(sheet, votes, learnt) if learnt is not None else None
        intent = chosen_intent(sheet, votes, likely)
        if question is not None and len(sheet.tokens) <= answers.LONGEST:
            answer = answers.read_answer(sheet, question)
            asks_back = intent == "query" and any(t.norm == "?" for t in sheet.tokens)
            if answer is not None and not (votes.get(intent, 0.0) >= 3.0 and (asks_back or intent == "cancel")):
                return Reading("answer", answer=answer, confidence={"intent": 0.95, "answer": 0.9})
        confidence = sureness(votes, intent) if likely is None else round(likely[intent], 3)
        if intent == "chatter" and likely is not None and max(likely, key=lambda name: likely[name]) != "chatter":
            confidence = min(confidence, 0.3)
        reading = Reading(
            intent, confidence={"intent": confidence}, correction=bool(sheet.group("correct")) or corrects(sheet)
        )
        parts: list[kinds.Part] = []
        match intent:
            case "report":
                reading, parts = self._report(sheet, reading)
            case "acknowledge" | "update":
                lasted = told_alone(sheet)  # "took 40 min": of what is over, no time of arrival
                past = bool(sheet.group("correct") and sheet.group("lasted"))  # "sorry, it was at 8:20"
                eta = None if past or (lasted is not None and sheet.group("lasted")) else read_eta(sheet)
                reading = replace(reading, eta_min=eta, waiting_for=read_waiting(sheet), resolution=lasted)
            case "resolve":
                reading = replace(reading, resolution=read_resolution(sheet))
            case "disposition":
                reading = replace(reading, disposition=read_decisions(sheet))
            case "reassign":
                reading = replace(reading, reassign_to=read_reassign(sheet))
            case "query":
                reading = replace(reading, query=read_query(sheet))
            case "chatter" if sheet.context.question is None:
                reading = replace(reading, resolution=told_alone(sheet))
            case _:
                pass
        if _corrects_the_thread(sheet, reading):
            # What is right stands in `mentioned`; of the kind it says nothing new.
            reading = replace(reading, intent="update", exceptions=(), ask=None, urgent=False)
        if reading.intent != "report" and any(m.what in NAMES_A_CASE for m in sheet.mentions):
            reading = replace(reading, mentioned=named_alone(sheet))
        reading = _with_evidence(sheet, reading)
        sure = None
        if learnt is not None and likely is not None:
            sheet.kept["doubts"] = doubts = doubt.row(sheet, reading, parts, votes, likely)
            if "doubt" in learnt.blend:
                sure = doubt.chances(doubts, learnt.blend["doubt"], learnt.blend["doubt_bias"])
        asked = asking.with_question(sheet, reading, likely, sure)
        if asked.ask is not None and asked.intent in ("chatter", "query"):
            return replace(asked, mentioned=asking.what_may_be_wrong(self._report(sheet, asked)[0].exceptions[0]))
        return asked

    def _parts(self, sheet: Sheet, skip: Sequence[tuple[int, int]]) -> list[kinds.Part]:
        """One part for each exception that the message tells of (R7)."""
        if self._weights is None or "split" not in self._weights.blend:
            return kinds.parts(sheet, skip)
        pieces = _standing_alone(sheet, blend.cut(sheet, (0, len(sheet.tokens)), self._weights, _CUT))
        twice = kinds.twice(sheet, [span for span, _ in pieces] or [(0, len(sheet.tokens))])
        if not pieces and not twice:
            parts = kinds.parts(sheet, skip)
            told_apart = len(parts) > 1 and (sheet.has("multi") or bool(sheet.group("also")))
            return parts if len(parts) == 1 or told_apart else [kinds.whole(sheet, skip)]
        halves: list[tuple[tuple[int, int], ExceptionType]] = [piece for piece in pieces if piece[0] not in twice]
        for (start, end), (at, kind) in twice.items():
            halves += [((start, at), kind), ((at, end), kind)]
        return [
            kinds.Part(kind, (span,), kinds.with_context(sheet, kinds.votes(sheet, (span,)), (span,)))
            for span, kind in sorted(halves)
        ]

    def _report(self, sheet: Sheet, reading: Reading) -> tuple[Reading, list[kinds.Part]]:
        skip = [*questions(sheet), *unreal(sheet)]
        dangers = [h for h in sheet.hits("safety.sure") if not any(a <= h.start < b for a, b in skip)]
        found: list[ReportedException] = []
        ask = None
        line: str | None = None
        parts = self._parts(sheet, skip if _something_left(sheet, skip) else ())
        if self._weights is not None:
            parts = [_with_learnt(sheet, part, self._weights, alone=len(parts) == 1) for part in parts]
        if dangers and not any(part.type == "safety" for part in parts):
            parts = _with_danger(sheet, parts, dangers[0])
        for part in parts:
            if len(parts) == 1:
                part = lessons.with_example(sheet, part)
            exception, question = build(sheet, part, line)
            found.append(exception)
            ask = ask or question
            named = [m.ids[0] for m in sheet.of("line") if part.holds(m.start) and len(m.ids) == 1]
            if exception.line in named:  # the line that a machine stands on is not said of the rest
                line = exception.line
        found = on_the_same_line(sheet, parts, found)
        if all(e.type is None for e in found):
            found = [replace(e, type="other", confidence={**e.confidence, "type": _UNTOLD}) for e in found]
        urgent = any(e.type == "safety" or e.line_stopped for e in found) or sheet.has("foreign_body", "allergen")
        return replace(reading, exceptions=tuple(found), ask=ask, urgent=urgent), parts


_Piece = tuple[tuple[int, int], ExceptionType]
_NAMED = ("asset", "line", "item", "lot", "order", "customer", "person")


def _standing_alone(sheet: Sheet, pieces: Sequence[_Piece]) -> list[_Piece]:
    """The pieces less those that are only the rest of another: the same kind once more, or one that names nothing."""
    if sheet.has("multi"):
        return list(pieces)
    kept: list[_Piece] = []
    if len(pieces) > 1 and not _names_its_own(sheet, *pieces[0]):  # "Kasia has her hands full, but in the system ..."
        (start, _), ((_, end), kind) = pieces[0][0], pieces[1]
        pieces = [((start, end), kind), *pieces[2:]]
    for span, kind in pieces:
        if not kept:
            kept.append((span, kind))
            continue
        (start, end), before = kept[-1]
        others = {m.ids for what in _NAMED for m in sheet.of(what, *span)}
        new = others - {m.ids for what in _NAMED for m in sheet.of(what, start, end)}
        rest = not new if kind == before else not _names_its_own(sheet, span, kind)
        if rest and not any(start_ == span[0] for start_, _ in sheet.group("also")):
            kept[-1] = ((start, span[1]), before)
        else:
            kept.append((span, kind))
    return kept if len(kept) > 1 else []


def _names_its_own(sheet: Sheet, span: tuple[int, int], kind: ExceptionType) -> bool:
    """Whether a piece tells its kind in sure words, or names what an exception of that kind is about."""
    told = kinds.votes(sheet, (span,)).get(kind, 0.0)
    if told >= (kinds.SURE if kind == "machine_breakdown" else kinds.PLAIN):
        return True
    if kind == "labor_shortage" and sheet.of("person", *span):
        return True
    return kinds.anchored(sheet, kind, *span) and (kind != "safety" or told > 0)


def _with_danger(sheet: Sheet, parts: Sequence[kinds.Part], danger: Hit) -> list[kinds.Part]:
    """ "the filler jams again and somebody slipped in the oil": told to a person first, whatever else is said (R15)."""
    spans = kinds.clauses(sheet)
    of_danger = next(((a, b) for a, b in spans if a <= danger.start < b), (0, len(sheet.tokens)))
    rest = [(a, b) for a, b in spans if (a, b) != of_danger and a < b]
    if len(parts) == 1:
        left = kinds.with_context(sheet, kinds.votes(sheet, rest), rest)
        other = kinds.best({kind: vote for kind, vote in left.items() if kind != "safety"})
        if other is None or left[other] < kinds.PLAIN:
            return [replace(parts[0], type="safety")]
        whole = replace(parts[0], type=other, ranges=tuple(rest))
        return [whole, kinds.Part("safety", (of_danger,), {"safety": kinds.SURE})]
    return [replace(part, type="safety") if part.holds(danger.start) else part for part in parts]


_CUT = 0.5


_DANGER = 0.25  # from here on a danger is told to a person: missing one costs more than any false alarm (R15)
_DANGER_UNNAMED = 0.45  # where no word of danger stands in it
_TOLD_IN_WORDS = 0.9
_UNTOLD = 0.2
_SURELY_OTHER = 0.8
_MORE_THAN_A_CREW = 60


def _with_learnt(sheet: Sheet, part: kinds.Part, learnt: Weights, *, alone: bool) -> kinds.Part:
    """The part with how likely each kind is; the lexicon's own choice stands where a part was cut out for it."""
    if corrects(sheet) and not _speaks_of_a_kind(sheet, part):
        return replace(part, type=None, votes={})  # "sorry, i mean the blow molder" says nothing of the kind
    likely = blend.kinds_of(sheet, part.votes, part.ranges, learnt)
    best = max(likely, key=lambda kind: likely[kind] if kind != "safety" else 0.0)
    if likely["safety"] >= (_DANGER if part.votes.get("safety") else _DANGER_UNNAMED):
        best = "safety"
    elif any(part.holds(h.start) for h in sheet.hits("foreign_body", "allergen")):
        best = "quality_hold"  # whatever else it sounds like: nobody eats it before quality has looked
        likely = {**likely, best: max(likely[best], _TOLD_IN_WORDS)}
    elif best == "other" and (said := _said_kind(part, likely["other"])) is not None:
        # Learnt from plants whose machines are known by name: here none is, and the words tell of one all the same.
        likely = {**likely, said: max(likely[said], likely["other"])}
        best = said
    elif best == "labor_shortage" and not part.votes.get(best) and _counts_many(sheet, part):
        best = "material_shortage"  # "brakuje 300 pokrywek": nothing in it speaks of people
        likely = {**likely, best: max(likely[best], likely["labor_shortage"])}
    elif not alone and part.type is not None and likely[part.type] >= 0.1:
        best = part.type
    return replace(part, type=best, likely=likely)


def _corrects_the_thread(sheet: Sheet, reading: Reading) -> bool:
    """ "sorry I meant cell 1 not 2", said in the case itself (R10)."""
    untold = all(e.confidence.get("type", 0.0) <= _UNTOLD for e in reading.exceptions)
    return sheet.context.thread is not None and reading.intent == "report" and reading.correction and untold


def _speaks_of_a_kind(sheet: Sheet, part: kinds.Part) -> bool:
    """Whether anything but the correction itself tells a kind: "wrong" in "nvm wrong line" says nothing of quality."""
    takes_back = {i for name in ("correct", "no_word") for a, b in sheet.group(name) for i in range(a, b)}
    told = [h for prefix in kinds.CUE_OF for h in sheet.hits(prefix) if part.holds(h.start)]
    return any(not takes_back.issuperset(range(h.start, h.end)) for h in told)


def _said_kind(part: kinds.Part, other: float) -> ExceptionType | None:
    """The kind that the words speak for, where none of them speaks for "other" and that is not near certain."""
    most = max(part.votes.values(), default=0.0)
    if part.votes.get("other", 0.0) > 0 or (other >= _SURELY_OTHER and most < kinds.PLAIN):
        return None
    return kinds.best({kind: vote for kind, vote in part.votes.items() if vote > 0})


def _counts_many(sheet: Sheet, part: kinds.Part) -> bool:
    """More than a crew is missing."""
    short = part.votes.get("material_shortage", 0.0) > 0
    return short and any(n.value >= _MORE_THAN_A_CREW for n in sheet.numbers if part.holds(n.start))


def _something_left(sheet: Sheet, skip: list[tuple[int, int]]) -> bool:
    return bool(kinds.votes(sheet, [(0, len(sheet.tokens))], skip))


def _with_evidence(sheet: Sheet, reading: Reading) -> Reading:
    evidence = [
        Evidence("intent" if hit.cue.name[:2] in ("i.", "d.") else "type", sheet.tokens[hit.start].start,
                 sheet.tokens[hit.end - 1].end, hit.cue.name, f"{hit.cue.language}: {hit.cue.pattern}")
        for hit in sheet.cues
    ]  # fmt: skip
    return replace(reading, evidence=tuple(evidence))
