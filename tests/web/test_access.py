"""Who may come in, who may speak as whom, and what a foreign page can do: nothing."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.web import issue_link
from tests.web.door import OpenDoor, Visitor

TOKEN = "a-token-of-the-plant-0815"
SAYS = {"person": "maria.lopez", "text": "thanks"}
Opened = Callable[..., OpenDoor]


def signs_in(door: OpenDoor, browser: Visitor, person: str) -> int:
    """Open a fresh link and press its button; the status of the press."""
    link = parse_qs(urlsplit(issue_link(door.app, person)).query)["token"][0]
    assert browser.get("/sign-in", params={"token": link}).status_code == 200
    return browser.post("/sign-in", data={"link": link}).status_code


@pytest.mark.parametrize("path", ["/api/cases", "/board", "/metrics", "/api/events", "/docs", "/", "/cases/EX-1"])
def test_without_a_token_other_machines_see_nothing(opened: Opened, path: str) -> None:
    door = opened(host="0.0.0.0")

    answer = door.knocks(address="10.0.0.7", host="10.0.0.2:8080").get(path)

    assert answer.status_code == 403


def test_a_request_that_a_proxy_passed_on_is_not_from_this_machine(opened: Opened) -> None:
    door = opened()

    assert door.knocks(X_Forwarded_For="203.0.113.9").get("/api/cases").status_code == 403
    assert door.someone.get("/api/cases").status_code == 200


def test_the_public_address_is_not_this_machine_either(opened: Opened) -> None:
    door = opened(public_url="https://linecall.example.com")

    assert door.knocks(host="linecall.example.com").get("/api/cases").status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8080", "10.0.0.2", "[", ""])
def test_a_foreign_name_in_the_host_is_refused(opened: Opened, host: str) -> None:
    door = opened()

    answer = door.someone.get("/api/cases", headers={"Host": host})

    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST"])
def test_the_names_of_this_machine_are_known(opened: Opened, host: str) -> None:
    assert opened().someone.get("/api/cases", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:9999", "null", "http://localhost.evil.example", "http://["]
)
def test_a_foreign_page_changes_nothing(opened: Opened, origin: str) -> None:
    door = opened()

    answer = door.someone.post("/api/messages", json=SAYS, headers={"Origin": origin})

    assert (answer.status_code, answer.json()["error"]) == (403, "wrong_origin")
    door.settle()
    assert door.reads("maria.lopez") == []


def test_our_own_page_and_a_program_may_change_things(opened: Opened) -> None:
    door = opened()

    for headers in ({}, {"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}):
        assert door.someone.post("/api/messages", json=SAYS, headers=headers).status_code == 202


def test_with_a_token_everybody_else_is_asked_for_it(opened: Opened) -> None:
    door = opened(api_token=TOKEN)
    far = door.knocks(address="10.0.0.7", host="10.0.0.2:8080")

    assert far.get("/api/cases").status_code == 401
    assert door.someone.get("/api/cases").status_code == 401
    assert far.get("/api/cases", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    wrong = far.get("/api/cases", headers={"Authorization": f"Bearer {TOKEN}x"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "wrong_token")
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    assert TOKEN not in wrong.text


def test_a_wrong_token_is_refused_also_where_none_is_set(opened: Opened) -> None:
    answer = opened().someone.get("/api/cases", headers={"Authorization": "Bearer something"})

    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_probes_need_no_key_and_ask_by_any_name(opened: Opened, path: str) -> None:
    door = opened(api_token=TOKEN)

    assert door.knocks(address="10.0.0.7", host="linecall-1.pod").get(path).status_code in (200, 503)


def test_a_program_with_the_token_speaks_for_anybody(opened: Opened) -> None:
    door = opened(api_token=TOKEN, play=False)
    program = door.knocks(address="10.0.0.7", host="10.0.0.2", Authorization=f"Bearer {TOKEN}")

    assert program.post("/api/messages", json=SAYS).status_code == 202
    assert program.get("/api/conversations/maria.lopez").status_code == 200


def test_outside_the_play_mode_nobody_speaks_without_signing_in(opened: Opened) -> None:
    door = opened(play=False)

    refused = door.someone.post("/api/messages", json=SAYS)

    assert (refused.status_code, refused.json()["error"]) == (403, "not_you")
    assert "linecall sign-in maria.lopez" in refused.json()["message"]
    assert door.someone.get("/api/conversations/maria.lopez").status_code == 403
    assert door.someone.get("/chat").status_code == 403
    assert door.someone.get("/board").status_code == 200


def test_a_link_signs_in_one_person_and_nobody_else(opened: Opened) -> None:
    door = opened(play=False, public_url="https://linecall.example.com")
    phone = door.knocks(address="10.0.0.7", host="linecall.example.com")

    assert signs_in(door, phone, "maria.lopez") == 303

    cookie = next(iter(phone.cookies.jar))
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    assert phone.post("/api/messages", json=SAYS).status_code == 202
    assert phone.get("/api/conversations/maria.lopez").status_code == 200
    assert phone.get("/board").status_code == 200
    assert phone.post("/api/messages", json=SAYS | {"person": "gary.lindqvist"}).status_code == 403
    assert phone.get("/api/conversations/gary.lindqvist").status_code == 403
    assert phone.get("/chat/gary.lindqvist/messages?slot=1").status_code == 403
    page = phone.get("/chat?with=gary.lindqvist").text
    assert "María López" in page
    assert "Gary" not in page


def test_a_link_works_once(opened: Opened) -> None:
    door = opened(play=False)
    link = parse_qs(urlsplit(issue_link(door.app, "maria.lopez")).query)["token"][0]
    results = []

    def press() -> None:
        results.append(door.knocks().post("/sign-in", data={"link": link}).status_code)

    presses = [threading.Thread(target=press) for _ in range(4)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()

    assert sorted(results) == [303, 403, 403, 403]


def test_looking_at_a_link_does_not_use_it_up(opened: Opened) -> None:
    door = opened(play=False)
    link = parse_qs(urlsplit(issue_link(door.app, "maria.lopez")).query)["token"][0]

    for _ in range(3):
        assert door.someone.get("/sign-in", params={"token": link}).status_code == 200

    assert door.someone.post("/sign-in", data={"link": link}).status_code == 303


def test_a_link_is_good_for_ten_minutes(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    door = opened(play=False)
    link = parse_qs(urlsplit(issue_link(door.app, "maria.lopez")).query)["token"][0]
    later = time.time() + timedelta(minutes=11).total_seconds()

    monkeypatch.setattr(time, "time", lambda: later)

    assert door.someone.post("/sign-in", data={"link": link}).status_code == 403


@pytest.mark.parametrize("link", ["x", "", "..%2f..%2fweb.key", "WyJhIiwibWFyaWEubG9wZXoiXQ.aRr.x"])
def test_a_forged_link_signs_in_nobody(opened: Opened, link: str) -> None:
    door = opened(play=False)
    issue_link(door.app, "maria.lopez")

    assert door.someone.post("/sign-in", data={"link": link}).status_code in (401, 403)
    assert not door.someone.cookies


def test_a_session_survives_a_restart_and_not_its_persons_leaving(opened: Opened) -> None:
    door = opened(play=False)
    signs_in(door, door.someone, "maria.lopez")
    cookie = door.someone.cookies["linecall"]
    again = opened(play=False)
    phone = again.knocks(Cookie=f"linecall={cookie}")

    assert phone.get("/api/conversations/maria.lopez").status_code == 200
    del again.app.plant.person["maria.lopez"]  # type: ignore[attr-defined]
    assert phone.post("/api/messages", json=SAYS).status_code == 404
    assert phone.get("/chat").status_code == 403


def test_the_token_entered_once_opens_a_screen_until_the_token_is_changed(opened: Opened) -> None:
    door = opened(api_token=TOKEN, play=False)
    screen = door.knocks(address="10.0.0.7", host="10.0.0.2:8080")
    assert screen.post("/sign-in", data={"key": "wrong"}).status_code == 401
    assert screen.post("/sign-in", data={"key": TOKEN}).status_code == 303
    assert screen.get("/board").status_code == 200
    cookie = screen.cookies["linecall"]

    changed = opened(api_token=TOKEN + "-new", play=False)

    assert (
        changed.knocks(address="10.0.0.7", host="10.0.0.2", Cookie=f"linecall={cookie}").get("/board").status_code
        == 401
    )


def test_the_key_that_signs_is_readable_by_the_service_alone(opened: Opened, tmp_path: Path) -> None:
    door = opened()
    issue_link(door.app, "maria.lopez")

    assert stat.S_IMODE((tmp_path / "data" / "web.key").stat().st_mode) == 0o600


def test_somebody_whom_the_plant_does_not_know_gets_no_link(opened: Opened) -> None:
    with pytest.raises(KeyError):
        issue_link(opened().app, "nobody.here")


@pytest.mark.parametrize("path", ["/chat", "/board", "/api/cases", "/nowhere", "/static/linecall.css", "/health"])
def test_every_answer_tells_the_browser_to_trust_nothing_else(opened: Opened, path: str) -> None:
    headers = opened().someone.get(path, headers={"Accept": "text/html"}).headers

    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_reads_files_beside_the_static_ones(opened: Opened) -> None:
    door = opened()

    for path in ("/static/../web/server.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/static/"):
        assert door.someone.get(path).status_code == 404
