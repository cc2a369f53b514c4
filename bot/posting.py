"""Posts what is owed: looks before it repeats, keeps a case's order, closes what ERP has confirmed (R2, R43, R47)."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot.approving import waits_for_approval
from bot.sending import backoff
from bot.taking_back import nothing_to_take_back
from bot.watchman import who_runs_the_shift
from db import cases, posting_waits, postings, taken_back
from db.cases import Stale
from db.postings import Claimed
from integrations.erp.several import Several
from workflow import finishing
from workflow.case import Change, Entry, Notice, PostingKind
from workflow.errors import Away, Rejected, TryLater
from workflow.plant import on_shift
from workflow.ports import Erp, Receipt, SideBySide
from workflow.routing import LINECALL

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

AT_A_TIME = 10  # postings that one worker takes for each that ERP takes at once
LEASE = timedelta(seconds=45)  # after which they are somebody else's: whoever held them has died
RENEW = timedelta(seconds=15)  # so often whoever lives makes it last longer
TOLD_AFTER = timedelta(minutes=2)  # what has waited so long was told of, and need not knock by itself
STOP_AFTER = timedelta(seconds=15)  # no new one is begun then, so that none outlives its lease by much
ERP_IS_SLOW = timedelta(seconds=30)  # after which people hear that ERP has not taken it
RACES = 10  # lost on one case
SPARE = 2  # threads a system

Settle = Callable[[Connection], bool]  # False where the claim was lost


def post_to_erp(app: App) -> int:
    """Post what is owed; after an unknown outcome the ERP is asked first (R47). Closes what is confirmed (R2).

    Each system gets as many side by side as it takes, so that a queue drains at its pace, and a slow one is not in the
    others' way. What is claimed together belongs to different cases, so the order within a case is kept.
    """
    started = app.clock.now()
    side_by_side = sum(_at_once(system) for system in _systems(app.erp))
    with app.database.write() as tx:
        claimed = postings.claim(tx, started, AT_A_TIME * side_by_side, LEASE)
    with _kept(app, claimed):
        queues = _by_system(app, claimed)
        drains = [queue for system, queue in queues for _ in range(min(_threads(system), len(queue)))]
        if len(drains) < 2:
            for queue in drains:
                _drain(app, queue, started)
        else:
            with ThreadPoolExecutor(len(drains), "linecall-posting") as threads:
                for done in [threads.submit(_drain, app, queue, started) for queue in drains]:
                    done.result()
    return len(claimed)


def _drain(app: App, queue: deque[Claimed], started: datetime) -> None:
    """Post from a queue until it is empty or the round has lasted long enough; the rest is given back."""
    while queue:
        try:
            one = queue.popleft()
        except IndexError:  # another thread took the last one
            return
        if app.clock.now() - started > STOP_AFTER:
            with app.database.write() as tx:
                postings.give_back(tx, one, app.clock.now())
        else:
            _post_one(app, one)


def _by_system(app: App, claimed: Sequence[Claimed]) -> list[tuple[Erp, deque[Claimed]]]:
    """What each system has to book, in order; what nobody books is the first one's to refuse."""
    systems = _systems(app.erp)
    queues: list[tuple[Erp, deque[Claimed]]] = [(system, deque()) for system in systems]
    for one in claimed:
        booked_by = app.erp.books.get(one.status.posting.kind) if isinstance(app.erp, Several) else app.erp
        queues[systems.index(booked_by) if booked_by is not None else 0][1].append(one)
    return queues


def _systems(erp: Erp) -> tuple[Erp, ...]:
    return erp.systems if isinstance(erp, Several) else (erp,)


def _at_once(system: Erp) -> int:
    return system.at_once if isinstance(system, SideBySide) else 1


def _threads(system: Erp) -> int:
    """A few more than ERP has hands: they write down what became of theirs while others ask."""
    at_once = _at_once(system)
    return at_once + SPARE if at_once > 1 else 1


