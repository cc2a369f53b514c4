"""The phone of a line lies on the desk: it reports and asks, it is never asked, and what binds asks who it is (R55)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Config
from db import cases
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside

PHONE = (
    "  - {id: phone.l3, name: phone of line 3, roles: [operator], lines: [L3], shifts: [], language: en, shared: true, "
    'contacts: {whatsapp: "+15550199"}}\n'
)
DOWN = "filler 3 jammed, line is down"


@pytest.fixture
def floor(tmp_path: Path, database_url: str | None) -> Iterator[Plantside]:
    folder = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, folder)
    yaml = folder / "plant.yaml"
    yaml.write_text(yaml.read_text("utf-8").rstrip() + "\n" + PHONE, "utf-8")
    story = Plantside(Config(plant=folder, data=tmp_path / "data", database_url=database_url), SIX_IN_THE_MORNING)
    try:
        yield story
        story.closes_in_good_order()
    finally:
        story.close()


def test_R55_a_report_needs_no_name_and_the_phone_is_answered(floor: Plantside) -> None:
    floor.says("phone.l3", DOWN)

    assert floor.only_case().reporter == "phone.l3"
    assert "Got it" in floor.hears_one("phone.l3")
    floor.rest_is_known()


def test_R55_what_binds_asks_who_it_is_and_counts_as_theirs(floor: Plantside) -> None:
    floor.says("phone.l3", DOWN)
    number = floor.only_case().number
    floor.rest_is_known()

    floor.says("phone.l3", "on it", reply_to=f"case:{number}")
    asked = floor.hears_one("phone.l3")
    assert {"Gary", "Anita", "María"} <= set(asked.buttons), "whoever may hold it now"
    assert floor.case(number).task("maintenance").acknowledged_at is None  # type: ignore[union-attr]
    floor.presses("phone.l3", "i_am", "gary.lindqvist")

    task = floor.case(number).task("maintenance")
    assert task is not None
    assert task.acknowledged_by == "gary.lindqvist"
    assert any("is yours" in h for h in floor.hears("phone.l3")), "the answer comes to the phone in his hand"
    assert "in your name" in floor.hears_one("gary.lindqvist"), "and he would hear of it if it was not he"
    with floor.app.database.read() as tx:
        entry = next(e for e in cases.log_of(tx, number) if e.what == "acknowledged")
    assert (entry.who, entry.facts["phone"]) == ("gary.lindqvist", "phone.l3")
    floor.rest_is_known()


def test_R55_the_end_of_it_is_somebodys_too(floor: Plantside) -> None:
    floor.says("phone.l3", DOWN)
    number = floor.only_case().number
    floor.says("phone.l3", "running again, 12 min")
    assert floor.case(number).is_open

    floor.presses("phone.l3", "i_am", "maria.lopez")

    assert floor.case(number).resolved_by == "maria.lopez"
    assert floor.case(number).downtime_min == 12
    floor.passes(minutes=2)
    floor.rest_is_known()


def test_R55_nothing_is_released_from_it_whoever_says_that_it_is_them(floor: Plantside) -> None:
    floor.says("maria.lopez", "putting 6319-4A on hold, pallets without a date code")
    number = floor.only_case().number
    floor.rest_is_known()

    floor.says("phone.l3", "6319-4A: release 600 cs")
    assert "your own phone" in floor.hears_one("phone.l3")
    floor.says("phone.l3", "on it", reply_to=f"case:{number}")
    floor.presses("phone.l3", "i_am", "tamika.jones")
    floor.says("phone.l3", "6319-4A: release 600 cs", reply_to=f"case:{number}")
    assert floor.case(number).proposal is None
    assert floor.case(number).decisions == 0
    floor.rest_is_known()


def test_R55_nobody_is_named_who_is_not_here(floor: Plantside) -> None:
    floor.says("phone.l3", DOWN)
    number = floor.only_case().number
    floor.says("phone.l3", "on it", reply_to=f"case:{number}")
    shown = floor.button("phone.l3", "i_am")
    act, case, _, *which = shown.split("|")

    floor.says("phone.l3", "Paulo", button="|".join((act, case, "paulo.teixeira", *which)))

    task = floor.case(number).task("maintenance")
    assert task is not None
    assert task.acknowledged_at is None
    floor.rest_is_known()


def test_R55_the_phone_itself_is_never_asked_and_never_an_owner(floor: Plantside) -> None:
    floor.says("maria.lopez", DOWN)
    floor.passes(minutes=40)

    floor.hears_nothing("phone.l3")
    assert all("phone.l3" not in (t.owner, *t.told) for t in floor.only_case().tasks)
    floor.rest_is_known()
