"""One notice on its way to one person: by their best address, and by the next one where that fails (R56)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot import fitting
from bot.called import called
from bot.cards import becomes_card, first_told
from bot.drawing import drawn, has_picture
from bot.reach import OURS, PATIENT_FOR, VIA, Way, reader_of, way_to_several, way_to_stranger, ways
from bot.rest import rests_until
from bot.say import render
from bot.seals import sealed
from bot.unreached import asked_on_our_page, tell_above
from bot.wire import send_parts
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

log = structlog.get_logger()

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
    """Send what was claimed, side by side: one slow chat is not in the others' way.

    What is read for all of them is read once, and what became of them is kept together: a commit costs the same for one
    notice as for twenty.
    """
    jobs = _with_seals(app, _first_jobs(app, claimed))
    asked: dict[tuple[str, str], None] = {}
    while jobs := [job for job in jobs if not _too_soon(app, job)]:
        outcomes = app.loop.all(_traced(app, job) for job in jobs)
        asked |= dict.fromkeys(asked_on_our_page(app, [(job.pending, job.way) for job in jobs]))
        again = _settled(app, list(zip(jobs, outcomes, strict=True)))
        jobs = _with_seals(app, _next_jobs(app, again)) if again else []
    tell_above(app, asked)


def _too_soon(app: App, job: Job) -> bool:
    """Whether its platform takes no more now from all our processes together; it then waits for its turn."""
    rates = app.channels[job.way.channel].traits.rates
    if not rates or not app.shared:
        return False  # one process keeps its own pace
    now, (channel, address) = app.clock.now(), job.way
    named = ((n, rate.counts(address), rate) for n, rate in enumerate(rates))
    limits = {f"{channel} {n} {name}": rate for n, name, rate in named if name is not None}
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


def _by_every_way(notice: Notice) -> bool:
    """Whether it asks for an act where there is a danger: that reaches its person on every channel they have (R15)."""
    danger = notice.role is not None and notice.until is not None and notice.facts.get("type") == "safety"
    alone = notice.where is not None or way_to_several(notice.to) or way_to_stranger(notice.to)
    return danger and not alone and VIA not in notice.facts


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return min(timedelta(seconds=2 ** min(attempts, 10)), MOST_BACKOFF)


def _first_jobs(app: App, claimed: tuple[Pending, ...]) -> list[Job]:
    """The notices for their persons' best addresses; what nobody needs any more is dropped and says why."""
    jobs: list[Job] = []
    gone: list[tuple[Pending, str]] = []
    resting: list[tuple[Pending, datetime]] = []
    with app.database.read() as tx:
        numbers = sorted({pending.case for pending in claimed if pending.case})
        about = {case.number: case for case in cases.of(tx, numbers)}
        for pending in claimed:
            try:
                found = _first_job(app, tx, pending, about.get(pending.case or ""))
            except Exception:
                # One that cannot be said is never in the others' way; it comes again when its lease is over.
                log.exception("outbox.failed", notice=pending.id, attempt=pending.attempts)
                continue
            if isinstance(found, Job):
                jobs.append(found)
            elif isinstance(found, str):
                gone.append((pending, found))
            else:
                resting.append((pending, found))
    if gone or resting:
        with app.database.write() as tx:
            for pending, until in resting:
                outbox.rests(tx, pending, until)
            for pending, why in gone:
                outbox.dropped(tx, pending, app.clock.now(), why)
    return jobs


