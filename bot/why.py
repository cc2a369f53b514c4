""" "Why me?" is answered with the rule and the facts that it matched when the function was asked (R36)."""

from __future__ import annotations

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


def typed(message: Inbound, thread: Thread) -> Press | None:
    """The question, about the exception of its thread; about each of several where it could be any."""
    if thread.confirms or not asks_why(message.text):
        return None
    about = (thread.case,) if thread.case is not None else thread.choice
    numbers = tuple(case.number for case in about)
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
            outcome = desk.tell("refused.acknowledge.not_asked", case=number)
    return outcome if outcome != "late_press_unknown" else desk.tell(outcome)


def _asked_of(case: Case, person: Person) -> Task | None:
    """The newest task for which this person was asked, withdrawn ones too: they may well ask why."""
    mine = [t for t in case.tasks if person.id in (*t.told, *t.declined, t.owner, t.acknowledged_by)]
    return mine[-1] if mine else None
