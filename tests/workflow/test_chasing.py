"""The ladder of an unanswered task, step by step (R26, R29 to R33, R37, R38)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.workflow.world import NOON, PLANT, breakdown, world
from workflow.answering import acknowledge, decline, promise, wait
from workflow.case import Case, Change
from workflow.chasing import chase
from workflow.opening import open_case


def after(minutes: float, case: Case) -> Change:
    change = chase(case, world(NOON + timedelta(minutes=minutes)))
    assert change is not None
    return change


def told(change: Change) -> dict[str, str]:
    return {n.to: n.name for n in change.notices}


def opened(**more: object) -> Case:
    return open_case(breakdown(**more), world()).case


def test_nothing_is_due_before_its_time() -> None:
    assert chase(opened(), world(NOON + timedelta(minutes=4))) is None


def test_R29_at_five_minutes_the_supervisor_and_at_ten_the_manager() -> None:
    five = after(5, opened())
    assert told(five) == {"tom": "reminder", "ann": "reminder", "sue": "escalated"}
    ten = after(10, five.case)
    assert told(ten)["bert"] == "escalated"
    assert "sue" not in told(ten), "she was told at five"
    assert ten.case.task("maintenance").next_step_at == NOON + timedelta(minutes=25), "and again every fifteen"


def test_R37_after_an_outage_there_is_one_message_with_the_true_age() -> None:
    late = after(47, opened())
    names = [n.to for n in late.notices]
    assert sorted(names) == ["ann", "bert", "sue", "tom"], "each of them once, not once a missed step"
    assert {n.facts["age_min"] for n in late.notices} == {47}


def test_R30_the_first_owner_stays_responsible_when_it_goes_up() -> None:
    assert after(10, opened()).case.task("maintenance").owner == "tom"


def test_R38_nobody_off_shift_is_chased() -> None:
    case = opened()
    half_past_two = after(150, case)  # the day shift has gone; nobody repairs on the late one
    assert not {"tom", "ann", "sue"}.intersection(told(half_past_two))
    assert told(half_past_two) == {"bert": "nobody_there"}


def test_R29_whoever_came_on_shift_is_asked() -> None:
    case = opened()
    at_night = after(11 * 60, case)
    assert told(at_night)["nils"] == "asked.maintenance"
    assert at_night.case.task("maintenance").owner == "nils"


def test_R26_an_acknowledgement_ends_the_chase_of_its_function() -> None:
    case = acknowledge(opened(), PLANT.person["tom"], None, world()).case
    assert chase(case, world(NOON + timedelta(minutes=10))) is None


def test_R32_waiting_on_a_stated_thing_pauses_until_the_promised_time() -> None:
    until = NOON + timedelta(minutes=40)
    case = wait(opened(), PLANT.person["tom"], "a seal", until, world()).case
    assert chase(case, world(NOON + timedelta(minutes=39))) is None
    asked = after(40, case)
    assert told(asked) == {"tom": "still_on_it"}


def test_R31_silence_un_acknowledges_and_the_ladder_goes_on() -> None:
    tom = PLANT.person["tom"]
    taken = acknowledge(opened(), tom, None, world()).case
    case = promise(taken, tom, NOON + timedelta(minutes=10), "10 min", world()).case
    asked = after(15, case)
    assert told(asked) == {"tom": "still_on_it"}, "five minutes after the time that he named"
    quiet = after(25, asked.case)
    assert quiet.case.task("maintenance").acknowledged_at is None
    assert told(quiet)["sue"] == "escalated"


def test_R27_not_mine_asks_the_next_and_nobody_left_goes_up_at_once() -> None:
    first = decline(opened(), PLANT.person["tom"], "not mine", world())
    assert first.case.task("maintenance").owner == "ann"
    second = decline(first.case, PLANT.person["ann"], "nor mine", world(NOON + timedelta(minutes=1)))
    up = after(1, second.case)
    assert "sue" in told(up)


def test_R27_not_mine_long_after_the_last_step_still_leaves_somebody_asked_and_chased() -> None:
    late = after(40, opened())
    at = NOON + timedelta(minutes=41)
    first = decline(late.case, PLANT.person["tom"], "not mine", world(at))
    task = first.case.task("maintenance")
    assert task.owner == "ann"
    assert task.next_step_at == at + timedelta(minutes=15), "past the last step, again every fifteen minutes"


def test_every_open_case_always_has_a_next_step() -> None:
    case = opened()
    for minute in range(1, 24 * 60, 7):
        change = chase(case, world(NOON + timedelta(minutes=minute)))
        case = change.case if change else case
        assert any(t.next_step_at for t in case.tasks if t.live)


def test_a_draft_that_nobody_answers_goes_to_the_triage_desk() -> None:
    from workflow.opening import draft_case
    from workflow.reading import Question

    draft = draft_case(replace(breakdown(assets=(), line=None)), Question("asset"), world()).case
    assert chase(draft, world(NOON + timedelta(minutes=2))) is None
    taken = after(3, draft)
    assert told(taken) == {"sue": "asked.triage", "olga": "handed_to_triage"}
    assert taken.case.status == "open"


def test_R32_waiting_and_promises_end_before_it_has_to_be_done_and_within_a_day() -> None:
    tom, days = PLANT.person["tom"], NOON + timedelta(days=3)
    taken = acknowledge(opened(), tom, None, world()).case
    task = taken.task("maintenance")
    assert task is not None
    for act in (
        lambda case: wait(case, tom, "a motor", days, world()),
        lambda case: promise(case, tom, days, "Friday", world()),
        lambda case: acknowledge(case, tom, days, world()),
    ):
        assert act(taken).case.task("maintenance").next_step_at == NOON + timedelta(hours=24)
        ends = taken.with_task(replace(task, due_by=NOON + timedelta(hours=2)))
        soon = act(ends).case.task("maintenance")
        assert soon.next_step_at < NOON + timedelta(hours=2), "the warning before its end comes first"
        assert soon.promised_at == days, "and what was promised stands as it was said"


def test_R32_what_tom_has_ann_puts_off_neither_by_waiting_nor_by_a_promise() -> None:
    tom, ann = PLANT.person["tom"], PLANT.person["ann"]
    taken = acknowledge(opened(), tom, None, world()).case
    for change in (
        wait(taken, ann, "a seal", None, world()),
        promise(taken, ann, NOON + timedelta(hours=9), "tonight", world()),
    ):
        assert change.case == taken
        assert [(n.to, n.name, n.facts["who"]) for n in change.notices] == [("ann", "taken_already", "tom")]
