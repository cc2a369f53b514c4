"""What strangers wrote and what could not be read: shown to the triage desk, taken again once it can lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import LogCapture

from bot import left_over
from bot.invite import invite
from db import inbox
from db import log as chained
from tests.integrations.strange_chat import SECRET
from tests.integrations.strange_floor import FILLER_DOWN, MARIA, NOBODY, Floor
from tests.web.test_figures_page import signed_in
from workflow.case import LINECALL

AWAY = {"headers": {"X-Forwarded-For": "203.0.113.7"}}


@pytest.fixture
def floor(tmp_path: Path, logged: LogCapture) -> Iterator[Floor]:
    plant = Floor(tmp_path / "data")
    yield plant
    plant.close()


def brings_poison(floor: Floor, body: bytes = b'{"words": "secret of nobody"}') -> None:
    assert floor.someone.post("/hooks/telegram", content=body, headers={"X-Secret": SECRET}).status_code == 200
    floor.settle()


def joins(floor: Floor, phone: str, person: str) -> None:
    floor.texts(phone, f"/start {invite(floor.app, person)}")
    floor.texts(phone, "yes")


def presses(floor: Floor, person: str, message: int, what: str) -> int:
    page = signed_in(floor, person)
    status = page.post("/left-over", data={"message": message, "what": what}).status_code
    floor.settle()
    return status


def test_the_triage_desk_sees_a_strangers_words_and_takes_them_once_they_are_known(floor: Floor) -> None:
    floor.texts(NOBODY, FILLER_DOWN)
    (row,) = left_over.listed(floor.app)
    page = signed_in(floor, "denise.palmer").get("/left-over").text
    assert FILLER_DOWN in page
    assert NOBODY in page
    assert "Take again" not in page, "nobody is known there yet"
    assert presses(floor, "denise.palmer", row.received.id, "again") == 303
    assert floor.cases() == ()

    joins(floor, NOBODY, "tamika.jones")
    page = signed_in(floor, "denise.palmer").get("/left-over").text
    assert "now Tamika Jones" in page
    assert presses(floor, "denise.palmer", row.received.id, "again") == 303
    assert floor.cases()[0].reporter == "tamika.jones"
    assert left_over.listed(floor.app) == ()
    presses(floor, "denise.palmer", row.received.id, "again")
    assert len(floor.cases()) == 1, "and once only"
    with floor.app.database.read() as tx:
        last = chained.of_plant(tx)[-1]
    assert (last.what, last.who) == ("taken_again", "denise.palmer")


def test_R41_a_strangers_earlier_words_report_and_decide_nothing(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.texts(NOBODY, "EX-1001 fixed, running again")
    joins(floor, NOBODY, "gary.lindqvist")
    (row,) = left_over.listed(floor.app)
    assert left_over.take_again(floor.app, [row.received.id], LINECALL) == 1
    floor.settle()
    assert floor.cases()[0].resolved_at is None, "somebody else may have held that phone when it was written"


def test_what_could_not_be_read_is_shown_and_taken_again_after_a_fix(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    brings_poison(floor, b'{"from": "70106", "id": "9", "text_": "filler 3 jammed, line is down"}')
    (row,) = left_over.listed(floor.app)
    assert not row.stranger
    assert "filler 3 jammed" in signed_in(floor, "denise.palmer").get("/left-over").text
    presses(floor, "denise.palmer", row.received.id, "again")
    floor.passes(minutes=10)
    assert [one.received.id for one in left_over.listed(floor.app)] == [row.received.id], "it still cannot be read"

    read = floor.chat.read
    monkeypatch.setattr(floor.chat, "read", lambda k: read(replace(k, body=k.body.replace(b"text_", b"text"))))
    presses(floor, "denise.palmer", row.received.id, "again")
    assert len(floor.cases()) == 1
    assert left_over.listed(floor.app) == ()


def test_only_the_triage_desk_reads_and_decides(floor: Floor) -> None:
    floor.texts(NOBODY, "words of a stranger")
    brings_poison(floor)
    ids = [one.received.id for one in left_over.listed(floor.app)]
    page = signed_in(floor, "maria.lopez").get("/left-over").text
    assert "words of a stranger" not in page
    assert "secret of nobody" not in page
    assert presses(floor, "maria.lopez", ids[0], "away") == 403
    assert floor.someone.post("/left-over", data={"message": ids[0], "what": "away"}, **AWAY).status_code == 403
    assert floor.someone.get("/left-over", **AWAY).status_code == 403
    assert len(left_over.listed(floor.app)) == 2


def test_what_needs_nobody_is_put_away_and_stays_stored(floor: Floor) -> None:
    floor.texts(NOBODY, "buy cheap watches")
    brings_poison(floor)
    rows = left_over.listed(floor.app)
    assert "Left over: 2" in signed_in(floor, "denise.palmer").get("/board").text
    for row in rows:
        assert presses(floor, "denise.palmer", row.received.id, "away") == 303
    assert left_over.listed(floor.app) == ()
    assert "Left over:" not in signed_in(floor, "denise.palmer").get("/board").text
    with floor.app.database.read() as tx:
        kept = inbox.get(tx, rows[-1].received.id)
    assert kept is not None
    assert kept.message.text == "buy cheap watches"


def test_replay_takes_all_that_can_lead_somewhere_and_leaves_the_rest(floor: Floor) -> None:
    floor.texts(NOBODY, FILLER_DOWN)
    floor.texts("99998", "hello there")
    brings_poison(floor)
    joins(floor, NOBODY, "tamika.jones")
    assert left_over.take_again(floor.app, None, LINECALL) == 2, "the poison, and the words of whom we know by now"
    floor.settle()
    assert floor.cases()[0].reporter == "tamika.jones"
    assert any(one.words == "hello there" for one in left_over.listed(floor.app))
