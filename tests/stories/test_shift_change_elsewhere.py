"""The change of shift in plants that are not like Riverside: shifts that overlap, a lead for each line, days off."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.config import Config
from bot.wording import texts
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from tests.stories.test_shift_change import FILLER_DOWN, I_TAKE_OVER, until

SHIFTS = """  - {id: day,   start: "06:00", end: "14:00"}
  - {id: late,  start: "14:00", end: "22:00"}
  - {id: night, start: "22:00", end: "06:00"}
"""
OVERLAPPING = """  - {id: day,   start: "06:00", end: "14:30"}
  - {id: late,  start: "14:00", end: "22:30"}
  - {id: night, start: "22:00", end: "06:30"}
"""
MONDAYS_ALONE = """  - {id: day,   start: "06:00", end: "14:00", days: [mon]}
  - {id: late,  start: "14:00", end: "22:00", days: [tue]}
  - {id: night, start: "22:00", end: "06:00", days: [tue]}
"""
OWN_LINES = (
    ("id: denise.palmer, name: Denise Palmer, roles: [supervisor], lines: []",
     "id: denise.palmer, name: Denise Palmer, roles: [supervisor], lines: [L3]"),
    ("id: hector.salinas, name: Héctor Salinas, roles: [supervisor], lines: []",
     "id: hector.salinas, name: Héctor Salinas, roles: [supervisor], lines: [L3]"),
    ("people: ", "people:\n"
     "  - {id: olaf.berg, name: Olaf Berg, roles: [supervisor], lines: [L2], shifts: [day], language: en}\n"
     "  - {id: ines.prieto, name: Inés Prieto, roles: [supervisor], lines: [L2], shifts: [late], language: es}\n"),
)  # fmt: skip


@pytest.fixture
def plant_with(tmp_path: Path, database_url: str | None) -> Iterator[Callable[..., Plantside]]:
    """Riverside with other shifts or other people."""
    opened: list[Plantside] = []

    def open_it(*edits: tuple[str, str]) -> Plantside:
        folder = tmp_path / "riverside"
        shutil.copytree(RIVERSIDE, folder)
        text = (folder / "plant.yaml").read_text("utf-8")
        for before, after in edits:
            assert before in text
            text = text.replace(before, after, 1)
        (folder / "plant.yaml").write_text(text, "utf-8")
        config = Config(plant=folder, data=tmp_path / "data", database_url=database_url)
        opened.append(Plantside(config, SIX_IN_THE_MORNING))
        return opened[0]

    yield open_it
    opened[0].closes_in_good_order()
    opened[0].close()


def test_R38_where_shifts_overlap_whoever_goes_home_hands_over_to_whoever_came_before(
    plant_with: Callable[..., Plantside],
) -> None:
    plant = plant_with((SHIFTS, OVERLAPPING))
    until(plant, 13, 30)
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("denise.palmer", "acknowledge")
    until(plant, 14, 20)
    assert any("14:30" in heard for heard in plant.hears("denise.palmer")), "she reads the note"
    assert not any("14:30" in heard for heard in plant.hears("hector.salinas")), "he has just come"
    plant.rest_is_known()

    until(plant, 14, 31)
    offered = next(h for h in plant.hears("hector.salinas") if h.buttons == (I_TAKE_OVER,))
    assert "Denise" in offered
    plant.presses("hector.salinas", "accept_shift")

    assert plant.only_case().task("supervisor").owner == "hector.salinas"
    plant.rest_is_known()


def test_R38_each_lead_takes_over_what_is_of_their_own_lines(plant_with: Callable[..., Plantside]) -> None:
    plant = plant_with(*OWN_LINES)
    until(plant, 13, 30)
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("denise.palmer", "acknowledge")
    plant.says("luis.ortega", "seamer on line 2 is down, line is standing")
    plant.presses("olaf.berg", "acknowledge")
    three, two = (case.number for case in plant.cases())
    plant.rest_is_known()
    until(plant, 13, 46)
    note = plant.hears("olaf.berg")[-1]
    assert two in note
    assert three not in note
    until(plant, 14, 1)

    offered = next(h for h in plant.hears("ines.prieto") if h.buttons == (I_TAKE_OVER,))
    assert two in offered
    assert three not in offered, "line 3 is not hers"
    plant.presses("ines.prieto", "accept_shift")
    assert plant.case(two).task("supervisor").owner == "ines.prieto"
    assert plant.case(three).task("supervisor").owner == "denise.palmer", "until Héctor has accepted she keeps it"
    assert "shift_taken" not in plant.log(three)
    plant.rest_is_known()

    until(plant, 14, 12)
    assert any("14:00" in h for h in plant.hears("hector.salinas")), "he is reminded of his"
    assert not any(h.buttons == (I_TAKE_OVER,) for h in plant.hears("ines.prieto")), "and she of nothing"
    plant.presses("hector.salinas", "accept_shift")
    assert plant.case(three).task("supervisor").owner == "hector.salinas"
    assert plant.case(two).task("supervisor").owner == "ines.prieto"
    plant.presses("ines.prieto", "accept_shift")
    assert "Héctor" in plant.hears("ines.prieto")[-1], "a second press finds it done"
    plant.rest_is_known()


def test_R37_R38_while_nobody_is_at_work_nobody_is_rung_again(
    plant_with: Callable[..., Plantside],
) -> None:
    plant = plant_with((SHIFTS, MONDAYS_ALONE))
    until(plant, 13, 30)
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    plant.presses("tamika.jones", "acknowledge")
    plant.rest_is_known()
    take_over = texts("en")["button.accept_shift"]

    plant.passes(hours=12)

    rung = [h for h in plant.hears("stephanie.greer") if take_over in h.buttons]
    assert len(rung) == 1, "she hears of it once, and nobody is at work to take it"
    plant.rest_is_known()
    plant.passes(hours=12, minutes=32)
    offered = [h for h in plant.hears("hector.salinas") if I_TAKE_OVER in h.buttons]
    assert offered, "on Tuesday somebody is there again"
    plant.presses("hector.salinas", "accept_shift")
    plant.rest_is_known()
