"""ERP's export job dies: the files can be read as before, and nobody would notice that they are of yesterday (R50)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot import ticks
from bot.app import App, build
from bot.clock import TurnedClock
from bot.config import Config
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING


class Export:
    """A plant that is not played, and the folder into which its ERP exports."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(shutil.copytree(RIVERSIDE, folder / "riverside"))
        self.clock = TurnedClock(SIX_IN_THE_MORNING)
        self.writes("items", "work_orders", "lots", "sales_orders", "bom")
        self.app: App = build(Config(plant=self.folder, data=folder / "data"), clock=self.clock)

    def writes(self, *files: str) -> None:
        """The job writes these now."""
        at = self.clock.now().timestamp()
        for file in files:
            os.utime(self.folder / f"{file}.csv", (at, at))

    def passes(self, hours: float) -> list[tuple[str, str]]:
        """What was told meanwhile, and to whom."""
        query = sa.text("select \"to\", facts from notice where name = 'records_still' order by id")
        with self.app.database.read() as tx:
            before = len(tx.execute(query).all())
        end = self.clock.now() + timedelta(hours=hours)
        while self.clock.now() < end:
            self.clock.turn_to(min(end, self.clock.now() + timedelta(hours=1)))
            ticks.refresh_records(self.app)
        with self.app.database.read() as tx:
            return [(to, str(facts)) for to, facts in tx.execute(query).all()[before:]]


@pytest.fixture
def export(tmp_path: Path) -> Iterator[Export]:
    made = Export(tmp_path)
    yield made
    made.app.close()


def test_R50_an_export_that_stands_still_is_told_though_its_files_can_be_read(export: Export) -> None:
    ticks.refresh_records(export.app)
    assert export.passes(hours=23) == []

    told = export.passes(hours=3)

    assert len(told) == 1, "whoever runs the shift, once"
    assert "work_orders" in told[0][1]
    assert len(export.passes(hours=4)) == 1, "and again while it stands"
    export.writes("items", "work_orders", "lots", "sales_orders", "bom")
    assert export.passes(hours=20) == []


def test_R50_one_fresh_file_hides_no_stale_one(export: Export) -> None:
    ticks.refresh_records(export.app)
    told = []
    for _ in range(5):
        told += export.passes(hours=5)
        export.writes("work_orders", "sales_orders", "items", "bom")

    assert [("lots" in facts, "work_orders" in facts) for _, facts in told] == [(True, False)]
