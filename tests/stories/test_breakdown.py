"""A machine stops: who is told, who takes it, and when it is really over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.plantside import Plantside

FILLER_DOWN = "filler on 3 is down since 5:50, 10482 standing still. need maintenance"


def test_R25_every_function_concerned_is_told_at_once_with_what_it_needs(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)

    case = plant.only_case()
    assert case.type == "machine_breakdown"
    assert case.line == "L3"
    assert case.assets == ("L3-FIL",)
    assert case.work_orders == ("WO-10482",)
    gary = plant.hears_one("gary.lindqvist")
    assert "Filler 3" in gary, "maintenance reads the asset"
    assert FILLER_DOWN.split(",")[0] in gary, "and the symptom in the reporter's own words"
    neil = plant.hears_one("neil.abbott")
    assert "WO-10482" in neil
    assert "Hy-Dale" in neil, "the planner reads which customer waits for it"
    karen = plant.hears_one("karen.doyle")
    assert "Hy-Dale" in karen
    assert "2026" not in karen, "no date that the planner has not confirmed"
    plant.hears_nothing("tamika.jones")
    plant.hears_nothing("bobby.tran")
    plant.rest_is_known()


def test_R25_customer_service_is_told_only_when_a_customer_order_is_hit(plant: Plantside) -> None:
    plant.says("bri.kowalski", "L2 palletizer: pallet stuck, still running slow")

    assert plant.hears("karen.doyle") == [] or "WO-10476" in plant.only_case().work_orders
    plant.rest_is_known()


def test_R39_the_reporter_reads_at_once_what_was_understood_and_who_is_told(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)

    answer = plant.hears_one("maria.lopez")
    case = plant.only_case()
    assert case.number in answer
    assert "Filler 3" in answer
    assert "WO-10482" in answer
    assert "Gary" in answer
    plant.rest_is_known()


def test_R26_one_functions_answer_does_not_stop_the_chase_of_another(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way")
    plant.rest_is_known()

    plant.passes(minutes=16)

    assert plant.hears("neil.abbott"), "the planner has not answered and is chased"
    case = plant.only_case()
    assert case.task("maintenance").acknowledged_by == "gary.lindqvist"
    assert case.task("planner").acknowledged_at is None
    assert case.status == "open", "not acknowledged before every required function has"
    plant.rest_is_known()


def test_R26_a_bystanders_ok_is_no_acknowledgement(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    number = plant.only_case().number
    plant.rest_is_known()

    plant.says("dwayne.hicks", "ok", reply_to=f"case:{number}")

    assert plant.only_case().task("maintenance").acknowledged_at is None
    plant.rest_is_known()


def test_R27_five_answers_are_five_different_things(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    number = plant.only_case().number

    plant.says("gary.lindqvist", "in 20 min", reply_to=f"case:{number}")
    task = plant.only_case().task("maintenance")
    assert task.promised_at == plant.clock.now() + timedelta(minutes=20)

    plant.says("gary.lindqvist", "waiting for parts", reply_to=f"case:{number}")
    task = plant.only_case().task("maintenance")
    assert task.waiting_for is not None
    assert task.owner == "gary.lindqvist"

    plant.says("gary.lindqvist", "not mine, thats electrical", reply_to=f"case:{number}")
    task = plant.only_case().task("maintenance")
    assert task.acknowledged_at is None
    assert task.owner == "anita.rao"

    plant.says("anita.rao", "ok", reply_to=f"case:{number}")
    assert plant.only_case().task("maintenance").acknowledged_by == "anita.rao"
    plant.rest_is_known()


def test_R28_the_first_taker_wins_and_the_others_hear_who_has_it(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()

    plant.presses("gary.lindqvist", "acknowledge")
    assert "Gary" in plant.hears_one("anita.rao")
    plant.rest_is_known()

    plant.presses("anita.rao", "acknowledge")
    assert "Gary" in plant.hears_one("anita.rao"), "a second press is answered with who has it, not with an error"
    assert plant.only_case().task("maintenance").acknowledged_by == "gary.lindqvist"
    plant.rest_is_known()


def test_R29_an_unanswered_stopped_line_goes_up_at_five_and_at_ten_minutes(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.rest_is_known()

    plant.passes(minutes=4)
    plant.hears_nothing("denise.palmer")
    plant.passes(minutes=1, seconds=30)
    assert any("Filler 3" in h for h in plant.hears("denise.palmer")), "the supervisor at five minutes"
    plant.hears_nothing("stephanie.greer")
    plant.passes(minutes=5)
    assert any("Filler 3" in h for h in plant.hears("stephanie.greer")), "the manager at ten"
    assert plant.only_case().escalated
    plant.rest_is_known()


def test_R29_with_nobody_on_shift_the_next_step_is_taken_at_once_and_said(plant: Plantside) -> None:
    everybody = plant.app.folder.plant
    gone = tuple(p for p in everybody.people if p.id not in ("gary.lindqvist", "anita.rao"))
    plant.app.folder = replace(plant.app.folder, plant=replace(everybody, people=gone))
    plant.says("maria.lopez", "filler on 3 is jammed, needs a mechanic")

    case = plant.only_case()
    assert "nobody_on_shift" in plant.log(case.number)
    assert any("Filler 3" in h for h in plant.hears("denise.palmer")), "the supervisor hears of it at once"
    plant.rest_is_known()


def test_R2_resolved_on_the_floor_is_not_closed_before_erp_confirms(plant: Plantside) -> None:
    plant.erp.away = True
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way")
    plant.passes(minutes=30)
    plant.says("gary.lindqvist", "running again, new seal on valve 14, down 45 min")

    assert plant.only_case().status == "resolved"
    plant.passes(minutes=10)
    assert plant.only_case().status == "resolved", "ERP is away: nobody is told that it is closed"
    assert not any(s.state == "posted" for s in plant.postings())
    plant.rest_is_known()

    plant.erp.away = False
    plant.passes(minutes=10)
    assert plant.only_case().status == "closed"
    assert all(s.receipt for s in plant.postings())
    assert plant.hears("maria.lopez"), "the reporter hears that it is over (R39)"
    plant.rest_is_known()


def test_R1_three_instants_are_kept_apart_and_four_metrics_hang_on_them(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)  # 06:00, since 05:50
    plant.passes(minutes=2)
    plant.presses("gary.lindqvist", "acknowledge")
    plant.presses("neil.abbott", "acknowledge")
    plant.presses("karen.doyle", "acknowledge")
    if plant.only_case().task("supervisor") is not None:
        plant.presses("denise.palmer", "acknowledge")
    plant.passes(minutes=28)
    plant.says("gary.lindqvist", "running again, down 40 min")
    plant.passes(minutes=2)

    case = plant.only_case()
    assert case.occurred_at == case.captured_at - timedelta(minutes=10)
    assert case.posted_at is not None
    assert case.posted_at > case.resolved_at
    figures = plant.metrics()
    assert figures.resolution_min.median == round((case.closed_at - case.captured_at).total_seconds() / 60, 1)
    assert figures.alignment_min.median == 12.0, "event at 05:50, the last function answered at 06:02"
    assert figures.posting_lag_min.median == round((case.posted_at - case.occurred_at).total_seconds() / 60, 1)
    assert figures.first_pass.value == 1.0
    plant.rest_is_known()


def test_R20_a_second_report_of_the_same_stop_joins_the_first(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way")
    plant.rest_is_known()

    plant.says("denise.palmer", "line 3 filler is dead, whats going on")

    case = plant.only_case()
    assert case.joined == ("denise.palmer",)
    known = plant.hears_one("denise.palmer")
    assert case.number in known
    assert "It is with Gary" in known
    assert "05:50" in known
    plant.hears_nothing("gary.lindqvist")
    plant.rest_is_known()


def test_R26_what_is_said_twice_is_heard_once(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "k")
    plant.rest_is_known()

    plant.says("gary.lindqvist", "be there in a bit")

    plant.hears_nothing("maria.lopez")
    assert "is yours" in plant.hears_one("gary.lindqvist")
    plant.says("gary.lindqvist", "10 min")
    assert "06:10" in plant.hears_one("maria.lopez"), "a time is news"
    plant.rest_is_known()


def test_R20_nobody_is_told_that_someone_has_it_who_was_only_asked(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)

    plant.says("denise.palmer", "line 3 filler is dead, whats going on")

    known = plant.hears("denise.palmer")[-1]
    assert "Gary was asked and has not answered yet" in known
    assert "It is with" not in known
    plant.rest_is_known()


def test_R34_what_has_become_pointless_is_not_sent_and_everyone_told_hears_the_end(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    told = set(plant.only_case().told)
    plant.rest_is_known()

    plant.says("maria.lopez", "running again, it was just a loose cable")
    plant.passes(minutes=3)
    for person in told:
        assert plant.hears(person), f"{person} was told of it and hears the end"
    plant.passes(minutes=30)

    plant.hears_nothing("denise.palmer")
    plant.hears_nothing("stephanie.greer")
    plant.rest_is_known()


def test_R33_a_late_press_on_an_old_card_is_answered_with_todays_state(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "fixed, loose cable, down 15 min")
    plant.passes(minutes=2)
    assert plant.only_case().status == "closed"
    plant.rest_is_known()
    before = plant.only_case()

    plant.presses("anita.rao", "acknowledge")

    assert before.number in plant.hears_one("anita.rao")
    assert plant.only_case() == before, "nothing was reopened and nobody's task was taken"


def test_R3_what_the_state_does_not_allow_is_refused_and_says_why(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("maria.lopez", "false alarm, it was the e-stop")
    number = plant.only_case().number
    assert plant.only_case().status == "cancelled"
    plant.rest_is_known()

    plant.says("gary.lindqvist", "fixed it", reply_to=f"case:{number}")

    assert number in plant.hears_one("gary.lindqvist")
    assert plant.only_case().status == "cancelled"


def test_R35_a_technician_who_reports_his_own_machine_is_not_paged(plant: Plantside) -> None:
    plant.says("gary.lindqvist", "filler on 3 is down, 10482 stopped, im on it")

    task = plant.only_case().task("maintenance")
    assert task.owner == "gary.lindqvist"
    assert task.acknowledged_by == "gary.lindqvist"
    assert len(plant.hears("gary.lindqvist")) == 1, "only what was understood"
    plant.rest_is_known()


def test_R31_acknowledged_but_idle_is_asked_and_silence_resumes_the_ladder(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "on my way, 10 min")
    plant.rest_is_known()

    plant.passes(minutes=41)
    assert plant.hears("gary.lindqvist"), "asked whether he is still on it, half an hour after he was due there"
    plant.passes(minutes=11)

    assert plant.only_case().task("maintenance").acknowledged_at is None
    assert "went_quiet" in plant.log(plant.only_case().number)
    plant.rest_is_known()
