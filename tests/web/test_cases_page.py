"""Every number leads to its exceptions: the link under an answer, the page behind it, and the list in the chat."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.stories.past_weeks import remember, the_cases
from tests.web.door import OpenDoor, Visitor
from tests.web.test_figures_page import signed_in
from workflow.metrics import alignment_time, counts, first_pass, posting_lag, resolution_time

PUBLIC = "https://linecall.example"
BEGIN, NOW = datetime(2026, 11, 9, 12, 0, tzinfo=UTC), datetime(2026, 11, 18, 16, 0, tzinfo=UTC)


@pytest.fixture
def weeks(opened: Callable[..., OpenDoor]) -> OpenDoor:
    """Riverside on a Wednesday at ten, with two weeks behind it and an address that people's browsers reach."""
    door = opened(play=False, public_url=PUBLIC)
    door.clock.turn_to(NOW)
    remember(door.app.database, the_cases())
    return door


def asked(door: OpenDoor, person: str, text: str) -> str:
    """The answer to a question."""
    door.hears(person)
    door.says(person, text)
    return door.hears(person)[-1]


def behind(visitor: Visitor, address: str) -> tuple[int, list[str]]:
    """The number above a list, and every exception of it, however many pages it has."""
    found: list[str] = []
    said = -1
    while address:
        seen = visitor.get(address)
        assert seen.status_code == 200, seen.text
        count = re.search(r'role="status">(\d+) exceptions?<', seen.text)
        assert count is not None
        assert said in (-1, int(count[1]))
        said = int(count[1])
        found += re.findall(r'class="head"><a href="/cases/(EX-\d+)"', seen.text)
        further = re.search(r'rel="next" href="([^"]+)"', seen.text)
        address = html.unescape(further[1]) if further else ""
    return said, found


def link_in(answer: str) -> str:
    """The link of an answer, as a path of ours."""
    found = re.search(rf"Which ones: {PUBLIC}(/cases\?\S+)$", answer)
    assert found is not None, answer
    return found[1]


def ways(visitor: Visitor, address: str, label: str) -> dict[str, tuple[str, str]]:
    """What leads on from a list: name to number and address."""
    nav = re.search(rf'<nav class="periods" aria-label="{label}">(.*?)</nav>', visitor.get(address).text, re.DOTALL)
    assert nav is not None
    found = re.findall(r'<a href="([^"]+)"[^>]*><span>(.*?) <b>(.*?)</b>', nav[1])
    return {html.unescape(name): (n, html.unescape(path)) for path, name, n in found}


@pytest.mark.parametrize(
    ("person", "question", "n"),
    [
        ("stephanie.greer", "resolution time last week", 8),
        ("stephanie.greer", "how many breakdowns this week?", 7),
        ("stephanie.greer", "summary of yesterday", 4),
        ("stephanie.greer", "minutes down by line this week", 7),
        ("stephanie.greer", "which causes keep coming back on line 3 this month?", 9),
        ("stephanie.greer", "resolution time of the night shift last week", 2),
        ("stephanie.greer", "what is open right now?", 3),
        ("stephanie.greer", "anything open on line 3 that is late?", 1),
        ("denise.palmer", "what does Gary have open?", 1),
        ("stephanie.greer", "is our resolution time this week better than last week?", 10),
        ("dwayne.hicks", "how many exceptions this month?", 3),
    ],
)
def test_R57_the_link_under_an_answer_leads_to_as_many_exceptions_as_it_counted(
    weeks: OpenDoor, monkeypatch: pytest.MonkeyPatch, person: str, question: str, n: int
) -> None:
    from bot.web import cases_page

    monkeypatch.setattr(cases_page, "AT_ONCE", 4)
    answer = asked(weeks, person, question)
    counted = re.search(r"(\d+) (?:exception|stop)|(?:Open|Late on Line 3|Gary has open): (\d+)", answer)
    assert counted is not None, answer
    said, found = behind(signed_in(weeks, person), link_in(answer))
    assert (int(counted[1] or counted[2]), said, len(found), len(set(found))) == (n, n, n, n), answer


