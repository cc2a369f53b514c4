"""What is otherwise between two sets of rules, part by part: none of it may pass as "no difference" (R59)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflow.rules import Rules, TypeRules

# Parts that say nothing about how an exception went: why they cannot be tried on the past.
NOT_TRIED = {
    "gather": "when each piece of a report came is not kept with its exception",
    "records_old": "it is about ERP's export, not about an exception",
    "retention": "it is about what is kept after the end",
}


def changes(old: Rules, new: Rules) -> tuple[str, ...]:
    """The names of all parts that differ: `exceptions.machine_breakdown.planner`, `decisions.scrap`, `quiet_hours`."""
    return tuple(sorted({*_changes(old, new)}))


def why_not_tried(part: str) -> str:
    """Why a part cannot be tried on past exceptions; empty where it was tried."""
    if part.startswith("constraints.") and part.endswith(" (run)"):
        return "it stops orders from being run, and no exception keeps what an order met"
    return NOT_TRIED.get(part, "")


def _changes(old: Rules, new: Rules) -> Iterator[str]:
    for type_ in new.types:
        yield from _of_type(old.types[type_], new.types[type_])
    sections: tuple[tuple[str, Mapping[Any, Any], Mapping[Any, Any]], ...] = (
        ("decisions", old.decisions, new.decisions),
        ("failed_postings", old.failed_posting, new.failed_posting),
        ("approvals", old.approvals, new.approvals),
    )
    for section, had, has in sections:
        yield from (f"{section}.{key}" for key in _apart(had, has))
    rules = [{c.name: (c.when, c.forbids, c.why) for c in r.constraints} for r in (old, new)]
    for name in _apart(*rules):
        found = [r[name][1] for r in rules if name in r]
        yield f"constraints.{name}{' (run)' if all(set(f) <= {'run'} for f in found) else ''}"
    yield from (f"dry_run.{kind}" for kind in old.dry_run ^ new.dry_run)
    alone: tuple[tuple[str, Any, Any], ...] = (
        ("quiet_hours", old.quiet, new.quiet),
        ("triage.roles", old.triage, new.triage),
        ("triage.answer_within", old.answer_within, new.answer_within),
        ("gather", old.gather, new.gather),
        ("watch", old.watch, new.watch),
        ("longest_wait", old.longest_wait, new.longest_wait),
        ("records_old", dict(old.records_old), dict(new.records_old)),
        ("retention", old.keep_words, new.keep_words),
    )
    yield from (name for name, before, after in alone if before != after)


def _of_type(old: TypeRules, new: TypeRules) -> Iterator[str]:
    place = f"exceptions.{new.type}"
    for name in ("needs", "cooling_off", "verify"):
        if getattr(old, name) != getattr(new, name):
            yield f"{place}.{name}"
    roles = dict.fromkeys(c.role for c in (*old.concerns, *new.concerns))
    for role in roles:
        if [c for c in old.concerns if c.role == role] != [c for c in new.concerns if c.role == role]:
            yield f"{place}.{role}"
    if [c.role for c in old.concerns][:1] != [c.role for c in new.concerns][:1]:
        yield f"{place}.lead"


def _apart(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> list[Any]:
    return [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
