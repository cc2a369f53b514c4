"""What a message may teach: the words in it that name nothing known, and how near it is to one whose kind was told."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from nlp.index import PlantIndex
from nlp.kinds import Part
from nlp.sheet import Sheet
from nlp.tokens import fold, stem, tokenize
from nlp.words import Lexicon, lexicon
from workflow.lessons import Example, Named, Subject
from workflow.reading import ExceptionType

MOST_WORDS = 4  # of an alias; longer runs are sentences
LEAST_LETTERS = 3
LONGEST_EXAMPLE = 300  # characters
UNSURE = 0.5  # of a kind: below, the sender would be asked; an example says nothing where the reader is surer
FROM_AN_EXAMPLE = 0.6  # confidence of a kind that only an example tells
NEAR = 0.5  # share of the words that two messages have in common
LEAST_SHARED = 2  # words
_STEERING = re.compile(r"://|\bwww\.|\b[\w-]+\.(?:com|net|org|io|ru|cn|xyz|info|biz|html?|php|exe)\b|[<>{}\\`$|]", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """What a message teaches, or why it teaches nothing; `words` is empty where nothing of it may be kept."""

    words: str = ""
    refused: str | None = None


def hostile(text: str) -> bool:
    """Links, code, control and invisible characters: nothing is learnt from who writes so (R17)."""
    unseen = any(unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") and c not in "\n\r\t\u200d" for c in text)
    return unseen or _STEERING.search(text) is not None


def name_in(sheet: Sheet, what: Named, ref: str) -> Found:
    """The one stretch of a message that names nothing known, as another name of what its sender meant."""
    if hostile(sheet.text) or sheet.has("injection"):
        return Found(refused="hostile")
    kinds = {"asset": ("asset",), "line": ("line", "asset"), "item": ("item",), "customer": ("customer",)}[what]
    named = [m for kind in kinds for m in sheet.of(kind)]
    if named:  # "filler", answered with the capper: a name that everybody knows does not change hands
        words = _words(sheet, named[0].start, named[0].end)
        return Found(words, "known_already" if ref in named[0].ids else "known_name")
    runs = _unknown_runs(sheet)
    if what == "line":  # an unknown word in a breakdown is a machine rather than a line, unless it stands where one is
        runs = [run for run in runs if _behind_a_place_word(sheet, run[0])]
    pointed = [run for run in runs if _behind_an_article(sheet, run[0])]
    runs = pointed if len(pointed) == 1 else runs
    if len(runs) != 1:
        return Found(refused="several" if runs else "nothing")
    words = _words(sheet, *runs[0])
    return Found(words, why_not(words, what, ref, sheet.index))


def kind_in(sheet: Sheet, kind: str) -> Found:
    """The message as an example of a kind that its sender told; a danger is never an example of anything less."""
    text = " ".join(sheet.text.split())
    if hostile(text) or sheet.has("injection"):
        return Found(refused="hostile")
    if len(text) > LONGEST_EXAMPLE:
        return Found(refused="too_long")
    if kind != "safety" and sheet.hits("safety"):
        return Found(text, "danger")
    if kind == "other":
        return Found(text, "no_kind")
    return Found(text, None if len(_content(text)) >= LEAST_SHARED else "too_short")


def why_not(words: str, what: Subject, ref: str, index: PlantIndex) -> str | None:
    """Why these words may not become another name of a thing; None where they may. The name of a reason."""
    tokens = [t for t in tokenize(words) if t.kind in ("word", "number")]
    norms = tuple(t.norm for t in tokens)
    letters = [n for n in norms if any(c.isalpha() for c in n)]
    if hostile(words):
        return "hostile"
    if len(tokens) > MOST_WORDS:
        return "too_long"
    if not letters:
        return "number"
    if max(len(n) for n in letters) < LEAST_LETTERS:
        return "too_short"
    others = [e for e in index.entries([stem(n) for n in norms]) if (e.what, e.id) != (what, ref)]
    ids = {(w, i) for w, i in index.keys.get("".join(norms).upper(), ())} - {(what, ref)}
    if others or ids:
        return "known_name"
    if len(norms) == 1 and any((e.what, e.id) != (what, ref) for e in index.fuzzy(norms[0])):
        return "near_name"
    known = lexicon()
    return "floor_word" if all(_is_floor_word(n, known) for n in letters) else None


def with_example(sheet: Sheet, part: Part) -> Part:
    """A kind that the reader is unsure of, as people told it of a message like this one.

    It says nothing of the intent, nothing where the reader is sure, and nothing where there may be a danger (R15).
    """
    examples = sheet.context.plant.examples
    if not examples or part.type == "safety" or sheet.hits("safety"):
        return part
    if part.type not in (None, "other") and part.confidence >= UNSURE:
        return part
    kind = nearest(sheet.text, examples)
    if kind is None:
        return part
    return replace(part, type=kind, likely={**part.likely, kind: max(FROM_AN_EXAMPLE, part.likely.get(kind, 0.0))})


def nearest(text: str, examples: Sequence[Example]) -> ExceptionType | None:
    """The kind of the examples that share most words with a text; None where none is near or they do not agree."""
    mine = _content(text)
    best, found = 0.0, set[str]()
    for example in examples:
        theirs = _content(example.text)
        shared = mine & theirs
        near = len(shared) / len(mine | theirs) if len(shared) >= LEAST_SHARED else 0.0
        if near >= NEAR and near >= best:
            found = found | {example.type} if near == best else {example.type}
            best = near
    return found.pop() if len(found) == 1 else None  # type: ignore[return-value]  # taken from a case's own type


@lru_cache(maxsize=4096)
def _content(text: str) -> frozenset[str]:
    """The words of a message that carry it: no function words, no numbers."""
    common = {word for language in lexicon().languages.values() for word in language.function_words}
    norms = (t.norm for t in tokenize(text) if t.kind == "word")
    return frozenset(stem(n) for n in norms if len(n) >= LEAST_LETTERS and n not in common)


def _unknown_runs(sheet: Sheet) -> list[tuple[int, int]]:
    """Stretches of words that no language file and no name of the plant holds; a number behind one belongs to it."""
    known = lexicon()
    taken = {i for m in sheet.mentions for i in range(m.start, m.end)}
    taken |= {i for moment in sheet.moments for i in range(moment.start, moment.end)}
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for i, token in enumerate((*sheet.tokens, None)):
        strange = (
            token is not None and token.kind == "word" and i not in taken and not _is_floor_word(token.norm, known)
        )
        if strange and start is None:
            start = i
        if not strange and start is not None:
            number = token is not None and token.kind == "number" and i not in taken and len(token.norm) <= 2
            runs.append((start, i + 1 if number else i))
            start = None
    return [run for run in runs if len(_words(sheet, *run)) >= LEAST_LETTERS]


def _is_floor_word(norm: str, known: Lexicon) -> bool:
    """Whether any language of the floor has the word, or one so near that it is a slip of the keyboard."""
    if len(norm) == 1 or known.vocabulary.get(norm) or norm in known.units:
        return True
    if any(norm[:n] in known.stems for n in range(min(10, len(norm)), 4, -1)):
        return True
    return known.likely(norm, set(known.languages)) is not None


def _behind_an_article(sheet: Sheet, i: int) -> bool:
    before = sheet.tokens[i - 1].norm if i else ""
    articles = {a for code in sheet.languages for a in _articles(code)}
    return bool(i) and ("article_word" in sheet.spans[i - 1] or before in articles)


def _behind_a_place_word(sheet: Sheet, i: int) -> bool:
    return any("loc" in sheet.spans[j] for j in range(max(0, i - 2), i))


@lru_cache(maxsize=16)
def _articles(code: str) -> frozenset[str]:
    language = lexicon().languages.get(code)
    return language.articles if language is not None else frozenset()


def _words(sheet: Sheet, start: int, end: int) -> str:
    return " ".join(fold(t.norm) for t in sheet.tokens[start:end] if t.kind in ("word", "number"))
