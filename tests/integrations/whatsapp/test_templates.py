"""The templates that Meta approves: within its limits, in every language, able to carry whatever people are told."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from tests.services import missing

if find_spec("twilio") is None:
    missing("twilio (pip install linecall[whatsapp])")

from bot.fitting import length
from bot.say import render
from bot.wording import languages, texts
from integrations.chat.whatsapp_templates import BODY, ROOM, as_content, called, faults, fitted, one_line, templates
from tests.bot.notices import EXAMPLES
from tests.bot.test_say import NOW, PLANT, RECORDS
from workflow.case import Notice, Offer
from workflow.messages import Button
from workflow.plant import Person
from workflow.ports import Traits

OUTSIDE = Traits(text=ROOM, buttons=9, button_text=20)


@pytest.mark.parametrize("name", list(templates()))
def test_meta_has_nothing_to_refuse(name: str) -> None:
    template = templates()[name]
    assert set(template.body) == languages(), "every language that people are spoken to in"
    assert faults(template) == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_buttons_say_what_our_texts_say(language: str) -> None:
    for name, template in templates().items():
        ours = tuple(texts(language)[f"button.{button}"] for button in template.buttons)
        assert template.labels.get(language, ()) == ours, name


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_everything_that_people_are_told_fits_into_one(name: str) -> None:
    offers = (Offer("acknowledge", ("maintenance",)), Offer("decline", ("maintenance",)))
    for language in sorted(languages()):
        person = Person("x", "X Y", language=language)
        words = render(Notice("x", name, EXAMPLES[name], offers), person, PLANT, RECORDS, OUTSIDE, NOW)
        found = fitted(name, language, words.text, words.buttons)
        assert found is not None, language
        tail = f"_{language.lower().replace('-', '_')}"
        filled = templates()[found.name.removeprefix("linecall_").removesuffix(tail)]
        assert length(filled.body[language].replace("{{1}}", found.variables["1"])) <= BODY, language
        assert "\n" not in found.variables["1"], language
        assert all(found.variables.values()), language


def test_who_is_in_danger_gets_the_template_for_it() -> None:
    on_it = Button("On it", "seal")
    found = fitted("asked.safety", "en", "EX-1: SAFETY", (on_it, Button("Not mine", "other")))
    assert found is not None
    assert (found.name, found.variables) == ("linecall_danger_en", {"1": "EX-1: SAFETY", "2": "seal"})


def test_a_notice_without_the_templates_buttons_gets_one_without_buttons() -> None:
    found = fitted("reminder", "pl", "EX-1", ())
    assert found is not None
    assert found.name == "linecall_waiting_pl"
    assert found.variables == {"1": "EX-1"}


def test_a_language_that_nobody_translated_has_none() -> None:
    assert fitted("reminder", "nl", "EX-1", ()) is None


def test_no_text_is_too_wild_for_a_variable() -> None:
    assert one_line("EX-1:\t a\n\n     b\u2028c  ") == "EX-1: a / b / c"


def test_names_and_languages_are_as_meta_writes_them() -> None:
    assert called("asked", "hi-Deva") == "linecall_asked_hi_deva"
    assert as_content("asked", "hi-Deva")["language"] == "hi"
    assert as_content("told", "pt")["language"] == "pt_BR"
    assert as_content("asked", "en")["types"]["twilio/quick-reply"]["actions"] == [
        {"type": "QUICK_REPLY", "title": "On it", "id": "{{2}}"},
        {"type": "QUICK_REPLY", "title": "Not mine", "id": "{{3}}"},
    ]
