"""What the pages say without a browser: nothing runs that was written by people, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from tests.web.door import BREAKDOWN, OpenDoor

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> filler on 3 jammed \"'`{{7*7}} line is down"


class Seen(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(door: OpenDoor) -> dict[str, str]:
    """Every page and fragment of a plant where something hostile was written."""
    door.writes("maria.lopez", HOSTILE)
    number = door.cases()[0].number
    paths = [
        "/chat", "/chat?with=maria.lopez&with=gary.lindqvist&with=%3Cscript%3E", "/chat/maria.lopez/messages?slot=1",
        "/chat/column?slot=3&person=gary.lindqvist", "/board", "/board/now", f"/cases/{number}", f"/cases/{number}/now",
        "/docs", "/sign-in", "/sign-in?token=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/nowhere%3Cscript%3E",
        "/cases/%3Cscript%3E",
    ]  # fmt: skip
    return {path: door.someone.get(path, headers={"Accept": "text/html"}).text for path in paths}


def test_what_people_write_is_text_and_never_runs(door: OpenDoor) -> None:
    for path, html in pages(door).items():
        seen = Seen(html)
        for tag, attributes in seen.tags:
            assert tag != "script" or (attributes.get("src") or "").startswith("/static/"), path
            assert tag != "img" or attributes["src"] != "x", path
            assert not any(name.startswith("on") for name in attributes), path
            assert "style" not in attributes, f"{path}: the policy forbids inline style"
            for name in ("src", "href", "action"):
                assert (attributes.get(name) or "/").startswith(("/", "#")), f"{path}: {attributes[name]}"
        assert "49" not in seen.text.replace("{{7*7}}", ""), path


def test_what_was_written_is_shown_as_it_was_written(door: OpenDoor) -> None:
    shown = Seen(pages(door)["/chat/maria.lopez/messages?slot=1"]).text

    assert HOSTILE in shown


def test_every_exception_that_an_answer_names_is_a_link_to_it(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    door.writes("stephanie.greer", "what is open right now?")
    number = door.cases()[0].number

    answer = door.someone.get("/chat/stephanie.greer/messages?slot=1").text

    assert f'href="/cases/{number}">{number}</a>' in answer


def test_the_board_says_who_has_it_and_who_has_not(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    alone = Seen(door.someone.get("/board/now").text).text
    door.writes("gary.lindqvist", "on my way, 10 min")
    taken = Seen(door.someone.get("/board/now").text).text

    assert re.search(r"1\s+open", alone)
    assert re.search(r"1\s+line\s+stopped", alone)
    assert re.search(r"1\s+with nobody yet", alone)
    assert "Gary Lindqvist" in taken
    assert re.search(r"0\s+with nobody yet", taken)


def test_the_board_keeps_a_line_together_and_the_most_urgent_line_is_first(door: OpenDoor) -> None:
    def rows() -> list[str]:
        return re.findall(r'id="(of-L\d|row-EX-\d+)"', door.someone.get("/board/now").text)

    door.writes("maria.lopez", BREAKDOWN)
    door.writes("luis.ortega", "seamer 2 is down, line stopped")
    door.writes("maria.lopez", "need labels on line 3")
    assert rows() == ["of-L3", "row-EX-1001", "row-EX-1003", "of-L2", "row-EX-1002"]

    door.writes("luis.ortega", "someone got hurt at the seamer on line 2")
    assert rows()[:3] == ["of-L2", "row-EX-1004", "row-EX-1002"]


def test_a_screen_at_a_line_shows_that_line_alone(door: OpenDoor) -> None:
    door.erp.away = True
    door.writes("maria.lopez", BREAKDOWN)
    door.writes("luis.ortega", "seamer 2 is down, line stopped")
    door.writes("gary.lindqvist", "EX-1002 fixed, new roll, down 10 min")
    door.passes(minutes=3)
    assert set(re.findall(r"EX-\d+", door.someone.get("/board/now").text)) == {"EX-1001", "EX-1002"}

    assert door.someone.get("/?line=L3").headers["Location"] == "/board?line=L3"
    screen = door.someone.get("/board?line=l3").text
    assert 'hx-get="/board/now?line=L3"' in screen, "it stays at its line when it is refreshed"
    for page in (screen, door.someone.get("/board/now?line=L3").text):
        assert set(re.findall(r"EX-\d+", page)) == {"EX-1001"}
        assert "ERP has everything" in page, "of this line"
    other = door.someone.get("/board/now?line=L2").text
    assert set(re.findall(r"EX-\d+", other)) == {"EX-1002"}
    assert "not in ERP yet" in other
    door.erp.away = False
    door.passes(minutes=30)
    assert "closed-EX-1002" in door.someone.get("/board/now?line=L2").text
    assert "closed-EX-1002" not in door.someone.get("/board/now?line=L3").text


def test_a_board_of_a_line_that_the_plant_does_not_have_is_refused_with_those_that_it_has(door: OpenDoor) -> None:
    for path in ("/board?line=L9", "/board/now?line=%3Cscript%3E"):
        refused = door.someone.get(path, headers={"Accept": "text/html"})
        assert refused.status_code == 404
        assert "L1, L2, L3, L4" in refused.text
        assert "<script>" not in refused.text


def test_the_board_shows_what_is_late(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    door.passes(minutes=12)

    late = door.someone.get("/board/now").text

    assert re.search(r"count late\">", late)
    assert "▲" in late


def test_the_board_shows_what_erp_has_not_taken(door: OpenDoor) -> None:
    door.erp.away = True
    door.writes("maria.lopez", BREAKDOWN)
    door.writes("gary.lindqvist", "running again, cleared the jam, down 5 min")
    door.passes(minutes=3)
    away = Seen(door.someone.get("/board/now").text).text
    door.erp.away = False
    door.passes(minutes=30)
    back = Seen(door.someone.get("/board/now").text).text

    assert "not in ERP yet" in away
    assert "ERP has everything" in back
    assert door.cases()[0].number in back, "it is among the last closed"


def test_a_case_tells_why_each_function_was_asked(door: OpenDoor) -> None:
    door.writes("maria.lopez", BREAKDOWN)
    case = door.cases()[0]

    page = Seen(door.someone.get(f"/cases/{case.number.lower()}").text).text

    assert BREAKDOWN in page
    assert page.count("Why?") == len(case.tasks)
    assert case.tasks[0].why.split(": ")[-1] in page


def test_the_first_columns_are_people_who_are_at_work(door: OpenDoor) -> None:
    page = door.someone.get("/chat").text

    shown = re.findall(r'class="column" id="column-\d+" data-person="([a-z.]+)"', page)
    roles = [door.app.plant.person[person].roles[0] for person in shown]
    assert roles == ["operator", "maintenance", "quality", "supervisor", "manager"]
    assert all("late" not in door.app.plant.person[p].shifts for p in shown), "it is morning"


def test_people_are_chosen_by_function_and_those_at_work_come_first(door: OpenDoor) -> None:
    page = door.someone.get("/chat").text

    operators = page.split('<optgroup label="')[1].split("</optgroup>")[0]
    at_work = ["on shift now" in option for option in operators.split("<option")[1:]]
    assert at_work == sorted(at_work, reverse=True)
    assert any(at_work)


def test_a_visitor_finds_real_messages_to_try_until_they_have_written(door: OpenDoor) -> None:
    before = door.someone.get("/chat?with=dwayne.hicks").text
    door.writes("dwayne.hicks", "thanks")
    after = door.someone.get("/chat?with=dwayne.hicks").text

    assert 'class="try"' in before
    assert 'class="try"' not in after


@pytest.mark.parametrize("path", ["/chat", "/board"])
def test_a_page_that_does_not_exist_leads_back(door: OpenDoor, path: str) -> None:
    missing = door.someone.get("/bord", headers={"Accept": "text/html"})

    assert missing.status_code == 404
    assert f'href="{path}"' in missing.text


def test_the_front_door_leads_to_the_chat_where_one_may_speak(door: OpenDoor) -> None:
    assert door.someone.get("/").headers["Location"] == "/chat"


def test_static_files_are_kept_by_browsers_for_ever(door: OpenDoor) -> None:
    page = door.someone.get("/board").text

    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        kept = door.someone.get(address)
        assert kept.status_code == 200
        assert "immutable" in kept.headers["Cache-Control"]
    assert "script" in page
