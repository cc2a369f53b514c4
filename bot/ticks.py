"""The plain rounds over due rows that move everything forward: read, chase, send, post, refresh."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot import desk
from bot.bearable import bearable
from bot.cards import show_cards
from bot.handing_over import hand_over
from bot.lessons import learn
from bot.looking import look_at_media
from bot.sending import backoff, send_all
from db import cases, inbox, outbox, postings
from db.cases import Stale
from db.inbox import Received
from db.postings import Claimed
from workflow import finishing
from workflow.case import Change
from workflow.chasing import chase as next_steps
from workflow.errors import Rejected, TryLater
from workflow.plant import on_shift

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

BATCH = 50
SENDS = 20  # at a time, side by side
LEASE = timedelta(seconds=30)  # longer than the slowest send, else it is repeated
READ_AT_A_TIME = 8  # messages that one of several workers takes: the others get some too
READ_WITHIN = timedelta(seconds=20)  # until another worker may read them as well; `inbox.take` lets one act
POISON_AFTER = 5  # attempts at one message; then a person looks at it
ERP_IS_SLOW = timedelta(seconds=30)  # after which people hear that ERP has not taken it (R2, R43)


def read_inbox(app: App) -> int:
    """Take every message that is due; one that cannot be handled is set aside and shown, never in the others' way."""
    due, until = _to_read(app)
    for received in due:
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
    taken = 0
    with app.database.write() as tx:
        changes = [change for number in cases.due(tx, app.clock.now(), BATCH) if (change := _next(app, tx, number))]
        changes, listed = bearable(changes, app.world())
        for change in changes:
            try:
                with tx.begin_nested():
                    cases.save(tx, change, app.clock.now())
            except Stale:
                continue  # an answer came in between; the next round looks again
            log.info("chase.step", case=change.case.number, what=[entry.what for entry in change.entries])
            taken += 1
        outbox.put_all(tx, None, listed, app.clock.now())
    if taken:
        app.ring("outbox")
    return taken


def _next(app: App, tx: Connection, number: str) -> Change | None:
    """The next step of one case; one that cannot be taken is never in the others' way, the watchman raises it."""
    try:
        case = cases.get(tx, number)
        change = next_steps(case, app.world()) if case is not None else None
    except Exception:
        log.exception("chase.failed", case=number)
        return None
    if change is None:
        log.error("chase.nothing_to_do", case=number)  # the watchman puts its timer right
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


def post_to_erp(app: App) -> int:
    """Post what is owed; after an unknown outcome the ERP is asked first (R47). Closes what is confirmed (R2)."""
    with app.database.write() as tx:
        claimed = postings.claim(tx, app.clock.now(), BATCH, LEASE)
    for one in claimed:
        _post_one(app, one)
    return len(claimed)


def refresh_records(app: App) -> int:
    """Take ERP's records again."""
    return int(app.refresh_records())


def run_until_quiet(app: App, most: int = 1000) -> int:
    """Every round in turn until none has anything to do: how the demo and the stories drive the program."""
    rounds = (read_inbox, look_at_media, hand_over, chase, send_outbox, show_cards, post_to_erp, learn)
    for n in range(most):
        if not sum(tick(app) for tick in rounds):
            return n
    raise RuntimeError("the rounds never come to rest")


def _post_one(app: App, claimed: Claimed) -> None:
    posting = claimed.status.posting
    now = app.clock.now()
    dry = posting.kind in app.folder.rules.dry_run
    try:
        if posting.kind not in app.erp.kinds:
            raise Rejected(f"no connected system books {posting.kind}")
        receipt = None if dry else app.erp.find(posting.key) or app.erp.post(posting)
    except TryLater as later:
        with app.database.write() as tx:
            due = now + (later.after or backoff(claimed.status.attempts))
            postings.waiting(tx, claimed, later.why, due, later.outcome_unknown)
        since = claimed.status.owed_since
        if since is not None and now - since >= ERP_IS_SLOW:
            _tell(app, claimed, for_good=False)
        return
    except Rejected as no:
        owner = _looks_after(app, posting.kind)
        with app.database.write() as tx:
            postings.failed(tx, claimed, no.why, owner, now)
        log.warning("postings.rejected", key=posting.key)
        _tell(app, claimed, for_good=True)
        return
    with app.database.write() as tx:
        if receipt is None:
            postings.dry_run(tx, claimed, now)
            return
        postings.confirmed(tx, claimed, receipt, now)
        if claimed.status.state == "waiting":
            postings.release_backoff(tx, now)  # it answers again: nobody waits for the end of his own pause
    log.info("postings.confirmed", key=posting.key)
    _tell(app, claimed, for_good=None)


def _tell(app: App, claimed: Claimed, *, for_good: bool | None) -> None:
    """Write what became of a posting into its case, close the case where that was the last one, and tell people."""
    key = claimed.status.posting.key
    for _ in range(10):
        try:
            with app.database.write() as tx:
                case = cases.get(tx, claimed.status.posting.case)
                known = postings.of_case(tx, claimed.status.posting.case)
                status = next((s for s in known if s.posting.key == key), None)
                if case is None or status is None:
                    return
                if for_good is None:
                    change = finishing.booked(case, status, app.world())
                    closing = finishing.confirmed(change.case, known, app.world())
                    change = change.then(closing) if closing is not None else change
                elif not for_good and _said_already(tx, case.number, key):
                    return
                else:
                    change = finishing.not_booked(case, status, app.world(), for_good=for_good)
                cases.save(tx, change, app.clock.now())
        except Stale:
            continue
        app.ring("outbox")
        return


def _said_already(tx: Connection, number: str, key: str) -> bool:
    return any(e.what == "posting_waits" and e.facts.get("key") == key for e in cases.log_of(tx, number))


def _looks_after(app: App, kind: str) -> str | None:
    role = app.folder.rules.failed_posting.get(kind, "supervisor")
    people = on_shift(app.plant, role, app.clock.now()) or on_shift(app.plant, "supervisor", app.clock.now())
    return people[0].id if people else None
