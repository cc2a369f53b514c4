"""A few rows with the plant's own names, for the stories of the storage room."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from db import cases
from db.connect import Database
from workflow.case import Case, Change, Entry, Notice, Posting, Step, Task
from workflow.messages import Inbound

SIX = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)  # six in the morning in Chicago
LEASE = timedelta(seconds=30)


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def a_task(role: str = "maintenance", **given: Any) -> Task:
    facts: dict[str, Any] = {
        "asked_at": SIX,
        "owner": "gary",
        "told": ("gary", "anita"),
        "ladder": (Step(minutes(5)), Step(minutes(10), ("supervisor",))),
        "next_step_at": SIX + minutes(5),
        "why": "breakdown",
        "facts": {"line_stopped": True},
    }
    return Task(role, **(facts | given))


def a_case(number: str = "EX-1001", **given: Any) -> Case:
    facts: dict[str, Any] = {
        "plant": "riverside",
        "captured_at": SIX,
        "reporter": "maria",
        "said": "filler on 3 jammed",
        "type": "machine_breakdown",
        "line": "L3",
        "assets": ("L3-FIL",),
        "opened_at": SIX,
        "tasks": (a_task(),),
    }
    return Case(number, **(facts | given))


def a_message(message_id: str = "m-1", sent_at: datetime = SIX, **given: Any) -> Inbound:
    facts: dict[str, Any] = {"channel": "web", "sender": "maria", "conversation": "maria", "text": "filler jammed"}
    return Inbound(message_id=message_id, sent_at=sent_at, **(facts | given))


def a_posting(key: str, case: str = "EX-1001", **given: Any) -> Posting:
    facts: dict[str, Any] = {"kind": "downtime", "body": {"minutes": 40.0, "asset": "L3-FIL"}, "occurred_at": SIX}
    return Posting(key=key, case=case, **(facts | given))


def saved(database: Database, case: Case, **change: Any) -> Case:
    """Save a case in a transaction of its own."""
    with database.write() as tx:
        return cases.save(tx, Change(case, **change), SIX)


def saved_again(database: Database, case: Case, **new: Any) -> Case:
    return saved(database, replace(case, **new))


def an_entry(what: str = "opened") -> Entry:
    return Entry(SIX, "maria", what, "breakdown", {"line": "L3"})


def a_notice(to: str = "gary", name: str = "asked.maintenance", **given: Any) -> Notice:
    return Notice(to, name, {"line": "L3"}, **given)
