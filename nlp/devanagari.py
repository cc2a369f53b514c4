"""Writes a plant's Latin names as Hindi writers spell them, so that "फिलर 3" is Filler 3 and "विनोद" is Vinod.

Only the index of a plant whose people write Devanagari grows by these spellings; a word is found exactly or not at all,
so that no likeness of sounds links a message to the wrong machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product

MOST = 64  # spellings of one name; a name with more ways to be written is rather not written in Devanagari

_CONSONANTS: Mapping[str, tuple[str, ...]] = {
    "chh": ("छ",), "sh": ("श", "ष"), "ch": ("च",), "kh": ("ख",), "gh": ("घ",), "jh": ("झ",), "th": ("थ", "ठ"),
    "dh": ("ध", "ढ"), "ph": ("फ",), "bh": ("भ",), "k": ("क",), "g": ("ग",), "j": ("ज",), "t": ("त", "ट"),
    "d": ("द", "ड"), "n": ("न", "ण"), "p": ("प",), "f": ("फ",), "b": ("ब",), "m": ("म",), "y": ("य",), "r": ("र",),
    "l": ("ल",), "v": ("व",), "w": ("व",), "s": ("स",), "h": ("ह",), "z": ("ज",), "q": ("क",), "x": ("क्स",),
    "c": ("क",),
}  # fmt: skip
# The vowel at the beginning of a word or behind a vowel, and behind a consonant; the short "a" is not written there.
_VOWELS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aa": (("आ",), ("ा",)), "ai": (("ऐ",), ("ै",)), "au": (("औ",), ("ौ",)), "ee": (("ई",), ("ी",)),
    "oo": (("ऊ",), ("ू",)), "a": (("अ", "आ"), ("", "ा")), "i": (("इ", "ई"), ("ि", "ी")), "u": (("उ",), ("ु", "ू")),
    "e": (("ए",), ("े",)), "o": (("ओ",), ("ो",)),
}  # fmt: skip


def spellings(norms: Sequence[str], loans: Mapping[str, Sequence[str]], *, own_names: bool = False) -> list[str]:
    """Every way to write a name in Devanagari, none where a word of it is not known to be written so.

    `norms` are the name's folded words, `loans` the English words that the lexicon spells; `own_names` spells words
    that are none of these by their sounds, which fits the names of people and firms in India and not English words.
    Letters such as "VCI" stay Latin beside a word that is spelled: "VCI बैग".
    """
    if not any(norm.isalpha() and norm.isascii() for norm in norms):
        return []
    choices = [_ways(norm, loans, own_names) for norm in norms]
    if not all(choices) or all(norm in ways for norm, ways in zip(norms, choices, strict=True)):
        return []
    ways = list(islice((" ".join(way) for way in product(*choices)), MOST + 1))
    return ways if len(ways) <= MOST else []


def _ways(norm: str, loans: Mapping[str, Sequence[str]], own_name: bool) -> Sequence[str]:
    if norm.isdigit() or not norm.isascii():
        return [norm]
    known = loans.get(norm) or (_by_sound(norm) if own_name else [])
    return known or ([norm] if len(norm) <= 4 and not own_name else [])


def _by_sound(word: str) -> list[str]:
    parts: list[Sequence[str]] = []
    i, behind_consonant = 0, False
    while i < len(word):
        vowel = next((word[i : i + size] for size in (2, 1) if word[i : i + size] in _VOWELS), None)
        if vowel is not None:
            i += len(vowel)
            first, later = _VOWELS[vowel]
            last = i == len(word)
            parts.append(("ा",) if vowel == "a" and last and behind_consonant else later if behind_consonant else first)
            behind_consonant = False
            continue
        consonant = next((word[i : i + size] for size in (3, 2, 1) if word[i : i + size] in _CONSONANTS), None)
        if consonant is None:
            return []
        if behind_consonant:
            parts.append(("्", "") if i + len(consonant) < len(word) else ("्",))
        i += len(consonant)
        parts.append(_CONSONANTS[consonant])
        behind_consonant = True
    return ["".join(way) for way in islice(product(*parts), MOST + 1)]
