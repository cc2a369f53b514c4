"""Numbers that tell no time, and lines that stand or run: what hurried people at plants that nobody knew wrote."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.nlp.world import read
from workflow.reading import Quantity, ReportedException

DOWN = ReportedException("machine_breakdown", "MET", ("MET-PRS",), line_stopped=True)


@pytest.mark.parametrize("words", ["2550 m2 retidos", "retive 2550 m²", "blocked 2550 sqm", "2550 qm gesperrt"])
def test_square_metres_are_no_minutes(words: str) -> None:
    exception = read(f"{words}, PX-2611", "nina.holt").exceptions[0]
    assert exception.quantity == Quantity(2550, "m2")
    assert exception.duration_min is None


def test_a_length_in_metres_is_no_hour_long_stop() -> None:
    assert read("cable is short, 420 m missing on the decoiler", "karl.moser").exceptions[0].duration_min is None


def test_a_weight_below_zero_is_no_time() -> None:
    exception = read("waga kontrolna wariuje, pokazuje -3g na pustym", "ewa.lis").exceptions[0]
    assert exception.duration_min is None


@pytest.mark.parametrize("clock", ["9 35", "9:35", "9.35"])
def test_hours_and_minutes_with_a_space_between_are_a_time(clock: str) -> None:
    started = read(f"slicer keeps jamming since {clock}").exceptions[0].started_at
    assert started == datetime(2026, 11, 18, 8, 35, tzinfo=UTC)


def test_good_morning_is_not_tomorrow() -> None:
    started = read("Guten Morgen, Presse klemmt, Linie steht seit 9:15", "karl.moser").exceptions[0].started_at
    assert started == datetime(2026, 11, 18, 8, 15, tzinfo=UTC)


def test_a_day_earlier_began_nothing() -> None:
    change = read("customer wants 450012383 two days earlier", "paul.gray").exceptions[0]
    assert (change.type, change.started_at) == ("order_change", None)


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        ("press is jammed, we've been down since 9 35", "karl.moser"),
        ("rebanadora atascada, estamos paraos desde las nueve", "luz.mora"),
        ("fatiadora partida. parámos às nove e dez", "rui.dias"),
        ("la trancheuse est bloquée. Ils ont arrêté la ligne.", "lea.roux"),
        ("laser alarm again. Nothing is being cut until it clears", "karl.moser"),
    ],
)
def test_a_line_that_stands_is_heard_however_it_is_said(words: str, sender: str) -> None:
    assert read(words, sender).exceptions[0].line_stopped is True


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        ("slicer is squealing but they're managing to run"[:60], "ann.bell"),
        ("Presse tropft. Linie läuft", "karl.moser"),
        ("la rebanadora hace ruido, seguimos en marcha", "luz.mora"),
        ("fatiadora com barulho estranho, ainda n paramos", "rui.dias"),
    ],
)
def test_a_line_that_runs_is_heard_too(words: str, sender: str) -> None:
    assert read(words, sender).exceptions[0].line_stopped is False


def test_a_machine_that_stands_says_nothing_of_its_line() -> None:
    assert read("Presse spinnt, die Maschine steht komplett", "karl.moser").exceptions[0].line_stopped is None


def test_a_sentence_of_its_own_counts_for_all_that_is_told_of_the_line() -> None:
    reading = read("fatiadora torta e a ensacadora largou um saco no chão. estamos parados", "luz.mora")
    assert [e.line_stopped for e in reading.exceptions] == [True] * len(reading.exceptions)


def test_what_a_machine_spoils_is_counted_and_a_handful_or_a_rate_is_not() -> None:
    spoilt = read("checkweigher keeps rejecting good packs, around 300 packs in the bin so far", "ewa.lis")
    assert spoilt.exceptions[0].quantity == Quantity(300, "packs")
    assert read("slicer spat out three loaves").exceptions[0].quantity is None
    assert read("checkweigher slow, 300 packs an hour only", "ewa.lis").exceptions[0].quantity is None


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        ("solo somos dos, falta uno", "luz.mora"),
        ("bin heut allein an zwei Pressen, da fehlt einer", "karl.moser"),
        ("we're one short on the bakery tonight", "ann.bell"),
    ],
)
def test_one_is_missing_whatever_else_is_counted(words: str, sender: str) -> None:
    assert read(words, sender).exceptions[0].quantity == Quantity(1, "people")


def test_a_promise_at_an_hour_ahead_ends_nothing() -> None:
    reading = read("Dichtung wird getauscht, Otto meint um elf läuft sie wieder", "otto.kern", thread=DOWN)
    assert reading.intent == "update"
    assert reading.eta_min == pytest.approx(38, abs=1)


def test_a_restart_at_an_hour_just_past_ends_it() -> None:
    assert read("C'est réparé, pompe purgée. Redémarrage à 10h15.", "otto.kern", thread=DOWN).intent == "resolve"


def test_a_missing_date_is_a_fault_and_no_shortage() -> None:
    assert [e.type for e in read("na 200 opakowaniach brak daty ważności", "ewa.lis").exceptions] == ["quality_hold"]


@pytest.mark.parametrize(
    ("words", "sender"),
    [
        ("terminal SAP znowu wisi, nie mogę nic zaksięgować", "ewa.lis"),
        ("SAP login is not working for anyone, can't book anything", "mona.berg"),
    ],
)
def test_the_offices_own_machines_are_no_breakdown_of_the_line(words: str, sender: str) -> None:
    assert read(words, sender).exceptions[0].type == "other"


def test_an_emergency_stop_that_is_tied_up_is_a_danger() -> None:
    exception = read("La seta de emergencia de la rebanadora está anulada con una brida", "luz.mora").exceptions[0]
    assert (exception.type, exception.assets) == ("safety", ("BAK-SLI",))


def test_a_decision_that_keeps_is_no_missing_guard() -> None:
    reading = read("Décision pour PX-2611 : on garde bloqué jusqu'au résultat", "nina.holt")
    assert all(e.type != "safety" for e in reading.exceptions)
