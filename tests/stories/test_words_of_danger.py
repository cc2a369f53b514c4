"""Somebody in danger writes in the language that comes first: a person hears of it, whatever else is unclear."""

from __future__ import annotations

import pytest

from bot import danger
from tests.conftest import ROOT
from tests.plantside import Plantside

SPOKEN = {
    "it": ("incendio vicino al filler 3, correte", "Marco si è fatto male alla mano", "C'È UN INCENDIO!!"),
    "tr": ("Yangın var, çabuk gelin", "arkadaş yaralandı, ambulans çağırın"),
    "ro": ("a luat foc cuptorul", "un coleg e rănit la mână"),
    "uk": ("пожежа біля лінії 3", "Олег без свідомості, викличте швидку"),
    "ru": ("горит мотор, дым", "человек ранен, скорую"),
    "ar": ("حريق في المصنع", "زميلي مصاب في يده", "والنار في المخزن"),
    "vi": ("cháy ở máy số 3", "có người bị thương, gọi cấp cứu"),
}
PHRASES = [(language, said) for language, phrases in SPOKEN.items() for said in phrases]


@pytest.mark.parametrize(("language", "said"), PHRASES)
def test_R15_a_word_of_danger_in_a_language_that_is_not_read_reaches_people_at_once(
    plant: Plantside, language: str, said: str
) -> None:
    assert language in danger.languages()
    plant.says("edson.silva", said)

    assert plant.only_case().type == "safety"
    for person in ("omar.haddad", "denise.palmer", "stephanie.greer"):
        assert any(said in h or "SAFETY" in h for h in plant.hears(person)), person
    plant.rest_is_known()


def test_R15_a_word_of_danger_goes_before_an_open_question_and_before_a_decision(plant: Plantside) -> None:
    plant.says("denise.palmer", "labeller is jammed")
    assert plant.only_case().status == "draft"
    plant.says("denise.palmer", "Yangın!")
    assert [c.type for c in plant.cases()] == ["machine_breakdown", "safety"]
    plant.rest_is_known()


@pytest.mark.parametrize("said", ["STOP", "¡ALTO!", "🛑"])
def test_R15_a_bare_stop_reaches_people_at_once_and_silence_calls_nobody_back(plant: Plantside, said: str) -> None:
    plant.says("maria.lopez", said)

    case = plant.only_case()
    assert (case.type, case.line, case.status) == ("safety", "L3", "open")
    for person in ("omar.haddad", "denise.palmer", "stephanie.greer"):
        assert any(case.number in heard for heard in plant.hears(person)), person
    asked = plant.hears("maria.lopez")[-1]
    assert "peligro" in asked
    assert asked.buttons == ("Sin peligro",)

    plant.passes(minutes=10)
    assert plant.only_case().is_open, "nobody said that there is no danger"
    assert plant.hears("stephanie.greer"), "and nobody has taken it: it is chased"
    plant.presses("maria.lopez", "no_danger")
    assert plant.only_case().status == "cancelled"
    assert any("called off" in heard for heard in plant.hears("omar.haddad"))
    plant.rest_is_known()


def test_R15_a_second_stop_is_one_more_voice_and_offers_nobody_to_end_it(plant: Plantside) -> None:
    plant.says("maria.lopez", "STOP")
    plant.rest_is_known()
    plant.says("maria.lopez", "STOP")

    assert all("Sin peligro" not in heard.buttons for heard in plant.hears("maria.lopez"))
    assert plant.only_case().is_open
    plant.rest_is_known()


LONG = "Notes of the night for whoever reads them, nothing special here, all counts as planned.\n" * 60


@pytest.mark.parametrize(
    "said", ["There is a fire at filler 3!", "Yangın var, çabuk gelin", "ammonia leak, people coughing"]
)
def test_R15_a_danger_in_a_text_too_long_to_be_read_reaches_people_at_once(plant: Plantside, said: str) -> None:
    plant.says("maria.lopez", f"{LONG}{said}\n{LONG}")

    assert (plant.only_case().type, plant.only_case().said) == ("safety", said)
    assert any(said in heard for heard in plant.hears("omar.haddad"))
    plant.rest_is_known()


def test_a_long_text_without_a_danger_is_asked_for_its_heart(plant: Plantside) -> None:
    plant.says("denise.palmer", LONG)
    assert "more than" in plant.hears_one("denise.palmer")
    assert plant.cases() == ()


def test_no_message_in_a_language_that_is_read_is_taken_for_a_danger_by_these_words() -> None:
    lines = [
        line for file in sorted((ROOT / "fixtures" / "phrasings").rglob("phrasings.txt"))
        for line in file.read_text("utf-8").splitlines() if line and "safety" not in line
    ]  # fmt: skip
    assert len(lines) > 3000
    assert [line for line in lines if danger.named(line)] == []
