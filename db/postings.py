"""What is owed to ERP: each posting once by its key, in order within its case, visible until it is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection

from db import changes
from db.claiming import claiming, taking
from db.sql import insert
from db.tables import Facts
from db.tables import case as case_table
from db.tables import posting as table
from workflow.case import Posting, PostingState, PostingStatus
from workflow.ports import Receipt

Doubt = Literal["runs", "unknown"]


class DifferentPosting(Exception):
    """A posting key is known already, with another content: keys come from the business fact (R47)."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A posting to work on, with the state it had before; `status.attempts` counts this attempt.

    `outcome_unknown`: an earlier attempt may have been taken by the ERP, so look before posting (R47).
    """

    id: int
    claim: int
    status: PostingStatus
    outcome_unknown: bool
    approved: bool = False  # by a person, where it is above its limit (R51)


def owe(tx: Connection, postings: Sequence[Posting], at: datetime) -> None:
    """Note what a case owes; the same posting again changes nothing. Raises DifferentPosting."""
    for posting in postings:
        row = {name: getattr(posting, name) for name in _CONTENT}
        fresh = {"owed_since": at, "due_at": at, "attempts": 0, "claim": 0, "outcome_unknown": False}
        adding = insert(tx, table).values(row | fresh).on_conflict_do_nothing(index_elements=["key"])
        if tx.scalar(adding.returning(table.c.id)) is None and _content(tx, posting.key) != _as_kept(posting):
            raise DifferentPosting(posting.key)
        if posting.reverses is not None:  # nobody has to approve what is taken back anyway
            asked = sa.and_(table.c.key == posting.reverses, awaits())
            tx.execute(sa.update(table).where(asked).values(due_at=at))
    if postings:
        changes.touch(tx)


def claim(tx: Connection, now: datetime, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
    """Take postings that are due, and nobody else gets them until the lease is over.

    Within a case the order is kept: while an earlier posting is due, being posted or waiting, the later ones wait.
    One that failed is a person's to look after and holds up nothing; but what could not be taken back is not booked
    anew either, or ERP would count it twice (R47).
    """
    rows = sorted(tx.execute(_CLAIM, taking(now, limit, now + lease)).all(), key=lambda row: row.id)
    return tuple(
        Claimed(row.id, row.claim, _status(row), bool(row.outcome_unknown), row.approved_at is not None) for row in rows
    )


def confirmed(tx: Connection, claimed: Claimed, receipt: Receipt, at: datetime) -> bool:
    """The ERP has taken it. A receipt is true whoever brings it, so it needs no claim; the first one is kept.

    False where a receipt was there already.
    """
    return _booked(tx, claimed.status.posting.key, receipt, at, None)


def by_hand(tx: Connection, key: str, receipt: Receipt, by: str, at: datetime) -> bool:
    """A person has booked it and typed the receipt in; False where it is confirmed already or unknown."""
    return _booked(tx, key, receipt, at, by)


def found(tx: Connection, key: str, receipt: Receipt, at: datetime) -> bool:
    """ERP was asked and has it; False where it is confirmed already or unknown."""
    return _booked(tx, key, receipt, at, None)


def doubt(tx: Connection, key: str, now: datetime) -> Doubt | None:
    """Whether ERP may have taken it without our knowing: it is being told now ("runs"), or an attempt had no answer.

    Locks the posting until the end of the transaction, so that nobody begins to post it meanwhile.
    """
    row = tx.execute(sa.select(table).where(table.c.key == key).with_for_update()).one_or_none()
    if row is None or row.confirmed_at is not None:
        return None
    if row.claimed_at is not None and row.due_at is not None and row.due_at > now:
        return "runs"
    return "unknown" if row.outcome_unknown or row.claimed_at is not None else None


def waiting(tx: Connection, claimed: Claimed, error: str, due_at: datetime, outcome_unknown: bool = False) -> bool:
    """The ERP did not take it now: it comes again at `due_at`; False where the claim was lost."""
    unknown = sa.or_(table.c.outcome_unknown, sa.literal(outcome_unknown))
    return finish(tx, claimed, {"error": error, "due_at": due_at, "outcome_unknown": unknown})


def give_back(tx: Connection, claimed: Claimed, at: datetime) -> bool:
    """It was not begun: it is due again at once, and no attempt is counted; False where the claim was lost."""
    return finish(
        tx, claimed, {"due_at": at, "attempts": table.c.attempts - 1, "outcome_unknown": claimed.outcome_unknown}
    )


def failed(tx: Connection, claimed: Claimed, error: str, owner: str | None, at: datetime) -> bool:
    """The ERP refused it for good: a person looks after it now (R2); False where the claim was lost."""
    posting = claimed.status.posting
    mine = finish(tx, claimed, {"error": error, "owner": owner, "failed_at": at, "due_at": None})
    if mine and posting.reverses is not None:
        behind = sa.and_(table.c.case == posting.case, table.c.kind == posting.kind, table.c.id > claimed.id)
        why = {"error": f"waits until {posting.reverses} is taken back"}
        tx.execute(sa.update(table).where(behind, table.c.due_at.is_not(None)).values(why))
    return mine


def dry_run(tx: Connection, claimed: Claimed, at: datetime) -> bool:
    """It was only written down (R51); False where the claim was lost."""
    return finish(tx, claimed, {"dry_run_at": at, "due_at": None, "error": None})


def retry(tx: Connection, key: str, at: datetime) -> bool:
    """A person says: try again now; False where it is confirmed, or unknown."""
    again = {"due_at": at, "failed_at": None, "dry_run_at": None, "owner": None}
    open_one = sa.and_(table.c.key == key, _not_taken_back(), table.c.confirmed_at.is_(None),
                       table.c.claimed_at.is_(None))  # fmt: skip
    return changed(tx, sa.update(table).where(open_one).values(again))


def reversed_(tx: Connection, key: str, at: datetime) -> bool:
    """A posting was taken back at the ERP; a posting that `reverses` it says so by itself when it is confirmed."""
    taken_back = sa.and_(table.c.key == key, table.c.confirmed_at.is_not(None), table.c.reversed_at.is_(None))
    return changed(tx, sa.update(table).where(taken_back).values(reversed_at=at))


def get(tx: Connection, key: str) -> PostingStatus | None:
    """Where one posting stands."""
    row = tx.execute(_ONE, {"key": key}).one_or_none()
    return _status(row) if row is not None else None


def of_case(tx: Connection, number: str) -> tuple[PostingStatus, ...]:
    """Everything that a case owes or has posted, in the order in which it was owed."""
    return tuple(_status(row) for row in tx.execute(_OF_CASE, {"number": number}))


def find(
    tx: Connection, state: PostingState | None = None, limit: int | None = None, before: str | None = None
) -> tuple[PostingStatus, ...]:
    """Postings in a state, or all, in the order in which they were owed; with a limit the newest ones.

    `before` is the key of a posting: only what was owed before it, and nothing where there is none of this key.
    """
    query = sa.select(table)
    if before is not None:
        query = query.where(table.c.id < sa.select(table.c.id).where(table.c.key == before).scalar_subquery())
    if state is not None:
        query = query.where(_in_state(state))
    if limit is None:
        return tuple(_status(row) for row in tx.execute(query.order_by(table.c.id)))
    rows = tx.execute(query.order_by(table.c.id.desc()).limit(limit)).all()
    return tuple(_status(row) for row in reversed(rows))


def owed_since(tx: Connection, since: datetime) -> tuple[PostingStatus, ...]:
    """Everything that was owed since an instant, and what ERP has refused or not taken since before; in that order."""
    late = sa.and_(_not_settled(), sa.or_(table.c.due_at.is_not(None), table.c.failed_at.is_not(None)))
    query = sa.select(table).where(sa.or_(table.c.owed_since >= since, table.c.owed_since.is_(None), late))
    return tuple(_status(row) for row in tx.execute(query.order_by(table.c.id)))


def unconfirmed(tx: Connection) -> tuple[PostingStatus, ...]:
    """What ERP has not taken yet: due, waiting or failed; in the order in which it was owed."""
    query = sa.select(table).where(_not_settled(), sa.or_(table.c.due_at.is_not(None), table.c.failed_at.is_not(None)))
    return tuple(_status(row) for row in tx.execute(query.order_by(table.c.id)))


def cases_owing(tx: Connection, since: datetime, until: datetime, lines: Sequence[str] = ()) -> tuple[str, ...]:
    """Numbers of the cases captured in a period with a posting that ERP has not confirmed, oldest first.

    Of some lines, or of all.
    """
    owing = sa.select(table.c.case).where(
        table.c.confirmed_at.is_(None), sa.or_(table.c.due_at.is_not(None), table.c.failed_at.is_not(None))
    )
    query = sa.select(case_table.c.number).where(
        case_table.c.number.in_(owing), case_table.c.captured_at >= since, case_table.c.captured_at < until
    )
    if lines:
        query = query.where(case_table.c.line.in_(lines))
    return tuple(tx.scalars(query.order_by(case_table.c.captured_at, case_table.c.number)))


def due_count(tx: Connection) -> int:
    """How many postings are still to be tried; those that failed wait for a person and are not counted."""
    return int(tx.scalar(sa.select(sa.func.count()).where(table.c.due_at.is_not(None))) or 0)


def count_by_state(tx: Connection) -> dict[PostingState, int]:
    """How many there are in each state, counted by the database; states that occur not at all too."""
    states: tuple[PostingState, ...] = get_args(PostingState)
    columns = [sa.func.count(sa.case((_in_state(state), 1))).label(state) for state in states]
    row = tx.execute(sa.select(*columns)).one()
    return {state: int(n) for state, n in zip(states, row, strict=True)}


_CONTENT = ("key", "kind", "case", "body", "occurred_at", "reverses")


def _content(tx: Connection, key: str) -> Posting:
    row = tx.execute(sa.select(table).where(table.c.key == key)).one()
    return _posting(row)


def _as_kept(posting: Posting) -> Posting:
    """The posting as it comes back from the database."""
    return replace(posting, body=Facts.as_kept(posting.body))


def _booked(tx: Connection, key: str, receipt: Receipt, at: datetime, by: str | None) -> bool:
    brought = {"receipt": receipt.number, "confirmed_at": receipt.at, "recorded_at": at, "by_hand": by}
    row = tx.execute(_BOOKED, brought | {"_key": key}).one_or_none()
    if row is None:
        return False
    if row.reverses is not None:
        reversed_(tx, row.reverses, receipt.at)
    changes.touch(tx)
    return True


def finish(tx: Connection, claimed: Claimed, values: dict[str, object]) -> bool:
    """How an attempt ends; False where the claim was lost."""
    mine = sa.and_(table.c.id == claimed.id, table.c.claim == claimed.claim, table.c.due_at.is_not(None))
    return changed(tx, sa.update(table).where(mine).values(values | {"claimed_at": None}))


def changed(tx: Connection, update: sa.Update) -> bool:
    """Whether it was one posting that was changed."""
    done = tx.execute(update).rowcount == 1
    if done:
        changes.touch(tx)
    return done


def _not_settled() -> sa.ColumnElement[bool]:
    return sa.and_(_not_taken_back(), table.c.confirmed_at.is_(None), table.c.dry_run_at.is_(None))


def awaits() -> sa.ColumnElement[bool]:
    """Somebody was asked to approve it and has not answered (R51)."""
    asked = sa.and_(table.c.approval_asked_at.is_not(None), table.c.approved_at.is_(None))
    return sa.and_(asked, _not_settled(), table.c.failed_at.is_(None))


def _not_taken_back() -> sa.ColumnElement[bool]:
    return table.c.reversed_at.is_(None)


def _in_state(state: PostingState) -> sa.ColumnElement[bool]:
    """The facts that make up a state; the same order as in `_state`."""
    c = table.c
    confirmed_ = sa.and_(c.reversed_at.is_(None), c.confirmed_at.is_not(None))
    open_ = sa.and_(_not_settled(), c.failed_at.is_(None))
    match state:
        case "reversed":
            return c.reversed_at.is_not(None)
        case "manual":
            return sa.and_(confirmed_, c.by_hand.is_not(None))
        case "posted":
            return sa.and_(confirmed_, c.by_hand.is_(None))
        case "dry_run":
            return sa.and_(c.confirmed_at.is_(None), c.dry_run_at.is_not(None), c.reversed_at.is_(None))
        case "failed":
            return sa.and_(_not_settled(), c.failed_at.is_not(None))
        case "waiting":
            return sa.and_(open_, c.error.is_not(None))
        case "due":
            return sa.and_(open_, c.error.is_(None))


def _state(row: sa.Row[tuple[object, ...]]) -> PostingState:
    if row.reversed_at is not None:
        return "reversed"
    if row.confirmed_at is not None:
        return "manual" if row.by_hand is not None else "posted"
    if row.dry_run_at is not None:
        return "dry_run"
    if row.failed_at is not None:
        return "failed"
    return "waiting" if row.error is not None else "due"


def _posting(row: sa.Row[tuple[object, ...]]) -> Posting:
    return Posting(row.key, row.kind, row.case, row.body, row.occurred_at, row.reverses)


def _status(row: sa.Row[tuple[object, ...]]) -> PostingStatus:
    return PostingStatus(
        posting=_posting(row),
        state=_state(row),
        receipt=row.receipt,
        attempts=row.attempts,
        error=row.error,
        owner=row.owner,
        owed_since=row.owed_since,
        confirmed_at=row.confirmed_at,
    )


def _claiming() -> sa.sql.dml.ReturningUpdate[Any]:
    earlier = table.alias("earlier")
    stuck = sa.and_(earlier.c.reverses.is_not(None), earlier.c.failed_at.is_not(None), earlier.c.kind == table.c.kind)
    before = sa.and_(earlier.c.case == table.c.case, earlier.c.id < table.c.id)
    ahead = sa.exists().where(before, sa.or_(earlier.c.due_at.is_not(None), stuck))
    return claiming(table, ahead, (table.c.due_at, table.c.id), "outcome_unknown")


_ONE = sa.select(table).where(table.c.key == sa.bindparam("key"))
_OF_CASE = sa.select(table).where(table.c.case == sa.bindparam("number")).order_by(table.c.id)
_CLAIM = _claiming()
_BOOKED = (
    sa.update(table)
    .where(table.c.key == sa.bindparam("_key"), table.c.confirmed_at.is_(None))
    # Whoever still holds it may not fail it any more.
    .values(due_at=None, claimed_at=None, failed_at=None, error=None, claim=table.c.claim + 1)
    .returning(table.c.reverses)
)
