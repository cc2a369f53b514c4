"""The page of the figures, its pictures and exports, and the queue of what ERP has not taken, through the door."""

from __future__ import annotations

import csv
import html
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO

import pytest

from bot.views import metrics_json
from bot.web import issue_link
from db import cases
from db.log import of_plant
from tests.stories.past_weeks import remember, the_cases
from tests.web.door import BREAKDOWN, OpenDoor, Visitor
from workflow.case import Change
from workflow.metrics import metrics

PNG = b"\x89PNG\r\n\x1a\n"


def signed_in(door: OpenDoor, person: str) -> Visitor:
    """This person at a browser of their own."""
    visitor = door.knocks()
    token = issue_link(door.app, person).partition("token=")[2]
    assert visitor.post("/sign-in", data={"link": token}).status_code == 303
    return visitor


@pytest.fixture
def weeks(door: OpenDoor) -> OpenDoor:
    """Riverside on a Wednesday at ten, with two weeks behind it."""
    door.clock.turn_to(datetime(2026, 11, 18, 16, 0, tzinfo=UTC))
    remember(door.app.database, the_cases())
    return door


def test_R57_the_page_shows_the_four_figures_with_how_many_stand_behind_each(weeks: OpenDoor) -> None:
    page = weeks.someone.get("/figures?period=this_month").text
    assert "Whole plant" in page
    assert "Line 3" in page
    assert "/cases/EX-2015" in page
    assert "Filler 3 · breakdown 275 min" in page, "the picture in words"


def in_words(cell: str) -> str:
    """What a piece of a page says."""
    return " ".join(re.sub(r"<[^>]+>", " ", cell).split())


