"""One notice on its way to one person: by their best address, and by the next one where that fails (R56)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot import fitting
from bot.cards import becomes_card, first_told
from bot.drawing import drawn, has_picture
from bot.reach import OURS, Way, reader_of, way_to_several, way_to_stranger, ways
from bot.say import render
from bot.seals import sealed
from bot.wording import Voice, language_for, word
from db import addresses, arrivals, cards, cases, conversations, inbox, outbox
from db.pace import AT_ONCE, pass_through
from workflow.errors import NotYet, Rejected, TryLater, Unreachable
from workflow.messages import Button, Outbound, Sent
from workflow.plant import Person

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.app import App
    from db.outbox import Pending
    from workflow.case import Case, Notice
    from workflow.ports import Channel, Traits

log = structlog.get_logger()

SEND_WITHIN = 12.0  # seconds for one message; a notice of several parts has to end before its lease does
PATIENT_FOR = 5  # attempts at one address, half a minute; then the next is tried (R56)
MOST_BACKOFF = timedelta(minutes=5)
QUIET = frozenset({"news"})  # nobody has to act on it now
CLOSES_EARLY = timedelta(minutes=5)  # a window that closes while the message is under way is closed (R52)


@dataclass(frozen=True, slots=True)
class Job:
    """A notice, rendered for one address; `others` are tried where this one refuses."""

    pending: Pending
    person: Person | None  # or a chat of a function as if it were one; none: a stranger, told how to register
    way: Way
    others: tuple[Way, ...]
    parts: tuple[Outbound, ...]
    buttons: tuple[Button, ...]  # as we mean them; those of `parts` may be sealed
    case: Case | None  # as it was when this was rendered
    refused: str = ""  # by which addresses before this one


def send_all(app: App, claimed: tuple[Pending, ...]) -> None:
    """Send what was claimed, side by side: one slow chat is not in the others' way."""
    jobs: list[Job] = []
    for pending in claimed:
        try:
            job = _first_job(app, pending)
        except Exception:
            # One notice that cannot be said is never in the others' way; it comes again when its lease is over.
            log.exception("outbox.failed", notice=pending.id, attempt=pending.attempts)
            continue
        jobs += [job] if job is not None else []
    while jobs := [job for job in jobs if not _too_soon(app, job)]:
        outcomes = app.loop.all(_send(app.channels[job.way.channel], job.parts) for job in jobs)
        after: list[Job] = []
        for job, outcome in zip(jobs, outcomes, strict=True):
            try:
                again = _after(app, job, outcome)
            except Exception:
                log.exception("outbox.failed", notice=job.pending.id, attempt=job.pending.attempts)
                continue
            after += [again] if again is not None else []
        jobs = after


def _too_soon(app: App, job: Job) -> bool:
    """Whether its platform takes no more now from all our processes together; it then waits for its turn."""
    rates = app.channels[job.way.channel].traits.rates
    if not rates or not app.shared:
        return False  # one process keeps its own pace
    now, (channel, address) = app.clock.now(), job.way
    limits = {f"{channel} {n} {address if rate.each else ''}": rate for n, rate in enumerate(rates)}
    with app.database.write() as tx:
        wait = pass_through(tx, limits, now)
        if wait > AT_ONCE:
            outbox.not_yet(tx, job.pending, now + wait)
    return wait > AT_ONCE


def pointless(notice: Notice, case: Case) -> bool:
    """Whether what this notice asks for has happened already, so that it would only disturb (R34)."""
    if notice.until is None:
        return False
    if not case.is_open:
        return True
    task = case.task(notice.role) if notice.role else None
    return notice.until == "acknowledged" and (task is None or task.acknowledged_at is not None)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), MOST_BACKOFF)


def _first_job(app: App, pending: Pending) -> Job | None:
    """The notice for its person's best address; None where nobody needs it any more."""
    now = app.clock.now()
    with app.database.read() as tx:
        case = cases.get(tx, pending.case) if pending.case else None
        person = reader_of(app.plant, pending.notice.to)
        failed = arrivals.failed_by(tx, pending.id)
        possible = tuple(way for way in _possible(app, tx, pending.notice, person, now) if way.channel not in failed)
    refused = "; ".join(f"{channel}: {reason}" for channel, reason in failed.items())
    why = None
    if case is not None and pointless(pending.notice, case):
        why = "no longer needed"
    elif not possible:
        why = refused or "nobody there in plant.yaml any more"
    if why is not None:
        with app.database.write() as tx:
            outbox.dropped(tx, pending, now, why)
        return None
    return _job(app, pending, person, possible, refused, case)


