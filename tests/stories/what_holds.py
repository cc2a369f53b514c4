"""What must be true of every act of `workflow/`, whoever did it and whenever: the invariants that need no chat.

I2, I3 and I7 to I11, as far as they speak of acts. They look at a `Change` and at what stood before it, and at nothing
else; `test_any_course.py` asks for them after each of its steps. Where the rest is asked for: docs/invariants.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bot.say import button_value, parse_button
from bot.wording import texts
from workflow.case import LINECALL, Case, Change, Task
from workflow.plant import Person, Plant, is_on_shift
from workflow.routing import World
from workflow.watching import wants

MOST_BUTTONS = 8  # of one message: the fewest that a chat with buttons has beside those that it numbers
# By which entries of the log somebody who had taken a function has it no more (R26 to R32, R35, R38, R45).
GIVES_BACK = frozenset({"declined", "handed_over", "went_quiet", "went_off_shift", "reopened", "release_withdrawn",
                        "reworked", "asked", "shift_taken", "withdrawn"})  # fmt: skip
OPENS_AGAIN = frozenset({"reopened", "release_withdrawn"})
HOLDS_MORE = frozenset({"held", "reworked", "release_withdrawn"})
# What asks somebody who may be at home by now: they alone know whether their machine runs, and silence calls others.
OF_THE_REPORTER = frozenset({"runs_again", "still_slow", "handed_to_triage"})
THE_END = frozenset({"resolved", "cancelled"})


def everything_told_is_whole(change: Change, plant: Plant) -> None:
    """I7, I10, I11: people and keys of this plant; words for all of it; buttons that a chat can carry and that work."""
    case = change.case
    for notice in change.notices:
        assert notice.to in plant.person, f"I7: {case.number}: {notice.name} to {notice.to}, who is nobody here"
        assert not plant.person[notice.to].shared or notice.to in (case.reporter, *case.joined), (
            "R55: it is never asked"
        )
        assert notice.name in _texts(), f"I10: there are no words for {notice.name}"
        assert len(notice.offers) <= MOST_BUTTONS, f"I11: {notice.name} has {len(notice.offers)} buttons"
        for offer in notice.offers:
            value = button_value(offer.act, case.number, *offer.args)
            pressed = parse_button(value)
            assert pressed is not None, f"I11: {value} is no button that anybody could press"
            assert (pressed.act, pressed.args) == (offer.act, offer.args), f"I11: {value} comes back as {pressed}"
    for entry in change.entries:
        assert entry.who == LINECALL or entry.who in plant.person, f"I7: {case.number}: {entry.what} by {entry.who}"
        assert f"log.{entry.what}" in _texts(), f"I10: the log has no words for {entry.what}"
    for posting in change.postings:
        assert posting.key.startswith(f"{plant.id}/{case.number}/"), f"I7: {posting.key} is not {case.number} of here"
        assert posting.case == case.number, f"I7: {posting.key} of {posting.case}"
    assert case.plant == plant.id, f"I7: {case.number} is of {case.plant}"


def nobody_is_named(change: Change, plant: Plant) -> None:
    """I8: what is kept and sent on names people by their ids alone, so that a name can be erased and never leaks."""
    kept = repr([entry.facts for entry in change.entries]) + repr([posting.body for posting in change.postings])
    for person in plant.people:
        assert person.name not in kept, f"I8: {change.case.number} keeps the name of {person.id}: {kept}"


def somebody_is_answered(change: Change, by: Person) -> None:
    """I10: whoever did it reads what became of it."""
    told = [notice.name for notice in change.notices if notice.to == by.id]
    assert told, f"I10: {by.id} did {[e.what for e in change.entries]} and hears nothing"


def refusal_has_words(name: str) -> None:
    """I10: whoever may not reads why."""
    assert f"refused.{name}" in _texts(), f"I10: there are no words for the refusal {name}"


def nobody_off_shift_is_chased(change: Change, world: World) -> None:
    """I3, R38: what the clock does reaches people who are there."""
    for notice in change.notices:
        there = is_on_shift(world.plant, world.plant.person[notice.to], world.now)
        assert there or notice.name in OF_THE_REPORTER, f"R38: {notice.name} to {notice.to}, who is off shift"


def the_end_is_heard(before: Case | None, change: Change) -> None:
    """I3, R34: everyone who was told anything hears that it is over."""
    ended = change.case.status
    if before is None or ended not in THE_END or before.status == ended or not before.is_open:
        return
    deaf = {*before.told} - {notice.to for notice in change.notices} - {entry.who for entry in change.entries}
    assert not deaf, f"R34: {change.case.number} is {ended}, and {deaf} do not hear it"


def it_goes_forward(before: Case | None, change: Change) -> None:
    """I9: what was taken, held or ended stays so, unless the log says in so many words what undid it."""
    if before is None:
        return
    after, said = change.case, {entry.what for entry in change.entries}
    for name in ("cancelled_at", "merged_into", "opened_at", "parent"):
        was = getattr(before, name)
        assert was is None or getattr(after, name) == was, f"I9: {before.number}: {name} is undone by {said}"
    if before.resolved_at is not None and after.resolved_at is None:
        assert said & OPENS_AGAIN, f"I9: {before.number} is open again by {said}"
    if before.closed_at is not None and after.closed_at is None:
        assert said & (OPENS_AGAIN | {"restated"}), f"I9: {before.number} is no longer closed by {said}"
    for task in before.tasks:
        if task.live and task.acknowledged_at is not None and not _still_taken(task, after.tasks):
            assert said & GIVES_BACK, f"I9: {before.number}: {task.role} was taken by {task.owner}, undone by {said}"
    held: Mapping[str, float] = {one.lot: one.remaining for one in before.held}
    for one in after.held:
        if one.remaining > held.get(one.lot, 0.0) + 1e-6:
            assert said & HOLDS_MORE, f"I9: {before.number}: more of {one.lot} on hold by {said}"
    assert {*held} <= {one.lot for one in after.held}, f"I9: {before.number}: a lot is not on hold any more, by {said}"
    for name in ("told", "joined"):
        assert {*getattr(before, name)} <= {*getattr(after, name)}, f"I9: {before.number}: {name} was forgotten"


def the_watchman_finds_nothing(case: Case, world: World) -> None:
    """I2, as the program itself looks for it while it runs."""
    assert wants(case, world) is None, f"I2: {case.number}: the watchman finds {wants(case, world)}"


def _still_taken(task: Task, tasks: tuple[Task, ...]) -> bool:
    same = [t for t in tasks if (t.role, t.asked_at) == (task.role, task.asked_at)]
    return any(t.acknowledged_at is not None or not t.live for t in same)


@cache
def _texts() -> frozenset[str]:
    return frozenset(texts("en"))
