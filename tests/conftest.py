"""The sample plant on each database, fresh for every story."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from structlog.testing import LogCapture

from bot.config import Config
from bot.last_plant import remember_plant
from nlp.reader import LocalReader
from tests.plantside import SIX_IN_THE_MORNING, Plantside

ROOT = Path(__file__).resolve().parent.parent
_test = count()
# How long an example takes is the machine's affair; what is fast enough is measured in bench/.
settings.register_profile("linecall", deadline=None)
settings.load_profile("linecall")

RIVERSIDE = ROOT / "fixtures" / "plants" / "riverside"


@pytest.fixture(autouse=True)
def no_plant_of_the_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No LINECALL_* of whoever runs the tests leaks into them, and nothing of theirs into the folder they stand in."""
    for name in list(os.environ):
        if name.startswith("LINECALL_") and name != "LINECALL_REQUIRE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("LINECALL_DATA", str(tmp_path_factory.getbasetemp() / f"data-{next(_test)}"))


@pytest.fixture
def logged() -> Iterator[LogCapture]:
    """What the program logs during a test."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, capture],
        wrapper_class=structlog.make_filtering_bound_logger("notset"),  # a command that ran before may want fewer
        cache_logger_on_first_use=False,
    )
    yield capture
    structlog.configure(**before)


@pytest.fixture
def plant_folder() -> Path:
    """The plant folder of a story; a file of stories may have its own."""
    return RIVERSIDE


@pytest.fixture(scope="session")
def local_reader() -> LocalReader:
    """One reader for all stories: it keeps nothing of what it reads, and to make one takes a third of a second."""
    return LocalReader()


@pytest.fixture
def plant(
    plant_folder: Path,
    tmp_path: Path,
    database_url: str | None,
    sqlite_with_tables: Path,
    local_reader: LocalReader,
    logged: LogCapture,
) -> Iterator[Plantside]:
    """Riverside Bottling on a Monday at six in the morning; `database_url` runs each story on both databases."""
    config = Config(plant=plant_folder, data=tmp_path / "data", database_url=database_url, play=True)
    if database_url is None:
        config.data.mkdir()
        shutil.copyfile(sqlite_with_tables, config.data / "linecall.db")
    story = Plantside(config, SIX_IN_THE_MORNING, reader=local_reader)
    remember_plant(config)
    try:
        yield story
        story.closes_in_good_order()
    finally:
        story.close()
    errors = [entry for entry in logged.entries if entry["log_level"] in ("error", "critical")]
    assert errors == [], "I12: an error was logged that the story did not expect"
