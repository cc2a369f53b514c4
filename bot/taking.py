"""What comes in from a foreign chat, from the bytes at the door to a row: proved, read, stored, and only then answered.

Nothing of it is believed before its proof. What is proved and cannot be read is poison: kept as it came, answered 2xx
so that the platform does not repeat it for a day, and shown until somebody has looked.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot.channels import acknowledge
from bot.meaning import cut_to_danger, speaks_of_danger
from bot.reach import OURS, answered_at, several, stranger
from bot.seals import opened
from db import addresses, arrivals, conversations, inbox, outbox
from integrations.chat.gate import as_it_came
from workflow.case import Notice
from workflow.errors import TryLater
from workflow.messages import Arrival, Inbound
from workflow.plant import Person, on_shift
from workflow.ports import Channel, Hooked, Knock, Reply
from workflow.reading import Context

if TYPE_CHECKING:
    from bot.app import App
    from db.inbox import Received

log = structlog.get_logger()

TURNED_AWAY_AGAIN = timedelta(hours=24)
ALARMED_AGAIN = timedelta(minutes=5)
MOST_ALARMED = 500  # characters of a stranger's words that are shown
NOT_OURS = "?"  # a pressed button that we never showed to whoever pressed it


def knocked(app: App, channel: Channel, knock: Knock) -> Reply:
    """What a platform brings to a hook: 401 unless it is proved, else stored and answered; the row comes first."""
    assert isinstance(channel, Hooked)
    if not channel.proves(knock):
        log.warning("hook.not_proved", channel=channel.name)
        return Reply(401)
    try:
        came = channel.read(knock)
    except TryLater:
        return Reply(503)  # it does not know yet who we are there: its platform brings it again
    except Exception as error:
        log.error("hook.poison", channel=channel.name, **trouble(error))  # noqa: TRY400 - its text may hold a message
        app.receive(as_it_came(channel.name, knock.path, knock.body, knock.at, knock.query))
        return Reply()
    for one in came.arrivals:
        arrived(app, one)
    for message in came.messages:
        if app.receive(message) is not None:
            app.loop.spawn(acknowledge(channel, message))
    if came.then is not None:
        app.loop.spawn(came.then())
    return came.reply


def arrived(app: App, one: Arrival) -> None:
    """Keep what became of a message that we sent; one that failed goes to its person's next address (R56)."""
    now = app.clock.now()
    with app.database.write() as tx:
        again = arrivals.arrived(tx, one, now)
        if one.state == "failed" and one.dead:
            addresses.unreachable(tx, one.channel, one.dead, one.why, now)
    if again:
        log.warning("outbox.not_delivered", channel=one.channel, why=one.why)
        app.ring("outbox")


def take_in(app: App, tx: Connection, message: Inbound) -> int | None:
    """Store a message; None for a repeat (R23). Poison is set aside at once, and an address that writes is alive.

    What people say to one another is theirs: outside of a thread about an exception it leaves no row.
    """
    now = app.clock.now()
    if message.overheard and not _about_an_exception(tx, message):
        return None
    stored = inbox.put(tx, message, now)
    if stored is None:
        return None
    if message.raw is not None:
        inbox.poison(tx, stored, "could not be read; see the log", now)
    elif message.channel != OURS:
        for address in {message.sender, message.conversation}:
            addresses.reachable(tx, message.channel, address)
    return stored


def _about_an_exception(tx: Connection, message: Inbound) -> bool:
    return message.reply_to is not None and conversations.thread_of(tx, message.channel, message.reply_to) is not None


def read_again(app: App, received: Received) -> None:
    """Poison that `linecall replay` brought back: read as if it came now; it raises where that fails again."""
    message = received.message
    channel = app.channels.get(message.channel)
    if not isinstance(channel, Hooked) or message.raw is None:
        raise TypeError(f"nobody reads what came from {message.channel}")
    path, query, body = json.loads(message.raw)
    came = channel.read(Knock(path, query, {}, body.encode("utf-8"), received.received_at))
    with app.database.write() as tx:
        for one in came.messages:
            take_in(app, tx, one)
        inbox.done(tx, received.id, app.clock.now(), "read_again")


