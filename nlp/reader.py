"""The local understanding: a message and its context become a Reading, without network, in milliseconds."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc

from nlp import answers, asking, kinds
from nlp.decisions import read_decisions
from nlp.fields import build
from nlp.index import PlantIndex
from nlp.intents import questions, score, unreal
from nlp.requests import read_eta, read_query, read_reassign, read_resolution, read_waiting
from nlp.sheet import Sheet, lay_out
from nlp.tokens import stem, tokenize
from nlp.words import lexicon
from workflow.messages import Inbound
from workflow.plant import Plant
from workflow.reading import Context, Evidence, Intent, Reading, ReportedException
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

    def __init__(self) -> None:
        self._nlp = spacy.blank("xx")
        self._lexicon = lexicon()
        self._known: OrderedDict[tuple[int, int], _Known] = OrderedDict()
        self._turn = threading.Lock()  # spaCy's vocabulary is shared by the threads that read

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

    def explain(self, message: Inbound, context: Context) -> tuple[Sheet, Reading, dict[Intent, float]]:
        """The finds and the votes behind a reading; raises where `read` would only log."""
        with self._turn:
            sheet = self._sheet(message.text, context)
            return sheet, self._understand(sheet), score(sheet)

    def _sheet(self, text: str, context: Context) -> Sheet:
        known = self._of(context.plant, context.records)
        tokens = tokenize(text)
        with self._nlp.memory_zone():
            doc = Doc(self._nlp.vocab, words=[stem(token.norm) for token in tokens] or [" "])
            return lay_out(text, tokens, doc, known.matcher, known.index, context, self._lexicon)

    def _of(self, plant: Plant, records: Records) -> _Known:
        key = (id(plant), id(records))
        known = self._known.get(key)
        if known is None or known.plant is not plant or known.records is not records:
            index = PlantIndex(plant, records)
            matcher = PhraseMatcher(self._nlp.vocab, attr="ORTH")
            docs = [Doc(self._nlp.vocab, words=list(stems)) for stems in index.by_stems]
            for start in range(0, len(docs), 1000):
                matcher.add("name", docs[start : start + 1000])
            known = self._known[key] = _Known(plant, records, index, matcher)
        self._known.move_to_end(key)
        while len(self._known) > PLANTS_KEPT:
            self._known.popitem(last=False)
        return known

    def _understand(self, sheet: Sheet) -> Reading:
        question = sheet.context.question
        votes = score(sheet)
        intent = max(votes, key=lambda name: votes[name])
        if question is not None and len(sheet.tokens) <= answers.LONGEST:
            answer = answers.read_answer(sheet, question)
            asks_back = intent == "query" and any(t.norm == "?" for t in sheet.tokens)
            if answer is not None and not (votes[intent] >= 3.0 and (asks_back or intent == "cancel")):
                return Reading("answer", answer=answer, confidence={"intent": 0.95, "answer": 0.9})
        confidence = _sureness(votes, intent)
        reading = Reading(intent, confidence={"intent": confidence}, correction=bool(sheet.group("correct")))
        match intent:
            case "report":
                reading = self._report(sheet, reading)
            case "acknowledge" | "update":
                eta = read_eta(sheet)
                reading = replace(reading, eta_min=eta, waiting_for=read_waiting(sheet))
            case "resolve":
                reading = replace(reading, resolution=read_resolution(sheet))
            case "disposition":
                reading = replace(reading, disposition=read_decisions(sheet))
            case "reassign":
                reading = replace(reading, reassign_to=read_reassign(sheet))
            case "query":
                reading = replace(reading, query=read_query(sheet))
            case _:
                pass
        return asking.with_question(sheet, _with_evidence(sheet, reading), votes)

    def _report(self, sheet: Sheet, reading: Reading) -> Reading:
        skip = [*questions(sheet), *unreal(sheet)]
        found: list[ReportedException] = []
        ask = None
        line: str | None = None
        for part in kinds.parts(sheet, skip if _something_left(sheet, skip) else ()):
            exception, question = build(sheet, part, line)
            found.append(exception)
            ask = ask or question
            line = exception.line or line
        if all(e.type is None for e in found):
            found = [replace(e, type="other", confidence={**e.confidence, "type": 0.2}) for e in found]
        urgent = any(e.type == "safety" or e.line_stopped for e in found) or sheet.has("foreign_body", "allergen")
        return replace(reading, exceptions=tuple(found), ask=ask, urgent=urgent)


def _something_left(sheet: Sheet, skip: list[tuple[int, int]]) -> bool:
    return bool(kinds.votes(sheet, [(0, len(sheet.tokens))], skip))


def _sureness(votes: dict[Intent, float], intent: Intent) -> float:
    second = max((value for name, value in votes.items() if name != intent), default=0.0)
    return round(min(0.99, 0.5 + 0.12 * (votes[intent] - max(second, 0.0)) + 0.02 * votes[intent]), 3)


def _with_evidence(sheet: Sheet, reading: Reading) -> Reading:
    evidence = [
        Evidence("intent" if hit.cue.name[:2] in ("i.", "d.") else "type", sheet.tokens[hit.start].start,
                 sheet.tokens[hit.end - 1].end, hit.cue.name, f"{hit.cue.language}: {hit.cue.pattern}")
        for hit in sheet.cues
    ]  # fmt: skip
    return replace(reading, evidence=tuple(evidence))
