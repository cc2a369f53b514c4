"""How long each page takes with a year of a plant behind it, and whether its numbers are right.

100,000 exceptions from `bench/year.py` on SQLite; numbers are counted again by `bench/recount.py`.

`python -m bench.pages [--cases N] [--rounds N]`: wall clock and processor time of the whole request, without a network.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx
import structlog

from bench.recount import FIGURES, Recount, figures_of
from bench.year import END, RIVERSIDE, write, year_of_cases
from bot.answers.periods import period_of
from bot.config import Config
from bot.rehearsal import Rehearsal
from bot.web import create_web
from bot.web.search import MOST_SHOWN
from bot.web.words import minutes_words
from bot.wording import Voice
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
        "search: a word of one": "/search?q=giraffe",
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
    """The same cases, each with words that somebody may have written; one of them alone has a giraffe."""
    rng = random.Random(7)
    said = [replace(case, said=rng.choice(SAID)) for case in cases]
    said[len(said) // 3] = replace(said[len(said) // 3], said="a giraffe stands in the way")
    return said


def wrong_on(name: str, text: str, plain: Recount) -> list[str]:
    """Which numbers of a page are not those of plain loops over the cases; empty where all are.

    Of `/people` and the API's newest exceptions nothing is counted; the rest shows what is asked for below.
    """
    now, said = plain.now, " ".join(re.sub(r"<[^>]+>", " ", text).split())
    numbers = list(dict.fromkeys(re.findall(r"/cases/(EX-[0-9]+)", text)))
    newest = [c.number for c in reversed(plain.cases)]
    voice = Voice("en", plain.world.plant, plain.world.records, now)

    def found_by(fits: Callable[[Case], bool]) -> list[str]:
        return [c.number for c in reversed(plain.cases) if fits(c)][:MOST_SHOWN]

    def lacking(right: Iterable[str]) -> list[str]:
        return [f"{name}: {one} is not there" for one in right if one not in said]

    def other(found: object, right: object) -> list[str]:
        return [] if found == right else [f"{name}: {found} is not {right}"]

    match name:
        case "board":
            return other({*numbers} >= {c.number for c in plain.open}, True)
        case "an exception":
            return lacking([newest[0]])
        case "figures of a week" | "figures of a year":
            start = period_of(name.replace("figures of a", "this").replace(" ", "_"), None, plain.world.plant, now)[0]
            mine = [c for c in plain.counting if start <= c.captured_at < now]
            figures = figures_of(mine)
            passed, solved = figures["first_pass"]
            times = [" ".join(minutes_words(figures[one][at], voice)) for one in FIGURES for at in (0, 1)]
            return lacking([str(len(mine)), voice.percent(passed / max(solved, 1)), *times])
        case "search: newest":
            return other(numbers, newest[:MOST_SHOWN])
        case "search: a number":
            return other(numbers, ["EX-51234"] if "EX-51234" in newest else [])
        case "search: a word of many":
            return other(numbers, found_by(lambda c: "grinds" in c.said))
        case "search: a word of one":
            return other(numbers, found_by(lambda c: "giraffe" in c.said))
        case "search: a word of none":
            return other(numbers, [])
        case "rules":
            tasks = [t for c in plain.cases for t in c.tasks if t.asked_at >= now - timedelta(days=30)]
            asked = Counter(t.why for t in tasks if t.why)
            return lacking(voice.number(n) for n in asked.values())
        case "postings":
            return other({*numbers}, {c.number for c in plain.owing})
        case "metrics for Prometheus":
            return lacking(
                [f"linecall_exceptions_open {len(plain.open)}.0", f"linecall_exceptions_total {len(newest)}.0"]
            )
        case "API: figures of a year":
            return _wrong_figures(json.loads(text), plain)
        case "what to improve":
            right = plain.improve([c for c in plain.counting if c.captured_at >= now - timedelta(days=30)])
            said_of = voice.number
            tried = [f"{said_of(n)} of them" for _, n in right["tries"].values()]
            went_up = [f"up {said_of(up)} of {said_of(n)} times" for n, up in right["up"].values()]
            why = [f"{n}×" for n in right["why"].values()]
            return lacking([f"{right['at_once']} of {right['solved']}", *why, *went_up, *tried])
    return []


def _wrong_figures(told: dict[str, Any], plain: Recount) -> list[str]:
    start = datetime(2026, 1, 1, tzinfo=plain.world.plant.zone)
    mine = [c for c in plain.counting if start <= c.captured_at < plain.now]
    figures = figures_of(mine)
    passed, solved = figures.pop("first_pass")
    right = {
        "cases": len(mine),
        "open": sum(c.resolved_at is None for c in mine),
        "rate": (round(passed / solved, 3), solved),
    }
    right |= figures | {"type": Counter(c.type for c in mine), "line": Counter(c.line for c in mine)}
    found = {"cases": told["cases"], "open": told["open"], "type": told["by_type"], "line": told["by_line"]}
    found["rate"] = (told["first_pass_rate"]["value"], told["first_pass_rate"]["n"])
    found |= {one: tuple(told[f"{one}_min"][part] for part in ("median", "p90", "n")) for one in FIGURES}
    return [f"figures: {one} is {found[one]}, not {right[one]}" for one in right if found[one] != right[one]]


async def ask(web: object, wanted: dict[str, str], rounds: int, plain: Recount) -> tuple[int, list[str]]:
    """Ask for each page and print how long it took; how many take too long, and what is wrong."""
    transport = httpx.ASGITransport(web, client=("127.0.0.1", 50000))  # type: ignore[arg-type]
    over, wrong = 0, []
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080", timeout=120) as client:
        for name, path in wanted.items():
            took, busy = [], []
            for _ in range(max(rounds, 2) + 1):
                begun, worked = time.perf_counter(), time.process_time()
                answer = await client.get(path)
                assert answer.status_code == 200, (path, answer.status_code)
                busy.append((time.process_time() - worked) * 1000)
                took.append((time.perf_counter() - begun) * 1000)
            wrong += wrong_on(name, answer.text, plain)
            first, cuts = took.pop(0), quantiles(took, n=100, method="inclusive")
            cpu = sum(busy[1:]) / rounds
            over += cpu > BUDGET_MS
            print(
                f"{name:32} p50 {cuts[49]:6.0f} ms  p99 {cuts[98]:6.0f}  first {first:6.0f}  "
                f"cpu {cpu:6.0f}  {len(answer.content) // 1024:5} KB"
            )
    return over, wrong


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
        plain = Recount(cases, plant.app.world())
        over, wrong = asyncio.run(ask(create_web(plant.app), paths(cases[-1].number), given.rounds, plain))
        print(*wrong or ("every number that was counted again is right",), sep="\n")
        print(
            f"{over} over {BUDGET_MS} ms of processor time"
            if over
            else f"every page within {BUDGET_MS} ms of processor"
        )
        plant.close()


if __name__ == "__main__":
    main()
