"""Somebody comes, goes, or gets other powers: it stands in the plant's own log, without an address."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.people_in_force import note_people
from bot.proving import erase
from db import addresses, invitations
from db.log import of_plant
from integrations.plant_folder import read_plant_folder
from tests.conftest import RIVERSIDE
from tests.plantside import Plantside


@pytest.fixture
def plant_folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RIVERSIDE, tmp_path / "riverside"))


def test_R61_a_change_of_people_and_rights_is_in_the_plants_own_log(plant: Plantside, plant_folder: Path) -> None:
    file = plant_folder / "plant.yaml"
    said = file.read_text("utf-8")
    said = said.replace(
        "name: Gary Lindqvist, roles: [maintenance]", "name: Gary Lindqvist, roles: [maintenance, quality]"
    )
    said = said.replace('contacts: {whatsapp: "+15550123", telegram: 70123}', 'contacts: {whatsapp: "+15550999"}')
    said = "\n".join(line for line in said.splitlines() if "ze.nunes" not in line)
    file.write_text(said, "utf-8")
    assert not note_people(plant.app), "nothing has been taken into use yet"

    plant.app.folder = read_plant_folder(plant_folder)
    assert note_people(plant.app)
    assert not note_people(plant.app), "written down once"

    with plant.app.database.read() as tx:
        entry = of_plant(tx)[-1]
    assert entry.what == "people_changed"
    assert list(entry.facts["gone"]) == ["ze.nunes"]
    changed = entry.facts["changed"]
    assert changed["gary.lindqvist"]["roles"] == {"before": ["maintenance"], "after": ["maintenance", "quality"]}
    assert changed["bobby.tran"] == {"contacts": "changed"}
    assert "5550999" not in str(entry.facts), "of an address only that it changed"


def test_R61_erasing_a_person_takes_their_phones_and_invitations_too(plant: Plantside) -> None:
    now = plant.clock.now()
    with plant.app.database.write() as tx:
        addresses.bind(tx, "telegram", "990001", "maria.lopez", now)
        addresses.bind(tx, "telegram", "990002", "edson.silva", now)
        invitations.put(tx, "a-token-of-hers", "maria.lopez", now)

    assert erase(plant.app, "maria.lopez", "stephanie.greer").addresses == 2

    with plant.app.database.read() as tx:
        assert addresses.of_person(tx, "maria.lopez") == ()
        assert len(addresses.of_person(tx, "edson.silva")) == 1
