"""ERP moves an order, and with it who is concerned: newcomers start their own clock, others are let go (R25)."""

from __future__ import annotations

from datetime import date, timedelta

from bot import by_hand
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from tests.stories.test_erp_changes import erp_says
from workflow.errors import Rejected
from workflow.plant import is_on_shift


def test_R25_an_order_that_is_due_sooner_brings_its_planner_with_a_clock_of_his_own(plant: Plantside) -> None:
    plant.says("edson.silva", "Wally has a fault, keeps stopping")
    number = plant.only_case().number
    assert {t.role for t in plant.case(number).tasks} == {"maintenance"}, "the order is due tomorrow night"
    plant.passes(minutes=9)
    plant.rest_is_known()

    erp_says(plant, orders={"WO-10488": {"due": date(2026, 11, 16)}})

    task = plant.case(number).task("planner")
    assert task is not None
    assert task.asked_at == SIX_IN_THE_MORNING + timedelta(minutes=9), "his quarter of an hour begins now"
    assert any("at risk" in h for h in plant.hears("neil.abbott"))
    plant.rest_is_known()


def test_R25_who_is_no_longer_concerned_is_told_and_chased_no_more(plant: Plantside) -> None:
    erp_says(plant, orders={"WO-10488": {"due": date(2026, 11, 16)}})
    plant.says("edson.silva", "Wally has a fault, keeps stopping")
    number = plant.only_case().number
    assert plant.case(number).task("planner") is not None
    plant.passes(minutes=1)
    plant.rest_is_known()

    erp_says(plant, orders={"WO-10488": {"due": date(2026, 11, 30)}})

    assert plant.case(number).task("planner") is None
    assert any("need do nothing" in h for h in plant.hears("neil.abbott"))
    plant.rest_is_known()
    plant.says("gary.lindqvist", "on it")
    plant.passes(minutes=30)
    plant.hears_nothing("neil.abbott")
    plant.rest_is_known()


def test_R25_what_somebody_handed_on_stays_with_whom_they_gave_it_to(plant: Plantside) -> None:
    plant.says("edson.silva", "Wally has a fault, keeps stopping")
    number = plant.only_case().number
    plant.says("gary.lindqvist", "on it")
    plant.says("gary.lindqvist", "hand over to denise", reply_to=f"case:{number}")
    handed = [t for t in plant.case(number).tasks if t.live and "denise.palmer" in t.told]
    assert handed, "it is hers now"
    plant.passes(minutes=1)
    plant.rest_is_known()

    erp_says(plant, orders={"WO-10488": {"quantity": 1200.0}})

    assert [t for t in plant.case(number).tasks if t.live and "denise.palmer" in t.told]
    plant.rest_is_known()


def test_R50_a_conflict_with_erp_is_decided_by_a_person_who_reads_what_erp_says(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 jammed, line is down")
    plant.says("gary.lindqvist", "on it")
    number = plant.only_case().number
    real = plant.app.erp.post

    def closed_meanwhile(posting: object) -> object:
        raise Rejected("WO-10482 was closed by somebody else")

    plant.app.erp.post = closed_meanwhile  # type: ignore[method-assign,assignment]
    plant.says("gary.lindqvist", "fixed, 20 min")
    plant.passes(minutes=1)
    failed = [s for s in plant.postings(number) if s.state == "failed"]
    assert {s.posting.kind for s in failed} == {"downtime", "maintenance_notification"}
    assert any("closed by somebody else" in h for h in plant.hears("denise.palmer")), "whose task it is, and why"
    assert plant.case(number).status == "resolved", "nothing is overwritten, and it is not closed"
    plant.rest_is_known()

    plant.app.erp.post = real  # type: ignore[method-assign]
    denise = plant.app.plant.person["denise.palmer"]
    assert is_on_shift(plant.app.plant, denise, plant.clock.now())
    by_kind = {s.posting.kind: s.posting.key for s in failed}
    by_hand.try_again(plant.app, by_kind["maintenance_notification"], denise)  # the one is right after all
    by_hand.book(plant.app, by_kind["downtime"], "PM-4711", denise)  # the other she booked on the next order
    plant.passes(minutes=2)

    assert plant.case(number).closed_at is not None
    states = {s.posting.kind: (s.state, s.receipt) for s in plant.postings(number)}
    assert states["downtime"] == ("manual", "PM-4711")
    assert states["maintenance_notification"][0] == "posted"
    plant.rest_is_known()
