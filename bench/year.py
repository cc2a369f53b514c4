"""A year of a plant, 100,000 cases from a seed: how long its questions take, and whether every number is right.

`python -m bench.year [--cases N] [--rounds N]`. The right numbers are counted a second time by plain loops over the
generated cases (`bench/recount.py`), which share nothing with our queries; `bench/pages.py` does the same of the pages.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import sqlalchemy as sa

from bench.recount import Recount, differing, said
from bot.answer import answer
from bot.answers.baseline import keep_baseline
from bot.answers.wanted import Wanted
from bot.drawing import drawn, has_picture
from bot.wording import Voice
from db import figures
from db.connect import Database, open_database
from db.tables import case as case_table
from db.tables import figure, log, mention, posting
from db.tables import task as task_table
from integrations.plant_folder import read_plant_folder
from integrations.plant_folder.reading import PlantFolder
from workflow.case import Case, Notice, Task
from workflow.conditions import Facts
from workflow.routing import World

RIVERSIDE = Path(__file__).resolve().parent.parent / "fixtures" / "plants" / "riverside"
PICTURED = ("causes of a year", "minutes down, a year by line", "metrics of a year", "one exception")
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
    """The cases of a year, the same ones for the same seed; the last few are still open.

    Whoever changes over is told late: of that rule the most goes up, so that there is something to improve.
    """
    orders = [order.id for order in folder.records.work_orders]
    rng = random.Random(seed)
    assets = list(folder.plant.asset.values())
    asked = {(k, line.id): _asked_by(folder, k, LEADS.get(k, "supervisor"), line.id)
             for k, _ in KINDS for line in folder.plant.lines}  # fmt: skip
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
        escalated = rng.random() < (0.6 if kind == "changeover_overrun" else 0.12)
        task = Task(
            role, captured, owner=owner, told=(owner,), acknowledged_at=None if still_open else captured + taken,
            acknowledged_by=None if still_open else owner, done_at=None if still_open else captured + solved,
            escalated=escalated, **asked[kind, asset.line],
        )  # fmt: skip
        second = (
            Task("planner", captured, owner="neil.abbott", told=("neil.abbott",), acknowledged_at=captured + taken * 2),
        )
        yield Case(
            f"EX-{1001 + i}", folder.plant.id, captured, "maria.lopez", said="it stands again", type=kind,  # type: ignore[arg-type]
            line=asset.line, assets=(asset.id,) if kind != "material_shortage" else (),
            occurred_at=captured - timedelta(seconds=rng.randrange(900)) if rng.random() < 0.5 else None,
            work_orders=(orders[i % len(orders)],), line_stopped=rng.choice((True, False, None)),
            tasks=(task, *(second if rng.random() < 0.3 else ())),
            opened_at=captured, resolved_at=None if still_open else captured + solved,
            resolved_by=None if still_open else owner, resolution="" if still_open else rng.choice(FIXES),
            closed_at=None if still_open else captured + booked, posted_at=None if still_open else captured + booked,
            rerouted=int(rng.random() < 0.06), reopened=int(rng.random() < 0.02),
            cancelled_at=captured + taken if rng.random() < 0.01 else None,
        )  # fmt: skip


def _asked_by(folder: PlantFolder, kind: str, role: str, line: str) -> dict[str, Any]:
    """The rule of the plant that asks this function about such an exception, with its facts and its ladder."""
    stated: dict[str, Any] = {"type": kind, "line": line, "line_stopped": True, "has_asset": True}
    facts = Facts(**stated)
    for concern in folder.rules.types[kind].concerns:  # type: ignore[index]  # one of KINDS
        if concern.role == role:
            ladder = next((d.ladder for when, d in concern.deadlines if when.holds(facts)), ())
            return {"why": concern.name, "facts": stated, "ladder": ladder}
    return {"why": "who leads", "facts": stated}


def write(database: Database, cases: Sequence[Case]) -> None:
    """Put them into the tables, with a posting each, and of their logs what is counted."""
    for start in range(0, len(cases), AT_ONCE):
        some = cases[start : start + AT_ONCE]
        with database.write() as tx:
            tx.execute(sa.insert(case_table), [_row(c, CASE_COLUMNS) | {"version": 1} for c in some])
            tx.execute(sa.insert(task_table), [
                {"case": c.number, "position": i} | _row(t, TASK_COLUMNS) for c in some for i, t in enumerate(c.tasks)
            ])  # fmt: skip
            named = [{"field": "assets", "value": a, "case": c.number} for c in some for a in c.assets]
            named += [{"field": "work_orders", "value": o, "case": c.number} for c in some for o in c.work_orders]
            tx.execute(sa.insert(mention), named)
            tx.execute(sa.insert(log), [
                {"case": c.number, "at": c.captured_at, "who": c.reporter, "what": what, "why": "", "facts": {}}
                for c in some for what in ("reported", *(("corrected",) if c.rerouted else ()))
            ])  # fmt: skip
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
        "one exception": Wanted("case", case="EX-1500"),
        "who is there": Wanted("on_shift"),
        "what ERP lacks": Wanted("owed", start=END - YEAR, end=END),
        "how many in a year": Wanted("count", **year),  # type: ignore[arg-type]
        "summary of a week": Wanted("summary", start=END - timedelta(days=7), end=END),
        "summary of a year": Wanted("summary", **year),  # type: ignore[arg-type]
        "metrics of a year": Wanted("metrics", **year),  # type: ignore[arg-type]
        "by line": Wanted("metrics", by="line", **year),  # type: ignore[arg-type]
        "by type": Wanted("metrics", by="type", **year),  # type: ignore[arg-type]
        "by function": Wanted("metrics", by="role", **year),  # type: ignore[arg-type]
        "by shift": Wanted("metrics", by="shift", **year),  # type: ignore[arg-type]
        "half a year and before": Wanted("metrics", against="before", start=END - YEAR / 2, end=END),
        "half a year and the time before Linecall": Wanted(
            "metrics", against="baseline", start=END - YEAR / 2, end=END
        ),
        "what to improve, 30 days": Wanted("improve", start=END - timedelta(days=30), end=END),
        "what to improve, a year": Wanted("improve", **year),  # type: ignore[arg-type]
        "causes of a year": Wanted("causes", **year),  # type: ignore[arg-type]
        "minutes down, a year by line": Wanted("downtime", **year),  # type: ignore[arg-type]
        "minutes down, a year by kind": Wanted("downtime", by="type", **year),  # type: ignore[arg-type]
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


def times_from_before() -> tuple[int, ...]:
    """How long it took before Linecall, in microseconds."""
    rng = random.Random(11)
    return tuple(round(rng.lognormvariate(8.0, 0.9) * 1_000_000) for _ in range(400))


def keep_times_from_before(database: Database) -> tuple[int, ...]:
    """Take them in, as `linecall baseline` does."""
    took = times_from_before()
    with database.write() as tx:
        keep_baseline(tx, [("L3", "machine_breakdown", us) for us in took], END)
    return took


def differing_answers(
    folder: PlantFolder, cases: Sequence[Case], before: Sequence[int], told: Mapping[str, Notice]
) -> dict[str, list[str]]:
    """Every question whose answer says something else than plain loops over the cases, with what."""
    plain = Recount(cases, World(folder.plant, folder.rules, folder.records, END), before)
    found = {}
    for name, wanted in questions(folder).items():
        if wrong := differing(wanted, said(wanted, told[name]), plain.of(wanted)):
            found[name] = wrong
    return found


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
        before = keep_times_from_before(database)
        print(f"{len(cases)} cases written in {time.perf_counter() - begun:.0f} s")
        asked, told = questions(folder), {}
        for first in ("metrics of a year", "what to improve, a year"):
            timed(f"at first: {first}", 1, lambda first=first: ask(database, asked[first], world))  # type: ignore[misc]
        for name, wanted in asked.items():
            timed(name, given.rounds, lambda wanted=wanted: ask(database, wanted, world))  # type: ignore[misc]
            told[name] = ask(database, wanted, world)
        voice = Voice("en", folder.plant, folder.records, END)
        for name in PICTURED:
            notice = told[name]
            assert has_picture(notice), name
            timed(f"picture: {name}", min(10, given.rounds), lambda notice=notice: drawn(notice, voice))  # type: ignore[misc]
        differ = differing_answers(folder, cases, before, told)
        for name, wrong in differ.items():
            print(f"WRONG: {name}", *wrong, sep="\n  ")
        print(f"{len(asked) - len(differ)} of {len(asked)} answers are those of plain loops over the cases")
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


def ask(database: Database, wanted: Wanted, world: World) -> Notice:
    """The answer to a question of the manager."""
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
