"""The stream that keeps pages live tells of every change, and never outlives the service."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

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
