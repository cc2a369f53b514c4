"""Minutes that are told alone, of what is over: "took 40 min", "sorry it was 60 min", "waren 60 min nicht 40" (R47).

Nothing is reported by them; whoever ended something a short while ago has them read back.
"""

from __future__ import annotations

from functools import cache

from nlp import kinds
from nlp.sheet import Sheet
from nlp.words import lexicon
from workflow.reading import Resolution

_LONGEST = 10  # tokens
_SAID_BESIDE = ("correct", "neg", "yes_word", "no_word", "about", "u_min", "u_hour", "lasted", "article_word")


def told_alone(sheet: Sheet) -> Resolution | None:
    """How long it stood, where a message says that and nothing else; None where it names or tells anything more."""
    if "minutes" not in sheet.kept:
        sheet.kept["minutes"] = _told_alone(sheet)
    found: Resolution | None = sheet.kept["minutes"]
    return found


def _told_alone(sheet: Sheet) -> Resolution | None:
    tokens = sheet.tokens
    if not sheet.moments or len(tokens) > _LONGEST or sheet.mentions or any(t.norm == "?" for t in tokens):
        return None
    told = max(kinds.votes(sheet, [(0, len(tokens))]).values(), default=0.0)
    if told > kinds.WEAK or sheet.has("stopped") or sheet.group("stopped"):
        return None  # "down for 40 min": that is news of something
    lasted = any(m.kind == "duration" and m.role in ("", "for") for m in sheet.moments)
    if not lasted or any(m.kind != "duration" or m.role not in ("", "for") for m in sheet.moments):
        return None  # "in 20 min", "since 9": of what is ahead, of what began
    of_the_past = bool(sheet.group("lasted")) or bool(sheet.group("correct")) or bool(sheet.group("neg"))
    said = {i for m in sheet.moments for i in range(m.start, m.end)}
    said |= {i for n in sheet.numbers for i in range(n.start, n.end)}
    for name in _SAID_BESIDE:
        said |= {i for start, end in sheet.group(name) for i in range(start, end)}
    words = [i for i, token in enumerate(tokens) if token.kind == "word" and i not in said]
    if not of_the_past or any(tokens[i].norm not in _of_grammar() for i in words):
        return None
    right = [m for m in sheet.moments if not _is_denied(sheet, m.start, m.end)]
    return Resolution("", downtime_min=right[0].minutes) if len(right) == 1 else None


def _is_denied(sheet: Sheet, start: int, end: int) -> bool:
    """ "60 min, not 40 min"; behind it in Hindi: "40 min nahi, 60 min tha"."""
    if sheet.languages[0] in ("hi", "hi-Deva"):
        return end < len(sheet.tokens) and "neg" in sheet.spans[end]
    return start > 0 and "neg" in sheet.spans[start - 1]


@cache
def _of_grammar() -> frozenset[str]:
    return frozenset(word for language in lexicon().languages.values() for word in language.function_words)
