"""Buttons: each is authorised by who pressed it, and an old one is answered with today's state (R33)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from bot import (
    accepting,
    causes,
    decisions,
    forms,
    handing_over,
    invite,
    media,
    order_changes,
    restating,
    running,
    shared_phone,
    slash,
    why,
)
from bot.approving import decided
from bot.say import Press
from db import cases, conversations, inbox, postings
from workflow import (
    answering,
    approving,
    common_cause,
    escalating,
    finishing,
    holding,
    opening,
    returning,
    reworking,
    scope,
    slow,
    verifying,
)
from workflow.case import ALLOWED, Case
from workflow.reading import Resolution

if TYPE_CHECKING:
    from bot.desk import Desk


MOST_DIGITS = 3  # of minutes until somebody is there
LONGEST_ID = 18  # digits of an id


def pressed(desk: Desk, press: Press) -> str:
    """A button: authorised by who pressed it, answered with today's state where it is an old one (R33)."""
    if press.act in slash.ACTS:
        return slash.pressed(desk, press)
    if press.act in invite.ACTS:
        return invite.pressed(desk, press)
    if press.act in media.ACTS:
        return media.pressed(desk, press)
    if press.act in accepting.ACTS:
        return accepting.pressed(desk, press)
    if press.act == "accept_shift":
        return handing_over.accepted(desk, press)
    if press.act == "i_am":
        return shared_phone.named(desk, press)
    if press.act == "cleared":
        return running.pressed(desk, press)
    if press.act == "why":
        return why.answered(desk, press)
    case = cases.get(desk.tx, press.case) if press.case else None
    if case is None:
        return desk.tell("late_press_unknown")
    case = shared_phone.as_theirs(desk.phone, desk.me, case)
    role = press.args[0] if press.args else None
    if press.act == "withdraw" and case.status in ALLOWED["withdraw"] and press.args:
        said = desk.said or press.act
        return desk.save(returning.withdraw_release(case, press.args[0], desk.me, said, desk.world))
    if press.act == "restate":
        return restating.pressed(desk, press, case)
    if press.act in ("approve", "turn_down"):
        return _approved(desk, press, case)
    if not case.is_open:
        return desk.late(case)
    if desk.message.filled is not None and press.act in forms.ACTS:
        return forms.taken(desk, press, case)
    match press.act:
        case "acknowledge" | "still_on_it":
            return desk.save(answering.acknowledge(case, desk.me, None, desk.world, role))
        case "eta" if len(press.args) == 2 and press.args[1].isdecimal() and len(press.args[1]) <= MOST_DIGITS:
            until = desk.world.now + timedelta(minutes=int(press.args[1]))
            return desk.save(answering.acknowledge(case, desk.me, until, desk.world, role))
        case "decline":
            return desk.save(answering.decline(case, desk.me, desk.said, desk.world, role))
        case "wait":
            return desk.save(answering.wait(case, desk.me, desk.said or press.act, None, desk.world))
        case "raise" if len(press.args) == 2 and press.args[1].isdecimal() and len(press.args[1]) <= MOST_DIGITS:
            return desk.save(escalating.escalate(case, desk.me, press.args[0], int(press.args[1]), desk.world))
        case "not_fixed":
            return desk.save(verifying.not_fixed(case, desk.me, desk.said, desk.world))
        case "verify" if verifying.waiting(case) is None:
            return desk.late(case)
        case "resolve" | "verify":
            return order_changes.ended(desk, case, Resolution())
        case "book_order" | "words_only":
            return order_changes.pressed(desk, press, case)
        case "cancel":
            return desk.save(finishing.cancel(case, desk.me, desk.said, desk.world))
        case "confirm":
            return decisions.pressed(desk, press, case)
        case "met" if len(press.args) == 2:
            conversations.ask(desk.tx, desk.me.id, case.number, "confirm", ("yes", "no"), desk.world.now)
            return desk.save(returning.met(case, *press.args, desk.me, desk.world))
        case "not_met" if len(press.args) == 2:
            return desk.save(returning.not_met(case, *press.args, desk.me, desk.world))
        case "reworked":
            return desk.save(reworking.reworked(case, desk.me, desk.said, desk.world))
        case "still_slow":
            return desk.save(slow.promote(case, desk.me, desk.world))
        case "own_cause":
            return desk.save(common_cause.on_its_own(case, desk.me, desk.world))
        case "one_cause" if press.args:
            return causes.declared(desk, press.args[0], case)
        case "hold_also" if press.args:
            return desk.save(scope.widen(case, press.args, desk.me, desk.world))
        case "not_so":
            conversations.answered(desk.tx, desk.me.id)
            return desk.save(holding.withdraw_proposal(case, desk.me, desk.world))
        case "answer" if case.status == "draft" and len(press.args) == 2:
            return _answered(desk, case, press)
        case "answer":
            return desk.late(case)
        case "decide":
            lots = [f"{h.lot}: {h.remaining:.15g} {h.uom}" for h in case.held if h.remaining > 0]
            return desk.tell("how_to_decide", case=case.number, lots=lots)
        case "correct" | "something_else":
            return desk.tell("say_what_is_right", case=case.number)
        case "pick" if len(press.args) == 2 and press.args[1].isdecimal() and len(press.args[1]) <= LONGEST_ID:
            return _picked(desk, case, int(press.args[1]))
    return desk.tell("late_press_unknown")


def _approved(desk: Desk, press: Press, case: Case) -> str:
    """A posting above its limit: ERP gets it, or not (R51)."""
    tail = press.args[0] if press.args else ""
    meant = [s for s in postings.of_case(desk.tx, case.number) if approving.is_meant(s.posting, tail)]
    if not meant:
        return desk.tell("late_press_unknown")
    yes = press.act == "approve"
    return desk.save(decided(desk.tx, meant[0], desk.me, desk.world.rules, desk.world, yes=yes))


def _answered(desk: Desk, case: Case, press: Press) -> str:
    """A button under an open question."""
    value: object = press.args[1]
    if press.args[0] != case.asks:
        return desk.late(case)
    if case.asks == "confirm":
        value = press.args[1] == "yes"
    return desk.save(opening.answer(case, value, desk.me, desk.world))


def _picked(desk: Desk, case: Case, inbox_id: int) -> str:
    """Which one was meant: the earlier message is taken again, as an answer in that thread."""
    earlier = inbox.get(desk.tx, inbox_id)
    if earlier is None or earlier.message.sender != desk.message.sender:
        return desk.tell("late_press_unknown")
    again = replace(
        earlier.message, message_id=f"{earlier.message.message_id}:{case.number}", reply_to=f"case:{case.number}"
    )
    inbox.put(desk.tx, again, desk.world.now)
    return "picked"
