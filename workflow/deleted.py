"""What becomes of an exception whose words are deleted in the chat: it stays, and its reporter is asked (R19)."""

from __future__ import annotations

from workflow.case import Case, Change, Entry, Notice, Offer
from workflow.plant import Person
from workflow.routing import LINECALL, World


def words_deleted(case: Case, by: Person, world: World, *, the_report: bool) -> Change | None:
    """A message about an open exception was deleted; None where the exception is over, and nothing is left to say.

    A deletion takes nothing back (R19): a chat does not say who deleted, or why. `the_report`: what was deleted is what
    opened it. Then whoever wrote it is asked whether it still holds, and whoever is at it hears that it still counts;
    of a danger everybody who was asked hears it, since its words may be gone from before their eyes (R15).
    """
    if not case.is_open:
        return None
    entry = Entry(world.now, LINECALL, "words_deleted", "", {"reporter": by.id})
    if not the_report or by.id != case.reporter:
        return Change(case, (entry,))
    facts = {"case": case.number, "who": by.id, "type": case.type, "line": case.line, "assets": list(case.assets)}
    # What is on hold is quality's; only what its reporter may call off is offered (R40).
    offers = () if case.undecided else (Offer("cancel"),)
    at_it = {t.acknowledged_by for t in case.tasks if t.live}
    if case.type == "safety":
        at_it |= {p for t in case.tasks if t.live for p in t.told}
    told = tuple(Notice(p, "words_deleted", facts) for p in case.told if p in at_it and p != by.id)
    return Change(case, (entry,), (Notice(by.id, "words_deleted.you", facts, offers, until="resolved"), *told))
