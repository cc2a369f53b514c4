"""An exception is found again by what somebody remembers of it, and by nobody to whom it is not shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.stories.past_weeks import remember, the_cases
from tests.web.door import OpenDoor, Visitor
from tests.web.test_figures_page import signed_in


@pytest.fixture
def weeks(opened: Callable[..., OpenDoor], database_url: str | None) -> OpenDoor:
    """Riverside on a Wednesday, with two weeks behind it and three reports of today."""
    door = opened(play=False, database_url=database_url)
    door.clock.turn_to(datetime(2026, 11, 18, 16, 0, tzinfo=UTC))
    remember(door.app.database, (case for case in the_cases() if case.closed_at is not None))
    door.says("maria.lopez", "depalletizer on 3 is stuck, 10482 standing still")
    door.says("luis.ortega", "Störung: seamer on 2 GRINDS like mad, 100%_broken, line is down")
    door.says("edson.silva", "hold lot 6319-4A, caps are not sealing")
    return door


def found(visitor: Visitor, **asked: str) -> list[str]:
    """The numbers in the list, as it shows them."""
    page = visitor.get("/search", params=asked)
    assert page.status_code == 200
    return re.findall(r'<p class="head"><a href="/cases/(EX-\d+)">', page.text)


def numbers(door: OpenDoor, **wanted: object) -> list[str]:
    """The right ones, by a loop over all cases: newest first."""
    cases = sorted(door.cases(), key=lambda case: (case.captured_at, case.number), reverse=True)
    return [c.number for c in cases if all(_has(c, name, value) for name, value in wanted.items())]


def _has(case: object, name: str, value: object) -> bool:
    mine = getattr(case, name)
    return value in mine if isinstance(mine, tuple) else bool(mine == value)


def test_a_case_is_found_by_number_order_lot_machine_line_kind_and_words(weeks: OpenDoor) -> None:
    denise = signed_in(weeks, "denise.palmer")
    assert found(denise, q="ex-2013") == found(denise, q="2013") == ["EX-2013"]
    assert found(denise, q="10482") == numbers(weeks, work_orders="WO-10482")
    assert found(denise, q="6319-4a") == numbers(weeks, lots="6319-4A") == ["EX-1003"]
    assert found(denise, q="filler 3") == numbers(weeks, assets="L3-FIL")
    assert len(found(denise, q="filler 3")) > 2
    assert found(denise, q="line 2") == numbers(weeks, line="L2")
    assert found(denise, q="breakdown line 2") == numbers(weeks, line="L2", type="machine_breakdown")
    assert found(denise, q="grinds") == found(denise, q="seamer GRINDS") == ["EX-1002"]
    assert found(denise, q="grinds filler") == []
    assert found(denise, q="STÖRUNG") == ["EX-1002"]
    assert found(denise) == numbers(weeks)[:50]


def test_what_is_typed_is_no_pattern_and_no_markup(weeks: OpenDoor) -> None:
    denise = signed_in(weeks, "denise.palmer")
    assert found(denise, q="100%_broken") == ["EX-1002"]
    assert found(denise, q="%") == ["EX-1002"], "only where that sign stands"
    assert found(denise, q="' OR 1=1 --") == []
    page = denise.get("/search", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    assert denise.get("/search", params={"q": "a " * 90}).status_code == 200
    assert denise.get("/search", params={"q": "a" * 300}).status_code == 422


def test_a_search_is_narrowed_by_line_kind_state_and_time(weeks: OpenDoor) -> None:
    denise = signed_in(weeks, "denise.palmer")
    assert found(denise, line="L4") == numbers(weeks, line="L4")
    assert found(denise, type="quality_hold") == numbers(weeks, type="quality_hold")
    is_open = [case.number for case in weeks.cases() if case.is_open]
    assert sorted(found(denise, state="open")) == sorted(is_open)
    assert not {*found(denise, state="over")} & {*is_open}
    assert set(found(denise, time="week")) < set(found(denise, time="month"))
    assert found(denise, line="nowhere") == found(denise), "a line that is gone limits nothing"


def test_R57_an_operator_finds_the_own_line_and_not_by_who_reported(weeks: OpenDoor) -> None:
    denise, luis = signed_in(weeks, "denise.palmer"), signed_in(weeks, "luis.ortega")
    assert "EX-1001" in found(denise, q="maria")
    assert found(luis, q="maria") == []
    assert found(luis, q="EX-1001") == []
    assert found(luis, q="10482") == []
    assert set(found(luis)) == {*numbers(weeks, line="L2"), *numbers(weeks, reporter="luis.ortega")}
    assert found(luis, line="L3") == []
    assert '<option value="L3"' not in luis.get("/search").text
