"""Who may give something away, and from whom a yes is asked: what the tables of rights say, on the floor."""

from __future__ import annotations

from tests.plantside import Plantside

STILL_RUNS = "labeller 3 jams now and then, line still runs"


def test_R30_a_supervisor_who_was_not_asked_hands_on_what_is_at_a_line_of_hers(plant: Plantside) -> None:
    plant.says("maria.lopez", STILL_RUNS)
    number = plant.only_case().number
    assert [t.role for t in plant.case(number).tasks if t.live] == ["maintenance"], "Denise was not asked"
    plant.says("gary.lindqvist", "on it")
    plant.rest_is_known()

    plant.says("denise.palmer", "Anita should take this", reply_to=f"case:{number}")

    task = plant.case(number).task("maintenance")
    assert task is not None
    assert (task.owner, task.acknowledged_at) == ("anita.rao", None), "she has to take it herself"
    assert "hands this to you" in plant.hears_one("anita.rao")
    assert "Anita" in plant.hears_one("denise.palmer"), "and Denise reads whose it is"
    assert "Anita" in plant.hears_one("gary.lindqvist")
    plant.says("anita.rao", "on it")
    plant.rest_is_known()


def test_R28_what_gary_has_anita_does_not_give_away(plant: Plantside) -> None:
    plant.says("maria.lopez", STILL_RUNS)
    number = plant.only_case().number
    plant.says("gary.lindqvist", "on it")
    plant.rest_is_known()

    plant.says("anita.rao", "give it to Denise", reply_to=f"case:{number}")

    assert "Gary" in plant.hears_one("anita.rao"), "she reads who has it"
    task = plant.case(number).task("maintenance")
    assert task is not None
    assert task.acknowledged_by == "gary.lindqvist"
    plant.hears_nothing("denise.palmer")
    plant.rest_is_known()


def test_R41_stock_on_hold_is_handed_to_nobody_but_quality(plant: Plantside) -> None:
    plant.says("maria.lopez", "putting 6319-4A on hold, pallets without a date code")
    number = plant.only_case().number
    plant.rest_is_known()

    plant.says("tamika.jones", "give it to Gary", reply_to=f"case:{number}")

    assert "quality answers for it" in plant.hears_one("tamika.jones")
    task = plant.case(number).task("quality")
    assert task is not None
    assert task.owner == "tamika.jones"
    plant.rest_is_known()


def test_R43_a_lot_that_is_named_when_a_hold_comes_back_is_on_hold_with_it(plant: Plantside) -> None:
    plant.says("maria.lopez", "hold 6319-4A from labeller 3, no date code")
    number = plant.only_case().number
    assert plant.case(number).assets == ("L3-LAB",)
    plant.says("tamika.jones", "6319-4A: release 950 cs", reply_to=f"case:{number}")
    plant.says("tamika.jones", "yes")
    plant.passes(minutes=5)
    assert not plant.case(number).is_open
    plant.rest_is_known()

    plant.says("maria.lopez", "hold 6316-3A from labeller 3 too, no date code")

    again = next(c for c in plant.cases() if c.is_open)
    assert again.held_lot("6316-3A") is not None, "whatever record it is in, it is on hold at once"
    assert again.held_lot("6316-3A").remaining > 0
    plant.passes(minutes=1)
    assert "6316-3A" in {s.posting.body["lot"] for s in plant.postings() if s.posting.kind == "lot_hold"}
    plant.rest_is_known()
