"""ERP's export learns of an order later than the floor: what it refused is posted by itself then (R50)."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from db import cases
from tests.conftest import RIVERSIDE
from tests.plantside import Plantside
from workflow.case import Change

NEW_ORDER = "WO-10999,FG-3050,L3,800,cs,released,2026-11-19,2026-11-20,SO-70129,3,0,,\n"


@pytest.fixture
def plant_folder(tmp_path: Path) -> Path:
    """A plant folder whose export goes on while the story runs."""
    return Path(shutil.copytree(RIVERSIDE, tmp_path / "riverside"))


def test_R50_what_erp_refused_because_it_did_not_know_the_order_is_tried_again_when_it_does(
    plant: Plantside, plant_folder: Path
) -> None:
    plant.says("karen.doyle", "Hy-Dale changes the pallets of 10484, planner please look")
    (case,) = plant.cases()
    with plant.app.database.write() as tx:  # as from a photo of a traveller that ERP has not got yet
        cases.save(tx, Change(replace(case, work_orders=("WO-10999",))), plant.clock.now())
    plant.says("neil.abbott", "done, told them")
    plant.passes(minutes=2)
    assert [s.state for s in plant.postings()] == ["failed"]
    assert any("unknown" in heard for heard in plant.hears("neil.abbott"))
    plant.passes(minutes=20)
    assert [s.state for s in plant.postings()] == ["failed"], "it is not tried for nothing"
    plant.rest_is_known()

    export = plant_folder / "work_orders.csv"
    export.write_text(export.read_text("utf-8") + NEW_ORDER, "utf-8")
    os.utime(export, (export.stat().st_mtime + 5, export.stat().st_mtime + 5))
    plant.passes(minutes=2)
    plant.passes(minutes=2)

    assert any("ERP knows it now: WO-10999. I try it again by myself" in heard for heard in plant.hears("neil.abbott"))
    assert [s.state for s in plant.postings()] == ["posted"]
    assert plant.only_case().status == "closed"
    assert "tried_again" in plant.log(case.number)
    plant.rest_is_known()