def test_R1_each_figure_has_its_own_list_and_it_is_the_one_that_was_counted(weeks: OpenDoor) -> None:
    stephanie = signed_in(weeks, "stephanie.greer")
    address = link_in(asked(weeks, "stephanie.greer", "resolution time this month"))
    mine = [case for case in the_cases() if counts(case)]
    solved = [case for case in mine if case.resolved_at is not None]
    plainly = {
        "Reported then": mine,
        "Resolution time": [c for c in mine if resolution_time(c) is not None],
        "Alignment time": [c for c in mine if alignment_time(c) is not None],
        "ERP posting lag": [c for c in mine if posting_lag(c) is not None],
        "Solved": solved,
        "Solved at the first go": [c for c in solved if first_pass(c)],
        "Not at the first go": [c for c in solved if not first_pass(c)],
        "Still open of these": [c for c in mine if c.is_open],
    }
    tabs = ways(stephanie, address, "Which")
    for name, cases in plainly.items():
        n, path = tabs[name]
        said, found = behind(stephanie, path)
        assert (n, said) == (str(len(cases)), len(cases)), name
        assert found == [case.number for case in cases][::-1], f"{name}: the latest first"


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("resolution time this month by line", "Line 3"),
        ("resolution time this month by type", "breakdown"),
        ("resolution time this month by shift", "night"),
        ("resolution time this month by function", "materials"),
        ("minutes down by line this month", "Line 4"),
        ("what was worst this month", "Labeller 1 · breakdown"),
    ],
)
def test_R57_what_stands_side_by_side_in_an_answer_has_a_list_each(weeks: OpenDoor, question: str, label: str) -> None:
    stephanie = signed_in(weeks, "stephanie.greer")
    answer = asked(weeks, "stephanie.greer", question)
    side = ways(stephanie, link_in(answer), "Side by side")
    rows = dict(
        re.findall(r"^(?:\d+% )?(.+?): (?:.* in )?(\d+)(?: stops?|×| \()", answer.partition("\n")[2], re.MULTILINE)
    )
    assert {name: n for name, (n, _) in side.items() if name in rows} == rows
    assert label in rows
    for name, (n, path) in side.items():
        said, found = behind(stephanie, path)
        assert (int(n), len(found)) == (said, said), name


def test_R57_what_it_is_compared_with_has_its_list_too(weeks: OpenDoor) -> None:
    stephanie = signed_in(weeks, "stephanie.greer")
    answer = asked(weeks, "stephanie.greer", "is our resolution time this week better than last week?")
    page = stephanie.get(link_in(answer)).text
    then = re.search(r'Before: <a href="([^"]+)">8 exceptions</a>', page)
    assert then is not None
    assert behind(stephanie, html.unescape(then[1])) == (8, [f"EX-{n}" for n in range(2008, 2000, -1)])


def test_R57_a_list_shows_an_operator_his_own_lines_alone(weeks: OpenDoor) -> None:
    address = link_in(asked(weeks, "stephanie.greer", "how many exceptions this month?"))
    dwayne = signed_in(weeks, "dwayne.hicks")
    said, found = behind(dwayne, address)
    assert (said, found) == (3, ["EX-2016", "EX-2010", "EX-2003"])
    assert behind(dwayne, f"{address}&line=L3") == (0, [])
    assert "Gary Lindqvist" not in dwayne.get(address).text, "who has what is for whoever sees the plant"
    assert weeks.knocks(address="10.0.0.9").get(address).status_code == 403, "a link alone opens nothing"


def test_R57_the_form_of_the_list_narrows_it_down(weeks: OpenDoor) -> None:
    stephanie = signed_in(weeks, "stephanie.greer")
    for asked_for, expected in {
        "period=last_week": 8,
        "period=last_week&line=L3&type=machine_breakdown": 4,
        "period=last_week&shift=night": 2,
        "period=this_month&role=materials": 3,
        "period=this_month&asset=L3-FIL": 6,
        "period=this_month&asset=L3-FIL&show=stops": 6,
        "period=this_month&owner=gary.lindqvist": 1,
        "period=this_month&late=1": 1,
        "show=open&late=1": 1,
        "show=owed": 0,
        "from=2026-11-16&to=2026-11-16": 2,
        "from=2026-11-16": 10,
        "line=-": 0,
        "line=nonsense": 0,
        "period=today&show=older": 0,
    }.items():
        said, found = behind(stephanie, f"/cases?{asked_for}")
        assert (said, len(found)) == (expected, expected), asked_for
    assert stephanie.get("/cases?since=yesterday").status_code == 422
    assert stephanie.get("/cases?since=2026-11-16T06:00").status_code == 422, "an instant of a link has its zone"
    assert stephanie.get("/cases?from=2026-13-40").status_code == 422


