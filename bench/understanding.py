"""Milliseconds and memory of understanding with 50,000 aliases and 100,000 orders: `python -m bench.understanding`."""

from __future__ import annotations

import dataclasses
import json
import resource
import time
from pathlib import Path

from integrations.plant_folder import read_plant_folder
from nlp.cases import as_context, as_message
from nlp.phrasings import read_phrasings
from nlp.reader import LocalReader
from workflow.records import Item, Records, WorkOrder

PHRASINGS = Path(__file__).parents[1] / "fixtures" / "phrasings"
ORDERS, ALIASES, MESSAGES = 100_000, 50_000, 20_000


def large(records: Records) -> Records:
    """The plant's records with a big company's number of orders and item names beside them."""
    items = tuple(
        Item(f"ZZ-{n:06d}", f"Spare {n:06d} kind", "pcs", "component", (f"zz{n}a", f"zz{n}b sort"))
        for n in range(ALIASES // 3)
    )
    orders = tuple(
        WorkOrder(f"MO-{460000000 + n}", "FP-100", "BAK", 100.0, "cs", "planned" if n % 250 == 0 else "completed")
        for n in range(ORDERS)
    )
    return dataclasses.replace(records, items=records.items + items, work_orders=records.work_orders + orders)


def main() -> None:
    """Print one JSON document with the figures."""
    folder = read_plant_folder(PHRASINGS / "northfield")
    records = large(folder.records)
    cases = list(read_phrasings(PHRASINGS / "northfield.txt", folder.plant.zone))
    ready = [(as_message(case), as_context(case, folder.plant, records)) for case in cases]
    reader = LocalReader()
    began = time.perf_counter()
    reader.read(*ready[0])
    built = time.perf_counter() - began
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken = []
    for n in range(MESSAGES):
        start = time.thread_time_ns()
        reader.read(*ready[n % len(ready)])
        taken.append((time.thread_time_ns() - start) / 1e6)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken.sort()
    figures = {
        "orders": ORDERS, "names": ALIASES, "messages": MESSAGES, "index_s": round(built, 2),
        "cpu_ms_p50": round(taken[len(taken) // 2], 3), "cpu_ms_p99": round(taken[int(len(taken) * 0.99)], 3),
        "messages_per_s": round(1000 * len(taken) / sum(taken)),
        "rss_mb": after // 1024, "growth_mb": (after - before) // 1024,
    }  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
