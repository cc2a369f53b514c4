"""Riverside on a strict Slack, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import LogCapture

if TYPE_CHECKING:
    from tests.integrations.slack.floor import Floor
    from tests.integrations.strict_slack import StrictSlack


@pytest.fixture
def slack() -> Iterator[StrictSlack]:
    from tests.integrations.strict_slack import StrictSlack

    with StrictSlack() as server:
        yield server


@pytest.fixture
def floor(tmp_path: Path, slack: StrictSlack, logged: LogCapture) -> Iterator[Floor]:
    from tests.integrations.slack.floor import Floor

    plant = Floor(tmp_path / "data", slack)
    yield plant
    plant.close()


@pytest.fixture
def channels(tmp_path: Path, slack: StrictSlack, logged: LogCapture) -> Iterator[Floor]:
    """Riverside with a channel for maintenance and one for quality."""
    from tests.integrations.slack.floor import FIXERS, QA, Floor

    slack.channels |= {id_: {"id": id_, "is_member": True} for id_ in (FIXERS, QA)}
    plant = Floor(tmp_path / "data", slack, slack_channel=f"maintenance={FIXERS}, quality={QA}")
    yield plant
    plant.close()
