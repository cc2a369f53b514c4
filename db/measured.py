"""The four figures of a period with every case behind each, counted from the rows that stay in memory (R1, R57)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.figure_rows import NONE, Rows, Which, read, us
from db.figures import spread
from workflow.metrics import Metrics, Rate, Spread


def measured(tx: Connection, which: Which, shifts: Sequence[tuple[str, datetime, datetime]]) -> Metrics:
    """What `workflow.metrics.metrics` counts of the cases themselves; `shifts`: those of the period, by their begin."""
    rows = read(tx, which)
    passed, numbers = rows.ints("passed"), rows.cases()
    solved, yes = passed != NONE, passed == 1
    n = int(solved.sum())
    return Metrics(
        start=which.since,
        end=which.until,
        cases=tuple(numbers.tolist()),
        resolution_min=_spread(rows, "resolution_us"),
        alignment_min=_spread(rows, "alignment_us"),
        posting_lag_min=_spread(rows, "posting_lag_us"),
        first_pass=Rate(
            int(yes.sum()) / n if n else None, tuple(numbers[yes].tolist()), tuple(numbers[solved].tolist())
        ),
        open=tuple(numbers[rows.ints("open") == 1].tolist()),
        by_type=_counted(*rows.keys("type"), ""),
        by_line=_counted(*rows.keys("line"), "-"),
        by_shift=_counted(*_by_shift(rows, shifts), None),
    )


def _spread(rows: Rows, name: str) -> Spread:
    values = rows.ints(name)
    known = values != NONE
    found = spread(values[known])
    return Spread(found.median, found.p90, tuple(rows.cases()[known].tolist()))


def _counted(names: Sequence[str], codes: NDArray[np.int64], without: str | None) -> dict[str, int]:
    """How many of each name, the most first, of as many the one that came first; `without` one they are called so."""
    there, first, n = np.unique(codes, return_index=True, return_counts=True)
    order = sorted(range(len(there)), key=lambda i: (-int(n[i]), int(first[i])))
    found = ((names[int(there[i])] if there[i] != NONE else "", int(n[i])) for i in order)
    return {name or without or "": count for name, count in found if name or without is not None}


def _by_shift(rows: Rows, shifts: Sequence[tuple[str, datetime, datetime]]) -> tuple[list[str], NDArray[np.int64]]:
    """In which shift each was reported; of two that overlap the one that began first."""
    at = rows.ints("captured_us")
    names = list(dict.fromkeys(name for name, _, _ in shifts))
    codes = np.full(len(at), NONE, np.int64)
    for name, start, end in reversed(shifts):
        first, last = np.searchsorted(at, [us(start), us(end)])
        codes[first:last] = names.index(name)
    return names, codes
