"""French and Hindi in Devanagari: spelling, numbers, what endangers people, what nobody may release, plant names."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from integrations.plant_folder import PlantFolder, read_plant_folder
from nlp.devanagari import spellings
from nlp.evaluate import evaluate
from nlp.index import PlantIndex
from nlp.numbers import find_numbers
from nlp.phrasings import read_phrasings
from nlp.tokens import fold, identifiers, tokenize
from nlp.words import lexicon
from tests.nlp.world import PHRASINGS, WEDNESDAY, reader
from workflow.messages import Inbound
from workflow.reading import Context, Reading


@cache
def folder(author: str) -> PlantFolder:
    return read_plant_folder(PHRASINGS / author / "plant")


def said(author: str, sender: str, text: str) -> Reading:
    plant = folder(author)
    context = Context(plant.plant.person[sender], plant.plant, plant.records, WEDNESDAY, None, None)
    return reader().read(Inbound("web", "m-1", sender, sender, WEDNESDAY, text), context)


def yann(text: str) -> Reading:
    return said("mirabel", "yann.kieffer", text)


def ramesh(text: str) -> Reading:
    return said("shakti", "ramesh.yadav", text)


@pytest.mark.parametrize(("text", "words"), [
    ("j'l'ai vu, qu'on n'a plus d'étiquettes", "j l ai vu , qu on n a plus d etiquettes"),
    ("l’œuf s'est ouvert", "l oeuf s est ouvert"),
    ("aujourd'hui jusqu'à 14h30", "aujourdhui jusqu a 14h30"),
    ("the oven's down, it's Bobby's", "the oven down , its bobby"),
])  # fmt: skip
def test_what_french_elides_is_a_word_and_english_keeps_its_own(text: str, words: str) -> None:
    assert " ".join(token.norm for token in tokenize(text)) == words


@pytest.mark.parametrize(("one", "other"), [
    ("ख़त्म", "खत्म"), ("हाँ", "हां"), ("बन्द", "बंद"), ("घण्टा", "घंटा"), ("गये", "गए"),
    ("चाहिये", "चाहिए"), ("क्\u200dया", "क्या"),
])  # fmt: skip
def test_devanagari_typed_in_two_ways_is_one_word(one: str, other: str) -> None:
    assert [t.norm for t in tokenize(one)] == [t.norm for t in tokenize(other)] == [fold(other)]


@pytest.mark.parametrize(
    ("one", "other"), [("कम", "काम"), ("दिन", "दीन"), ("मल", "माल"), ("मिल", "मील"), ("बल", "बाल")]
)
def test_vowel_signs_tell_words_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_devanagari_digits_are_digits_of_amounts_and_of_ids() -> None:
    assert [t.value for t in tokenize("१२.५ किलो") if t.kind == "number"] == [12.5]
    assert [i.key for i in identifiers("WO-६१०४१")] == ["WO61041"]


@pytest.mark.parametrize(("text", "value"), [
    ("soixante-douze", 72), ("quatre-vingts", 80), ("quatre-vingt-dix-sept", 97), ("deux cent quatre-vingt-cinq", 285),
    ("mille deux cents", 1200), ("vingt et un", 21), ("septante", 70),
])  # fmt: skip
def test_french_counts_in_twenties(text: str, value: float) -> None:
    assert [n.value for n in find_numbers(tokenize(text), [lexicon().languages["fr"]])] == [value]


@pytest.mark.parametrize("text", [
    "au feu, ça brûle dans l'atelier",
    "y'a de la fumée qui sort de l'armoire",
    "un collègue s'est blessé, il saigne",
    "fuite d'ammoniac, tout le monde dehors",
    "ça sent le gaz vers le four",
    "il s'est coupé le doigt dans la fonceuse",
    "j'ai pris de la soude dans les yeux",
    "arrêt d'urgence shunté sur le pétrin",
    "Awa a fait un malaise",
])  # fmt: skip
def test_danger_is_safety_in_french(text: str) -> None:
    assert [e.type for e in yann(text).exceptions] == ["safety"], text


@pytest.mark.parametrize("text", [
    "आग लग गई है प्रेस के पीछे",
    "धुआं निकल रहा है पैनल से",
    "मोहन को चोट लगी है, खून बह रहा है",
    "गैस लीक हो रही है",
    "गैस की बदबू आ रही है",
    "हाथ फंस गया है प्रेस में",
    "करंट लग गया सुनील को",
    "इमरजेंसी स्टॉप बायपास किया है",
    "एसिड गिर गया फर्श पर",
])  # fmt: skip
def test_danger_is_safety_in_devanagari(text: str) -> None:
    assert [e.type for e in ramesh(text).exceptions] == ["safety"], text


@pytest.mark.parametrize(("reading", "text"), [
    (yann, "allergène non déclaré sur la quiche lorraine, lait"),
    (yann, "bout de métal dans la quiche saumon"),
    (ramesh, "रिंग गियर के माल में एलर्जन मिल गया"),
    (ramesh, "पिनियन में धातु का टुकड़ा मिला"),
])  # fmt: skip
def test_allergens_and_metal_are_held(reading, text: str) -> None:  # type: ignore[no-untyped-def]
    assert [e.type for e in reading(text).exceptions] == ["quality_hold"], text


def test_a_line_that_was_stopped_is_told_in_both() -> None:
    assert [e.line_stopped for e in yann("doseuse HS, la ligne est à l'arrêt").exceptions] == [True]
    assert [e.line_stopped for e in ramesh("हैमर खराब है, लाइन बंद है").exceptions] == [True]


@pytest.mark.parametrize("text", ["ne libérez pas Q26-3172", "Q26-3172 surtout pas libérer", "on libère pas Q26-3172"])
def test_a_no_in_french_frees_nothing(text: str) -> None:
    decided = said("mirabel", "claire.vautrin", text).disposition
    assert {part.decision for part in decided} <= {"keep_on_hold"}, text


@pytest.mark.parametrize("text", ["H26-4471 रिलीज मत करो", "H26-4471 अभी नहीं छोड़ना", "H26-4471 रिलीज़ नहीं होगा"])
def test_a_no_in_devanagari_frees_nothing(text: str) -> None:
    decided = said("shakti", "neha.agarwal", text).disposition
    assert {part.decision for part in decided} <= {"keep_on_hold"}, text


def test_names_in_latin_are_found_in_devanagari_only_where_somebody_writes_it() -> None:
    assert "फिलर 3" in spellings(["filler", "3"], lexicon().loans)
    assert "विनोद" in spellings(["vinod"], {}, own_names=True)
    assert spellings(["gizmotron"], lexicon().loans) == []
    indian, french = folder("shakti"), folder("mirabel")
    written = {n for stems in PlantIndex(indian.plant, indian.records).by_stems for n in stems if not n.isascii()}
    assert "हैमर" in written
    assert all(n.isascii() for stems in PlantIndex(french.plant, french.records).by_stems for n in stems)


@pytest.mark.parametrize(("author", "least"), [("mirabel", 0.78), ("shakti", 0.84)])
def test_the_phrasings_are_understood(author: str, least: float) -> None:
    plant = folder(author)
    cases = list(read_phrasings(Path(PHRASINGS / author / "full.txt"), plant.plant.zone))
    assert len(cases) >= 220
    scores = evaluate(cases, plant.plant, plant.records, reader()).as_json()["scores"]
    assert scores["all_right"]["value"] >= least
    assert scores["safety_recall"]["value"] == 1.0
    assert scores["false_release"]["value"] == 0
