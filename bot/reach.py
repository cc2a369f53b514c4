"""Whose an address in a chat is, and where a person is reached: powers belong to the person, not to a phone (R55)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from db import addresses, conversations
from workflow.messages import Place
from workflow.plant import Person

if TYPE_CHECKING:
    from bot.app import App
    from workflow.messages import Inbound
    from workflow.plant import Plant

OURS = "web"  # the built-in chat: its page shows whatever a person was told anywhere
PATIENT_FOR = 5  # attempts at one address, half a minute; then the next is tried (R56)
VIA = "via"  # the fact of a notice that names the one address for which it is: one of several that tell the same (R15)
LATELY = timedelta(hours=8)  # where a person wrote in this shift is where they look
STRANGER = "@"  # how the recipient of a notice begins who is an address and no person of ours
SEVERAL = "#"  # how it begins where that is the chat of a function


class Way(NamedTuple):
    """One address at which a person may be told something."""

    channel: str
    address: str


def person_at(app: App, tx: Connection, channel: str, address: str) -> Person | None:
    """Who speaks from an address; None for a stranger.

    A binding by invitation beats plant.yaml: a phone that was given on, or lost, no longer speaks as who had it.
    """
    return whose(app.plant, tx, channel, address)


def whose(plant: Plant, tx: Connection, channel: str, address: str) -> Person | None:
    """Who of a plant speaks from an address, by its own directory and its own invitations."""
    known = addresses.get(tx, channel, address)
    if known is not None and known.person is not None:
        return plant.person.get(known.person)
    if known is not None and known.revoked_at is not None:
        return None
    person = plant.by_address.get((channel, address))
    if person is None or any(one.channel == channel for one in addresses.of_person(tx, person.id)):
        return None
    return person


def speaks_from(plant: Plant, tx: Connection, person: Person) -> tuple[Way, ...]:
    """Every foreign address that speaks as a person; the id by which our own page knows them is none."""
    bound = [Way(one.channel, one.address) for one in addresses.of_person(tx, person.id)]
    listed = [Way(channel, address) for channel, address in person.contacts.items()]
    return tuple(way for way in (*bound, *listed) if way.channel != OURS and whose(plant, tx, *way) is person)


def ways(app: App, tx: Connection, person: Person, now: datetime) -> tuple[Way, ...]:
    """Where to tell a person something, the best first, ending with our own page; dead addresses are left out (R56).

    First where they wrote lately, then what they were invited to, then as `contacts` in plant.yaml lists it.
    """
    possible = all_ways(app, tx, person)
    lately = conversations.last_channel(tx, person.id, now - LATELY, but=OURS)
    possible.sort(key=lambda way: way.channel != lately)
    alive = [way for way in possible if not _dead(tx, way)]
    return (*alive, Way(OURS, person.id))


def all_ways(app: App, tx: Connection, person: Person) -> list[Way]:
    """Every foreign chat in which a person is known here, dead ones too: invitations first, then plant.yaml."""
    bound = [Way(one.channel, one.address) for one in addresses.of_person(tx, person.id)]
    replaced = {way.channel for way in bound}
    listed = [Way(channel, address) for channel, address in person.contacts.items() if channel not in replaced]
    return [way for way in (*bound, *listed) if way.channel in app.channels and way.channel != OURS]


def stranger(channel: str, address: str) -> str:
    """The recipient of a notice for somebody whom we do not know."""
    return f"{STRANGER}{channel}:{address}"


def way_to_stranger(to: str) -> Way | None:
    """The address of such a recipient; None for a person of ours."""
    if not to.startswith(STRANGER):
        return None
    channel, _, address = to.removeprefix(STRANGER).partition(":")
    return Way(channel, address)


def answered_at(message: Inbound) -> Place | None:
    """Where the answer to a message belongs that was said among others; None for a person's own chat."""
    if not message.among:
        return None
    under = message.reply_to if message.button is not None and message.reply_to is not None else message.message_id
    return Place(message.channel, message.conversation, under, message.sender)


def several(channel: str, address: str) -> str:
    """The recipient of what is for everybody in the chat of a function."""
    return f"{SEVERAL}{channel}:{address}"


def way_to_several(to: str) -> Way | None:
    """The address of such a recipient; None for anybody else."""
    if not to.startswith(SEVERAL):
        return None
    channel, _, address = to.removeprefix(SEVERAL).partition(":")
    return Way(channel, address)


def reader_of(plant: Plant, to: str) -> Person | None:
    """Who reads what goes to a recipient: a person, or a chat as if it were one; None for a stranger."""
    way = way_to_several(to)
    if way is None:
        return plant.person.get(to)
    chat = plant.chat_at.get(way)
    return Person(to, chat.name, chat.roles, chat.lines, language=chat.language) if chat is not None else None


def _dead(tx: Connection, way: Way) -> bool:
    known = addresses.get(tx, way.channel, way.address)
    return known is not None and (known.unreachable_at is not None or known.revoked_at is not None)
