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


def test_no_message_in_a_language_that_is_read_is_taken_for_a_danger_by_these_words() -> None:
    lines = [
        line for file in sorted((ROOT / "fixtures" / "phrasings").rglob("phrasings.txt"))
        for line in file.read_text("utf-8").splitlines() if line and "safety" not in line
    ]  # fmt: skip
    assert len(lines) > 3000
    assert [line for line in lines if danger.named(line)] == []