def rows_of(page: str) -> list[list[str]]:
    """The rows of the only table of a page, each cell in words."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    return [[in_words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def cells_of(page: str) -> dict[str, list[str]]:
    """The rows of the figures by their names: each cell in words, and where it leads."""
    rows = re.findall(r'<tr role="row"><th scope="row"[^>]*>(.*?)</th>(.*?)</tr>', page, re.DOTALL)
    return {re.sub(r"<.*", "", name).strip(): list(map(in_words, cells.split("</td>"))) for name, cells in rows}


def lists_of(page: str) -> list[str]:
    """Every list that a page leads to."""
    return [html.unescape(path) for path in re.findall(r'href="(/cases\?[^"]+)"', page)]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("line", ["Whole plant", "Line 3", "Line 1", "Line 2", "Line 4"]),
        ("type", ["Whole plant", "breakdown", "material short", "quality hold"]),
        ("shift", ["Whole plant", "day", "night", "late"]),
        ("role", ["Whole plant", "maintenance", "materials", "quality"]),
    ],
)
def test_R57_the_figures_stand_side_by_side_by_every_cut_with_the_period_before(
    weeks: OpenDoor, by: str, names: list[str]
) -> None:
    page = weeks.someone.get(f"/figures?period=this_week&by={by}").text
    cells = cells_of(page)
    assert list(cells) == names
    n, resolution, _, _, passed = cells["Whole plant"][:5]
    assert n == "10 before 8"
    assert resolution == "32 min 9 of 10 within 52 min · from 6 before 40 min from 8 · better"
    assert passed == "86% from 7 before 75% from 8 · better"
    assert "The period before: 09 Nov 06:00 – 16 Nov 06:00" in page
    assert "only 3" in cells["Line 3"][1] if by == "line" else True, "small counts say so"


@pytest.mark.parametrize("asked", ["by=line", "by=type&line=L3", "by=shift&type=machine_breakdown", "by=role"])
def test_R57_every_number_of_the_page_leads_to_as_many_exceptions(weeks: OpenDoor, asked: str) -> None:
    for period in ("period=this_week", "from=2026-11-09&to=2026-11-12"):
        page = weeks.someone.get(f"/figures?{period}&{asked}").text
        linked = [
            (path[1], path[2], n[1] if (n := re.search(r'class="whole">from (?:only )?(\d+)<', cell)) else "")
            for cell in page.split("</td>")
            if (path := re.search(r'<td.*<a href="(/cases\?[^"]+)">([^<]+)</a><small>', cell, re.DOTALL))
        ]
        assert len(linked) > 6
        for path, value, n in linked:
            listed = weeks.someone.get(html.unescape(path)).text
            count = re.search(r'role="status">(\d+) exceptions?<', listed)
            assert count is not None
            assert count[1] == (n or value), path
        for kind in ("weeks", "heat"):
            for path in lists_of(weeks.someone.get(f"/figures/{kind}/values?{period}&{asked}").text):
                assert re.search(r'role="status">[1-9]\d* exceptions?<', weeks.someone.get(path).text), path


def test_R57_a_period_may_be_any_days_and_a_wrong_one_is_said(weeks: OpenDoor) -> None:
    page = weeks.someone.get("/figures?from=2026-11-16&to=2026-11-17").text
    cells = cells_of(page)
    assert cells["Whole plant"][0] == "6 before 0", "Saturday and Sunday before"
    rows = weeks.someone.get("/api/export/cases.csv?from=2026-11-16&to=2026-11-17").text.splitlines()
    assert len(rows) == 1 + 6
    for wrong in ("from=yesterday", "from=2026-11-17&to=2026-11-16", "from=2026-02-30"):
        assert weeks.someone.get(f"/figures?{wrong}").status_code == 422
    assert weeks.someone.get("/figures?by=person").status_code == 422, "people are not compared"


def test_R57_only_like_is_compared_with_the_time_before_linecall(weeks: OpenDoor) -> None:
    from bot.answers.baseline import keep_baseline

    assert "Before Linecall and now" not in weeks.someone.get("/figures?period=this_month").text
    hour = 60 * 60 * 1_000_000
    rows = [("L3", "machine_breakdown", hour + n * hour // 6) for n in range(5)]
    rows.append(("L2", "machine_breakdown", 2 * hour))
    with weeks.app.database.write() as tx:
        keep_baseline(tx, rows, weeks.clock.now())
    page = weeks.someone.get("/figures?period=this_month&by=line").text
    assert "Only lines and kinds that the times from before have: Line 2 · breakdown; Line 3 · breakdown." in page
    past = cells_of(page[page.index('id="past"') :])
    breakdowns = [c for c in the_cases() if c.type == "machine_breakdown" and c.line in ("L2", "L3") and c.closed_at]
    assert past["Whole plant"][1].split(" · ")[1] == f"from {len(breakdowns)}"
    assert past["Line 3"][0] == "80 min 9 of 10 within 96 min · from 5"
    assert past["Line 3"][1] == "33 min 9 of 10 within 44 min · from 7 · better"
    assert past["Line 2"][1] == "95 min 9 of 10 within 95 min · from only 1 · too few to say"
    (like,) = {path for path in lists_of(page) if "like=1" in path and "line=" not in path}
    assert f'role="status">{len(breakdowns)} exceptions<' in weeks.someone.get(like).text
    by_kind = weeks.someone.get("/figures?period=this_month&by=type&line=L3").text
    assert "breakdown" in cells_of(by_kind[by_kind.index('id="past"') :])


def test_R57_what_a_picture_shows_stands_under_it_in_numbers_too(weeks: OpenDoor) -> None:
    page = weeks.someone.get("/figures?period=this_month").text
    for kind in ("weeks", "heat"):
        assert f'hx-get="/figures/{kind}/values?period=this_month"' in page
    assert rows_of(weeks.someone.get("/figures/weeks/values?period=this_month").text) == [
        ["Week", "Median", "9 of 10 within"],
        ["9 Nov", "40 min from 8", "92 min"],
        ["16 Nov", "32 min from 6", "52 min"],
    ]
    assert rows_of(weeks.someone.get("/figures/heat/values?period=this_month").text) == [
        ["Line", "day", "late", "night"],
        ["Line 1", "60 min", "45 min", "0 min"],
        ["Line 2", "65 min", "30 min", "0 min"],
        ["Line 3", "290 min", "40 min", "65 min"],
        ["Line 4", "20 min", "0 min", "15 min"],
    ]


@pytest.mark.parametrize("kind", ["causes", "weeks", "heat"])
@pytest.mark.parametrize("dark", ["false", "true"])
def test_the_pictures_are_wide_enough_for_a_phone_and_never_fail(weeks: OpenDoor, kind: str, dark: str) -> None:
    for period in ("this_month", "this_shift"):
        drawn = weeks.someone.get(f"/figures/{kind}.png?period={period}&dark={dark}")
        assert drawn.status_code == 200
        assert drawn.content.startswith(PNG)
        assert struct.unpack(">II", drawn.content[16:24]) == (1080, 720)


def test_R57_an_answer_in_the_chat_shows_its_picture_to_whom_it_was_told(opened: Callable[..., OpenDoor]) -> None:
    weeks = opened(play=False)
    weeks.clock.turn_to(datetime(2026, 11, 18, 16, 0, tzinfo=UTC))
    remember(weeks.app.database, the_cases())
    stephanie, maria = signed_in(weeks, "stephanie.greer"), signed_in(weeks, "maria.lopez")
    asked = {"person": "stephanie.greer", "text": "minutes down by line this month"}
    assert stephanie.post("/api/messages", json=asked).status_code == 202
    weeks.settle()
    page = stephanie.get("/chat").text
    found = re.search(r'src="(/api/people/stephanie.greer/lines/(\d+)/picture.png)"', page)
    assert found is not None
    assert re.search(r'alt="[^"]*Line 3: 6 h 35 min down in 9 stops', page), "the picture in words"

    assert stephanie.get(found[1]).content.startswith(PNG)
    assert stephanie.get(found[1]).content != stephanie.get(f"{found[1]}?dark=true").content
    assert maria.get(found[1]).status_code == 404
    assert maria.get(f"/api/people/maria.lopez/lines/{found[2]}/picture.png").status_code == 404
    assert stephanie.get("/api/people/stephanie.greer/lines/999999/picture.png").status_code == 404


def test_R57_the_pages_shares_are_of_all_causes_as_in_the_chat(
    weeks: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot import pictures
    from bot.web import figures_page

    asked: list[tuple[float, float]] = []
    monkeypatch.setattr(figures_page, "MOST_CAUSES", 2)
    really = pictures.pareto

    def told(title: str, bars: list[pictures.Bar], unit: str, *, total: float = 0, dark: bool = False) -> bytes:
        asked.append((sum(bar.value for bar in bars), total))
        return really(title, bars, unit, total=total, dark=dark)

    monkeypatch.setattr(pictures, "pareto", told)
    assert weeks.someone.get("/figures/causes.png?period=this_month").status_code == 200
    ((shown, total),) = asked
    assert 0 < shown < total, "the shares of two causes are of all that stood"


def test_R1_the_api_counts_a_long_time_from_the_rows_and_as_the_cases_say(
    weeks: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, end = datetime(2026, 11, 9, tzinfo=UTC), weeks.clock.now()
    plainly = metrics_json(metrics(the_cases(), weeks.app.plant, start, end))

    def too_slow(*_: object, **__: object) -> None:
        raise AssertionError("a year of cases would be read one by one")

    monkeypatch.setattr(cases, "find", too_slow)
    asked = {"from": "2026-11-09T00:00:00+00:00", "to": end.isoformat()}
    assert weeks.someone.get("/api/metrics", params=asked).json() == plainly
    empty = weeks.someone.get("/api/metrics?from=2026-01-01&to=2026-01-02").json()
    assert (empty["cases"], empty["by_shift"], empty["first_pass_rate"]["value"]) == (0, {}, None)


def test_light_and_dark_are_two_pictures(weeks: OpenDoor) -> None:
    light, dark = (
        weeks.someone.get(f"/figures/heat.png?period=this_month&dark={d}").content for d in ("false", "true")
    )
    assert light != dark


def test_an_export_holds_every_exception_and_nothing_that_a_spreadsheet_would_calculate(weeks: OpenDoor) -> None:
    weeks.writes("maria.lopez", BREAKDOWN)
    weeks.writes("gary.lindqvist", "=HYPERLINK(1) fixed, jam cleared, 10 min")
    exported = weeks.someone.get("/api/export/cases.csv?period=this_month")
    rows = list(csv.DictReader(StringIO(exported.content.decode("utf-8-sig"))))
    assert {row["number"] for row in rows} >= {"EX-2001", "EX-2015"}
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "@", "-"))]
    sheet = weeks.someone.get("/api/export/cases.xlsx?period=this_month")
    inside = zipfile.ZipFile(BytesIO(sheet.content))
    assert b"<f>" not in inside.read("xl/worksheets/sheet1.xml")
    assert b"EX-2015" in inside.read("xl/worksheets/sheet1.xml")


def test_dates_of_a_spreadsheet_are_dates_by_the_plants_own_clock(weeks: OpenDoor) -> None:
    """One in summer, one in the hour that the end of summer time repeats, one of which nobody said when it began."""
    summer, twice = datetime(2026, 11, 1, 4, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    first = replace(next(the_cases()), number="EX-3001", captured_at=summer, occurred_at=None)
    remember(weeks.app.database, iter((first, replace(first, number="EX-3002", captured_at=twice))))
    sent = BytesIO(weeks.someone.get("/api/export/cases.xlsx?period=last_month").content)
    with zipfile.ZipFile(sent) as inside:
        sheet, styles = (inside.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
        notes = inside.read("xl/comments1.xml").decode()
    cells = dict(re.findall(r'<c r="(I[0-9]+)" s="([0-9]+)"><v>', sheet))
    shown = [float(n) for n in re.findall(r'<c r="I[0-9]+" s="1"><v>([0-9.]+)</v>', sheet)]
    zone = weeks.app.plant.zone
    first_day = datetime(1899, 12, 30, tzinfo=zone).replace(tzinfo=None)  # as a spreadsheet counts
    dates = [first_day + timedelta(seconds=round(day * 86400)) for day in shown]
    assert dates == [datetime(2026, 10, 31, 23, 30), datetime(2026, 11, 1, 1, 30)], "as the clock on the wall"  # noqa: DTZ001
    assert set(cells.values()) == {"1"}
    assert 'formatCode="yyyy-mm-dd hh:mm:ss"' in styles
    assert not re.search(r'<c r="H[0-9]+"[^>]*><v>', sheet.partition('r="EX-3001"')[2].partition("</row>")[0])
    assert notes.count(str(zone)) == 4, "each column of times says by whose clock"


def test_an_export_is_whole_however_many_there_are_and_in_their_order(
    weeks: OpenDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.web import exports

    monkeypatch.setattr(exports, "AT_ONCE", 4)
    monkeypatch.setattr(exports, "ROWS", 10)
    at = datetime(2026, 11, 15, 12, 0, tzinfo=UTC)
    several = [replace(next(the_cases()), number=f"EX-{n}", captured_at=at) for n in range(9_995, 10_005)]
    remember(weeks.app.database, iter(several))
    exported = weeks.someone.get("/api/export/cases.csv?period=this_month")
    numbers = [row["number"] for row in csv.DictReader(StringIO(exported.content.decode("utf-8-sig")))]
    known = sorted((*the_cases(), *several), key=lambda case: (case.captured_at, len(case.number), case.number))
    assert numbers == [case.number for case in known], "each once, oldest first, over seven pages"
    inside = zipfile.ZipFile(BytesIO(weeks.someone.get("/api/export/cases.xlsx?period=this_month").content))
    sheets = [inside.read(name).decode() for name in sorted(inside.namelist()) if "worksheets/sheet" in name]
    assert [len(re.findall("EX-[0-9]+", sheet)) for sheet in sheets] == [10, 10, 8]
    empty = weeks.someone.get("/api/export/cases.xlsx?period=this_shift")
    assert zipfile.ZipFile(BytesIO(empty.content)).testzip() is None


HOSTILE = 'first;=HYPERLINK(1);\t+1,@SUM(1)\n-2 ;"=1" | =3'


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_an_export_calculates_nothing_whatever_the_spreadsheet_takes_for_the_separator(
    weeks: OpenDoor, separator: str
) -> None:
    """A spreadsheet in Germany or Brazil opens a CSV at each `;`, whoever wrote it."""
    weeks.writes("maria.lopez", BREAKDOWN)
    with weeks.app.database.write() as tx:
        case = cases.open_cases(tx)[-1]
        cases.save(tx, Change(replace(case, resolution=HOSTILE)), weeks.clock.now())
    text = weeks.someone.get("/api/export/cases.csv?period=this_month").content.decode("utf-8-sig")
    assert "HYPERLINK" in text
    cells = [cell for row in csv.reader(StringIO(text, newline=""), delimiter=separator) for cell in row]
    lines = [line for cell in cells for line in cell.splitlines()]
    assert not [line for line in lines if line.lstrip(' \t"').startswith(("=", "+", "@", "-"))]
    if separator == ",":
        assert [row["line"] for row in csv.DictReader(StringIO(text)) if row["number"] == case.number] == ["L3"]


def test_R57_an_operator_sees_the_figures_of_his_own_line(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    door.clock.turn_to(datetime(2026, 11, 18, 16, 0, tzinfo=UTC))
    remember(door.app.database, the_cases())
    dwayne = signed_in(door, "dwayne.hicks")
    page = dwayne.get("/figures?period=this_month").text
    assert "Line 1" in page
    assert "Line 3" not in page
    rows = dwayne.get("/api/export/cases.csv?period=this_month").text.splitlines()
    assert all(',"L1",' in row for row in rows[1:])
    heat = rows_of(dwayne.get("/figures/heat/values?period=this_month").text)
    assert [row[0] for row in heat] == ["Line", "Line 1"]


def test_R61_every_export_stands_in_the_log_with_who_took_it(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    door.clock.turn_to(datetime(2026, 11, 18, 16, 0, tzinfo=UTC))
    remember(door.app.database, the_cases())
    stephanie = signed_in(door, "stephanie.greer")
    for kind in ("csv", "xlsx"):
        assert stephanie.get(f"/api/export/cases.{kind}?period=this_month").status_code == 200
    with door.app.database.read() as tx:
        taken = [one for one in of_plant(tx) if one.what == "exported"]
    assert [(one.who, one.facts["as"], one.facts["period"]) for one in taken] == [
        ("stephanie.greer", "csv", "this_month"),
        ("stephanie.greer", "xlsx", "this_month"),
    ]


def test_R2_a_refused_posting_is_tried_again_or_booked_by_hand_on_the_page(opened: Callable[..., OpenDoor]) -> None:
    door = opened(play=False)
    door.erp.away = True
    denise, luis = signed_in(door, "denise.palmer"), signed_in(door, "luis.ortega")
    door.app.receive(_said(door, "luis.ortega", "seamer on 2 jammed, line is down"))
    door.settle()
    door.app.receive(_said(door, "gary.lindqvist", "fixed, new roll, down 10 min"))
    door.settle()
    page = denise.get("/postings").text
    key = page.partition('name="key" value="')[2].partition('"')[0]
    assert key.startswith("riverside/EX-1001/")

    assert luis.post("/postings/retry", data={"key": key}).status_code == 403
    assert luis.post("/postings/book", data={"key": key, "receipt": "X"}).status_code == 403
    assert "name=" + '"receipt"' not in luis.get("/postings").text
    assert denise.post("/postings/retry", data={"key": key}).status_code == 303
    strange = denise.post(
        "/postings/book", data={"key": key, "receipt": "X"}, headers={"Origin": "https://evil.example"}
    )
    assert strange.status_code == 403, "a foreign page books nothing"
    assert denise.post("/postings/book", data={"key": key, "receipt": "DOC-77"}).status_code == 303
    door.settle()
    with door.app.database.read() as tx:
        from db import postings

        status = postings.get(tx, key)
    assert status is not None
    assert (status.state, status.receipt) == ("manual", "DOC-77")


def _said(door: OpenDoor, person: str, text: str):  # type: ignore[no-untyped-def]
    from workflow.messages import Inbound

    return Inbound("web", f"{person}-{text[:9]}", person, person, door.clock.now(), text)
