"""Forms in Slack: a decision in parts, fixed, not mine; what is wrong is said in the form."""

from __future__ import annotations

from typing import Any

from structlog.testing import LogCapture

from tests.integrations import strict_blocks
from tests.integrations.patience import eventually
from tests.integrations.slack.floor import ANITA, FILLER_DOWN, MARIA, NEIL, STEPHANIE, TAMIKA, Floor


def hold(floor: Floor) -> dict[str, Any]:
    """A hold that Tamika may decide about, and the form that her button opened."""
    floor.texts("U0101", "putting 6319-4A on hold, pallets without a date code")
    floor.presses(TAMIKA, "Decide")
    eventually(lambda: floor.slack.views)
    return floor.slack.views[-1]


def test_R41_a_decision_in_parts_is_filled_in_read_back_and_confirmed(floor: Floor) -> None:
    form = hold(floor)
    before = floor.rows()
    parts = {"0.release": "600", "0.rework": "150", "reason": "codes checked by hand"}
    answer = floor.answered(floor.slack.submission(TAMIKA, form, **(parts | {"0.release": "99999"})))
    (wrong,) = answer.json()["errors"].items()
    assert wrong[0] == "0.release"
    assert "does not add up" in wrong[1]
    assert floor.rows() == before, "what is wrong with a form is said in the form, and leaves no row"
    answer = floor.answered(floor.slack.submission(TAMIKA, form, reason="looks fine"))
    assert answer.json()["errors"] == {"0.release": "Write at least one quantity."}

    sent = floor.slack.submission(TAMIKA, form, **parts)
    for _ in range(3):
        answer = floor.answered(sent)
        assert (answer.status_code, answer.text) == (200, "")
    floor.settle()
    (case,) = floor.cases()
    assert case.decisions == 0, "nothing is decided before it was read once more"
    assert "600" in floor.shows(TAMIKA)[-1]
    floor.presses(TAMIKA, "Yes, book it")
    (case,) = floor.cases()
    held = case.held_lot("6319-4A")
    assert held is not None
    assert (case.decisions, held.remaining) == (1, 200)
    assert case.parts[0].quantity == 600


def test_a_form_is_checked_against_the_exception_as_it_is_when_it_is_sent(floor: Floor) -> None:
    form = hold(floor)
    floor.texts(TAMIKA, "6319-4A: release 600 cs, rework 150 cs")
    floor.presses(TAMIKA, "Yes, book it")
    answer = floor.answered(floor.slack.submission(TAMIKA, form, **{"0.release": "500", "reason": "late"}))
    assert "200" in str(answer.json()["errors"]), "so much is left"
    answer = floor.answered(floor.slack.submission(NEIL, form, **{"0.release": "5", "reason": "mine now"}))
    assert answer.json()["errors"], "a form belongs to whom it was shown"
    assert floor.cases()[0].decisions == 1


def test_fixed_asks_for_what_was_done_and_how_long(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.presses(ANITA, "On it")
    floor.texts(ANITA, "ok")
    floor.passes(minutes=61)
    floor.presses(ANITA, "Fixed")
    eventually(lambda: floor.slack.views)
    form = floor.slack.views[-1]
    wrong = floor.answered(floor.slack.submission(ANITA, form, what="loose cable", minutes="soon"))
    assert "number" in wrong.json()["errors"]["minutes"]
    assert floor.cases()[0].is_open
    floor.answered(floor.slack.submission(ANITA, form, what="loose cable", minutes="41", scrap="12"))
    floor.settle()
    (case,) = floor.cases()
    assert (case.resolution, case.downtime_min) == ("loose cable", 41)
    assert case.scrap is not None
    assert case.scrap.value == 12


def test_not_mine_asks_whose_and_hands_over(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    floor.presses(ANITA, "Not mine")
    eventually(lambda: floor.slack.views)
    form = floor.slack.views[-1]
    offered = {o["value"]: o["text"]["text"] for o in form["blocks"][0]["element"]["options"]}
    assert offered["gary.lindqvist"] == "Gary Lindqvist"
    assert offered["materials"] == "materials"
    assert "anita.rao" not in offered
    floor.answered(floor.slack.submission(ANITA, form, to="gary.lindqvist", reason="I am at the robot"))
    floor.settle()
    task = floor.cases()[0].task("maintenance")
    assert task is not None
    assert task.owner == "gary.lindqvist"


def test_a_form_that_comes_too_late_to_open_costs_a_press_and_nothing_else(floor: Floor, logged: LogCapture) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    press = floor.slack.press(ANITA, floor.data(ANITA, "Not mine"))
    floor.slack._triggers.clear()
    assert floor.knocks_with(press) == 200
    eventually(lambda: any(e["event"] == "slack.form_not_shown" for e in logged.entries))
    assert floor.cases()[0].task("maintenance").declined == ()  # type: ignore[union-attr]


def test_the_home_page_shows_what_waits_for_one_and_nothing_to_a_stranger(floor: Floor) -> None:
    floor.texts(MARIA, FILLER_DOWN)
    for user in (ANITA, STEPHANIE, "U0NOBODY"):
        opened = {"type": "app_home_opened", "user": user, "tab": "home", "channel": "D1"}
        assert floor.knocks_with(floor.slack.event(opened)) == 200
    eventually(lambda: {ANITA, STEPHANIE} <= set(floor.slack.homes))
    assert "EX-1001" in strict_blocks.shown(floor.slack.homes[ANITA]["blocks"])
    assert "EX-1001" not in strict_blocks.shown(floor.slack.homes[STEPHANIE]["blocks"])
    assert "U0NOBODY" not in floor.slack.homes
