"""What the figures are counted from, a row a case, so that a year of a plant is added up within one question.

The rows are derived from the cases (`workflow/metrics.py`) whenever one is saved and can be derived anew at any time;
nothing reads them but figures, lists and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.figure_rows import NONE, Rows, Which, coded, read, us, where
from db.sql import insert
from db.tables import figure as table
from workflow.case import Case
from workflow.metrics import alignment_time, counts, first_pass, minutes_down, posting_lag, resolution_time

LONGEST_STOP = timedelta(days=7)
_MINUTE = 60_000_000  # microseconds
_COUNTED = ("open", "passed", "down_min", "resolution_us", "alignment_us", "posting_lag_us")
VERSION = 1  # of what a row holds; another one has them all derived anew at the next start
AND = "\x1e"  # between machine and kind of a cause
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


def keep(tx: Connection, case: Case) -> None:
    """The row of a case as it stands; none for one that does not count."""
    mine = sa.and_(table.c.captured_us == us(case.captured_at), table.c.case == case.number)
    if not counts(case):
        tx.execute(sa.delete(table).where(mine))
        return
    row = row_of(case)
    keys = ["captured_us", "case"]
    values = {name: value for name, value in row.items() if name not in keys}
    tx.execute(insert(tx, table).values(row).on_conflict_do_update(index_elements=keys, set_=values))


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
    }


def grouped(tx: Connection, which: Which, by: str | None = None) -> tuple[Group, ...]:
    """The figures of a period, one group or a group for each "line", "type", "role" or "asset", largest first."""
    rows = read(tx, which, (*_COUNTED, *((by,) if by is not None else ())))
    if not rows.n:
        return ()
    if by is None:
        return (_group("", rows, rows.all),)
    keys, codes = rows.keys(by)
    groups = [_group(key, rows, codes == code) for code, key in enumerate(keys)]
    newest_of = _newest(tx, which, (by,), [(key,) for key in keys])
    groups = [replace(group, cases=newest_of.get((group.key,), ())) for group in groups]
    return tuple(sorted(groups, key=lambda group: (-group.n, group.key)))


def in_spans(tx: Connection, which: Which, spans: Sequence[tuple[str, datetime, datetime]]) -> tuple[Group, ...]:
    """The same for stretches of time that have names: shifts, production days, weeks; in their order, by name.

    Stretches of one name do not overlap, and come in the order of time.
    """
    rows = read(tx, which, (*_COUNTED, "captured_us", "case"))
    if not rows.n:
        return ()
    at, cases = rows.ints("captured_us"), rows.words("case")
    found: list[Group] = []
    for name in dict.fromkeys(name for name, _, _ in spans):
        starts = np.array([us(start) for one, start, _ in spans if one == name])
        ends = np.array([us(end) for one, _, end in spans if one == name])
        i = np.searchsorted(starts, at, "right") - 1
        inside = (i >= 0) & (at < ends[i])
        if inside.any():
            newest_first = np.flatnonzero(inside)[np.argsort(-at[inside], kind="stable")][:NEWEST]
            found.append(replace(_group(name, rows, inside), cases=tuple(cases[k] for k in newest_first)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Stood:
    """How long something stood within a period, in how many stops, and the longest of them."""

    key: str
    n: int
    minutes: float
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A stop that still goes on."""

    case: str
    row: Mapping[str, Any]  # as `row_of` derives it
    since: datetime


def stood(tx: Connection, which: Which, by: str, standing: Sequence[Standing] = ()) -> tuple[Stood, ...]:
    """The minutes within a period for each line, type, role or "cause" (machine and kind), longest first.

    `standing`: what stands to its end.

    Stops of one machine that overlap are counted once (R49). A stop longer than a week before the period is not seen.
    """
    found = _joined(tx, which, ("asset", "type") if by == "cause" else (by,), standing)
    minutes = (found.ends - found.begins) / _MINUTE
    groups = []
    for code, key in enumerate(found.keys):
        mine = np.flatnonzero(found.of_key == code)
        if len(mine):
            longest = mine[np.argsort(-minutes[mine], kind="stable")]
            named = tuple(found.cases[i] for i in longest[:NEWEST])
            groups.append(Stood(key, len(mine), float(minutes[mine].sum()), named))
    return tuple(sorted(groups, key=lambda one: (-one.minutes, one.key)))