def test_R57_where_no_page_can_be_reached_the_word_list_shows_them_ten_at_a_time(
    opened: Callable[..., OpenDoor],
) -> None:
    door = opened()
    door.clock.turn_to(NOW)
    remember(door.app.database, the_cases())
    answer = asked(door, "stephanie.greer", "minutes down by line this month")
    assert answer.endswith("Write “list” to see which ones.")

    first = asked(door, "stephanie.greer", "list")
    assert first.startswith("14 exceptions, 1 to 10:\n")
    assert first.endswith("Write “list” again for the next ones.")
    second = asked(door, "stephanie.greer", "List")
    assert second.startswith("14 exceptions, 11 to 14:\n")
    numbers = re.findall(r"^EX-\d+", f"{first}\n{second}", re.MULTILINE)
    assert len(numbers) == len(set(numbers)) == 14
    assert asked(door, "stephanie.greer", "list") == first, "after the last the first come again"

    assert asked(door, "gary.lindqvist", "/list").startswith("A list of what?"), "nobody reads another's answers on"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("es", "cuántos paros este mes por línea"),
        ("pt", "quantas paradas este mês por linha"),
        ("de", "Lösungszeit diesen Monat nach Linie"),
        ("pl", "czas rozwiązania w tym miesiącu według linii"),
        ("hi", "is mahine resolution time line ke hisaab se"),
        ("fr", "temps de résolution ce mois par ligne"),
        ("hi-Deva", "इस महीने रिजॉल्यूशन टाइम लाइन के हिसाब से"),
    ],
)
def test_R57_the_word_that_an_answer_names_lists_them_in_each_language(
    opened: Callable[..., OpenDoor], tmp_path: object, language: str, question: str
) -> None:
    from pathlib import Path

    from tests.speaking import riverside_speaking

    folder = riverside_speaking(Path(str(tmp_path)) / "plant", {"stephanie.greer": language})
    door = opened(plant=folder)
    door.clock.turn_to(NOW)
    remember(door.app.database, the_cases())
    answer = asked(door, "stephanie.greer", question)
    word = re.findall(r"[“„«]\s*([^“”„»]+?)\s*[”“»]", answer.splitlines()[-1])
    assert len(word) == 1, answer
    listed = asked(door, "stephanie.greer", word[0])
    assert len(re.findall(r"^EX-\d+", listed, re.MULTILINE)) == 10, listed


def test_lista_is_ready_in_spanish_and_lists_nothing() -> None:
    from bot.slash import command

    assert command("lista") is None
    assert command("Ver lista!") == "list"


def test_R57_the_api_lists_what_the_page_lists_page_by_page(opened: Callable[..., OpenDoor]) -> None:
    door = opened()
    door.clock.turn_to(NOW)
    remember(door.app.database, the_cases())
    someone = door.knocks()
    for asked_for in (
        "period=this_month&show=stops", "period=last_week&show=resolution&line=L3", "period=this_month&shift=night",
        "period=this_month&role=materials", "show=open&late=true", "show=open&owner=gary.lindqvist",
        "period=this_month&show=failed&asset=L3-CAP", "from=2026-11-16&show=still_open",
    ):  # fmt: skip
        address, numbers = f"/api/cases?{asked_for}&limit=2", []
        while address:
            answer = someone.get(address)
            assert answer.status_code == 200, answer.text
            numbers += [case["number"] for case in answer.json()]
            address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
        on_page = asked_for.replace("late=true", "late=1")
        said, found = behind(someone, f"/cases?{on_page}")
        assert (int(answer.headers["X-Total-Count"]), numbers) == (said, found), asked_for
        assert numbers, asked_for


def test_the_api_gives_every_exception_of_a_period_page_by_page(opened: Callable[..., OpenDoor]) -> None:
    door = opened()
    door.clock.turn_to(NOW)
    remember(door.app.database, the_cases())
    someone = door.knocks()
    seen: list[str] = []
    address = "/api/cases?from=2026-11-09&to=2026-11-16T06:00&limit=3"
    while address:
        answer = someone.get(address)
        seen += [case["number"] for case in answer.json()]
        address = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == [f"EX-{n}" for n in range(2008, 2000, -1)]
    assert [c["number"] for c in someone.get("/api/cases?asset=L3-PAL").json()] == ["EX-2017"]
    for wrong in ("show=everything", "show=open&status=open", "page=0", "from=monday", "from=2026-11-10&to=2026-11-09"):
        assert someone.get(f"/api/cases?{wrong}").status_code == 422, wrong
    described = someone.get("/openapi.json").json()["paths"]["/api/cases"]["get"]["parameters"]
    assert {one["name"] for one in described} == {
        "status", "line", "type", "asset", "period", "from", "to", "limit", "page",
        "show", "shift", "role", "owner", "late",
    }  # fmt: skip
