"""The program dies at every point at which it could have promised something: nothing is lost, nothing is done twice.

Random kills are weak evidence; these points are all there are in the stories below, found by playing them once.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from bot.config import Config
from tests.conftest import RIVERSIDE
from tests.emptied import Emptied
from tests.plantside import SIX_IN_THE_MORNING
from tests.service.crashing import Outcome, Step, play, warm_up

SEED = int(os.environ.get("LINECALL_TEST_SEED", "1"))
MOST = int(os.environ.get("LINECALL_TEST_CRASHES", "10"))  # of one story on one database; the campaign takes all

STORIES = {
    "a machine stops, is repaired, and ERP is told": (
        Step("maria.lopez", "filler on 3 is down since 5:50, 10482 standing still. need maintenance"),
        Step("gary.lindqvist", "on my way, 10 min"),
        Step(minutes=12),
        Step("gary.lindqvist", "running again, jam cleared, 40 min"),
        Step(minutes=2),
    ),
    "a lot is held, decided in parts, while ERP is away and comes back": (
        Step(erp_away=True),
        Step("edson.silva", "hold 6319-4A, all 950 cs, caps are loose"),
        Step("tamika.jones", "6319-4A: release 600 cs, rework 150 cs"),
        Step("tamika.jones", presses="confirm"),
        Step(erp_away=False, minutes=2),
    ),
    "nobody answers, those above are told": (
        Step("maria.lopez", "capper on 3 is down, 10482 stopped"),
        Step(minutes=32),
        Step("denise.palmer", "false alarm, wrong machine"),
    ),
}


@pytest.mark.kill
@pytest.mark.slow
@pytest.mark.parametrize("name", STORIES)
def test_wherever_it_dies_the_story_ends_as_it_would_have(
    name: str, tmp_path: Path, database_url: str | None, request: pytest.FixtureRequest
) -> None:
    story = STORIES[name]
    fresh = databases(tmp_path, request, on_postgresql=database_url is not None)
    warm_up()
    as_ever = play(story, next(fresh), SIX_IN_THE_MORNING)
    assert as_ever.broken == [], "nothing breaks where nobody dies"
    assert as_ever.chat, "people hear of it"
    chosen = spread(as_ever.points)
    wrong: list[str] = []
    for n in chosen:
        config = next(fresh)
        died = play(story, config, SIX_IN_THE_MORNING, stop_at=n)
        assert died.died_at == as_ever.points[n], "the same point each time: a story has no dice"
        wrong += [f"point {n}, {died.died_at}: {what}" for what in told_apart(as_ever, play_on(story, config))]
        shutil.rmtree(config.data)
    print(f"seed {SEED}: {len(chosen)} of {len(as_ever.points)} points, {len(set(as_ever.points))} places")
    assert wrong == []


def spread(points: list[str]) -> list[int]:
    """So many of the points, each place in the program once before any comes twice."""
    dice = random.Random(SEED)
    by_place: dict[str, list[int]] = {}
    for n, place in enumerate(points):
        by_place.setdefault(place, []).append(n)
    for of_place in by_place.values():
        dice.shuffle(of_place)
    order = sorted(by_place)
    dice.shuffle(order)
    rounds = zip_longest(*(by_place[place] for place in order))
    return sorted([n for one in rounds for n in one if n is not None][:MOST])


def play_on(story: tuple[Step, ...], config: Config) -> Outcome:
    """A new process on the same data."""
    return play(story, config, SIX_IN_THE_MORNING)


def told_apart(expected: Outcome, got: Outcome) -> list[str]:
    """Every promise that was not kept, and everything that did not come about."""
    wrong = list(got.broken)
    if got.cases != expected.cases:
        wrong.append(f"records {got.cases} and not {expected.cases}")
    if got.postings != expected.postings:
        wrong.append(f"postings {got.postings} and not {expected.postings}")
    if got.ledger != expected.ledger:
        wrong.append(f"ERP has {got.ledger} and not {expected.ledger}")
    if missing := set(expected.told) - set(got.told):
        wrong.append(f"never told: {sorted(missing)}")
    return wrong


def _one_after_the_other(emptied: Emptied) -> Iterator[str]:
    while True:
        with emptied.one() as url:
            yield url


def databases(tmp_path: Path, request: pytest.FixtureRequest, *, on_postgresql: bool) -> Iterator[Config]:
    """Fresh data for one death after the other."""
    urls: Iterator[str | None] = iter(lambda: None, 0)
    if on_postgresql:
        urls = _one_after_the_other(request.getfixturevalue("emptied"))
    for n, url in enumerate(urls):
        yield Config(plant=RIVERSIDE, data=tmp_path / f"data-{n}", database_url=url, play=True)
