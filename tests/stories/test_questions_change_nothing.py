"""A question about figures is answered and never acts, whoever asks it and without any question mark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.rehearsal import Rehearsal
from db import tables
from tests.stories.past_weeks import plant_with_guests, remember, the_cases
from tests.stories.test_sixty_questions import WEDNESDAY_AT_TEN

# Gary has the filler's exception, Anita is asked about the palletizer, Tamika about the hold; Stephanie owns nothing.
ASKED = [
    ("gary.lindqvist", "resolution time of filler 3 this month"),
    ("gary.lindqvist", "resolution time filler 3"),
    ("gary.lindqvist", "first pass rate of filler 3 this week"),
    ("gary.lindqvist", "minutes lost on line 3 today"),
    ("anita.rao", "time to fix palletizer 3 last week"),
    ("anita.rao", "minutes down of palletizer 3 last week"),
    ("anita.rao", "mttr palletizer 3"),
    ("tamika.jones", "resolution time of quality holds this month"),
    ("stephanie.greer", "minutes down in the last 24 hours"),
    ("stephanie.greer", "is EX-2015 still open"),
    ("maria.lopez", "minutes down in the last 24 hours"),
    ("maria.lopez", "tiempo de resolución de la llenadora 3 este mes"),
    ("maria.lopez", "sigue abierto EX-2015"),
    ("gary.lindqvist", "tiempo de resolución llenadora 3"),
    ("wagner.prado", "tempo de resolução da enchedora 3 este mês"),
    ("gary.lindqvist", "tempo de resolução enchedora 3"),
    ("juergen.weiss", "Lösungszeit Füller 3 diesen Monat"),
    ("gary.lindqvist", "Lösungszeit Füller 3"),
    ("anita.rao", "Stillstandsminuten Palettierer 3 letzte Woche"),
    ("agnieszka.nowak", "czas rozwiązania napełniarka 3 w tym miesiącu"),
    ("gary.lindqvist", "czas rozwiązania napełniarka 3"),
    ("ravi.sharma", "filler 3 ka resolution time is mahine"),
    ("gary.lindqvist", "resolution time filler 3 ka"),
    ("gary.lindqvist", "temps de résolution remplisseuse 3 ce mois"),
    ("anita.rao", "temps d'arrêt palettiseur 3 semaine dernière"),
    ("gary.lindqvist", "फिलर 3 का रिजॉल्यूशन टाइम इस महीने"),
    ("anita.rao", "पैलेटाइज़र 3 का रिजॉल्यूशन टाइम"),
]


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Riverside on a Wednesday at ten, with open exceptions; what changes nothing may share it."""
    data = tmp_path_factory.mktemp("floor")
    (data / "plant").mkdir()
    rehearsal = Rehearsal(
        Config(plant=plant_with_guests(data / "plant"), data=data / "data", play=True), WEDNESDAY_AT_TEN
    )
    remember(rehearsal.app.database, the_cases())
    rehearsal.settle()
    for person in rehearsal.app.plant.people:
        rehearsal.hears(person.id)
    yield rehearsal
    rehearsal.close()


def records(floor: Rehearsal) -> list[Any]:
    """All that is kept of cases, their tasks and what happened to them."""
    with floor.app.database.read() as tx:
        return [tx.execute(sa.select(t)).all() for t in (tables.case, tables.task, tables.log)]


@pytest.mark.parametrize(("person", "text"), ASKED, ids=[f"{who}: {text}" for who, text in ASKED])
def test_R14_a_question_about_figures_changes_no_case(floor: Rehearsal, person: str, text: str) -> None:
    before = records(floor)

    floor.says(person, text)

    (answer,) = floor.hears(person)
    assert records(floor) == before, f"{person} only asked: {answer}"
    assert any(char.isdigit() for char in answer), f"an answer from the records: {answer}"


@pytest.mark.parametrize(
    "text",
    [
        "fixed, 40 minutes down today",
        "minutes down 40 today",
        "time to fix palletizer 3, on my way",
        "tiempo de reparación 40 min",
        "listo, tiempo de reparación media hora",
        "tempo de conserto 25 minutos",
        "Reparaturzeit 40 min, läuft wieder",
        "czas naprawy 40 minut, działa",
        "repair ka time 30 minute",
        "temps de réparation 40 minutes",
        "filler 3 down again",
    ],
)
def test_R14_whoever_tells_how_long_it_took_asks_nothing(floor: Rehearsal, text: str) -> None:
    from bot.answers.wanted import asks_for_figures

    assert not asks_for_figures(text, floor.app.plant, WEDNESDAY_AT_TEN)
