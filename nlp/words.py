"""Loads the lexicon files into the tries that every message is matched against."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from nlp.pattern import Cue, PatternError, Trie
from nlp.tokens import LETTER, fold

COMMON = "common"
# The same safe loader in C, where PyYAML has it: ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TRIES = ("clock", "duration")
_WORD = re.compile(rf"(?<![<{{*\w]){LETTER}+(?![\w*>}}])")
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


@dataclass
class Lexicon:
    """Everything that the reader knows before it sees a plant."""

    languages: dict[str, Language] = field(default_factory=dict)
    groups: Trie = field(default_factory=Trie)
    times: Trie = field(default_factory=Trie)
    cues: Trie = field(default_factory=Trie)
    vocabulary: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # word -> languages
    weights: dict[str, dict[str, float]] = field(default_factory=dict)  # cue name -> vote -> weight
    stems: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # beginning of a word -> languages
    loans: dict[str, tuple[str, ...]] = field(default_factory=dict)  # English word -> how another script spells it
    units: dict[str, str] = field(default_factory=dict)  # "caja" -> "cs": every unit word of every language
    near: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # word less a letter -> words

    def likely(self, word: str, active: set[str]) -> str | None:
        """The lexicon's word that an unknown word of five letters or more probably is; None where unsure."""
        if not 5 <= len(word) <= 24 or not word.isalpha() or word in self.vocabulary:
            return None
        close: set[str] = set()
        for variant in (word, *_less_a_letter(word)):
            close |= self.near.get(variant, set())
        fit = [w for w in close if w[0] == word[0] and abs(len(w) - len(word)) <= 1 and self.vocabulary[w] & active]
        return min(fit, key=lambda w: (abs(len(w) - len(word)), w)) if fit and len(fit) <= 4 else None


@cache
def lexicon() -> Lexicon:
    """The lexicon of all languages that have a file; built once."""
    built = Lexicon()
    folder = files("nlp") / "lexicon"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    for name in names:
        raw = yaml.load((folder / name).read_text("utf-8"), Loader=_LOADER)  # noqa: S506
        _add(built, name.removesuffix(".yaml"), raw)
    for word in [*built.vocabulary]:
        if len(word) >= 5 and word.isalpha():
            for variant in (word, *_less_a_letter(word)):
                built.near[variant].add(word)
    return built


def _add(built: Lexicon, code: str, raw: Mapping[str, Any]) -> None:
    numbers = {" ".join(map(fold, str(words).split())): float(n) for words, n in (raw.get("numbers") or {}).items()}
    compounds = raw.get("number_compounds") or {}
    numbers |= {
        fold(f"{unit}{compounds['joiner']}{ten}"): numbers[fold(unit)] + numbers[fold(ten)]
        for unit in compounds.get("units", ())
        for ten in compounds.get("tens", ())
    }
    if code != COMMON:
        built.languages[code] = Language(
            code=code,
            function_words=frozenset(fold(word) for word in str(raw.get("function_words", "")).split()),
            numbers=numbers,
            articles=frozenset(fold(word) for word in str(raw.get("articles", "")).split()),
            joiners=frozenset(fold(word) for word in str(raw.get("number_joiners", "")).split()),
            longest_number=max((len(words.split()) for words in numbers), default=1),
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
    for name, votes in (raw.get("weights") or {}).items():
        built.weights[str(name)] = {str(vote): float(weight) for vote, weight in votes.items()}


def _add_patterns(built: Lexicon, trie: Trie, code: str, name: str, entries: object) -> None:
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
