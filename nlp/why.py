"""Why a message was read as it was, as a value that is kept with the record: what `linecall explain` prints."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from nlp import blend, kinds
from nlp.intents import score
from nlp.learnt import weights
from nlp.lessons import FROM_AN_EXAMPLE, nearest
from nlp.reader import LocalReader
from nlp.sheet import Sheet
from nlp.tokens import READ_CHARACTERS
from workflow.messages import Inbound
from workflow.reading import Candidate, Context, Intent, Reading, Vote, Why

log = logging.getLogger(__name__)
K = TypeVar("K", bound=str)

LEARNT = "learnt"  # as the reason of a candidate
MOST_VOTES = 4  # of intents, of kinds
LEAST_SHARE = 0.02
MOST_EVIDENCE = 40
MOST_IDS = 8  # that one stretch may name; the rest only makes the list long


def why(reader: LocalReader, message: Inbound, context: Context, reading: Reading) -> Why | None:
    """The finds and votes behind a reading that was made of this message in this context."""
    readable = message.text.encode("utf-8", "replace").decode("utf-8")
    try:
        sheet = reader.sheet(replace(message, text=readable), context)
        return _told(sheet, score(sheet), reading)
    except Exception as error:  # no explanation is worth a message
        log.warning("nlp.unexplained", extra={"inbound": message.message_id, "error": type(error).__name__})
        return None


def _told(sheet: Sheet, votes: Mapping[Intent, float], reading: Reading) -> Why:
    learnt = weights()
    ranges = ((0, len(sheet.tokens)),)
    of_kinds = kinds.with_context(sheet, kinds.votes(sheet, ranges), ranges)
    if learnt is not None:
        intents = _ranked(blend.intents(sheet, votes, learnt).items())
        types = _ranked(blend.kinds_of(sheet, of_kinds, ranges, learnt).items())
    else:
        intents, types = _ranked(_shares(votes)), _ranked(_shares(of_kinds))
    evidence = (*reading.evidence, *(e for x in reading.exceptions for e in x.evidence))
    return Why(
        text=sheet.text[:READ_CHARACTERS],
        languages=sheet.languages,
        intents=intents,
        kinds=types if reading.exceptions else (),
        evidence=tuple(dict.fromkeys(e for e in evidence if e.end <= READ_CHARACTERS))[:MOST_EVIDENCE],
        candidates=tuple(_candidates(sheet, reading)),
        decided=_decided(sheet, reading),
        asks=reading.ask.asks if reading.ask is not None else None,
        options=reading.ask.options if reading.ask is not None else (),
        how=reading.how,
    )


def _candidates(sheet: Sheet, reading: Reading) -> Iterable[Candidate]:
    said = reading.exceptions or ((reading.mentioned,) if reading.mentioned is not None else ())
    linked = {i for e in said for i in (e.line, *e.assets, *e.work_orders, *e.items, *e.lots) if i is not None}
    learnt = {(n.what, n.id, n.words) for n in sheet.context.plant.nicknames}
    for m in sheet.mentions:
        words = " ".join(t.norm for t in sheet.tokens[m.start : m.end])
        why = LEARNT if any((m.what, i, words) in learnt for i in m.ids) else m.why
        yield Candidate(
            m.what, sheet.tokens[m.start].start, sheet.tokens[m.end - 1].end, (m.ids or m.suggestions)[:MOST_IDS],
            round(m.confidence, 2), why, tuple(i for i in m.ids if i in linked),
            "withdrawn" if m.withdrawn else "fine" if m.fine else "",
        )  # fmt: skip


def _decided(sheet: Sheet, reading: Reading) -> str:
    """The rule that decided what was done with it."""
    if reading.how != "local":
        return "model"
    if any(e.type == "safety" for e in reading.exceptions):
        return "danger"
    if reading.ask is not None:
        return "asked"
    only = reading.exceptions[0] if len(reading.exceptions) == 1 else None
    from_one = only is not None and only.confidence.get("type") == FROM_AN_EXAMPLE
    if only is not None and from_one and nearest(sheet.text, sheet.context.plant.examples) == only.type:
        return "example"
    sure = {kind for cue, kind in kinds.CUE_OF.items() if sheet.hits(f"{cue}.sure")}
    return "sure_word" if any(e.type in sure for e in reading.exceptions) else "likeliest"


def _shares(votes: Mapping[K, float]) -> list[tuple[K, float]]:
    total = sum(v for v in votes.values() if v > 0) or 1.0
    return [(name, max(0.0, value) / total) for name, value in votes.items()]


def _ranked(shares: Iterable[tuple[K, float]]) -> tuple[Vote, ...]:
    likeliest = sorted(shares, key=lambda row: -row[1])[:MOST_VOTES]
    return tuple(Vote(name, round(share, 3)) for name, share in likeliest if share >= LEAST_SHARE)
