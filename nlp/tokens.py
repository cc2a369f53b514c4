"""Cuts a message into words, numbers and breaks that remember where they stood in the text as it was sent."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, NamedTuple

READ_CHARACTERS = 1_500  # of a message; what comes later is kept by the program but not read
READ_TOKENS = 160

LETTER = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u0963\u0970-\u097f])"  # vowel signs belong to their word
_TOKEN = re.compile(
    rf"(?P<span>\d{{1,2}}\s?[hH]\s?\d{{2}}(?!\d)(?!{LETTER}))"  # 2h14, 19h50
    r"|(?P<clock>\d{1,2}:\d{2}(?::\d{2})?)"
    r"|(?P<num>\d{1,3}(?:[.,'’]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?|[.,]\d+)"
    r"|(?P<area>(?:(?<=\d)|(?<=\d\s))m[23²³](?![\w²³-]))"  # 120 m2: no 120 minutes and a 2
    rf"|(?P<word>{LETTER}+(?:['’`]{LETTER}+)*)"
    r"|(?P<stop>[.!?;\n\r…।]+)"
    r"|(?P<comma>[,:()|•]|\s[-–—]+\s|[–—])"
    r"|(?P<mark>[%#°&+€$])"
    r"|(?P<other>[\U0001F000-\U0001FAFF\u2600-\u27BF])"
)
_ELISION = re.compile(r"([ldjmtsncy]|qu|jusqu|lorsqu|puisqu|quelqu|presqu)['’`](?=.)")
_CONTRACTED = {
    "it", "that", "what", "who", "let", "he", "she", "there", "where", "here", "how", "when", "everything", "nobody",
    "somebody", "something",
}  # fmt: skip
_REPEATED = re.compile(r"(.)\1{2,}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[-/_.][A-Za-z0-9]+)*")
_DIGIT = re.compile(r"\d")
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD], " ")
_DEVANAGARI_DIGITS = {0x0966 + digit: str(digit) for digit in range(10)}
_READABLE = _INVISIBLE | _DEVANAGARI_DIGITS
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_JOINED = re.compile("(?<=[\u0900-\u097f])[\u200c\u200d](?=[\u0900-\u097f])")
_STRESS = "\u0951"  # a mark that nobody types: keeps the place of a joiner within a word, and is folded away

Kind = Literal["word", "number", "clock", "stop", "comma", "mark", "emoji"]


class Token(NamedTuple):
    """One word, number or break."""

    norm: str  # folded: lower case, no accents, no apostrophes
    start: int  # offset into the text as it was sent, in characters
    end: int
    kind: Kind
    value: float | None = None  # of a number as digits
    minutes: int | None = None  # of a clock "14:10" or a span "2h14": hours * 60 + minutes
    glued: bool = False  # no space between it and the token before

    @property
    def breaks(self) -> bool:
        """Whether a clause ends here."""
        return self.kind in ("stop", "comma")


class Identifier(NamedTuple):
    """A run of characters that may be an id: letters and digits with their joints."""

    key: str  # upper case, letters and digits only
    digits: str  # its digits only
    start: int
    end: int


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """Lower case without accents, apostrophes and stretched letters: "Línea" and "linea" are one word."""
    lowered = word.lower().replace("ł", "l").replace("ß", "ss").replace("ø", "o").replace("æ", "ae").replace("œ", "oe")
    if not lowered.isascii():
        parts = unicodedata.normalize("NFKD", lowered)
        lowered = "".join(c for c in parts if not "\u0300" <= c <= "\u036f")
        if _DEVANAGARI.search(lowered):
            lowered = _one_spelling(lowered)
    return _REPEATED.sub(r"\1\1", lowered.replace("'", "").replace("’", "").replace("`", ""))


_DROPPED = re.compile("[\u093c\u0951-\u0954\u200c\u200d]")  # the dot below, stress marks, joiners
_NASAL = re.compile("ङ्(?=[कखगघ])|ञ्(?=[चछजझ])|ण्(?=[टठडढ])|न्(?=[तथदध])|म्(?=[पफबभ])")
_GLIDE = re.compile("(?<=[\u0904-\u094c])य([ेी])(?=ं?$)")
_INDEPENDENT = {"े": "ए", "ी": "ई"}


def _one_spelling(word: str) -> str:
    """Devanagari as it is typed in several ways: ख़त्म and खत्म, हाँ and हां, बन्द and बंद, गये and गए; vowel signs stay."""
    word = _DROPPED.sub("", word).replace("ँ", "ं")
    word = _NASAL.sub("ं", word)
    return _GLIDE.sub(lambda found: _INDEPENDENT[found.group(1)], word) if len(word) > 2 else word


def tokenize(text: str) -> list[Token]:
    """Tokens of a message, at most READ_TOKENS of its first READ_CHARACTERS characters; never raises."""
    readable = text[:READ_CHARACTERS]
    if not readable.isascii():
        readable = _JOINED.sub(_STRESS, readable).translate(_READABLE)
    tokens: list[Token] = []
    last_end = -1
    for match in _TOKEN.finditer(readable):
        kind, raw, start, end = match.lastgroup, match.group(), match.start(), match.end()
        glued = start == last_end
        last_end = end
        if kind == "word":
            lowered = raw.lower()
            # "j'l'ai", "qu'on": what is elided is a word of its own.
            while ("'" in lowered or "’" in lowered) and (elided := _ELISION.match(lowered)) is not None:
                cut = start + elided.end()
                tokens.append(Token(elided.group(1), start, cut, "word", glued=glued))
                raw, lowered, start, glued = raw[elided.end() :], lowered[elided.end() :], cut, True
            if lowered[-2:] in ("'s", "’s") and lowered[:-2] not in _CONTRACTED:  # "oven's running", "Bobby's walk"
                tokens.append(Token(fold(raw[:-2]) or raw, start, end, "word", glued=glued))
            else:
                tokens.append(Token(fold(raw) or raw, start, end, "word", glued=glued))
        elif kind == "area":
            tokens.append(Token(fold(raw), start, end, "word", glued=glued))
        elif kind == "num":
            tokens.append(Token(raw, start, end, "number", value=number_value(raw), glued=glued))
        elif kind in ("clock", "span"):
            hours, minutes = (int(part) for part in re.split(r"[:hH]", raw.replace(" ", ""))[:2])
            tokens.append(Token(raw, start, end, "clock", minutes=hours * 60 + minutes, glued=glued))
        elif kind == "stop":
            tokens.append(Token("?" if "?" in raw else ".", start, end, "stop"))
        elif kind == "comma":
            tokens.append(Token(",", start, end, "comma"))
        elif kind == "mark":
            tokens.append(Token(raw, start, end, "mark", glued=glued))
        else:
            tokens.append(Token(raw, start, end, "emoji"))
        if len(tokens) >= READ_TOKENS:
            break
    return tokens


def number_value(raw: str) -> float | None:
    """The value of digits with separators; a separator before exactly three digits groups thousands."""
    if len(raw) > 15:
        return None
    if re.fullmatch(r"[1-9]\d{0,2}(?:[.,'’]\d{3})+", raw):
        return float(re.sub(r"\D", "", raw))
    if re.fullmatch(r"\d{1,3}(?:[.,'’]\d{3})+[.,]\d+", raw):
        whole, fraction = re.split(r"[.,](?=\d+$)", raw)
        return float(re.sub(r"\D", "", whole) + "." + fraction)
    try:
        return float(raw.replace(",", "."))
    except ValueError:
        return None


def identifiers(text: str) -> list[Identifier]:
    """Every run that holds a digit, as a possible id; a joint at the end belongs to the sentence."""
    found: list[Identifier] = []
    readable = text[:READ_CHARACTERS]
    if _DIGIT.search(readable) is None:
        return found
    for match in _IDENTIFIER.finditer(readable if readable.isascii() else readable.translate(_DEVANAGARI_DIGITS)):
        raw = match.group()
        if len(raw) <= 40 and _DIGIT.search(raw) is not None:
            key = re.sub(r"[^A-Za-z0-9]", "", raw).upper()
            found.append(Identifier(key, re.sub(r"\D", "", raw), match.start(), match.end()))
    return found


_ENDINGS = ("ami", "ach", "ego", "emu", "ych", "ymi", "owi", "ow", "om", "ej", "es", "en", "em", "ie", "e", "n")
_VOWELS = "aeiouy"
_LONG_BEFORE_CIE = 6


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A rough stem that several languages' inflections share: "etykiety", "etykieta" and "etykiet" meet in one."""
    if len(word) < 4 or not word.isalpha():
        return word
    cut = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    for ending in _ENDINGS:
        if cut.endswith(ending) and len(cut) - len(ending) >= 3:
            cut = cut[: -len(ending)]
            if ending == "ie" and cut[-1] == "c" and len(cut) >= _LONG_BEFORE_CIE:  # "na dwukomponencie"
                return cut[:-1] + "t"
            break
    while len(cut) > 3 and cut[-1] in _VOWELS:
        cut = cut[:-1]
    return cut[:-1] + "k" if cut.endswith("c") and len(cut) > 4 else cut
