"""Which spans of a machine other exceptions count already (R49)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from db import cases
from workflow.case import Case
from workflow.downtime import MINUTE, Stood, stands_at
from workflow.metrics import counts, minutes_down

LONGEST = timedelta(days=7)  # of a stop that is looked for


def beside(tx: Connection, case: Case) -> tuple[Stood, ...]:
    """The spans of the same machine, or line, that exceptions which have ended count, this one's own left out."""
    where = stands_at(case)
    if where is None:
        return ()
    since = case.since - LONGEST
    found = cases.find(tx, asset=where, since=since) if case.assets else cases.find(tx, line=where, since=since)
    spans = []
    for other in found:
        minutes = minutes_down(other) if other.number != case.number and counts(other) else None
        if minutes and other.resolved_at is not None and stands_at(other) == where:
            gross = other.downtime_min if other.downtime_min is not None else minutes
            spans.append(Stood(other.number, other.since, other.since + gross * MINUTE))
    return tuple(spans)
