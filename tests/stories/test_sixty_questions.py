"""Questions in eight languages by people with different rights: what each wants, and the answer word for word."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot import desk
from bot.answers.wanted import Wanted
from bot.config import Config
from bot.rehearsal import Rehearsal
from tests.conftest import ROOT
from tests.stories.past_weeks import plant_with_guests, remember, the_cases
from workflow.metrics import metrics
from workflow.plant import production_day_span

QUESTIONS = [json.loads(line) for line in (ROOT / "tests/stories/questions.jsonl").read_text("utf-8").splitlines()]
WEDNESDAY_AT_TEN = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Riverside on a Wednesday at ten, with two weeks behind it; questions change nothing, so they share it."""
    data = tmp_path_factory.mktemp("floor")
    (data / "plant").mkdir()
    plant = plant_with_guests(data / "plant")
    rehearsal = Rehearsal(Config(plant=plant, data=data / "data", play=True), WEDNESDAY_AT_TEN)
    remember(rehearsal.app.database, the_cases())
    yield rehearsal
    rehearsal.close()


def as_json(wanted: Wanted, floor: Rehearsal) -> dict[str, Any]:
    """What is wanted, without what was not said; instants by the plant's own clock."""
    known = {name: getattr(wanted, name) for name in Wanted.__slots__ if name != "named"}
    return {
        name: floor.app.plant.local(value).isoformat()
        if isinstance(value, datetime)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in known.items()
        if value not in (None, False)
    }


def test_R57_there_are_ten_questions_and_more_in_each_of_eight_languages() -> None:
    assert Counter(q["lang"] for q in QUESTIONS) == {"en": 50, "es": 30, "pt": 29, "de": 29, "pl": 28, "hi": 28} | {
        "fr": 23,
        "hi-Deva": 24,
    }
    hurried = Counter(q["lang"] for q in QUESTIONS if q.get("hurried"))
    assert sum(hurried.values()) >= 40, "as a manager types between two meetings"
    assert min(hurried[lang] for lang in ("en", "es", "pt", "de", "pl", "hi")) >= 6
    assert len({q["asks"] for q in QUESTIONS}) >= 12


@pytest.mark.parametrize("question", QUESTIONS, ids=[f"{q['lang']}: {q['text']}" for q in QUESTIONS])
def test_R57_a_question_is_understood_and_answered(
    question: dict[str, Any], floor: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    understood: list[Wanted | None] = []
    really = desk.wanted
    monkeypatch.setattr(desk, "wanted", lambda *asked: understood.append(really(*asked)) or understood[-1])
    before = floor.cases()
    floor.hears(question["asks"])

    floor.says(question["asks"], question["text"])

    (answer,) = floor.hears(question["asks"])
    (wanted,) = understood
    assert wanted is not None
    assert as_json(wanted, floor) == question["wanted"]
    assert answer.splitlines() == question["answer"]
    assert floor.cases() == before, "a question changes nothing"


def test_R1_the_answers_agree_with_figures_counted_from_the_cases_themselves(floor: Rehearsal) -> None:
    floor.hears("stephanie.greer")
    floor.says("stephanie.greer", "first pass rate and resolution time last week")
    (answer,) = floor.hears("stephanie.greer")

    start = production_day_span(floor.app.plant, datetime(2026, 11, 9, tzinfo=UTC).date())[0]
    end = production_day_span(floor.app.plant, datetime(2026, 11, 16, tzinfo=UTC).date())[0]
    counted = metrics(the_cases(), floor.app.plant, start, end)
    assert f"{len(counted.cases)} exceptions" in answer
    assert (
        f"median {counted.resolution_min.median:.0f} min, 9 of 10 within {counted.resolution_min.p90:.0f} min" in answer
    )
    assert f"{counted.first_pass.value:.0%} of {counted.first_pass.n}" in answer


@pytest.mark.parametrize(
    "text",
    [
        "quem tem 2000 caixas sobrando?",
        "kto ma 2000 kartonow na zapas",
        "who has 6319-4A on hold",
        "filler 3 has 2015 bottles stuck in it and the line is down",
    ],
)
def test_R26_a_number_that_counts_something_is_no_exceptions_number(floor: Rehearsal, text: str) -> None:
    from bot.answers.wanted import asks_about_a_number

    assert not asks_about_a_number(text)
    assert asks_about_a_number("who has 2015 now"), "first or last it is one"


def test_R57_a_bare_number_is_a_line_only_where_nothing_is_counted_by_it(floor: Rehearsal) -> None:
    from bot.answers.wanted import _bare_line
    from bot.answers.words import folded

    plant = floor.app.plant
    assert _bare_line(folded("q paso anoche en la 3"), plant) == "L3"
    assert _bare_line(folded("na 3 wczoraj"), plant) == "L3"
    for text in ("na 3 zmianie", "auf 3 Paletten", "en la 30", "the last 3", "on 3 days"):
        assert _bare_line(folded(text), plant) is None, text


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("wagner.prado", "filler 3 jammed again, line is down, last stop was an hour ago"),
        ("maria.lopez", "se paró la llenadora 3 otra vez"),
        ("gary.lindqvist", "fixed, same causes as the last two stops"),
        ("juergen.weiss", "Filler 3 steht, Störung wie letzte Woche"),
    ],
)
def test_R14_a_report_that_speaks_of_stops_and_causes_is_never_taken_for_a_question(person: str, words: str) -> None:
    from bot.answers.words import folded, says

    assert not says("sure", folded(words)), f"{person} reports"


