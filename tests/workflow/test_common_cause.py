"""What becomes part of one cause is asked of each function once (R21)."""

from __future__ import annotations

from dataclasses import replace

from tests.workflow.world import NOON, breakdown, world
from workflow import opening
from workflow.common_cause import make_part
from workflow.routing import CAUSE


def test_R21_whoever_repairs_is_not_asked_twice_for_what_became_a_part() -> None:
    """Also where another function answers for the whole exception by then."""
    asked = opening.open_case(replace(breakdown(), line_stopped=True), world(NOON)).case
    assert [task.role for task in asked.tasks] == ["maintenance", "supervisor"]
    led_by_sue = replace(asked, tasks=asked.tasks[::-1])
    cause = opening.open_case(breakdown(number="EX-2"), world(NOON)).case

    part = make_part(led_by_sue, cause, world(NOON)).case

    living = [task for task in part.tasks if task.live]
    assert [(task.role, task.why) for task in living] == [("maintenance", CAUSE)]
