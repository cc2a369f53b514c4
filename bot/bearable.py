"""Three reminders to one person within a few minutes become one message that lists them; never of a stopped line (R37).

What would be due in the next minutes comes along, where all that it would tell stands in such lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.answer import item
from workflow.case import Change, Notice
from workflow.routing import World

FROM = 3  # reminders
AHEAD = timedelta(minutes=3)  # whose reminders come along
STEPS = frozenset({"escalated", "nobody_on_shift", "reminded"})  # what such a step leaves in the log
REMINDERS = frozenset({"reminder", "escalated", "nobody_there", "out_of_reach"})


def bearable(changes: Sequence[Change], world: World) -> tuple[list[Change], list[Notice]]:
    """The changes without what is told together, and the one message for each person who would have had many."""
    many = Counter(n.to for change in changes for n in change.notices if _can_be_listed(n, change))
    together = {person for person, n in many.items() if n >= FROM}
    listed: dict[str, list[Change]] = {person: [] for person in sorted(together)}
    kept = []
    for change in changes:
        taken_out = [n for n in change.notices if n.to in together and _can_be_listed(n, change)]
        for person in dict.fromkeys(n.to for n in taken_out):
            listed[person].append(change)
        own = tuple(n for n in change.notices if not (n.to in together and _can_be_listed(n, change)))
        kept.append(replace(change, notices=own) if taken_out else change)
    notices = [
        Notice(person, "reminders", {"n": len(of), "items": [item(c.case, world) for c in of]})
        for person, of in listed.items()
    ]
    return kept, notices


def any_listed(changes: Sequence[Change]) -> bool:
    """Whether any of these steps tells what could stand in a list."""
    return any(_can_be_listed(n, change) for change in changes for n in change.notices)


def along(changes: Sequence[Change], ahead: Sequence[Change], world: World) -> list[Change]:
    """Of the steps of the next minutes those that tell nobody anything but in a list; the log has them as of now."""
    due = Counter(n.to for change in changes for n in change.notices if _can_be_listed(n, change))
    kept = [change for change in ahead if _lists_alone(change) and all(due[n.to] for n in change.notices)]
    while True:
        many = due + Counter(n.to for change in kept for n in change.notices)
        still = [change for change in kept if all(many[n.to] >= FROM for n in change.notices)]
        if len(still) == len(kept):
            break
        kept = still
    return [replace(c, entries=tuple(replace(entry, at=world.now) for entry in c.entries)) for c in kept]


def _lists_alone(change: Change) -> bool:
    plain = not change.postings and {entry.what for entry in change.entries} <= STEPS
    return plain and bool(change.notices) and all(_can_be_listed(n, change) for n in change.notices)


def _can_be_listed(notice: Notice, change: Change) -> bool:
    return notice.name in REMINDERS and change.case.line_stopped is not True and change.case.type != "safety"
