"""What is spoken into a telephone: marks said as words, ids spelled letter by letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nlp.index import PlantIndex
from nlp.naming import Ground, Mention
from nlp.tokens import Token

_COMMAS = frozenset({"komma", "coma", "virgula", "przecinek", "virgule", "comma"})
_STOPS = frozenset({"punkt", "punto", "ponto", "kropka", "point", "period"})
_SHORTEST = 8  # tokens; in fewer nobody says where a sentence ends
_LETTERS: Mapping[str, str] = {
    "be": "B", "ce": "C", "de": "D", "efe": "F", "ge": "G", "ache": "H", "aga": "H", "hache": "H", "jota": "J",
    "ka": "K", "ca": "K", "ele": "L", "eme": "M", "ene": "N", "pe": "P", "cu": "Q", "que": "Q", "erre": "R", "ere": "R",
    "ese": "S", "esse": "S", "te": "T", "ve": "V", "uve": "V", "equis": "X", "xis": "X", "zeta": "Z", "ze": "Z",
    "ypsilon": "Y", "zet": "Z", "igrek": "Y", "zed": "Z", "zee": "Z", "bee": "B", "cee": "C", "dee": "D", "gee": "G",
    "pee": "P", "tee": "T", "vee": "V", "ha": "H", "el": "L", "em": "M", "en": "N", "er": "R", "es": "S", "ef": "F",
}  # fmt: skip
_DASHES = frozenset({"guion", "dash", "hyphen", "strich", "bindestrich", "minus", "hifen", "traco", "kreska", "myslnik",
                     "tiret", "slash", "stroke"})  # fmt: skip


def with_spoken_marks(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, with "Komma" and "Punkt" as what they stand for, in a text that has no marks of its own.

    "zwei Komma fünf" between numbers in words stays; a text that says one mark only, in its midst, is not dictated.
    """
    said = [i for i, token in enumerate(tokens) if token.norm in _COMMAS | _STOPS]
    marked = any(token.breaks for token in tokens)
    if marked or len(tokens) < _SHORTEST or not said or (len(said) < 2 and said[0] != len(tokens) - 1):
        return list(tokens)
    commas = sum(tokens[i].norm in _COMMAS for i in said)
    if not commas and len(said) < 2 and tokens[said[0]].norm not in _STOPS:
        return list(tokens)
    return [
        token if i not in said else token._replace(kind="comma" if token.norm in _COMMAS else "stop",
                                                   norm="," if token.norm in _COMMAS else ".")
        for i, token in enumerate(tokens)
    ]  # fmt: skip


def spelled_ids(index: PlantIndex, ground: Ground) -> Iterator[Mention]:
    """ "ese pe cuarenta y cuatro diez": an id of the plant, where letters and numbers make exactly one."""
    number_at = {n.start: n for n in ground.numbers if not n.article and n.value == int(n.value)}
    i = 0
    while i < len(ground.tokens):
        key, at, letters, spoken = "", i, 0, False
        while at < len(ground.tokens) and not ground.tokens[at].breaks:
            token = ground.tokens[at]
            if at in number_at and key:
                digits = token.norm if token.kind == "number" else f"{number_at[at].value:.0f}"
                key, at = key + digits, number_at[at].end
            elif len(token.norm) == 1 and token.kind == "word" and not any(c.isdigit() for c in key):
                key, at, letters = key + token.norm.upper(), at + 1, letters + 1
            elif token.norm in _LETTERS and not any(c.isdigit() for c in key):
                key, at, letters, spoken = key + _LETTERS[token.norm], at + 1, letters + 1, True
            elif token.norm in _DASHES and key:
                at, spoken = at + 1, True
            else:
                break
        found = index.keys.get(key, ()) if letters and any(c.isdigit() for c in key) else ()
        if len(found) == 1 and (spoken or letters > 1):
            what, id_ = found[0]
            yield Mention(what, (id_,), i, at, 0.9, f"{what} {id_}, spelled")
            i = at
        elif letters == 1 and at - i == 2 and i + 1 in number_at and number_at[i + 1].words:
            named = index.entries((key[0].lower(), key[1:]))  # "M einundzwanzig"
            ids = tuple(dict.fromkeys(e.id for e in named if e.what == "asset"))
            if len(ids) == 1:
                yield Mention("asset", ids, i, at, 0.9, f"asset {key}, spoken")
            i = at
        else:
            i += 1
