"""What the figures are counted from, a row a case, so that a year of a plant is added up within one question.

The rows are derived from the cases (`workflow/metrics.py`) whenever one is saved and can be derived anew at any time;
nothing reads them but figures, lists and pictures.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.figure_rows import NONE, Rows, Which, read, us
from db.sql import or_set
from db.tables import figure as table
from workflow.case import Case
from workflow.metrics import alignment_time, counts, first_pass, minutes_down, posting_lag, resolution_time

_MINUTE = 60_000_000  # microseconds
VERSION = 1  # of what a row holds; another one has them all derived anew at the next start
MOST = 10  # cases named of all together
NEWEST = 3  # cases named beside a group
FIGURES = ("resolution", "alignment", "posting_lag")


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and p90 in minutes to the tenth; `n`: how many cases stand behind it."""

    median: float | None
    p90: float | None
    n: int


@dataclass(frozen=True)
class Group:
    """The figures of some cases."""

    key: str
    n: int
    open: int
    solved: int
    passed: int
    stops: int
    down_min: float
    values: Mapping[str, NDArray[np.int64]]
    cases: tuple[str, ...] = ()  # the newest of them
    behind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the newest behind each figure, and "open"
    longest: tuple[str, ...] = ()  # those that stood longest

    @cached_property
    def spreads(self) -> Mapping[str, Spread]:
        """The three times of R1 by their names."""
        return {name: spread(self.values[name]) for name in FIGURES}

    @property
    def rate(self) -> float | None:
        """Share of those solved at the first go."""
        return self.passed / self.solved if self.solved else None


@dataclass(frozen=True, slots=True)
class Cause:
    """What stopped how often, and how long in all."""

    asset: str
    type: str
    n: int
    down_min: float
    cases: tuple[str, ...]  # the newest of them


def keep(tx: Connection, *cases: Case) -> None:
    """The rows of cases as they stand; none for one that does not count."""
    rows = [row_of(case) for case in cases if counts(case)]
    if rows:
        tx.execute(or_set(tx, table, _KEY, tuple(c.name for c in table.c if c.name not in _KEY)), rows)
    gone = [{"_us": us(c.captured_at), "_case": c.number} for c in cases if not counts(c)]
    if gone:
        tx.execute(_GO, gone)


_KEY = ("captured_us", "case")
_GO = sa.delete(table).where(table.c.captured_us == sa.bindparam("_us"), table.c.case == sa.bindparam("_case"))


def row_of(case: Case) -> dict[str, Any]:
    """What is kept of a case for its figures."""
    lead = next((t for t in case.tasks if t.withdrawn_at is None), None)
    return {
        "captured_us": us(case.captured_at),
        "case": case.number,
        "since_us": us(case.since),
        "line": case.line or "",
        "type": case.type or "other",
        "role": lead.role if lead is not None else "",
        "asset": case.assets[0] if case.assets else "",
        "resolution_us": _whole(resolution_time(case)),
        "alignment_us": _whole(alignment_time(case)),
        "posting_lag_us": _whole(posting_lag(case)),
        "passed": None if case.resolved_at is None else int(first_pass(case)),
        "open": int(case.is_open),
        "down_min": minutes_down(case),
        "stamp": secrets.randbits(31),
    }


def grouped(tx: Connection, which: Which, by: str | None = None) -> tuple[Group, ...]:
    """The figures of a period, one group or a group for each "line", "type", "role" or "asset", largest first."""
    rows = read(tx, which)
    if not rows.n:
        return ()
    if by is None:
        behind = {name: _newest_first(rows, rows.behind(name), MOST) for name in (*FIGURES, "first_pass", "open")}
        newest = _newest_first(rows, np.arange(max(0, rows.n - MOST), rows.n), MOST)
        return (replace(_group("", rows, slice(None)), cases=newest, behind=behind, longest=_longest(rows, MOST)),)
    names, codes = rows.keys(by)
    groups = []
    for code in np.flatnonzero(np.bincount(codes)).tolist():
        inside = np.flatnonzero(codes == code)
        groups.append(replace(_group(names[code], rows, inside), cases=_newest_first(rows, inside, NEWEST)))
    return tuple(sorted(groups, key=lambda group: (-group.n, group.key)))


