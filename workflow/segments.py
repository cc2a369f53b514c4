"""The stretches of an exception's life: nobody had it, somebody worked, it waited for something, ERP lacked it (R6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from workflow.case import Entry

Kind = Literal["unattended", "working", "waiting", "fixed_not_posted"]
LETS_GO = frozenset({"declined", "went_quiet", "went_off_shift", "handed_over"})
WORKS_AGAIN = frozenset({"acknowledged", "updated", "promised", "reworked"})


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch; `end` is None while it lasts."""

    kind: Kind
    start: datetime
    end: datetime | None = None
    waiting_for: str | None = None  # the stated thing, in its author's words

    def minutes(self, now: datetime) -> float:
        """How long it took, or has taken by now."""
        return max(0.0, ((self.end or now) - self.start).total_seconds() / 60)


def segments(log: Iterable[Entry]) -> tuple[Segment, ...]:
    """The life of a case from its report to its end, as its log tells it; without gap and without overlap.

    Somebody works as soon as one function has taken it. What no time lay between is no stretch of its own.
    """
    found: list[Segment] = []
    at_work: set[str] = set()
    for entry in log:
        kind, thing = _after(entry, at_work, found[-1] if found else None)
        if found and found[-1].end is not None and kind is not None and entry.what != "reopened":
            continue  # what comes after its end is none of its life
        if found and (kind != found[-1].kind or thing != found[-1].waiting_for or entry.what == "reopened"):
            last = found[-1]
            if last.end is None:
                found[-1] = Segment(last.kind, last.start, entry.at, last.waiting_for)
        if kind is not None and (not found or found[-1].end is not None):
            found.append(Segment(kind, entry.at, None, thing))
    return tuple(one for one in found if one.end is None or one.end > one.start)


def _after(entry: Entry, at_work: set[str], last: Segment | None) -> tuple[Kind | None, str | None]:
    """What a case does after an entry, and what it waits for; None once it is over."""
    role = str(entry.facts.get("role") or "")
    match entry.what:
        case "reported" | "reopened":
            at_work.clear()
            return "unattended", None
        case "waiting":
            at_work.add(role)
            thing = entry.facts.get("waiting_for")
            return "waiting", str(thing) if thing else None
        case "resolved":
            return "fixed_not_posted", None
        case "closed" | "cancelled" | "merged":
            return None, None
        case "acknowledged" | "seconded" | "decided":
            at_work.add(role)
            return "working", None
        case what if what in LETS_GO:
            at_work.discard(role)
            return ("working" if at_work else "unattended"), None
        case what if what in WORKS_AGAIN and last is not None and last.kind == "waiting":
            return "working", None
    return (last.kind, last.waiting_for) if last is not None else ("unattended", None)
