"""Before new rules go live, the plant sees what they would have done with what has happened (R59)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app as cli
from tests.plantside import Plantside

NEW_RULES = """
exceptions:
  machine_breakdown:
    also:
      - rule: "maintenance: line 3 is the bottleneck"
        role: maintenance
        when: line == "L3" and line_stopped
        deadlines:
          - {acknowledge: 1m, ladder: {1m: manager}, repeat: 5m}
      - rule: "safety: every stop of line 3"
        role: safety
        when: line == "L3"
        required: false
        deadlines:
          - {acknowledge: 30m, ladder: {30m: []}}
decisions:
  release: {roles: [quality], most: 100, above: [manager]}
"""


@pytest.fixture
def tried(
    plant: Plantside, database_url: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What the new rules would have done with a stop that Gary took after three minutes, and with a release of 600."""
    plant.says("maria.lopez", "filler on 3 jammed since ten past, 10482 standing still")
    plant.passes(minutes=3)
    plant.says("gary.lindqvist", "on my way")
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    plant.says("tamika.jones", "6319-4A: release 600 cs")
    plant.presses("tamika.jones", "confirm")
    plant.rest_is_known()
    folder = tmp_path / "new"
    shutil.copytree(plant.app.config.plant or Path(), folder)
    (folder / "rules.yaml").write_text(NEW_RULES, encoding="utf-8")
    monkeypatch.setenv("LINECALL_PLANT", str(plant.app.config.plant))
    monkeypatch.setenv("LINECALL_DATA", str(plant.app.config.data))
    if database_url is not None:
        monkeypatch.setenv("LINECALL_DATABASE_URL", database_url)
    before = plant.cases()
    said = CliRunner().invoke(cli, ["try-rules", str(folder), "--since", "2026-11-01", "--json"])
    assert said.exit_code == 0, said.output
    assert plant.cases() == before, "it only looks"
    plant.rest_is_known()
    document: dict[str, Any] = json.loads(said.output)
    return document


def test_R59_new_rules_are_tried_on_what_has_happened_before_they_go_live(tried: dict[str, Any]) -> None:
    stop = [d for d in tried["differences"] if d["case"] == "EX-1001"]
    found = {(d["what"], d["role"]) for d in stop}
    assert ("other_rule", "maintenance") in found
    assert ("asked_too", "safety") in found
    up = next(d for d in stop if d["what"] == "sooner_up")
    assert up["after"] == "manager", "Gary took three minutes; the manager would have heard of it after one"
    assert tried["tried"] == 2


def test_R59_a_decision_that_the_new_rules_would_refuse_is_shown(tried: dict[str, Any]) -> None:
    refused = [d for d in tried["differences"] if d["what"] == "may_not"]
    assert [(d["case"], d["before"], d["after"]) for d in refused] == [("EX-1002", "release 600", "tamika.jones")]


def test_R59_the_rules_in_force_differ_in_nothing(
    plant: Plantside, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.says("maria.lopez", "filler on 3 jammed since ten past, 10482 standing still")
    plant.rest_is_known()
    monkeypatch.setenv("LINECALL_PLANT", str(plant.app.config.plant))
    monkeypatch.setenv("LINECALL_DATA", str(plant.app.config.data))
    if database_url is not None:
        monkeypatch.setenv("LINECALL_DATABASE_URL", database_url)
    said = CliRunner().invoke(cli, ["try-rules", str(plant.app.config.plant), "--since", "2026-11-01"])
    assert "0 would have gone otherwise" in said.output