def stood_in(
    tx: Connection, which: Which, spans: Sequence[tuple[str, datetime, datetime]], standing: Sequence[Standing] = ()
) -> dict[tuple[str, str], float]:
    """The same minutes, by line and by the name of the stretch in which they fell: a stop over two shifts is in both.

    Stretches of one name do not overlap, and come in the order of time.
    """
    found = _joined(tx, which, ("line",), standing)
    minutes: dict[tuple[str, str], float] = {}
    for name in dict.fromkeys(name for name, _, _ in spans):
        edges = np.array([us(at) for one, start, end in spans if one == name for at in (start, end)], np.float64)
        lengths = np.diff(edges)
        lengths[1::2] = 0  # between two shifts of one name nothing of it passes
        passed = np.concatenate([np.zeros(1), np.cumsum(lengths)])
        inside = np.interp(found.ends, edges, passed) - np.interp(found.begins, edges, passed)
        sums = np.bincount(found.of_key, inside / _MINUTE, len(found.keys))
        minutes |= {(key, name): float(sums[code]) for code, key in enumerate(found.keys) if sums[code] > 0}
    return minutes


@dataclass(frozen=True, slots=True)
class _Joined:
    """Stops within a period, none of a minute twice: from where it adds to what stood of its machine, until its end."""

    keys: Sequence[str]
    of_key: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    cases: Sequence[str]


def _joined(tx: Connection, which: Which, names: Sequence[str], standing: Sequence[Standing]) -> _Joined:
    start, end = us(which.since), us(which.until)
    earlier = replace(which, since=which.since - LONGEST_STOP)
    rows = read(tx, earlier, ("case", *names, "asset", "line", "since_us", "down_min"))
    down = rows.floats("down_min")
    begins = rows.ints("since_us")
    ends = begins + np.rint(down * _MINUTE).astype(np.int64)
    cases = rows.words("case") + [one.case for one in standing]
    keys = (
        [AND.join(key) for key in zip(*map(rows.words, names), strict=True)] if len(names) > 1 else rows.words(names[0])
    )
    keys += [AND.join(one.row[name] for name in names) for one in standing]
    places = [asset or line for asset, line in zip(rows.words("asset"), rows.words("line"), strict=True)]
    places += [one.row["asset"] or one.row["line"] for one in standing]
    begins = np.maximum(np.concatenate([begins, np.array([us(one.since) for one in standing], np.int64)]), start)
    ends = np.minimum(np.concatenate([ends, np.full(len(standing), end, np.int64)]), end)
    real = np.concatenate([down > 0, np.ones(len(standing), bool)])
    key_names, of_key = coded(keys)
    _, of_place = coded(places)
    kept = np.flatnonzero(real & (ends > begins))
    if not len(kept):
        return _Joined((), of_key[kept], begins[kept], ends[kept], ())
    machine = of_key[kept] * (int(of_place.max()) + 1) + of_place[kept]
    order = np.lexsort((ends[kept], begins[kept], machine))
    kept, machine = kept[order], machine[order]
    apart = end - start + 1  # each machine on a stretch of its own, so that one pass does for all
    until = np.maximum.accumulate(ends[kept] - start + machine * apart)
    reached = np.concatenate([np.zeros(1, np.int64), until[:-1]]) - machine * apart + start
    adds_from = np.minimum(np.maximum(begins[kept], reached), ends[kept])
    return _Joined(key_names, of_key[kept], adds_from, ends[kept], [cases[i] for i in kept])


