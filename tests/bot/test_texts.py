"""The texts of all languages beside each other: the same names, the same facts, the same parts that may vanish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.say import log_line
from bot.wording import Voice, fill, form, forms, placeholders, texts
from integrations.plant_folder.reading import read_plant_folder
from tests.bot.notices import ENTRIES
from tests.bot.test_say import HOSTILE, read
from tests.conftest import RIVERSIDE
from workflow.case import Entry

SPOKEN = ("de", "en", "es", "fr", "hi", "hi-Deva", "pl", "pt")
OTHERS = [language for language in SPOKEN if language != "en"]
NOW = datetime(2026, 11, 17, 20, 40, tzinfo=UTC)
FOLDER = read_plant_folder(RIVERSIDE)
ENGLISH = texts("en")


def voice(language: str) -> Voice:
    """How a reader of this language hears things."""
    return Voice(language, FOLDER.plant, FOLDER.records, NOW)


# what would be wrong with a text --------------------------------------------------------------------------------------


def always(text: str) -> set[str]:
    """What a text says in any case: the names outside `[[…]]`."""
    return placeholders(re.sub(r"\[\[.*?\]\]", "", text, flags=re.DOTALL))


def faults(language: str, said: Mapping[str, str], english: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the texts of a language, by their names."""
    wrong = dict.fromkeys(english.keys() - said.keys(), "has no text")
    wrong |= dict.fromkeys(said.keys() - english.keys(), "nobody asks for this text")
    for name in said.keys() & english.keys():
        if why := _fault(language, said[name], english[name]):
            wrong[name] = why
    return wrong


def _fault(language: str, text: str, english: str) -> str:
    if re.findall(r"\[\[|\]\]", text) != ["[[", "]]"] * text.count("[["):
        return "[[ and ]] do not stand in pairs"
    for part in re.findall(r"\[\[(.*?)\]\]", text, re.DOTALL):
        if not placeholders(part):
            return f"[[{part}]] has no name in it and never vanishes"
    if re.search(r"[\[\]]", re.sub(r"\[\[|\]\]", "", text)):
        return "a single bracket"
    if re.search(r"\$(?!\{?[a-z])", text):
        return "a $ without a name"
    if placeholders(text) != placeholders(english):
        return f"fills {sorted(placeholders(text))}, English {sorted(placeholders(english))}"
    if always(text) - always(english):
        return f"cannot do without {sorted(always(text) - always(english))}, English can"
    if not text and english:
        return "says nothing"
    if " | " in english and len(text.split(" | ")) != forms(language):
        return f"needs {forms(language)} forms"
    return ""


def test_these_are_the_languages_of_the_floor() -> None:
    assert sorted(wording.languages()) == list(SPOKEN)


@pytest.mark.parametrize("language", SPOKEN)
def test_every_text_is_there_once_complete_and_well_formed(language: str) -> None:
    assert faults(language, texts(language), ENGLISH) == {}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated(language: str) -> None:
    said = texts(language)
    same = {name for name, text in said.items() if text == ENGLISH[name] and re.search(r"[a-z]{4}", _bare(text))}
    # Words that the floor there uses as they are.
    borrowed = {"linecall", "page.chat"} | {
        name for name in same if name.startswith(("unit.", "length.", "page.unit."))
    }
    assert len(same - borrowed) < (70 if language == "hi" else 14), sorted(same - borrowed)


def _bare(text: str) -> str:
    return re.sub(r"\$\w+", "", text)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("taken", "$who hat $case[[, gegen $promised_at]."),
        ("taken", "$who hat $case, gegen $promised_at."),
        ("taken", "$who hat $case[[, gegen]] $promised_at."),
        ("taken", "$who hat $case."),
        ("taken", "$who hat $case[[, gegen $promised_at]][[, seit $since_at]]."),
        ("taken", "$who hat $case[[, gegen $promised]]."),
        ("taken", "$ who hat $case[[, gegen $promised_at]]."),
        ("taken", ""),
        ("page.wall.stopped", "Linie steht"),
        ("page.wall.stopped", "steht | stehen | stehen"),
        ("an.old.name", "das fragt niemand mehr"),
    ],
)
def test_a_mistake_in_a_text_is_found(name: str, broken: str) -> None:
    german = texts("de")
    assert faults("de", {**german, name: broken}, ENGLISH).keys() == {name}
    assert faults("de", {n: t for n, t in german.items() if n != "taken"}, ENGLISH).keys() == {"taken"}


# numbers, days and lengths of time ------------------------------------------------------------------------------------

