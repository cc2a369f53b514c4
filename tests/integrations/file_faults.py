"""Pulls the plug at exactly the step at which a file is written, made durable or moved: ours, or the import's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.integrations.faults import PulledPlug


class FileFaults:
    """Counts each step on a file while it is in force; dies at the one with the number `at` (1 is the first), before
    it or after it. Leaving it forgives that death: whatever ran is over.
    """

    def __init__(self, at: int | None = None, before: bool = True) -> None:
        self.calls, self.pulled = 0, False
        self._at, self._before = at, before
        self._real: dict[tuple[Any, str], Any] = {}

    def __enter__(self) -> Self:
        for where, name in ((os, "fsync"), (Path, "replace"), (Path, "chmod")):
            real = self._real[where, name] = getattr(where, name)
            setattr(where, name, self._counted(real if where is Path else _nothing))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        for (where, name), real in self._real.items():
            setattr(where, name, real)
        return isinstance(error, PulledPlug)

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*given: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls == self._at and self._before:
                self.pulled = True
                raise PulledPlug
            try:
                return real(*given, **more)
            finally:
                if self.calls == self._at:
                    self.pulled = True
                    raise PulledPlug

        return step


def _nothing(_: int) -> None:
    """No power is cut here, so that nothing has to reach the disk."""