def causes(tx: Connection, which: Which, most: int, by_minutes: bool = True) -> tuple[tuple[Cause, ...], int, float]:
    """What stopped most, with how many cases and minutes there were in all; each with its newest cases."""
    rows = read(tx, which, ("asset", "type", "down_min"))
    if not rows.n:
        return (), 0, 0.0
    assets, of_asset = rows.keys("asset")
    types, of_type = rows.keys("type")
    pair = of_asset * len(types) + of_type
    n = np.bincount(pair, minlength=len(assets) * len(types))
    down = np.bincount(pair, np.maximum(rows.floats("down_min"), 0.0), len(assets) * len(types))
    names = [(asset, kind) for asset in assets for kind in types]
    there = [i for i in np.flatnonzero(n).tolist() if not by_minutes or down[i] > 0 or not down.any()]
    first = sorted(there, key=lambda i: (-(down[i] if by_minutes else n[i]), -n[i], names[i]))[:most]
    newest_of = _newest(tx, which, ("asset", "type"), [names[i] for i in first])
    found = tuple(Cause(*names[i], int(n[i]), float(down[i]), newest_of.get(names[i], ())) for i in first)
    return found, rows.n, float(down.sum())


def newest(tx: Connection, which: Which, most: int, *, having: str | None = None) -> tuple[str, ...]:
    """Numbers of the newest cases; `having` one of the figures, or "down_min", "passed", "open"."""
    c = table.c
    query = sa.select(c.case).where(*where(which))
    if having == "open":
        query = query.where(c.open == 1)
    elif having is not None:
        query = query.where(c[f"{having}_us" if having in FIGURES else having].is_not(None))
    return tuple(tx.scalars(query.order_by(c.captured_us.desc(), c.case.desc()).limit(most)))


def worst(tx: Connection, which: Which, most: int) -> tuple[str, ...]:
    """Numbers of the cases that stood longest."""
    c = table.c
    query = sa.select(c.case).where(*where(which))
    return tuple(tx.scalars(query.order_by(c.down_min.desc().nulls_last(), c.captured_us).limit(most)))


def spread(values: NDArray[np.int64]) -> Spread:
    """Median and p90 of microseconds, as `workflow.metrics` counts them."""
    if not len(values):
        return Spread(None, None, 0)
    ordered = np.sort(values)
    middle = (int(ordered[(len(ordered) - 1) // 2]) / _MINUTE + int(ordered[len(ordered) // 2]) / _MINUTE) / 2
    below, rest = divmod((len(ordered) - 1) * 9, 10)
    low = int(ordered[below]) / _MINUTE
    high = int(ordered[min(below + 1, len(ordered) - 1)]) / _MINUTE
    return Spread(round(middle, 1), round((low * (10 - rest) + high * rest) / 10, 1), len(ordered))


def _whole(minutes: float | None) -> int | None:
    return round(minutes * _MINUTE) if minutes is not None else None


def _group(key: str, rows: Rows, inside: NDArray[np.bool_]) -> Group:
    passed, down = rows.ints("passed")[inside], rows.floats("down_min")[inside]
    solved, stood_ = passed[passed != NONE], down[down != NONE]
    all_times = {name: rows.ints(f"{name}_us")[inside] for name in FIGURES}
    times = {name: values[values != NONE] for name, values in all_times.items()}
    return Group(
        key, int(inside.sum()), int(rows.ints("open")[inside].sum()), len(solved), int(solved.sum()),
        len(stood_), float(stood_.sum()), times,
    )  # fmt: skip


def _newest(
    tx: Connection, which: Which, names: tuple[str, ...], keys: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The newest cases of each group, in one statement; `names` are the columns by which they are grouped."""
    c = table.c
    if not keys:
        return {}
    parts = [
        sa.select(
            sa.select(*(c[name] for name in names), c.case)
            .where(*where(which), *(c[name] == value for name, value in zip(names, key, strict=True)))
            .order_by(c.captured_us.desc(), c.case.desc())
            .limit(NEWEST)
            .subquery()
        )
        for key in keys
    ]
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for row in tx.execute(sa.union_all(*parts)).all():
        key = tuple(row[:-1])
        found[key] = (*found.get(key, ()), row.case)
    return found
