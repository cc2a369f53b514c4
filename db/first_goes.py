"""What past exceptions teach about the first go, kept in memory week by week, and what other rules would have changed.

As figures are (`db/figure_rows.py`), a week is read anew where the number of its rows or the sum of their stamps is
another one; so nothing has to be told of a change.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from db import cases, log
from db.figure_rows import us
from db.tables import case as case_table
from db.tables import figure, task
from workflow.case import Case, Task
from workflow.improving import RuleChange, Taught, Went, differences, taught_by, together, went
from workflow.metrics import first_pass
from workflow.rules import Rules

_DAY_US = 86_400_000_000
_STRETCH = 7 * _DAY_US
MOST_WEEKS = 60  # that are kept: a year and what is compared with it
MOST_TRIED = 12  # changes of rules whose effect is kept


@dataclass(frozen=True, slots=True)
class _Week:
    version: tuple[int, int]  # rows, sum of their stamps
    rows: tuple[Went, ...]  # by the time of their report
    whole: Taught


@dataclass
class _Kept:
    weeks: dict[int, _Week] = field(default_factory=dict)
    # of a change over some rules: for each exception its version, and what would have gone otherwise
    tried: dict[tuple[str, str], dict[str, tuple[int, frozenset[str]]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_kept: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()
_keeping = threading.Lock()


def taught(tx: Connection, since: datetime, until: datetime, fits: Callable[[Went], bool] | None = None) -> Taught:
    """What the exceptions of a period teach, of all or of those that fit; whole weeks are not added up again."""
    start, end, parts = us(since), us(until), []
    for number, week in _weeks(tx, start // _STRETCH, (end - 1) // _STRETCH).items():
        inside = start <= number * _STRETCH and (number + 1) * _STRETCH <= end
        if inside and fits is None:
            parts.append(week.whole)
            continue
        parts.append(taught_by(r for r in week.rows if since <= r.captured_at < until and (fits is None or fits(r))))
    return together(parts)


def tried(
    tx: Connection, since: datetime, until: datetime, of: Collection[str], change: RuleChange, new: Rules, old: Rules
) -> dict[str, int]:
    """What a change of the rules would have changed in these exceptions of a period, and in how many of them (R59)."""
    kept = _of(tx)
    kinds = [kind for kind, one in old.types.items() if any(c.name == change.rule for c in one.concerns)]
    query = (
        sa.select(case_table.c.number, case_table.c.version)
        .join(figure, figure.c.case == case_table.c.number)
        .where(figure.c.captured_us >= us(since), figure.c.captured_us < us(until), figure.c.type.in_(kinds))
    )
    versions = {number: version for number, version in tx.execute(query) if number in of}
    with kept.lock:
        known = kept.tried.pop((old.version, change.key), {})
        kept.tried[old.version, change.key] = known
        while len(kept.tried) > MOST_TRIED:
            del kept.tried[next(iter(kept.tried))]
        fresh = [number for number, version in versions.items() if known.get(number, (None,))[0] != version]
        for case in cases.of(tx, fresh):
            known[case.number] = (case.version, differences(case, new, old))
        found = Counter(what for number in versions for what in known[number][1])
    return dict(sorted(found.items()))


def _of(tx: Connection) -> _Kept:
    with _keeping:
        return _kept.setdefault(tx.engine, _Kept())


def _weeks(tx: Connection, first: int, last: int) -> dict[int, _Week]:
    """The weeks of a stretch as they stand; versions are read before rows, so that what is older is never believed."""
    kept = _of(tx)
    c = figure.c
    week = (c.captured_us // _STRETCH).label("week")
    between = sa.and_(c.captured_us >= first * _STRETCH, c.captured_us < (last + 1) * _STRETCH)
    query = sa.select(week, sa.func.count(), sa.func.sum(c.stamp)).where(between).group_by(week).order_by(week)
    versions = {int(number): (int(n), int(stamps)) for number, n, stamps in tx.execute(query)}
    with kept.lock:
        for number, version in versions.items():
            if number not in kept.weeks or kept.weeks[number].version != version:
                rows = tuple(_read(tx, number))
                kept.weeks[number] = _Week(version, rows, taught_by(rows))
        found = {number: kept.weeks[number] for number in versions}
        for number in sorted(kept.weeks)[: max(0, len(kept.weeks) - MOST_WEEKS)]:
            if number not in versions:
                del kept.weeks[number]
    return found


def _read(tx: Connection, week: int) -> Sequence[Went]:
    """The exceptions of one week that count, from the few columns that tell how it went with each."""
    inside = sa.and_(figure.c.captured_us >= week * _STRETCH, figure.c.captured_us < (week + 1) * _STRETCH)
    tasks: dict[str, list[Task]] = {}
    for number, why, role, asked, taken, withdrawn, up, declined in tx.execute(_TASKS.where(inside)):
        tasks.setdefault(number, []).append(
            Task(role, asked, declined=declined, acknowledged_at=taken, withdrawn_at=withdrawn, escalated=up, why=why)
        )
    found = [
        Case(
            row.number, row.plant, row.captured_at, row.reporter, "", line=row.line, joined=row.joined,
            resolved_at=row.resolved_at, rerouted=row.rerouted, reopened=row.reopened, opened_at=row.opened_at,
            tasks=tuple(tasks.get(row.number, ())),
        )
        for row in tx.execute(_CASES.where(inside))
    ]  # fmt: skip
    again = [case.number for case in found if case.resolved_at is not None and not first_pass(case)]
    happened = log.happened(tx, again, ("corrected", "asked_back"))
    return [went(case, happened.get(case.number, frozenset())) for case in found]


_c, _t = case_table.c, task.c
_CASES = (
    sa.select(_c.number, _c.plant, _c.captured_at, _c.reporter, _c.line, _c.joined, _c.resolved_at, _c.opened_at,
              _c.rerouted, _c.reopened)
    .join(figure, figure.c.case == _c.number)
    .order_by(figure.c.captured_us, sa.func.length(_c.number), _c.number)
)  # fmt: skip
_TASKS = (
    sa.select(_t.case, _t.why, _t.role, _t.asked_at, _t.acknowledged_at, _t.withdrawn_at, _t.escalated, _t.declined)
    .join(figure, figure.c.case == _t.case)
    .order_by(_t.case, _t.position)
)
