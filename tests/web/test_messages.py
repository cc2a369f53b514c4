"""A message is taken or refused clearly; nothing that was answered 202 is ever lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.web.door import BREAKDOWN, OpenDoor


def test_a_message_is_answered_in_its_senders_conversation(door: OpenDoor) -> None:
    answer = door.writes("maria.lopez", BREAKDOWN)

    assert answer.status_code == 202
    assert answer.json()["id"]
    mine, *told = door.reads("maria.lopez")
    assert (mine["from"], mine["text"]) == ("person", BREAKDOWN)
    assert told, "the reporter is answered (R39)"
    assert told[0]["from"] == "bot"
    assert told[0]["case"] == door.cases()[0].number
    assert set(mine) == {"id", "at", "from", "text", "buttons", "case"}


def test_only_what_came_after_an_id_is_shown_where_that_is_asked(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    first, *rest = door.reads("maria.lopez")

    later = door.someone.get("/api/conversations/maria.lopez", params={"after": first["id"]}).json()

    assert rest
    assert later == rest


def test_a_pressed_button_acts_and_shows_what_was_pressed(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    asked = next(line for line in door.reads("gary.lindqvist") if line["buttons"])
    on_it = asked["buttons"][0]

    pressed = door.writes("gary.lindqvist", on_it["label"], button=on_it["value"], reply_to=asked["id"])

    assert pressed.status_code == 202
    assert door.cases()[0].task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
    assert [line["text"] for line in door.reads("gary.lindqvist") if line["from"] == "person"] == [on_it["label"]]


def test_a_reply_speaks_of_the_exception_of_the_message_that_it_answers(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    door.writes("luis.ortega", "seamer 2 is down, line stopped")
    first, second = door.cases()
    asked = next(line for line in door.reads("gary.lindqvist") if line["case"] == second.number)

    door.writes("gary.lindqvist", "on my way", reply_to=asked["id"])

    assert door.case(second.number).task("maintenance").acknowledged_by == "gary.lindqvist"  # type: ignore[union-attr]
    assert door.case(first.number).task("maintenance").acknowledged_by is None  # type: ignore[union-attr]


def test_a_repeat_under_the_same_key_is_the_same_message(door: OpenDoor) -> None:
    body = {"person": "maria.lopez", "text": BREAKDOWN}
    once = {"Idempotency-Key": "phone-7-41"}

    first = door.someone.post("/api/messages", json=body, headers=once)
    again = door.someone.post("/api/messages", json=body, headers=once)
    other = door.someone.post("/api/messages", json={**body, "person": "denise.palmer"}, headers=once)
    door.settle()

    assert first.json() == again.json() != other.json()
    said = [line for line in door.reads("maria.lopez") if line["from"] == "person"]
    assert len(said) == 1


def test_without_a_key_saying_the_same_twice_is_two_messages(door: OpenDoor) -> None:
    first, again = (door.writes("maria.lopez", "thanks") for _ in range(2))

    assert first.json() != again.json()


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no JSON": ({"content": b"{person: maria"}, 422, "bad_json"),
    "half a JSON": ({"content": b'{"person": "maria.lopez", "text": "fil'}, 422, "bad_json"),
    "no body": ({"content": b""}, 422, "empty_body"),
    "a list": ({"json": ["maria.lopez"]}, 422, "bad_json"),
    "bytes that are no UTF-8": ({"content": b'{"person": "maria.lopez", "text": "\xff\xfe"}'}, 400, "bad_request"),
    "a thousand brackets": ({"content": b"[" * 100_000}, 400, "bad_request"),
    "no person": ({"json": {"text": "hi"}}, 422, "missing"),
    "an unknown person": ({"json": {"person": "nobody.here", "text": "hi"}}, 404, "unknown_person"),
    "no text": ({"json": {"person": "maria.lopez"}}, 422, "empty_text"),
    "an empty text": ({"json": {"person": "maria.lopez", "text": ""}}, 422, "empty_text"),
    "blanks": ({"json": {"person": "maria.lopez", "text": " \n\t \u0000"}}, 422, "empty_text"),
    "a number": ({"json": {"person": "maria.lopez", "text": 7}}, 422, "invalid"),
    "a novel": ({"json": {"person": "maria.lopez", "text": "x" * 4001}}, 413, "too_long"),
    "1 MB": ({"json": {"person": "maria.lopez", "text": "x" * 1_000_000}}, 413, "too_large"),
    "an unknown field": ({"json": {"person": "maria.lopez", "text": "hi", "admin": True}}, 422, "unknown_field"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_taken_is_refused_clearly(door: OpenDoor, what: str) -> None:
    request, status, error = REFUSED[what]
    kind = {"Content-Type": "application/json"}

    answer = door.someone.post("/api/messages", headers=kind, **request)

    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "message"}
    assert len(answer.json()["message"]) > 10
    for leak in ("Traceback", "File ", "sqlalchemy", "pydantic", "workflow", "site-packages"):
        assert leak not in answer.text
    door.settle()
    assert door.cases() == ()


def test_a_body_without_an_end_is_refused_before_it_is_read(door: OpenDoor) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10_000):
            yield b"x" * 1024

    answer = door.someone.post("/api/messages", content=endless())

    assert answer.status_code == 413
    assert answer.json()["error"] == "too_large"


def test_four_thousand_characters_are_taken(door: OpenDoor) -> None:
    assert door.writes("maria.lopez", "x" * 4000).status_code == 202


def test_control_characters_are_taken_out_and_the_rest_is_kept(door: OpenDoor) -> None:
    door.writes("maria.lopez", "filler\u0000 on 3\u0007 jammed\r\nline is down")
    half_a_character = rb'{"person": "maria.lopez", "text": "line 3 \ud83d runs", "button": "\ud800"}'
    kind = {"Content-Type": "application/json"}
    assert door.someone.post("/api/messages", content=half_a_character, headers=kind).status_code == 202
    door.settle()

    said = [line["text"] for line in door.reads("maria.lopez") if line["from"] == "person"]
    assert said == ["filler on 3 jammed\nline is down", "line 3 ? runs"]


@pytest.mark.parametrize(
    "failure",
    [
        OperationalError("insert", {}, Exception("database is locked")),
        OperationalError("insert", {}, Exception("database or disk is full")),
        OSError(28, "No space left on device"),
    ],
    ids=["locked", "full", "disk"],
)
def test_a_message_that_could_not_be_stored_is_never_answered_2xx(
    door: OpenDoor, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    @contextmanager
    def broken() -> Any:
        raise failure
        yield

    monkeypatch.setattr(door.app.database, "write", broken)
    answer = door.someone.post("/api/messages", json={"person": "maria.lopez", "text": BREAKDOWN})

    assert answer.status_code == 503
    assert answer.json()["error"] == "not_now"
    assert "Nothing was stored" in answer.json()["message"]
    assert "Retry-After" in answer.headers


def test_a_failure_at_the_commit_is_no_202_either(door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    really = door.app.database.write

    @contextmanager
    def fails_at_the_end() -> Any:
        with really() as tx:
            yield tx
            raise OperationalError("commit", {}, Exception("disk I/O error"))

    monkeypatch.setattr(door.app.database, "write", fails_at_the_end)
    answer = door.someone.post("/api/messages", json={"person": "maria.lopez", "text": BREAKDOWN})
    monkeypatch.undo()
    door.settle()

    assert answer.status_code == 503
    assert door.reads("maria.lopez") == []


def test_a_bug_is_told_without_its_traceback(door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.app, "receive", lambda _: 1 / 0)

    answer = door.someone.post("/api/messages", json={"person": "maria.lopez", "text": BREAKDOWN})

    assert answer.status_code == 500
    assert answer.json()["error"] == "internal"
    assert "Zero" not in answer.text
