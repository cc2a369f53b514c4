"""The round that sends what is told by itself: of the shift that ended, for the morning meeting, of the week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.answers import counted
from bot.answers.wanted import Wanted
from bot.reach import several
from db import outbox, settings
from db.connect import one_at_a_time
from workflow.case import Notice
from workflow.digests import Due, last_due
from workflow.plant import Person, Role
from workflow.routing import World
from workflow.schedule import Digest

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.app import App

log = structlog.get_logger()


def send_digests(app: App) -> int:
    """Send every digest that has come due since the last look, each exactly once; returns how many messages.

    What was due last is kept in the transaction that sends it, so that no restart and no second process repeats it.
    One that comes for the first time waits for its next time; one that was missed by hours is left out (R37).
    """
    now, plant = app.clock.now(), app.plant
    latest = [due for digest in plant.digests if (due := last_due(plant, digest, now)) is not None]
    with app.database.read() as tx:
        if all(settings.get(tx, _name(due.digest)) == due.at.isoformat() for due in latest):
            return 0
    sent = 0
    with app.database.write() as tx:
        one_at_a_time(tx, "digests")
        world = app.world()
        for due in latest:
            before = settings.get(tx, _name(due.digest))
            if before is not None and before >= due.at.isoformat():
                continue
            settings.put(tx, _name(due.digest), due.at.isoformat(), now)
            if before is None or due.is_stale(now):
                continue
            for notice in _notices(app, tx, due, world):
                outbox.put(tx, None, notice, now)
                sent += 1
            log.info("digest.sent", what=due.digest.what)
    if sent:
        app.ring("outbox")
    return sent


def _name(digest: Digest) -> str:
    days = "".join(map(str, digest.days))
    return f"digest {digest.what} {digest.at:%H:%M} {days}" if digest.at is not None else f"digest {digest.what}"


def _notices(app: App, tx: Connection, due: Due, world: World) -> Iterator[Notice]:
    summary = Wanted("summary", start=due.start, end=due.end)
    of_week = Wanted("metrics", against="before", start=due.start, end=due.end, named="last_week")
    asked = (of_week, replace(of_week, about="causes", against=None)) if due.digest.what == "week" else (summary,)
    for reader in _readers(app, due.digest):
        for wanted in asked:
            notice = counted.answer(tx, wanted, reader, world)
            yield replace(notice, to=reader.id, facts={**notice.facts, "digest": due.digest.what})
            if notice.name == "answer.nothing":
                break  # nothing to say is said once


def _readers(app: App, digest: Digest) -> Iterator[Person]:
    """People as they are; a chat as somebody who may see its lines, since all of its members read it."""
    chats = {chat.id: chat for chat in app.plant.chats}
    for to in digest.to:
        if to in app.plant.person:
            yield app.plant.person[to]
            continue
        chat = chats.get(to)
        for channel, address in chat.contacts.items() if chat is not None else ():
            assert chat is not None
            roles: tuple[Role, ...] = ("operator",) if chat.lines else ("supervisor",)
            if channel in app.channels:
                yield Person(several(channel, address), chat.name, roles, chat.lines, language=chat.language)
