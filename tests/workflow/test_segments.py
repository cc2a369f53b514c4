"""A case's life in stretches that follow each other without gap or overlap, whatever happened (R6)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.workflow.world import NOON
from workflow.case import Entry
from workflow.segments import segments

WHAT = ("acknowledged", "waiting", "updated", "promised", "declined", "went_quiet", "reminded", "resolved", "reopened",
        "posted", "closed", "cancelled", "handed_over")  # fmt: skip


def at(minutes: int, what: str, **facts: Any) -> Entry:
    return Entry(NOON + timedelta(minutes=minutes), "tom", what, "", facts)


def told(*log: Entry) -> list[tuple[str, float]]:
    return [(s.kind, s.minutes(NOON + timedelta(hours=9))) for s in segments(log)]


def test_R6_nobody_had_it_then_somebody_worked_waited_worked_and_erp_had_it_last() -> None:
    life = segments(
        [
            at(0, "reported"), at(0, "opened"), at(5, "reminded", role="maintenance"),
            at(7, "acknowledged", role="maintenance"), at(20, "waiting", role="maintenance", waiting_for="a seal"),
            at(50, "updated"), at(60, "resolved"), at(63, "posted"), at(63, "closed"),
        ]
    )  # fmt: skip
    assert [(s.kind, s.minutes(NOON)) for s in life] == [
        ("unattended", 7), ("working", 13), ("waiting", 30), ("working", 10), ("fixed_not_posted", 3),
    ]  # fmt: skip
    assert life[2].waiting_for == "a seal"
    assert life[-1].end == NOON + timedelta(minutes=63)


def test_R6_whoever_goes_quiet_leaves_it_unattended_unless_another_function_has_it() -> None:
    assert told(at(0, "reported"), at(5, "acknowledged", role="m"), at(30, "went_quiet", role="m")) == [
        ("unattended", 5), ("working", 25), ("unattended", 510)
    ]  # fmt: skip
    assert told(
        at(0, "reported"), at(5, "acknowledged", role="planner"), at(6, "acknowledged", role="maintenance"),
        at(30, "went_quiet", role="maintenance"),
    ) == [("unattended", 5), ("working", 535)]  # fmt: skip


def test_R6_a_fix_that_did_not_hold_goes_on_where_it_was_reported_again() -> None:
    life = told(
        at(0, "reported"), at(5, "acknowledged", role="m"), at(10, "resolved"), at(12, "closed"), at(60, "reopened"),
        at(65, "acknowledged", role="m"), at(70, "cancelled"),
    )  # fmt: skip
    assert life == [
        ("unattended", 5), ("working", 5), ("fixed_not_posted", 2), ("unattended", 5), ("working", 5),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(WHAT), st.sampled_from(["m", "p"])), max_size=30))
def test_R6_without_gap_and_without_overlap(steps: list[tuple[int, str, str]]) -> None:
    log, minute = [at(0, "reported")], 0
    for later, what, role in steps:
        minute += later
        log.append(at(minute, what, role=role))
    life = segments(log)
    reopened = {entry.at for entry in log if entry.what == "reopened"}
    for one, following in pairwise(life):
        assert one.end is not None
        assert one.end == following.start or following.start in reopened
    assert all(one.end is None or one.end > one.start for one in life)
    assert all(one.end is not None for one in life[:-1]), "only the last one may still last"
