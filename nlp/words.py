"""What the lexicon files say, in the shape that every message is matched against."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from nlp.our_yaml import our_yaml
from nlp.pattern import Cue, PatternError, Patterns
from nlp.tokens import LETTER, fold
from nlp.trie import Trie

COMMON = "common"
_TRIES = ("clock", "duration")
_WORD = re.compile(rf"(?<![<{{*\w]){LETTER}+(?![\w*>}}])")
_SWALLOWED = re.compile(r"(\w{2,})a(os?)")  # the d that half of Spain does not say
_ALL_LETTERS = re.compile(rf"{LETTER}+")
_STEM = re.compile(rf"({LETTER}{{5,}})\*")


@dataclass(frozen=True, slots=True)
class Language:
    """What one language brings besides its patterns."""

    code: str
    function_words: frozenset[str]
    numbers: Mapping[str, float]  # of one word, or of several with a space: "quatre vingt dix"
    articles: frozenset[str]  # words for one that are articles as well
    joiners: frozenset[str]  # "thirty and five"
    longest_number: int = 1  # words of the longest key of `numbers`

    @classmethod
    def of(
        cls, code: str, function_words: Iterable[str], numbers: Mapping[str, float], articles: Iterable[str],
        joiners: Iterable[str],
    ) -> Language:  # fmt: skip
        """From words that are folded already."""
        longest = max((len(words.split()) for words in numbers), default=1)
        return cls(code, frozenset(function_words), numbers, frozenset(articles), frozenset(joiners), longest)


@dataclass(frozen=True)
class Lexicon:
    """Everything that the reader knows before it sees a plant."""

    languages: Mapping[str, Language]
    bits: Mapping[str, int]  # of each language, the common patterns among them
    groups: Patterns
    times: Patterns
    cues: Patterns
    vocabulary: Mapping[str, frozenset[str]]  # word -> languages
    stems: Mapping[str, frozenset[str]]  # beginning of a word -> languages
    loans: Mapping[str, tuple[str, ...]]  # English word -> how another script spells it
    units: Mapping[str, str]  # "caja" -> "cs": every unit word of every language
    near: Near

    @cached_property
    def _common(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}

    def function_words(self, languages: tuple[str, ...]) -> frozenset[str]:
        """The words of some languages that are too common to name anything."""
        found = self._common.get(languages)
        if found is None:  # of the few sets of languages that a plant writes
            found = frozenset(word for code in languages for word in self.languages[code].function_words)
            self._common[languages] = found
        return found

    def begins(self, word: str) -> frozenset[str]:
        """The languages of the longest stem that a word begins with."""
        for length in range(min(10, len(word)), 4, -1):
            if (spoken := self.stems.get(word[:length])) is not None:
                return spoken
        return frozenset()

    def likely(self, word: str, active: set[str]) -> str | None:
        """The lexicon's word that an unknown word of five letters or more probably is; None where unsure."""
        if not 5 <= len(word) <= 24 or not word.isalpha() or word in self.vocabulary:
            return None
        if "es" in active and (swallowed := _SWALLOWED.fullmatch(word)) is not None:
            spoken = f"{swallowed[1]}ad{swallowed[2]}"  # "estamos paraos"
            if "es" in self.vocabulary.get(spoken, frozenset()):
                return spoken
        close = self.near.words(word)
        fit = [w for w in close if w[0] == word[0] and abs(len(w) - len(word)) <= 1 and self.vocabulary[w] & active]
        return min(fit, key=lambda w: (abs(len(w) - len(word)), w)) if fit and len(fit) <= 4 else None


