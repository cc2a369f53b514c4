"""One report in several messages is one report (R8): a short moment for the next piece, and none for a danger."""

from __future__ import annotations

from datetime import timedelta

from tests.plantside import SIX_IN_THE_MORNING, Plantside


def test_R8_five_messages_of_one_sender_are_one_report_and_nobody_is_told_wrong(plant: Plantside) -> None:
    for piece in ("filler 3", "again", "since 5:50", "sorry, capper 3"):
        plant.hears_nothing("maria.lopez")
        plant.says("maria.lopez", piece)
        plant.clock.turn(timedelta(seconds=3))

    case = plant.only_case()
    assert (case.assets, case.type, case.status) == (("L3-CAP",), "machine_breakdown", "open")
    assert case.since == SIX_IN_THE_MORNING - timedelta(minutes=10), "since 5:50, as she wrote"
    assert case.captured_at == SIX_IN_THE_MORNING, "reported with the first word"
    assert "Capper 3" in plant.hears_one("maria.lopez"), "one answer to all of it"
    assert "Capper 3" in plant.hears_one("gary.lindqvist"), "he never hears of the filler"
    assert case.rerouted == 0
    plant.rest_is_known()


def test_R8_a_name_alone_waits_a_moment_and_is_then_taken_as_it_is(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3")
    plant.hears_nothing("maria.lopez")
    assert plant.cases() == ()

    plant.passes(seconds=13)

    assert plant.only_case().assets == ("L3-FIL",)
    assert plant.hears_one("gary.lindqvist")
    plant.rest_is_known()


def test_R8_whatever_says_that_the_line_stands_waits_for_nothing(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3")
    plant.says("maria.lopez", "line stopped")

    case = plant.only_case()
    assert (case.assets, case.line_stopped) == (("L3-FIL",), True)
    assert (
        "Line 3 is stopped" in plant.hears_one("gary.lindqvist")
        or "line stands" in plant.transcript("gary.lindqvist")[-1].text
    )
    plant.rest_is_known()


def test_R8_a_danger_between_the_pieces_reaches_people_at_once(plant: Plantside) -> None:
    plant.says("maria.lopez", "capper 3")
    plant.says("maria.lopez", "somebody is hurt")

    safety = [case for case in plant.cases() if case.type == "safety"]
    assert len(safety) == 1
    assert plant.hears("omar.haddad"), "safety hears of it in the same second"
    plant.passes(seconds=15)
    plant.rest_is_known()


def test_R8_pieces_are_kept_through_a_stop_of_the_program(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3")
    plant.clock.turn(timedelta(minutes=40))  # nobody was there for forty minutes
    plant.settle()

    assert plant.only_case().captured_at == SIX_IN_THE_MORNING
    plant.rest_is_known()


def test_R8_what_comes_right_after_the_report_belongs_to_it(plant: Plantside) -> None:
    plant.says("maria.lopez", "filler 3 has a fault")
    plant.rest_is_known()
    plant.clock.turn(timedelta(seconds=40))

    plant.says("maria.lopez", "since 5:50")

    case = plant.only_case()
    assert case.since == SIX_IN_THE_MORNING - timedelta(minutes=10)
    assert case.rerouted == 0, "nothing was wrong before"
    assert "5:50" in plant.hears_one("gary.lindqvist")
    plant.rest_is_known()


def test_R8_a_question_between_the_pieces_is_answered_at_once(plant: Plantside) -> None:
    plant.says("maria.lopez", "palletizer 3")
    plant.says("maria.lopez", "what is open?")
    assert plant.hears_one("maria.lopez"), "she does not wait for her own pieces"

    plant.passes(seconds=13)
    assert plant.only_case().assets == ("L3-PAL",)
    plant.rest_is_known()
