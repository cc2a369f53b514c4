"""The round that hands one shift over to the next, and the button by which somebody accepts (R38)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.answer import item
from db import cases, handovers, outbox
from db.connect import Stale
from workflow import handover as shift_change
from workflow.case import Case, Change
from workflow.handover import Handover, Step
from workflow.routing import World

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.desk import Desk
    from bot.say import Press

log = structlog.get_logger()

LONGEST = 10  # digits of an instant in a button: until the year 2286
A_DAY = timedelta(days=1)  # what was reported earlier than that before the shift is not looked for


def hand_over(app: App) -> int:
    """Every step of a change of shift that is due; plans the next one. Returns how many steps were taken."""
    taken = 0
    with app.database.read() as tx:
        if not handovers.due(tx, app.clock.now()) and handovers.planned_after(tx, app.clock.now()):
            return 0
    with app.database.write() as tx:
        world = app.world()
        for one in handovers.due(tx, world.now):
            step = _next(tx, one, world)
            for change in step.changes:
                _save(tx, change, world)
            _keep(tx, step, world)
            log.info("handover.step", shift=one.shift, step=one.step + 1)
            taken += 1
        if not handovers.planned_after(tx, world.now) and (planned := shift_change.plan(world)) is not None:
            handovers.plan(tx, planned)
    if taken:
        app.ring("outbox")
    return taken


def accepted(desk: Desk, press: Press) -> str:
    """Somebody pressed "I take over"."""
    said = press.args[0] if press.args else ""
    if not said.isdecimal() or len(said) > LONGEST:
        return desk.tell("late_press_unknown")
    one = handovers.get(desk.tx, datetime.fromtimestamp(int(said), UTC))
    if one is None:
        return desk.tell("late_press_unknown")
    step = shift_change.accept(one, desk.me, cases.open_cases(desk.tx), desk.world)
    for change in step.changes:
        cases.save(desk.tx, change, desk.world.now)
    _keep(desk.tx, step, desk.world)
    return "shift_taken"


def _next(tx: Connection, one: Handover, world: World) -> Step:
    open_ones = [c for c in cases.open_cases(tx) if c.type is not None]
    since = shift_change.began(one, world)
    lately = cases.find(tx, status=("resolved", "closed"), since=since - A_DAY)
    solved = [c for c in lately if c.resolved_at is not None and c.resolved_at >= since]
    items = [item(c, world) for c in _worst_first(open_ones)]
    return shift_change.take_step(one, open_ones, shift_change.note(open_ones, solved, items, one), world)


def _worst_first(found: Sequence[Case]) -> list[Case]:
    return sorted(found, key=lambda c: (c.type != "safety", not c.line_stopped, c.since))


def _keep(tx: Connection, step: Step, world: World) -> None:
    handovers.put(tx, step.handover)
    outbox.put_all(tx, None, step.notices, world.now)


def _save(tx: Connection, change: Change, world: World) -> None:
    """Note it in the case; where somebody was faster with an answer, the offer alone tells of it."""
    try:
        with tx.begin_nested():
            cases.save(tx, change, world.now)
    except Stale:
        log.warning("handover.case_was_busy", case=change.case.number)
