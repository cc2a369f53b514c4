"""How long each page takes with a year of a plant behind it: 100,000 exceptions from `bench/year.py`, on SQLite.

`python -m bench.pages [--cases N] [--rounds N]`: wall clock and processor time of the whole request, without a network.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

import httpx
import structlog

from bench.year import END, RIVERSIDE, write, year_of_cases
from bot.config import Config
from bot.rehearsal import Rehearsal
from bot.web import create_web
from integrations.plant_folder import read_plant_folder
from workflow.case import Case

BUDGET_MS = 300
SAID = (
    "filler on 3 jammed again, line is down", "no labels left", "seamer grinds like mad", "pallets are wet on one side",
    "code is not readable on half", "belt slips since ten minutes", "capper drops caps", "wrong film on the roll",
)  # fmt: skip


def paths(newest: str) -> dict[str, str]:
    """Every page, the searches that are worst: nothing fits, everything fits, a word that is rare."""
    return {
        "board": "/board",
        "an exception": f"/cases/{newest}",
        "figures of a week": "/figures?period=this_week",
        "figures of a year": "/figures?period=this_year",
        "search: newest": "/search",
        "search: a number": "/search?q=EX-51234",
        "search: a machine": "/search?q=filler+3",
        "search: a word of many": "/search?q=grinds",
        "search: a word of one": "/search?q=zebra",
        "search: a word of none": "/search?q=nowhereatall",
        "search: three words and a line": "/search?q=line+2+capper+caps",
        "rules": "/rules",
        "people": "/people",
        "postings": "/postings",
        "metrics for Prometheus": "/metrics",
        "API: newest exceptions": "/api/cases?limit=50",
        "API: figures of a year": "/api/metrics?from=2026-01-01",
        "what to improve": "/improve",
    }


def with_words(cases: list[Case]) -> list[Case]:
    """The same cases, each with words that somebody may have written; one of them alone has a zebra."""
    rng = random.Random(7)
    said = [replace(case, said=rng.choice(SAID)) for case in cases]
    said[len(said) // 3] = replace(said[len(said) // 3], said="a zebra stands in the way")
    return said


async def ask(web: object, wanted: dict[str, str], rounds: int) -> int:
    """Ask for each page and print how long it took; how many are over the budget by the processor's time."""
    transport = httpx.ASGITransport(web, client=("127.0.0.1", 50000))  # type: ignore[arg-type]
    over = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", timeout=120) as client:
        for name, path in wanted.items():
            took, busy = [], []
            for _ in range(rounds + 1):
                begun, worked = time.perf_counter(), time.process_time()
                answer = await client.get(path)
                assert answer.status_code == 200, (path, answer.status_code)
                busy.append((time.process_time() - worked) * 1000)
                took.append((time.perf_counter() - begun) * 1000)
            first, cuts = took.pop(0), quantiles(took, n=100, method="inclusive")
            cpu = sum(busy[1:]) / rounds
            over += cpu > BUDGET_MS
            print(
                f"{name:32} p50 {cuts[49]:6.0f} ms  p99 {cuts[98]:6.0f}  first {first:6.0f}  "
                f"cpu {cpu:6.0f}  {len(answer.content) // 1024:5} KB"
            )
    return over


def main() -> None:
    """Generate, open the door, ask, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as data:
        plant = Rehearsal(Config(data=Path(data), plant=RIVERSIDE, play=True), END)
        begun = time.perf_counter()
        cases = with_words(list(year_of_cases(given.cases, read_plant_folder(RIVERSIDE))))
        write(plant.app.database, cases)
        print(f"{len(cases)} exceptions written in {time.perf_counter() - begun:.0f} s")
        over = asyncio.run(ask(create_web(plant.app), paths(cases[-1].number), given.rounds))
        print(
            f"{over} over {BUDGET_MS} ms of processor time"
            if over
            else f"every page within {BUDGET_MS} ms of processor"
        )
        plant.close()


if __name__ == "__main__":
    main()
