"""Who may decide about what is held, whatever way the decision is put together (R40)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflow.world import NOON, PLANT, RECORDS, RULES
from workflow import finishing, holding, opening
from workflow.case import Case
from workflow.conditions import Condition
from workflow.errors import Refused
from workflow.reading import Disposition, Quantity, ReportedException
from workflow.records import Lot
from workflow.routing import World
from workflow.rules import Authority, Constraint

QUINN, RITA, OLGA, SUE = (PLANT.person[p] for p in ("quinn", "rita", "olga", "sue"))
OTHER = Lot("LOT-2", "FG-1", 100, "cs", "available")
RECORDS_2 = replace(RECORDS, lots=(*RECORDS.lots, OTHER))
WORLD = World(PLANT, RULES, RECORDS_2, NOON)


def held(*lots: str, reporter: str = "olga") -> Case:
    case = Case("EX-1", "small", NOON, reporter, type="quality_hold", line="L1", lots=lots, opened_at=NOON)
    return holding.hold(case, WORLD).case


def some(decision: str, value: float, lot: str = "LOT-1") -> Disposition:
    return Disposition(decision, lot, Quantity(value, "cs"))  # type: ignore[arg-type]


@pytest.mark.parametrize("second", ["LOT-1", "LOT-2"])
def test_a_large_decision_in_small_parts_of_one_message_is_a_large_decision(second: str) -> None:
    with pytest.raises(Refused, match="too_much"):
        holding.propose(
            held("LOT-1", "LOT-2"), (some("scrap", 40), some("scrap", 40, second)), QUINN, "scrap both", WORLD
        )


def test_a_correction_does_not_make_the_producer_of_a_held_lot_anybody_else() -> None:
    right = ReportedException("quality_hold", lots=("LOT-2",))
    corrected = finishing.correct(held("LOT-1"), right, OLGA, "no, LOT-2", WORLD).case

    with pytest.raises(Refused, match="own_product"):
        holding.propose(corrected, (some("release", 100),), RITA, "release LOT-1", WORLD)


def test_a_constraint_binds_every_lot_that_is_held_even_after_a_correction() -> None:
    one = Constraint("one lot at a time", Condition("lots > 1"), ("release",), "decide them together")
    world = replace(WORLD, rules=replace(RULES, constraints=(one,)))
    right = ReportedException("quality_hold", lots=("LOT-2",))
    corrected = finishing.correct(held("LOT-1"), right, OLGA, "no, LOT-2", world).case

    with pytest.raises(Refused, match="constraint"):
        holding.propose(corrected, (some("release", 1),), QUINN, "release", world)


def test_one_more_voice_that_names_another_lot_holds_it_too() -> None:
    later = replace(WORLD, now=NOON + timedelta(minutes=5))
    said = ReportedException("quality_hold", lots=("LOT-1", "LOT-2"))

    change = opening.join(held("LOT-1"), SUE, "hold LOT-1 and LOT-2", said, later)

    assert [h.lot for h in change.case.held] == ["LOT-1", "LOT-2"]
    assert [p.body["lot"] for p in change.postings if p.kind == "lot_hold"] == ["LOT-2"]


@pytest.mark.parametrize("way", ["corrects", "joins"])
def test_who_adds_a_lot_to_anothers_hold_does_not_release_it(way: str) -> None:
    said = ReportedException("quality_hold", lots=("LOT-1", "LOT-2"))
    first = held("LOT-1")
    if way == "corrects":
        case = finishing.correct(replace(first, joined=("quinn",)), said, QUINN, "and LOT-2", WORLD).case
    else:
        case = opening.join(first, QUINN, "hold LOT-1 and LOT-2", said, WORLD).case

    with pytest.raises(Refused, match="own_hold"):
        holding.propose(case, (some("release", 100, "LOT-2"),), QUINN, "release LOT-2", WORLD)
    assert holding.propose(case, (some("release", 100),), QUINN, "release LOT-1", WORLD).case.proposal


def test_R41_a_large_quantity_is_told_to_the_last_piece() -> None:
    caps = replace(RECORDS, lots=(replace(RECORDS.lots[0], quantity=1_234_567.0, uom="ea"),))
    case = Case("EX-1", "small", NOON, "olga", type="quality_hold", line="L1", lots=("LOT-1",), opened_at=NOON)
    change = holding.hold(case, World(PLANT, RULES, caps, NOON))
    assert any("1234567 ea" in str(entry.facts) for entry in change.entries)


DEAR = ("release", "use_as_is", "scrap", "rework", "return_to_supplier")


def dear(decision: str, cost: float | None, worth: float = 50) -> World:
    """Ten a case, and quality may decide on so much worth; above it the manager does."""
    items = tuple(replace(item, cost=cost) for item in RECORDS_2.items)
    authority = Authority(("quality",), above=("manager",), worth=worth, currency="EUR")
    rules = replace(RULES, decisions={**RULES.decisions, decision: authority})  # type: ignore[dict-item]
    return replace(WORLD, rules=rules, records=replace(RECORDS_2, items=items))


@pytest.mark.parametrize("decision", DEAR)
def test_R40_above_what_it_may_be_worth_the_next_function_decides_and_the_refusal_says_which(decision: str) -> None:
    world = dear(decision, 10.0)
    assert holding.propose(held("LOT-1"), (some(decision, 5),), QUINN, "seals", world).case.proposal is not None
    with pytest.raises(Refused, match="too_much") as no:
        holding.propose(held("LOT-1"), (some(decision, 5.5),), QUINN, "seals", world)
    assert (no.value.facts["most"], no.value.facts["roles"]) == ("50 EUR", ["manager"])
    boss = replace(SUE, id="boss", roles=("manager",))
    assert holding.propose(held("LOT-1"), (some(decision, 90),), boss, "seals", world).case.proposal is not None


def test_R40_small_parts_of_what_is_worth_much_are_counted_together() -> None:
    world = dear("scrap", 10.0)
    with pytest.raises(Refused, match="too_much"):
        holding.propose(held("LOT-1", "LOT-2"), (some("scrap", 3), some("scrap", 3, "LOT-2")), QUINN, "both", world)
    case = holding.propose(held("LOT-1"), (some("scrap", 3),), QUINN, "some", world).case
    case = holding.confirm(case, QUINN, world).case
    with pytest.raises(Refused, match="too_much"):
        holding.propose(case, (some("scrap", 3),), QUINN, "and some more", world)


def test_R40_what_nobody_knows_the_worth_of_is_decided_by_who_may_decide_on_more() -> None:
    with pytest.raises(Refused, match="no_cost") as no:
        holding.propose(held("LOT-1"), (some("scrap", 1),), QUINN, "seals", dear("scrap", None))
    assert no.value.facts["lot"] == "LOT-1"
    assert no.value.facts["roles"] == ["manager"]
