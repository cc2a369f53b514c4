"""What is decided about a lot is worth something: above the limit the next one is asked, however few it are (R40)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import RIVERSIDE
from tests.plantside import Plantside

RULES = """
decisions:
  release: {roles: [quality], worth: 2000 USD, above: [manager]}
  scrap: {roles: [quality], worth: 2000 USD, above: [manager]}
"""


@pytest.fixture
def plant_folder(tmp_path: Path) -> Path:
    """Riverside, whose ERP knows that a case of variety pack costs 4 dollars 50, and of no cola what it costs."""
    folder = Path(shutil.copytree(RIVERSIDE, tmp_path / "riverside"))
    items = (folder / "items.csv").read_text("utf-8").splitlines()
    header, *rows = items
    priced = [f"{row},4.5" if row.startswith("FG-4010,") else f"{row}," for row in rows]
    (folder / "items.csv").write_text("\n".join([f"{header},cost", *priced]) + "\n", "utf-8")
    (folder / "rules.yaml").write_text(RULES, "utf-8")
    return folder


def test_R40_what_is_worth_too_much_is_asked_of_the_manager_with_what_was_said(plant: Plantside) -> None:
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    number = plant.only_case().number
    plant.rest_is_known()

    plant.says("tamika.jones", "6319-4A: release 600 cs, codes checked")

    told = plant.hears_one("tamika.jones")
    assert "more than 2000 USD" in told
    assert "manager" in told
    assert "I have told Stephanie" in told
    asked = plant.hears_one("stephanie.greer")
    assert "above 2000 USD it is yours" in asked
    assert "release 600 cs" in asked
    assert plant.case(number).proposal is None
    plant.says("tamika.jones", "6319-4A: release 400 cs, codes checked")
    plant.presses("tamika.jones", "confirm")
    assert plant.case(number).held[0].remaining == 550, "1,800 dollars are hers to decide on"
    plant.rest_is_known()
    plant.says("stephanie.greer", "6319-4A: release 550 cs, codes checked", reply_to=f"case:{number}")
    plant.presses("stephanie.greer", "confirm")
    plant.passes(minutes=2)
    assert plant.case(number).closed_at is not None
    plant.rest_is_known()


def test_R40_of_what_erp_knows_no_cost_the_manager_decides(plant: Plantside) -> None:
    plant.says("luis.ortega", "hold 6319-2A, seams leak")
    plant.rest_is_known()
    plant.says("tamika.jones", "6319-2A: scrap 10 cs, seams leak")
    told = plant.hears_one("tamika.jones")
    assert "ERP does not say what 6319-2A costs" in told
    assert any("6319-2A" in h for h in plant.hears("stephanie.greer"))
    plant.rest_is_known()
