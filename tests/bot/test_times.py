"""Every word of time in every language means one stretch of the plant's time, or is handed back as not understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.answers.mentions import month_first
from bot.answers.times import Time, time_said
from integrations.plant_folder import read_plant_folder
from tests.conftest import RIVERSIDE
from workflow.plant import Plant

PLANT = read_plant_folder(RIVERSIDE).plant
NOW = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)  # Wednesday at ten
# What is meant, and how it is said in en, es, pt, de, pl, hi, fr and hi-Deva; "-": until now.
SAID = {
    "16 Nov 06:00, 17 Nov 06:00": (
        "on Monday", "el lunes", "na segunda-feira", "am Montag", "w poniedziałek", "somvar ko", "lundi", "सोमवार को",
    ),
    "13 Nov 06:00, 14 Nov 06:00": (
        "last Friday", "el viernes pasado", "na última sexta-feira", "letzten Freitag", "w zeszły piątek",
        "pichle shukravar", "vendredi dernier", "पिछले शुक्रवार",
    ),
    "12 Nov 06:00, 13 Nov 06:00": (
        "on 12 November", "el 12 de noviembre", "em 12 de novembro", "am 12. November", "12 listopada",
        "12 November ko", "le 12 novembre", "12 नवंबर को",
    ),
    "1 Oct 06:00, 1 Nov 06:00": (
        "in October", "en octubre", "em outubro", "im Oktober", "w październiku", "October mein", "en octobre",
        "अक्टूबर में",
    ),
    "18 Nov 04:00, -": (
        "in the last 6 hours", "en las últimas 6 horas", "nas últimas 6 horas", "in den letzten 6 Stunden",
        "w ostatnich 6 godzin", "pichle 6 ghante mein", "ces 6 dernières heures", "पिछले 6 घंटों में",
    ),
    "16 Nov 06:00, -": (
        "in the last three days", "en los últimos tres días", "nos últimos três dias", "in den letzten drei Tagen",
        "w ostatnich trzy dni", "pichle teen din mein", "les trois derniers jours", "पिछले तीन दिन में",
    ),
    "5 Nov 06:00, -": (
        "the last 2 weeks", "las últimas 2 semanas", "as últimas 2 semanas", "die letzten 2 Wochen",
        "ostatnie 2 tygodnie", "pichle 2 hafte", "les 2 dernières semaines", "पिछले 2 हफ्ते",
    ),
    "19 Aug 06:00, -": (
        "the last 3 months", "los últimos 3 meses", "os últimos 3 meses", "die letzten 3 Monate", "ostatnie 3 miesiące",
        "pichle 3 mahine", "les 3 derniers mois", "पिछले 3 महीने",
    ),
    "1 Oct 06:00, - (quarter)": (
        "this quarter", "este trimestre", "neste trimestre", "dieses Quartal", "w tym kwartale", "is timahi",
        "ce trimestre", "इस तिमाही",
    ),
    "1 Jul 06:00, 1 Oct 06:00": (
        "last quarter", "el trimestre pasado", "no trimestre passado", "letztes Quartal", "w zeszłym kwartale",
        "pichli timahi", "le trimestre dernier", "पिछली तिमाही",
    ),
    "1 Jan 06:00 2025, 1 Jan 06:00": (
        "last year", "el año pasado", "no ano passado", "letztes Jahr", "w zeszłym roku", "pichle saal",
        "l'année dernière", "पिछले साल",
    ),
    "16 Nov 06:00, 17 Nov 06:00 (before yesterday)": (
        "the day before yesterday", "anteayer", "anteontem", "vorgestern", "przedwczoraj", "parson", "avant-hier",
        "परसों",
    ),
    "16 Nov 06:00, 17 Nov 06:00 (ago)": (
        "2 days ago", "hace 2 días", "há 2 dias", "vor 2 Tagen", "2 dni temu", "2 din pehle", "il y a 2 jours",
        "2 दिन पहले",
    ),
    "17 Nov 06:00, -": (
        "since yesterday", "desde ayer", "desde ontem", "seit gestern", "od wczoraj", "kal se", "depuis hier",
        "कल से",
    ),
    "16 Nov 06:00, 18 Nov 06:00": (
        "Monday to Tuesday", "de lunes a martes", "de segunda-feira a terça", "Montag bis Dienstag",
        "od poniedziałku do wtorku", "somvar se mangalvar tak", "de lundi à mardi", "सोमवार से मंगलवार",
    ),
    "9 Nov 06:00, 16 Nov 06:00": (
        "last week", "la semana pasada", "na semana passada", "letzte Woche", "w zeszłym tygodniu", "pichle hafte",
        "la semaine dernière", "पिछले हफ्ते",
    ),
    "14 Nov 06:00, 16 Nov 06:00": (
        "on the weekend", "el fin de semana", "no fim de semana", "am Wochenende", "w weekend", "weekend par",
        "le week-end", "वीकेंड पर",
    ),
}  # fmt: skip
LANGUAGES = ("en", "es", "pt", "de", "pl", "hi", "fr", "hi-Deva")
ASKED = [(language, means, said[i]) for means, said in SAID.items() for i, language in enumerate(LANGUAGES)]


def instant(time: datetime | None, plant: Plant = PLANT) -> str:
    """An instant by the plant's clock, with the year where it is another."""
    if time is None:
        return "-"
    local = plant.local(time)
    return f"{local.day} {local:%b %H:%M}" + (f" {local.year}" if local.year != NOW.year else "")


