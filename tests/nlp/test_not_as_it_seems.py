"""What means something else than it seems: within a thread, by hearsay, with an if, of machines without a name."""

from __future__ import annotations

import pytest

from tests.nlp.world import read
from workflow.reading import ReportedException

DOWN = ReportedException("machine_breakdown", "L3", ("L3-FIL",))


def test_broken_acknowledges_nothing() -> None:
    assert read("kaputt", thread=DOWN).intent not in ("acknowledge", "resolve")


def test_who_has_it_hands_nothing_over() -> None:
    assert read("wer hat das", thread=DOWN).intent == "query"


def test_glass_is_no_news_of_a_breakdown() -> None:
    reading = read("glass in bottles", thread=DOWN)
    assert reading.intent == "report"
    assert reading.exceptions[0].type == "quality_hold"


@pytest.mark.parametrize("words", ["metal shavings in the product", "Metallspäne im Teig", "szkło w słoikach"])
def test_what_is_in_the_product_is_quality_whatever_it_is(words: str) -> None:
    reading = read(words)
    assert reading.exceptions[0].type == "quality_hold"
    assert reading.urgent


def test_a_line_with_an_article_is_no_time_of_day() -> None:
    assert all(e.started_at is None for e in read("segura a 4").exceptions)


def test_what_is_told_by_hearsay_and_denied_frees_nothing() -> None:
    reading = read("someone's going round saying PX-2611 is released. it is NOT. it stays on hold", sender="ann.bell")
    assert [part.decision for part in reading.disposition] in ([], ["keep_on_hold"])


def test_a_lot_that_erp_does_not_know_is_never_another_one() -> None:
    hold = ReportedException("quality_hold", lots=("PX-2611",))
    reading = read("release PX-2699", thread=hold)
    assert all(part.lot is None for part in reading.disposition)
    assert reading.ask is not None
    assert reading.ask.asks == "lot"


def test_an_if_is_no_trouble_yet() -> None:
    assert read("if the oven packs up again just call maintenance").intent == "chatter"


def test_a_machines_name_holds_no_danger_and_no_defect() -> None:
    assert all(e.type != "safety" for e in read("the laser is slow today").exceptions)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("homogeniser hunting between 150 and 220 bar", "machine_breakdown"),
        ("Siegelbacken werden nicht warm", "machine_breakdown"),
        ("la inyectora no expulsa", "machine_breakdown"),
        ("castings with cold shuts on the rib", "quality_hold"),
        ("pão solado", "quality_hold"),
        ("tabletki się kruszą", "quality_hold"),
    ],
)
def test_a_machine_that_no_plant_names_is_told_by_what_is_wrong_with_it(words: str, kind: str) -> None:
    assert read(words).exceptions[0].type == kind


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("30 out of 120 brackets cracked", 30),
        ("45 von 200 haben Grat", 45),
        ("12 de 80 piezas fuera de medida", 12),
        ("40 z 200 sztuk krzywych", 40),
        ("100 me se 30 piece kharab", 30),
        ("Soll 112, Ist 100", 12),
        ("jest nas trzech zamiast pięciu", 2),
        ("wir sind nur 3, sollten 4 sein", 1),
    ],
)
def test_of_two_numbers_the_one_that_counts(words: str, value: float) -> None:
    quantity = read(words).exceptions[0].quantity
    assert quantity is not None
    assert quantity.value == value
