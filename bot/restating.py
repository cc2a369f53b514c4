"""Somebody says that what was told at the end is not so: read back first, and put right by a button (R41, R47)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import answer
from bot.say import Press
from db import cases, conversations, postings
from workflow import restating
from workflow.case import ALLOWED, Case, Offer
from workflow.reading import Quantity, Reading
from workflow.restating import Right

if TYPE_CHECKING:
    from bot.desk import Desk

JUST_NOW = timedelta(hours=1)  # "sorry, it was 60 min" speaks of what one ended so lately
LONGEST = timedelta(days=7)  # that it was open
FIELDS = 6  # of what a button carries
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,6})?")


def asked(desk: Desk, reading: Reading) -> str | None:
    """Read back what would be corrected; None where the message says nothing else than what stands there."""
    if not desk.thread.certain and len(ended := _just_ended(desk, reading)) > 1:
        offers = tuple(Offer("pick", (c.number, str(desk.inbox_id))) for c in ended[:3])
        return desk.tell("which_case", offers, items=[answer.item(c, desk.world) for c in ended[:3]])
    case = desk.thread.case if desk.thread.certain else next(iter(ended), None)
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


def _just_ended(desk: Desk, reading: Reading) -> tuple[Case, ...]:
    """What a sender may speak of who speaks of something that is over: of several they are asked."""
    last = _ended_last(desk)
    if last is not None:
        return (last,)
    told_alone = reading.intent in ("chatter", "update") and reading.resolution is not None
    if not told_alone or desk.thread.choice:
        return ()
    # "took 40 min", of nothing that is named: what the sender ended, had in hand or reported, and ended so lately
    now, me = desk.world.now, desk.me.id
    over = cases.find(desk.tx, status=("resolved", "closed"), since=now - LONGEST)
    ended = [c for c in over if c.resolved_at is not None and now - c.resolved_at <= JUST_NOW]
    mine = [c for c in ended if me in (c.resolved_by, c.reporter, c.lead.owner if c.lead else None)]
    if mine and desk.thread.case is not None:
        mine.insert(0, desk.thread.case)  # or of what is still open
    return tuple(mine)


def _ended_last(desk: Desk) -> Case | None:
    """What the sender ended a short while ago, where they speak of nothing else."""
    if desk.thread.case is not None or desk.thread.choice:
        return None
    last = conversations.last_case(desk.tx, desk.me.id, desk.world.now - JUST_NOW)
    case = cases.get(desk.tx, last) if last else None
    if case is None or case.resolved_by != desk.me.id or case.resolved_at is None:
        return None
    return case if desk.world.now - case.resolved_at <= JUST_NOW else None
