"""Waiting for what another thread or process does; how long it takes is the machine's affair."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(found: Callable[[], T], within: float = 15.0, instead: Callable[[], object] = lambda: "") -> T:
    """What it finds at last; `instead` says what there was when it never came."""
    until = time.monotonic() + within
    while not (there := found()):
        assert time.monotonic() < until, f"it never came {instead()}"
        time.sleep(0.02)
    return there
