"""A plant edits its rules while the service runs: what is open goes on as it began, what comes next goes by the new."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.config import Config
from bot.reloading import reload_rules
from db import log as chained
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside

FILLER = "filler on 3 jammed since ten past, 10482 standing still"
SAFETY_TOO = """
exceptions:
  machine_breakdown:
    also:
      - rule: "safety: every stop"
        role: safety
        required: false
        deadlines:
          - {acknowledge: 30m, ladder: {30m: []}}
"""
WRONG = """
exceptions:
  machine_breakdown:
    cooling_off: soon
"""


@pytest.fixture
def own(tmp_path: Path, database_url: str | None, logged: LogCapture) -> Iterator[Plantside]:
    """The plant in a folder of its own, whose rules a story may edit."""
    folder = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, folder)
    story = Plantside(Config(plant=folder, data=tmp_path / "data", database_url=database_url), SIX_IN_THE_MORNING)
    try:
        yield story
        story.closes_in_good_order()
    finally:
        story.close()
    assert [e for e in logged.entries if e["log_level"] == "error"] == []


def edit(story: Plantside, rules: str) -> None:
    assert story.app.config.plant is not None
    (story.app.config.plant / "rules.yaml").write_text(rules, encoding="utf-8")
    reload_rules(story.app)


def roles(story: Plantside, number: str) -> set[str]:
    return {t.role for t in story.case(number).tasks if t.live}


def test_R29_new_rules_count_for_what_comes_next_and_leave_what_runs_alone(own: Plantside) -> None:
    own.says("maria.lopez", FILLER)
    before = own.only_case()
    own.passes(minutes=1)

    edit(own, SAFETY_TOO)

    assert own.only_case() == before, "not even touched"
    own.says("maria.lopez", "sorry, i mean the blow molder")
    assert own.case(before.number).rerouted == 1, "it was a correction"
    assert "safety" not in roles(own, before.number), "routed anew by a correction, by the rules of then"
    own.says("denise.palmer", "seamer 2 has a fault")
    newest = own.cases()[-1]
    assert "safety" in roles(own, newest.number)
    own.rest_is_known()


def test_R29_what_runs_keeps_its_rules_over_a_restart(own: Plantside) -> None:
    own.says("maria.lopez", FILLER)
    number = own.only_case().number
    own.passes(minutes=1)
    own.rest_is_known()
    edit(own, SAFETY_TOO)
    again = Plantside(own.app.config, own.clock.now())
    try:
        again.passes(seconds=1)
        again.says("maria.lopez", "sorry, i mean the blow molder")
        assert again.case(number).rerouted == 1, "it was a correction"
        assert "safety" not in roles(again, number)
        assert again.app.earlier_rules
    finally:
        again.close()
    own.rest_is_known()


def test_R61_a_change_of_the_rules_is_in_the_plants_own_log(own: Plantside) -> None:
    before = own.app.folder.rules.version
    edit(own, SAFETY_TOO)
    reload_rules(own.app)
    with own.app.database.read() as tx:
        first, last = chained.of_plant(tx)
    assert (first.what, first.facts["after"]) == ("rules_changed", before)
    assert last.facts == {"before": before, "after": own.app.folder.rules.version}


def test_rules_with_a_mistake_change_nothing_and_are_told_with_their_line(own: Plantside, logged: LogCapture) -> None:
    before = own.app.folder.rules
    edit(own, WRONG)
    reload_rules(own.app)
    assert own.app.folder.rules == before
    told = [e["problems"] for e in logged.entries if e["event"] == "rules.refused"]
    assert told == [[{"line": 4, "key": "exceptions.machine_breakdown.cooling_off"}]], "told once"
    edit(own, SAFETY_TOO)
    assert own.app.folder.rules != before, "repaired, it counts"