def told(time: Time) -> str:
    """From when until when."""
    assert time.start is not None, "no time was understood"
    return f"{instant(time.start)}, {instant(time.end)}"


@pytest.mark.parametrize(("language", "means", "said"), ASKED, ids=[f"{lang}: {said}" for lang, _, said in ASKED])
def test_R5_a_word_of_time_means_the_same_in_every_language(language: str, means: str, said: str) -> None:
    found = time_said(said, PLANT, NOW)
    assert told(found) == means.partition(" (")[0], language
    assert found.unread == ()


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("2026-11-12", "12 Nov 06:00, 13 Nov 06:00"),
        ("am 12.11.", "12 Nov 06:00, 13 Nov 06:00"),
        ("am 12.11.2025", "12 Nov 06:00 2025, 13 Nov 06:00 2025"),
        ("on 11/12", "12 Nov 06:00, 13 Nov 06:00"),
        ("on 13/11", "13 Nov 06:00, 14 Nov 06:00"),
        ("on November 12th", "12 Nov 06:00, 13 Nov 06:00"),
        ("on 20 November", "20 Nov 06:00 2025, 21 Nov 06:00 2025"),
        ("from 3 to 7 November", "3 Nov 06:00, 8 Nov 06:00"),
        ("October 2025", "1 Oct 06:00 2025, 1 Nov 06:00 2025"),
        ("in May", "1 May 06:00, 1 Jun 06:00"),
        ("resolution time Q3", "1 Jul 06:00, 1 Oct 06:00"),
        ("im 3. Quartal", "1 Jul 06:00, 1 Oct 06:00"),
        ("Q4 2025", "1 Oct 06:00 2025, 1 Jan 06:00"),
        ("KW 45", "2 Nov 06:00, 9 Nov 06:00"),
        ("in 2025", "1 Jan 06:00 2025, 1 Jan 06:00"),
        ("Friday last week", "13 Nov 06:00, 14 Nov 06:00"),
        ("the last hour", "18 Nov 09:00, -"),
        ("in the last 24h", "17 Nov 10:00, -"),
        ("on Wednesday", "11 Nov 06:00, 12 Nov 06:00"),
    ],
)
def test_R5_dates_quarters_and_weeks_as_they_are_written(said: str, means: str) -> None:
    assert told(time_said(said, PLANT, NOW)) == means


def test_R5_a_date_with_a_slash_is_read_as_the_plant_writes_it() -> None:
    assert month_first(PLANT)
    juarez = replace(PLANT, timezone="America/Mexico_City")
    assert told(time_said("stops on 3/11", PLANT, NOW)) == "11 Mar 06:00, 12 Mar 06:00"
    found = time_said("paros del 3/11", juarez, NOW)
    assert found.start is not None
    assert instant(found.start, juarez) == "3 Nov 06:00"


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ("on 7 March", 23),  # its night runs through the hour that is left out
        ("on 31 October", 25),
        ("on 6 March", 24),
        ("in the week of nothing, on 1 November", 24),
    ],
)
def test_R5_a_production_day_of_a_clock_change_has_23_or_25_hours(said: str, hours: int) -> None:
    found = time_said(said, PLANT, NOW)
    assert found.start is not None
    assert found.end is not None
    assert found.end - found.start == timedelta(hours=hours)


@pytest.mark.parametrize("said", ["at 24/7 running", "lot 31/13", "in March 2019 2/30"])
def test_what_is_no_date_is_none(said: str) -> None:
    assert time_said(said, PLANT, NOW).day is None


@pytest.mark.parametrize(
    ("said", "unread"),
    [
        ("next week", ("next week",)),
        ("this morning", ("this morning",)),
        ("mañana por la mañana", ("manana por la manana",)),
        ("semana que vem", ("semana que vem",)),
        ("heute Nachmittag", ("heute nachmittag",)),
        ("w przyszłym tygodniu", ("przyszlym tygodniu",)),
        ("agle hafte", ("agle hafte",)),
        ("la semaine prochaine", ("semaine prochaine",)),
        ("अगले हफ्ते", ("अगले हफ्ते",)),
        ("on Monday and Friday", ("friday",)),
    ],
)
def test_a_word_of_time_that_is_not_understood_is_handed_back(said: str, unread: tuple[str, ...]) -> None:
    assert time_said(said, PLANT, NOW).unread == unread


@pytest.mark.parametrize(
    ("said", "shifts"),
    [
        ("night shift last week", ("night",)),
        ("turno de noche la semana pasada", ("night",)),
        ("turno da tarde na semana passada", ("late",)),
        ("Frühschicht letzte Woche", ("day",)),
        ("nocna zmiana w zeszłym tygodniu", ("night",)),
        ("raat ki shift pichle hafte", ("night",)),
        ("équipe de nuit la semaine dernière", ("night",)),
        ("पिछले हफ्ते रात की शिफ्ट", ("night",)),
    ],
)
def test_R5_a_shift_of_a_longer_stretch_is_that_shift_alone(said: str, shifts: tuple[str, ...]) -> None:
    found = time_said(said, PLANT, NOW)
    assert found.shifts == shifts
    assert told(found) == "9 Nov 06:00, 16 Nov 06:00"
