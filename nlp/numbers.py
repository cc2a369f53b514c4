"""Numbers in digits and in words, as spans over tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.tokens import Token
from nlp.words import Language

_SCALES = {"k": 1000.0, "mil": 1000.0, "thousand": 1000.0, "tys": 1000.0, "tausend": 1000.0, "hazar": 1000.0}


@dataclass(frozen=True, slots=True)
class Number:
    """A number over one or more tokens."""

    start: int  # token
    end: int
    value: float
    words: bool = False  # written in words
    article: bool = False  # a word that may be a mere article


def find_numbers(tokens: Sequence[Token], languages: Sequence[Language]) -> list[Number]:
    """Every number of a message, longest first at each place, in the order of the text."""
    found: list[Number] = []
    i = 0
    while i < len(tokens):
        number = _digits(tokens, i) or _words(tokens, i, languages)
        if number is None:
            i += 1
            continue
        found.append(number)
        i = number.end
    return found


def _digits(tokens: Sequence[Token], i: int) -> Number | None:
    token = tokens[i]
    if token.kind != "number" or token.value is None:
        return None
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    if after is not None and after.kind == "word" and after.norm in _SCALES and (after.glued or after.norm != "k"):
        return Number(i, i + 2, token.value * _SCALES[after.norm])
    if (
        after is not None
        and after.kind == "number"
        and not after.glued
        and len(after.norm) == 3
        and after.norm.isdigit()
        and token.norm.isdigit()
        and len(token.norm) <= 3
        and token.norm[0] != "0"
        and after.start == token.end + 1
    ):
        return Number(i, i + 2, token.value * 1000 + (after.value or 0))
    return Number(i, i + 1, token.value)


def _words(tokens: Sequence[Token], i: int, languages: Sequence[Language]) -> Number | None:
    if tokens[i].kind != "word":
        return None
    best: Number | None = None
    for language in languages:
        read = _read_words(tokens, i, language)
        if read is not None and (best is None or read.end > best.end):
            best = read
    return best


def _read_words(tokens: Sequence[Token], i: int, language: Language) -> Number | None:
    numbers = language.numbers
    first = tokens[i].norm
    if first not in numbers:
        return Number(i, i + 1, 1.0, words=True, article=True) if first in language.articles else None
    total, current, smallest, j = 0.0, numbers[first], numbers[first], i + 1
    if current >= 1000:
        total, current, smallest = current, 0.0, 1000.0
    while j < len(tokens) and total < 1e9:
        k = j + 1 if tokens[j].norm in language.joiners and j + 1 < len(tokens) else j
        value = numbers.get(tokens[k].norm) if tokens[k].kind == "word" else None
        if value is None:
            break
        if value >= 1000:
            total, current, smallest = (total + (current or 1)) * value, 0.0, value
        elif value == 100 and 1 <= current < 10:
            current, smallest = current * 100, 100.0
        elif (value < 10 and smallest >= 20) or value < 100 <= smallest:
            current, smallest = current + value, value
        else:
            break
        j = k + 1
    article = first in language.articles and j == i + 1
    return Number(i, j, total + current, words=True, article=article)
