"""The watchman: looks at every case as if nobody else did, puts right what it can, and raises the rest (I2, R37).

It has a lane of its own and shares nothing with the rounds that it watches but the storage room. It tells the world
outside that they go on (`LINECALL_HEARTBEAT_URL`): who watches the watchman is whoever misses that sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.answer import item
from db import cases, outbox, settings
from db.connect import Stale, one_at_a_time
from integrations.heartbeat import beat
from workflow.case import Case, Notice
from workflow.plant import Person, on_shift
from workflow.routing import World
from workflow.watching import overdue, put_right

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App

log = structlog.get_logger()

SEEN = "watchman_at"  # when it looked last: a gap is an outage
RAISED = "watchman_raised_at"
AWAY = timedelta(minutes=5)  # longer than any restart takes
MOST = 5  # things that can be wrong with one record
AGAIN = timedelta(minutes=30)  # before a standstill is raised once more


def watch(app: App) -> int:
    """One look at everything; returns how many cases were put right or raised.

    Each case in a savepoint: one that cannot be put right is raised, and is never in the others' way.
    """
    mended = 0
    late: list[Case] = []
    with app.database.write() as tx:
        one_at_a_time(tx, "watchman")
        world = app.world()
        for number in cases.to_be_watched(tx):
            try:
                with tx.begin_nested():
                    mended += _mended(tx, number, world)
                case = cases.get(tx, number)
            except Stale:
                continue  # somebody is at work on it, which is all that one could wish
            except Exception:
                log.exception("watchman.cannot_mend", case=number)
                case = None
            if case is not None and overdue(case, world) is not None:
                late.append(case)
        was_away = _away_since(tx, world.now)
        if was_away is not None:
            _tell_of_the_outage(tx, was_away, world)
        elif late:
            _raise(tx, late, world)
        settings.put(tx, SEEN, world.now.isoformat(), world.now)
    if mended or late:
        app.ring("chase", "outbox")
    return mended + len(late)


def heartbeat(app: App) -> int:
    """Tell the world outside that the rounds go on; no sign as soon as one of them stands. Never in anybody's way."""
    url = app.config.heartbeat_url
    if url is None:
        return 0
    if not app.alive():
        log.error("heartbeat.withheld")
        return 0
    why_not = beat(url)
    if why_not is not None:
        log.warning("heartbeat.not_heard", why=why_not)
    return 0


def _mended(tx: Connection, number: str, world: World) -> int:
    case = cases.get(tx, number)
    mended = 0
    while case is not None and (change := put_right(case, world)) is not None and mended < MOST:
        case = cases.save(tx, change, world.now)
        log.error("watchman.put_right", case=number, what=change.entries[0].why)
        mended += 1
    return mended


def _away_since(tx: Connection, now: datetime) -> datetime | None:
    """Since when nobody looked, where that is longer than a restart; None at the very first look."""
    seen = settings.get(tx, SEEN)
    at = datetime.fromisoformat(seen) if seen is not None else None
    return at if at is not None and now - at > AWAY else None


def _tell_of_the_outage(tx: Connection, since: datetime, world: World) -> None:
    """One message with the true age of everything; each step that was missed is one step now (R37)."""
    waiting = [c for c in cases.open_cases(tx) if c.type is not None]
    log.warning("watchman.was_away", minutes=round((world.now - since).total_seconds() / 60), open=len(waiting))
    facts = {"start_at": since.isoformat(), "end_at": world.now.isoformat(), "n": len(waiting)}
    items = [item(c, world) for c in waiting]
    for person in who_runs_the_shift(world):
        outbox.put(tx, None, Notice(person.id, "was_away", facts | {"items": items}), world.now)


def _raise(tx: Connection, late: Sequence[Case], world: World) -> None:
    """The round of chasing stands still: people are told that they have to look after these themselves."""
    log.error("watchman.overdue", cases=[c.number for c in late])
    known = settings.get(tx, RAISED)
    before = known if isinstance(known, dict) else {}  # case -> when it was raised last
    lately = {n: at for n, at in before.items() if world.now - datetime.fromisoformat(at) < AGAIN}
    new = [c for c in late if c.number not in lately]
    if not new:
        return
    settings.put(tx, RAISED, lately | {c.number: world.now.isoformat() for c in new}, world.now)
    facts = {"n": len(new), "items": [item(c, world) for c in new]}
    for person in who_runs_the_shift(world):
        outbox.put(tx, None, Notice(person.id, "chase_stands_still", facts), world.now)


def who_runs_the_shift(world: World) -> tuple[Person, ...]:
    """The first function of `triage` in rules.yaml of which somebody is there."""
    found = (on_shift(world.plant, role, world.now) for role in world.rules.triage)
    return next((people for people in found if people), ())
