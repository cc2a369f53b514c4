"""A lot is held, decided on in parts by somebody who may, and freed only when ERP says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import ticks
from tests.plantside import Plantside
from workflow.messages import Inbound
from workflow.ports import Traits

HOLD = "putting 6319-4A on hold, pallets without a date code"


@pytest.fixture
def held(plant: Plantside) -> Plantside:
    plant.says("edson.silva", HOLD)
    assert plant.only_case().held_lot("6319-4A").remaining == 950
    plant.rest_is_known()
    return plant


def test_R43_a_hold_is_effective_at_once_even_while_erp_is_away_and_says_so(plant: Plantside) -> None:
    plant.erp.away = True
    plant.says("edson.silva", HOLD)

    case = plant.only_case()
    assert [h.lot for h in case.held] == ["6319-4A"]
    assert any("6319-4A" in h for h in plant.hears("tamika.jones"))
    plant.passes(minutes=2)
    loud = plant.hears("tamika.jones")
    assert any("ERP" in h for h in loud), "a loud note that ERP still shows the lot free"
    assert {s.posting.kind for s in plant.postings()} == {"lot_hold", "deviation"}
    plant.rest_is_known()


def test_R40_the_reporter_of_a_hold_may_not_release_it(held: Plantside) -> None:
    held.says("edson.silva", "release 6319-4A")

    assert held.only_case().proposal is None
    assert "6319-4A" not in held.hears_one("edson.silva").text or held.only_case().decisions == 0
    assert not any(s.posting.kind == "lot_release" for s in held.postings())


def test_R40_a_quality_engineer_may_not_release_her_own_hold(plant: Plantside) -> None:
    plant.says("tamika.jones", HOLD)
    plant.rest_is_known()

    plant.says("tamika.jones", "release 6319-4A, all 950 cs")

    assert plant.only_case().proposal is None
    plant.hears_one("tamika.jones")


def test_R40_nobody_decides_without_the_function_that_may(held: Plantside) -> None:
    held.says("gary.lindqvist", "release 6319-4A")
    assert held.only_case().proposal is None
    held.hears_one("gary.lindqvist")


def test_R41_a_decision_is_read_back_and_counts_only_after_an_explicit_yes(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs")

    read_back = held.hears("tamika.jones")[-1]
    assert "6319-4A" in read_back
    assert "600" in read_back
    assert held.only_case().decisions == 0

    held.says("tamika.jones", "ok")
    assert held.only_case().decisions == 0, "an ok is never a disposition"
    held.says("tamika.jones", "👍")
    assert held.only_case().decisions == 0, "nor is an emoji"
    held.presses("tamika.jones", "confirm")
    assert held.only_case().decisions == 1
    held.rest_is_known()


def test_R41_somebody_elses_yes_confirms_nothing(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs")
    value = held.button("tamika.jones", "confirm")
    held.says("renata.alves", "Yes", button=value)

    assert held.only_case().decisions == 0
    held.rest_is_known()


def test_R41_of_two_who_decide_at_once_one_wins_and_the_other_sees_it(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs")
    held.says("renata.alves", "6319-4A: rework 900 cs")
    held.presses("renata.alves", "confirm")
    assert held.only_case().held_lot("6319-4A").remaining == 50
    held.rest_is_known()

    held.presses("tamika.jones", "confirm")

    assert held.only_case().decisions == 1
    assert held.only_case().held_lot("6319-4A").remaining == 50
    held.hears_one("tamika.jones")


def _at_once(plant: Plantside, *said: str, ago: timedelta = timedelta(0)) -> None:
    """Tamika's messages come in together, before anything is sent; the last was written so long before."""
    now = plant.clock.now()
    for n, text in enumerate(said, 1):
        at = now - ago if n == len(said) else now
        plant.app.receive(Inbound("web", f"{text} {at.timestamp()}", "tamika.jones", "tamika.jones", at, text))
    ticks.read_inbox(plant.app)


def test_R41_a_yes_that_came_with_the_decision_answers_no_read_back(held: Plantside) -> None:
    _at_once(held, "6319-4A: release 600 cs", "yes")
    assert held.only_case().decisions == 0, "nothing was read back yet"

    held.settle()
    read_back, again = held.hears("tamika.jones")
    for told in (read_back, again):
        assert "600 cs of 6319-4A" in told
        assert told.buttons == ("Yes, book it", "No, not so")
    held.says("tamika.jones", "yes")
    assert held.only_case().held_lot("6319-4A").remaining == 350
    held.rest_is_known()


