"""Cases, postings and figures over the API, in the words of the contract."""

from __future__ import annotations

import re

import pytest

from tests.web.door import BREAKDOWN, OpenDoor
from workflow.errors import Away

CASE = {
    "number", "type", "status", "line", "assets", "work_orders", "items", "lots", "quantity", "occurred_at",
    "captured_at", "resolved_at", "posted_at", "line_stopped", "reporter", "inferred", "tasks", "postings", "log",
}  # fmt: skip
TASK = {
    "role", "owner", "asked_at", "acknowledged_at", "acknowledged_by", "promised_at", "done_at", "verified_at",
    "verified_by", "step", "next_step_at",
}  # fmt: skip
POSTING = {"key", "kind", "state", "receipt", "attempts", "error"}


def solved(door: OpenDoor) -> str:
    """A breakdown that was reported, taken and repaired; its number."""
    door.writes("maria.lopez", BREAKDOWN)
    door.writes("gary.lindqvist", "on my way")
    door.passes(minutes=20)
    door.writes("gary.lindqvist", "running again, cleared the jam, down 20 min")
    return door.cases()[0].number


def test_a_case_is_shown_with_its_tasks_postings_log_and_notices(door: OpenDoor) -> None:
    number = solved(door)
    door.passes(minutes=1)

    case = door.someone.get(f"/api/cases/{number}").json()

    assert set(case) >= CASE | {"notices"}
    assert case["status"] == "closed"
    assert case["line"] == "L3"
    assert set(case["tasks"][0]) >= TASK
    assert set(case["postings"][0]) >= POSTING
    assert {p["state"] for p in case["postings"]} <= {"posted", "manual"}
    assert set(case["log"][0]) >= {"at", "who", "what", "why"}
    assert {"maria.lopez", "gary.lindqvist"} <= {notice["to"] for notice in case["notices"]}


def test_cases_are_found_by_status_line_and_type(door: OpenDoor) -> None:
    number = solved(door)
    door.writes("luis.ortega", "seamer 2 is down, line stopped")

    def found(**wanted: str) -> list[str]:
        return [case["number"] for case in door.someone.get("/api/cases", params=wanted).json()]

    assert len(found()) == 2
    assert found(line="L3") == [number]
    assert found(status="open") == [n for n in found() if n != number]
    assert found(type="quality_hold") == []
    assert all(set(case) >= CASE for case in door.someone.get("/api/cases").json())


@pytest.mark.parametrize(
    ("path", "status", "hint"),
    [
        ("/api/cases/EX-999999", 404, "EX-"),
        ("/api/cases/EX-1%00", 400, "address"),
        ("/api/cases/%ff%fe", 404, "EX-"),
        ("/api/cases?status=opened", 422, "acknowledged"),
        ("/api/cases?type=fire", 422, "machine_breakdown"),
        ("/api/cases?line=L99", 422, "L3"),
        ("/api/postings?state=lost", 422, "waiting"),
        ("/api/metrics?from=yesterday", 422, "2026-11-17"),
        ("/api/metrics?from=2026-11-17&to=2026-11-16", 422, "before"),
        ("/api/conversations/nobody", 404, "plant.yaml"),
        ("/api/conversations/maria.lopez?after=x", 422, "after"),
        ("/api/priorities?line=L3", 404, ""),
        ("/signals", 404, ""),
    ],
)
def test_a_wrong_question_says_what_would_be_right(door: OpenDoor, path: str, status: int, hint: str) -> None:
    answer = door.someone.get(path)

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message"}
    assert hint in answer.json()["message"]


def test_a_wrong_method_names_the_right_one(door: OpenDoor) -> None:
    answer = door.someone.get("/api/messages")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_what_erp_has_not_taken_waits_visibly_and_can_be_booked_by_hand(door: OpenDoor) -> None:
    door.erp.away = True
    number = solved(door)
    owed = door.someone.get("/api/postings").json()
    key = next(p["key"] for p in owed if p["kind"] == "downtime")
    assert door.someone.get(f"/api/cases/{number}").json()["status"] == "resolved"

    nobody = door.someone.post(f"/api/postings/{key}/book", json={"receipt": "4900012"})
    booked = door.someone.post(f"/api/postings/{key}/book", json={"receipt": "4900012", "by": "denise.palmer"})

    assert nobody.status_code == 422
    assert booked.status_code == 200, booked.text
    assert (booked.json()["state"], booked.json()["receipt"]) == ("manual", "4900012")
    assert [p["key"] for p in door.someone.get("/api/postings?state=manual").json()] == [key]


