"""What was learnt from labelled messages: a second voice beside the lexicon's for intent and kind, never alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from nlp.features import SIZE, context_name, hashed, words
from nlp.sheet import Sheet

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Weights:
    """Arrays that `make train` wrote: one row a feature, one column an intent or a kind."""

    intents: Floats  # (SIZE, 10)
    kinds: Floats  # (SIZE, 9)
    intent_bias: Floats
    kind_bias: Floats
    blend: Mapping[str, Floats]  # of the lexicon's votes and these, see `nlp/blend.py`
    manifest: Mapping[str, object]


@cache
def weights() -> Weights | None:
    """The shipped weights; None where the program runs without them."""
    folder = files("nlp") / "weights"
    try:
        raw, manifest = (folder / "votes.npz").read_bytes(), (folder / "manifest.json").read_text("utf-8")
    except FileNotFoundError:
        return None
    with np.load(BytesIO(raw), allow_pickle=False) as arrays:
        got = {name: arrays[name].astype(np.float32) for name in arrays.files}
    return Weights(
        intents=_dense(got, "intents"), kinds=_dense(got, "kinds"),
        intent_bias=got["intent_bias"], kind_bias=got["kind_bias"],
        blend={name.removeprefix("blend."): value for name, value in got.items() if name.startswith("blend.")},
        manifest=json.loads(manifest),
    )  # fmt: skip


def intent_logits(sheet: Sheet, with_: Weights) -> Floats:
    """How much the whole message looks like each intent; log-odds in the order of INTENTS."""
    rows = hashed(words(sheet), context_name(sheet))
    out: Floats = (
        with_.intents.take(rows, axis=0).sum(axis=0) / np.float32(max(1, len(rows)) ** 0.5) + with_.intent_bias
    )
    return out


def kind_logits(sheet: Sheet, parts: Sequence[Sequence[tuple[int, int]]], with_: Weights) -> Floats:
    """How much each part looks like each kind of exception: a row a part, log-odds in the order of EXCEPTION_TYPES."""
    key = id(with_.kinds)
    of_message = sheet.kept.get(key)
    if of_message is None:
        of_message = sheet.kept[key] = with_.kinds.take(sheet.marks.each, axis=0)
    held = sheet.marks.held(parts).astype(np.float32)
    much = np.sqrt(np.maximum(held.sum(axis=1, keepdims=True), 1.0))
    out: Floats = held @ of_message / much + with_.kind_bias
    return out


def _dense(got: Mapping[str, Floats], name: str) -> Floats:
    table: Floats = np.zeros((SIZE, got[name].shape[1]), dtype=np.float32)
    table[got["rows"].astype(np.int64)] = got[name]
    return table
