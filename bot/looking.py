"""The round that fetches photos and voice notes and has them read, while everybody's messages go on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from db import attachments, inbox
from integrations.media.files import Kept, NotTaken, taken
from integrations.media.known_ids import known_ids
from workflow.errors import Rejected, TooLarge, TryLater
from workflow.ports import Fetches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.app import App
    from db.attachments import Attachment

log = structlog.get_logger()

LEASE = timedelta(minutes=3)  # longer than fetching, two looks and a slow transcription take
MOST_ATTEMPTS = 4  # then its sender is asked to write
PAUSE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says: known ids, or words, or why neither could be had."""

    found: Mapping[str, Any] = field(default_factory=dict)
    heard: str | None = None
    problem: str | None = None


def look_at_media(app: App) -> int:
    """Read the next file that is due, and bring what it says before the desk as one more message of its sender."""
    with app.database.write() as tx:
        claimed = attachments.claim(tx, app.clock.now(), 1, LEASE)
    for one in claimed:
        try:
            read = _read(app, one)
        except TryLater as later:
            if one.attempts < MOST_ATTEMPTS:
                with app.database.write() as tx:
                    attachments.later(tx, one, app.clock.now() + (later.after or PAUSE))
                log.warning("media.later", attachment=one.id, attempt=one.attempts)
                continue
            read = Read(problem="not_now")
        except Exception:
            log.exception("media.failed", attachment=one.id, attempt=one.attempts)
            read = Read(problem="unreadable")
        _bring(app, one, read)
    return len(claimed)


def _bring(app: App, one: Attachment, read: Read) -> None:
    now = app.clock.now()
    with app.database.write() as tx:
        original = inbox.get(tx, one.inbox)
        if original is None or not attachments.read(tx, one, read.found, read.heard, read.problem, now):
            return
        said = original.message
        again = replace(
            said, message_id=f"{said.message_id}:read:{one.id}", text=read.heard or "", media=(), button=None
        )
        brought = inbox.put(tx, again, now)
        if brought is not None:
            attachments.followed_by(tx, one.id, brought)
    log.info("media.read", attachment=one.id, problem=read.problem)
    app.ring("inbox")


def _read(app: App, one: Attachment) -> Read:
    channel = app.channels.get(one.channel)
    if not isinstance(channel, Fetches):
        return Read(problem="gone")
    try:
        kept = taken(app.loop.run(channel.fetch(one.reference)))
    except TooLarge:
        return Read(problem="too_large")
    except Rejected:
        return Read(problem="gone")
    except NotTaken as no:
        return Read(problem=no.why)
    name = app.shelf.put(kept)
    with app.database.write() as tx:
        attachments.kept(tx, one, name, kept.mime, kept.kind)
    return _listened(app, kept) if kept.kind == "voice" else _looked(app, kept)


def _looked(app: App, kept: Kept) -> Read:
    """Codes first, they are the surest; the print only where they do not say both which order and which lot."""
    if app.eyes is None:
        return Read(problem="no_eyes")
    world = app.world()
    try:
        codes = app.eyes.codes(kept.data, kept.mime)
    except Rejected:
        return Read(problem="unreadable")
    found = known_ids(codes, (), world.plant, world.records)
    if not (found.work_orders and found.lots):
        try:
            found = known_ids(codes, app.eyes.text(kept.data, kept.mime), world.plant, world.records)
        except Rejected:
            if not found:
                return Read(problem="unreadable")
    return Read({kind: list(ids) for kind, ids in asdict(found).items() if ids})


def _listened(app: App, kept: Kept) -> Read:
    if app.ears is None:
        return Read(problem="no_ears")
    try:
        return Read(heard=app.ears.words(kept.data, kept.mime))
    except Rejected as no:
        log.warning("media.not_heard", why=no.why)
        return Read(problem="not_now")
