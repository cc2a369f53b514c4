"""What a mention of something of the plant is, and what finding one needs besides the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.index import What
from nlp.numbers import Number
from nlp.pattern import Spans
from nlp.tokens import Token


@dataclass(frozen=True, slots=True)
class Mention:
    """Something of the plant that the message names, with every id that it may mean."""

    what: What
    ids: tuple[str, ...]  # one: sure; several: the context decides; none: an id that the plant does not know
    start: int  # token
    end: int
    confidence: float
    why: str
    fine: bool = False  # said to be all right
    withdrawn: bool = False  # taken back within the message: "i mean"
    suggestions: tuple[str, ...] = ()  # for an unknown or closed order: likely ones


@dataclass(frozen=True, slots=True)
class Ground:
    """What finding needs besides the index."""

    tokens: Sequence[Token]
    numbers: Sequence[Number]
    spans: Spans  # word groups
    timed: frozenset[int]  # tokens that belong to a time
    common: frozenset[str]  # words too common to be a name without an article
    known: frozenset[str]  # the lexicon's own words
    lines: tuple[str, ...] = ()  # the sender's
    compounds: bool = False  # a language that builds one word of two: "Schweißroboter", "der Roboter"
    thread_lots: tuple[str, ...] = ()
    judges: bool = False  # words of holding or deciding, or quality writes: three digits may be a lot
    plans: bool = False  # the sender's work is orders: three digits of theirs are one
