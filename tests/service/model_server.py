"""A third party's mock of the OpenAI API as a process of its own: answers from a file, and breaks on request."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from tests.services import _missing as missing

PACKAGE, VERSION = "@copilotkit/aimock", "1.43.0"
FOLDER = Path(__file__).resolve().parents[2] / ".venv" / "node"
READY_WITHIN = 30.0  # seconds; generous, since the machine may be busy


def installed() -> Path:
    """The mock's command line; installed once into .venv/node by the machine's own npm."""
    program = FOLDER / "node_modules" / PACKAGE / "dist" / "cli.js"
    if shutil.which("npm") is None or not _node_is_new_enough():
        missing("Node.js 20 with npm, which runs the mock of a language model")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _has_version(program):
            quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            command = ["npm", "install", "--prefix", str(FOLDER), *quiet, f"{PACKAGE}@{VERSION}"]
            done = subprocess.run(command, capture_output=True, timeout=300, check=False)
            if done.returncode or not _has_version(program):
                missing(f"{PACKAGE} {VERSION} from an npm registry, the mock of a language model")
    return program


def _node_is_new_enough() -> bool:
    if shutil.which("node") is None:
        return False
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    return said.startswith("v") and int(said[1:].partition(".")[0]) >= 20


def _has_version(program: Path) -> bool:
    about = program.parent.parent / "package.json"
    return about.is_file() and json.loads(about.read_text("utf-8"))["version"] == VERSION


class ModelServer:
    """aimock on loopback: `answers` maps a part of what was asked to what is answered; `heard` is every voice note."""

    def __init__(self, folder: Path, answers: dict[str, str], heard: str | None = None) -> None:
        fixtures = folder / "answers.json"
        rows: list[dict[str, Any]] = [
            {"match": {"userMessage": part}, "response": {"content": said}} for part, said in answers.items()
        ]
        if heard is not None:
            rows.append({"match": {"endpoint": "transcription"}, "response": {"transcription": {"text": heard}}})
        fixtures.write_text(json.dumps({"fixtures": rows}), "utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            "node", str(installed()), "-p", str(self.port), "-f", str(fixtures), "--validate-on-load",
            "--log-level", "silent",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def breaks(self, **rates: float) -> None:
        """From now on: `dropRate`, `malformedRate`, `disconnectRate`, `rateLimitRate` (0 to 1), `latencyMs`."""
        httpx.post(f"{self.url}/__aimock/chaos", json=rates, timeout=10).raise_for_status()

    def is_well(self) -> None:
        """No breaking any more."""
        httpx.delete(f"{self.url}/__aimock/chaos", timeout=10).raise_for_status()

    def journal(self) -> list[dict[str, Any]]:
        """Every request that it got, oldest first."""
        rows = httpx.get(f"{self.url}/__aimock/journal", timeout=10).json()
        return [row for row in rows if row["path"].endswith("/chat/completions")]

    def __enter__(self) -> ModelServer:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("LINECALL_", "OPENAI_"))}
        self._process = subprocess.Popen(
            self._command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/__aimock/journal", timeout=2)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError("the mock of a language model did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
