"""The stream that keeps pages live tells of every change, and never outlives the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bot.invite import revoke
from bot.web import issue_link
from tests.web.door import BREAKDOWN, OpenDoor


def events(response: httpx.Response) -> Iterator[tuple[str, int]]:
    """Name and number of each event of a stream."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))["latest"]


def test_a_listener_hears_of_every_change_and_its_number_grows(door: OpenDoor) -> None:
    with door.running() as url, httpx.Client(base_url=url, timeout=20) as client:
        with client.stream("GET", "/api/events") as stream:
            assert stream.headers["Content-Type"].startswith("text/event-stream")
            heard = events(stream)
            name, first = next(heard)
            client.post("/api/messages", json={"person": "maria.lopez", "text": BREAKDOWN})
            again, second = next(heard)

        assert (name, again) == ("changed", "changed")
        assert second > first


def test_a_page_that_listens_does_not_keep_the_service_from_stopping(door: OpenDoor) -> None:
    with httpx.Client(timeout=20) as client:
        with door.running() as url:
            stream = client.send(client.build_request("GET", f"{url}/api/events"), stream=True)
            heard = events(stream)
            next(heard)

        assert list(heard) == [], "the stream has ended in good order, it was not cut"


def test_the_line_falls_silent_while_the_database_cannot_be_read(
    door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.web.live.BEAT_EVERY", 0.05)
    with door.running() as url, httpx.Client(base_url=url, timeout=2) as client:
        with client.stream("GET", "/api/events") as stream:
            heard = events(stream)
            assert [next(heard)[0] for _ in range(3)] == ["changed", "beat", "beat"]
            monkeypatch.setattr("bot.web.live.changes.latest", lambda _: 1 / 0)
            with pytest.raises(httpx.ReadTimeout):
                list(heard)
        monkeypatch.undo()


def test_other_machines_may_not_listen(door: OpenDoor) -> None:
    assert door.knocks(address="10.0.0.7").get("/api/events").status_code == 403


def test_a_revoked_persons_open_page_hears_nothing_more(tmp_path: Path) -> None:
    door = OpenDoor(tmp_path / "data", play=False)
    link = issue_link(door.app, "maria.lopez").partition("token=")[2]
    with door.running() as url, httpx.Client(base_url=url, timeout=20) as client:
        client.post("/sign-in", data={"link": link})
        with client.stream("GET", "/api/events", headers={"X-Forwarded-For": "203.0.113.7"}) as stream:
            heard = events(stream)
            assert next(heard)[0] == "changed"
            revoke(door.app, "maria.lopez")
            assert list(heard) == [], "it ends at once, in good order"
    door.close()


def test_one_person_does_not_take_the_line_from_all_others(door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.live.MOST_OF_ONE", 2)
    with door.running() as url, ExitStack() as pages:
        mine = [pages.enter_context(httpx.Client(base_url=url, timeout=20)) for _ in range(3)]
        heard = [events(pages.enter_context(client.stream("GET", "/api/events"))) for client in mine[:2]]
        assert [next(one)[0] for one in heard] == ["changed", "changed"]
        with mine[2].stream("GET", "/api/events") as refused:
            assert refused.status_code == 503

        link = issue_link(door.app, "gary.lindqvist").partition("token=")[2]
        mine[2].post("/sign-in", data={"link": link})
        other = events(pages.enter_context(mine[2].stream("GET", "/api/events")))
        assert next(other)[0] == "changed", "somebody else listens all the same"
