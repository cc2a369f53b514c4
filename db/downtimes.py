"""Which spans of a machine, or of its line, other exceptions count already (R49)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from db import cases
from workflow.case import Case
from workflow.downtime import MINUTE, Stood, same_stop
from workflow.metrics import counts, minutes_down

LONGEST = timedelta(days=7)  # of a stop that is looked for


def beside(tx: Connection, case: Case) -> tuple[Stood, ...]:
    """The spans of the same machine, or its line, that exceptions which have ended count, this one's own left out."""
    since = case.since - LONGEST
    if case.line is not None:
        found = cases.find(tx, line=case.line, since=since)
    elif case.assets:  # a utility is at no line
        found = cases.find(tx, asset=case.assets[0], since=since)
    else:
        return ()
    spans = []
    for other in found:
        minutes = minutes_down(other) if other.number != case.number and counts(other) else None
        if minutes and other.resolved_at is not None and same_stop(case, other):
            gross = other.downtime_min if other.downtime_min is not None else minutes
            spans.append(Stood(other.number, other.since, other.since + gross * MINUTE))
    return tuple(spans)
