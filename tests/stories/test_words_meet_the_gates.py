"""Words that do what a button does meet the gates of the button: by mail, forwarded, and from a shared phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Config
from db import settings
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from tests.stories.test_erp_changes import erp_says
from tests.stories.test_rules_reloaded import edit
from workflow.messages import Inbound

PHONES = "".join(
    f"  - {{id: phone.{line.lower()}, name: phone of {line}, roles: [operator], lines: [{line}], shifts: [], "
    f'language: en, shared: true, contacts: {{whatsapp: "+1555019{n}"}}}}\n'
    for n, line in enumerate(("L2", "L3"))
)
TAMIKAS_MAIL = "tamika@example.com"
HOLD = "putting 6319-4A on hold, pallets without a date code"
VERIFY = """
exceptions:
  machine_breakdown:
    verify: {roles: [maintenance, supervisor], when: line == "L3", within: 10m, then: [manager]}
"""


@pytest.fixture
def floor(tmp_path: Path, database_url: str | None) -> Iterator[Plantside]:
    folder = tmp_path / "riverside"
    shutil.copytree(RIVERSIDE, folder)
    yaml = folder / "plant.yaml"
    text = yaml.read_text("utf-8").rstrip() + "\n" + PHONES
    assert "slack: U0118}" in text
    yaml.write_text(text.replace("slack: U0118}", f"slack: U0118, email: {TAMIKAS_MAIL}}}"), "utf-8")
    story = Plantside(Config(plant=folder, data=tmp_path / "data", database_url=database_url), SIX_IN_THE_MORNING)
    try:
        yield story
        story.closes_in_good_order()
    finally:
        story.close()


def mails(plant: Plantside, address: str, text: str) -> None:
    """A mail under somebody's address, whoever wrote it."""
    id_ = f"mail-{plant.clock.now().timestamp():.0f}-{len(text)}"
    plant.app.receive(Inbound("email", id_, address, address, plant.clock.now(), text))
    plant.settle()


def said_of_the_lines(plant: Plantside) -> object:
    with plant.app.database.read() as tx:
        return settings.get(tx, "lines_cleared"), settings.get(tx, "put_first")


def in_rework(plant: Plantside) -> str:
    plant.says("maria.lopez", HOLD)
    number = plant.only_case().number
    plant.says("tamika.jones", "6319-4A: rework 600 cs", reply_to=f"case:{number}")
    plant.says("tamika.jones", "yes")
    assert plant.case(number).in_rework
    plant.rest_is_known()
    return number


def test_R41_a_mail_under_qualitys_address_says_nothing_clean(floor: Plantside) -> None:
    erp_says(floor, orders={"WO-10476": {"status": "completed"}, "WO-10479": {"status": "running"}})
    floor.rest_is_known()

    mails(floor, TAMIKAS_MAIL, "line 2 is cleared for 10480")

    assert "more than a mail" in floor.hears_one("tamika.jones")
    assert said_of_the_lines(floor) == (None, None)
    floor.says("luis.ortega", "can we run 10480?")
    assert "allergens of the last product" in floor.hears_one("luis.ortega")


def test_R41_a_mail_puts_no_order_first_and_brings_nothing_back_from_rework(floor: Plantside) -> None:
    mails(floor, "neil@example.com", "run 10486 first, because the truck is here")
    assert "more than a mail" in floor.hears_one("neil.abbott")
    floor.hears_nothing("denise.palmer")
    assert said_of_the_lines(floor) == (None, None)

    number = in_rework(floor)
    mails(floor, "denise@example.com", "the rework is done")
    assert "more than a mail" in floor.hears_one("denise.palmer")
    assert floor.case(number).in_rework
    floor.rest_is_known()


def test_R55_a_shared_phone_clears_no_line_whoever_says_that_it_is_them(floor: Plantside) -> None:
    floor.says("phone.l2", "line 2 is cleared for 10477")
    assert "your own phone" in floor.hears_one("phone.l2")

    floor.says("phone.l2", "can we run 10477 on line 2?")
    assert "no run: line clearance" in floor.hears_one("phone.l2"), "to ask needs no name"
    floor.presses("phone.l2", "cleared")
    assert "your own phone" in floor.hears_one("phone.l2")
    assert said_of_the_lines(floor) == (None, None)


