"""The recorded shift plays through the real program, shows what it promises, and leaves its records behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import app as cli
from bot.config import read_config
from bot.demo import prepare, stage
from bot.last_plant import keep_from_now_on
from tests.service.process import ROOT

pytestmark = pytest.mark.slow

SHIFT = yaml.safe_load((ROOT / "fixtures/demo/day-shift.yaml").read_text())["shift"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    data = tmp_path_factory.mktemp("demo") / "data"
    done = linecall(data, "demo")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr == ""
    return data, done.stdout


def linecall(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LINECALL_")} | {"LINECALL_DATA": str(data)}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def as_json(data: Path, *words: str) -> Any:
    """What a command prints; here, since to start Python for each of ten takes a minute."""
    done = CliRunner().invoke(cli, [*words, "--json"], env={"LINECALL_DATA": str(data)})
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_shift_is_as_rich_as_promised() -> None:
    people = {h["who"] for h in SHIFT if h.get("who")}
    said = [h for h in SHIFT if h.get("says") or h.get("presses")]
    plant = yaml.safe_load((ROOT / "fixtures/plants/riverside/plant.yaml").read_text())
    spoken = {p["language"] for p in plant["people"] if p["id"] in {h["who"] for h in SHIFT if h.get("says")}}
    assert len(said) >= 25
    assert len(people) >= 8
    assert spoken >= {"en", "es", "pt"}


def test_it_shows_each_part_of_the_road(played: tuple[Path, str]) -> None:
    data, shown = played
    everything = [as_json(data, "case", c["number"]) for c in as_json(data, "cases")]
    log = {entry["what"] for case in everything for entry in case["log"]}
    assert {
        "joined",
        "asked_back",
        "answered",
        "escalated",
        "held",
        "proposed",
        "decided",
        "corrected",
        "closed",
    } <= log
    assert any(task["step"] >= 2 for case in everything for task in case["tasks"]), "a chase up two steps"
    assert any(entry["what"] == "posting_waits" for case in everything for entry in case["log"]), "ERP was away"
    for said in (h["says"] for h in SHIFT if h.get("says")):
        assert said[:40] in shown.replace("\n", " ") or said[:20] in shown


def test_it_ends_with_postings_metrics_and_where_to_go_on(played: tuple[Path, str]) -> None:
    data, shown = played
    assert "make run" in shown
    assert "first-pass" in shown
    owed = as_json(data, "postings")
    assert {p["state"] for p in owed} == {"posted", "reversed"}, "what was reworked came back"
    figures = as_json(data, "metrics")
    assert figures["cases"] >= 8
    assert figures["resolution_min"]["n"] > 0
    assert figures["first_pass_rate"]["n"] > 0


def test_every_exception_of_the_shift_is_closed_and_confirmed(played: tuple[Path, str]) -> None:
    data, _ = played
    assert {c["status"] for c in as_json(data, "cases")} <= {"closed", "cancelled"}


def test_it_does_not_play_over_a_plants_own_data(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "linecall.db").write_bytes(b"a plant's own records")
    done = linecall(data, "demo")
    assert done.returncode == 1
    assert "does not play over it" in done.stderr
    assert (data / "linecall.db").read_bytes() == b"a plant's own records"
    assert "Traceback" not in done.stderr


def test_after_somebody_ran_the_service_the_demo_plays_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LINECALL_DATABASE_URL", "postgresql://linecall@db.plant.example/linecall")
    monkeypatch.delenv("LINECALL_DATA")
    given = read_config(play=True)
    free = stage(given)
    assert free.data == Path("linecall-data")
    assert free.database_url is None, "and never in a plant's own database"
    prepare(free.data)
    (free.data / "linecall.db").write_bytes(b"what the demo left")
    assert stage(given).data == Path("linecall-data"), "a second demo plays over the first"
    keep_from_now_on(free.data)  # `linecall run`
    assert stage(given).data == Path("linecall-demo")
    assert (free.data / "linecall.db").read_bytes() == b"what the demo left"
