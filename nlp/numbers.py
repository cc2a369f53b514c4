"""Numbers in digits and in words, as spans over tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlp.tokens import Token
from nlp.words import Language

_SCALES = {
    "k": 1e3, "mil": 1e3, "thousand": 1e3, "tys": 1e3, "tysiac": 1e3, "tysiace": 1e3, "tysiecy": 1e3, "tysiaca": 1e3,
    "tysiaki": 1e3, "tysiakow": 1e3, "tausend": 1e3, "tsd": 1e3, "hazar": 1e3, "hazaar": 1e3, "mille": 1e3,
    "lakh": 1e5, "lac": 1e5, "lakhs": 1e5, "million": 1e6, "millon": 1e6, "millones": 1e6, "milhao": 1e6,
    "milhoes": 1e6, "milion": 1e6, "crore": 1e7,
}  # fmt: skip


# How many so many make: "three dozen", "dos docenas"; what one of them counts stands in the lexicon.
_SETS = frozenset({
    "dozen", "dozens", "dutzend", "docena", "docenas", "decena", "decenas", "duzia", "duzias", "dezena", "dezenas",
    "centena", "centenas", "tuzin", "tuziny", "tuzinow", "douzaine", "douzaines", "dizaine", "dizaines", "centaine",
    "centaines", "darjan", "darzan",
})  # fmt: skip
_POINTS = frozenset({"point", "komma", "coma", "virgula", "przecinek", "virgule"})  # "two point five"


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
        if number is not None:
            number = _so_many_sets(tokens, number, languages)
        if number is None:
            i += 1
            continue
        found.append(number)
        i = number.end
    return found


def _so_many_sets(tokens: Sequence[Token], number: Number, languages: Sequence[Language]) -> Number:
    """The number with the dozens behind it counted."""
    i = number.end
    if i >= len(tokens) or tokens[i].norm not in _SETS or number.article:
        return number
    each = next((own.numbers[tokens[i].norm] for own in languages if tokens[i].norm in own.numbers), None)
    return number if each is None else Number(number.start, i + 1, number.value * each, words=number.words)


def _digits(tokens: Sequence[Token], i: int) -> Number | None:
    token = tokens[i]
    if token.kind != "number" or token.value is None:
        return None
    after = tokens[i + 1] if i + 1 < len(tokens) else None
    if after is not None and after.kind == "word" and after.norm in _SCALES and (after.glued or after.norm != "k"):
        more = _digits(tokens, i + 2) if i + 2 < len(tokens) else None
        value = token.value * _SCALES[after.norm]
        if more is not None and more.end - more.start == 2 and more.value < _SCALES[after.norm]:  # "3 lakh 60 hazar"
            return Number(i, more.end, value + more.value)
        return Number(i, i + 2, value)
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


_STEMS = frozenset(  # of Hindi verbs
    [
        "kar",
        "karwa",
        "karva",
        "bhej",
        "chhod",
        "chod",
        "chhor",
        "de",
        "rok",
        "hata",
        "laga",
        "lagwa",
        "nikal",
        "nikaal",
        "phenk",
        "fenk",
        "fek",
        "phek",
        "bata",
        "bhar",
        "la",
        "badal",
        "badalwa",
        "rakh",
        "rakhwa",
        "khol",
        "jane",
        "jaane",
        "hone",
        "aane",
        "likh",
        "dekh",
        "band",
        "bula",
        "bulwa",
        "bhijwa",
        "pakad",
        "phod",
        "tod",
        "le",
        "ruk",
        "chala",
        "chalu",
        "chhodh",
        "dilwa",
    ]
)


_DEVANAGARI_STEMS = frozenset(
    [
     "कर", "करवा", "भेज", "छोड", "दे", "रोक", "हटा", "लगा", "लगवा", "निकाल", "फेंक", "फेक",
     "बता", "भर", "ला", "बदल", "बदलवा", "रख", "रखवा", "खोल", "जाने", "होने", "आने", "रहने",
     "लिख", "देख", "बंद", "बुला", "भिजवा", "पकड", "तोड", "ले", "रुक", "चला", "चालू", "दिलवा",
     "मंगवा", "मंगा", "डाल", "पहुंचा", "लौटा", "कटवा", "जोड", "सौंप", "गला",
    ]
)  # fmt: skip


def _asks_for_it(tokens: Sequence[Token], i: int) -> bool:
    """Hindi "do": two, or what makes a request of the verb before it: "bhej do"."""
    if tokens[i].norm == "दो":
        return i > 0 and tokens[i - 1].norm in _DEVANAGARI_STEMS
    if tokens[i].norm != "do":
        return False
    last = i + 1 >= len(tokens) or tokens[i + 1].breaks
    return i > 0 and (last or tokens[i - 1].norm in _STEMS) and tokens[i - 1].kind == "word"


def _words(tokens: Sequence[Token], i: int, languages: Sequence[Language]) -> Number | None:
    if tokens[i].kind != "word" or _asks_for_it(tokens, i):
        return None
    best: Number | None = None
    for language in languages:
        read = _read_words(tokens, i, language)
        if read is not None and (best is None or read.end > best.end):
            best = read
    return best


def _number_word(tokens: Sequence[Token], i: int, language: Language) -> tuple[float, int] | None:
    """The value of the longest number that the lexicon knows at a place, and where it ends."""
    if tokens[i].kind != "word":
        return None
    for count in range(min(language.longest_number, len(tokens) - i), 1, -1):
        value = language.numbers.get(" ".join(token.norm for token in tokens[i : i + count]))
        if value is not None:
            return value, i + count
    value = language.numbers.get(tokens[i].norm)
    return None if value is None else (value, i + 1)


def _read_words(tokens: Sequence[Token], i: int, language: Language) -> Number | None:
    first = tokens[i].norm
    begun = _number_word(tokens, i, language)
    if begun is None:
        return Number(i, i + 1, 1.0, words=True, article=True) if first in language.articles else None
    total, current, smallest, j = 0.0, begun[0], begun[0], begun[1]
    if current >= 1000:
        total, current, smallest = current, 0.0, 1000.0
    while j < len(tokens) and total < 1e9:
        k = j + 1 if tokens[j].norm in language.joiners and j + 1 < len(tokens) else j
        following = _number_word(tokens, k, language)
        if following is None:
            break
        value, after = following
        if value >= 1000:
            total, current, smallest = (total + (current or 1)) * value, 0.0, value
        elif value == 100 and 1 <= current < 100:  # "twelve hundred"
            current, smallest = current * 100, 100.0
        elif (value < 10 and smallest >= 20) or value < 100 <= smallest or value < 1000 <= smallest:
            current, smallest = current + value, value
        else:
            break
        j = after
    article = first in language.articles and j == i + 1
    said = Number(i, j, total + current, words=True, article=article)
    return _with_decimals(tokens, said, language) if j + 1 < len(tokens) and tokens[j].norm in _POINTS else said


def _with_decimals(tokens: Sequence[Token], whole: Number, language: Language) -> Number:
    """ "two point five", "dwa przecinek dwadzieścia pięć": what stands behind the point, digit by digit or as one."""
    digits, i = "", whole.end + 1
    while i < len(tokens) and len(digits) < 3 and (following := _number_word(tokens, i, language)) is not None:
        value, after = following
        if value != int(value) or value >= 100:
            break
        tens = digits.endswith("0") and value < 10 and len(digits) == 2
        digits = digits[:-1] + f"{value:.0f}" if tens else digits + f"{value:.0f}"
        i = after
    return whole if not digits else Number(whole.start, i, whole.value + float(f"0.{digits}"), words=True)
