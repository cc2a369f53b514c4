"""How a phone becomes a person's: a one-time link from somebody of the plant, and their own yes in the chat.

Nothing is bound before that yes. It says who they are there; then they choose their language, and say so where the
shift is another one. What a lost phone, or somebody who has left, may still do is ended by `revoke`, at once (R55).
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.reach import stranger
from bot.say import parse_button
from bot.seals import opened
from bot.wording import languages, word
from db import addresses, conversations, inbox, invitations, members, outbox
from db import log as chained
from workflow.case import LINECALL, Notice, Offer
from workflow.plant import on_shift
from workflow.reading import Asked, Context, ReportedException

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App
    from bot.desk import Desk
    from bot.say import Press
    from db.inbox import Received
    from workflow.messages import Inbound
    from workflow.plant import Person, Plant

GOOD_FOR = timedelta(hours=24)
ACTS = frozenset({"speak", "all_right", "other_shift"})
MOST_LANGUAGES = 6  # that are offered as buttons; beside them stand two more
A_YES_IS_SHORT = 40  # characters
_START = re.compile(r"/start ([\w-]{16,64})", re.ASCII)


def invite(app: App, person: str) -> str:
    """A token that binds one phone to this person, once, within a day; KeyError for an unknown person."""
    known = app.plant.person[person]
    token = secrets.token_urlsafe(18)
    with app.database.write() as tx:
        invitations.put(tx, token, known.id, app.clock.now() + GOOD_FOR)
    return token


def accepted(app: App, received: Received) -> bool:
    """Whether a message opens an invitation that counts, or answers the question that came of it (R55)."""
    message = received.message
    if message.among or message.conversation != message.sender:
        return False
    given = _START.fullmatch(message.text.strip())
    if given is not None:
        return _asked(app, received, given[1])
    with app.database.read() as tx:
        invited = invitations.asked(tx, message.channel, message.sender, app.clock.now())
        person = app.plant.person.get(invited or "")
        yes = _yes(app, tx, message, person) if person is not None else None
    if person is None or yes is None:
        return False
    with app.database.write() as tx:
        if not inbox.take(tx, received.id):
            return True  # another worker was faster
        invitations.close(tx, message.channel, message.sender)
        (_bound if yes else _not_them)(app, tx, received, person)
    app.ring("outbox")
    return True


def revoke(app: App, person: str) -> tuple[str, ...]:
    """End every session, address and invitation of a person, at once; the channels in which they had an address.

    What `contacts` in plant.yaml says of them counts no more either, until an invitation binds it again. KeyError for
    somebody who is neither in plant.yaml nor bound anywhere.
    """
    now = app.clock.now()
    with app.database.write() as tx:
        bound = [(one.channel, one.address) for one in addresses.of_person(tx, person)]
        if person not in app.plant.person and not bound:
            raise KeyError(person)
        known = app.plant.person.get(person)
        mine = list(dict.fromkeys([*bound, *(known.contacts.items() if known is not None else ())]))
        for channel, address in mine:
            addresses.revoke(tx, channel, address, now)
        invitations.withdraw(tx, person)
        members.end_sessions(tx, person)
        channels = tuple(sorted({channel for channel, _ in mine}))
        chained.note(tx, now, LINECALL, "person_revoked", {"person": person, "channels": list(channels)})
    return channels


def speak_again(app: App) -> None:
    """Know which language each person has chosen, in this process or in another."""
    with app.database.read() as tx:
        chosen = members.languages(tx)
    if chosen != app.speak:
        app.speaks(chosen)


def choices(person: Person, plant: Plant) -> tuple[Offer, ...]:
    """The languages that the plant speaks beside the one in which this person is written to."""
    others = [one for one in plant.languages if one in languages() and one != person.language]
    return tuple(Offer("speak", (language,)) for language in others[:MOST_LANGUAGES])


def pressed(desk: Desk, press: Press) -> str:
    """A language, the shift, or that all is right."""
    me, now = desk.me, desk.world.now
    match press.act, press.args:
        case "speak", (language,) if language in languages():
            members.speaks(desk.tx, me.id, language)
            desk.tell("spoken", reads=language)
            return "speaks"
        case "other_shift", _:
            here = [one for one in on_shift(desk.world.plant, "supervisor", now) if one.id != me.id]
            supervisors = here or [one for one in desk.world.plant.people if "supervisor" in one.roles]
            for one in supervisors:
                facts = {"called": me.name, "shifts": list(me.shifts)}
                outbox.put(desk.tx, None, Notice(one.id, "shift_wrong", facts), now)
            return desk.tell("shift_passed_on", people=[one.id for one in supervisors])
    return desk.tell("this_is_you", called=me.name, roles=list(me.roles), shifts=list(me.shifts))


def _asked(app: App, received: Received, token: str) -> bool:
    """Ask whoever opened an invitation whether it is them; nothing is theirs yet."""
    message, now = received.message, app.clock.now()
    with app.database.write() as tx:
        invited = invitations.take(tx, token, message.channel, message.sender, now)
        person = app.plant.person.get(invited or "")
        if person is None:
            return False
        facts = {"called": person.name, "roles": list(person.roles), "reads": person.language}
        to = stranger(message.channel, message.sender)
        outbox.put(tx, None, Notice(to, "welcome", facts, (Offer("it_is_me"), Offer("not_me"))), now)
        inbox.done(tx, received.id, now, "invited")
    app.ring("outbox")
    return True


def _yes(app: App, tx: Connection, message: Inbound, person: Person) -> bool | None:
    """What was answered, by the button or in words; None for anything else."""
    if message.button is not None:
        channel = app.channels.get(message.channel)
        sealed = channel is not None and channel.traits.button_bytes is not None
        to = stranger(message.channel, message.sender)
        meant = opened(tx, app.config, (to,), message.button) if sealed else message.button
        press = parse_button(meant) if meant is not None else None
        return {"it_is_me": True, "not_me": False}.get(press.act) if press is not None else None
    said = message.text.strip()
    for act, number in (("it_is_me", "1"), ("not_me", "2")):
        if said in (number, *(word(language, f"button.{act}") for language in languages())):
            return act == "it_is_me"
    if not 0 < len(said) <= A_YES_IS_SHORT or message.media:
        return None
    question = Asked("confirm", ReportedException(), ("yes", "no"))
    world = app.world()
    reading = app.reader.read(message, Context(person, world.plant, world.records, world.now, None, question))
    return reading.answer if reading.intent == "answer" and isinstance(reading.answer, bool) else None


def _bound(app: App, tx: Connection, received: Received, person: Person) -> None:
    message, now = received.message, app.clock.now()
    addresses.bind(tx, message.channel, message.sender, person.id, now)
    chained.note(tx, now, LINECALL, "person_joined", {"person": person.id, "channel": message.channel})
    # In their transcript, so that the next word comes to where this one was said.
    conversations.said(tx, person.id, now, message.text, message.message_id, message.channel, None, message.button)
    facts = {"called": person.name, "roles": list(person.roles), "shifts": list(person.shifts)}
    shift = (Offer("other_shift"),) if person.shifts else ()
    offers = (Offer("all_right"), *choices(person, app.plant), *shift)
    outbox.put(tx, None, Notice(person.id, "joined", facts, offers), now)
    inbox.done(tx, received.id, now, "joined")


def _not_them(app: App, tx: Connection, received: Received, person: Person) -> None:
    """The link was in the wrong hands: those who invite hear of it."""
    message, now = received.message, app.clock.now()
    outbox.put(tx, None, Notice(stranger(message.channel, message.sender), "unknown_person"), now)
    for supervisor in on_shift(app.plant, "supervisor", now):
        outbox.put(tx, None, Notice(supervisor.id, "invited_wrong", {"called": person.name}), now)
    inbox.done(tx, received.id, now, "not_me")
