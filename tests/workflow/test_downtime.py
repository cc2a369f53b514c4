"""Of a stop counts what is neither planned nor counted by another exception already (R49)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.workflow.world import NOON, PLANT
from workflow.case import Case
from workflow.downtime import Stood, counted
from workflow.plant import Line, PlannedStop, Plant

CASE = Case("EX-1", PLANT.id, NOON, "olga", assets=(PLANT.lines[0].assets[0].id,), line=PLANT.lines[0].id)


def at(minutes: float) -> datetime:
    """So many minutes after noon, when the case began."""
    return NOON + timedelta(minutes=minutes)


def planned(*spans: tuple[float, float]) -> Plant:
    """The plant, with planned stops of the machine."""
    line: Line = PLANT.lines[0]
    asset = replace(line.assets[0], planned_stops=tuple(PlannedStop(at(a), at(b)) for a, b in spans))
    return replace(PLANT, lines=(replace(line, assets=(asset, *line.assets[1:])), *PLANT.lines[1:]))


@pytest.mark.parametrize(
    ("others", "counts"),
    [
        ([], 60),
        ([(-30, 0)], 60),
        ([(60, 90)], 60),
        ([(-30, 20)], 40),
        ([(50, 90)], 50),
        ([(10, 20)], 50),
        ([(10, 30), (20, 40)], 30),
        ([(20, 40), (10, 30), (12, 14)], 30),
        ([(-10, 70)], 0),
    ],
)
def test_R49_what_another_exception_counts_is_left_out_once(others: list[tuple[float, float]], counts: float) -> None:
    spans = [Stood(f"EX-{n}", at(a), at(b)) for n, (a, b) in enumerate(others, 2)]
    assert counted(CASE, 60, PLANT, spans) == counts


def test_R49_a_planned_stop_is_no_downtime() -> None:
    assert counted(CASE, 60, planned((15, 30)), ()) == 45
    assert counted(CASE, 60, planned((15, 30)), [Stood("EX-2", at(20), at(40))]) == 35
