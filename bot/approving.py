"""Postings above their limit: who is asked, and what their answer does; until then ERP does not get them (R51)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.watchman import who_runs_the_shift
from db import approvals, cases, postings
from db.connect import Stale
from workflow import approving
from workflow.case import CONFIRMED, Change
from workflow.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from db.postings import Claimed
    from workflow.case import PostingStatus
    from workflow.plant import Person
    from workflow.routing import World
    from workflow.rules import Rules

log = structlog.get_logger()

AGAIN = timedelta(hours=4)  # unanswered, whoever is there then is asked
SOON = timedelta(minutes=15)  # until somebody is looked for again where nobody was there
RETRIES = 10


def waits_for_approval(app: App, claimed: Claimed) -> bool:
    """Ask for it where a posting is above its limit and nobody has approved it; True where it waits now."""
    posting = claimed.status.posting
    limit = approving.limit_of(posting, app.folder.rules.approvals)
    if limit is None or claimed.approved:
        return False
    world = app.world()
    for _ in range(RETRIES):
        try:
            with app.database.write() as tx:
                case = cases.get(tx, posting.case)
                if case is None:
                    return False
                may = approving.approvers(case, posting, limit, world)
                owner = next((p.id for p in may or who_runs_the_shift(world)), None)
                why = f"above {limit.above:.15g}: waits for the approval of {' or '.join(limit.roles)}"
                due = world.now + (AGAIN if may else SOON)
                if approvals.asks_approval(tx, claimed, why, owner, due, world.now) and may:
                    cases.save(tx, approving.ask(case, claimed.status, limit, may, world), world.now)
        except Stale:
            continue
        app.ring("outbox")
        log.info("postings.approval_asked", key=posting.key)
        return True
    return True


def decided(tx: Connection, status: PostingStatus, by: Person, rules: Rules, world: World, *, yes: bool) -> Change:
    """The change that an answer is; the posting itself is marked. Refused where nobody waits for it any more."""
    case = cases.get(tx, status.posting.case)
    limit = approving.limit_of(status.posting, rules.approvals)
    if case is None or status.state in CONFIRMED or not approvals.awaits_approval(tx, status.posting.key):
        raise Refused("approve.late", case=status.posting.case)
    change = approving.decide(case, status, by, limit, world, yes=yes)
    if yes:
        approvals.approve(tx, status.posting.key, by.id, world.now)
    else:
        why = f"not approved by {by.name}: correct the record, or have it tried again"
        approvals.turn_down(tx, status.posting.key, why, case.resolved_by, world.now)
    return change


def answer(app: App, key: str, by: Person, *, yes: bool) -> PostingStatus | None:
    """The answer of the page or the API; None where nobody owes it. Raises Refused."""
    for _ in range(RETRIES):
        world = app.world()
        try:
            with app.database.write() as tx:
                status = postings.get(tx, key)
                if status is None:
                    return None
                cases.save(tx, decided(tx, status, by, world.rules, world, yes=yes), world.now)
                status = postings.get(tx, key)
        except Stale:
            continue
        app.ring("outbox", "postings")
        return status
    raise Stale(key)
