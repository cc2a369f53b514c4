""" "Why me?" is answered with the rule and the facts that it matched when the function was asked (R36)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.say import Press
from db import cases
from nlp.why_me import asks_why
from workflow.case import Case, Task

if TYPE_CHECKING:
    from bot.desk import Desk
    from bot.thread import Thread
    from workflow.messages import Inbound
    from workflow.plant import Person


NUMBER = re.compile(r"\bEX-\d+\b", re.IGNORECASE)
# "about EX-2015", "EX-2015 ke baare mein": the number with the word that joins it.
_ABOUT = re.compile(
    r"(?:\b(?:about|of|on|sobre|de|do|da|con|von|über|ueber|zu|wegen|bei|o|dla|przy|à propos de|au sujet de|pour)\s+)?"
    r"\bEX-\d+\b(?:\s*(?:ke baare mein|ke bare mein|ke bare me|के बारे में))?",
    re.IGNORECASE,
)
_UP = ("escalated", "nobody_on_shift")


def typed(message: Inbound, thread: Thread) -> Press | None:
    """The question, about the exception of its thread; about each of several where it could be any."""
    text = _ABOUT.sub(" ", message.text)
    if thread.confirms or not asks_why(text):
        return None
    about = (thread.case,) if thread.case is not None else thread.choice
    said = NUMBER.findall(message.text)
    numbers = (said[0].upper(),) if len(said) == 1 else tuple(case.number for case in about)
    return Press("why", numbers[0], numbers[1:]) if numbers else None


def answered(desk: Desk, press: Press) -> str:
    """The rule and its facts as they were then; a rule that was edited since changes nothing of it."""
    outcome = "late_press_unknown"
    for number in (press.case, *press.args):
        case = cases.get(desk.tx, number)
        task = _asked_of(case, desk.me) if case is not None else None
        if task is not None:
            outcome = desk.tell("answer.why", case=number, role=task.role, why=task.why, matched=dict(task.facts))
        elif case is not None and outcome != "answer.why":
            outcome = _otherwise(desk, case)
    return outcome if outcome != "late_press_unknown" else desk.tell(outcome)


def _otherwise(desk: Desk, case: Case) -> str:
    """Why somebody heard of it who was not asked: who reported it, who joined, whom the ladder led to (R20, R28)."""
    me, number = desk.me.id, case.number
    if me == case.reporter:
        return desk.tell("answer.why_reported", case=number, at_at=case.captured_at.isoformat())
    for entry in reversed(cases.log_of(desk.tx, number)):
        if entry.what in _UP and me in entry.facts.get("people", ()):
            at_at, role = entry.at.isoformat(), entry.facts.get("role")
            return desk.tell("answer.why_above", case=number, role=role, why=entry.why, at_at=at_at)
        if entry.what == "joined" and entry.who == me:
            return desk.tell("answer.why_joined", case=number, at_at=entry.at.isoformat())
    return desk.tell("answer.why_told" if me in case.told else "refused.acknowledge.not_asked", case=number)


def _asked_of(case: Case, person: Person) -> Task | None:
    """The newest task for which this person was asked, withdrawn ones too: they may well ask why."""
    mine = [t for t in case.tasks if person.id in (*t.told, *t.declined, t.owner, t.acknowledged_by)]
    return mine[-1] if mine else None
