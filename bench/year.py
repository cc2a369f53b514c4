"""A year of a plant, 100,000 cases from a seed: how long its questions take, and whether every number is right.

`python -m bench.year [--cases N] [--rounds N]`. The right numbers are counted a second time by plain Python over the
generated cases (`counted_plainly`), which shares nothing with `db/figures.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import sqlalchemy as sa

from bot.answer import answer
from bot.answers.wanted import Wanted
from bot.app import build
from bot.clock import TurnedClock
from bot.config import Config
from bot.drawing import drawn, has_picture
from bot.web import create_web
from bot.wording import Voice
from db import figures
from db.connect import Database, open_database
from db.figure_rows import Which
from db.tables import case as case_table
from db.tables import figure, mention, posting
from db.tables import task as task_table
from integrations.plant_folder import read_plant_folder
from integrations.plant_folder.reading import PlantFolder
from workflow.case import Case, Notice, Task
from workflow.routing import World

RIVERSIDE = Path(__file__).resolve().parent.parent / "fixtures" / "plants" / "riverside"
END = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
KINDS = (
    ("machine_breakdown", 60),
    ("material_shortage", 14),
    ("quality_hold", 9),
    ("changeover_overrun", 12),
    ("other", 5),
)
LEADS = {"machine_breakdown": "maintenance", "material_shortage": "materials", "quality_hold": "quality"}
FIXES = ("sensor cleaned", "belt changed", "reset", "gripper hose changed", "jam cleared", "valve replaced")
CASE_COLUMNS = tuple(f.name for f in fields(Case) if f.name not in ("tasks", "version"))
TASK_COLUMNS = tuple(f.name for f in fields(Task))
AT_ONCE = 2_000


def year_of_cases(n: int, folder: PlantFolder, seed: int = 2026) -> Iterator[Case]:
    """The cases of a year, the same ones for the same seed; the last few are still open."""
    rng = random.Random(seed)
    assets = list(folder.plant.asset.values())
    weights = [1 / (1 + i % 7) for i in range(len(assets))]
    for i in range(n):
        captured = END - YEAR + YEAR * i / n + timedelta(seconds=rng.randrange(200))
        kind = rng.choices([k for k, _ in KINDS], [w for _, w in KINDS])[0]
        asset = rng.choices(assets, weights)[0]
        taken = timedelta(seconds=rng.lognormvariate(5.6, 0.8))
        solved = taken + timedelta(seconds=rng.lognormvariate(7.3, 0.9))
        booked = solved + timedelta(seconds=rng.lognormvariate(4.0, 1.2))
        still_open = i >= n - 25 and rng.random() < 0.8
        owner = rng.choice(("gary.lindqvist", "anita.rao", "paulo.teixeira", "chuy.ramirez"))
        role = LEADS.get(kind, "supervisor")
        escalated = rng.random() < 0.12
        task = Task(
            role, captured, owner=owner, told=(owner,), acknowledged_at=None if still_open else captured + taken,
            acknowledged_by=None if still_open else owner, done_at=None if still_open else captured + solved,
            escalated=escalated, why="who repairs",
        )  # fmt: skip
        second = (
            Task("planner", captured, owner="neil.abbott", told=("neil.abbott",), acknowledged_at=captured + taken * 2),
        )
        yield Case(
            f"EX-{1001 + i}", folder.plant.id, captured, "maria.lopez", said="it stands again", type=kind,  # type: ignore[arg-type]
            line=asset.line, assets=(asset.id,) if kind != "material_shortage" else (),
            occurred_at=captured - timedelta(seconds=rng.randrange(900)) if rng.random() < 0.5 else None,
            line_stopped=rng.choice((True, False, None)), tasks=(task, *(second if rng.random() < 0.3 else ())),
            opened_at=captured, resolved_at=None if still_open else captured + solved,
            resolved_by=None if still_open else owner, resolution="" if still_open else rng.choice(FIXES),
            closed_at=None if still_open else captured + booked, posted_at=None if still_open else captured + booked,
            rerouted=int(rng.random() < 0.06), reopened=int(rng.random() < 0.02),
            cancelled_at=captured + taken if rng.random() < 0.01 else None,
        )  # fmt: skip


def write(database: Database, cases: Sequence[Case]) -> None:
    """Put them into the tables, with a posting each; without logs, which no figure reads."""
    for start in range(0, len(cases), AT_ONCE):
        some = cases[start : start + AT_ONCE]
        with database.write() as tx:
            tx.execute(sa.insert(case_table), [_row(c, CASE_COLUMNS) | {"version": 1} for c in some])
            tx.execute(sa.insert(task_table), [
                {"case": c.number, "position": i} | _row(t, TASK_COLUMNS) for c in some for i, t in enumerate(c.tasks)
            ])  # fmt: skip
            named = [{"field": "assets", "value": a, "case": c.number} for c in some for a in c.assets]
            tx.execute(sa.insert(mention), named)
            tx.execute(sa.insert(figure), [figures.row_of(c) for c in some if c.status not in ("draft", "cancelled")])
            tx.execute(sa.insert(posting), [_posting(c) for c in some])


def questions(folder: PlantFolder) -> dict[str, Wanted]:
    """One of each kind, the heaviest over the whole year."""
    year = {"start": END - YEAR, "end": END}
    return {
        "open": Wanted("open"),
        "who": Wanted("who", line="L3"),
        "order": Wanted("status", work_order=folder.records.work_orders[-1].id),
        "history of a machine": Wanted("history", asset="L3-FIL", line="L3"),
        "lots on hold": Wanted("holds"),
        "summary of a week": Wanted("summary", start=END - timedelta(days=7), end=END),
        "summary of a year": Wanted("summary", **year),  # type: ignore[arg-type]
        "metrics of a year": Wanted("metrics", **year),  # type: ignore[arg-type]
        "by line": Wanted("metrics", by="line", **year),  # type: ignore[arg-type]
        "by type": Wanted("metrics", by="type", **year),  # type: ignore[arg-type]
        "by function": Wanted("metrics", by="role", **year),  # type: ignore[arg-type]
        "by shift": Wanted("metrics", by="shift", **year),  # type: ignore[arg-type]
        "half a year and before": Wanted("metrics", against="before", start=END - YEAR / 2, end=END),
        "what to improve, 30 days": Wanted("improve", start=END - timedelta(days=30), end=END),
        "causes of a year": Wanted("causes", **year),  # type: ignore[arg-type]
        "minutes down, a year by line": Wanted("downtime", **year),  # type: ignore[arg-type]
    }


def counted_plainly(cases: Sequence[Case], start: datetime, end: datetime) -> dict[str, Any]:
    """The figures of a period, a second time: by loops over the cases as they were generated."""
    counted = [c for c in cases if start <= c.captured_at < end and c.cancelled_at is None]
    minutes: dict[str, list[float]] = defaultdict(list)
    passed = solved = 0
    for c in counted:
        if c.closed_at is not None:
            minutes["resolution"].append((c.closed_at - c.captured_at).total_seconds() / 60)
        if c.posted_at is not None:
            minutes["posting_lag"].append((c.posted_at - (c.occurred_at or c.captured_at)).total_seconds() / 60)
        answered = [t.acknowledged_at for t in c.tasks if t.acknowledged_at is not None]
        if len(answered) == len(c.tasks):
            minutes["alignment"].append((max(answered) - (c.occurred_at or c.captured_at)).total_seconds() / 60)
        if c.resolved_at is not None:
            solved += 1
            passed += not (c.rerouted or c.reopened or any(t.escalated for t in c.tasks))
    found: dict[str, Any] = {"n": len(counted), "solved": solved, "passed": passed}
    for name, values in minutes.items():
        values.sort()
        half = len(values) // 2
        middle = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
        at = (len(values) - 1) * 0.9
        p90 = values[int(at)] + (at - int(at)) * (values[min(int(at) + 1, len(values) - 1)] - values[int(at)])
        found[name] = (middle, p90, len(values))
    return found


def stood_plainly(cases: Sequence[Case], start: datetime, end: datetime, now: datetime) -> dict[str, float]:
    """Minutes down by line, minute intervals of one machine joined: a second time, by sets of seconds."""
    stood: dict[tuple[str, str], list[tuple[datetime, datetime]]] = defaultdict(list)
    for c in cases:
        broke = c.type == "machine_breakdown" and c.line_stopped is not False
        stops = c.type in ("machine_breakdown", "changeover_overrun", "material_shortage") and (c.line_stopped or broke)
        if stops and c.cancelled_at is None:
            ends = c.resolved_at or now
            key = (c.line or "", c.assets[0] if c.assets else c.line or "")
            stood[key].append((max(c.occurred_at or c.captured_at, start), min(ends, end)))
    sums: dict[str, float] = defaultdict(float)
    for (line, _), spans in stood.items():
        reached = start
        for begins, over in sorted(spans):
            sums[line] += max(0.0, (over - max(begins, reached)).total_seconds() / 60)
            reached = max(reached, over)
    return dict(sums)


def main() -> None:
    """Generate, ask, count again, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    given = parser.parse_args()
    folder = read_plant_folder(RIVERSIDE)
    world = World(folder.plant, folder.rules, folder.records, END)
    with tempfile.TemporaryDirectory() as data:
        database = open_database(f"sqlite:///{data}/year.db")
        database.migrate()
        cases = list(year_of_cases(given.cases, folder))
        begun = time.perf_counter()
        write(database, cases)
        print(f"{len(cases)} cases written in {time.perf_counter() - begun:.0f} s")
        timed(
            "the year is read in, at the start",
            1,
            lambda: _ask(database, Wanted("metrics", start=END - YEAR, end=END), world),
        )
        for name, wanted in questions(folder).items():
            timed(name, given.rounds, lambda wanted=wanted: _ask(database, wanted, world))  # type: ignore[misc]
        voice = Voice("en", folder.plant, folder.records, END)
        for name in ("causes of a year", "minutes down, a year by line", "metrics of a year"):
            notice = _ask(database, questions(folder)[name], world)
            assert has_picture(notice), name
            timed(f"picture: {name}", min(10, given.rounds), lambda notice=notice: drawn(notice, voice))  # type: ignore[misc]
        timed_page(f"{data}/year.db", Path(data), min(10, given.rounds))
        with database.read() as tx:
            group = figures.grouped(tx, Which(END - YEAR, END))[0]
            by_line = {s.key: s.minutes for s in figures.stood(tx, Which(END - YEAR, END), "line")}
        plain = counted_plainly(cases, END - YEAR, END)
        closed = [c for c in cases if c.resolved_at is not None]
        differ = [n for n, v in stood_plainly(closed, END - YEAR, END, END).items() if abs(v - by_line[n]) > 0.01]
        differ += [n for n, s in group.spreads.items() if (s.median, s.p90, s.n) != rounded(plain[n])]
        right = (group.n, group.solved, group.passed) == (plain["n"], plain["solved"], plain["passed"])
        print("every number is right" if right and not differ else f"WRONG: {differ}")
        database.close()


