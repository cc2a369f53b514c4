"""What new rules would have done later in the life of a past case: second looks, reminders, desks, ERP (R59).

Each difference says which part of the rules makes it, so that a change without any effect can be told from one that
was never looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.approving import limit_of
from workflow.case import Case, Entry, PostingStatus
from workflow.chasing import quiet_until
from workflow.plant import Plant
from workflow.rules import QuietHours, Rules, Verification
from workflow.trying import TRIAGE, Difference, What, facts_of, short

REMINDS = frozenset({"reminded"})
ENDS = frozenset({"resolved", "says_fixed"})  # by somebody's word; a hold ends by decisions


@dataclass(frozen=True, slots=True)
class Past:
    """A case as it went: its log, what it owed ERP, and the one that it was recurrent of."""

    case: Case
    log: Sequence[Entry]
    owed: Sequence[PostingStatus] = ()
    before: Case | None = None


def later_differences(past: Past, new: Rules, old: Rules, plant: Plant) -> Iterator[Difference]:
    """Every difference of how it went on once it was routed."""
    yield from _second_look(past, new, old)
    yield from _cooling_off(past, new, old)
    yield from _quiet(past, new, old, plant)
    yield from _waits(past, new, old)
    yield from _desk(past, new, old)
    yield from _booked(past, new, old)


def _second_look(past: Past, new: Rules, old: Rules) -> Iterator[Difference]:
    case, stated = past.case, facts_of(past.case)
    if case.type is None or stated is None or not any(entry.what in ENDS for entry in past.log):
        return
    now, then = (
        v if (v := rules.types[case.type].verify) is not None and v.when.holds(stated) else None for rules in (new, old)
    )
    if now != then:
        what: What = "second_look" if now is not None else "no_second_look"
        yield Difference(case.number, what, "", _looks(then), _looks(now), f"exceptions.{case.type}.verify")


def _looks(verify: Verification | None) -> str:
    if verify is None:
        return "nobody looks"
    return f"{' or '.join(verify.roles)} within {short(verify.within)}, then {' and '.join(verify.then)}"


def _cooling_off(past: Past, new: Rules, old: Rules) -> Iterator[Difference]:
    """A report that would have reopened the one before, and a reopening that would have been one of its own."""
    case, before = past.case, past.before
    if case.type is None:
        return
    of, now, then = f"exceptions.{case.type}.cooling_off", new.types[case.type], old.types[case.type]
    if now.cooling_off == then.cooling_off:
        return
    if before is not None and before.resolved_at is not None:
        gap = case.captured_at - before.resolved_at
        if then.cooling_off < gap <= now.cooling_off:
            yield Difference(case.number, "reopens", "", f"recurrent of {before.number}", before.number, of)
    fixed: datetime | None = None
    for entry in past.log:
        if entry.what == "resolved":
            fixed = entry.at
        elif entry.what == "reopened" and fixed is not None and now.cooling_off < entry.at - fixed <= then.cooling_off:
            yield Difference(case.number, "is_new", "", "reopened", f"after {short(_minutes(entry.at - fixed))}", of)


def _quiet(past: Past, new: Rules, old: Rules, plant: Plant) -> Iterator[Difference]:
    if new.quiet == old.quiet or past.case.line_stopped is True or past.case.type == "safety":
        return
    reminders = [entry for entry in past.log if entry.what in REMINDS]
    waits = [e for e in reminders if _is_quiet(new.quiet, plant, e.at) and not _is_quiet(old.quiet, plant, e.at)]
    if waits:
        yield Difference(past.case.number, "held_back", "", _clocks(waits, plant), _hours(new.quiet), "quiet_hours")
    if any(_is_quiet(old.quiet, plant, at) and not _is_quiet(new.quiet, plant, at) for at in _waited(past)):
        yield Difference(past.case.number, "not_held_back", "", _hours(old.quiet), _hours(new.quiet), "quiet_hours")


def _waited(past: Past) -> Iterator[datetime]:
    """When steps were due that nobody heard of then: of the tasks that were asked, as their ladders had them."""
    for task in past.case.tasks:
        until = task.acknowledged_at or past.case.resolved_at
        for rung in task.ladder:
            at = task.asked_at + rung.after
            if until is None or at < until:
                yield at


def _is_quiet(quiet: QuietHours | None, plant: Plant, at: datetime) -> bool:
    return quiet is not None and quiet_until(quiet, plant, at) is not None


def _hours(quiet: QuietHours | None) -> str:
    return f"{quiet.start:%H:%M} to {quiet.end:%H:%M}" if quiet is not None else "never"


def _clocks(entries: Sequence[Entry], plant: Plant) -> str:
    return ", ".join(f"{plant.local(entry.at):%H:%M}" for entry in entries)


def _waits(past: Past, new: Rules, old: Rules) -> Iterator[Difference]:
    """Who named a later time than anybody may wait is asked sooner; a slow machine is asked about after so long."""
    limit = min(new.longest_wait, old.longest_wait)
    for entry in past.log if new.longest_wait != old.longest_wait else ():
        until = entry.facts.get("promised_at")
        if entry.what in ("acknowledged", "promised", "waiting") and until:
            wait = datetime.fromisoformat(str(until)) - entry.at
            if wait > limit:
                before, after = (short(_minutes(min(wait, rules.longest_wait))) for rules in (old, new))
                role = str(entry.facts.get("role", ""))
                yield Difference(past.case.number, "asked_sooner", role, before, after, "longest_wait")
    if new.watch != old.watch and any(entry.what == "watched" for entry in past.log):
        yield Difference(past.case.number, "asked_sooner", "", short(old.watch), short(new.watch), "watch")


def _desk(past: Past, new: Rules, old: Rules) -> Iterator[Difference]:
    if any(task.why == TRIAGE for task in past.case.tasks):
        if new.triage != old.triage:
            before, after = (", then ".join(rules.triage) for rules in (old, new))
            yield Difference(past.case.number, "other_desk", "", before, after, "triage.roles")
        if new.answer_within != old.answer_within:
            before, after = (short(rules.answer_within) for rules in (old, new))
            yield Difference(past.case.number, "asked_sooner", "triage", before, after, "triage.answer_within")


def _booked(past: Past, new: Rules, old: Rules) -> Iterator[Difference]:
    """What ERP was owed: who works off a refusal, who approves it first, and what is only written down."""
    number = past.case.number
    refused = {str(e.facts.get("key")) for e in past.log if e.what == "posting_failed"}
    for status in past.owed:
        posting = status.posting
        kind = posting.kind
        if posting.key in refused:
            before, after = (rules.failed_posting.get(kind, "supervisor") for rules in (old, new))
            if before != after:
                yield Difference(number, "other_owner", kind, before, after, f"failed_postings.{kind}")
        now, then = (limit_of(posting, rules.approvals) for rules in (new, old))
        if now != then:
            was, be = ("nobody" if limit is None else " or ".join(limit.roles) for limit in (then, now))
            what: What = "approved_first" if now is not None else "not_approved"
            yield Difference(number, what, kind, was, be, f"approvals.{kind}")
        if (kind in new.dry_run) != (kind in old.dry_run):
            yield Difference(number, "written_only" if kind in new.dry_run else "booked", kind, of=f"dry_run.{kind}")


def _minutes(span: timedelta) -> timedelta:
    return timedelta(minutes=round(span.total_seconds() / 60))