BIG = {
    "de": "1.234.567,5",
    "en": "1,234,567.5",
    "es": "1,234,567.5",
    "fr": "1\u202f234\u202f567,5",
    "hi": "12,34,567.5",
    "hi-Deva": "12,34,567.5",
    "pl": "1\xa0234\xa0567,5",
    "pt": "1.234.567,5",
}


@pytest.mark.parametrize("language", SPOKEN)
def test_a_number_is_written_as_it_is_written_there(language: str) -> None:
    assert voice(language).number(1234567.5) == BIG[language]
    assert voice(language).number(600) == "600"


@pytest.mark.parametrize("language", SPOKEN)
@given(value=st.integers(0, 10**12), millionths=st.integers(0, 999_999))
def test_no_digit_of_a_number_is_lost(language: str, value: int, millionths: int) -> None:
    said = voice(language).number(value)
    assert re.sub(r"\D", "", said) == str(value)
    fraction = voice(language).number(millionths / 1_000_000).partition(texts(language)["number.decimal"])[2]
    assert fraction.ljust(6, "0") == f"{millionths:06}"


@pytest.mark.parametrize("language", SPOKEN)
def test_a_day_and_a_length_of_time_are_said_in_the_language(language: str) -> None:
    heard = voice(language)
    day, hours, minutes = heard.day(date(2026, 11, 8)), heard.minutes(134), heard.minutes(40)
    assert re.search(r"\b8\b", day)
    assert texts(language)["day.6"] in day
    assert texts(language)["month.11"] in day
    assert re.findall(r"\d+", hours) == ["2", "14"]
    assert re.findall(r"\d+", minutes) == ["40"]
    assert re.findall(r"\d+", heard.minutes(180)) == ["3"], "three hours and nothing"
    assert not re.search(r"  |\$|\[", " ".join((day, hours, minutes)))


def test_a_german_a_polish_and_a_hindi_reader_see_their_own_writing() -> None:
    assert voice("de").day(date(2026, 11, 18)) == "Mi 18. Nov"
    assert voice("pl").day(date(2026, 11, 18)) == "śr 18 lis"
    assert voice("hi-Deva").minutes(134) == "2 घंटे 14 मिनट"
    assert voice("de").percent(2 / 3) == "67\xa0%"
    assert voice("en").percent(2 / 3) == "67%"


# what stands after a number -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "linii stoi"), (1, "linia stoi"), (2, "linie stoją"), (4, "linie stoją"), (5, "linii stoi"),
        (11, "linii stoi"), (12, "linii stoi"), (14, "linii stoi"), (21, "linii stoi"), (22, "linie stoją"),
        (112, "linii stoi"), (124, "linie stoją"),
    ],
)  # fmt: skip
def test_a_polish_number_asks_for_its_own_form(n: int, said: str) -> None:
    assert voice("pl").count("page.wall.stopped", n) == said


def test_none_is_singular_in_french_hindi_and_portuguese_only() -> None:
    assert {language for language in SPOKEN if form(language, 0) == 0} == {"fr", "hi", "hi-Deva", "pt"}
    assert {form(language, 1) for language in SPOKEN} == {0}


# people's words stay between the quotation marks of every language ----------------------------------------------------


@pytest.mark.parametrize("language", SPOKEN)
@given(said=st.one_of(st.sampled_from([*HOSTILE, "zu“ EX-1", "fermé » EX-1", "„“”«»"]), st.text(max_size=80)))
def test_R17_nobody_closes_our_quotation_marks(language: str, said: str) -> None:
    opens, closes = fill(texts(language)["quoted"], {"said": "\x00"}).split("\x00")
    marks = {opens.strip(), closes.strip()}
    who, why, facts = ENTRIES["updated"]
    line = log_line(Entry(NOW, who, "updated", said, facts), language, FOLDER.plant)
    plain = log_line(Entry(NOW, who, "updated", why, facts), language, FOLDER.plant)
    if wording.quote(said):
        assert [c for c in line if c in marks] == [c for c in plain if c in marks]
        told = read("updated", {"case": "EX-1", "who": "gary.lindqvist", "said": said}, language=language).text
        assert sum(c in marks for c in told) == 2


def test_a_person_may_speak_french_or_write_hindi_in_its_own_letters() -> None:
    people = tuple(replace(p, language="hi-Deva") for p in FOLDER.plant.people)
    plant = replace(FOLDER.plant, people=people, languages=("fr",))
    assert wording.language_for("hi-Deva", plant) == "hi-Deva"
    assert wording.language_for("nl", plant) == "fr"
    assert wording.language_for("nl", replace(plant, languages=("nl",))) == "en"
