"""What understanding costs, beside what one might pick instead: the same messages, the same plant, one run.

    python -m bench.understanding [--messages N] [--small] [--growth N] [--smoke] [--json]

Every candidate runs in a fresh process of its own, with one thread, on a small plant and on one with 50,000 names and
100,000 orders. Read ratios, not milliseconds: a busy machine is slow for all of them. The others do a part of the work
only (`does` says which), and they come from the extra `bench`; what is not installed is named. `--growth` reads N
messages and prints by how much memory grew.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

from bench.candidates import CANDIDATES, LARGE, SMALL, material

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
BUDGET = 20.0  # seconds of CPU for one candidate on one plant; a slow one is measured on fewer messages


def resident() -> float:
    """MB that the process holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def measure(name: str, orders: int, names: int, messages: int) -> dict[str, Any]:
    """One candidate on one plant: CPU milliseconds of a message, memory, and the seconds until it was ready."""
    pairs = material(orders, names)
    bare = resident()
    began = time.process_time()
    try:
        read = CANDIDATES[name].build(pairs)
    except ImportError as missing:
        return {"missing": missing.name or str(missing)}
    for pair in pairs[:40]:
        read(*pair)
    ready, taken = time.process_time() - began, []
    while len(taken) < messages and sum(taken) < BUDGET * 1000:
        pair = pairs[len(taken) % len(pairs)]
        start = time.thread_time_ns()
        read(*pair)
        taken.append((time.thread_time_ns() - start) / 1e6)
    ordered = sorted(taken)
    return {
        "messages": len(taken), "ready_s": round(ready, 1), "p50_ms": round(ordered[len(ordered) // 2], 3),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)], 3), "per_s": round(1000 * len(taken) / sum(taken)),
        "rss_mb": round(resident()), "own_mb": round(resident() - bare),
    }  # fmt: skip


def growth(messages: int, orders: int, names: int) -> dict[str, Any]:
    """Memory after the first tenth of so many different messages and after all of them."""
    pairs = material(orders, names)
    read = CANDIDATES["linecall"].build(pairs)
    early = 0.0
    for n in range(messages):
        message, context = pairs[n % len(pairs)]
        read(dataclasses.replace(message, message_id=f"m-{n}", text=f"{message.text} {n * 7919}"), context)
        if n == messages // 10:
            early = resident()
    return {"messages": messages, "rss_mb": round(resident()), "growth_mb": round(resident() - early, 1)}


def alone(*arguments: str) -> dict[str, Any]:
    """The same program in a fresh process, for one figure."""
    command = [sys.executable, "-m", "bench.understanding", *arguments]
    done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the figures of all candidates, or of one for the process that asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3_000, help="for each candidate and plant")
    parser.add_argument("--small", action="store_true", help="the small plant only")
    parser.add_argument("--growth", type=int, default=0, metavar="N", help="read N messages and watch the memory")
    parser.add_argument("--smoke", action="store_true", help="show that the bench works; judges nothing")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=4, metavar=("NAME", "ORDERS", "NAMES", "MESSAGES"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        name, *sizes = given.one
        orders, names, messages = map(int, sizes)
        print(json.dumps(growth(messages, orders, names) if name == "growth" else
                         measure(name, orders, names, messages)))  # fmt: skip
        return
    messages = 100 if given.smoke else given.messages
    plants = {"small": SMALL} if given.small or given.smoke else {"small": SMALL, "large": LARGE}
    found: dict[str, Any] = {"plants": {}}
    for title, (orders, names) in plants.items():
        rows = {c: alone("--one", c, str(orders), str(names), str(messages)) for c in CANDIDATES}
        found["plants"][title] = {"orders": orders, "names": names, "candidates": rows}
        if not given.json:
            tell(title, orders, names, rows)
    more = given.growth or (5_000 if given.smoke else 0)
    if more:
        orders, names = list(plants.values())[-1]
        found["growth"] = alone("--one", "growth", str(orders), str(names), str(more))
        if not given.json:
            print("growth over {messages} different messages: {growth_mb} MB, {rss_mb} MB at the end".format(
                **found["growth"]))  # fmt: skip
    if given.json:
        print(json.dumps(found))


def tell(title: str, orders: int, names: int, rows: dict[str, Any]) -> None:
    """One plant's figures, each beside ours."""
    ours = rows["linecall"]
    print(f"\n{title} plant: {orders:,} orders, {names:,} names; one thread, CPU time")
    print(f"{'':17}{'p50 ms':>9}{'p99 ms':>9}{'msg/s':>9}{'of ours':>9}{'MB':>7}{'ready s':>9}  does")
    for name, row in rows.items():
        if "missing" in row:
            print(f"{name:17}not measured: {row['missing']} is not installed (pip install -e .[bench])")
            continue
        ratio = f"{row['per_s'] / ours['per_s']:.2f}x"
        print(f"{name:17}{row['p50_ms']:9.3f}{row['p99_ms']:9.3f}{row['per_s']:9,}{ratio:>9}{row['rss_mb']:7}"
              f"{row['ready_s']:9.1f}  {CANDIDATES[name].does}")  # fmt: skip


if __name__ == "__main__":
    main()
