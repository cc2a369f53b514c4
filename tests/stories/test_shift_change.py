"""One shift goes home and the next one comes: what is open is handed over with a note, and somebody accepts it."""

from __future__ import annotations

from datetime import timedelta

from bot.wording import texts
from tests.plantside import Plantside
from workflow.case import Case

FILLER_DOWN = "filler on 3 jammed since ten past, 10482 standing still"
NO_CAPS = "only four boxes of caps left on line 3, still running"


I_TAKE_OVER = texts("es")["button.accept_shift"]


def until(plant: Plantside, hour: int, minute: int = 0) -> None:
    """Time goes by up to a wall-clock time of the same day."""
    now = plant.now
    plant.passes(minutes=(hour - now.hour) * 60 + minute - now.minute)


def late_in_the_shift(plant: Plantside) -> Case:
    """13:30: a stopped line that Gary has, and Denise answers for the line herself."""
    until(plant, 13, 30)
    plant.says("maria.lopez", FILLER_DOWN)
    plant.presses("gary.lindqvist", "acknowledge")
    plant.presses("denise.palmer", "acknowledge")
    plant.rest_is_known()
    return plant.only_case()


def test_R38_the_note_is_written_from_the_records_and_the_next_shift_has_to_accept(plant: Plantside) -> None:
    case = late_in_the_shift(plant)
    until(plant, 13, 46)
    note = plant.hears("denise.palmer")[-1]
    assert case.number in note
    assert "Gary" in note, "who has it"
    assert note.buttons == ()
    plant.rest_is_known()

    until(plant, 14, 1)
    offered = next(h for h in plant.hears("hector.salinas") if h.buttons == (I_TAKE_OVER,))
    assert case.number in offered
    assert "Denise" in offered
    assert plant.only_case().task("supervisor").owner == "denise.palmer", "until he has accepted she keeps it"
    plant.rest_is_known()

    plant.presses("hector.salinas", "accept_shift")

    task = plant.only_case().task("supervisor")
    assert (task.owner, task.acknowledged_by) == ("hector.salinas", "hector.salinas")
    assert {"shift_offered", "shift_taken"} <= set(plant.log(case.number))
    assert "Héctor" in plant.hears_one("denise.palmer"), "she may go home now"
    plant.rest_is_known()


def test_R38_nobody_accepts_and_those_above_hear_of_it_but_nobody_who_went_home(plant: Plantside) -> None:
    late_in_the_shift(plant)
    until(plant, 14, 1)
    plant.rest_is_known()

    until(plant, 14, 12)

    assert any("14:00" in h for h in plant.hears("hector.salinas"))
    assert any("Denise" in h for h in plant.hears("stephanie.greer")), "she still answers for it"
    plant.hears_nothing("denise.palmer")
    plant.presses("stephanie.greer", "accept_shift")
    plant.rest_is_known()
    plant.presses("hector.salinas", "accept_shift")
    assert "Stephanie" in plant.hears_one("hector.salinas"), "the first one wins, the other reads who has it"
    until(plant, 15)
    assert plant.only_case().task("supervisor").owner == "stephanie.greer"
    plant.rest_is_known()


def test_R38_a_quiet_shift_ends_without_a_word(plant: Plantside) -> None:
    plant.passes(hours=9)
    plant.hears_nothing("hector.salinas")
    plant.hears_nothing("denise.palmer")


def test_R38_what_is_over_before_anybody_accepts_needs_no_accepting(plant: Plantside) -> None:
    late_in_the_shift(plant)
    until(plant, 14, 1)
    plant.says("gary.lindqvist", "running again, new seal, 30 min")
    plant.passes(minutes=2)
    plant.rest_is_known()

    until(plant, 15)

    plant.hears_nothing("hector.salinas")
    plant.hears_nothing("stephanie.greer")


def test_R38_the_button_is_worth_nothing_before_the_end_or_to_somebody_else(plant: Plantside) -> None:
    case = late_in_the_shift(plant)
    until(plant, 14, 1)
    value = plant.button("hector.salinas", "accept_shift")
    plant.rest_is_known()

    for person in ("joana.ferreira", "paulo.teixeira", "denise.palmer"):  # nor to whoever hands over
        plant.says(person, "", button=value)
        assert "Héctor" in plant.hears_one(person)
    for far_away in ("99999999999999999999", "999999999999", "99999999999", "9999999999"):  # the year 33658, and so on
        plant.says("hector.salinas", "", button=f"accept_shift|-|{far_away}")
        plant.hears_one("hector.salinas")

    assert plant.case(case.number).task("supervisor").owner == "denise.palmer"
    plant.rest_is_known()


def test_R38_what_was_solved_and_what_is_on_hold_stand_in_the_note(plant: Plantside) -> None:
    until(plant, 13, 20)
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    plant.presses("tamika.jones", "acknowledge")
    plant.says("maria.lopez", FILLER_DOWN)
    plant.says("gary.lindqvist", "running again, loose cable, 10 min", reply_to="case:EX-1002")
    plant.passes(minutes=2)
    plant.rest_is_known()

    until(plant, 13, 46)

    note = next(h for h in plant.hears("denise.palmer") if "14:00" in h and "EX-1002" in h)
    assert "6319-4A: 950 cs" in note
    plant.rest_is_known()


def test_R38_over_an_outage_the_offer_is_made_late_and_once(plant: Plantside) -> None:
    late_in_the_shift(plant)
    plant.clock.turn(timedelta(hours=1))
    plant.settle()

    offered = [h for h in plant.hears("hector.salinas") if h.buttons == (I_TAKE_OVER,)]
    assert len(offered) == 1
    plant.rest_is_known()
    plant.presses("hector.salinas", "accept_shift")
    assert plant.only_case().task("supervisor").owner == "hector.salinas"
    plant.rest_is_known()
