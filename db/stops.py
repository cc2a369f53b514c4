"""How long machines and lines stood within a period, no minute of a machine twice (R49), and in which stops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from db.figure_rows import Rows, Which, read, us

LONGEST_STOP = timedelta(days=7)
AND = "\x1e"  # between machine and kind of a cause
NEWEST = 3  # cases named beside a group
_MINUTE = 60_000_000  # microseconds


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
    found, minutes, there = _within(tx, which, by, standing)
    groups = []
    for code, key in enumerate(found.keys):
        mine = np.flatnonzero((found.of_key == code) & there)
        if len(mine):
            longest = mine[np.argsort(-minutes[mine], kind="stable")]
            named = tuple(found.cases[i] for i in longest[:NEWEST])
            groups.append(Stood(key, len(mine), float(minutes[mine].sum()), named))
    return tuple(sorted(groups, key=lambda one: (-one.minutes, one.key)))


def numbers(tx: Connection, which: Which, by: str = "line", standing: Sequence[Standing] = ()) -> tuple[str, ...]:
    """The exceptions of the stops that `stood` counts side by side in this way, the latest first."""
    return tuple(each(tx, which, by, standing))


def each(tx: Connection, which: Which, by: str = "line", standing: Sequence[Standing] = ()) -> Mapping[str, float]:
    """The same exceptions, each with the minutes that it adds."""
    found, minutes, there = _within(tx, which, by, standing)
    mine = np.flatnonzero(there)
    latest = mine[np.lexsort((found.cases[mine].astype(str), found.begins[mine]))][::-1]
    added: dict[str, float] = {}
    for number, took in zip(found.cases[latest].tolist(), minutes[latest].tolist(), strict=True):
        added[number] = added.get(number, 0.0) + took
    return added


def _within(
    tx: Connection, which: Which, by: str, standing: Sequence[Standing]
) -> tuple[_Joined, NDArray[np.float64], NDArray[np.bool_]]:
    """The stops of a period, the minutes of each, and which of them count: of some shifts those that stood in them."""
    found = _joined(tx, which, ("asset", "type") if by == "cause" else (by,), standing)
    if not which.spans:
        return found, (found.ends - found.begins) / _MINUTE, np.ones(len(found.begins), bool)
    minutes = _passed(found, which.spans)
    return found, minutes, minutes > 0


def stood_in(
    tx: Connection, which: Which, spans: Sequence[tuple[str, datetime, datetime]], standing: Sequence[Standing] = ()
) -> dict[tuple[str, str], float]:
    """The same minutes, by line and by the name of the stretch in which they fell: a stop over two shifts is in both.

    Stretches of one name do not overlap, and come in the order of time.
    """
    found = _joined(tx, which, ("line",), standing)
    minutes: dict[tuple[str, str], float] = {}
    for name in dict.fromkeys(name for name, _, _ in spans):
        inside = _passed(found, [(start, end) for one, start, end in spans if one == name])
        sums = np.bincount(found.of_key, inside, len(found.keys))
        minutes |= {(key, name): float(sums[code]) for code, key in enumerate(found.keys) if sums[code] > 0}
    return minutes


@dataclass(frozen=True, slots=True)
class _Joined:
    """Stops within a period, none of a minute twice: from where it adds to what stood of its machine, until its end."""

    keys: Sequence[str]
    of_key: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    cases: NDArray[np.object_]


def _passed(found: _Joined, spans: Sequence[tuple[datetime, datetime]]) -> NDArray[np.float64]:
    """The minutes of each stop that fall within stretches of time that do not overlap."""
    edges = np.array([us(at) for span in spans for at in span], np.float64)
    lengths = np.diff(edges)
    lengths[1::2] = 0  # between two shifts of one name nothing of it passes
    passed = np.concatenate([np.zeros(1), np.cumsum(lengths)])
    inside: NDArray[np.float64] = np.interp(found.ends, edges, passed) - np.interp(found.begins, edges, passed)
    return inside / _MINUTE


def _joined(tx: Connection, which: Which, names: Sequence[str], standing: Sequence[Standing]) -> _Joined:
    rows = read(tx, replace(which, since=which.since - LONGEST_STOP, spans=()))
    told = ("stood", tuple(names), which.since, tuple((one.case, one.since) for one in standing))
    if told not in rows.derived:
        rows.derived[told] = _derived(rows, which, names, standing)
    found: _Joined = rows.derived[told]
    return found


def _derived(rows: Rows, which: Which, names: Sequence[str], standing: Sequence[Standing]) -> _Joined:
    start, end = us(which.since), us(which.until)
    down, begins = rows.floats("down_min"), rows.ints("since_us")
    ends = np.minimum(begins + np.rint(down * _MINUTE).astype(np.int64), end)
    kept = np.flatnonzero((down > 0) & (ends > np.maximum(begins, start)))
    begins = np.concatenate([begins[kept], np.array([us(one.since) for one in standing], np.int64)])
    begins, ends = np.maximum(begins, start), np.concatenate([ends[kept], np.full(len(standing), end, np.int64)])
    cases = np.concatenate([rows.cases()[kept], np.array([one.case for one in standing], dtype=object)])
    key_names, of_key = _keys(rows, kept, names, standing)
    lines, assets = (_keys(rows, kept, (name,), standing) for name in ("line", "asset"))
    named = np.array([name != "" for name in assets[0]] or [False])[assets[1]] if len(cases) else np.empty(0, bool)
    place = np.where(named, assets[1] + len(lines[0]), lines[1])  # a stop without a machine is one of its line
    real = np.flatnonzero(ends > begins)
    if not len(real):
        return _Joined((), of_key[real], begins[real], ends[real], cases[real])
    machine = place[real]  # of whatever kind the stops are: a minute of one machine is one minute (R49)
    order = np.lexsort((ends[real], begins[real], machine))
    real, machine = real[order], machine[order]
    _, machine = np.unique(machine, return_inverse=True)  # small numbers: what follows stays within 63 bits
    apart = end - start + 1  # each machine on a stretch of its own, so that one pass does for all
    until = np.maximum.accumulate(ends[real] - start + machine * apart)
    reached = np.concatenate([np.zeros(1, np.int64), until[:-1]]) - machine * apart + start
    adds_from = np.minimum(np.maximum(begins[real], reached), ends[real])
    return _Joined(key_names, of_key[real], adds_from, ends[real], cases[real])


def _keys(
    rows: Rows, kept: NDArray[np.int64], names: Sequence[str], standing: Sequence[Standing]
) -> tuple[list[str], NDArray[np.int64]]:
    """What stood belongs to: the names that there are and which of them, first of the rows, then of what stands now."""
    words = [rows.keys(name) for name in names]
    code = np.zeros(len(kept), np.int64)
    for known, codes in words:
        code = code * max(1, len(known)) + codes[kept]
    there, of_key = np.unique(code, return_inverse=True)
    called: list[str] = []
    for one in there.tolist():
        parts = []
        for known, _ in reversed(words):
            one, part = divmod(one, max(1, len(known)))
            parts.append(known[part])
        called.append(AND.join(reversed(parts)))
    code_of = {name: i for i, name in enumerate(called)}
    now = [code_of.setdefault(AND.join(one.row[name] for name in names), len(code_of)) for one in standing]
    return list(code_of), np.concatenate([of_key, np.array(now, np.int64)])