class Near:
    """Which words are a letter away from another: by what is left when one letter is taken from either."""

    def __init__(self, words: Sequence[str], keys: NDArray[np.uint32], of: NDArray[np.uint32]) -> None:
        self._words, self._keys, self._of = words, keys, of
        self.words = lru_cache(maxsize=20_000)(self._near)  # the plant's own words come again and again

    @staticmethod
    def table(words: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Sorted digests of every word and of what is left of it, and the word of each."""
        pairs = sorted({(_digest(left), i) for i, word in enumerate(words) for left in (word, *_less_a_letter(word))})
        columns = np.asarray(pairs, dtype=np.uint32).reshape(-1, 2)
        return columns[:, 0].copy(), columns[:, 1].copy()

    def _near(self, word: str) -> frozenset[str]:
        """The words that share a spelling with this one once a letter is taken from either."""
        own = {word, *_less_a_letter(word)}
        digests = np.asarray([_digest(left) for left in own], dtype=np.uint32)
        first, last = np.searchsorted(self._keys, digests, "left"), np.searchsorted(self._keys, digests, "right")
        found = {self._words[i] for a, b in zip(first, last, strict=True) if a < b for i in self._of[a:b]}
        return frozenset(other for other in found if not own.isdisjoint((other, *_less_a_letter(other))))


def _digest(spelling: str) -> int:
    return crc32(spelling.encode())


@cache
def lexicon() -> Lexicon:
    """The lexicon of all languages that have a file: as `make train` packed it, else read from the files."""
    from nlp.packed import opened  # it needs the shapes above

    return opened() or from_files()


def from_files() -> Lexicon:
    """The lexicon read from its files: seconds; once where they were changed since `make train`."""
    return Built.read().lexicon()


@dataclass
class Built:
    """The lexicon while its files are read."""

    languages: dict[str, Language] = field(default_factory=dict)
    groups: Trie = field(default_factory=Trie)
    times: Trie = field(default_factory=Trie)
    cues: Trie = field(default_factory=Trie)
    vocabulary: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stems: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    loans: dict[str, tuple[str, ...]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Built:
        """Every language that has a file."""
        built = cls()
        folder = files("nlp") / "lexicon"
        for name in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml")):
            raw = our_yaml((folder / name).read_text("utf-8"))
            _add(built, name.removesuffix(".yaml"), raw)
        return built

    @property
    def bits(self) -> dict[str, int]:
        """A bit for each language."""
        return {code: 1 << i for i, code in enumerate((COMMON, *self.languages))}

    def long_words(self) -> list[str]:
        """The words that a misspelling may mean."""
        return sorted(word for word in self.vocabulary if len(word) >= 5 and word.isalpha())

    def lexicon(self) -> Lexicon:
        """In the shape that reading uses."""
        words = self.long_words()
        return Lexicon(
            languages=self.languages, bits=self.bits, groups=self.groups.patterns(self.bits),
            times=self.times.patterns(self.bits), cues=self.cues.patterns(self.bits),
            vocabulary={word: frozenset(codes) for word, codes in self.vocabulary.items()},
            stems={word: frozenset(codes) for word, codes in self.stems.items()},
            loans=self.loans, units=self.units, near=Near(words, *Near.table(words)),
        )  # fmt: skip


def _add(built: Built, code: str, raw: Mapping[str, Any]) -> None:
    numbers = {" ".join(map(fold, str(words).split())): float(n) for words, n in (raw.get("numbers") or {}).items()}
    compounds = raw.get("number_compounds") or {}
    numbers |= {
        fold(f"{unit}{compounds['joiner']}{ten}"): numbers[fold(unit)] + numbers[fold(ten)]
        for unit in compounds.get("units", ())
        for ten in compounds.get("tens", ())
    }
    if code != COMMON:
        built.languages[code] = Language.of(
            code, _words(raw, "function_words"), numbers, _words(raw, "articles"), _words(raw, "number_joiners")
        )
        for word in (*built.languages[code].function_words, *(part for words in numbers for part in words.split())):
            built.vocabulary[word].add(code)
    for group, entries in (raw.get("groups") or {}).items():
        _add_patterns(built, built.groups, code, str(group), entries)
        if str(group).startswith("uom_"):
            for word in re.split(r"[;\n]", str(entries or "")):
                if _ALL_LETTERS.fullmatch(word.strip()):
                    built.units.setdefault(fold(word.strip()), str(group).removeprefix("uom_"))
    for name in _TRIES:
        for pattern, value in (raw.get(name) or {}).items():
            built.times.add(_folded(str(pattern)), Cue(name, code, str(pattern), str(value)))
    for name, entries in (raw.get("cues") or {}).items():
        _add_patterns(built, built.cues, code, str(name), entries)
    for word, spelled in (raw.get("loans") or {}).items():
        built.loans[fold(str(word))] = tuple(map(str, spelled))


def _words(raw: Mapping[str, Any], name: str) -> list[str]:
    return [fold(word) for word in str(raw.get(name, "")).split()]


def _add_patterns(built: Built, trie: Trie, code: str, name: str, entries: object) -> None:
    rows = entries if isinstance(entries, list) else re.split(r"[;\n]", str(entries or ""))
    for row in rows:
        pattern = str(row).strip()
        if not pattern:
            continue
        try:
            for spelled in dict.fromkeys((pattern, _without_umlauts(pattern))):
                trie.add(_folded(spelled), Cue(name, code, pattern))
        except PatternError as error:
            raise PatternError(f"nlp/lexicon/{code}.yaml, {name}: {error}") from error
        if code != COMMON:
            for beginning in _STEM.findall(_folded(pattern)):
                built.stems[beginning].add(code)
            for word in _WORD.findall(_folded(pattern).replace("_", " ")):
                built.vocabulary[word].add(code)


def _without_umlauts(pattern: str) -> str:
    """ "Störung" is as often typed "Stoerung"; folding alone would make it "Storung"."""
    return (
        pattern.lower().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
        if re.search("[äöüÄÖÜ]", pattern)
        else pattern
    )


def _folded(pattern: str) -> str:
    """A pattern with its words folded as tokens are; the marks of the pattern language stay."""
    return " ".join(
        element if element[0] in "<{" or set(element) == {"."} else fold(element) for element in pattern.split()
    )


def _less_a_letter(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(1, len(word))]
