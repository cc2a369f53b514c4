"""States are derived from facts, and move by one table (R3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from tests.workflow.world import NOON, PLANT, breakdown, world
from workflow.answering import acknowledge
from workflow.case import ALLOWED, Case, require
from workflow.errors import Refused
from workflow.finishing import cancel, confirmed, reopen, resolve
from workflow.opening import open_case
from workflow.reading import Resolution

OPENED = open_case(breakdown(), world()).case
IN_STATE: dict[str, Case] = {
    "draft": breakdown(),
    "open": OPENED,
    "acknowledged": acknowledge(OPENED, PLANT.person["tom"], None, world()).case,
    "resolved": resolve(OPENED, PLANT.person["tom"], Resolution("new belt"), world()).case,
    "closed": replace(resolve(OPENED, PLANT.person["tom"], Resolution(), world()).case, closed_at=NOON),
    "cancelled": cancel(OPENED, PLANT.person["olga"], "false alarm", world()).case,
    "merged": replace(OPENED, merged_into="EX-2"),
}


@pytest.mark.parametrize("status", IN_STATE)
def test_a_state_is_read_from_facts(status: str) -> None:
    assert IN_STATE[status].status == status


@pytest.mark.parametrize(("act", "status"), list(product(ALLOWED, IN_STATE)))
def test_R3_an_act_happens_only_in_the_states_of_the_table(act: str, status: str) -> None:
    case = IN_STATE[status]
    if status in ALLOWED[act]:
        require(case, act)
    else:
        with pytest.raises(Refused) as refused:
            require(case, act)
        assert refused.value.name == f"state.{status}", "and the refusal says in which state it is"


def test_an_act_that_nobody_wrote_into_the_table_is_a_bug() -> None:
    with pytest.raises(KeyError):
        require(IN_STATE["open"], "dance")


def test_R2_a_case_that_owes_nothing_closes_when_it_is_resolved() -> None:
    other = open_case(breakdown(type="other", assets=()), world()).case
    assert resolve(other, PLANT.person["sue"], Resolution("done"), world()).case.status == "closed"


def test_R2_a_case_that_owes_something_does_not_close_by_itself() -> None:
    change = resolve(OPENED, PLANT.person["tom"], Resolution("new belt"), world())
    assert {p.kind for p in change.postings} == {"downtime", "maintenance_notification"}
    assert change.case.status == "resolved"
    assert confirmed(OPENED, (), world()) is None, "an open one is never closed by ERP"


def test_R4_a_reopened_case_goes_on_and_is_no_first_pass() -> None:
    again = reopen(IN_STATE["closed"], PLANT.person["olga"], "it is leaking again", world(NOON + timedelta(hours=1)))
    assert again.case.status == "open"
    assert again.case.reopened == 1
    assert any(n.to == "tom" and n.name == "asked.maintenance" for n in again.notices)
