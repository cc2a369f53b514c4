"""A decision is not the end: rework comes back, a release is withdrawn, a second person agrees, a condition is met."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import RIVERSIDE
from tests.plantside import Plantside

HOLD = "putting 6319-4A on hold, pallets without a date code"
SECOND = "\n  use_as_is: {roles: [quality], most: 500, above: [manager], second: [quality, manager]}\n"


@pytest.fixture
def plant_folder(tmp_path: Path) -> Path:
    """Riverside where a concession takes two people, tier A takes it, and where 6319-4A has a sister and a history."""
    folder = shutil.copytree(RIVERSIDE, tmp_path / "riverside")
    rules = (folder / "rules.yaml").read_text("utf-8")
    before = "  use_as_is: {roles: [quality], most: 500, above: [manager]}"
    assert before in rules
    rules = rules.replace(before, SECOND.strip("\n"))
    (folder / "rules.yaml").write_text(rules, "utf-8")
    lots = (folder / "lots.csv").read_text("utf-8").splitlines()
    head, *rows = lots
    order = next(row.split(",")[6] for row in rows if row.startswith("6319-4A,"))
    rows = [f"{row}," for row in rows]
    rows += [
        f"6319-4B,FG-4010,300,cs,available,WH-D07,{order},edson.silva,,2026-11-16T05:40",
        f"6398-4C,FG-4010,200,cs,available,WH-D08,{order},edson.silva,,2026-11-15T21:00",
        f"6399-4A,FG-4010,100,cs,consumed,SHIPPED,{order},edson.silva,SO-70112,2026-11-14T09:00",
    ]
    (folder / "lots.csv").write_text("\n".join([f"{head},made_at", *rows]) + "\n", "utf-8")
    return folder


@pytest.fixture
def held(plant: Plantside) -> Plantside:
    plant.says("edson.silva", HOLD)
    return plant


def decides(plant: Plantside, words: str) -> None:
    plant.says("tamika.jones", words)
    plant.presses("tamika.jones", "confirm")


def test_R40_where_the_rule_demands_it_a_second_person_agrees_before_anything_counts(held: Plantside) -> None:
    held.rest_is_known()
    decides(held, "6319-4A: use as is 100 cs, customer agreed")
    assert held.only_case().decisions == 0
    assert "second person" in held.hears("tamika.jones")[-1]
    asked = held.hears_one("stephanie.greer")
    assert "Tamika" in asked
    assert "100 cs of 6319-4A" in asked
    assert asked.buttons == ("Yes, book it", "No, not so")
    held.rest_is_known()

    held.presses("tamika.jones", "confirm")
    assert held.only_case().decisions == 0, "her own second yes is no second person"
    held.presses("stephanie.greer", "confirm")

    case = held.only_case()
    assert case.decisions == 1
    assert case.held_lot("6319-4A").remaining == 850
    assert held.log(case.number).count("seconded") == 1
    assert "Stephanie" in held.hears("tamika.jones")[-1], "who agreed stands in what was decided"
    held.rest_is_known()


def test_R40_who_took_the_release_back_is_no_second_person_of_the_next_one(held: Plantside) -> None:
    decides(held, "6319-4A: release 100 cs, checked")
    held.passes(minutes=1)
    held.says("stephanie.greer", "withdraw the release of 6319-4A")
    assert held.only_case().held_lot("6319-4A").withdrawn_by == ("stephanie.greer",)
    held.rest_is_known()

    decides(held, "6319-4A: use as is 100 cs, customer agreed")

    assert "nobody who may is here" in held.hears("tamika.jones")[-1], "nobody is there who had no hand in it"
    held.hears_nothing("stephanie.greer")
    assert held.only_case().decisions == 2
    held.rest_is_known()


def test_R40_a_second_person_who_does_not_agree_leaves_it_on_hold(held: Plantside) -> None:
    decides(held, "6319-4A: use as is 100 cs, customer agreed")
    held.rest_is_known()

    held.says("stephanie.greer", "no")

    assert held.only_case().proposal is None
    assert held.only_case().decisions == 0
    assert "did not agree" in held.hears_one("tamika.jones")
    held.rest_is_known()


def test_R40_a_typed_yes_of_the_second_person_counts_and_that_of_a_bystander_does_not(held: Plantside) -> None:
    decides(held, "6319-4A: use as is 100 cs, customer agreed")
    held.rest_is_known()
    number = held.only_case().number
    held.says("denise.palmer", "yes", reply_to=f"case:{number}")
    assert held.only_case().decisions == 0

    held.says("stephanie.greer", "yes")
    assert held.only_case().decisions == 1
    held.rest_is_known()


def test_R42_a_release_under_a_condition_frees_nothing_before_it_is_met(held: Plantside) -> None:
    held.rest_is_known()
    held.says("tamika.jones", "6319-4A: release 600 cs if the retest is ok")
    assert "release 600 cs of 6319-4A, only when: “if the retest is ok”" in held.hears_one("tamika.jones")
    held.presses("tamika.jones", "confirm")
    held.passes(minutes=5)
    case = held.only_case()
    assert case.held_lot("6319-4A").remaining == 950
    assert not any(s.posting.kind == "lot_release" for s in held.postings())
    held.rest_is_known()

    held.presses("tamika.jones", "met")
    assert held.only_case().decisions == 1, "read back like any decision first"
    held.says("tamika.jones", "yes")
    held.passes(minutes=5)

    assert held.only_case().held_lot("6319-4A").remaining == 350
    assert [s.posting.body["quantity"] for s in held.postings() if s.posting.kind == "lot_release"] == [600]
    held.rest_is_known()
    held.presses("tamika.jones", "not_met")
    assert held.only_case().held_lot("6319-4A").remaining == 350, "an old button says what is so today"
    held.rest_is_known()


def test_R42_a_condition_that_is_not_met_leaves_it_on_hold_and_everybody_hears_it(held: Plantside) -> None:
    decides(held, "6319-4A: release 600 cs once the lab says ok")
    held.rest_is_known()

    held.presses("tamika.jones", "not_met")

    assert held.only_case().held_lot("6319-4A").promised == ()
    assert "600 cs" in held.hears_one("neil.abbott")
    held.rest_is_known()


def test_R45_rework_creates_work_and_comes_back_to_be_inspected_by_somebody_else(held: Plantside) -> None:
    held.rest_is_known()
    held.passes(minutes=1)
    decides(held, "6319-4A: release 800 cs, rework 150 cs")
    task = held.hears("denise.palmer")[-1]
    assert "150 cs" in task
    assert "Rework is done" in task.buttons
    held.passes(minutes=5)
    assert held.only_case().is_open, "rework is not the end"
    held.rest_is_known()

    held.presses("denise.palmer", "reworked")
    case = held.only_case()
    assert case.held_lot("6319-4A").remaining == 150
    assert "back from rework" in held.hears_one("tamika.jones")
    held.rest_is_known()
    held.passes(minutes=1)
    taken_back = [s.posting for s in held.postings() if s.posting.reverses is not None]
    assert [(p.kind, p.body["quantity"]) for p in taken_back] == [("lot_rework", 150)]
    held.rest_is_known()

    decides(held, "6319-4A: release 150 cs")
    held.passes(minutes=5)
    assert held.only_case().status == "closed"
    held.rest_is_known()


def test_R45_nobody_is_chased_for_a_decision_while_all_of_it_is_being_reworked(held: Plantside) -> None:
    held.says("neil.abbott", "on it")
    held.says("karen.doyle", "on it")
    decides(held, "6319-4A: rework 950 cs")
    held.says("denise.palmer", "on it", reply_to=f"case:{held.only_case().number}")
    held.passes(minutes=5)
    held.rest_is_known()

    held.passes(minutes=45)

    held.hears_nothing("tamika.jones")
    held.rest_is_known()


def test_R45_nobody_is_chased_for_a_decision_when_the_rest_is_decided_after_the_rework(held: Plantside) -> None:
    held.says("neil.abbott", "on it")
    held.says("karen.doyle", "on it")
    decides(held, "6319-4A: release 600 cs, rework 150 cs")
    held.says("denise.palmer", "on it", reply_to=f"case:{held.only_case().number}")
    held.passes(minutes=15)
    decides(held, "scrap the rest of 6319-4A")
    held.passes(minutes=5)
    held.rest_is_known()

    held.passes(hours=3)

    held.hears_nothing("tamika.jones")
    held.hears_nothing("stephanie.greer")
    held.rest_is_known()


def test_R31_a_decision_on_a_part_of_it_is_a_sign_of_life(held: Plantside) -> None:
    held.says("neil.abbott", "on it")
    held.says("karen.doyle", "on it")
    held.says("tamika.jones", "on it")
    held.passes(minutes=25)
    decides(held, "6319-4A: release 600 cs")
    held.passes(minutes=5)
    held.rest_is_known()

    held.passes(minutes=20)

    held.hears_nothing("tamika.jones")
    held.rest_is_known()


def test_R45_a_release_is_withdrawn_and_those_who_may_have_used_it_are_told(held: Plantside) -> None:
    decides(held, "6319-4A: release 950 cs")
    held.passes(minutes=5)
    number = held.only_case().number
    assert held.only_case().status == "closed"
    held.rest_is_known()

    held.says("edson.silva", "put 6319-4A back on hold, the seals leak")

    case = held.only_case()
    assert case.number == number, "it is the same record: its release was wrong"
    assert case.is_open
    assert case.held_lot("6319-4A").remaining == 950
    for person in ("tamika.jones", "denise.palmer", "bobby.tran", "karen.doyle", "neil.abbott"):
        heard = held.hears(person)
        assert any("950 cs" in h and "withdraws" in h for h in heard), person
    held.passes(minutes=2)
    taken_back = [s for s in held.postings() if s.posting.reverses is not None]
    assert [(s.posting.kind, s.state) for s in taken_back] == [("lot_release", "posted")]
    assert {s.state for s in held.postings() if s.posting.key == taken_back[0].posting.reverses} == {"reversed"}
    held.rest_is_known()
    held.says("edson.silva", "6319-4A: release 950 cs")
    assert held.only_case().proposal is None
    held.rest_is_known()


def test_R45_whoever_withdraws_a_release_does_not_release_it_again(held: Plantside) -> None:
    decides(held, "6319-4A: release 950 cs")
    held.passes(minutes=5)
    held.says("tamika.jones", "withdraw the release of 6319-4A, wrong sample")
    assert held.only_case().held_lot("6319-4A").remaining == 950
    held.rest_is_known()

    held.says("tamika.jones", "6319-4A: release 950 cs")
    assert held.only_case().proposal is None
    held.rest_is_known()


def test_R45_to_withdraw_a_release_never_releases(held: Plantside) -> None:
    held.rest_is_known()
    for words in ("withdraw the release of 6319-4A", "please cancel the release 6319-4A", "undo that release"):
        held.says("tamika.jones", words)
        assert held.only_case().proposal is None
        assert "Nothing was changed" in held.hears_one("tamika.jones")


def test_R44_quality_sees_the_sister_lots_and_holds_them_with_one_button(held: Plantside) -> None:
    asked = held.hears_one("tamika.jones")
    assert "6319-4B" in asked
    assert "Already shipped: 6399-4A" in asked
    assert "Hold them too" in asked.buttons
    held.rest_is_known()

    held.presses("tamika.jones", "hold_also")

    assert {h.lot: h.remaining for h in held.only_case().held} == {"6319-4A": 950, "6319-4B": 300, "6398-4C": 200}
    assert "6319-4B" in held.hears("karen.doyle")[-1]
    held.passes(minutes=1)
    assert {s.posting.body["lot"] for s in held.postings() if s.posting.kind == "lot_hold"} == {
        "6319-4A", "6319-4B", "6398-4C"
    }  # fmt: skip
    held.rest_is_known()
    held.says("tamika.jones", "6319-4B: release 300 cs")
    assert held.only_case().proposal is None, "what one holds oneself is somebody else's to release"
    held.rest_is_known()


def test_R44_what_was_made_since_the_last_good_check_is_offered_and_no_more(held: Plantside) -> None:
    held.rest_is_known()
    held.says("edson.silva", "last good check 05:30")

    found = held.hears_one("edson.silva")
    assert "6319-4B" in found
    assert "6398-4C" not in found, "made the evening before"
    held.presses("edson.silva", "hold_also")
    assert {h.lot for h in held.only_case().held} == {"6319-4A", "6319-4B"}
    held.rest_is_known()


def test_R44_stock_that_has_left_the_plant_reaches_customer_service_at_once(held: Plantside) -> None:
    assert "6399-4A" in held.hears_one("karen.doyle")
    task = held.only_case().task("customer_service")
    assert task is not None
    assert task.required
    assert task.why == "customer service: stock of this lot has left the plant"
    held.rest_is_known()
