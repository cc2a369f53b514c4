"""Whoever sets Linecall up mistypes a name or an address: it is said at once, with what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import cli
from bot.config import Config, WrongConfiguration, read_config
from db.connect import WrongAddress, open_database

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"


def test_a_misspelt_setting_is_refused_with_the_name_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_SLACK_CHANEL", "C0123ABCD")
    with pytest.raises(WrongConfiguration, match=r"no such setting\. Is it LINECALL_SLACK_CHANNEL\?"):
        read_config()


def test_a_setting_of_another_program_does_not_stop_the_plant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_BACKUP_BUCKET", "nightly")
    assert read_config().port == 8080


def test_nobody_plays_beside_an_erp_that_stands_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_PLAY", "1")
    monkeypatch.setenv("LINECALL_ERP", "tryton")
    monkeypatch.setenv("LINECALL_TRYTON_URL", "http://127.0.0.1:8000")
    assert read_config().play
    monkeypatch.setenv("LINECALL_TRYTON_URL", "https://erp.plant.example")
    with pytest.raises(WrongConfiguration, match=r"LINECALL_PLAY.*refused beside LINECALL_TRYTON_URL"):
        read_config()


@pytest.mark.parametrize("given", ["nonsense", "mysql://linecall:hush@db/linecall"])
def test_an_address_that_is_no_database_is_told_without_its_password(given: str) -> None:
    with pytest.raises(WrongAddress) as told:
        open_database(given)
    assert "postgresql://USER:PASSWORD@HOST/DATABASE" in str(told.value)
    assert "hush" not in str(told.value)


def test_a_database_that_does_not_answer_is_told_in_two_sentences(
    plant_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LINECALL_PLANT", str(plant_folder))
    monkeypatch.setenv("LINECALL_DATABASE_URL", f"sqlite:///{tmp_path}/not/there/linecall.db")
    monkeypatch.setattr("sys.argv", ["linecall", "cases"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert "The database does not answer: unable to open database file" in said
    assert "LINECALL_DATABASE_URL says where it is" in said
    assert "Traceback" not in said


def test_past_times_from_a_file_that_is_not_there(plant_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINECALL_PLANT", str(plant_folder))
    ended = CliRunner().invoke(cli.app, ["baseline", "gone.csv"])
    assert str(ended.exception) == "gone.csv: No such file or directory."


def test_the_page_of_settings_has_each_and_no_other() -> None:
    told = set(re.findall(r"^\| `LINECALL_([A-Z_]+)`", PAGE.read_text("utf-8"), re.MULTILINE))
    assert told == {field.upper() for field in Config.model_fields}