def _first_job(app: App, tx: Connection, pending: Pending, case: Case | None) -> Job | str | datetime:
    """The notice for its person's best address; or why nobody needs it any more, or until when it may rest."""
    person, now = reader_of(app.plant, pending.notice.to), app.clock.now()
    via = pending.notice.facts.get(VIA)
    failed = arrivals.failed_by(tx, pending.id)
    found = _possible(app, tx, pending.notice, person, now)
    possible = tuple(way for way in found if way.channel not in failed)
    refused = "; ".join(f"{channel}: {reason}" for channel, reason in failed.items())
    if case is not None and pointless(pending.notice, case):
        return "no longer needed"
    if via is not None:
        possible = tuple(way for way in possible if list(way) == via)  # it has a notice of its own for each other
    elif _by_every_way(pending.notice):
        possible = tuple(sorted(possible, key=lambda way: way.channel != OURS))  # there at once; the others with it
    if not possible:
        return refused or "nobody there in plant.yaml any more"
    first = possible[0].channel
    if first != OURS and not app.channels[first].traits.silent and (until := rests_until(app, tx, pending.notice, now)):
        return until
    return _job(app, tx, pending, person, possible, refused, case)


def _next_jobs(app: App, refused: list[tuple[Job, str]]) -> list[Job]:
    """The jobs for the next addresses of those whom one refused."""
    jobs: list[Job] = []
    with app.database.read() as tx:
        for job, why in refused:
            try:
                jobs.append(_job(app, tx, job.pending, job.person, job.others, why, job.case))
            except Exception:
                log.exception("outbox.failed", notice=job.pending.id, attempt=job.pending.attempts)
    return jobs


def _with_seals(app: App, jobs: list[Job]) -> list[Job]:
    """The jobs with their buttons as foreign chats may carry them."""
    if not any(_seals(app, job) for job in jobs):
        return jobs
    with app.database.write() as tx:
        return [_sealed(app, tx, job) if _seals(app, job) else job for job in jobs]


def _seals(app: App, job: Job) -> bool:
    traits, last = app.channels[job.way.channel].traits, job.parts[-1]
    there = (traits.outside or traits) if last.closed else traits
    return bool(last.buttons) and there.button_bytes is not None


def _sealed(app: App, tx: Connection, job: Job) -> Job:
    *first, last = job.parts
    reader = job.person.id if job.person is not None else job.pending.notice.to
    shown = sealed(tx, app.config, reader, last.buttons, app.clock.now())
    return replace(job, parts=(*first, replace(last, buttons=shown)))


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
    tx: Connection,
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
        heard_at = inbox.last_from(tx, way.channel, way.address)
        closed = heard_at is None or now - heard_at >= traits.window - CLOSES_EARLY
        traits = (traits.outside or traits) if closed else traits
    reader = person or Person(pending.notice.to, pending.notice.to, language=app.plant.languages[0])
    reader = replace(reader, language=pending.notice.facts.get("reads", reader.language))
    words = render(pending.notice, reader, app.plant, app.records, traits, now, app.config.public_url)
    language = language_for(reader.language, app.plant)
    text = words.text
    if pending.repeat and not traits.finds_sent and way.channel != OURS:
        text = f"{word(language, 'again')}\n{text}"
    buttons, thread = () if words.numbered else words.buttons, None
    where = pending.notice.where
    there = where if where is not None and way == Way(where.channel, where.conversation) else None
    if person is not None and traits.threads and pending.case is not None:
        thread = cards.of(tx, pending.case, *way) or conversations.first_told(tx, person.id, way.channel, pending.case)
    whole = Outbound(
        addresses.now_at(tx, *way),
        text,
        thread=there.message_id if there is not None else thread,
        case=pending.case,
        repeat=pending.repeat,
        name=pending.notice.name,
        language=language,
        closed=closed,
        key=f"{app.plant.id}:{pending.id}",
        quiet=pending.notice.name in QUIET or rests_until(app, tx, pending.notice, now) is not None,
        calls=called(app, tx, pending.notice.name, pending.notice.to, case),
        asker=there.asker if there is not None else None,
        picture=_picture(app, pending.notice, language) if traits.caption and not closed else None,
    )
    parts = fitting.parts(whole, buttons, traits)
    return Job(pending, person, way, possible[1:], parts, words.buttons, case, refused)


def _picture(app: App, notice: Notice, language: str) -> bytes | None:
    """What is drawn beside an answer, for a chat that shows it."""
    return drawn(notice, Voice(language, app.plant, app.records, app.clock.now())) if has_picture(notice) else None


