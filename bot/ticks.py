"""The plain rounds over due rows that move everything forward: read, chase, send, post, refresh, check."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot import desk
from bot.say import render
from db import cases, conversations, inbox, outbox, postings
from db.cases import Stale
from db.outbox import Pending
from db.postings import Claimed
from workflow import finishing
from workflow.case import Case, Notice
from workflow.chasing import chase as next_steps
from workflow.errors import Rejected, TryLater
from workflow.messages import Outbound, Sent
from workflow.plant import on_shift
from workflow.ports import Channel

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

BATCH = 50
SENDS = 10  # at a time: a batch of slow sends must be over before its lease is
LEASE = timedelta(seconds=30)  # longer than the slowest send, else it is repeated
POISON_AFTER = 5  # attempts at one message; then a person looks at it
MOST_BACKOFF = timedelta(minutes=5)
ERP_IS_SLOW = timedelta(seconds=30)  # after which people hear that ERP has not taken it (R2, R43)


def read_inbox(app: App) -> int:
    """Take every message that is due; one that cannot be handled is set aside and shown, never in the others' way."""
    with app.database.read() as tx:
        due = inbox.due(tx, app.clock.now(), BATCH)
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
    return len(due)


def chase(app: App) -> int:
    """The next step of every case that has a task due; a batch is one transaction (`docs/decisions/0001`)."""
    taken = 0
    with app.database.write() as tx:
        for number in cases.due(tx, app.clock.now(), BATCH):
            case = cases.get(tx, number)
            change = next_steps(case, app.world()) if case is not None else None
            if change is None:
                log.error("chase.nothing_to_do", case=number)  # its due time would come back for ever
                continue
            try:
                with tx.begin_nested():
                    cases.save(tx, change, app.clock.now())
            except Stale:
                continue  # an answer came in between; the next round looks again
            log.info("chase.step", case=number, what=[entry.what for entry in change.entries])
            taken += 1
    if taken:
        app.ring("outbox")
    return taken


def send_outbox(app: App) -> int:
    """Send what is due, each in its person's language; what has become pointless is dropped and says so (R34)."""
    now = app.clock.now()
    with app.database.write() as tx:
        claimed = outbox.claim(tx, now, SENDS, LEASE)
    for pending in claimed:
        try:
            _send_one(app, pending)
        except Exception:
            # One notice that cannot be said is never in the others' way; it comes again when its lease is over.
            log.exception("outbox.failed", notice=pending.id, attempt=pending.attempts)
    if claimed:
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


def check_itself(app: App) -> int:
    """The watchman: an open case without an owner or a living timer is found and raised (I2)."""
    found = 0
    with app.database.write() as tx:
        for case in cases.open_cases(tx):
            if case.is_open and not any(t.live and t.next_step_at is not None for t in case.tasks):
                log.error("check.no_next_step", case=case.number)
                found += 1
    return found


def run_until_quiet(app: App, most: int = 1000) -> int:
    """Every round in turn until none has anything to do: how the demo and the stories drive the program."""
    for n in range(most):
        if not sum(tick(app) for tick in (read_inbox, chase, send_outbox, post_to_erp)):
            return n
    raise RuntimeError("the rounds never come to rest")


def _send_one(app: App, pending: Pending) -> None:
    now = app.clock.now()
    with app.database.read() as tx:
        case = cases.get(tx, pending.case) if pending.case else None
    if case is not None and pointless(pending.notice, case):
        with app.database.write() as tx:
            outbox.dropped(tx, pending, now, "no longer needed")
        return
    person = app.plant.person.get(pending.notice.to)
    if person is None:
        with app.database.write() as tx:
            outbox.dropped(tx, pending, now, "person is not in plant.yaml any more")
        return
    name, channel = next(
        ((n, c) for n, c in app.channels.items() if n in person.contacts), ("web", app.channels["web"])
    )
    words = render(pending.notice, person, app.plant, app.records, channel.traits, now)
    address = person.contacts.get(name, person.id)
    outbound = Outbound(address, words.text, words.buttons, case=pending.case, repeat=pending.repeat)
    try:
        sent = send_now(channel, outbound)
    except TryLater as later:
        with app.database.write() as tx:
            due = now + (later.after or _backoff(pending.attempts))
            outbox.later(tx, pending, later.why, due, outcome_unknown=later.outcome_unknown)
        return
    except Rejected as no:
        log.warning("outbox.rejected", notice=pending.id, channel=name)
        with app.database.write() as tx:
            outbox.dropped(tx, pending, now, no.why)
        return
    with app.database.write() as tx:
        if outbox.sent(tx, pending, now, name, sent.message_id):
            conversations.told(tx, person.id, now, words.text, words.buttons, pending.case, name, sent.message_id)


def send_now(channel: Channel, message: Outbound) -> Sent:
    """Send from a plain thread: the channels are asynchronous, the rounds are not."""
    return asyncio.run(channel.send(message))


def pointless(notice: Notice, case: Case) -> bool:
    """Whether what this notice asks for has happened already, so that it would only disturb (R34)."""
    if notice.until is None:
        return False
    if not case.is_open:
        return True
    task = case.task(notice.role) if notice.role else None
    return notice.until == "acknowledged" and (task is None or task.acknowledged_at is not None)


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
            due = now + (later.after or _backoff(claimed.status.attempts))
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


def _backoff(attempts: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(attempts, 10)), MOST_BACKOFF)
