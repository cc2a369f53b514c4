"""Socket Mode: what comes by a connection that may be cut, or drop events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import LogCapture

from bot.engine import Engine
from db import inbox
from tests.integrations import strict_blocks
from tests.integrations.patience import eventually
from tests.integrations.slack.floor import ANITA, FILLER_DOWN, MARIA, NEIL, Floor
from tests.integrations.strict_slack import APP_TOKEN, TEAM, StrictSlack


class OnASocket(Floor):
    """Riverside in Socket Mode, with its engine running."""

    def __init__(self, data: Path, slack: StrictSlack) -> None:
        super().__init__(data, slack, slack_app_token=APP_TOKEN, slack_signing_secret=None)


@pytest.mark.slow
def test_S17_by_a_socket_an_envelope_is_answered_once_it_is_stored(
    tmp_path: Path, slack: StrictSlack, logged: LogCapture
) -> None:
    plant = OnASocket(tmp_path / "data", slack)
    receive, plant.app.receive = plant.app.receive, _fails  # type: ignore[method-assign]
    with Engine(plant.app):
        eventually(lambda: slack.sockets)
        report = slack.message(MARIA, FILLER_DOWN, date=plant.clock.now().timestamp())
        slack.push(report, "first")
        eventually(lambda: any(e["event"] == "slack.not_stored" for e in logged.entries))
        assert slack.acks == [], "nothing is confirmed that was not stored"
        plant.app.receive = receive  # type: ignore[method-assign]
        slack.push(report, "second")
        slack.push(report, "third")
        eventually(lambda: [a["envelope_id"] for a in slack.acks] == ["second", "third"])
        eventually(lambda: len(plant.cases()) == 1)
        slack.push(slack.command(NEIL, "open"), "fourth")
        eventually(lambda: any(a["envelope_id"] == "fourth" and a["payload"]["text"] == "✓" for a in slack.acks))
        slack.push({"type": "event_callback", "team_id": TEAM, "event": "secretword"}, "fifth")
        eventually(lambda: slack.acks[-1]["envelope_id"] == "fifth")
    with plant.app.database.read() as tx:
        assert inbox.poisoned_count(tx) == 1
    assert "secretword" not in str(logged.entries)
    plant.close()


def _fails(message: Any) -> int:
    raise OSError("the disk is full")


@pytest.mark.slow
def test_S7_what_slack_dropped_is_found_in_the_open_threads(
    tmp_path: Path, slack: StrictSlack, logged: LogCapture
) -> None:
    plant = OnASocket(tmp_path / "data", slack)
    with Engine(plant.app):
        eventually(lambda: slack.sockets)
        slack.push(slack.message(MARIA, FILLER_DOWN))
        eventually(lambda: any(strict_blocks.buttons(m["blocks"]) for m in slack.to(ANITA)))
        told = slack.to(ANITA)[0]
        slack.message(ANITA, "on it, 10 min", thread_ts=told["ts"])  # and no event of it
        slack.cut()
        eventually(lambda: plant.cases()[0].task("maintenance").acknowledged_by == "anita.rao", within=30)  # type: ignore[union-attr]
    plant.close()