def _possible(app: App, tx: Connection, notice: Notice, person: Person | None, now: datetime) -> tuple[Way, ...]:
    """Where a notice may be told: first where the question was asked, among others or not; none: nobody is there."""
    where = notice.where
    asked_in = (Way(where.channel, where.conversation),) if where is not None else ()
    alone = way_to_several(notice.to) or way_to_stranger(notice.to)
    found: tuple[Way, ...] = (alone,) if alone is not None else ()
    if person is not None and alone is None:
        found = ways(app, tx, person, now)
    elif way_to_several(notice.to) is not None and person is None:
        found = ()  # this chat is not in plant.yaml any more
    return tuple(way for way in (*asked_in, *found) if way.channel in app.channels)


def _job(
    app: App,
    pending: Pending,
    person: Person | None,
    possible: tuple[Way, ...],
    refused: str,
    case: Case | None,
) -> Job:
    """The notice as the first of these addresses can show it."""
    now, way = app.clock.now(), possible[0]
    channel = app.channels[way.channel]
    traits, closed = channel.traits, False
    if traits.window is not None:
        with app.database.read() as tx:
            heard_at = inbox.last_from(tx, way.channel, way.address)
        closed = heard_at is None or now - heard_at >= traits.window - CLOSES_EARLY
        traits = (traits.outside or traits) if closed else traits
    reader = person or Person(pending.notice.to, pending.notice.to, language=app.plant.languages[0])
    reader = replace(reader, language=pending.notice.facts.get("reads", reader.language))
    words = render(pending.notice, reader, app.plant, app.records, traits, now)
    language = language_for(reader.language, app.plant)
    text = words.text
    if pending.repeat and not traits.finds_sent and way.channel != OURS:
        text = f"{word(language, 'again')}\n{text}"
    buttons, thread = () if words.numbered else words.buttons, None
    where = pending.notice.where
    there = where if where is not None and way == Way(where.channel, where.conversation) else None
    with app.database.read() as tx:
        to = addresses.now_at(tx, *way)
    if buttons and traits.button_bytes is not None:
        with app.database.write() as tx:
            buttons = sealed(tx, app.config, reader.id, buttons, now)
    if person is not None:
        with app.database.read() as tx:
            if traits.threads and pending.case is not None:
                thread = cards.of(tx, pending.case, *way)
                thread = thread or conversations.first_told(tx, person.id, way.channel, pending.case)
    whole = Outbound(
        to,
        text,
        thread=there.message_id if there is not None else thread,
        case=pending.case,
        repeat=pending.repeat,
        name=pending.notice.name,
        language=language,
        closed=closed,
        key=f"{app.plant.id}:{pending.id}",
        quiet=pending.notice.name in QUIET,
        asker=there.asker if there is not None else None,
        picture=_picture(app, pending.notice, language) if traits.caption and not closed else None,
    )
    parts = _parts(whole, buttons, traits)
    return Job(pending, person, way, possible[1:], parts, words.buttons, case, refused)


def _picture(app: App, notice: Notice, language: str) -> bytes | None:
    """What is drawn beside an answer, for a chat that shows it."""
    return drawn(notice, Voice(language, app.plant, app.records, app.clock.now())) if has_picture(notice) else None


def _parts(whole: Outbound, buttons: tuple[Button, ...], traits: Traits) -> tuple[Outbound, ...]:
    """One message, or several: a picture with the first, the buttons under the last."""
    picture = whole.picture if traits.caption else None
    texts = fitting.split(whole.text, traits.text) or (whole.text,)
    if picture is not None and fitting.length(texts[0]) > traits.caption:
        beside = fitting.split(whole.text, traits.caption)[0]
        texts = (beside, *fitting.split(whole.text.strip().removeprefix(beside), traits.text))
    parts = [replace(whole, text=text, picture=None, key=f"{whole.key}:{n}") for n, text in enumerate(texts)]
    parts[0] = replace(parts[0], picture=picture)
    return (*parts[:-1], replace(parts[-1], buttons=buttons))


