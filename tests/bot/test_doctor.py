"""What whoever looks after the service is told before the first posting, and where ERP cannot be had."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.config import Config
from integrations.plant_folder import PlantFolderProblems
from tests.integrations.erp_contract import RIVERSIDE, OdooSystem
from tests.odoo_plant import DATABASE, KEY

WIDE = {"COLUMNS": "300"}


def told(*words: str, **settings: object) -> tuple[int, str]:
    env = WIDE | {f"LINECALL_{name.upper()}": str(value) for name, value in settings.items()}
    answer = CliRunner(env=env).invoke(app, ["doctor", *words])
    wrong = answer.exception.problems if isinstance(answer.exception, PlantFolderProblems) else ()
    return answer.exit_code, "\n".join([answer.output, *map(str, wrong)])


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    folder = tmp_path / "plant"
    shutil.copytree(RIVERSIDE, folder)
    return folder


def test_an_erp_that_is_away_is_called_away_and_not_a_broken_file(plant: Path, tmp_path: Path) -> None:
    """Nobody is sent to look for a file where the server of their Odoo is down."""
    status, said = told("erp", plant=plant, data=tmp_path / "data", erp="odoo", odoo_key="k",
                        odoo_url="http://127.0.0.1:9")  # fmt: skip
    assert status == 1
    assert "its records cannot be had: Odoo cannot be reached" in said
    assert "LINECALL_ODOO_*" in said
    assert "files cannot be read" not in said


def test_a_file_that_is_broken_is_named(plant: Path, tmp_path: Path) -> None:
    settings = {"plant": plant, "data": tmp_path / "data"}
    assert told("erp", **settings)[0] == 0
    (plant / "lots.csv").write_text("lot,item\nhalf a fi", encoding="utf-8")
    status, said = told("erp", **settings)
    assert status == 1
    assert "lots.csv" in said


def test_the_doctor_of_erp_proves_rights_and_books_nothing(plant: Path, tmp_path: Path) -> None:
    odoo = OdooSystem()
    settings = {"plant": plant, "data": tmp_path / "data", "erp": "odoo", "odoo_key": KEY, "odoo_url": odoo.url,
                "odoo_database": DATABASE}  # fmt: skip
    status, said = told("erp", **settings)
    assert status == 0, said
    assert "stock.picking" in said
    assert "deviation" in said, "what stays with people"
    assert "channel" not in said
    del odoo.plant.fields["stock.picking"]["origin"]
    status, said = told("erp", **settings)
    assert (status, "no field origin" in said) == (1, True)
    assert {call.partition("/")[2] for call in odoo.plant.calls} <= {
        "fields_get", "has_access", "search_read", "search_count"}  # fmt: skip
    odoo.close()


def test_flat_files_that_nobody_may_write_are_said(plant: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "erp").mkdir(parents=True)
    (data / "erp" / "out").write_text("somebody made a file of that name", encoding="utf-8")
    status, said = told("erp", plant=plant, data=data)
    assert status == 1
    assert "cannot be written" in said
    assert Config(data=data).erp == "plant_folder"
