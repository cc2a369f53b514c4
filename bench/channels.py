"""How fast a chat is answered and told: what its platform waits for at a hook, and a report to the owner's notice.

    python -m bench.channels [--seconds N] [--reports N] [--smoke]

The service is a process of its own, called by webhooks over HTTP as Telegram would; Telegram is the strict fake of the
tests, on loopback. First 50 messages a second with a burst of 500 in the middle; then reports, one after the other.
Limits: p99 of an answer 300 ms and none over 2.5 s; p99 from a report to the notice that the fake has accepted 2 s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

from integrations.plant_folder import read_plant_folder
from tests.integrations.strict_telegram import TOKEN, StrictTelegram
from tests.service.process import RIVERSIDE, Service
from workflow.plant import on_shift

SECRET = "correct-horse-battery-staple"
RATE, BURST, CONNECTIONS = 50, 500, 40
P99, WORST, TOLD = 0.3, 2.5, 2.0  # seconds
HOOK = "/hooks/telegram"
PAUSE = 3.0  # seconds: Telegram takes about one message a second in a chat, and its owner gets three of each
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


async def knocked(port: int, updates: list[object], burst: list[object]) -> list[float]:
    """Seconds from the last byte of each request to the first of its answer, as the platform measures it.

    A steady stream, and half way through a burst all at once: through as many connections as Telegram opens (its
    `max_connections` is 40 unless one asks for more), so the rest of a burst waits there and not for us.
    """
    took: list[float] = []
    waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (request := await waiting.get()) is not None:
            writer.write(request)
            began = time.perf_counter()
            status = await reader.readline()
            took.append(time.perf_counter() - began)
            assert b" 200 " in status, status
            headers = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", headers)[1]))  # type: ignore[index]
        writer.close()

    connections = [asyncio.create_task(connection()) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for n, update in enumerate(updates):
        await asyncio.sleep(max(0.0, began + n / RATE - time.perf_counter()))
        waiting.put_nowait(_request(update))
        if n == len(updates) // 2:
            for extra in burst:
                waiting.put_nowait(_request(extra))
    for _ in connections:
        waiting.put_nowait(None)
    await asyncio.gather(*connections)
    return took


def _request(update: object) -> bytes:
    body = json.dumps(update).encode()
    lines = [
        f"POST {HOOK} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def told(service: Service, telegram: StrictTelegram, reports: int) -> list[float]:
    """Seconds from each report to the notice of whoever repairs, as the fake has accepted it."""
    plant = read_plant_folder(RIVERSIDE).plant
    assets = [asset.name for line in plant.lines for asset in line.assets]
    reporter = next(p for p in plant.people if "operator" in p.roles and "telegram" in p.contacts)
    took: list[float] = []
    for n in range(reports):
        now = datetime.now(UTC)
        owners = {p.contacts["telegram"] for p in on_shift(plant, "maintenance", now) if "telegram" in p.contacts}
        if not owners:
            print("nobody who repairs has Telegram on this shift: the second figure is left out")
            return []
        asset, before, began = assets[n % len(assets)], len(telegram.accepted), time.perf_counter()
        _writes(service, telegram, reporter.contacts["telegram"], f"{asset} is down")
        while not (to := {str(m["chat_id"]) for m in telegram.accepted[before:]} & owners):
            assert time.perf_counter() - began < 60, f"no notice of {asset} within a minute"
            time.sleep(0.005)
        took.append(time.perf_counter() - began)
        _writes(service, telegram, min(to), f"{asset} is running again, took 5 min")  # or the next report only joins it
        time.sleep(PAUSE)
    return took


def _writes(service: Service, telegram: StrictTelegram, chat: str, text: str) -> None:
    update = telegram.message(int(chat), text)
    httpx.post(f"{service.url}{HOOK}", json=update, headers=HEADERS, timeout=30).raise_for_status()


def said(name: str, values: list[float]) -> tuple[float, float]:
    """p99 and the slowest, printed."""
    p99, worst = statistics.quantiles(values, n=100)[98], max(values)
    middle = statistics.median(values)
    print(f"{name}: n={len(values)} p50={middle * 1000:.0f} ms p99={p99 * 1000:.0f} ms max={worst * 1000:.0f} ms")
    return p99, worst


def main() -> int:
    """Measure and print; exit status 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--reports", type=int, default=50)
    parser.add_argument("--smoke", action="store_true", help="print the figures and do not judge them")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, StrictTelegram() as telegram:
        settings = {
            "LINECALL_TELEGRAM_TOKEN": TOKEN,
            "LINECALL_TELEGRAM_BASE_URL": telegram.url,
            "LINECALL_TELEGRAM_WEBHOOK_SECRET": SECRET,
            "LINECALL_PLAY": "0",
        }
        with Service(Path(folder) / "data", **settings) as service:
            since = told(service, telegram, given.reports)
            people = [70101 + n % 10 for n in range(given.seconds * RATE + BURST)]
            updates: list[object] = [telegram.message(person, "thanks") for person in people]
            answered = asyncio.run(knocked(service.port, updates[BURST:], updates[:BURST]))
    print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    p99, worst = said("answer at the hook, 50/s and a burst of 500", answered)
    kept = p99 <= P99 and worst <= WORST
    if len(since) > 1:
        kept = said("report to the owner's notice accepted", since)[0] <= TOLD and kept
    print(f"limits: p99 {P99:g} s, none over {WORST:g} s; notice p99 {TOLD:g} s: {'kept' if kept else 'MISSED'}")
    return 0 if kept or given.smoke else 1


if __name__ == "__main__":
    sys.exit(main())
