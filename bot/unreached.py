"""Whether a function that was asked has it on anything that its people look at; a page nobody opens is none (R56)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from bot.reach import LATELY, OURS, PATIENT_FOR, VIA, all_ways
from db import cases, conversations, outbox
from db.connect import Stale
from workflow.out_of_reach import asked_of, out_of_reach

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.reach import Way
    from db.outbox import Pending
    from workflow.case import Case

log = structlog.get_logger()


def asked_on_our_page(app: App, sent: Iterable[tuple[Pending, Way]]) -> Iterator[tuple[str, str]]:
    """The exceptions and functions of which our page asks, in a plant that has chats besides.

    Of a danger the page asks first and each chat gets a copy: that none of those arrives is known with the last one.
    """
    for pending, way in sent:
        number, notice = pending.case, pending.notice
        if (
            (way.channel != OURS and VIA not in notice.facts)
            or notice.until != "acknowledged"
            or len(app.channels) == 1
        ):
            continue
        if number is not None and notice.role is not None:
            yield number, notice.role


def tell_above(app: App, asked: Iterable[tuple[str, str]]) -> None:
    """For each (exception, function) of which a notice got no further than our page: raise it where all did so."""
    for number, role in asked:
        with app.database.read() as tx:
            if not _nobody_reached(app, tx, cases.get(tx, number), role):
                continue
        with app.database.write() as tx, suppress(Stale), tx.begin_nested():
            case, world = cases.get(tx, number), app.world()
            change = out_of_reach(case, role, world) if case is not None else None
            if change is None or not _nobody_reached(app, tx, case, role):
                continue
            cases.save(tx, change, world.now)
            log.warning("outbox.function_not_reached", case=number, role=role)
        app.ring("outbox", "chase")


def _nobody_reached(app: App, tx: Connection, case: Case | None, role: str) -> bool:
    """Whether a function was asked, and all of it who are there were told on our page alone."""
    people = asked_of(case, role, app.world()) if case is not None else ()
    return case is not None and bool(people) and all(_on_our_page_alone(app, tx, case, role, one) for one in people)


def _on_our_page_alone(app: App, tx: Connection, case: Case, role: str, person: str) -> bool:
    """Whether somebody who has a phone was told of it on our page alone, where they have not been lately.

    Who has no phone in any chat of ours works at that page.
    """
    known = app.plant.person.get(person)
    if known is None or not all_ways(app, tx, known):
        return False
    told = [one for one in outbox.of_case(tx, case.number) if one.notice.to == person and one.notice.role == role]
    under_way = any(one.due_at is not None and one.attempts < PATIENT_FOR for one in told)
    if not told or under_way or any(one.channel not in (None, OURS) for one in told):
        return False
    return not conversations.wrote_in(tx, person, OURS, app.clock.now() - LATELY)