def test_R41_a_yes_that_a_phone_brings_late_answers_nothing_that_was_read_back_since(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs")
    held.rest_is_known()

    _at_once(held, "yes", ago=timedelta(hours=1))
    held.settle()
    assert held.only_case().decisions == 0
    assert "600 cs of 6319-4A" in held.hears_one("tamika.jones")

    _at_once(held, "yes", ago=timedelta(seconds=1))  # a chat tells whole seconds
    assert held.only_case().decisions == 1
    held.settle()
    held.rest_is_known()


def test_R41_a_yes_under_an_earlier_read_back_does_not_decide_the_later_one(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs")
    earlier, pressed = held.transcript("tamika.jones")[-1], held.button("tamika.jones", "confirm")
    held.passes(seconds=30)
    held.says("tamika.jones", "6319-4A: scrap 100 cs")
    held.rest_is_known()

    held.says("tamika.jones", "Yes", button=pressed)
    assert "100 cs of 6319-4A" in held.hears_one("tamika.jones")
    held.says("tamika.jones", "yes", reply_to=str(earlier.id))
    assert "100 cs of 6319-4A" in held.hears_one("tamika.jones")
    assert held.only_case().decisions == 0

    held.presses("tamika.jones", "confirm")
    assert [(part.decision, part.quantity) for part in held.only_case().parts] == [("scrap", 100)]
    held.rest_is_known()


def test_R41_a_yes_as_a_reply_to_the_read_back_or_in_its_thread_decides(held: Plantside) -> None:
    number = held.only_case().number
    held.says("tamika.jones", "6319-4A: release 600 cs")
    read_back = held.transcript("tamika.jones")[-1]
    held.says("renata.alves", "yes", reply_to=str(read_back.id))
    assert held.only_case().decisions == 0, "it is not hers to confirm"
    held.says("tamika.jones", "ok", reply_to=str(read_back.id))
    assert held.only_case().decisions == 0

    held.says("tamika.jones", "yes", reply_to=str(read_back.id))
    assert held.only_case().decisions == 1

    held.says("tamika.jones", "6319-4A: scrap 100 cs")
    held.says("tamika.jones", "yes", reply_to=f"case:{number}")
    assert held.only_case().decisions == 2

    held.says("tamika.jones", "6319-4A: rework 100 cs")
    held.says("tamika.jones", "no", reply_to=f"case:{number}")
    assert held.only_case().proposal is None
    assert held.only_case().decisions == 2
    held.rest_is_known()


def test_R41_a_yes_that_was_said_to_a_colleague_in_the_thread_decides_nothing(held: Plantside) -> None:
    now, thread = held.clock.now(), str(held.transcript("tamika.jones")[0].id)
    held.says("tamika.jones", "6319-4A: release 600 cs")
    held.rest_is_known()
    overheard = Inbound("web", "1", *["tamika.jones"] * 2, now, "yes", reply_to=thread, among=True, overheard=True)

    held.app.receive(overheard)
    held.settle()

    assert held.only_case().decisions == 0
    assert held.hears_one("tamika.jones").buttons == ("Yes, book it", "No, not so")
    held.rest_is_known()


def test_R41_a_typed_yes_decides_nothing_that_did_not_fit_whole_into_the_chat(
    held: Plantside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held.app.channels["web"], "traits", Traits(text=60))
    held.says("tamika.jones", "6319-4A: release 600 cs, rework 150 cs, scrap 100 cs")
    assert held.hears_one("tamika.jones").buttons == ("No, not so",)

    for yes in ("yes", "ok"):
        held.says("tamika.jones", yes)
        assert held.hears_one("tamika.jones").buttons == ()
    assert held.only_case().decisions == 0

    monkeypatch.undo()
    held.says("tamika.jones", "6319-4A: release 600 cs, rework 150 cs, scrap 100 cs")
    held.says("tamika.jones", "yes")
    assert held.only_case().decisions == 1
    held.rest_is_known()


def test_R42_decisions_are_partial_sums_must_fit_and_the_rest_stays_held(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs, rework 150 cs")
    held.presses("tamika.jones", "confirm")
    case = held.only_case()
    assert case.held_lot("6319-4A").remaining == 200
    assert case.status != "resolved"

    held.says("tamika.jones", "6319-4A: release 201 cs")
    assert held.only_case().proposal is None, "more than is left does not fit"

    held.says("tamika.jones", "6319-4A: scrap 200 cs")
    held.presses("tamika.jones", "confirm")
    held.passes(minutes=3)
    assert held.only_case().status != "closed", "what is being reworked comes back to be inspected"
    held.says("denise.palmer", "rework is done", reply_to=f"case:{held.only_case().number}")
    assert held.only_case().held_lot("6319-4A").remaining == 150
    held.says("tamika.jones", "6319-4A: release 150 cs")
    held.presses("tamika.jones", "confirm")
    held.passes(minutes=3)
    assert held.only_case().status == "closed"
    booked = {(s.posting.kind, s.posting.body.get("quantity")) for s in held.postings()}
    assert {("lot_release", 600), ("lot_rework", 150), ("scrap", 200)} <= booked
    held.rest_is_known()


def test_R43_a_release_is_effective_only_when_erp_confirmed_it(held: Plantside) -> None:
    held.erp.away = True
    held.says("tamika.jones", "6319-4A: release 600 cs")
    held.presses("tamika.jones", "confirm")
    held.rest_is_known()
    held.passes(minutes=5)
    assert not any(s.state == "posted" for s in held.postings() if s.posting.kind == "lot_release")
    held.rest_is_known()

    held.erp.away = False
    held.passes(minutes=10)
    released = [h for h in held.hears("tamika.jones") if "600" in h.text]
    assert released, "quality hears it when it is so"
    held.rest_is_known()


def test_R47_each_part_of_a_decision_has_its_own_key_from_the_business_fact(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs, rework 150 cs")
    held.presses("tamika.jones", "confirm")
    held.passes(minutes=2)

    number = held.only_case().number
    keys = {s.posting.key for s in held.postings()}
    assert f"riverside/{number}/1/lot_release/1" in keys
    assert f"riverside/{number}/1/lot_rework/1" in keys
    assert f"riverside/{number}/0/lot_hold/1" in keys
    held.rest_is_known()


def test_R43_only_what_a_decision_frees_is_said_to_wait_for_erp(held: Plantside) -> None:
    held.says("tamika.jones", "6319-4A: release 600 cs, scrap 150 cs")
    held.presses("tamika.jones", "confirm")
    told = [h.text for h in held.hears("neil.abbott") if "decided" in h.text]
    assert [text.splitlines()[-1] for text in told] == ["Not free before ERP has booked it: 6319-4A: 600 cs."]
    held.rest_is_known()

    held.says("tamika.jones", "6319-4A: scrap 200 cs")
    held.presses("tamika.jones", "confirm")
    assert not any("free" in h.text for h in held.hears("neil.abbott") if "decided" in h.text), "scrap frees nothing"
    held.rest_is_known()


def test_whoever_takes_a_hold_is_offered_to_decide_and_nobody_but_a_fitter_waits_for_parts(held: Plantside) -> None:
    held.says("tamika.jones", "on it")
    assert list(held.hears_one("tamika.jones").buttons) == ["Decide"]
    held.rest_is_known()
    held.says("neil.abbott", "on it")
    assert list(held.hears_one("neil.abbott").buttons) == ["Done"]
    held.rest_is_known()

    held.says("edson.silva", "seamer 2 down")
    held.rest_is_known()
    held.says("gary.lindqvist", "on my way")
    assert list(held.hears_one("gary.lindqvist").buttons) == ["Fixed", "Waiting for parts"]
    held.rest_is_known()


def test_R41_a_hold_is_never_finished_by_a_word(held: Plantside) -> None:
    held.says("edson.silva", "all good now, fixed", reply_to=f"case:{held.only_case().number}")
    assert held.only_case().resolved_at is None
    held.says("edson.silva", "false alarm", reply_to=f"case:{held.only_case().number}")
    assert held.only_case().cancelled_at is None
    held.rest_is_known()


def test_a_hold_is_decided_before_the_shift_ends_or_those_above_hear_of_it(held: Plantside) -> None:
    held.presses("tamika.jones", "acknowledge")
    held.passes_until(held.clock.now() + timedelta(hours=7, minutes=40))
    held.rest_is_known()

    held.passes(minutes=10)  # 13:50, the day shift ends at 14:00

    for person in ("tamika.jones", "denise.palmer", "stephanie.greer"):
        assert any("6319-4A" in h for h in held.hears(person)), person
    assert held.only_case().escalated
    held.rest_is_known()


def test_R40_no_way_around_a_hold_leads_over_its_type_its_parts_or_another_persons_question(held: Plantside) -> None:
    number = held.only_case().number
    held.says("edson.silva", "sorry, i mean it is a breakdown of the case erector", reply_to=f"case:{number}")
    held.says("edson.silva", "fixed", reply_to=f"case:{number}")
    assert held.only_case().type == "quality_hold"
    assert held.only_case().resolved_at is None
    held.rest_is_known()

    held.says("tamika.jones", "6319-4A: scrap 250 cs")
    held.presses("tamika.jones", "confirm")
    held.rest_is_known()
    held.says("tamika.jones", "6319-4A: scrap 100 cs")
    assert held.only_case().proposal is None, "300 is the most that quality scraps alone, in one part or in many"
    assert held.only_case().held_lot("6319-4A").remaining == 700
    held.rest_is_known()


def test_R18_nobody_answers_a_question_that_was_put_to_somebody_else(plant: Plantside) -> None:
    plant.says("denise.palmer", "labeller is jammed")
    value = plant.button("denise.palmer", "answer")
    plant.rest_is_known()

    plant.says("dwayne.hicks", "Labeller 1", button=value)

    assert plant.only_case().status == "draft"
    assert plant.only_case().number in plant.hears_one("dwayne.hicks")


def test_R33_a_button_with_an_impossible_time_changes_nothing_and_keeps_nobody_waiting(held: Plantside) -> None:
    number = held.only_case().number

    held.says("tamika.jones", "", button=f"eta|{number}|quality|" + "9" * 90)
    assert held.only_case().status == "open"
    held.rest_is_known()

    held.presses("tamika.jones", "acknowledge")
    assert held.only_case().task("quality").acknowledged_by == "tamika.jones", "what she does next counts at once"
    held.rest_is_known()
