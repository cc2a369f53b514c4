"""News that nobody has to act on disturbs nobody off shift: it comes silently, or when their shift begins (R37)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from db import conversations
from workflow.chasing import quiet_until
from workflow.plant import is_on_shift, shifts_between

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.app import App
    from workflow.case import Notice
    from workflow.plant import Person, Plant

NEWS = frozenset(
    """cancelled closed decided handed_over noted on_its_way promised resolved restated snoozed updated waiting
    withdrawn""".split()  # noqa: SIM905
)
AWAKE = timedelta(hours=1)  # whoever wrote so lately hears what follows
AHEAD = timedelta(days=7)  # in which a shift of theirs is looked for


def rests_until(app: App, tx: Connection, notice: Notice, now: datetime) -> datetime | None:
    """Until when its person need not hear this; None where it is for now: an act of theirs, or they are there or awake.

    None for a stranger, and for the chat of a function.
    """
    person = app.plant.person.get(notice.to)
    if person is None or notice.name not in NEWS or notice.offers or notice.where is not None:
        return None
    begins = _there_again(app, person, now)
    if begins is None or conversations.last_channel(tx, person.id, now - AWAKE, but="") is not None:
        return None
    return begins


def _there_again(app: App, person: Person, now: datetime) -> datetime | None:
    """When somebody who is not at work is there again; None for who is, and where it is further away than a week."""
    plant: Plant = app.plant
    if person.always_reachable:
        quiet = app.world().rules.quiet
        return quiet_until(quiet, plant, now) if quiet is not None else None
    if is_on_shift(plant, person, now):
        return None
    starts = (span.start for span in shifts_between(plant, now, now + AHEAD) if span.start > now)
    return next((start for start in starts if is_on_shift(plant, person, start)), None)
