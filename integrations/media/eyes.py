"""Looks at pictures in a process of its own that is killed when it takes too long or too much, and starts again."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Literal, cast

import structlog

from workflow.errors import Rejected

log = structlog.get_logger()

Want = Literal["codes", "text"]
SECONDS = 20.0  # for one look, the start of the process included
MEMORY = 3 * 1024**3  # address space; of it about 0.7 GB is used
LOOKS = 200  # then a fresh process: what leaks, leaks no further
MOST_ANSWER = 2 * 1024 * 1024  # bytes
NEEDS = ("PIL", "zxingcpp", "rapidocr", "onnxruntime", "pypdfium2")  # the extra `media`
ROOT = Path(__file__).resolve().parents[2]


def installed() -> bool:
    """Whether the extra `media` is there."""
    return all(find_spec(name) is not None for name in NEEDS)


class WorkerEyes:
    """`Eyes` of `workflow/ports.py`: one look at a time, in a worker that may die without anybody being hurt."""

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._worker: subprocess.Popen[bytes] | None = None
        self._looks = 0
        self._one_at_a_time = threading.Lock()

    def codes(self, picture: bytes, mime: str) -> tuple[str, ...]:
        """What barcodes and QR codes carry; raises Rejected where the picture cannot be opened."""
        return self._look(picture, mime, "codes")

    def text(self, picture: bytes, mime: str) -> tuple[str, ...]:
        """Lines of printed text; raises Rejected where the picture cannot be opened."""
        return self._look(picture, mime, "text")

    def close(self) -> None:
        """End the worker."""
        with self._one_at_a_time:
            self._end()

    def _look(self, picture: bytes, mime: str, want: Want) -> tuple[str, ...]:
        with self._one_at_a_time:
            try:
                said = self._asked_again(picture, mime, want)
            except (OSError, EOFError, ValueError) as error:  # it died, is stuck, or talks nonsense
                log.warning("media.worker_ended", why=type(error).__name__, want=want)
                self._end()
                raise Rejected("this picture cannot be opened within its time and memory") from error
            if "found" not in said:
                raise Rejected(f"this picture cannot be opened: {said.get('unreadable')}")
        return tuple(str(text) for text in said["found"])

    def _asked_again(self, picture: bytes, mime: str, want: Want) -> dict[str, list[str]]:
        """Ask; a worker that had gone to rest just now is no reason to turn a photo away."""
        try:
            return self._asked(picture, mime, want)
        except (BrokenPipeError, EOFError):
            self._end()
            return self._asked(picture, mime, want)

    def _asked(self, picture: bytes, mime: str, want: Want) -> dict[str, list[str]]:
        until = time.monotonic() + self._seconds
        requests, answers = self._running()
        head = json.dumps({"bytes": len(picture), "mime": mime, "want": want}).encode()
        _write(requests, head + b"\n" + picture, until)
        answer: dict[str, list[str]] = json.loads(_line(answers, until))
        return answer

    def _running(self) -> tuple[BinaryIO, BinaryIO]:
        """The worker's two pipes; a new worker where there is none, or where it has looked often enough."""
        self._looks += 1
        if self._worker is None or self._worker.poll() is not None or self._looks > LOOKS:
            self._end()
            self._looks = 1
            self._worker = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "integrations.media.worker", str(self._memory)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd=ROOT,
                env=_bare_environment(),
                start_new_session=True,  # Ctrl-C at the service ends it in order, not this one under its hands
            )
        requests, answers = self._worker.stdin, self._worker.stdout
        if requests is None or answers is None:
            raise OSError("the worker has no pipes")
        os.set_blocking(requests.fileno(), False)
        os.set_blocking(answers.fileno(), False)
        return cast("BinaryIO", requests), cast("BinaryIO", answers)

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            if pipe is not None:
                pipe.close()


def _bare_environment() -> Mapping[str, str]:
    """No token and no key of the service is anywhere near a foreign picture."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _write(pipe: BinaryIO, data: bytes, until: float) -> None:
    left = memoryview(data)
    while left:
        _ready(pipe, selectors.EVENT_WRITE, until)
        left = left[os.write(pipe.fileno(), left) :]


def _line(pipe: BinaryIO, until: float) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        _ready(pipe, selectors.EVENT_READ, until)
        piece = os.read(pipe.fileno(), 65536)
        line += piece
        if not piece or len(line) > MOST_ANSWER:
            raise EOFError("no answer") if not piece else ValueError("an answer without an end")
    return bytes(line)


def _ready(pipe: BinaryIO, event: int, until: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, until - time.monotonic())):
            raise TimeoutError("no answer in time")
