"""Each thing that the watchman looks for, found and put right within a minute, and what people hear of it (R37)."""

from __future__ import annotations

import pytest
from structlog.testing import LogCapture

from bot.watchman import watch
from db import cases
from tests.plantside import Plantside
from tests.stories.test_watchman import FILLER, pull_out


@pytest.fixture
def number(plant: Plantside) -> str:
    """Maria's filler is down; nobody has answered yet, and everybody knows what they know."""
    plant.says("maria.lopez", FILLER)
    plant.rest_is_known()
    return plant.only_case().number


def found(plant: Plantside, number: str, logged: LogCapture) -> str:
    """The one thing that it found and put right, as its log has it too."""
    assert watch(plant.app) == 1
    plant.settle()
    (seen,) = {e["what"] for e in logged.entries if e["event"] == "watchman.put_right"}
    logged.entries.clear()
    assert [e.why for e in plant.log_entries(number) if e.what == "put_right"] == [seen]
    assert watch(plant.app) == 0, "nothing is left to put right"
    return str(seen)


def test_R37_what_has_become_nobodys_is_the_triage_desks_within_a_minute(
    plant: Plantside, number: str, logged: LogCapture
) -> None:
    pull_out(plant, 'DELETE FROM task WHERE "case" = :n', number)
    assert found(plant, number, logged) == "nobodys"
    assert any(number in h for h in plant.hears("denise.palmer")), "she runs the shift"
    task = plant.case(number).lead
    assert task is not None
    assert task.owner == "denise.palmer"
    plant.rest_is_known()


def test_R37_a_lost_timer_is_wound_up_again_and_the_chase_goes_on(
    plant: Plantside, number: str, logged: LogCapture
) -> None:
    pull_out(plant, 'UPDATE task SET next_step_at = NULL WHERE "case" = :n', number)
    assert found(plant, number, logged) == "no_timer"
    plant.rest_is_known()
    plant.passes(minutes=11)
    assert any(number in h for h in plant.hears("stephanie.greer")), "its ladder goes on to the manager"
    plant.rest_is_known()


def test_R37_what_nobody_answers_for_and_sleeps_is_asked_about_again(
    plant: Plantside, number: str, logged: LogCapture
) -> None:
    pull_out(plant, 'UPDATE task SET owner = NULL, next_step_at = :later WHERE "case" = :n', number)
    assert found(plant, number, logged) == "no_owner"
    lead = plant.case(number).lead
    assert lead is not None
    assert lead.owner == "gary.lindqvist"
    plant.rest_is_known()


def test_R37_a_timer_of_what_is_over_is_stopped_and_rings_nobody(
    plant: Plantside, number: str, logged: LogCapture
) -> None:
    plant.says("gary.lindqvist", "on my way")
    plant.says("gary.lindqvist", "fixed, 20 min")
    plant.passes(minutes=2)
    assert plant.case(number).closed_at is not None
    plant.rest_is_known()
    pull_out(plant, 'UPDATE task SET next_step_at = asked_at WHERE "case" = :n', number)
    with plant.app.database.read() as tx:
        watched = number in cases.to_be_watched(tx)
    assert watched, "what is over is looked at as well, as long as one of its timers runs"
    assert found(plant, number, logged) == "idle_timer"
    for person in ("gary.lindqvist", "denise.palmer", "neil.abbott", "stephanie.greer"):
        plant.hears_nothing(person)
    plant.rest_is_known()
