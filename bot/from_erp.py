"""What comes in from ERP and concerns people: changes under open exceptions, and records that are too old (R50)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from bot.running import lines_changed, watch_lines
from bot.watchman import who_runs_the_shift
from db import cases, outbox, postings, settings
from db.connect import Stale, one_at_a_time
from workflow.case import Notice
from workflow.changed_records import changed, known, known_by_now, tried_again

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

SEEN = "erp_said"  # of each open case, what ERP last said of what it names: case -> id -> facts
OLD_TOLD = "records_old_told_at"
EXPORTED = "records_exported"  # file -> when it was written, and since when we have seen it so
STILL_TOLD = "records_still_told_at"
OLD_AFTER = timedelta(minutes=15)  # without fresh records
AGAIN = timedelta(hours=4)  # before people are told once more


def tell_of_changes(app: App) -> int:
    """Tell those concerned what ERP changed under their exceptions, once; returns how many exceptions it was."""
    if not (app.records.work_orders or app.records.lots):
        return 0  # an empty export tells of nothing
    told = _try_again(app)
    with app.database.read() as tx:
        same = {case.number: known(case, app.records) for case in cases.open_cases(tx)}
        if (settings.get(tx, SEEN) or {}) == same and not lines_changed(tx, app.world()):
            return told
    with app.database.write() as tx:
        one_at_a_time(tx, "erp changes")
        world = app.world()
        seen = settings.get(tx, SEEN) or {}
        now_seen: dict[str, object] = {}
        for case in cases.open_cases(tx):
            before = seen.get(case.number)
            change = changed(case, before, world) if before is not None else None
            if change is not None:
                try:
                    with tx.begin_nested():
                        cases.save(tx, change, world.now)
                except Stale:
                    now_seen[case.number] = before  # somebody was faster: the next round looks again
                    continue
                told += 1
                log.info("erp.changed", case=case.number, what=[entry.what for entry in change.entries])
            now_seen[case.number] = known(change.case if change is not None else case, world.records)
        told += watch_lines(tx, world)
        if now_seen != seen:
            settings.put(tx, SEEN, now_seen, world.now)
    if told:
        app.ring("outbox", "postings")
    return told


def _try_again(app: App) -> int:
    """What ERP refused because it did not know an order or a lot goes to it once more as soon as it does (R50)."""
    with app.database.read() as tx:
        due = [
            (status, ids)
            for status in postings.find(tx, "failed")
            if (ids := known_by_now(status, cases.log_of(tx, status.posting.case), app.records))
        ]
    tried = 0
    for status, ids in due:
        try:
            with app.database.write() as tx:
                case = cases.get(tx, status.posting.case)
                now = postings.get(tx, status.posting.key)
                if case is None or now is None or now.state != "failed":
                    continue  # a person was faster
                if postings.retry(tx, status.posting.key, app.clock.now()):
                    cases.save(tx, tried_again(case, status, ids, app.world()), app.clock.now())
                    tried += 1
        except Stale:
            continue  # the next round looks again
        log.info("erp.knows_now", key=status.posting.key)
    if tried:
        app.ring("outbox", "postings")
    return tried


def tell_of_age(app: App, taken_at: datetime) -> int:
    """Tell whoever runs the shift that ERP's records are too old to go by; `taken_at`: when they were last had."""
    world = app.world()
    if world.now - taken_at <= OLD_AFTER:
        return 0
    with app.database.write() as tx:
        one_at_a_time(tx, "erp changes")
        told = settings.get(tx, OLD_TOLD)
        if told is not None and world.now - datetime.fromisoformat(told) < AGAIN:
            return 0
        settings.put(tx, OLD_TOLD, world.now.isoformat(), world.now)
        facts = {"since_at": taken_at.isoformat(), "error": app.records_error}
        for person in who_runs_the_shift(world):
            outbox.put(tx, None, Notice(person.id, "records_old", facts), world.now)
    log.warning("records.too_old", minutes=round((world.now - taken_at) / timedelta(minutes=1)))
    app.ring("outbox")
    return 1


def tell_of_exports(app: App) -> int:
    """Tell whoever runs the shift that a file of ERP's export stands still though it can be read: its job has died.

    Each file by itself, so that a fresh one hides no stale one. It counts from when Linecall saw it so first. A plant
    that is only played has no export.
    """
    world, limits = app.world(), app.folder.rules.records_old
    exported = dict(app.records.exported)
    if app.config.play or not exported:
        return 0
    with app.database.read() as tx:
        before = settings.get(tx, EXPORTED) or {}
        told = settings.get(tx, STILL_TOLD)
    now = world.now.isoformat()
    fresh = {file: {"written": at.isoformat(), "seen": now} for file, at in exported.items()}
    seen = {
        file: before[file] if before.get(file, {}).get("written") == one["written"] else one
        for file, one in fresh.items()
    }
    since = {file: datetime.fromisoformat(one["seen"]) for file, one in seen.items()}
    old = [file for file in seen if file in limits and world.now - since[file] > limits[file]]
    due = bool(old) and (told is None or world.now - datetime.fromisoformat(told) >= AGAIN)
    if not due and seen == before:
        return 0
    with app.database.write() as tx:
        one_at_a_time(tx, "erp changes")
        settings.put(tx, EXPORTED, seen, world.now)
        if not due or settings.get(tx, STILL_TOLD) != told:
            return 0
        settings.put(tx, STILL_TOLD, now, world.now)
        facts = {"exports": old, "since_at": min(exported[file] for file in old).isoformat()}
        for person in who_runs_the_shift(world):
            outbox.put(tx, None, Notice(person.id, "records_still", facts), world.now)
    log.warning("records.export_stands_still", files=old)
    app.ring("outbox")
    return 1
