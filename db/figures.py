"""What the figures are counted from, a row a case, so that a year of a plant is added up within one question.

The rows are derived from the cases (`workflow/metrics.py`) whenever one is saved and can be derived anew at any time;
nothing reads them but figures, lists and pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.sql import insert
from db.tables import figure as table
from workflow.case import Case
from workflow.metrics import alignment_time, counts, first_pass, minutes_down, posting_lag, resolution_time

_START = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
LONGEST_STOP = timedelta(days=7)
_MINUTE = 60_000_000  # microseconds
VERSION = 1  # of what a row holds; another one has them all derived anew at the next start
NEWEST = 3  # cases named beside a group
FIGURES = ("resolution", "alignment", "posting_lag")


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and p90 in minutes to the tenth; `n`: how many cases stand behind it."""

    median: float | None
    p90: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Which:
    """Which cases are asked for; nothing said means all. `lines`: those that the asker may see."""

    since: datetime
    until: datetime
    line: str | None = None
    type: str | None = None
    role: str | None = None
    asset: str | None = None
    lines: tuple[str, ...] = ()


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
    c = table.c
    key = c[by] if by is not None else sa.literal("")
    columns = [
        key.label("key"),
        sa.func.count().label("n"),
        sa.func.sum(c.open).label("open"),
        sa.func.count(c.passed).label("solved"),
        sa.func.coalesce(sa.func.sum(c.passed), 0).label("passed"),
        sa.func.count(c.down_min).label("stops"),
        sa.func.coalesce(sa.func.sum(c.down_min), 0.0).label("down_min"),
        *(sa.func.aggregate_strings(sa.cast(c[f"{name}_us"], sa.Text), ",").label(name) for name in FIGURES),
    ]
    query = sa.select(*columns).where(*_where(which))
    rows = tx.execute(query.group_by(key) if by is not None else query).all()
    groups = [
        Group(
            r.key, r.n, r.open or 0, r.solved, int(r.passed), r.stops, float(r.down_min),
            {name: _numbers(getattr(r, name)) for name in FIGURES},
        )
        for r in rows
        if r.n
    ]  # fmt: skip
    if by is not None:
        newest_of = _newest(tx, which, (by,), [(group.key,) for group in groups])
        groups = [replace(group, cases=newest_of.get((group.key,), ())) for group in groups]
    return tuple(sorted(groups, key=lambda group: (-group.n, group.key)))


def in_spans(tx: Connection, which: Which, spans: Sequence[tuple[str, datetime, datetime]]) -> tuple[Group, ...]:
    """The same for stretches of time that have names: shifts, production days, weeks; in their order, by name."""
    c = table.c
    columns = [c.captured_us, c.open, c.passed, c.down_min, *(c[f"{name}_us"] for name in FIGURES)]
    raw = tx.execute(sa.select(c.case, *(_plain(column) for column in columns)).where(*_where(which))).all()
    rows = np.array([row[1:] for row in raw], dtype=np.float64).reshape(len(raw), len(columns))  # none is NaN
    at = rows[:, 0]
    member: dict[str, NDArray[np.bool_]] = {}
    for name, start, end in spans:
        inside = (at >= us(start)) & (at < us(end))
        member[name] = member[name] | inside if name in member else inside
    return tuple(
        replace(_of(name, rows[inside]), cases=tuple(raw[i][0] for i in np.flatnonzero(inside)[::-1][:NEWEST]))
        for name, inside in member.items()
        if inside.any()
    )


@dataclass(frozen=True, slots=True)
class Stood:
    """How long something stood within a period, and in which cases, the longest first."""

    key: str
    minutes: float
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """A stop that still goes on."""

    case: str
    key: str
    asset: str
    line: str
    since: datetime


