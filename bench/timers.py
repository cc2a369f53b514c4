"""Open timers by the million, and so many due each second: how late the program takes them, on either database.

    python -m bench.timers [--open N] [--rate N] [--seconds N] [--database URL] [--smoke]

The rows are exceptions as the program saved one, copied inside the database; the rounds that take the steps are those
of the service (`bot.ticks.chase`), one process, on the real clock. Late is from the instant at which a step was due to
the commit in which it was taken. `--smoke` prints and does not judge.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import sqlalchemy as sa

from bot import ticks
from bot.app import App, build
from bot.config import Config
from bot.logs import set_up_logs
from db import cases
from db.connect import one_at_a_time
from db.tables import case as case_table
from db.tables import figure, head, mention
from db.tables import task as task_table
from workflow.case import Case, Change
from workflow.opening import new_case, open_case
from workflow.reading import ReportedException

RIVERSIDE = Path(__file__).resolve().parent.parent / "fixtures" / "plants" / "riverside"
LIMIT = 1.0  # seconds, p99
FIRST = 1_000_000  # number of the first copy
WARM = timedelta(seconds=2)  # until the first is due


def fill(app: App, n: int) -> str:
    """So many open exceptions, none of them due for a day; returns the number of the one that was copied."""
    now = app.clock.now()
    with app.database.write() as tx:
        one_at_a_time(tx, "bench")
        said = ReportedException("machine_breakdown", "L3", ("L3-FIL",))
        reporter = app.plant.person["maria.lopez"]
        made = new_case(cases.next_number(tx), said, reporter, "filler 3 jammed", now, app.world())
        saved = cases.save(tx, open_case(made, app.world()), now)
        tx.execute(sa.update(task_table).values(next_step_at=None).where(task_table.c.role != "maintenance"))
        tx.execute(sa.update(task_table).values(next_step_at=now + timedelta(days=1))
                   .where(task_table.c.role == "maintenance"))  # fmt: skip
        numbers = _count(n)
        for table, key in (
            (case_table, "number"),
            (task_table, "case"),
            (mention, "case"),
            (figure, "case"),
            (head, "case"),
        ):
            columns = [c for c in table.columns if c.name != key]
            copied = sa.select(
                (sa.literal("EX-") + sa.cast(numbers.c.n, sa.Text)).label(key), *columns
            ).select_from(sa.join(table, numbers, sa.true())).where(table.c[key] == saved.number)  # fmt: skip
            tx.execute(sa.insert(table).from_select([key, *(c.name for c in columns)], copied))
        if tx.dialect.name == "postgresql":  # a plant gets there row by row, and its server counts them as they come
            tx.execute(sa.text("ANALYZE"))
    return saved.number


def _count(n: int) -> sa.CTE:
    start = sa.select(sa.literal(FIRST).label("n")).cte("numbers", recursive=True)
    return start.union_all(sa.select(start.c.n + 1).where(start.c.n < FIRST + n - 1))


def make_due(app: App, rate: int, seconds: int) -> dict[str, datetime]:
    """So many a second become due from now on, evenly; which one when."""
    start = app.clock.now() + WARM
    due = {f"EX-{FIRST + i}": start + timedelta(seconds=i / rate) for i in range(rate * seconds)}
    setting = (
        sa.update(task_table)
        .where(task_table.c.case == sa.bindparam("one"), task_table.c.role == "maintenance")
        .values(next_step_at=sa.bindparam("at"))
    )
    with app.database.write() as tx:
        tx.execute(setting, [{"one": number, "at": at} for number, at in due.items()])
    return due


def lateness(app: App, due: dict[str, datetime], patience: timedelta) -> list[float]:
    """Take every step as the service does; seconds between due and committed, of each."""
    late: list[float] = []
    taken: list[str] = []
    real = cases.save_all

    def noted(tx: sa.Connection, several: Sequence[Change], now: datetime) -> tuple[Case, ...]:
        saved = real(tx, several, now)
        taken.extend(change.case.number for change in several)
        return saved

    until = max(due.values()) + patience
    with patch("bot.ticks.cases.save_all", noted):
        while len(late) < len(due) and app.clock.now() < until:
            taken.clear()
            if not ticks.chase(app):
                time.sleep(0.01)
            now = app.clock.now()
            late += [(now - due[number]).total_seconds() for number in dict.fromkeys(taken) if number in due]
    now = app.clock.now()
    return late + [(now - at).total_seconds() for at in sorted(due.values())[len(late) :]]


def main() -> int:
    """Measure and print; exit status 1 where the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=1_000, help="due a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--database", help="a PostgreSQL URL of an empty database; SQLite else")
    parser.add_argument("--smoke", action="store_true", help="print the figures and do not judge them")
    arguments = parser.parse_args()
    set_up_logs("INFO")  # as the service does
    assert {"next_step_at", "role"} <= {f.name for f in fields(cases.Task)}
    with tempfile.TemporaryDirectory() as folder:
        app = build(Config(plant=RIVERSIDE, data=Path(folder), database_url=arguments.database))
        try:
            began = time.perf_counter()
            fill(app, arguments.open)
            print(f"{arguments.open:,} open timers, made in {time.perf_counter() - began:.0f} s")
            due = make_due(app, arguments.rate, arguments.seconds)
            start = min(due.values())
            cpu = time.process_time()
            late = lateness(app, due, timedelta(seconds=arguments.seconds * 10 + 30))
            cpu = time.process_time() - cpu
            took = (app.clock.now() - start).total_seconds()
        finally:
            app.close()
    p50, p99 = statistics.median(late), statistics.quantiles(late, n=100)[98]
    print(f"{arguments.rate:,} due a second for {arguments.seconds} s, on {datetime.now(UTC):%Y-%m-%d}")
    print(f"late: p50={p50:.3f} s p99={p99:.3f} s max={max(late):.3f} s")
    print(f"taken {len(late) / took:,.0f} a second, {cpu / len(late) * 1000:.1f} ms CPU each")
    print(f"limit: p99 under {LIMIT:g} s: {'kept' if p99 <= LIMIT else 'MISSED'}")
    return 0 if p99 <= LIMIT or arguments.smoke else 1


if __name__ == "__main__":
    sys.exit(main())
