"""What figures are counted from, as columns that stay in memory between questions: a year in a few milliseconds.

Columns are kept week by week. Each row carries a random stamp that changes whenever it is written; the number of a
week's rows and the sum of their stamps say whether what is kept is what stands there. So nothing has to be told of a
change, in this process or another, and a write that was taken back is never believed.
"""

from __future__ import annotations

import operator
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from db.columns import Words
from db.tables import figure as table

_START = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_WEEK = timedelta(days=7) // _US
_BETWEEN = "\x1f"  # between words; no id holds one
_CODED = ("line", "type", "role", "asset")
_WHOLE = ("captured_us", "since_us", "resolution_us", "alignment_us", "posting_lag_us", "passed", "open")
_COLUMNS = (*_WHOLE, "down_min", *_CODED, "case")
MOST_LATELY = 4  # stretches
MOST_WEEKS = 600  # that are kept; about 60 MB where each has 2,000 cases
NONE = -1  # where a figure is not known yet; a microsecond before its time nothing is


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
    spans: tuple[tuple[datetime, datetime], ...] = ()  # within the period: the night shifts of a week, in their order
    pairs: tuple[tuple[str | None, str | None], ...] = ()  # any of these lines and kinds; None: whichever it is


@dataclass
class _Names:
    """The words of a column, each known by a number that never changes."""

    words: list[str] = field(default_factory=list)
    code: dict[str, int] = field(default_factory=dict)

    def codes(self, words: Sequence[str]) -> NDArray[np.int64]:
        for word in words:
            if word not in self.code:
                self.code[word] = len(self.words)
                self.words.append(word)
        return np.fromiter(map(self.code.__getitem__, words), np.int64, len(words))


@dataclass(frozen=True, slots=True)
class _Week:
    version: tuple[int, int]  # rows, sum of their stamps
    columns: dict[str, NDArray[Any]]  # sorted by captured_us and case


@dataclass
class _Kept:
    """The weeks of one database that are in memory."""

    weeks: dict[int, _Week] = field(default_factory=dict)
    names: dict[str, _Names] = field(default_factory=lambda: {name: _Names() for name in _CODED})
    lately: dict[Which, Rows] = field(default_factory=dict)  # a few stretches as they were asked for last
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_keeping = threading.Lock()