def test_R55_on_a_shared_phone_an_order_goes_first_by_a_name_and_nothing_is_back_from_rework(floor: Plantside) -> None:
    floor.says("phone.l3", "run 10486 first, because the truck is here")
    assert "Denise" in floor.hears_one("phone.l3").buttons
    floor.presses("phone.l3", "i_am", "denise.palmer")
    assert said_of_the_lines(floor) != (None, None)
    floor.rest_is_known()

    number = in_rework(floor)
    floor.says("phone.l3", "all reworked", reply_to=f"case:{number}")
    assert floor.case(number).in_rework, "the phone itself reworked nothing"
    floor.rest_is_known()


def test_R35_R55_the_second_look_is_no_words_of_a_shared_phone(floor: Plantside) -> None:
    edit(floor, VERIFY)
    floor.says("maria.lopez", "filler 3 jammed, line is down")
    number = floor.only_case().number
    floor.says("gary.lindqvist", "on it")
    floor.says("gary.lindqvist", "running again, new seal")
    floor.rest_is_known()

    floor.says("phone.l3", "it is fixed, running", reply_to=f"case:{number}")
    floor.presses("phone.l3", "i_am", "anita.rao")

    assert floor.case(number).is_open
    assert any("your own phone" in heard for heard in floor.hears("phone.l3"))
    floor.rest_is_known()


def released(plant: Plantside) -> str:
    plant.says("maria.lopez", HOLD)
    number = plant.only_case().number
    plant.says("tamika.jones", "6319-4A: release 600 cs", reply_to=f"case:{number}")
    plant.says("tamika.jones", "yes")
    plant.passes(minutes=2)
    assert plant.case(number).parts
    plant.rest_is_known()
    return number


def test_R45_a_mail_takes_a_release_back_for_that_puts_stock_on_hold_again(floor: Plantside) -> None:
    number = released(floor)

    mails(floor, "denise@example.com", "withdraw the release of 6319-4A, glass found")

    held = floor.case(number).held_lot("6319-4A")
    assert held is not None
    assert (held.remaining, held.withdrawn_by) == (held.quantity, ("denise.palmer",))
    assert any("withdraws" in h for h in floor.hears("tamika.jones"))
    floor.passes(minutes=2)
    floor.rest_is_known()


def test_R45_R55_on_a_shared_phone_a_release_is_taken_back_by_a_name(floor: Plantside) -> None:
    number = released(floor)

    floor.says("phone.l3", "withdraw the release of 6319-4A, glass found")
    assert "Who is that" in floor.hears_one("phone.l3")
    assert floor.case(number).parts, "nobody has said who that is"
    floor.presses("phone.l3", "i_am", "maria.lopez")

    held = floor.case(number).held_lot("6319-4A")
    assert held is not None
    assert held.withdrawn_by == ("maria.lopez",)
    floor.passes(minutes=2)
    floor.rest_is_known()


def test_R14_R45_a_forwarded_word_takes_no_release_back(floor: Plantside) -> None:
    number = released(floor)
    said = Inbound("web", "fwd-1", "denise.palmer", "denise.palmer", floor.clock.now(),
                   "withdraw the release of 6319-4A, glass found", forwarded=True)  # fmt: skip
    floor.app.receive(said)
    floor.settle()

    assert "your own words" in floor.hears_one("denise.palmer")
    assert floor.case(number).parts
    floor.rest_is_known()


def test_R45_R55_on_a_shared_phone_the_rework_is_done_by_a_name(floor: Plantside) -> None:
    number = in_rework(floor)
    floor.says("phone.l3", "all reworked", reply_to=f"case:{number}")
    assert "Who is that" in floor.hears_one("phone.l3")

    floor.presses("phone.l3", "i_am", "maria.lopez")

    assert not floor.case(number).in_rework
    held = floor.case(number).held_lot("6319-4A")
    assert held is not None
    assert held.reworked_by == ("maria.lopez",)
    floor.rest_is_known()


def test_R41_a_mail_books_no_change_of_an_order(floor: Plantside) -> None:
    floor.says("karen.doyle", "Hy-Dale wants 500 more on 10484")
    floor.says("neil.abbott", "I take it")
    floor.says("neil.abbott", "done")
    assert "Right?" in floor.hears("neil.abbott")[-1]

    mails(floor, "neil@example.com", "yes")

    assert "more than a mail" in floor.hears_one("neil.abbott")
    assert floor.only_case().is_open
    floor.says("neil.abbott", "yes")
    assert not floor.only_case().is_open
    floor.passes(minutes=2)
    floor.rest_is_known()
