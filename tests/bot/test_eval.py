"""`linecall eval`: a score stands beside its counts, its interval and what plain lists of words reach."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from tools.train import sources

RIVERSIDE = Path(__file__).parents[2] / "fixtures" / "plants" / "riverside"
CASES = Path(__file__).parents[2] / "fixtures" / "cases" / "riverside.jsonl"


@pytest.fixture
def few(tmp_path):
    path = tmp_path / "few.jsonl"
    path.write_text("\n".join(CASES.read_text("utf-8").splitlines()[:12]), "utf-8")
    return path


def said(*arguments):
    result = CliRunner().invoke(app, ["eval", *map(str, arguments), "--plant", str(RIVERSIDE)], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_keyword_baseline_stands_beside_the_reader_on_the_same_cases(few):
    document = json.loads(said(few, "--json", "--baseline"))
    assert document["baseline"]["cases"] == document["cases"] == 12
    mine, plain = (d["scores"]["all_right"]["right"] for d in (document, document["baseline"]))
    assert mine > plain, "lists of words would be enough"


def test_without_the_baseline_the_document_is_that_of_the_contract(few):
    document = json.loads(said(few, "--json"))
    assert set(document) == {"cases", "scores", "by_language", "by_type", "misses"}


def test_the_table_shows_counts_and_intervals_for_both(few):
    table = said(few, "--baseline")
    assert "keywords" in table
    assert "(12/12)" in table
    assert "0.000 to 0.242" in table, "no wrong link in 12 is no promise"


def test_a_plant_that_nothing_learns_from_is_as_safe_as_the_others():
    kept = CASES.parents[1] / "kept" / "remedia"
    result = CliRunner().invoke(
        app, ["eval", str(kept / "cases.jsonl"), "--plant", str(kept / "plant"), "--json"], env={"COLUMNS": "100"}
    )
    scores = json.loads(result.stdout)["scores"]
    assert "remedia" not in {source.author for source in sources()}
    assert scores["safety_recall"]["right"] == scores["safety_recall"]["n"] == 8
    assert scores["false_release"]["value"] == 0
    assert scores["all_right"]["right"] >= 105, "first sight was 114 of 150; far below it something broke"
