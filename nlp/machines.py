"""What words say of machines: what they are called by the work that they do, what they work on, in all languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from nlp.index import PlantIndex
from nlp.our_yaml import our_yaml
from nlp.tokens import fold, tokenize

NOTHING: frozenset[str] = frozenset()


class Sense(NamedTuple):
    """What one word says of machines."""

    names: frozenset[str] = NOTHING  # kinds of machines that are called so
    does: frozenset[str] = NOTHING  # kinds of work
    things: frozenset[str] = NOTHING  # what is worked on
    head: bool = False  # "machine", "thing": of any kind


@dataclass(frozen=True, slots=True)
class Words:
    """The lists of `machines.yaml`, for looking up."""

    whole: Mapping[str, tuple[tuple[str, str], ...]]  # word -> (role, kind)
    begins: Mapping[str, tuple[tuple[str, str], ...]]
    handles: Mapping[str, frozenset[str]]  # kind of work -> things
    opens: frozenset[tuple[str, ...]]
    places: frozenset[tuple[str, ...]]
    makes: frozenset[str]
    joins: frozenset[str]


@cache
def machine_words() -> Words:
    """Read once; the format stands in the file."""
    raw: Mapping[str, Any] = our_yaml((files("nlp") / "machines.yaml").read_text("utf-8"))
    whole: dict[str, list[tuple[str, str]]] = {}
    begins: dict[str, list[tuple[str, str]]] = {}

    def take(words: str, role: str, kind: str) -> None:
        for word in words.split():
            exact = word.endswith("=")
            folded = fold(word.rstrip("="))
            into = whole if exact or len(folded) < 4 else begins
            into.setdefault(folded, []).append((role, kind))

    for kind, languages in raw["does"].items():
        for language, said in languages.items():
            if language != "of":
                names, _, does = said.partition("/")
                take(names, "names", kind)
                take(does, "does", kind)
    for thing, languages in raw["things"].items():
        for said in languages.values():
            take(said, "things", thing)
    for said in raw["head"].values():
        take(said, "head", "")

    def phrases(name: str) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(fold(phrase).split()) for said in raw[name].values() for phrase in said.split(";"))

    def single(name: str) -> frozenset[str]:
        return frozenset(fold(word) for said in raw[name].values() for word in said.split())

    return Words(
        {word: tuple(senses) for word, senses in whole.items()}, {word: tuple(s) for word, s in begins.items()},
        {kind: frozenset(languages.get("of", "").split()) for kind, languages in raw["does"].items()},
        phrases("opens"), phrases("places"),
        single("makes"), single("joins"),
    )  # fmt: skip


@lru_cache(maxsize=20_000)
def sense(word: str, compound: bool = False) -> Sense:
    """What a folded word says: as a whole, by how it begins, or, in a compound, by how its last part does."""
    words = machine_words()
    found = [*words.whole.get(word, ()), *_beginning(word, words)]
    if compound and len(word) >= 9:
        for cut in range(3, len(word) - 4):
            found += _beginning(word[cut:], words, 5)
    if not found:
        return NO_SENSE
    of = {role: frozenset(kind for r, kind in found if r == role) for role in ("names", "does", "things")}
    return Sense(of["names"], of["does"], of["things"], any(role == "head" for role, _ in found))


NO_SENSE = Sense()


def _beginning(word: str, words: Words, least: int = 4) -> Iterable[tuple[str, str]]:
    """The senses of the longest beginning that is known."""
    for length in range(len(word), least - 1, -1):
        senses = words.begins.get(word[:length])
        if senses is not None:
            return senses
    return ()


def profile(index: PlantIndex, asset: str) -> Sense:
    """What an asset's names say that it does, and to what; kept with the plant's index."""
    known = index.profiles.get(asset)
    if known is None:
        names: set[str] = set()
        does: set[str] = set()
        things: set[str] = set()
        of = index.plant.asset[asset]
        for name in (of.name, *of.aliases):
            for token in tokenize(name):
                one = sense(token.norm, compound=True)
                names |= one.names
                does |= one.names | one.does
                things |= one.things
        for kind in names:
            things |= machine_words().handles[kind]
        known = index.profiles[asset] = Sense(frozenset(names), frozenset(does), frozenset(things))
    return known
