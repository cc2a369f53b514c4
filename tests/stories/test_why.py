"""Whoever is asked may ask back why, and is told the rule and the facts: then's, not today's (R36)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nlp.why_me import asks_why
from tests.plantside import Plantside

FILLER = "filler on 3 jammed since ten past, 10482 standing still"


def test_R36_why_me_is_answered_with_the_rule_and_the_facts(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()

    plant.says("gary.lindqvist", "why me?")

    answer = plant.hears_one("gary.lindqvist")
    rule = plant.only_case().task("maintenance").why
    assert plant.only_case().number in answer
    assert rule in answer
    assert "customer tier: A" in answer
    assert plant.only_case().task("maintenance").acknowledged_at is None, "a question takes nothing over"


def test_R36_each_function_reads_its_own_rule_in_its_own_language(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()
    planner = next(t for t in plant.only_case().tasks if t.role == "planner")
    person = planner.told[0]

    plant.says(person, f"{plant.only_case().number} why do I get this")

    assert planner.why in plant.hears_one(person)


def test_R36_whoever_was_not_asked_hears_so(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()
    number = plant.only_case().number
    plant.says("maria.lopez", f"¿y yo por qué? {number}")
    assert number in plant.hears_one("maria.lopez")


def test_R36_the_answer_is_about_the_rules_of_then(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()
    rule = plant.only_case().task("maintenance").why
    concerns = plant.app.folder.rules.types["machine_breakdown"]
    renamed = replace(concerns, concerns=tuple(replace(c, name="another rule") for c in concerns.concerns))
    rules = replace(plant.app.folder.rules, types={**plant.app.folder.rules.types, "machine_breakdown": renamed})
    plant.app.folder = replace(plant.app.folder, rules=rules)

    plant.says("gary.lindqvist", "warum ich?")

    assert rule in plant.hears_one("gary.lindqvist")


def test_R36_why_was_i_told_about_one_is_answered_with_the_reason_for_its_person(plant: Plantside) -> None:
    plant.says("maria.lopez", FILLER)
    number = plant.only_case().number
    plant.says("tyrell.boone", "filler 3 is jammed and stands")
    plant.passes(minutes=60)
    asked = {who for task in plant.only_case().tasks for who in (*task.told, task.owner)}
    ups = [e for e in plant.log_entries(number) if e.what == "escalated"]
    above, up = next((who, e) for e in reversed(ups) for who in e.facts["people"] if who not in asked)
    plant.rest_is_known()

    plant.says("gary.lindqvist", f"why was I told about {number}?")
    assert plant.only_case().task("maintenance").why in plant.hears_one("gary.lindqvist")
    plant.says("maria.lopez", f"¿por qué me avisaron de {number}?")
    assert "tú lo reportaste" in plant.hears_one("maria.lopez")
    plant.says("tyrell.boone", f"why was I told about {number}")
    assert "you reported it too" in plant.hears_one("tyrell.boone")
    plant.says(above, f"why was I told about {number}")
    heard = plant.hears_one(above)
    assert up.why in heard
    assert number in heard
    plant.says("karen.doyle", f"warum wurde ich verständigt über {number}")
    assert number in plant.hears_one("karen.doyle")
    assert plant.only_case().task("maintenance").acknowledged_at is None
    plant.rest_is_known()


@pytest.mark.parametrize(
    "text",
    [
        "Why me??",
        "why am I asked",
        "¿Y yo por qué?",
        "Por que eu?",
        "Warum gerade ich?",
        "Pourquoi moi ?",
        "Dlaczego ja?",
        "main kyun",
        "मैं क्यों?",
        "which rule EX-1003",
    ],
)
def test_it_is_asked_in_every_language_that_we_speak(text: str) -> None:
    assert asks_why(text)


@pytest.mark.parametrize(
    "text",
    [
        "why is line 3 down",
        "why me, I fixed it yesterday",
        "filler 3 jammed, no idea why",
        "porque eu parei a linha",
        "ok",
        "",
    ],
)
def test_what_says_more_than_that_is_read_as_ever(text: str) -> None:
    assert not asks_why(text)
