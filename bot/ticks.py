"""The plain rounds over due rows that move everything forward: read, chase, send, post, refresh."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot import desk, improving
from bot.bearable import AHEAD, along, any_listed, bearable
from bot.cards import show_cards
from bot.digests import send_digests
from bot.from_erp import tell_of_age, tell_of_changes, tell_of_exports
from bot.handing_over import hand_over
from bot.lessons import learn
from bot.looking import look_at_media
from bot.posting import post_to_erp
from bot.sending import send_all
from db import cases, figure_rows, inbox, outbox
from db.cases import Stale
from db.inbox import Received
from workflow.case import Case, Change
from workflow.chasing import chase as next_steps
from workflow.routing import World, by_now

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

__all__ = ["chase", "post_to_erp", "read_figures", "read_inbox", "refresh_records", "run_until_quiet", "send_outbox"]

BATCH = 50
TIMERS = 100  # due steps that are taken in one transaction
SENDS = 20  # at a time, side by side
LEASE = timedelta(seconds=30)  # longer than the slowest send, else it is repeated
READ_AT_A_TIME = 8  # messages that one of several workers takes: the others get some too
READ_WITHIN = timedelta(seconds=20)  # until another worker may read them as well; `inbox.take` lets one act
REACH_EVERY = timedelta(minutes=1)
YEAR = timedelta(days=366)
LATELY = timedelta(days=30)  # of which people ask what to improve
POISON_AFTER = 5  # attempts at one message; then a person looks at it


def read_inbox(app: App) -> int:
    """Take every message that is due; one that cannot be handled is set aside and shown, never in the others' way."""
    due, until = _to_read(app)
    for received in due:
        app.intake.step_aside()
        try:
            desk.handle(app, received)
        except Exception:
            log.exception("inbox.failed", inbox=received.id, attempt=received.attempts + 1)
            with app.database.write() as tx:
                now = app.clock.now()
                if received.attempts + 1 >= POISON_AFTER:
                    inbox.poison(tx, received.id, "could not be handled; see the log", now)
                else:
                    inbox.retry(tx, received.id, "failed once", now + timedelta(seconds=2**received.attempts))
    if due and until is not None:
        with app.database.write() as tx:
            inbox.let_go(tx, [received.id for received in due], until, app.clock.now())
    return len(due)


def _to_read(app: App) -> tuple[tuple[Received, ...], datetime | None]:
    """What is due; where other processes read too, it is ours alone until the instant beside it."""
    now = app.clock.now()
    if not app.shared:
        with app.database.read() as tx:
            return inbox.due(tx, now, BATCH), None
    with app.database.write() as tx:
        return inbox.claim(tx, now, READ_AT_A_TIME, READ_WITHIN), now + READ_WITHIN


def chase(app: App) -> int:
    """The next step of every case that has a task due; a batch is one transaction (`docs/decisions/0001`)."""
    with app.database.write() as tx:
        due = cases.of(tx, cases.due(tx, app.clock.now(), TIMERS))
        world = replace(app.world(), other=partial(cases.get, tx))
        changes = [change for case in due if (change := _next(case, world))]
        if len(due) < TIMERS and any_listed(changes):
            changes += along(changes, _ahead(tx, {case.number for case in due}, world), world)
        changes, listed = bearable(changes, world)
        taken = _kept(app, tx, changes)
        outbox.put_all(tx, None, listed, app.clock.now())
    for change in taken:
        log.info("chase.step", case=change.case.number, what=[entry.what for entry in change.entries])
    if taken:
        app.ring("outbox")
    return len(taken)


