"""The real service as a process of its own: started, spoken to over HTTP, killed without warning, started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent.parent
RIVERSIDE = ROOT / "fixtures" / "plants" / "riverside"
READY_WITHIN = 240.0  # seconds; generous, since the machine may be busy


class Service:
    """`linecall run` on loopback with a data folder of its own; the port stays the same over restarts."""

    def __init__(
        self,
        data: Path,
        *,
        words: tuple[str, ...] = ("run",),
        name: str = "",
        under: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        self.data = data
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{name or data.name}.log"
        self._words = (*words, "--port", str(self.port)) if words[0] == "worker" else words
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("LINECALL_")},
            "LINECALL_PLANT": str(RIVERSIDE),
            "LINECALL_DATA": str(data),
            "LINECALL_PORT": str(self.port),
            "LINECALL_PLAY": "1",
            **environment,
        }
        self._under = under  # a program that watches it, such as strace -D
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        """Start the process; with `wait`, until it answers that it is ready."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._under, sys.executable, "-m", "bot.cli", *self._words],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return once `/ready` says 200; fail with the process's last words where it does not come up."""
        until = time.monotonic() + READY_WITHIN
        while time.monotonic() < until:
            assert self._process is not None
            if self._process.poll() is not None:
                raise AssertionError(f"the service ended with {self._process.returncode}:\n{self._last_words()}")
            try:
                if httpx.get(f"{self.url}/ready", timeout=10).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.02)
        raise AssertionError(f"the service was not ready within {READY_WITHIN:g} s:\n{self._last_words()}")

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End the process as a power cut would: no signal handler runs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """End the process in good order; its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return int(self._process.returncode)

    def say(self, person: str, text: str = "", *, key: str | None = None, **more: str) -> httpx.Response:
        """One message through the API, as the chat page sends it."""
        headers = {"Idempotency-Key": key} if key else {}
        return httpx.post(
            f"{self.url}/api/messages", json={"person": person, "text": text, **more}, headers=headers, timeout=10
        )

    def get(self, path: str) -> Any:
        """A document of the API; raises where the answer is not 2xx."""
        answer = httpx.get(f"{self.url}{path}", timeout=10)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> Service:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