async def _send(channel: Channel, parts: tuple[Outbound, ...]) -> tuple[Sent, ...]:
    sent: list[Sent] = []
    for part in parts:
        try:
            sent.append(await asyncio.wait_for(_at_its_pace(channel, part, first=not sent), SEND_WITHIN))
        except TimeoutError:
            raise TryLater("no answer in time", outcome_unknown=True) from None
        except TryLater as later:
            if sent:  # the first parts have arrived
                raise TryLater(later.why, later.after, outcome_unknown=True) from later
            raise
    return tuple(sent)


async def _at_its_pace(channel: Channel, part: Outbound, *, first: bool) -> Sent:
    """Send one part; whoever has begun to tell something waits for the turn of the rest."""
    while True:
        try:
            return await channel.send(part)
        except NotYet as later:
            if first:
                raise
            await asyncio.sleep(later.after.total_seconds() if later.after else 1.0)


def _after(app: App, job: Job, outcome: tuple[Sent, ...] | BaseException) -> Job | None:
    """Keep what became of it; the job for the person's next address where this one refused."""
    now, pending = app.clock.now(), job.pending
    match outcome:
        case tuple():
            _arrived(app, job, outcome)
        case NotYet():
            with app.database.write() as tx:
                outbox.not_yet(tx, pending, now + (outcome.after or AT_ONCE))
        case TryLater() if pending.attempts >= PATIENT_FOR and job.others:
            refused = "; ".join(part for part in (job.refused, f"{job.way.channel}: {outcome.why}") if part)
            return _job(app, pending, job.person, job.others, refused, job.case)
        case TryLater():
            with app.database.write() as tx:
                due = now + (outcome.after or backoff(pending.attempts))
                outbox.later(tx, pending, outcome.why, due, outcome_unknown=outcome.outcome_unknown)
        case Rejected():
            log.warning("outbox.rejected", notice=pending.id, channel=job.way.channel)
            refused = "; ".join(part for part in (job.refused, f"{job.way.channel}: {outcome.why}") if part)
            if isinstance(outcome, Unreachable):
                with app.database.write() as tx:
                    addresses.unreachable(tx, *job.way, outcome.why, now)
            if job.others:
                return _job(app, pending, job.person, job.others, refused, job.case)
            with app.database.write() as tx:
                outbox.dropped(tx, pending, now, refused)
        case _:
            log.error(
                "outbox.failed",
                notice=pending.id,
                attempt=pending.attempts,
                channel=job.way.channel,
                error=type(outcome).__name__,
            )
            with app.database.write() as tx:
                outbox.later(tx, pending, "could not be sent; see the log", now + backoff(pending.attempts))
    return None


def _arrived(app: App, job: Job, sent: tuple[Sent, ...]) -> None:
    now, pending = app.clock.now(), job.pending
    with app.database.write() as tx:
        last = sent[-1].message_id
        moved_to = next((one.moved_to for one in sent if one.moved_to is not None), None)
        if moved_to is not None:
            addresses.moved(tx, *job.way, moved_to)
        if not outbox.sent(tx, pending, now, job.way.channel, last, job.refused):
            return
        for one in sent:
            if arrivals.sent(tx, job.way.channel, one.message_id, pending.id, now):
                log.warning("outbox.not_delivered", notice=pending.id, channel=job.way.channel)
                app.ring("outbox")
        if job.person is None:
            return
        for n, (part, one) in enumerate(zip(job.parts, sent, strict=True), 1):
            buttons = job.buttons if n == len(sent) else ()
            conversations.told(
                tx, job.person.id, now, part.text, buttons, pending.case, job.way.channel, one.message_id,
                pending.id if n == len(sent) else None,
            )  # fmt: skip
        name, alone = pending.notice.name, job.parts[-1].asker is None
        if job.case is not None and alone and becomes_card(name) and job.way.channel != OURS:
            first_told(app, tx, job.case, job.way, job.person.id, last, now)
