"""Somebody says that what was told at the end is not so: read back first, and put right by a button (R41, R47)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.say import Press
from db import cases, conversations, postings
from workflow import restating
from workflow.case import ALLOWED, Case, Offer
from workflow.reading import Quantity, Reading
from workflow.restating import Right

if TYPE_CHECKING:
    from bot.desk import Desk

JUST_NOW = timedelta(hours=1)  # "sorry, it was 60 min" speaks of what one ended so lately
FIELDS = 6  # of what a button carries
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,6})?")


def asked(desk: Desk, reading: Reading) -> str | None:
    """Read back what would be corrected; None where the message says nothing else than what stands there."""
    case = desk.thread.case if desk.thread.certain else _just_ended(desk)
    if case is None or case.status not in ALLOWED["restate"] or case.held:
        return None
    right = _right(reading, desk)
    if right is None or not restating.differs(case, right):
        return None
    before, after = restating.stated(case, right)
    offer = Offer("restate", _carried(case, right))
    return desk.tell("restate_ask", (offer,), case=case.number, before=before, after=after)


def pressed(desk: Desk, press: Press, case: Case) -> str:
    """The button under a read-back; one that was read back before somebody else's correction counts no more (R33)."""
    if len(press.args) != FIELDS or press.args[0] != str(case.decisions) or case.status not in ALLOWED["restate"]:
        return desk.late(case)
    right = _carries(press)
    if right is None:
        return desk.tell("late_press_unknown")
    owed = postings.of_case(desk.tx, case.number)
    return desk.save(restating.restate(case, right, desk.me, "", desk.world, owed))


def _carries(press: Press) -> Right | None:
    _, minutes, scrap, uom, order, asset = press.args
    numbers = [text for text in (minutes, scrap) if text]
    if any(_AMOUNT.fullmatch(text) is None for text in numbers):
        return None
    much = Quantity(float(scrap), uom) if scrap and uom else None
    return Right(float(minutes) if minutes else None, much, order or None, asset or None)


def _carried(case: Case, right: Right) -> tuple[str, ...]:
    scrap = (f"{right.scrap.value:.15g}", right.scrap.uom) if right.scrap is not None else ("", "")
    minutes = f"{right.minutes:.15g}" if right.minutes is not None else ""
    return str(case.decisions), minutes, *scrap, right.work_order or "", right.asset or ""


def _right(reading: Reading, desk: Desk) -> Right | None:
    outcome, named = reading.resolution, reading.exceptions[0] if reading.correction and reading.exceptions else None
    minutes = outcome.downtime_min if outcome is not None else None
    if minutes is None and reading.intent in ("acknowledge", "update"):
        minutes = reading.eta_min  # "it was 60 min": of something that is over, no time of arrival
    if minutes is None and named is not None:
        minutes = named.duration_min
    scrap = outcome.scrap if outcome is not None else None
    orders = [o for o in (named.work_orders if named else ()) if o in desk.world.records.work_order]
    assets = [a for a in (named.assets if named else ()) if a in desk.world.plant.asset]
    right = Right(minutes, scrap, orders[0] if orders else None, assets[0] if assets else None)
    return right if right != Right() else None


def _just_ended(desk: Desk) -> Case | None:
    """What the sender ended a short while ago, where they speak of nothing else."""
    if desk.thread.case is not None or desk.thread.choice:
        return None
    last = conversations.last_case(desk.tx, desk.me.id, desk.world.now - JUST_NOW)
    case = cases.get(desk.tx, last) if last else None
    if case is None or case.resolved_by != desk.me.id or case.resolved_at is None:
        return None
    return case if desk.world.now - case.resolved_at <= JUST_NOW else None