def test_the_last_posting_booked_by_hand_closes_the_case(door: OpenDoor) -> None:
    door.erp.away = True
    number = solved(door)

    for posting in door.someone.get("/api/postings").json():
        if posting["state"] not in ("posted", "manual"):
            told = {"receipt": "by phone", "by": "denise.palmer"}
            assert door.someone.post(f"/api/postings/{posting['key']}/book", json=told).status_code == 200
    door.settle()

    assert door.someone.get(f"/api/cases/{number}").json()["status"] == "closed"


def test_a_posting_is_tried_again_on_request(door: OpenDoor) -> None:
    door.erp.away = True
    number = solved(door)
    door.passes(minutes=12)
    key = door.someone.get(f"/api/cases/{number}").json()["postings"][0]["key"]

    def state() -> str:
        return str(door.someone.get(f"/api/cases/{number}").json()["postings"][0]["state"])

    door.erp.away = False
    door.settle()
    assert state() == "waiting", "ERP has answered, and it would be minutes until that is looked at"
    answer = door.someone.post(f"/api/postings/{key}/retry", json={"by": "denise.palmer"})
    door.settle()

    assert answer.status_code == 200, answer.text
    assert state() == "posted"


@pytest.mark.parametrize("act", ["retry", "book"])
def test_a_posting_that_nobody_owes_is_not_found(door: OpenDoor, act: str) -> None:
    body = {"by": "denise.palmer"} | ({"receipt": "1"} if act == "book" else {})

    answer = door.someone.post(f"/api/postings/riverside/EX-1/0/downtime/1/{act}", json=body)

    assert (answer.status_code, answer.json()["error"]) == (404, "unknown_posting")


def test_the_four_figures_come_with_how_many_cases_stand_behind_them(door: OpenDoor) -> None:
    solved(door)
    door.passes(minutes=1)

    figures = door.someone.get("/api/metrics").json()

    assert set(figures) >= {
        "from", "to", "cases", "resolution_min", "alignment_min", "posting_lag_min", "first_pass_rate", "open",
        "by_type", "by_line", "by_shift",
    }  # fmt: skip
    assert figures["cases"] == 1
    assert figures["resolution_min"]["n"] == 1
    assert figures["first_pass_rate"].keys() >= {"value", "n"}
    assert figures["by_line"] == {"L3": 1}
    before = door.someone.get("/api/metrics", params={"from": "2026-11-01", "to": "2026-11-02T06:00-06:00"}).json()
    assert before["cases"] == 0


def test_the_service_is_alive_but_not_ready_while_nothing_moves_its_rows(
    door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door.app, "alive", lambda: False)
    assert door.someone.get("/health").status_code == 200

    ready = door.someone.get("/ready")

    assert ready.status_code == 503
    assert ready.json()["alive"] is False


def test_the_service_is_ready_when_every_round_runs_and_not_when_its_database_is_gone(
    door: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door.app, "alive", lambda: True)
    assert door.someone.get("/ready").json()["ready"] is True

    monkeypatch.setattr(door.app.database, "write", lambda: 1 / 0)
    ready = door.someone.get("/ready")

    assert (ready.status_code, ready.json()["database"]) == (503, False)
    assert door.someone.get("/health").status_code == 200


