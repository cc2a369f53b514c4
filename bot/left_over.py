"""What came in and led to nothing: words of people whom nobody knows, and what could not be read; the triage desk's.

Taken again, a stranger's words count as reported by whoever the address belongs to by now, and decide nothing: somebody
else may have held that phone when they were written (R41, R55).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.reach import person_at
from db import inbox
from db import log as chained
from workflow.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Connection

    from bot.app import App
    from db.inbox import Received
    from workflow.plant import Person

MOST = 200  # that are shown
SHOWN = 500  # characters of what could not be read


@dataclass(frozen=True, slots=True)
class LeftOver:
    """One message that waits for somebody's eye."""

    received: Received
    words: str
    person: Person | None  # whose address it is by now
    stranger: bool  # else it could not be read or handled

    @property
    def again(self) -> bool:
        """Whether taking it again can lead to anything: a stranger's words only once somebody is known there."""
        return self.person is not None or not self.stranger


def may(app: App, person: Person) -> bool:
    """Whether this person is of the triage desk, as `rules.yaml` names it."""
    return not set(app.world().rules.triage).isdisjoint(person.roles)


def listed(app: App) -> tuple[LeftOver, ...]:
    """Everything that waits, the newest first."""
    with app.database.read() as tx:
        found = sorted((*inbox.poisoned(tx, MOST), *inbox.of_strangers(tx, MOST)), key=lambda one: -one.id)
        people = {one.id: person_at(app, tx, one.message.channel, one.message.sender) for one in found}
    return tuple(LeftOver(one, _words(one), people[one.id], one.poisoned_at is None) for one in found[:MOST])


def take_again(app: App, ids: Collection[int] | None, by: str) -> int:
    """Let messages be handled again: those, or all for which it can lead to anything; how many there are."""
    wanted = [one for one in listed(app) if one.again and (ids is None or one.received.id in ids)]
    with app.database.write() as tx:
        taken = inbox.replay(tx, [one.received.id for one in wanted if not one.stranger], app.clock.now())
        for one in wanted:
            if one.stranger:
                taken += inbox.again_as_told(tx, one.received, app.clock.now())
        _note(app, tx, by, "taken_again", [one.received.id for one in wanted])
    app.ring("inbox")
    return taken


def put_away(app: App, ids: Collection[int], by: str) -> int:
    """Nobody needs to look at these any more; they stay stored. How many there are."""
    with app.database.write() as tx:
        gone = inbox.put_away(tx, ids, app.clock.now())
        _note(app, tx, by, "put_away", sorted(ids))
    return gone


def must(app: App, person: Person) -> None:
    """Raises Refused where this person is not of the triage desk."""
    if not may(app, person):
        raise Refused("left_over.not_yours")


def _note(app: App, tx: Connection, by: str, what: str, ids: Iterable[int]) -> None:
    if found := list(ids):
        chained.note(tx, app.clock.now(), by, what, {"messages": found})


def _words(one: Received) -> str:
    if one.message.raw is None:
        return one.message.text
    try:
        return str(json.loads(one.message.raw)[2])[:SHOWN]
    except (ValueError, LookupError, TypeError):
        return one.message.raw[:SHOWN]