def in_spans(tx: Connection, which: Which, spans: Sequence[tuple[str, datetime, datetime]]) -> tuple[Group, ...]:
    """The same for stretches of time that have names: shifts, production days, weeks; in their order, by name.

    Stretches of one name do not overlap, and come in the order of time.
    """
    rows = read(tx, which)
    if not rows.n:
        return ()
    at = rows.ints("captured_us")
    found: list[Group] = []
    for name in dict.fromkeys(name for name, _, _ in spans):
        starts = np.array([us(start) for one, start, _ in spans if one == name])
        ends = np.array([us(end) for one, _, end in spans if one == name])
        i = np.searchsorted(starts, at, "right") - 1
        inside = np.flatnonzero((i >= 0) & (at < ends[i]))
        if len(inside):
            found.append(replace(_group(name, rows, inside), cases=_newest_first(rows, inside, NEWEST)))
    return tuple(found)


def numbers(tx: Connection, which: Which, of: str = "all") -> tuple[str, ...]:
    """Every exception behind a figure (`Rows.behind`), the newest first."""
    rows = read(tx, which)
    return _newest_first(rows, rows.behind(of), rows.n)


def causes(tx: Connection, which: Which, most: int, by_minutes: bool = True) -> tuple[tuple[Cause, ...], int, float]:
    """What stopped most, with how many cases and minutes there were in all; each with its newest cases."""
    rows = read(tx, which)
    if not rows.n:
        return (), 0, 0.0
    (assets, of_asset), (types, of_type) = rows.keys("asset"), rows.keys("type")
    pair = of_asset * len(types) + of_type
    n = np.bincount(pair, minlength=len(assets) * len(types))
    down = np.bincount(pair, np.maximum(rows.floats("down_min"), 0.0), len(assets) * len(types))
    names = [(asset, kind) for asset in assets for kind in types]
    there = [i for i in np.flatnonzero(n).tolist() if not by_minutes or down[i] > 0 or not down.any()]
    first = sorted(there, key=lambda i: (-(down[i] if by_minutes else n[i]), -n[i], names[i]))[:most]
    newest_of = {i: _newest_first(rows, np.flatnonzero(pair == i), NEWEST) for i in first}
    found = tuple(Cause(*names[i], int(n[i]), float(down[i]), newest_of[i]) for i in first)
    return found, rows.n, float(down.sum())


def _longest(rows: Rows, most: int) -> tuple[str, ...]:
    down = rows.floats("down_min")
    enough = np.partition(down, -most)[-most] if len(down) > most else NONE
    likely = np.flatnonzero(down >= enough)
    order = np.lexsort((likely, -down[likely]))[:most]
    return tuple(rows.cases()[likely[order]].tolist())


def spread(values: NDArray[np.int64]) -> Spread:
    """Median and p90 of microseconds, as `workflow.metrics` counts them."""
    n = len(values)
    if not n:
        return Spread(None, None, 0)
    below, rest = divmod((n - 1) * 9, 10)
    places = ((n - 1) // 2, n // 2, below, min(below + 1, n - 1))
    ordered = np.partition(values, sorted(set(places)))
    lower, upper, low, high = (int(ordered[place]) / _MINUTE for place in places)
    return Spread(round((lower + upper) / 2, 1), round((low * (10 - rest) + high * rest) / 10, 1), n)


def _whole(minutes: float | None) -> int | None:
    return round(minutes * _MINUTE) if minutes is not None else None


def _group(key: str, rows: Rows, inside: NDArray[np.int64] | slice) -> Group:
    passed, down = rows.ints("passed")[inside], rows.floats("down_min")[inside]
    solved, stood_ = passed[passed != NONE], down[down != NONE]
    all_times = {name: rows.ints(f"{name}_us")[inside] for name in FIGURES}
    times = {name: values[values != NONE] for name, values in all_times.items()}
    return Group(
        key, len(passed), int(rows.ints("open")[inside].sum()), len(solved), int(solved.sum()),
        len(stood_), float(stood_.sum()), times,
    )  # fmt: skip


def _newest_first(rows: Rows, inside: NDArray[np.int64], most: int) -> tuple[str, ...]:
    return tuple(rows.cases()[inside[-most:][::-1]].tolist()) if len(inside) else ()
