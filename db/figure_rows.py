"""Columns of a period, each handed over by the database as one text: what a year of cases is read by fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.columns import Words
from db.tables import figure as table

_START = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_BETWEEN = "\x1f"  # between words; no id holds one
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


@dataclass(frozen=True)
class Rows:
    """Columns of a period, each as one text: what a database hands over fastest."""

    n: int
    columns: Mapping[str, str]
    _parsed: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def all(self) -> NDArray[np.bool_]:
        """Every row."""
        return np.ones(self.n, bool)

    def ints(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers; NONE where nothing is known."""
        if name not in self._parsed:
            self._parsed[name] = self._ints(name)
        known: NDArray[np.int64] = self._parsed[name]
        return known

    def _ints(self, name: str) -> NDArray[np.int64]:
        return np.fromstring(self.columns[name], dtype=np.int64, sep=",") if self.n else np.empty(0, np.int64)

    def floats(self, name: str) -> NDArray[np.float64]:
        """A column of numbers; NONE where nothing is known."""
        return np.fromstring(self.columns[name], dtype=np.float64, sep=",") if self.n else np.empty(0, np.float64)

    def words(self, name: str) -> list[str]:
        """A column of words."""
        return self.columns[name].split(_BETWEEN) if self.n else []

    def keys(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """The names that occur, and for each row which of them."""
        return coded(self.words(name))


def coded(words: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The words that occur, in their order, and for each which of them it is."""
    names = list(dict.fromkeys(words))
    code = {name: i for i, name in enumerate(names)}
    return names, np.fromiter(map(code.__getitem__, words), np.int64, len(words))


def read(tx: Connection, which: Which, names: Sequence[str]) -> Rows:
    """These columns of the cases that are asked for, all in one order."""
    wanted = list(dict.fromkeys(names))
    columns = [sa.func.aggregate_strings(_as_text(table.c[name]), _separator(name)).label(name) for name in wanted]
    row = tx.execute(sa.select(sa.func.count().label("rows"), *columns).where(*where(which))).one()
    return Rows(row.rows, {name: getattr(row, name) or "" for name in wanted})


def _as_text(column: sa.Column[Any]) -> sa.ColumnElement[str]:
    if isinstance(column.type, Words):
        return column
    return sa.cast(sa.func.coalesce(column, NONE), sa.Text)


def _separator(name: str) -> str:
    return _BETWEEN if isinstance(table.c[name].type, Words) else ","


def where(which: Which) -> list[sa.ColumnElement[bool]]:
    """The conditions of what is asked for."""
    c = table.c
    conditions = [c.captured_us >= us(which.since), c.captured_us < us(which.until)]
    for name in ("line", "type", "role", "asset"):
        value = getattr(which, name)
        if value is not None:
            conditions.append(c[name] == value)
    if which.lines:
        conditions.append(c.line.in_(which.lines))
    return conditions


def us(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _START) // _US
