"""Above its limit a posting waits for a person's word; a kind in its dry run is only written down (R51)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.approving import answer
from db import cases
from tests.plantside import Plantside
from workflow.case import Entry, PostingStatus
from workflow.errors import Refused
from workflow.rules import Approval

FILLER_DOWN = "filler on 3 jammed, line is down, 10482 standing still"


def limited(plant: Plantside, **limits: Approval) -> None:
    """What `approvals` in rules.yaml would say."""
    folder = plant.app.folder
    plant.app.folder = replace(folder, rules=replace(folder.rules, approvals=limits))


def fixed(plant: Plantside, scrap: int = 800) -> str:
    """Ended by Gary with so much scrap."""
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", f"running again, 40 min, scrap {scrap} cs")
    plant.rest_is_known()
    plant.passes(minutes=2)
    return plant.only_case().number


def scrap_of(plant: Plantside) -> PostingStatus:
    """The newest scrap posting."""
    return [s for s in plant.postings() if s.posting.kind == "scrap"][-1]


def in_erp(plant: Plantside) -> list[float]:
    """How much scrap ERP has, document by document."""
    return [e["body"]["quantity"] for e in plant.erp.ledger() if e["kind"] == "scrap"]


def test_R51_above_its_limit_erp_gets_it_when_somebody_who_may_has_approved_it(plant: Plantside) -> None:
    limited(plant, scrap=Approval(500, ("supervisor",)))
    number = fixed(plant)

    waits = scrap_of(plant)
    assert (waits.state, waits.owner, in_erp(plant)) == ("waiting", "denise.palmer", [])
    assert "above 500" in str(waits.error)
    assert plant.only_case().status == "resolved"
    asked = plant.hears_one("denise.palmer")
    assert "800" in asked
    assert "Gary" in asked
    plant.rest_is_known()
    plant.passes(minutes=60)
    assert in_erp(plant) == []
    plant.rest_is_known()

    plant.presses("denise.palmer", "approve")
    assert "approved" in plant.hears("denise.palmer")[0]
    plant.passes(minutes=3)

    assert in_erp(plant) == [800]
    assert plant.only_case().status == "closed"
    assert [w for w in plant.log(number) if w in ("approval_asked", "approved")] == ["approval_asked", "approved"]
    plant.rest_is_known()


def test_R51_at_the_limit_and_below_nobody_is_asked(plant: Plantside) -> None:
    limited(plant, scrap=Approval(500, ("supervisor",)))
    fixed(plant, 500)

    assert in_erp(plant) == [500]
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_R51_whoever_decided_it_or_has_not_that_role_does_not_approve_it(plant: Plantside) -> None:
    limited(plant, scrap=Approval(500, ("maintenance", "supervisor")))
    fixed(plant)
    key = scrap_of(plant).posting.key
    for person, why in (("gary.lindqvist", "approve.own"), ("maria.lopez", "approve.not_yours")):
        with pytest.raises(Refused) as no:
            answer(plant.app, key, plant.app.plant.person[person], yes=True)
        assert no.value.name == why
    assert in_erp(plant) == []
    plant.rest_is_known()


def test_R51_turned_down_it_is_corrected_and_goes_without_another_question(plant: Plantside) -> None:
    limited(plant, scrap=Approval(500, ("supervisor",)))
    number = fixed(plant)
    plant.rest_is_known()

    plant.presses("denise.palmer", "turn_down")
    assert "Denise" in plant.hears("gary.lindqvist")[0]
    assert scrap_of(plant).state == "failed"
    plant.says("gary.lindqvist", f"{number} correction: scrap 80 cs")
    plant.presses("gary.lindqvist", "restate")
    plant.passes(minutes=3)

    assert in_erp(plant) == [80]
    assert plant.only_case().status == "closed"
    plant.rest_is_known()


def test_R51_what_is_corrected_while_it_waits_needs_no_answer_any_more(plant: Plantside) -> None:
    limited(plant, scrap=Approval(500, ("supervisor",)))
    number = fixed(plant)
    old = plant.button("denise.palmer", "approve")
    plant.says("gary.lindqvist", f"{number} correction: scrap 80 cs")
    plant.presses("gary.lindqvist", "restate")
    plant.passes(minutes=3)
    assert in_erp(plant) == [80]
    plant.rest_is_known()

    plant.says("denise.palmer", "Approve", button=old)

    assert "Nothing was changed" in plant.hears_one("denise.palmer")
    assert in_erp(plant) == [80]
    plant.rest_is_known()


def test_R51_nobody_who_may_is_there_now_so_the_next_shift_is_asked(plant: Plantside) -> None:
    limited(plant, scrap=Approval(500, ("supervisor",)))
    fixed(plant)
    plant.rest_is_known()
    plant.passes(hours=9)

    asked = [e for e in _log(plant) if e.what == "approval_asked"]
    assert len(asked) >= 2
    assert asked[-1].facts["people"] != asked[0].facts["people"]
    plant.rest_is_known()


def test_R51_a_kind_in_its_dry_run_is_only_written_down_and_the_exception_closes(plant: Plantside) -> None:
    folder = plant.app.folder
    plant.app.folder = replace(folder, rules=replace(folder.rules, dry_run=frozenset({"scrap"})))
    number = fixed(plant)

    assert in_erp(plant) == []
    assert scrap_of(plant).state == "dry_run"
    assert plant.only_case().status == "closed"
    assert "would_book" in plant.log(number)
    plant.rest_is_known()


def _log(plant: Plantside) -> tuple[Entry, ...]:
    with plant.app.database.read() as tx:
        return cases.log_of(tx, plant.only_case().number)
