"""plant.yaml changes while the service runs: the next step finds the people of now, and nothing that runs is lost."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot.plant_reloaded import reload_folder
from bot.watchman import watch
from db.log import of_plant
from tests.conftest import RIVERSIDE
from tests.plantside import Plantside

FILLER = "filler on 3 jammed since ten past, 10482 standing still"
PETE = (
    "  - {id: pete.novak, name: Pete Novak, roles: [maintenance], lines: [], shifts: [day], language: en,"
    " contacts: {telegram: 70999}, skills: [fillers]}\n"
)


@pytest.fixture
def plant_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RIVERSIDE, tmp_path / "riverside"))


def edit(plant: Plantside, *changes: tuple[str, str]) -> None:
    """plant.yaml with these texts in place of those; the service looks at it then, as it does every ten seconds."""
    assert plant.app.config.plant is not None
    file = plant.app.config.plant / "plant.yaml"
    said = file.read_text("utf-8")
    for old, new in changes:
        assert re.search(old, said, re.MULTILINE), old
        said = re.sub(old, new, said, flags=re.MULTILINE)
    file.write_text(said, "utf-8")
    reload_folder(plant.app)


def made_by(plant: Plantside, gone: str, now: str) -> None:
    """ERP names another producer of somebody's lots: who is named there has to be in plant.yaml."""
    lots = plant.app.folder.folder / "lots.csv"
    lots.write_text(lots.read_text("utf-8").replace(gone, now), "utf-8")


