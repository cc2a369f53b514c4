"""The round that sends what is told by itself: of the shift that ended, for the morning meeting, of the week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from bot import summing_up
from bot.answers import counted
from bot.answers.wanted import Wanted
from bot.reach import reader_of, several
from bot.wording import Voice, language_for
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
        before = {due: _told_last(tx, due.digest) for due in latest}
        fresh = [due for due in latest if (before[due] or "") < due.at.isoformat()]
        told = {
            due: tuple(_notices(app, tx, due, app.world()))
            for due in fresh
            if before[due] is not None and not due.is_stale(now)
        }
    if not fresh:
        return 0
    told = _with_words(app, told)  # asked outside of any transaction
    sent = 0
    with app.database.write() as tx:
        one_at_a_time(tx, "digests")
        for due in [due for due in fresh if _told_last(tx, due.digest) == before[due]]:  # else another was faster
            for name in _names(due.digest):
                settings.put(tx, name, due.at.isoformat(), now)
            outbox.put_all(tx, None, told.get(due, ()), now)
            sent += len(told.get(due, ()))
    if sent:
        log.info("digest.sent", messages=sent)
        app.ring("outbox")
    return sent


def _with_words(app: App, told: Mapping[Due, tuple[Notice, ...]]) -> dict[Due, tuple[Notice, ...]]:
    """The first message of each with a model's words above its figures, where a model is configured and believed."""
    model = summing_up.model_for(app) if told else None
    if model is None:
        return dict(told)
    ask = partial(model.answer, schema=summing_up.Sentences)
    said: dict[tuple[str, str], str | None] = {}
    found: dict[Due, tuple[Notice, ...]] = {}
    for due, notices in told.items():
        changed = []
        for notice in notices:
            reader = reader_of(app.plant, notice.to)
            voice = Voice(language_for(reader.language if reader else "", app.plant), app.plant, app.records, due.at)
            key = (voice.language, str(notice.facts))
            if notice.name in summing_up.SUMMARIES and key not in said:
                said[key] = summing_up.in_words(ask, notice, voice)
            words = said.get(key)
            changed.append(replace(notice, facts={**notice.facts, "in_words": words}) if words else notice)
        found[due] = tuple(changed)
    return found


def _names(digest: Digest) -> tuple[str, str]:
    """Under which names it is kept when a digest was told last: its own, and that of all of its kind and time.

    Two of one kind at one time go to different people. By the second name a list of people that was changed goes on
    where it was, and so does what an earlier version kept.
    """
    days = "".join(map(str, digest.days))
    kind = f"digest {digest.what} {digest.at:%H:%M} {days}" if digest.at is not None else f"digest {digest.what}"
    return f"{kind} {sha256(' '.join(sorted(digest.to)).encode()).hexdigest()[:16]}", kind


def _told_last(tx: Connection, digest: Digest) -> str | None:
    own, kind = _names(digest)
    found: str | None = settings.get(tx, own) or settings.get(tx, kind)
    return found


def _notices(app: App, tx: Connection, due: Due, world: World) -> Iterator[Notice]:
    summary = Wanted("summary", start=due.start, end=due.end)
    of_week = Wanted("metrics", against="before", start=due.start, end=due.end, named="last_week")
    asked = (of_week, replace(of_week, about="causes", against=None)) if due.digest.what == "week" else (summary,)
    for reader in _readers(app, due.digest):
        for wanted in asked:
            notice = counted.answer(tx, wanted, reader, world)
            yield replace(notice, to=reader.id, facts={**notice.facts, "digest": due.digest.what})
            if notice.name in ("answer.nothing", "answer.nothing_new"):
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
