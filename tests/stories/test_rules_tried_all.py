"""Every kind of change of the rules shows what it would have done with the past; none passes unseen (R59)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli import app as cli
from integrations.plant_folder import default_rules, read_rules_text
from tests.conftest import RIVERSIDE
from tests.plantside import Plantside
from workflow.errors import Rejected
from workflow.rule_changes import changes, why_not_tried

BREAKDOWN = "exceptions:\n  machine_breakdown:\n    "
OWN = (RIVERSIDE / "rules.yaml").read_text("utf-8")
LEADS = """concerns:
      - {rule: "supervisor: the line stands", role: supervisor, deadlines: [{acknowledge: 10m}]}
      - {rule: "maintenance: a machine is down", role: maintenance, deadlines: [{acknowledge: 10m}]}
"""
# Each change, the part of the rules that it is, and what it would have done with one of the exceptions of the story.
CHANGES = {
    "needs": (BREAKDOWN + "needs: [line, quantity]", "exceptions.machine_breakdown.needs", "asks_back"),
    "lead": (BREAKDOWN + LEADS, "exceptions.machine_breakdown.lead", "other_lead"),
    "idle": (
        BREAKDOWN + 'also: [{rule: "mine", role: maintenance, deadlines: [{acknowledge: 5m, ladder: {5m: supervisor,'
        " 10m: manager}, repeat: 10m, idle: 7m}]}]",
        "exceptions.machine_breakdown.maintenance",
        "other_times",
    ),
    "not waited for": (
        BREAKDOWN + 'also: [{rule: "p", role: planner, required: false, deadlines: [{acknowledge: 15m}]}]',
        "exceptions.machine_breakdown.planner",
        "not_waited_for",
    ),
    "verify": (
        BREAKDOWN + 'verify: {roles: [supervisor], when: line == "L3"}',
        "exceptions.machine_breakdown.verify",
        "second_look",
    ),
    "cooling off": (BREAKDOWN + "cooling_off: 1m", "exceptions.machine_breakdown.cooling_off", "is_new"),
    "second": ("decisions: {scrap: {roles: [quality], second: [manager]}}", "decisions.scrap", "second_person"),
    "worth": ("decisions: {scrap: {roles: [quality], worth: 1 EUR, above: [manager]}}", "decisions.scrap", "may_not"),
    "constraint": (
        'constraints: [{rule: "all of it or nothing", when: lots > 0, forbids: [scrap], why: "rework it"}]',
        "constraints.all of it or nothing",
        "may_not",
    ),
    "owner": ("failed_postings: {downtime: planner}", "failed_postings.downtime", "other_owner"),
    "approval": ("approvals: {scrap: {above: 5, roles: [manager]}}", "approvals.scrap", "approved_first"),
    "dry run": ("dry_run: [scrap]", "dry_run.scrap", "written_only"),
    "wait": ("longest_wait: 30m", "longest_wait", "asked_sooner"),
    "quiet": ('quiet_hours: {start: "06:00", end: "13:00"}', "quiet_hours", "held_back"),
    "triage": ("triage: {roles: [manager]}", "triage.roles", "other_desk"),
    "watch": ("watch: 10m", "watch", "asked_sooner"),
}
NOT_TRIED = {
    "gather": "gather: 30s",
    "records_old": "records_old: {lots: 2h}",
    "retention": "retention: {words: 90d}",
    "constraints.nothing at night (run)": 'constraints: [{rule: "nothing at night", when: orders > 0, forbids: [run],'
    ' why: "no light"}]',
}


@pytest.fixture
def past(plant: Plantside) -> Plantside:
    """A stop that ERP refused and that came back, a wait, a hold that was decided, a slow machine, a riddle."""
    real = plant.app.erp.post

    def refuses(posting: Any) -> Any:
        if posting.kind == "downtime":
            raise Rejected("the period is closed")
        return real(posting)

    plant.app.erp.post = refuses  # type: ignore[method-assign]
    plant.says("maria.lopez", "filler on 3 jammed since ten past, 10482 standing still")
    plant.says("gary.lindqvist", "on my way")
    plant.says("gary.lindqvist", "fixed, 20 min")
    plant.passes(minutes=5)
    plant.says("maria.lopez", "filler 3 is down again, same jam")
    plant.says("gary.lindqvist", "waiting for a seal, back in 2 hours")
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    plant.says("tamika.jones", "6319-4A: scrap 10 cs, crushed")
    plant.presses("tamika.jones", "confirm")
    plant.says("marcus.webb", "palletizer 2 is acting up, we are still running")
    plant.says("luis.ortega", "seamer 2 is running slow")
    plant.says("denise.palmer", "the filler is down")  # which one, she does not say
    plant.passes(minutes=40)
    plant.rest_is_known()
    return plant


def tried(plant: Plantside, folder: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("LINECALL_PLANT", str(plant.app.config.plant))
    monkeypatch.setenv("LINECALL_DATA", str(plant.app.config.data))
    if database_url is not None:
        monkeypatch.setenv("LINECALL_DATABASE_URL", database_url)
    said = CliRunner().invoke(cli, ["try-rules", str(folder), "--since", "2026-11-01", "--json"])
    assert said.exit_code == 0, said.output
    document: dict[str, Any] = json.loads(said.output)
    return document


def with_own(text: str) -> str:
    """A text of rules over the plant's own: sections that both have are those of the text."""
    name = text.partition(":")[0]
    kept, inside = [], False
    for line in OWN.splitlines():
        if line and not line.startswith((" ", "#")):
            inside = line.startswith(f"{name}:")
        if not inside:
            kept.append(line)
    return "\n".join(kept) + "\n" + text + "\n"


def test_R59_each_kind_of_change_shows_what_it_would_have_done(
    past: Plantside, tmp_path: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(RIVERSIDE, tmp_path / "new"))
    silent = []
    for name, (text, part, what) in CHANGES.items():
        (folder / "rules.yaml").write_text(with_own(text), "utf-8")
        document = tried(past, folder, database_url, monkeypatch)
        row = next((one for one in document["changes"] if one["part"] == part), None)
        found = {d["what"] for d in document["differences"] if d["of"] == part}
        if row is None or not row["exceptions"] or what not in found or row["not_tried"]:
            silent.append((name, row, sorted(found)))
    assert silent == []


def test_R59_what_cannot_be_tried_is_said_with_the_reason(
    past: Plantside, tmp_path: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(RIVERSIDE, tmp_path / "new"))
    (folder / "rules.yaml").write_text(with_own("gather: 30s"), "utf-8")
    monkeypatch.setenv("LINECALL_PLANT", str(past.app.config.plant))
    monkeypatch.setenv("LINECALL_DATA", str(past.app.config.data))
    if database_url is not None:
        monkeypatch.setenv("LINECALL_DATABASE_URL", database_url)
    said = CliRunner().invoke(cli, ["try-rules", str(folder), "--since", "2026-11-01"])
    assert "changed: gather was not tried: when each piece" in said.output, said.output
    for part, text in NOT_TRIED.items():
        found = changes(default_rules(), read_rules_text(text, past.app.plant))
        assert found == (part,)
        assert why_not_tried(part)


def test_R59_no_part_of_the_rules_changes_unseen(plant: Plantside) -> None:
    same = default_rules()
    for text, part, _ in CHANGES.values():
        assert part in changes(same, read_rules_text(text, plant.app.plant)), text
    assert changes(same, default_rules()) == ()
