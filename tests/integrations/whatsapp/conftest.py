"""Riverside on a strict Twilio, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import LogCapture

if TYPE_CHECKING:
    from tests.integrations.strict_twilio import StrictTwilio
    from tests.integrations.whatsapp.floor import Floor


@pytest.fixture
def twilio() -> Iterator[StrictTwilio]:
    from tests.integrations.strict_twilio import StrictTwilio

    with StrictTwilio() as server:
        yield server


@pytest.fixture
def floor(tmp_path: Path, twilio: StrictTwilio, logged: LogCapture) -> Iterator[Floor]:
    from tests.integrations.whatsapp import floor as people

    plant = people.Floor(tmp_path / "data", twilio)
    for person in people.EVERYBODY:
        plant.texts(person, "good morning")  # everybody's 24 hours have begun
    plant.twilio.arrived.clear()
    yield plant
    plant.close()
