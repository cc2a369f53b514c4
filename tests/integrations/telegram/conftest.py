"""Riverside on a strict Telegram, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import LogCapture

from tests.integrations.strict_telegram import StrictTelegram

if TYPE_CHECKING:
    from tests.integrations.telegram.floor import Floor


@pytest.fixture
def telegram() -> Iterator[StrictTelegram]:
    with StrictTelegram() as server:
        yield server


@pytest.fixture
def floor(tmp_path: Path, telegram: StrictTelegram, logged: LogCapture) -> Iterator[Floor]:
    from tests.integrations.telegram.floor import SECRET, Floor

    plant = Floor(tmp_path / "data", telegram, telegram_webhook_secret=SECRET)
    yield plant
    plant.close()
