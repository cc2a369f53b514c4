"""What the last weeks teach: why first passes failed, which rule goes up most, which names are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.accepting import still_open, tried_on
from bot.answers.rights import only_lines
from bot.trying_names import Effect, effects_of
from db import first_goes, lessons
from workflow.case import Notice, Offer
from workflow.improving import Asked, Failed, Proposal, Went, how_rules_did, may_decide
from workflow.lessons import NAMED, Lesson, why_not_accept
from workflow.plant import Person
from workflow.routing import World

SHOWN = 3  # rules, names and proposals in an answer; `linecall improve` has all of them


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a stretch of time teaches."""

    solved: int
    at_once: int
    failed: tuple[Failed, ...]
    rules: tuple[Asked, ...]
    names: tuple[Lesson, ...]  # proposed, the one that was confirmed most first
    effects: Mapping[int, Effect]  # of these names on past reports
    proposals: tuple[Proposal, ...]


def learnt_from(tx: Connection, world: World, start: datetime, end: datetime, asker: Person | None = None) -> Learnt:
    """All of it; for a person from what they may see."""
    taught = first_goes.taught(tx, start, end, _seen_by(asker))
    names = sorted(
        (one for one in lessons.of_plant(tx, world.plant.id) if one.state == "proposed"), key=lambda one: -one.times
    )
    tries = still_open(tx, tried_on(tx, taught, start, end, world.rules), world.now)
    did = how_rules_did(taught)
    return Learnt(taught.solved, taught.at_once, tuple(taught.failed), did, tuple(names), effects_of(tx), tries)


def _seen_by(asker: Person | None) -> Callable[[Went], bool] | None:
    """Which exceptions a person may see; None: all of them."""
    limits = only_lines(asker) if asker is not None else ()
    if asker is None or not limits:
        return None
    return lambda one: one.line in limits or asker.id in one.people


def answer(tx: Connection, start: datetime, end: datetime, asker: Person, world: World) -> Notice:
    """The same in a few lines for the chat."""
    learnt = learnt_from(tx, world, start, end, asker)
    period = {"start": start.isoformat(), "end": end.isoformat()}
    if not learnt.solved:
        return Notice(asker.id, "answer.nothing", {"about": "improve", "span": period})
    named = [one for one in learnt.names if one.what in NAMED]  # an example of a kind would quote somebody's message
    why = Counter((one.where, one.what) for one in learnt.failed)
    numbers = {key: [one.case for one in learnt.failed if (one.where, one.what) == key] for key in why}
    facts: dict[str, Any] = {
        "period": period,
        "first_pass": {
            "value": learnt.at_once / learnt.solved, "yes": learnt.at_once, "n": learnt.solved, "cases": [],
        },
        "reasons": [{"why_not": what, "n": n, "cases": numbers[where, what]} for (where, what), n in why.most_common()],
        "went_up": [
            {"rule": one.rule, "n": one.n, "up": len(one.up), "cases": list(one.up)}
            for one in learnt.rules[:SHOWN]
            if one.up
        ],
        "names": [
            {"words": one.words, "ref": called(one, world), "n": one.times, "tried": effect_in_facts(learnt, one)}
            for one in named[:SHOWN]
        ],
        "tries": [
            {"rule": one.rule, "was": one.before, "be": one.after, "n": max(one.differs.values(), default=0)}
            for one in learnt.proposals[:SHOWN]
        ],
    }  # fmt: skip
    offers: list[Offer] = []
    if learnt.proposals and may_decide(asker):
        of = (learnt.proposals[0].key, *(str(int(at.timestamp()) // 60) for at in (start, end)))
        offers += [Offer("accept_try", of), Offer("decline_try", of)]
    if named and why_not_accept(named[0], asker, world.plant) is None:
        offers += [Offer("accept_name", (str(named[0].id),)), Offer("decline_name", (str(named[0].id),))]
    return Notice(asker.id, "answer.improve", facts, tuple(offers))


def effect_in_facts(learnt: Learnt, name: Lesson) -> dict[str, Any] | None:
    """What a name would have changed, as a fact of a notice; None where no past report says it."""
    effect = learnt.effects.get(name.id)
    if effect is None or not effect.n:
        return None
    return {"n": effect.n, "right": list(effect.right), "wrong": list(effect.wrong)}


def called(lesson: Lesson, world: World) -> str:
    """What the plant calls the thing that a lesson is about: its name; its number where nobody gave it one."""
    plant = world.plant
    match lesson.what:
        case "asset" if lesson.ref in plant.asset:
            return plant.asset[lesson.ref].name
        case "line" if lesson.ref in plant.line:
            return plant.line[lesson.ref].name
        case "item" if lesson.ref in world.records.item:
            return world.records.item[lesson.ref].description
        case _:
            return lesson.ref
