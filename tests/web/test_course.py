"""How the time of an exception went, as its page draws it: who was waited for, who had it in hand, until ERP had it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.web.course import course_of
from bot.web.words import voice_for
from db import postings
from tests.web.door import BREAKDOWN, OpenDoor

if TYPE_CHECKING:
    from bot.web.course import Course


def course(door: OpenDoor) -> Course:
    """The picture of the only exception."""
    (case,) = door.cases()
    with door.app.database.read() as tx:
        return course_of(case, postings.of_case(tx, case.number), voice_for(door.app, None))


def test_while_nobody_takes_it_everybody_asked_is_waited_for_until_now(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    door.passes(minutes=8)

    drawn = course(door)

    assert drawn.end == "now"
    stood, maintenance = drawn.lanes[0], drawn.lanes[1]
    assert (stood.name, stood.words) == ("Stood", "8 min")
    assert (maintenance.name, maintenance.words) == ("Maintenance", "not taken, 8 min")
    assert [(bar.kind, bar.x, bar.width) for bar in maintenance.bars] == [("waited", 0, 1000)]
    assert all(lane.name != "ERP" for lane in drawn.lanes), "nothing is owed yet"


def test_afterwards_the_picture_adds_up_to_the_whole_time(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    door.passes(minutes=10)
    door.writes("gary.lindqvist", "on my way")
    door.passes(minutes=30)
    door.writes("gary.lindqvist", "running again, cleared the jam, down 40 min")
    door.passes(minutes=10)

    drawn = course(door)

    maintenance = next(lane for lane in drawn.lanes if lane.name == "Maintenance · Gary Lindqvist")
    assert maintenance.words == "taken after 10 min, in hand for 30 min"
    waited, worked = maintenance.bars
    assert (waited.kind, worked.kind) == ("waited", "worked")
    assert waited.x + waited.width == worked.x
    assert abs(3 * waited.width - worked.width) <= 3, "thirty minutes are drawn three times as long as ten"
    assert drawn.lanes[-1].name == "ERP"
    assert all(bar.x >= 0 and bar.x + bar.width <= 1000 for lane in drawn.lanes for bar in lane.bars)

    page = door.someone.get(f"/cases/{door.cases()[0].number}").text
    assert page.count('id="lane-') == len(drawn.lanes)
    assert re.search(r"taken after 10 min, in hand for 30 min", page), "what is drawn stands there in words"