@dataclass(frozen=True)
class Rows:
    """Columns of the cases that were asked for, oldest first."""

    weeks: tuple[_Week, ...]
    inside: slice | NDArray[np.bool_]
    names: dict[str, _Names]
    n: int
    derived: dict[Any, Any] = field(default_factory=dict)  # what was counted from them, as long as they stay
    _joined: dict[str, NDArray[Any]] = field(default_factory=dict)

    def ints(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers; NONE where nothing is known."""
        return self._column(name)

    def floats(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; NONE where nothing is known."""
        return self._column(name)

    def cases(self) -> NDArray[np.object_]:
        """The numbers of the cases."""
        return self._column("case")

    def keys(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """Every name that a column may have, and for each row which of them."""
        return self.names[name].words, self._column(name)

    def code(self, name: str, word: str) -> int:
        """By which number a name is known; NONE where no row ever had it."""
        return self.names[name].code.get(word, NONE)

    def behind(self, of: str) -> NDArray[np.int64]:
        """Which rows a figure is counted from, oldest first.

        "all"; "resolution", "alignment", "posting_lag": those in which it is known; "first_pass": the solved ones,
        "passed" and "failed": at the first go and not; "open".
        """
        match of:
            case "all":
                return np.arange(self.n)
            case "open":
                mask = self.ints("open") == 1
            case "first_pass":
                mask = self.ints("passed") != NONE
            case "passed" | "failed":
                mask = self.ints("passed") == int(of == "passed")
            case _:
                mask = self.ints(f"{of}_us") != NONE
        return np.flatnonzero(mask)

    def _column(self, name: str) -> NDArray[Any]:
        if name not in self._joined:
            whole = _chained([week.columns[name] for week in self.weeks], name)
            self._joined[name] = whole[self.inside]
        return self._joined[name]


def read(tx: Connection, which: Which) -> Rows:
    """The cases that are asked for; what of them is in memory already is not fetched again."""
    since, until = us(which.since), us(which.until)
    with _keeping:
        kept = _kept.setdefault(tx.engine, _Kept())
    with kept.lock:
        weeks = _up_to_date(tx, kept, since // _WEEK, (until - 1) // _WEEK)
        names = kept.names
        known = kept.lately.pop(which, None)
        if known is not None and len(known.weeks) == len(weeks) and all(map(operator.is_, known.weeks, weeks)):
            kept.lately[which] = known
            return known
    rows = _rows(weeks, names, which)
    with kept.lock:
        kept.lately[which] = rows
        for oldest in list(kept.lately)[: max(0, len(kept.lately) - MOST_LATELY)]:
            del kept.lately[oldest]
    return rows


def _rows(weeks: tuple[_Week, ...], names: dict[str, _Names], which: Which) -> Rows:
    since, until = us(which.since), us(which.until)
    at = _chained([week.columns["captured_us"] for week in weeks], "captured_us")
    first, last = (int(np.searchsorted(at, edge)) for edge in (since, max(since, until)))
    inside: slice | NDArray[np.bool_] = slice(first, last)
    said = [(name, value) for name in _CODED if (value := getattr(which, name)) is not None]
    if said or which.lines or which.spans or which.pairs:
        mask = np.zeros(len(at), bool)
        mask[first:last] = True
        for name, value in said:
            mask &= _chained([week.columns[name] for week in weeks], name) == names[name].code.get(value, NONE)
        if which.lines:
            mine = [names["line"].code.get(line, NONE) for line in which.lines]
            mask &= np.isin(_chained([week.columns["line"] for week in weeks], "line"), mine)
        if which.spans:
            edges = np.array([us(edge) for span in which.spans for edge in span])
            mask &= np.searchsorted(edges, at, "right") % 2 == 1  # after a beginning, and before its end
        if which.pairs:
            like = np.zeros(len(at), bool)
            for pair in which.pairs:
                both = np.ones(len(at), bool)
                for name, value in zip(("line", "type"), pair, strict=True):
                    if value is not None:
                        both &= _chained([week.columns[name] for week in weeks], name) == names[name].code.get(
                            value, NONE
                        )
                like |= both
            mask &= like
        inside = mask
    n = last - first if isinstance(inside, slice) else int(inside.sum())
    return Rows(weeks, inside, names, n)


def _up_to_date(tx: Connection, kept: _Kept, first: int, last: int) -> tuple[_Week, ...]:
    """The weeks of a stretch as they stand now. Versions are read before rows: what is newer than its version is read
    again, what is older is never believed."""
    c = table.c
    week = (c.captured_us // _WEEK).label("week")
    between = sa.and_(c.captured_us >= first * _WEEK, c.captured_us < (last + 1) * _WEEK)
    query = sa.select(week, sa.func.count(), sa.func.sum(c.stamp)).where(between).group_by(week).order_by(week)
    versions = {int(number): (int(n), int(stamps)) for number, n, stamps in tx.execute(query)}
    stale = [number for number, version in versions.items() if number not in kept.weeks
             or kept.weeks[number].version != version]  # fmt: skip
    while stale:
        run = [stale.pop(0)]
        while stale and stale[0] == run[-1] + 1:
            run.append(stale.pop(0))
        columns = _fetched(tx, kept, run[0] * _WEEK, (run[-1] + 1) * _WEEK)
        for number in run:
            a, b = np.searchsorted(columns["captured_us"], [number * _WEEK, (number + 1) * _WEEK])
            kept.weeks[number] = _Week(versions[number], {name: values[a:b] for name, values in columns.items()})
    found = tuple(kept.weeks[number] for number in versions)
    for number in sorted(kept.weeks)[: max(0, len(kept.weeks) - MOST_WEEKS)]:
        if number not in versions:
            del kept.weeks[number]
    return found


def _fetched(tx: Connection, kept: _Kept, start: int, end: int) -> dict[str, NDArray[Any]]:
    """Rows as the database hands them over fastest: each column as one text."""
    texts = [sa.func.aggregate_strings(_as_text(table.c[name]), _separator(name)).label(name) for name in _COLUMNS]
    between = sa.and_(table.c.captured_us >= start, table.c.captured_us < end)
    row = tx.execute(sa.select(sa.func.count().label("rows"), *texts).where(between)).one()
    columns: dict[str, NDArray[Any]] = {}
    for name in _COLUMNS:
        text = getattr(row, name) or ""
        if name in _CODED:
            columns[name] = kept.names[name].codes(text.split(_BETWEEN) if row.rows else [])
        elif name == "case":
            columns[name] = np.array(text.split(_BETWEEN) if row.rows else [], dtype=object)
        else:
            columns[name] = np.fromstring(text, np.float64 if name == "down_min" else np.int64, sep=",")
    order = np.lexsort((columns["case"].astype(str), columns["captured_us"]))
    return {name: values[order] for name, values in columns.items()}


def _chained(parts: Sequence[NDArray[Any]], name: str) -> NDArray[Any]:
    if not parts:
        return np.empty(0, object if name == "case" else np.float64 if name == "down_min" else np.int64)
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def _as_text(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    if isinstance(column.type, Words):
        return column
    return sa.cast(sa.func.coalesce(column, NONE), sa.Text)


def _separator(name: str) -> str:
    return _BETWEEN if isinstance(table.c[name].type, Words) else ","


def us(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _START) // _US
