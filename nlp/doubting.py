"""Learns how far a reading may be trusted, from readings of authors whom the votes behind them never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.linear_model import LogisticRegression

from nlp import doubt
from nlp.evaluate import acted_rightly
from nlp.learnt import Floats, Weights
from nlp.reader import LocalReader
from workflow.reading import Reading

if TYPE_CHECKING:
    from nlp.train import Example


@dataclass(frozen=True)
class Judged:
    """A labelled message as a reader took it that never saw its author: what was weighed, and what was right."""

    author: str
    row: Floats
    right: tuple[bool, bool, bool]  # intent, kinds, links
    reading: Reading


def judged(found: Sequence[Example], readers: Mapping[str, Weights]) -> list[Judged]:
    """Every message that is labelled in full, read with votes that never saw its author."""
    out: list[Judged] = []
    for author, known in readers.items():
        reader = LocalReader(known)
        for e in found:
            if e.author == author and e.case is not None:
                e.sheet.kept.clear()  # what other votes made of it
                reading, row = reader.weighed(e.sheet)
                if row is not None:
                    out.append(Judged(author, row, acted_rightly(e.case, reading, e.sheet.context.plant), reading))
    return out


def learn(found: Sequence[Judged]) -> dict[str, Floats]:
    """How sure a reading may be (`nlp/doubt.py`): a column each of its FIELDS."""
    rows = np.stack([one.row for one in found]).astype(np.float64)
    middle, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-3)
    right = np.asarray([(all(one.right), *one.right) for one in found])
    report = np.asarray([one.reading.intent == "report" for one in found])
    columns: list[Floats] = []
    biases: list[float] = []
    for at, name in enumerate(doubt.FIELDS):
        of_these = report & right[:, 1] if name in ("type", "links") else np.full(len(found), fill_value=True)
        model = LogisticRegression(C=0.01, max_iter=2000)
        model.fit((rows[of_these] - middle) / spread, right[of_these, at])
        weights_of = model.coef_[0] / spread
        columns.append(weights_of)
        biases.append(float(model.intercept_[0] - middle @ weights_of))
    return {"doubt": np.stack(columns, axis=1).astype(np.float32), "doubt_bias": np.asarray(biases, dtype=np.float32)}
