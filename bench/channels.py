"""How fast a chat is answered and told: what its platform waits for at a hook, and a report to the owner's notice.

    python -m bench.channels [--chat slack|telegram|whatsapp] [--seconds N] [--reports N] [--smoke]

The service is a process of its own, called by webhooks over HTTP as the platform would, signed; the platform is the
strict fake of the tests, on loopback. First reports, one after the other; then 50 messages a second with a burst of 500
in the middle. Whoever repairs has Slack too, unlike in the sample plant, so that the hour does not matter.
Limits: p99 of an answer 300 ms and none over 2.5 s; p99 from a report to the notice that the fake has accepted 2 s.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.chats import CHATS, Chat
from integrations.plant_folder import read_plant_folder
from tests.service.process import RIVERSIDE, Service
from workflow.plant import on_shift

RATE, BURST, CONNECTIONS = 50, 500, 40
P99, WORST, TOLD = 0.3, 2.5, 2.0  # seconds


async def knocked(port: int, steady: list[bytes], burst: list[bytes]) -> list[float]:
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
    for n, one in enumerate(steady):
        await asyncio.sleep(max(0.0, began + n / RATE - time.perf_counter()))
        waiting.put_nowait(one)
        if n == len(steady) // 2:
            for extra in burst:
                waiting.put_nowait(extra)
    for _ in connections:
        waiting.put_nowait(None)
    await asyncio.gather(*connections)
    return took


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A request as it goes over the line."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def everybody_reachable(folder: Path) -> Path:
    """The sample plant, whose fitters all have Slack too."""
    shutil.copytree(RIVERSIDE, folder)
    lines = (folder / "plant.yaml").read_text("utf-8").splitlines()
    for n, line in enumerate(lines):
        if "roles: [maintenance]" in line and "slack:" not in line:
            lines[n] = re.sub(r"contacts: \{(.*?)\}", rf"contacts: {{\1, slack: U09{n:02}}}", line)
    (folder / "plant.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def told(service: Service, folder: Path, chat: Chat, reports: int) -> list[float]:
    """Seconds from each report to the notice of whoever repairs, as the fake has accepted it."""
    plant = read_plant_folder(folder).plant
    assets = [asset.name for line in plant.lines for asset in line.assets]
    reporter = next(p for p in plant.people if "operator" in p.roles and chat.name in p.contacts)
    took: list[float] = []
    for n in range(reports):
        now = datetime.now(UTC)
        owners = {p.contacts[chat.name] for p in on_shift(plant, "maintenance", now) if chat.name in p.contacts}
        if not owners:
            print(f"nobody who repairs has {chat.name} on this shift: the second figure is left out")
            return []
        if not n:
            for owner in sorted(owners):  # where a chat has a window for free text, it is open
                _writes(service, chat, owner, "thanks")
            time.sleep(chat.pause)
        asset, before, began = assets[n % len(assets)], chat.accepted(), time.perf_counter()
        _writes(service, chat, reporter.contacts[chat.name], f"{asset} is down")
        while not (to := chat.told(before) & owners):
            assert time.perf_counter() - began < 60, f"no notice of {asset} within a minute"
            time.sleep(0.005)
        took.append(time.perf_counter() - began)
        _writes(service, chat, min(to), f"{asset} is running again, took 5 min")  # or the next report only joins it
        time.sleep(chat.pause)
    return took


def _writes(service: Service, chat: Chat, address: str, text: str) -> None:
    path, headers, body = chat.writes(address, text)
    httpx.post(f"{service.url}{path}", content=body, headers=dict(headers), timeout=30).raise_for_status()


def measured(chat: Chat, seconds: int, reports: int) -> bool:
    """Measure one chat and print; whether its limits are kept."""
    with tempfile.TemporaryDirectory() as folder, chat.fake:
        plant = everybody_reachable(Path(folder) / "plant")
        with Service(Path(folder) / "data", LINECALL_PLAY="0", LINECALL_PLANT=str(plant), **chat.settings) as service:
            since = told(service, plant, chat, reports)
            known = [p.contacts[chat.name] for p in read_plant_folder(plant).plant.people if chat.name in p.contacts]
            people = [known[n % 10 % len(known)] for n in range(seconds * RATE + BURST)]
            requests = [request(*chat.writes(person, "thanks")) for person in people]
            answered = asyncio.run(knocked(service.port, requests[BURST:], requests[:BURST]))
    print(f"{chat.name}; load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    p99, worst = said("answer at the hook, 50/s and a burst of 500", answered)
    kept = p99 <= P99 and worst <= WORST
    if len(since) > 1:
        kept = said("report to the owner's notice accepted", since)[0] <= TOLD and kept
    print(f"limits: p99 {P99:g} s, none over {WORST:g} s; notice p99 {TOLD:g} s: {'kept' if kept else 'MISSED'}")
    return kept


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
    parser.add_argument("--chat", choices=sorted(CHATS), default="telegram")
    parser.add_argument("--smoke", action="store_true", help="print the figures and do not judge them")
    given = parser.parse_args()
    kept = measured(CHATS[given.chat](), given.seconds, given.reports)
    return 0 if kept or given.smoke else 1


if __name__ == "__main__":
    sys.exit(main())