async def _traced(app: App, job: Job) -> tuple[Sent, ...]:
    case, notice = job.pending.case, job.pending.id
    ids: dict[str, str | int] = {"notice": notice, "channel": job.way.channel, "attempt": job.pending.attempts}
    with app.spans.span(
        "send", f"case {case}" if case else f"notice {notice}", **ids, **({"case": case} if case else {})
    ):
        return await send_parts(app.channels[job.way.channel], job.parts)


def _settled(app: App, ended: list[tuple[Job, tuple[Sent, ...] | BaseException]]) -> list[tuple[Job, str]]:
    """Keep what became of them, in one transaction; where that fails, each by itself. Which have to go on, and why."""
    try:
        with app.database.write() as tx:
            # In one order, so that no two workers wait for each other's conversations.
            by_reader = sorted(ended, key=lambda one: one[0].pending.notice.to)
            found = [(job, _after(app, tx, job, outcome)) for job, outcome in by_reader]
            return [(job, refused) for job, refused in found if refused is not None]
    except Exception:
        if len(ended) == 1:
            pending = ended[0][0].pending
            log.exception("outbox.failed", notice=pending.id, attempt=pending.attempts)
            return []
    return [again for one in ended for again in _settled(app, [one])]


def _after(app: App, tx: Connection, job: Job, outcome: tuple[Sent, ...] | BaseException) -> str | None:
    """Keep what became of it; who refused it so far, where the person's next address is to be tried."""
    now, pending = app.clock.now(), job.pending
    match outcome:
        case tuple():
            _arrived(app, tx, job, outcome)
        case NotYet():
            outbox.not_yet(tx, pending, now + (outcome.after or AT_ONCE))
        case TryLater() if pending.attempts >= PATIENT_FOR and job.others:
            return _refused_by(job, outcome.why)
        case TryLater():
            due = now + (outcome.after or backoff(pending.attempts))
            outbox.later(tx, pending, outcome.why, due, outcome_unknown=outcome.outcome_unknown)
        case Rejected():
            log.warning("outbox.rejected", notice=pending.id, channel=job.way.channel)
            if isinstance(outcome, Unreachable):
                addresses.unreachable(tx, *job.way, outcome.why, now)
            if job.others:
                return _refused_by(job, outcome.why)
            outbox.dropped(tx, pending, now, _refused_by(job, outcome.why))
        case _:
            log.error(
                "outbox.failed",
                notice=pending.id,
                attempt=pending.attempts,
                channel=job.way.channel,
                error=type(outcome).__name__,
            )
            outbox.later(tx, pending, "could not be sent; see the log", now + backoff(pending.attempts))
    return None


def _refused_by(job: Job, why: str) -> str:
    return "; ".join(part for part in (job.refused, f"{job.way.channel}: {why}") if part)


def _arrived(app: App, tx: Connection, job: Job, sent: tuple[Sent, ...]) -> None:
    now, pending = app.clock.now(), job.pending
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
    copy = VIA in pending.notice.facts
    if _by_every_way(pending.notice):
        foreign = [way for way in ways(app, tx, job.person, now) if way != job.way and way.channel != OURS]
        copies = [replace(pending.notice, facts={**pending.notice.facts, VIA: list(way)}) for way in foreign]
        outbox.put_all(tx, pending.case, copies, now)
    for n, (part, one) in enumerate(zip(job.parts, sent, strict=True), 1):
        buttons = job.buttons if n == len(sent) else ()
        conversations.told(
            tx, job.person.id, now, part.text, buttons, pending.case, job.way.channel, one.message_id,
            pending.id if n == len(sent) else None, copy=copy,
        )  # fmt: skip
    name, alone = pending.notice.name, job.parts[-1].asker is None
    if job.case is not None and alone and becomes_card(name) and job.way.channel != OURS:
        first_told(app, tx, job.case, job.way, job.person.id, last, now)