def test_R57_a_stop_that_was_only_seen_in_passing_is_said_as_such() -> None:
    from bot.facts import as_words
    from bot.wording import Voice
    from integrations.plant_folder import read_plant_folder

    folder = read_plant_folder(ROOT / "fixtures/plants/riverside")
    voice = Voice("en", folder.plant, folder.records, WEDNESDAY_AT_TEN)
    assert as_words({"down": {"minutes": 0.2, "n": 1}}, voice)["down"] == "1 stop, less than a minute in all"
    assert as_words({"down": {"minutes": 1.0, "n": 1}}, voice)["down"] == "1 min down in 1 stop"
    assert as_words({"down": {"minutes": 0.0, "n": 0}}, voice)["down"] == ""


def test_R57_causes_and_minutes_down_agree_on_the_same_stops(floor: Rehearsal) -> None:
    floor.hears("stephanie.greer")
    floor.says("stephanie.greer", "what was worst this week")
    floor.says("stephanie.greer", "minutes down by line this week")
    causes, minutes = floor.hears("stephanie.greer")
    assert "5 h 15 min down in 7 stops" in causes
    assert "5 h 15 min down in 7 stops" in minutes


@pytest.mark.parametrize("language", ["en", "es", "pt", "de", "pl", "hi", "fr", "hi-Deva"])
def test_R1_a_figure_has_one_name_in_chat_and_on_the_pages(language: str) -> None:
    from bot.wording import texts

    said = texts(language)
    for figure in ("resolution", "alignment", "posting_lag", "first_pass"):
        beside = [name for name, text in said.items() if f"${figure}" in text and f"${figure}_called" not in text]
        assert beside == [], f"{figure} stands there without its name"


def test_R57_an_operator_who_asks_about_all_lines_hears_of_his_own(floor: Rehearsal) -> None:
    floor.hears("dwayne.hicks")
    floor.says("dwayne.hicks", "minutes down by line this week")
    (answer,) = floor.hears("dwayne.hicks")
    assert "Line 1" in answer
    assert not any(f"Line {n}" in answer for n in (2, 3, 4)), answer


