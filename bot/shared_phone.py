"""A phone of the shift is nobody: whoever writes there reports and asks, and what binds asks who it is (R55).

Whoever is named acts in their own name, and hears of it at their own address, so that nobody speaks for them unnoticed.
What frees, approves or hands over is never done from such a phone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from bot.say import Press
from db import inbox
from workflow.case import Case, Notice, Offer
from workflow.messages import Inbound
from workflow.plant import Person, Plant, is_on_shift, on_shift
from workflow.reading import Reading

if TYPE_CHECKING:
    from bot.app import App
    from bot.desk import Desk

MOST = 8  # names that are offered
RUNS_IT = ("supervisor",)
# Open to whoever holds the phone: they tell, ask and look.
FREE = frozenset({"answer", "correct", "something_else", "own_cause", "still_slow", "why", "pick", "seen", "not_seen",
                  "heard", "not_heard", "i_am", "decide", "danger"})  # fmt: skip
# Never from it, named or not: each needs a person of whom nobody doubts that it is them.
NEVER = frozenset({"confirm", "approve", "turn_down", "accept_shift", "verify", "met", "restate", "cleared",
                   "accept_try", "accept_name"})  # fmt: skip
ACTS = frozenset({"acknowledge", "resolve", "reassign", "cancel"})


def speaker(app: App, message: Inbound, person: Person) -> tuple[Person, Person | None]:
    """Who acts, and the phone that they use where it is a shared one."""
    if not person.shared:
        return person, None
    named = app.plant.person.get(message.spoken_by or "")
    return (named, person) if named is not None and not named.shared else (person, person)


def wants(
    press: Press | None, reading: Reading | None, *, confirms: bool, filled: bool = False
) -> Literal["own phone", "a name"] | None:
    """What a press or a text needs that comes from a shared phone; None: nothing. The rest as in `bot/proven.py`."""
    if press is not None:
        if press.act == "decide" and filled:
            return "own phone"  # the form of a decision is one, and no question how to write it
        return "own phone" if press.act in NEVER else "a name" if press.act not in FREE else None
    if reading is None:
        return None
    if reading.intent == "disposition" or (confirms and reading.intent != "report"):
        return "own phone"
    return "a name" if _binds(reading) else None


def named(desk: Desk, press: Press) -> str:
    """A name under the question: the message before it is taken again, as theirs."""
    who, id_, number = press.args if len(press.args) == 3 else ("", "", "")
    earlier = inbox.get(desk.tx, int(id_)) if id_.isdecimal() and len(id_) < 19 else None
    person = desk.world.plant.person.get(who)
    if desk.phone is None or earlier is None or earlier.message.sender != desk.message.sender or person is None:
        return desk.tell("late_press_unknown")
    if earlier.message.channel != desk.message.channel or person.shared:
        return desk.tell("late_press_unknown")
    if not is_on_shift(desk.world.plant, person, desk.world.now):
        return desk.tell("not_here_now", people=[who])
    spoken_of = earlier.message.reply_to or (f"case:{number}" if number else None)
    again = replace(
        earlier.message, message_id=f"{earlier.message.message_id}:by:{who}", spoken_by=who, reply_to=spoken_of
    )
    inbox.put(desk.tx, again, desk.world.now)
    return "i_am"


def told(phone: Person, me: Person, notices: tuple[Notice, ...], said: str) -> tuple[Notice, ...]:
    """Answers to who acts go to the phone in their hand; they themselves hear that it was said in their name."""
    if me is phone:
        return notices
    case = next((n.facts.get("case") for n in notices if n.facts.get("case")), None)
    here = tuple(replace(n, to=phone.id) if n.to == me.id else n for n in notices)
    return (*here, Notice(me.id, "spoken_as_you", {"case": case, "phone": phone.name, "said": said}))


def noted(phone: Person | None, me: Person) -> dict[str, str]:
    """What an entry of the log says besides: on which shared phone it was done."""
    return {"phone": phone.id} if phone is not None and phone is not me else {}


def as_theirs(phone: Person | None, me: Person, case: Case) -> Case:
    """Whoever names themselves on the phone that reported it stands for it: the report is theirs too."""
    if phone is None or me is phone or phone.id not in (case.reporter, *case.joined) or me.id in case.joined:
        return case
    return replace(case, joined=(*case.joined, me.id))


def _binds(reading: Reading) -> bool:
    return reading.intent in ACTS or (
        reading.intent == "update" and (reading.eta_min or reading.waiting_for) is not None
    )


def ask_who(desk: Desk) -> str:
    """Ask whose hand the phone is in: what was written is taken again under that name."""
    phone, case = desk.phone or desk.me, desk.thread.case
    people = [p.id for p in _candidates(case, phone, desk.world.plant, desk)][:MOST]
    number = case.number if case is not None else ""
    offers = tuple(Offer("i_am", (p, str(desk.inbox_id), number)) for p in people)
    return desk.tell("who_is_it", offers, phone=phone.name)


def _candidates(case: Case | None, phone: Person, plant: Plant, desk: Desk) -> list[Person]:
    """Who may hold it now: those who were asked about the exception first, then those of the phone's own lines."""
    roles = [t.role for t in case.tasks if t.live] if case is not None else []
    line = phone.lines[0] if len(phone.lines) == 1 else None
    found = {p.id: p for role in (*roles, *phone.roles, *RUNS_IT) for p in on_shift(plant, role, desk.world.now, line)}
    return list(found.values())
