"""What one report costs the program, from the row in its inbox to the last notice sent, however many cases are stored.

    python -m bench.reports [--reports N] [--stored N] [--database URL] [--smoke]

A finished exception of a year ago is copied so many times inside the database, with its tasks, log, notices, lines and
postings. Then reports come in for every machine of the sample plant, and its people say that it runs again, over and
over; the rounds are those of the service, in one thread and without HTTP. What is printed is CPU, which a busy machine
hardly changes: one process does as many a second as fit into one second of it. `--smoke` prints and does not judge.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from bot import ticks
from bot.config import Config
from bot.logs import set_up_logs
from bot.rehearsal import Rehearsal
from db import tables
from workflow.messages import Inbound
from workflow.plant import on_shift

RIVERSIDE = Path(__file__).resolve().parent.parent / "fixtures" / "plants" / "riverside"
LIMIT = 200.0  # reports a second
LONG_AGO = timedelta(days=400)
UNDERSTANDING = "  understanding, of it"
APART = 1000  # ids of one copy from the next; one exception has fewer rows in each table
COPIED = ("case", "task", "mention", "figure", "head", "log", "seal", "words", "notice", "line", "posting", "inbox")
IDS = ("id", "entry", "notice")


def store(plant: Rehearsal, n: int) -> None:
    """So many finished exceptions of a year ago."""
    plant.says("denise.palmer", "filler 3 is down")
    plant.says(on_shift(plant.app.plant, "maintenance", plant.clock.now())[0].id, "running again, jam cleared, 20 min")
    plant.passes(minutes=5)
    (case,) = plant.cases()
    assert case.status == "closed", case.status
    first = sa.select(sa.literal(1).label("n")).cte("numbers", recursive=True)
    numbers = first.union_all(sa.select(first.c.n + 1).where(first.c.n < n))
    with plant.app.database.write() as tx:
        for name in COPIED:
            _copy(tx, tables.metadata.tables[name], numbers, case.number)


def _copy(tx: sa.Connection, table: sa.Table, numbers: sa.CTE, case: str) -> None:
    n = sa.cast(numbers.c.n, sa.Text)
    changed: dict[str, sa.ColumnElement[Any]] = {
        name: table.c[name] + numbers.c.n * APART for name in IDS if name in table.c
    }
    its: sa.ColumnElement[bool] = sa.true()
    for name in {"case", "number"} & set(table.c.keys()):
        changed[name], its = sa.literal(f"{case}-") + n, table.c[name] == case
    for name in {"key", "message_id"} & set(table.c.keys()):
        changed[name] = table.c[name] + sa.literal("-") + n
    columns = [changed.get(column.name, column).label(column.name) for column in table.columns]
    copied = sa.select(*columns).select_from(sa.join(table, numbers, sa.true())).where(its)
    tx.execute(sa.insert(table).from_select([column.name for column in table.columns], copied))


def work(plant: Rehearsal, reports: int) -> tuple[int, int, dict[str, float]]:
    """How many reports led to how many notices, and the CPU seconds of what was done for them."""
    app, spent = plant.app, defaultdict[str, float](float)
    operator = {line.id: next(p.id for p in app.plant.people if "operator" in p.roles and line.id in p.lines)
                for line in app.plant.lines}  # fmt: skip
    assets = [(line.id, asset.name) for line in app.plant.lines for asset in line.assets]
    fixer = on_shift(app.plant, "maintenance", plant.clock.now())[0].id
    read, said, notices = app.reader.read, 0, 0

    def timed(name: str, do: Callable[[], Any]) -> Any:
        began = time.process_time()
        try:
            return do()
        finally:
            spent[name] += time.process_time() - began

    while said - len(assets) < reports:
        if said == len(assets):
            spent.clear()  # texts, patterns and statements are read once, by the first of them
            notices = 0
        for line, asset in assets:
            said += 1
            who, at = operator[line], plant.clock.now()
            report = Inbound("web", f"bench-{said}", who, who, at, f"{asset} is down")
            timed("intake", partial(app.receive, report))
        with patch.object(app.reader, "read", lambda *given: timed(UNDERSTANDING, partial(read, *given))):
            while timed("inbox", partial(ticks.read_inbox, app)):
                pass
        while sent := timed("outbox", partial(ticks.send_outbox, app)):
            notices += sent
        for _, asset in assets:
            plant.says(fixer, f"{asset} is running again, 5 min")
        plant.clock.turn_to(plant.clock.now() + timedelta(hours=3))  # beyond the time in which a fault comes back
        plant.settle()
    return said - len(assets), notices, spent


def main() -> int:
    """Measure and print; exit status 1 where the limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=230)
    parser.add_argument("--stored", type=int, default=1_000)
    parser.add_argument("--database", help="a PostgreSQL URL of an empty database; SQLite else")
    parser.add_argument("--smoke", action="store_true", help="print the figures and do not judge them")
    given = parser.parse_args()
    set_up_logs("WARNING")
    with tempfile.TemporaryDirectory() as folder:
        now = datetime.now(UTC).replace(hour=15, minute=0)
        plant = Rehearsal(
            Config(plant=RIVERSIDE, data=Path(folder), database_url=given.database, play=True), now - LONG_AGO
        )
        try:
            began = time.perf_counter()
            store(plant, given.stored)
            print(f"{given.stored:,} stored exceptions, made in {time.perf_counter() - began:.0f} s")
            plant.clock.turn_to(now)
            plant.settle()
            n, notices, spent = work(plant, given.reports)
        finally:
            plant.close()
    whole = sum(seconds for name, seconds in spent.items() if name != UNDERSTANDING)
    for name, seconds in spent.items():
        print(f"  {name}: {seconds / n * 1000:.2f} ms CPU a report")
    print(
        f"{n} reports, {notices} notices, {whole / n * 1000:.1f} ms CPU a report, {n / whole:.0f} in a second of a core"
    )
    print(f"limit: {LIMIT:g} a second: {'kept' if n / whole >= LIMIT else 'MISSED'}")
    return 0 if n / whole >= LIMIT or given.smoke else 1


if __name__ == "__main__":
    sys.exit(main())