def test_R29_somebody_new_hears_of_the_next_step_and_the_ladder_stays_what_it_was(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    before = plant.only_case()
    plant.rest_is_known()

    edit(plant, (r"^people:.*\n", r"\g<0>" + PETE))

    assert plant.only_case() == before, "not even touched"
    assert "pete.novak" in plant.app.plant.person
    plant.passes(minutes=6)
    assert any(before.number in h for h in plant.hears("pete.novak")), "at the next step"
    task = plant.only_case().task("maintenance")
    assert task is not None
    assert task.ladder == before.tasks[0].ladder
    plant.rest_is_known()
    plant.says("pete.novak", "on my way, 10 min")
    taken = plant.only_case().task("maintenance")
    assert taken is not None
    assert taken.acknowledged_by == "pete.novak"
    plant.rest_is_known()


def test_R29_who_had_it_is_gone_and_the_others_are_asked_at_the_next_step(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    plant.says("gary.lindqvist", "on my way")
    number = plant.only_case().number
    plant.rest_is_known()

    made_by(plant, "maria.lopez", "joana.ferreira")
    edit(plant, (r"^  - \{id: gary\.lindqvist.*\n", ""), (r"^  - \{id: maria\.lopez.*\n", ""))
    plant.passes(minutes=45)

    assert "went_off_shift" in plant.log(number)
    assert any(number in h for h in plant.hears("anita.rao"))
    plant.rest_is_known()
    plant.says("anita.rao", "I take it")
    plant.says("anita.rao", "fixed, 50 min, new seal")
    plant.passes(minutes=2)
    assert plant.case(number).closed_at is not None, (
        "its reporter does not work here any more, and it ends all the same"
    )
    plant.rest_is_known()


def test_R29_what_somebody_had_who_is_gone_is_asked_of_the_others_within_a_minute(
    plant: Plantside, logged: LogCapture
) -> None:
    plant.says("maria.lopez", FILLER)
    plant.says("gary.lindqvist", "on my way, back with a seal in 3 hours")
    number = plant.only_case().number
    plant.rest_is_known()
    edit(plant, (r"^  - \{id: gary\.lindqvist.*\n", ""))

    assert watch(plant.app) == 1, "it looks twice a minute"
    plant.passes(seconds=1)

    assert any(number in h for h in plant.hears("anita.rao")), "and not in three hours"
    task = plant.case(number).task("maintenance")
    assert task is not None
    assert task.acknowledged_by is None
    plant.rest_is_known()
    assert [e["what"] for e in logged.entries if e["event"] == "watchman.put_right"] == ["owner_gone"]
    logged.entries.clear()
    assert watch(plant.app) == 0


def test_R29_a_hold_goes_on_to_its_end_without_its_reporter(plant: Plantside) -> None:
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    number = plant.only_case().number
    plant.rest_is_known()
    made_by(plant, "edson.silva", "bri.kowalski")
    edit(plant, (r"^  - \{id: edson\.silva.*\n", ""))
    plant.passes(minutes=70)
    plant.says("tamika.jones", "6319-4A: release all, codes checked")
    plant.presses("tamika.jones", "confirm")
    plant.passes(minutes=2)
    assert plant.case(number).closed_at is not None
    plant.rest_is_known()


def test_R61_a_role_that_is_taken_away_counts_at_once_and_stands_in_the_plants_log(plant: Plantside) -> None:
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    number = plant.only_case().number
    plant.rest_is_known()
    edit(plant, (r"(name: Tamika Jones, roles: )\[quality\]", r"\1[operator]"))

    plant.says("tamika.jones", "6319-4A: release all, codes checked")

    assert plant.case(number).held[0].remaining == 950, "she was quality until a moment ago"
    assert plant.case(number).proposal is None
    plant.rest_is_known()
    with plant.app.database.read() as tx:
        entry = of_plant(tx)[-1]
    assert entry.what == "people_changed"
    assert entry.facts["changed"]["tamika.jones"]["roles"] == {"before": ["quality"], "after": ["operator"]}


def test_a_broken_file_leaves_the_plant_as_it_was_and_is_told_with_line_and_reason(
    plant: Plantside, logged: LogCapture
) -> None:
    before = plant.app.plant
    edit(plant, (r"roles: \[planner\], lines: \[\], shifts: \[\], language: en", "roles: [plannner], language: en"))
    reload_folder(plant.app)
    assert plant.app.plant is before
    (wrong,) = plant.app.plant_refused
    assert (wrong["file"], wrong["key"], wrong["why"]) == (
        "plant.yaml", "people[neil.abbott].roles[1]", "'plannner' is no role"
    )  # fmt: skip
    assert isinstance(wrong["line"], int)
    assert any("plant.yaml" in one for one in plant.app.degraded())
    told = [e["problems"] for e in logged.entries if e["event"] == "plant.refused"]
    assert told == [[{"line": wrong["line"], "key": wrong["key"]}]], "told once, and no word of what stands there"

    edit(plant, ("plannner", "planner"))
    assert plant.app.plant_refused == []
    assert plant.app.plant is not before
    plant.rest_is_known()


def test_a_line_that_the_rules_name_does_not_vanish_under_them(plant: Plantside) -> None:
    before = plant.app.plant
    edit(plant, (r"\{id: AIR, name: Compressed air(.*)\[L1, L2, L3, L4\]\}", r"{id: AIR, name: Air\1[L1, L2, L3]}"))
    assert plant.app.plant is not before
    before = plant.app.plant
    folder = plant.app.folder.folder
    (folder / "rules.yaml").write_text(
        (folder / "rules.yaml").read_text("utf-8").replace('when: line == "L2"', 'when: line == "L9"'), "utf-8"
    )
    edit(plant, ("name: Riverside Bottling", "name: Riverside"))
    assert plant.app.plant is before, "its rules do not fit"
    assert plant.app.plant_refused[0]["file"] == "rules.yaml"


def test_somebody_of_whom_erp_still_names_lots_does_not_vanish(plant: Plantside) -> None:
    edit(plant, (r"^  - \{id: maria\.lopez.*\n", ""))
    assert "maria.lopez" in plant.app.plant.person
    first = plant.app.plant_refused[0]
    assert (first["file"], first["key"]) == ("lots.csv", "producer")


def test_another_plant_in_the_folder_is_not_taken_for_this_one(plant: Plantside) -> None:
    edit(plant, (r"^id: riverside", "id: lakeside"))
    assert plant.app.plant.id == "riverside"
    assert plant.app.plant_refused[0]["key"] == "id"


def test_R29_new_rungs_of_a_line_that_is_gone_leave_what_runs_there_under_its_own_rules(plant: Plantside) -> None:
    reload_folder(plant.app)
    folder = plant.app.folder.folder
    plant.says("luis.ortega", "line 2: no cans left, we stand")
    number = plant.only_case().number
    rules = plant.app.folder.rules.version
    plant.rest_is_known()
    plant.passes(seconds=1)
    (folder / "rules.yaml").write_text("gather: 10s\n", "utf-8")
    reload_folder(plant.app)
    assert plant.app.world().rules_of(plant.case(number)).version == rules, "L2's own rule is kept for what runs"
    plant.rest_is_known()
