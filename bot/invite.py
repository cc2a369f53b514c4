"""How a phone becomes a person's: a one-time link from somebody of the plant, and their own yes in the chat."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.reach import stranger
from db import addresses, inbox, invitations, outbox
from workflow.case import Notice, Offer
from workflow.plant import on_shift

if TYPE_CHECKING:
    from bot.app import App
    from bot.desk import Desk
    from bot.say import Press
    from db.inbox import Received

GOOD_FOR = timedelta(hours=24)
ACTS = frozenset({"it_is_me", "not_me"})
_START = re.compile(r"/start ([\w-]{16,64})", re.ASCII)


def invite(app: App, person: str) -> str:
    """A token that binds one phone to this person, once, within a day; KeyError for an unknown person."""
    known = app.plant.person[person]
    token = secrets.token_urlsafe(18)
    with app.database.write() as tx:
        invitations.put(tx, token, known.id, app.clock.now() + GOOD_FOR)
    return token


def accepted(app: App, received: Received) -> bool:
    """Whether a message was an invitation that counts: then its address speaks as that person from now on (R55)."""
    message, now = received.message, app.clock.now()
    given = _START.fullmatch(message.text.strip())
    if given is None or message.conversation != message.sender:
        return False
    with app.database.write() as tx:
        person = app.plant.person.get(invitations.take(tx, given[1], now) or "")
        if person is None:
            return False
        addresses.bind(tx, message.channel, message.sender, person.id, now)
        facts = {"called": person.name, "roles": list(person.roles), "shifts": list(person.shifts)}
        offers = (
            Offer("it_is_me", (message.channel, message.sender)),
            Offer("not_me", (message.channel, message.sender)),
        )
        outbox.put(tx, None, Notice(person.id, "welcome", facts, offers), now)
        inbox.done(tx, received.id, now, "invited")
    app.ring("outbox")
    return True


def pressed(desk: Desk, press: Press) -> str:
    """Yes: it stays. No: the phone is nobody's again, and those who invite hear of it."""
    if press.act == "it_is_me":
        return desk.tell("this_is_you", called=desk.me.name, roles=list(desk.me.roles), shifts=list(desk.me.shifts))
    if press.args != (desk.message.channel, desk.message.sender):
        return desk.tell("late_press_unknown")
    addresses.unbind(desk.tx, *press.args)
    now = desk.world.now
    outbox.put(desk.tx, None, Notice(stranger(*press.args), "unknown_person"), now)
    for supervisor in on_shift(desk.world.plant, "supervisor", now):
        outbox.put(desk.tx, None, Notice(supervisor.id, "invited_wrong", {"called": desk.me.name}), now)
    return "not_me"
