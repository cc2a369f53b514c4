"""Machines that people tell by what they do or where they stand: linked where one fits, else asked about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from integrations.plant_folder import PlantFolder, read_plant_folder
from nlp.reader import LocalReader
from tests.nlp.world import WEDNESDAY, reader
from workflow.messages import Inbound
from workflow.reading import Asked, Context, Reading, ReportedException

FIXTURES = Path(__file__).parents[2] / "fixtures"


@cache
def plant(name: str) -> PlantFolder:
    folder = FIXTURES / "plants" / name if name == "riverside" else FIXTURES / "phrasings" / name / "plant"
    return read_plant_folder(folder)


def read(
    text: str, sender: str, name: str, *, thread: ReportedException | None = None, question: Asked | None = None
) -> Reading:  # fmt: skip
    there = plant(name)
    context = Context(there.plant.person[sender], there.plant, there.records, WEDNESDAY, thread, question)
    local: LocalReader = reader()
    return local.read(Inbound("web", "m-1", sender, sender, WEDNESDAY, text), context)


@pytest.mark.parametrize(
    ("words", "sender", "where", "machine"),
    [
        ("the thing that puts the caps on is jammed", "maria.lopez", "riverside", "L3-CAP"),
        ("la que pega etiquetas se paró", "maria.lopez", "riverside", "L3-LAB"),
        ("a máquina que sopra as garrafas parou", "joana.ferreira", "riverside", "L3-BLO"),
        ("belt thing behind the presses has come off its roller", "joanne.fry", "zory", "WT-TAS"),
        ("der Arm der die Teile rausholt bleibt stehen", "dieter.hoff", "zory", "WT-ROB"),
        ("die Maschine die das Logo druckt schmiert", "sandra.klein", "zory", "MO-TAM"),
        ("maszyna od kartonów stanęła", "patryk.wilk", "zory", "MO-KRT"),
        ("to co owija palety zerwało łańcuch", "patryk.wilk", "zory", "MO-OWI"),
        ("carton banane wali machine fas gayi", "kiran.yadav", "zory", "MO-KRT"),
        ("jo machine bag seal karti hai uska heater kharab hai", "manish.gupta", "zory", "RO-ZGN"),
        ("la que hace los fardos se come el plástico", "chus.prado", "papelera", "EN-ENF"),
        ("the one that stacks the pallets is stuck", "tamara.boyd", "papelera", "EN-PAL"),
    ],
)
def test_R13_a_machine_is_known_by_what_it_does(words: str, sender: str, where: str, machine: str) -> None:
    assert read(words, sender, where).exceptions[0].assets == (machine,)


@pytest.mark.parametrize(
    ("words", "sender", "machine"),
    [("owijarka rwie folię", "patryk.wilk", "MO-OWI"), ("der Palettenwickler klemmt", "sandra.klein", "MO-OWI"),
     ("the shrink wrapper tears the film", "kiran.yadav", "MO-OWI")],
)  # fmt: skip
def test_R13_the_name_of_a_kind_in_another_language_is_enough_where_the_line_has_one(
    words: str, sender: str, machine: str
) -> None:
    assert read(words, sender, "zory").exceptions[0].assets == (machine,)


def test_R13_what_stands_behind_another_machine_is_not_that_machine() -> None:
    """The robot behind the Engel loses parts: nobody is sent to the Engel."""
    assert read("robot za engelem gubi detale", "bozena.piatek", "zory").exceptions[0].assets == ("WT-ROB",)


def test_R11_where_only_the_place_is_told_its_neighbours_are_asked_about() -> None:
    reading = read("der Automat hinter dem Füller steht", "maria.lopez", "riverside")
    assert reading.exceptions[0].assets == ()
    assert reading.exceptions[0].line == "L3"
    assert reading.ask is not None
    assert (reading.ask.asks, reading.ask.options) == ("asset", ("L3-CAP", "L3-BLO"))


@pytest.mark.parametrize(
    ("words", "sender", "where"),
    [
        ("label printer in the office is dead", "chus.prado", "papelera"),
        ("the welder has not come, phone is off", "kiran.yadav", "zory"),
        ("die Maschine macht komische Geräusche", "sandra.klein", "zory"),
        ("weld seam cracked on 4 parts", "kiran.yadav", "zory"),
    ],
)
def test_people_things_elsewhere_and_work_itself_are_no_machine(words: str, sender: str, where: str) -> None:
    assert all(not e.assets for e in read(words, sender, where).exceptions)


def test_a_machine_is_asked_for_by_its_kind_too() -> None:
    query = read("wer hat den Füller?", "maria.lopez", "riverside").query
    assert query is not None
    assert (query.about, query.line) == ("who", "L3")


def test_the_colour_at_the_end_of_a_name_names_no_material() -> None:
    """Black specks are no black ABS."""
    reading = read("wiadra z czarnymi wtrąceniami, ok 150 szt odstawiłam", "bozena.piatek", "zory")
    assert "RM-ABS" not in reading.exceptions[0].items


@pytest.mark.parametrize(
    ("words", "asked", "answer"),
    [
        ("number 3", Asked("asset", ReportedException("machine_breakdown", "WT")), "WT-W3"),
        ("die 031", Asked("lot", ReportedException("quality_hold", "MO", items=("PF-310",))), "M47-031"),
    ],
)
def test_R18_a_number_answers_which_machine_or_lot(words: str, asked: Asked, answer: str) -> None:
    assert read(words, "joanne.fry", "zory", question=asked).answer == answer


@pytest.mark.parametrize(
    "words",
    ["took 40 min", "duró 40 minutos", "demorou 40 min", "hat 40 min gedauert", "trwało 40 min", "40 min laga",
     "ça a duré 40 min", "it was 40 min, not 60 min", "waren 40 min nicht 60", "było 40 min nie 60",
     "60 min nahi 40 min tha"],
)  # fmt: skip
def test_R47_minutes_alone_report_nothing_and_say_how_long_it_was(words: str) -> None:
    reading = read(words, "maria.lopez", "riverside")
    assert reading.intent == "chatter"
    assert reading.resolution is not None
    assert reading.resolution.downtime_min == 40


@pytest.mark.parametrize("words", ["in 40 min", "40 min", "down 40 min on the filler", "took 40 min?"])
def test_minutes_ahead_or_of_something_named_are_not_of_what_is_over(words: str) -> None:
    assert read(words, "maria.lopez", "riverside").resolution is None


@pytest.mark.parametrize("words", ["make that 26 bundles", "korrigiere, sind 26 nicht 20"])
def test_R10_a_number_put_right_in_the_case_is_no_new_report_and_calls_nothing_off(words: str) -> None:
    hold = ReportedException("quality_hold", "RB", work_orders=("OP-7304",))
    assert read(words, "darren.hope", "papelera", thread=hold).intent == "update"


@pytest.mark.parametrize(
    "words", ["any safety issues this week?", "gab es Unfälle diese Woche?", "¿algún accidente esta semana?"]
)
def test_R57_of_a_kind_alone_what_is_open_is_meant(words: str) -> None:
    query = read(words, "denise.palmer", "riverside").query
    assert query is not None
    assert (query.about, query.type) == ("open", "safety")


@pytest.mark.parametrize(
    "words", ["nothing to report, only Kev slipped in the oil", "nichts zu melden außer dass es brennt"]
)
def test_R15_a_danger_is_told_whatever_quiet_is_said_beside_it(words: str) -> None:
    reading = read(words, "maria.lopez", "riverside")
    assert [e.type for e in reading.exceptions] == ["safety"]