def test_without_erp_the_service_is_ready_and_degraded(door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    """People are still heard, told and chased; whoever balances load must not send them away for that."""

    def away() -> None:
        raise Away("connection refused")

    monkeypatch.setattr(door.app, "alive", lambda: True)
    monkeypatch.setattr(door.app.erp, "records", away)
    door.app.refresh_records()

    ready = door.someone.get("/ready")

    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert ready.json()["degraded"] == ["records: connection refused"]


def test_prometheus_reads_counts_and_no_names(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)

    text = door.someone.get("/metrics").text

    assert re.search(r"^linecall_exceptions_open 1\.0$", text, re.MULTILINE)
    assert re.search(r"^linecall_inbox_unhandled 0\.0$", text, re.MULTILINE)
    assert not any(word in text for word in ("maria", "L3", "filler", "EX-"))


def test_the_api_describes_itself_without_loading_anything_from_elsewhere(door: OpenDoor) -> None:
    described = door.someone.get("/openapi.json").json()
    page = door.someone.get("/docs").text

    paths = described["paths"]
    calls = [(verb, path, call) for path, verbs in paths.items() for verb, call in verbs.items()]
    assert [(verb, path) for verb, path, call in calls if not call.get("summary") or not call.get("description")] == []
    guarded = [call for _, path, call in calls if path.startswith("/api/")]
    assert len(guarded) > 10
    assert all(call["security"] == [{"token": []}] for call in guarded)
    refusal = {"$ref": "#/components/schemas/Refusal"}
    for call in guarded:
        assert {"401", "403", "422", "503"} <= call["responses"].keys()
        assert call["responses"]["422"]["content"]["application/json"]["schema"] == refusal
    nameless = [
        (path, part["name"])
        for _, path, call in calls
        for part in call.get("parameters", [])
        if part["in"] == "path" and f"{{{part['name']}" not in path
    ]
    assert nameless == []
    for path in ("/api/messages", "/api/cases/{number}", "/api/metrics", "/health", "/ready"):
        assert path in described["paths"]
        assert path in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


def test_every_call_says_of_what_kind_its_answer_is_what_each_part_of_a_question_means_and_what_it_refuses(
    door: OpenDoor,
) -> None:
    described = door.someone.get("/openapi.json").json()["paths"]
    calls = {(verb, path): call for path, verbs in described.items() for verb, call in verbs.items()}
    parts = [(path, part["name"]) for (_, path), call in calls.items() for part in call.get("parameters", [])
             if not part.get("description")]  # fmt: skip
    assert parts == []
    kinds = {path: list(call["responses"]["200"]["content"]) for (_, path), call in calls.items()
             if "200" in call["responses"] and call["responses"]["200"].get("content")}  # fmt: skip
    assert {path for (verb, path) in calls if verb == "get"} <= set(kinds)
    said = (("/api/export/cases.csv", "text/csv"), ("/figures/{kind}.png", "image/png"), ("/metrics", "text/plain"))
    for path, kind in said:
        assert kind in kinds[path]
        assert kind in door.someone.get(path.replace("{kind}", "causes")).headers["Content-Type"]
    assert kinds["/api/events"] == ["text/event-stream"]

    door.writes("maria.lopez", BREAKDOWN)
    asked = {
        ("get", "/api/conversations/{person}"): ("/api/conversations/nobody", None),
        ("get", "/api/cases/{number}"): ("/api/cases/EX-9", None),
        ("get", "/api/attachments/{number}"): ("/api/attachments/9", None),
        ("get", "/api/people/{person}/lines/{number}/picture.png"): (
            "/api/people/maria.lopez/lines/9/picture.png",
            None,
        ),
        ("post", "/api/messages"): ("/api/messages", {"person": "nobody", "text": "x"}),
        ("post", "/api/postings/{key}/retry"): ("/api/postings/a/b/retry", {"by": "denise.palmer"}),
        ("post", "/api/postings/{key}/book"): ("/api/postings/a/b/book", {"by": "denise.palmer", "receipt": "D"}),
        ("post", "/api/postings/{key}/approve"): ("/api/postings/a/b/approve", {"by": "denise.palmer", "yes": True}),
    }
    for call, (address, body) in asked.items():
        answer = door.someone.get(address) if body is None else door.someone.post(address, json=body)
        assert answer.status_code == 404, (call, answer.text)
        assert "404" in calls[call]["responses"], call
    long = door.someone.post("/api/messages", json={"person": "maria.lopez", "text": "x" * 5000})
    assert (long.status_code, "413" in calls["post", "/api/messages"]["responses"]) == (413, True)


def test_every_call_of_the_api_says_what_it_answers(door: OpenDoor) -> None:
    described = door.someone.get("/openapi.json").json()

    untyped, typed = [], []
    for path, verbs in described["paths"].items():
        for verb, call in verbs.items():
            for status, answer in call["responses"].items():
                schema = answer.get("content", {}).get("application/json", {}).get("schema")
                if not status.startswith("2") or schema is None:
                    continue  # a picture, a file, a stream
                named = schema.get("$ref") or schema.get("items", {}).get("$ref")
                (typed if named else untyped).append((verb, path))
    assert untyped == []
    assert len(typed) >= 11, "the calls that answer JSON"
    models = described["components"]["schemas"]
    assert models["CaseOf"]["properties"]["captured_at"]["anyOf"][0]["format"] == "date-time"
    assert models["WholeCase"]["additionalProperties"] is False


def test_postings_come_page_by_page(door: OpenDoor) -> None:
    solved(door)
    door.writes("maria.lopez", "capper 3 jammed, line is down")
    door.writes("gary.lindqvist", "on my way")
    door.passes(minutes=10)
    door.writes("gary.lindqvist", "running again, jam cleared, down 10 min, scrap 12 cs")
    every = [one["key"] for one in door.someone.get("/api/postings").json()]
    assert len(every) > 2, "several must be owed for pages to mean anything"

    pages, before = [], None
    while part := door.someone.get(
        "/api/postings", params={"limit": 1, **({"before": before} if before else {})}
    ).json():
        assert len(part) == 1
        before = part[0]["key"]
        pages.insert(0, before)

    assert pages == every
    assert door.someone.get("/api/postings?limit=0").status_code == 422
    assert door.someone.get("/api/postings?before=nobody/owes/this").json() == []