def unsealed(app: App, tx: Connection, message: Inbound, person: Person) -> Inbound:
    """The message with what its pressed button stands for, where its chat only knows our seal."""
    channel = app.channels.get(message.channel)
    if message.button is None or channel is None or channel.traits.button_bytes is None:
        return message
    meant = what_it_stands_for(app, tx, message.channel, message.conversation, person, message.button)
    if meant is None:
        log.warning("press.not_ours", channel=message.channel)
    return replace(message, button=NOT_OURS if meant is None else meant)


def what_it_stands_for(
    app: App, tx: Connection, channel: str, conversation: str, person: Person, button: str
) -> str | None:
    """What a sealed button stands for; None where it was shown neither to this person nor in this conversation."""
    known_as = addresses.before_move(tx, channel, conversation)
    shown_to = (person.id, several(channel, conversation), several(channel, known_as))
    return opened(tx, app.config, shown_to, button)


def edited_nothing(app: App, received: Received) -> bool:
    """Whether nothing is left to do about an edit: it says what was said before (R19), or it came before its message.

    What is here before the message that it corrects stands as that message, under its id: so it belongs to no
    other exception of its sender, and the first writing is nothing new when it comes (R23).
    """
    message, now = received.message, app.clock.now()
    if message.edits is None:
        return False
    with app.database.write() as tx:
        same = inbox.words(tx, message.channel, message.edits) == message.text
        came_first = inbox.put(tx, replace(message, message_id=message.edits, edits=None), now) is not None
        if same or came_first:
            inbox.done(tx, received.id, now, "edited_nothing" if same else "edited_before")
    if came_first:
        app.ring("inbox")
    return same or came_first


def turn_away(app: App, received: Received) -> None:
    """A stranger is told how to register and nothing else, once a day; what they wrote is kept (R55).

    Of a danger the triage desk hears at once, whoever tells of it, however late in a long text; it opens no exception
    by itself (R15). Whoever writes behind the name of a group is told why nothing of it counts (T13).
    """
    now, us = app.clock.now(), nobodys(app)
    message = cut_to_danger(app, received.message, us.sender) if foreign(app, received.message) else received.message
    alarming = foreign(app, message) and speaks_of_danger(app, message, us)
    name = "masked_person" if message.masked else "unknown_person"
    with app.database.write() as tx:
        known = addresses.get(tx, message.channel, message.sender)
        last = known.turned_away_at if known is not None else None
        if foreign(app, message) and (last is None or now - last >= TURNED_AWAY_AGAIN):
            told = Notice(stranger(message.channel, message.sender), name, where=answered_at(message))
            outbox.put(tx, None, told, now)
            addresses.turned_away(tx, message.channel, message.sender, now)
        if alarming:
            _alarm(app, tx, message)
        inbox.done(tx, received.id, now, inbox.STRANGER)
    app.ring("outbox")


def foreign(app: App, message: Inbound) -> bool:
    """Whether it came from a chat that is not ours."""
    return message.channel in app.channels and message.channel != OURS


def nobodys(app: App) -> Context:
    """How the words of somebody are read of whom nothing is known."""
    world = app.world()
    return Context(Person("", "", ()), world.plant, world.records, world.now)


def _alarm(app: App, tx: Connection, message: Inbound) -> None:
    """The triage desk that is there reads it; one who writes it again and again rings nobody again for a while."""
    world, facts = app.world(), {"address": message.sender, "said": message.text[:MOST_ALARMED]}
    lately = outbox.lately(tx, "stranger_in_danger", world.now - ALARMED_AGAIN)
    if any(one.facts.get("address") == message.sender for one in lately):
        return
    there = (on_shift(world.plant, role, world.now) for role in world.rules.triage)
    for person in next((people for people in there if people), ()):
        outbox.put(tx, None, Notice(person.id, "stranger_in_danger", facts), world.now)


def trouble(error: BaseException) -> dict[str, str]:
    """What of a foreign error may be logged: its kind and where it was raised; its text may hold somebody's words."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = ""
    with suppress(AttributeError):
        where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}" if at is not None else ""
    return {"error": type(error).__name__, "where": where}
