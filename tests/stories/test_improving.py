"""What the last weeks teach, and what to try: tried on the same exceptions before anybody decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app as cli
from bot.config import Config
from bot.improving import Learnt, learnt_from
from bot.rehearsal import Rehearsal
from tests.conftest import RIVERSIDE

SIX_IN_THE_MORNING = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
STOPS = (
    "filler 3 jammed, line is down",
    "capper 3 jammed, line is down",
    "labeller 3 jammed, line is down",
    "palletizer 3 jammed, line is down",
    "seamer 2 jammed, line is down",
    "filler 2 jammed, line is down",
)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A day on which maintenance takes everything, and each time after twenty-three minutes."""
    data = tmp_path_factory.mktemp("day")
    plant = Rehearsal(Config(plant=RIVERSIDE, data=data / "data", play=True), SIX_IN_THE_MORNING)
    for n, stop in enumerate(STOPS, 1):
        plant.says("maria.lopez", stop)
        plant.passes(minutes=23)
        plant.presses("gary.lindqvist", "acknowledge", case=f"EX-{1000 + n}")
        plant.passes(minutes=5)
        plant.says("gary.lindqvist", f"EX-{1000 + n} fixed, jam cleared")
        plant.passes(minutes=10)
    yield plant
    plant.close()


def learnt(day: Rehearsal) -> Learnt:
    """What that day teaches."""
    with day.app.database.read() as tx:
        return learnt_from(tx, day.app.world(), SIX_IN_THE_MORNING - timedelta(hours=1), day.clock.now())


def test_R1_each_exception_that_was_not_right_at_first_has_its_reason(day: Rehearsal) -> None:
    found = learnt(day)
    assert found.solved == len(STOPS), [(c.number, c.status) for c in day.cases()]
    assert found.at_once == 0
    went_up = {one.case for one in found.failed if (one.where, one.what) == ("rule", "escalated")}
    assert went_up == {case.number for case in day.cases()}
    assert found.rules[0].up == tuple(case.number for case in day.cases())


def test_R59_another_deadline_is_proposed_and_was_tried_on_the_same_exceptions(day: Rehearsal) -> None:
    first = learnt(day).proposals[0]
    assert (first.kind, first.after) == ("deadline", "25 min")
    assert first.differs["other_times"] == len(STOPS)
    assert first.differs["later_up"] == len(STOPS), "nobody above would have heard of what was taken within 23 minutes"
    before = day.app.world().rules
    assert learnt(day).proposals
    assert day.app.world().rules == before, "proposing changes nothing"


def test_R57_the_manager_asks_in_chat_and_an_operator_hears_of_his_own_lines(day: Rehearsal) -> None:
    day.hears("stephanie.greer")
    day.says("stephanie.greer", "what should we improve?")
    (told,) = day.hears("stephanie.greer")
    assert "First-pass rate: 0% of 6" in told
    assert "went up before it was taken" in told
    assert "To try in rules.yaml" in told
    day.hears("dwayne.hicks")
    day.says("dwayne.hicks", "what should we improve?")
    (his,) = day.hears("dwayne.hicks")
    assert "EX-" not in his, "nothing stood on line 1"


def test_R59_the_command_says_the_same_and_changes_nothing(day: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_PLANT", str(RIVERSIDE))
    monkeypatch.setenv("LINECALL_DATA", str(day.app.config.data))
    monkeypatch.setattr("bot.clock.SystemClock.now", lambda _: day.clock.now())
    shown = CliRunner().invoke(cli, ["improve", "--days", "2"])
    assert shown.exit_code == 0, shown.output
    assert "0 of 6 exceptions of the last 2 days were solved at the first go." in shown.output
    assert "goes up after 25 min instead of" in shown.output
    as_json = CliRunner().invoke(cli, ["improve", "--days", "2", "--json"])
    assert json.loads(as_json.output)["solved"] == len(STOPS)


def test_too_few_exceptions_propose_nothing(tmp_path: Path) -> None:
    plant = Rehearsal(Config(plant=RIVERSIDE, data=tmp_path / "data", play=True), SIX_IN_THE_MORNING)
    plant.says("maria.lopez", STOPS[0])
    plant.passes(minutes=23)
    plant.says("gary.lindqvist", "on my way")
    plant.says("gary.lindqvist", "fixed, jam cleared")
    assert learnt(plant).proposals == ()
    plant.close()