@contextmanager
def _kept(app: App, claimed: Sequence[Claimed]) -> Iterator[None]:
    """Nobody else gets these while we live, however slow ERP is: two at once might both book one (R47)."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(RENEW.total_seconds()):
            with app.database.write() as tx:
                posting_waits.keep_claimed(tx, claimed, app.clock.now() + LEASE)

    keeper = threading.Thread(target=keep, name="linecall-postings-kept", daemon=True)
    if claimed:
        keeper.start()
    try:
        yield
    finally:
        done.set()
        if claimed:
            keeper.join()


def _post_one(app: App, claimed: Claimed) -> None:
    posting, now = claimed.status.posting, app.clock.now()
    try:
        if posting.kind not in app.erp.kinds:
            raise Rejected(f"no connected system books {posting.kind}")
        if nothing_to_take_back(app, claimed):
            _settle(app, claimed, lambda tx: taken_back.never_booked(tx, claimed, now))
            return
        if posting.kind in app.folder.rules.dry_run:
            _settle(app, claimed, lambda tx: postings.dry_run(tx, claimed, now))
            return
        if waits_for_approval(app, claimed):
            return
        with app.spans.span("post", f"case {posting.case}", case=posting.case, kind=posting.kind):
            receipt = app.erp.find(posting.key) or app.erp.post(posting)
    except TryLater as later:
        due = now + (later.after or backoff(claimed.status.attempts))
        why, unknown = later.why, later.outcome_unknown
        since = claimed.status.owed_since
        slow = since is not None and now - since >= ERP_IS_SLOW
        _settle(app, claimed, lambda tx: postings.waiting(tx, claimed, why, due, unknown), tell=slow)
        if isinstance(later, Away):
            with app.database.write() as tx:
                posting_waits.wait_together(tx, _booked_with(app, posting.kind), why, now, due, now - TOLD_AFTER)
    except Rejected as no:
        why, owner = no.why, _looks_after(app, posting.kind)
        log.warning("postings.rejected", key=posting.key)
        _settle(app, claimed, lambda tx: postings.failed(tx, claimed, why, owner, now))
    except Exception:
        # A bug of ours in one posting is never in the others' way; it may have been booked all the same.
        log.exception("postings.failed", key=posting.key)
        due = now + backoff(claimed.status.attempts)
        _settle(app, claimed, lambda tx: postings.waiting(tx, claimed, "a fault of Linecall; see its log", due, True))
    else:

        def confirm(tx: Connection) -> bool:
            fresh = postings.confirmed(tx, claimed, receipt, now)
            if not fresh:
                _booked_twice(app, tx, claimed, receipt)
            if claimed.status.state == "waiting":
                # It answers again: nobody waits for the end of his own pause.
                posting_waits.release_backoff(tx, now, _booked_with(app, posting.kind))
            return fresh

        _settle(app, claimed, confirm)
        log.info("postings.confirmed", key=posting.key)


def _settle(app: App, claimed: Claimed, settle: Settle, *, tell: bool = True) -> None:
    """What became of a posting, its line in the log, who hears of it and the end of its case: one transaction, so that
    a crash leaves no case open whose postings are all confirmed.
    """
    for _ in range(RACES):
        try:
            with app.database.write() as tx:
                if settle(tx) and tell:  # whose claim was lost has nothing to tell: somebody else has settled it
                    _write_into_its_case(app, tx, claimed)
        except Stale:
            continue
        app.ring("outbox")
        return
    log.error("postings.not_settled", key=claimed.status.posting.key)  # it is posted again after its lease: found then


def _write_into_its_case(app: App, tx: Connection, claimed: Claimed) -> None:
    key, number = claimed.status.posting.key, claimed.status.posting.case
    case, known = cases.get(tx, number), postings.of_case(tx, number)
    status = next((s for s in known if s.posting.key == key), None)
    if case is None or status is None:
        return
    if status.state in ("posted", "manual"):
        change = finishing.booked(case, status, app.world())
        closing = finishing.confirmed(change.case, known, app.world())
        change = change.then(closing) if closing is not None else change
    elif status.state == "reversed" and status.confirmed_at is None:
        change = finishing.never_booked(case, status, app.world())
        closing = finishing.confirmed(change.case, known, app.world())
        change = change.then(closing) if closing is not None else change
    elif status.state == "dry_run":
        change = finishing.written_down(case, status, app.world())
        closing = finishing.confirmed(change.case, known, app.world())
        change = change.then(closing) if closing is not None else change
    elif status.state == "failed":
        change = finishing.not_booked(case, status, app.world(), for_good=True)
    elif status.state == "waiting" and not _said_already(tx, number, key):
        change = finishing.not_booked(case, status, app.world(), for_good=False)
    else:
        return
    cases.save(tx, change, app.clock.now())


def _booked_twice(app: App, tx: Connection, claimed: Claimed, receipt: Receipt) -> None:
    """Somebody had booked it by hand meanwhile, and ERP has taken ours as well: a person takes one of them back."""
    posting = claimed.status.posting
    known, case = postings.get(tx, posting.key), cases.get(tx, posting.case)
    if known is None or case is None or known.receipt in (None, receipt.number):
        return
    log.error("postings.booked_twice", key=posting.key)
    facts = {"case": case.number, "kind": posting.kind, "key": posting.key}
    facts |= {"first": str(known.receipt), "second": receipt.number}
    entry = Entry(app.clock.now(), LINECALL, "booked_twice", "", facts)
    to = dict.fromkeys(p for p in (known.owner, _looks_after(app, posting.kind)) if p)
    cases.save(tx, Change(case, (entry,), tuple(Notice(p, "booked_twice", facts) for p in to)), app.clock.now())


def _said_already(tx: Connection, number: str, key: str) -> bool:
    return any(e.what == "posting_waits" and e.facts.get("key") == key for e in cases.log_of(tx, number))


def _booked_with(app: App, kind: PostingKind) -> tuple[str, ...]:
    """The kinds that the same system books."""
    erp = app.erp
    if not isinstance(erp, Several):
        return tuple(erp.kinds)
    return tuple(other for other, system in erp.books.items() if system is erp.books.get(kind))


def _looks_after(app: App, kind: str) -> str | None:
    """Whose task it is: somebody who is there, else the first of the function all the same; none is nobody's (R2)."""
    role, world = app.folder.rules.failed_posting.get(kind, "supervisor"), app.world()
    there = (on_shift(world.plant, one, world.now) for one in (role, "supervisor"))
    people = next((found for found in there if found), ()) or who_runs_the_shift(world)
    off_shift = (p for one in (role, "supervisor", "manager") for p in world.plant.people if one in p.roles)
    owner = next(iter(people), None) or next((p for p in off_shift if not p.shared), None)
    return owner.id if owner is not None else None