def reach_further(app: App) -> int:
    """Ask whom the passing of time has made concerned by what is open: each exception is looked at once a minute (R25).

    The slack of an order runs out while its line stands, a due date comes near: nothing happens, and somebody else is
    concerned. Returns how many exceptions it was.
    """
    now = app.clock.now()
    if app.reached_at is not None and now - app.reached_at < REACH_EVERY:
        return 0
    app.reached_at = now
    with app.database.read() as tx:
        open_ones = cases.open_cases(tx)
        busy = [change.case.number for case in open_ones if (change := _by_now(case, app.world())) is not None]
    for number in busy:
        with suppress(Stale), app.database.write() as tx:  # whoever was faster: the next look is in a minute
            case = cases.get(tx, number)
            change = _by_now(case, app.world()) if case is not None else None
            if change is not None:
                cases.save(tx, change, now)
                log.info("chase.reached_further", case=number, roles=[e.facts["role"] for e in change.entries])
    if busy:
        app.ring("outbox")
    return len(busy)


def _by_now(case: Case, world: World) -> Change | None:
    """One that cannot be judged is in nobody's way."""
    try:
        return by_now(case, world)
    except Exception:
        log.exception("chase.cannot_judge", case=case.number)
        return None


def _ahead(tx: Connection, due: set[str], world: World) -> list[Change]:
    """The steps that will be due in the next minutes, each as of then."""
    soon = [number for number in cases.due(tx, world.now + AHEAD, TIMERS) if number not in due]
    found = []
    for case in cases.of(tx, soon):
        at = min((task.next_step_at for task in case.tasks if task.live and task.next_step_at), default=None)
        with suppress(Exception):  # whatever is wrong with it is found when it is due
            change = next_steps(case, replace(world, now=at)) if at is not None else None
            found += [change] if change is not None else []
    return found


def _kept(app: App, tx: Connection, changes: Sequence[Change]) -> Sequence[Change]:
    """Save the steps, all at once; where an answer came in between, each by itself, and which of them were kept."""
    now = app.clock.now()
    with suppress(Stale), tx.begin_nested():
        cases.save_all(tx, changes, now)
        return changes
    kept = []
    for change in changes:
        with suppress(Stale), tx.begin_nested():  # the next round looks again
            cases.save(tx, change, now)
            kept.append(change)
    return kept


def _next(case: Case, world: World) -> Change | None:
    """The next step of one case; one that cannot be taken is never in the others' way, the watchman raises it."""
    try:
        change = next_steps(case, world)
    except Exception:
        log.exception("chase.failed", case=case.number)
        return None
    if change is None:
        log.error("chase.nothing_to_do", case=case.number)  # the watchman puts its timer right
    return change


def send_outbox(app: App) -> int:
    """Send what is due, each in its person's language; what has become pointless is dropped and says so (R34)."""
    now = app.clock.now()
    with app.database.write() as tx:
        claimed = outbox.claim(tx, now, SENDS, LEASE)
    if claimed:
        send_all(app, claimed)
        app.ring("outbox")
    return len(claimed)


def refresh_records(app: App) -> int:
    """Take ERP's records again; those concerned hear what changed, and somebody hears where they are too old."""
    tell_of_changes(app)  # what was opened since is noted as ERP had it then
    changed = app.refresh_records()
    if changed:
        tell_of_changes(app)
    tell_of_age(app, app.records_taken_at)
    tell_of_exports(app)
    return int(changed)


def read_figures(app: App) -> int:
    """What is counted is in memory before anybody asks, so that the first question is as quick as the next."""
    now = app.clock.now()
    with app.database.read() as tx:
        figure_rows.read(tx, figure_rows.Which(now - YEAR, now))
        improving.learnt_from(tx, app.world(), now - LATELY, now)
    return 0


def run_until_quiet(app: App, most: int = 1000) -> int:
    """Every round in turn until none has anything to do: how the demo and the stories drive the program."""
    rounds = (
        read_inbox, look_at_media, hand_over, send_digests, chase, reach_further, send_outbox, show_cards, post_to_erp,
        learn,
    )  # fmt: skip
    for n in range(most):
        if not sum(tick(app) for tick in rounds):
            return n
    raise RuntimeError("the rounds never come to rest")
