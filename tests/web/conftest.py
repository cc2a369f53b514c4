"""Riverside Bottling behind its web door, in play mode unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from tests.web.door import OpenDoor


@pytest.fixture
def opened(tmp_path: Path, logged: LogCapture) -> Iterator[Callable[..., OpenDoor]]:
    """Opens the door with any settings: `opened(api_token=…)`; opening twice is a restart on the same data."""
    with ExitStack() as stack:

        def open_door(**settings: Any) -> OpenDoor:
            door = OpenDoor(tmp_path / "data", **settings)
            stack.callback(door.close)
            return door

        yield open_door


@pytest.fixture
def door(opened: Callable[..., OpenDoor], database_url: str | None) -> OpenDoor:
    """The door in play mode on this machine, once on each database."""
    return opened(database_url=database_url)