def timed(name: str, rounds: int, do: Callable[[], object]) -> None:
    """Do something so often, and print how long it took."""
    took, busy = [], 0.0
    for _ in range(rounds):
        begun, worked = time.perf_counter(), time.process_time()
        do()
        busy += time.process_time() - worked
        took.append((time.perf_counter() - begun) * 1000)
    cuts = quantiles(took * 2, n=100, method="inclusive")
    print(f"{name:40} p50 {cuts[49]:6.1f} ms   p99 {cuts[98]:6.1f}   cpu {busy * 1000 / rounds:6.1f} ms", flush=True)


def timed_page(file: str, data: Path, rounds: int) -> None:
    """The page of the figures of a year, through the web door, without a network."""
    config = Config(plant=RIVERSIDE, data=data / "page", database_url=f"sqlite:///{file}", play=True)
    app = build(config, clock=TurnedClock(END))
    web = create_web(app)

    async def looks() -> None:
        transport = httpx.ASGITransport(web, client=("127.0.0.1", 50000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
            answered = await browser.get("/figures?period=this_year")
            assert answered.status_code == 200, answered.status_code

    with asyncio.Runner() as runner:
        runner.run(looks())  # templates are read once
        timed("page of the figures of a year", rounds, lambda: runner.run(looks()))
    app.close()


def _ask(database: Database, wanted: Wanted, world: World) -> Notice:
    with database.read() as tx:
        return answer(tx, wanted, world.plant.person["stephanie.greer"], world, None)


def rounded(found: tuple[float, float, int]) -> tuple[float, float, int]:
    """Minutes as people are told them."""
    return round(found[0], 1), round(found[1], 1), found[2]


def _row(one: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _posting(case: Case) -> dict[str, Any]:
    return {
        "key": f"{case.plant}/{case.number}/1/downtime/1", "kind": "downtime", "case": case.number, "body": {},
        "occurred_at": case.captured_at, "owed_since": case.captured_at, "attempts": 1, "claim": 1,
        "outcome_unknown": False, "due_at": case.captured_at if case.closed_at is None else None,
        "confirmed_at": case.closed_at, "receipt": "DOC-1" if case.closed_at else None,
    }  # fmt: skip


if __name__ == "__main__":
    main()