def test_R57_times_from_before_linecall_are_taken_in_and_compared_with(floor: Rehearsal, tmp_path: Path) -> None:
    from bot.answers.baseline import keep_baseline
    from bot.commands.baseline import read_baseline

    file = tmp_path / "before.csv"
    rows = [f"2026-03-0{n}T06:00,2026-03-0{n}T07:{n}0,L3,machine_breakdown" for n in range(1, 6)]
    file.write_text("reported,resolved,line,type\n" + "\n".join(rows), "utf-8")
    with floor.app.database.write() as tx:
        keep_baseline(tx, read_baseline(file, floor.app.plant), floor.clock.now())
    try:
        floor.hears("stephanie.greer")
        floor.says("stephanie.greer", "how do we compare with the time before Linecall this month?")
        (answer,) = floor.hears("stephanie.greer")
        assert "Before Linecall, reported to fixed: median 90 min, 9 of 10 within 106 min, from 5" in answer
    finally:
        with floor.app.database.write() as tx:
            keep_baseline(tx, [], floor.clock.now())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("when,resolved\n", "no column `reported`"),
        ("reported,resolved,who\n", "unknown column `who`"),
        ("reported,resolved\nyesterday,2026-03-01\n", "line 2, reported: write 2026-09-01T06:30"),
        ("reported,resolved\n2026-03-02,2026-03-01\n", "line 2: resolved is before reported"),
        ("reported,resolved,line\n2026-03-01,2026-03-02,L9\n", "line 2, line: this plant has L1"),
        ("reported,resolved\n", "no rows"),
    ],
)
def test_a_wrong_list_of_past_times_is_refused_with_its_line(
    floor: Rehearsal, tmp_path: Path, text: str, says: str
) -> None:
    from bot.commands.baseline import read_baseline
    from workflow.errors import Refused

    file = tmp_path / "before.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(Refused, match=says.replace("`", ".")):
        read_baseline(file, floor.app.plant)


@pytest.mark.parametrize(
    ("text", "says", "never"),
    [
        ("where is order 99999", "ERP knows no order 99999.", "Open:"),
        ("where is 99999?", "ERP knows no order 99999.", "Open:"),
        ("wo ist Auftrag 99999?", "ERP knows no order 99999.", "Open:"),
        ("what happened since yesterday", "Since Tue 17 Nov 06:00: 8 exceptions", "Tue 17 Nov:"),
        ("last ten stops of line 2", "Line 2, the last 1:", "material short"),
        ("summary of Monday", "Mon 16 Nov: 2 exceptions", "Since"),
        ("minutes down 11/12", "Thu 12 Nov: 35 min down in 1 stop", "Since"),
        ("what happened on Monday from 6 to 10?", "Mon 16 Nov 06:00 to 10:00: 1 exception", "Since"),
        ("first pass rate last year", "Wed 1 Jan 2025 to Wed 31 Dec 2025", "exceptions"),
        ("resolution time next week", "Which time do you mean? I did not understand “next week”.", "median"),
        ("resolution time of the night shift last week", "2 exceptions", "EX-2001"),
        ("minutes down by line night shift this week", "55 min down in 2 stops", "EX-2009"),
        ("compare night shift with day shift", "night: 2 (EX-2014, EX-2013)", "late:"),
        ("how many stops by line this week", "Line 1: 2 (EX-2016, EX-2010)", "Not taken"),
        ("compare this week with last week by line", "Line 1: 2 (EX-2016, EX-2010). Before: 1.", "Not taken"),
        ("how many stops did Gary fix", "I do not compare people.", "exceptions"),
        ("summary of Gary's stops yesterday", "Not taken into account: “Gary Lindqvist”", "quiet"),
        ("what is open older than 2 days", "Not taken into account: “older than 2 days”\nOpen: 3", "quiet"),
        ("what is open and waiting for parts", "Not taken into account: “waiting for parts”", "quiet"),
        ("open exceptions for customer Kroger", "Not taken into account: “for customer Kroger”", "quiet"),
        ("what is open on lot 6320-1A", "Open: 1\nEX-2016", "EX-2015"),
        ("what is open on lot 6319-4A", "Nothing on 6319-4A.", "EX-2015"),
        ("how many stops last week on lot 6319-4A", "Not taken into account: “6319-4A”", "quiet"),
        ("what does customer service have open?", "Open: 3", "Not taken"),
    ],
)
def test_R57_what_narrows_a_question_is_counted_or_named_and_never_dropped(
    floor: Rehearsal, text: str, says: str, never: str
) -> None:
    floor.hears("stephanie.greer")
    floor.says("stephanie.greer", text)
    (answer,) = floor.hears("stephanie.greer")
    assert says in answer, answer
    assert never not in answer, answer


@pytest.mark.parametrize(
    ("person", "text", "says"),
    [
        ("hector.salinas", "qué está abierto de más de 2 días", "No se tuvo en cuenta: “de más de 2 días”"),
        ("wagner.prado", "o que está aberto aguardando peças", "Não foi levado em conta: “aguardando peças”"),
        ("juergen.weiss", "was ist offen, älter als 2 Tage?", "Nicht berücksichtigt: „älter als 2 Tage“"),
        ("agnieszka.nowak", "co jest otwarte dłużej niż 2 dni?", "Nie wzięto pod uwagę: „dłużej niż 2 dni”"),
        ("ravi.sharma", "kya open hai 2 din se zyada", "Ye dhyan mein nahi liya: “se zyada”"),
    ],
)
def test_R57_what_is_not_taken_into_account_is_named_in_each_language(
    floor: Rehearsal, person: str, text: str, says: str
) -> None:
    floor.hears(person)
    floor.says(person, text)
    (answer,) = floor.hears(person)
    assert says in answer, answer