def stood(tx: Connection, which: Which, by: str, standing: Sequence[Standing] = ()) -> tuple[Stood, ...]:
    """The minutes within a period for each line, type or role, longest first; `standing`: what stands to its end.

    Stops of one machine that overlap are counted once (R49). A stop longer than a week before the period is not seen.
    """
    c = table.c
    start, end = us(which.since), us(which.until)
    earlier = replace(which, since=which.since - LONGEST_STOP)
    query = sa.select(c.case, _plain(c[by]), c.asset, c.line, c.since_us, c.down_min)
    rows = tx.execute(query.where(*_where(earlier), c.down_min > 0)).all()
    spans = [(r[2] or r[3], r[4], r[4] + round(r[5] * _MINUTE), r[1], r[0]) for r in rows]
    spans += [(s.asset or s.line, us(s.since), end, s.key, s.case) for s in standing]
    until: dict[tuple[str, str], int] = {}
    sums: dict[str, dict[str, int]] = {}
    for asset, begins, ends, key, case in sorted(spans, key=lambda span: (span[1], span[2], span[4])):
        mine = (key, asset)
        first, last = max(begins, start, until.get(mine, start)), min(ends, end)
        if min(ends, end) <= max(begins, start):
            continue
        until[mine] = max(until.get(mine, start), last)
        cases = sums.setdefault(key, {})
        cases[case] = max(0, last - first)
    found = [
        Stood(key, sum(cases.values()) / _MINUTE, tuple(sorted(cases, key=lambda case: (-cases[case], case))))
        for key, cases in sums.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.minutes, one.key)))


def causes(tx: Connection, which: Which, most: int, by_minutes: bool = True) -> tuple[tuple[Cause, ...], int, float]:
    """What stopped most, with how many cases and minutes there were in all; each with its newest cases."""
    c = table.c
    minutes = sa.func.coalesce(sa.func.sum(c.down_min), 0.0)
    n = sa.func.count()
    query = sa.select(c.asset, c.type, n.label("n"), minutes.label("down")).where(*_where(which))
    rows = tx.execute(query.group_by(c.asset, c.type)).all()
    first = sorted(rows, key=lambda r: (-(r.down if by_minutes else r.n), -r.n, r.asset, r.type))[:most]
    newest_of = _newest(tx, which, ("asset", "type"), [(r.asset, r.type) for r in first])
    first = [r for r in first if r.down > 0] or first  # what stood no minute is no cause of minutes
    found = tuple(Cause(r.asset, r.type, r.n, float(r.down), newest_of.get((r.asset, r.type), ())) for r in first)
    return found, sum(r.n for r in rows), float(sum(r.down for r in rows))


def newest(tx: Connection, which: Which, most: int, *, having: str | None = None) -> tuple[str, ...]:
    """Numbers of the newest cases; `having` one of the figures, or "down_min", "passed", "open"."""
    c = table.c
    query = sa.select(c.case).where(*_where(which))
    if having == "open":
        query = query.where(c.open == 1)
    elif having is not None:
        query = query.where(c[f"{having}_us" if having in FIGURES else having].is_not(None))
    return tuple(tx.scalars(query.order_by(c.captured_us.desc(), c.case.desc()).limit(most)))


def worst(tx: Connection, which: Which, most: int) -> tuple[str, ...]:
    """Numbers of the cases that stood longest."""
    c = table.c
    query = sa.select(c.case).where(*_where(which))
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


def us(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _START) // _US


def _whole(minutes: float | None) -> int | None:
    return round(minutes * _MINUTE) if minutes is not None else None


def _numbers(joined: str | None) -> NDArray[np.int64]:
    return np.fromstring(joined, dtype=np.int64, sep=",") if joined else np.empty(0, np.int64)


def _plain(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.type_coerce(column, sa.BigInteger)


def _of(name: str, rows: NDArray[np.float64]) -> Group:
    solved = rows[:, 2][~np.isnan(rows[:, 2])]
    down = rows[:, 3][~np.isnan(rows[:, 3])]
    times = {figure: rows[:, 4 + i][~np.isnan(rows[:, 4 + i])].astype(np.int64) for i, figure in enumerate(FIGURES)}
    return Group(
        name, len(rows), int(rows[:, 1].sum()), len(solved), int(solved.sum()), len(down), float(down.sum()), times
    )


def _where(which: Which) -> list[sa.ColumnElement[bool]]:
    c = table.c
    conditions = [c.captured_us >= us(which.since), c.captured_us < us(which.until)]
    for name in ("line", "type", "role", "asset"):
        value = getattr(which, name)
        if value is not None:
            conditions.append(c[name] == value)
    if which.lines:
        conditions.append(c.line.in_(which.lines))
    return conditions


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
            .where(*_where(which), *(c[name] == value for name, value in zip(names, key, strict=True)))
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
