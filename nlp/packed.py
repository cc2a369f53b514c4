"""The lexicon as one file that opens in a moment: `make train` packs it, a start opens it instead of the word lists."""

from __future__ import annotations

import gc
import hashlib
import json
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from nlp.pattern import Patterns
from nlp.words import Built, Language, Lexicon, Near

NAME = "lexicon.npz"
_SHAPE = 1  # one more whenever what is packed changes its shape
_TRIES = ("groups", "times", "cues")


@cache
def made_from() -> str:
    """A digest of the lexicon's files; another than the pack's means that they were changed since."""
    digest = hashlib.sha256(str(_SHAPE).encode())
    folder = files("nlp") / "lexicon"
    for name in sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml")):
        text = (folder / name).read_bytes().replace(b"\r\n", b"\n")  # a checkout may have either
        digest.update(f"{name} {len(text)}\n".encode() + text)
    return digest.hexdigest()


def opened() -> Lexicon | None:
    """The packed lexicon; None where there is none, or none of these files."""
    try:
        raw = (files("nlp") / "weights" / NAME).read_bytes()
    except FileNotFoundError:
        return None
    with np.load(BytesIO(raw), allow_pickle=False) as arrays:
        if arrays["made_from"].tobytes().decode() != made_from():
            return None
        text, of = arrays["text"].tobytes(), arrays["near_words"]
        keys = np.cumsum(arrays["near_steps"], dtype=np.uint32)
    collects = gc.isenabled()
    gc.disable()  # hundreds of thousands of new lists that all stay: looking through them again and again took a second
    try:
        lexicon = _unpacked(json.loads(text), keys, of)
        gc.freeze()
    finally:
        if collects:
            gc.enable()
    return lexicon


def pack(folder: Path) -> None:
    """Read the lexicon's files and write the pack."""
    built = Built.read()
    keys, of = Near.table(built.long_words())
    np.savez_compressed(
        folder / NAME, text=np.frombuffer(_text(built), dtype=np.uint8),
        near_steps=np.diff(keys, prepend=np.uint32(0)), near_words=of,
        made_from=np.frombuffer(made_from().encode(), dtype=np.uint8),
    )  # fmt: skip


def _text(built: Built) -> bytes:
    bits = built.bits
    packed = {
        "languages": [
            [code, sorted(own.function_words), dict(own.numbers), sorted(own.articles), sorted(own.joiners)]
            for code, own in built.languages.items()
        ],
        "bits": bits,
        **{name: getattr(built, name).rows(bits) for name in _TRIES},
        "vocabulary": {word: sum(bits[code] for code in built.vocabulary[word]) for word in sorted(built.vocabulary)},
        "stems": {word: sum(bits[code] for code in built.stems[word]) for word in sorted(built.stems)},
        "loans": built.loans,
        "units": built.units,
    }
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode()


def _unpacked(packed: dict[str, Any], keys: Any, of: Any) -> Lexicon:
    bits: dict[str, int] = packed["bits"]
    spoken: dict[int, frozenset[str]] = {}

    def languages(mask: int) -> frozenset[str]:
        if mask not in spoken:
            spoken[mask] = frozenset(code for code, bit in bits.items() if mask & bit)
        return spoken[mask]

    vocabulary = {word: languages(mask) for word, mask in packed["vocabulary"].items()}
    groups, times, cues = (Patterns(**packed[name]) for name in _TRIES)
    return Lexicon(
        languages={code: Language.of(code, *rest) for code, *rest in packed["languages"]}, bits=bits,
        groups=groups, times=times, cues=cues, vocabulary=vocabulary,
        stems={word: languages(mask) for word, mask in packed["stems"].items()},
        loans={word: tuple(spelled) for word, spelled in packed["loans"].items()}, units=packed["units"],
        near=Near([word for word in vocabulary if len(word) >= 5 and word.isalpha()], keys, of),
    )  # fmt: skip
