"""How else people say a name of the plant: without its number or its article, a customer by the first word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from nlp.tokens import fold
from nlp.words import lexicon

_ARTICLES = frozenset(
    ["the", "der", "die", "das", "den", "dem", "el", "la", "los", "las", "o", "a", "os", "as", "le", "les"]
)

_BEFORE_A_NUMBER = ("da", "na", "do", "no", "pela", "de la", "en la", "del", "al", "en el", "von der", "an der", "am",
                    "der", "die", "du", "sur la", "de la")  # fmt: skip


def other_articles(name: str) -> Iterable[str]:
    """ "der Chinese" is "am Chinesen" as well; a number needs its article: "a catorze", "da catorze"."""
    first, _, rest = name.partition(" ")
    if fold(first) not in _ARTICLES or not rest:
        return
    numbers = {word for own in lexicon().languages.values() for word in own.numbers}
    words = [fold(word) for word in rest.split()]
    if any(word not in numbers for word in words):
        if len(words) > 1 or not lexicon().vocabulary.get(words[0]):  # "the arm": an everyday word needs its article
            yield rest
    elif len(rest.split()) == 1:
        yield from (f"{before} {rest}" for before in _BEFORE_A_NUMBER)


def shorter_names(name: str) -> Iterable[str]:
    """Other ways to say an asset's name: without its number, without what stands in brackets, the brand alone."""
    outside = re.sub(r"\(.*?\)", " ", name).strip()
    inside = re.findall(r"\((.*?)\)", name)
    yield from (part for part in (outside, *inside) if part != name)
    without_number = re.sub(r"[\s-]*(?:#|no\.?|nr\.?)?\s*\d+[A-Za-z]?\s*$", "", outside).strip()
    if without_number and without_number != outside:
        yield without_number


COLOURS = (
    "black", "white", "blue", "green", "yellow", "brown", "grey", "gray", "clear", "natural", "transparent", "negr",
    "blanc", "roj", "azul", "verd", "amarill", "marron", "gris", "pret", "branc", "vermelh", "amarel", "castanh",
    "cinza", "schwarz", "weiss", "blau", "grun", "gelb", "braun", "grau", "rote", "czarn", "bial", "niebiesk",
    "zielon", "czerwon", "zolt", "braz", "szar", "kala", "safed", "laal", "neela", "noir", "rouge", "bleu", "vert",
    "jaune", "naturel",
)  # fmt: skip

_LEGAL = frozenset({
    "ab", "ag", "and", "as", "bv", "co", "company", "corp", "corporation", "cv", "de", "e", "eireli", "epp", "gmbh",
    "gmbhco", "group", "grupo", "gruppe", "holding", "i", "inc", "kg", "limited", "llc", "ltd", "ltda", "mbh", "me",
    "nv", "ohg", "oo", "oy", "plc", "private", "pvt", "sa", "sarl", "sas", "sau", "sl", "sp", "spa", "spzoo", "srl",
    "the", "und", "y", "zo", "zoo",
})  # fmt: skip


def called_short(customers: Sequence[str]) -> Iterable[tuple[str, str]]:
    """ "Nordkap" for Nordkap Sitzsysteme GmbH: the first words that no other customer has."""
    words = {name: [w for w in re.findall(r"[^\W_]+", name) if fold(w) not in _LEGAL] for name in customers}
    first = [own[0].lower() for own in words.values() if own]
    for name, own in words.items():
        if len(own) > 1 or (own and own[0] != name):
            if len(own[0]) >= 4 and first.count(own[0].lower()) == 1:
                yield name, own[0]
            yield name, " ".join(own)
            if len(own) > 2:
                yield name, " ".join(own[:2])
