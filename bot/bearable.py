"""Five reminders to one person in one round become one message that lists them; never of a stopped line (R37)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.answer import item
from workflow.case import Change, Notice
from workflow.routing import World

FROM = 5  # reminders
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


def _can_be_listed(notice: Notice, change: Change) -> bool:
    return notice.name in REMINDERS and change.case.line_stopped is not True and change.case.type != "safety"
