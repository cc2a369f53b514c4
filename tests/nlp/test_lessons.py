"""Which words of a message may become a name, which never may, and where an example of a kind speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from integrations.plant_folder import PlantFolder, read_plant_folder
from nlp.index import PlantIndex
from nlp.lessons import FROM_AN_EXAMPLE, LONGEST_EXAMPLE, Found, kind_in, name_in, nearest, why_not
from nlp.sheet import Sheet
from tests.nlp.world import reader
from workflow.lessons import Example, Nickname
from workflow.messages import Inbound
from workflow.plant import Plant
from workflow.reading import Context, Reading

SEVEN = datetime(2026, 11, 16, 13, 0, tzinfo=UTC)
CAPPER = "L3-CAP"


@cache
def riverside() -> PlantFolder:
    return read_plant_folder(Path(__file__).parents[2] / "fixtures" / "plants" / "riverside")


@cache
def index() -> PlantIndex:
    return PlantIndex(riverside().plant, riverside().records)


def asking(text: str, sender: str = "maria.lopez", plant: Plant | None = None) -> tuple[Inbound, Context]:
    known = plant or riverside().plant
    message = Inbound("web", "m-1", sender, sender, SEVEN, text)
    return message, Context(known.person[sender], known, riverside().records, SEVEN)


def sheet(text: str, sender: str = "maria.lopez") -> Sheet:
    return reader().sheet(*asking(text, sender))


def read(text: str, plant: Plant, sender: str = "maria.lopez") -> Reading:
    return reader().read(*asking(text, sender, plant))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("the hulk is jammed again", "hulk"),
        ("la bestia se atoró otra vez", "bestia"),
        ("el capataz dice que la godzilla esta parada", "godzilla"),
        ("Godzilla's acting up again, keeps kicking bottles off", "godzilla"),
        ("hulk 2 wont start", "hulk 2"),
        ("the hulk keeps tripping on overload, reset twice allready", "hulk"),
    ],
)
def test_the_stretch_that_names_nothing_known_is_the_name(text: str, words: str) -> None:
    assert name_in(sheet(text), "asset", CAPPER) == Found(words)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("the filler is jammed", "known_name"),
        ("the fillr is broken", "known_name"),  # a slip of the keyboard is the filler's, whoever says otherwise
        ("capper jammed", "known_already"),
        ("the thing is broken", "nothing"),
        ("it stopped at 10", "nothing"),
        ("the hulk is down, see http://evil.example/x", "hostile"),
        ("the hulk <b>is</b> down", "hostile"),
        ("the h\u202eulk is down", "hostile"),
        ("the hulk is down\x07", "hostile"),
        ("zorg and flib both down, blorp too", "several"),
    ],
)
def test_what_teaches_no_name_says_why(text: str, why: str) -> None:
    assert name_in(sheet(text), "asset", CAPPER).refused == why


def test_a_line_is_learnt_only_where_a_line_is_named() -> None:
    assert name_in(sheet("the moonbase is down", "marcus.webb"), "line", "L1").words == ""
    assert name_in(sheet("jam on moonbase", "marcus.webb"), "line", "L1") == Found("moonbase")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("hulk", None),
        ("old hulk", None),
        ("hu", "too_short"),
        ("4711", "number"),
        ("one big green mean hulk", "too_long"),
        ("machine", "floor_word"),
        ("the", "floor_word"),
        ("máquina", "floor_word"),
        ("stoppen", "floor_word"),
        ("filler", "known_name"),
        ("bertha", "known_name"),
        ("maria", "known_name"),
        ("fillerr", "near_name"),
        ("hulk.exe", "hostile"),
    ],
)
def test_not_every_word_may_become_a_name(words: str, why: str | None) -> None:
    assert why_not(words, "asset", CAPPER, index()) == why


def test_a_learnt_name_of_a_thing_that_is_gone_names_nothing() -> None:
    plant = replace(riverside().plant, nicknames=(Nickname("asset", "L9-GONE", "hulk"),))

    assert read("hulk motor fault, need a mechanic", plant).exceptions[0].assets == ()


@pytest.mark.parametrize(
    ("what", "id_"), [("asset", CAPPER), ("line", "L4"), ("item", "FG-1010"), ("customer", "Hy-Dale Foods")]
)
def test_names_of_machines_lines_items_and_customers_are_known_at_once(what: str, id_: str) -> None:
    plant = replace(riverside().plant, nicknames=(Nickname(what, id_, "hulk"),))  # type: ignore[arg-type]
    if what == "customer":
        assert any(o.customer == id_ for o in riverside().records.sales_orders), "guards the premise"

    known = reader().sheet(*asking("something about hulk", plant=plant))

    assert [(m.what, m.ids) for m in known.mentions] == [(what, (id_,))]


GREASE = Example("blobs of grease are all over the labels again", "quality_hold")


def test_an_example_speaks_where_the_reader_is_unsure() -> None:
    plant = riverside().plant
    text = "blobs of grease over labels again"
    alone = read(text, plant)
    taught = read(text, replace(plant, examples=(GREASE,)))

    assert alone.intent == taught.intent == "report"
    assert alone.exceptions[0].type != "quality_hold" or alone.exceptions[0].confidence["type"] < 0.5, "premise"
    assert taught.exceptions[0].type == "quality_hold"
    assert taught.exceptions[0].confidence["type"] == FROM_AN_EXAMPLE


@pytest.mark.parametrize("text", [
    "filler 3 jammed, line down since 10", "gas leak at the blobs of grease, everyone out",
    "thanks for the grease labels",
    "release lot 6319-4A, grease blobs on labels are fine", "is the grease on the labels gone?",
])  # fmt: skip
def test_an_example_changes_nothing_where_the_reader_is_sure_or_a_danger_is_told(text: str) -> None:
    plant = riverside().plant
    taught = replace(plant, examples=(GREASE, Example(text, "changeover_overrun")))

    alone, after = read(text, plant), read(text, taught)

    assert after.intent == alone.intent
    assert [e.type for e in after.exceptions] == [e.type for e in alone.exceptions]
    assert after.disposition == alone.disposition


def test_examples_that_contradict_each_other_say_nothing() -> None:
    assert nearest(GREASE.text, (GREASE,)) == "quality_hold"
    assert nearest(GREASE.text, (GREASE, replace(GREASE, type="machine_breakdown"))) is None
    assert nearest("the forklift is gone", (GREASE,)) is None


def test_R15_a_danger_is_no_example_of_anything_less() -> None:
    assert kind_in(sheet("ammonia leak at the filler, people coughing"), "machine_breakdown").refused == "danger"
    assert kind_in(sheet("grease blobs " * 40), "quality_hold").refused == "too_long"
    assert len("grease blobs " * 40) > LONGEST_EXAMPLE
    assert kind_in(sheet("grease blobs on labels http://x.example"), "quality_hold") == Found(refused="hostile")
    assert kind_in(sheet("grease blobs on labels"), "quality_hold") == Found("grease blobs on labels")
