"""ERP refuses for good: whose task it is hears why, and where stock is at stake everybody hears who must know."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.plantside import Plantside
from workflow.case import Posting
from workflow.errors import Rejected
from workflow.plant import Absence
from workflow.ports import Receipt

HOLD = "putting 6319-4A on hold, pallets without a date code"


def refuses(plant: Plantside, *kinds: str) -> None:
    """ERP takes everything but these."""
    real = plant.app.erp.post

    def post(posting: Posting) -> Receipt:
        if posting.kind in kinds:
            raise Rejected("lot 6319-4A is locked by a stock count")
        return real(posting)

    plant.app.erp.post = post  # type: ignore[method-assign]


def test_R43_a_hold_that_erp_refuses_is_told_to_quality_and_the_supervisor_aloud(plant: Plantside) -> None:
    refuses(plant, "lot_hold")
    plant.says("edson.silva", HOLD)
    plant.passes(minutes=1)

    for guard in ("tamika.jones", "denise.palmer"):
        loud = [heard for heard in plant.hears(guard) if "goes on showing 6319-4A as free" in heard]
        assert len(loud) == 1, f"{guard} hears it once"
        assert "locked by a stock count" in loud[0]
    plant.hears_nothing("gary.lindqvist")
    case = plant.only_case()
    assert case.undecided == ("6319-4A",), "the hold counts all the same"
    assert "posting_failed" in plant.log(case.number)
    owner = {s.posting.kind: s.owner for s in plant.postings()}["lot_hold"]
    assert owner == "tamika.jones"
    plant.rest_is_known()


def test_R2_what_erp_refuses_is_told_to_whose_task_it_is_with_the_reason(plant: Plantside) -> None:
    refuses(plant, "downtime")
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    plant.says("gary.lindqvist", "on it")
    plant.rest_is_known()

    plant.says("gary.lindqvist", "fixed, 20 min")
    plant.passes(minutes=1)

    assert any("ERP did not book this: downtime" in heard for heard in plant.hears("denise.palmer"))
    plant.hears_nothing("tamika.jones")
    assert plant.only_case().status == "resolved"
    plant.rest_is_known()


def test_R2_with_nobody_there_it_is_somebodys_all_the_same(plant: Plantside) -> None:
    refuses(plant, "downtime")
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    plant.erp.away = True
    plant.says("gary.lindqvist", "fixed, 20 min")
    plant.rest_is_known()
    everybody_goes_home(plant)
    plant.erp.away = False

    plant.passes(minutes=2)

    failed = [s for s in plant.postings() if s.state == "failed"]
    assert [(s.posting.kind, s.owner) for s in failed] == [("downtime", "denise.palmer")], "the first of the function"
    plant.rest_is_known()


def everybody_goes_home(plant: Plantside) -> None:
    """Nobody is at work, and nobody stands in."""
    folder = plant.app.folder
    away = (Absence(date(2026, 11, 1), date(2026, 11, 30)),)
    people = tuple(replace(person, absences=away) for person in folder.plant.people)
    plant.app.folder = replace(folder, plant=replace(folder.plant, people=people))
