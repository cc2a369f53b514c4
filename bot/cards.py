"""The live card: one message about an exception in each chat that follows it, changed in place as it goes on.

In a person's chat the message that told them of it first becomes the card. In the chat of a function a card is posted
when the function is asked, and what happens is told in its thread, so that whatever must ring is a new message.
Cards come after notices, in a round of their own: an edit never delays one, and a failed edit loses none.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import structlog

from bot.called import called
from bot.reach import reader_of, several, way_to_several
from bot.say import Rendered, log_line, render
from bot.seals import sealed
from bot.wording import language_for
from db import addresses, cards, cases, conversations, outbox, postings
from workflow.case import Case, Entry, Notice, Offer
from workflow.errors import NotYet, Rejected, TryLater
from workflow.escalating import raising
from workflow.holding import plain
from workflow.messages import Outbound, Sent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.app import App
    from bot.reach import Way
    from db.cards import Card
    from workflow.case import PostingStatus, Task
    from workflow.plant import Person
    from workflow.ports import Channel

log = structlog.get_logger()

GAP = timedelta(seconds=4)  # between two changes of one card: a burst of answers is one edit
AT_ONCE = 20
LEASE = timedelta(seconds=30)
EDIT_WITHIN = 12.0  # seconds
PATIENT_FOR = 8  # attempts at an edit; the next change of the case tries again
FIRST = frozenset(
    {"opened.one", "opened.hold", "already_known", "escalated", "nobody_there", "out_of_reach"}
)  # may become a card
# What of the log is told in the thread under the card of a function's chat; the first ones ring.
RINGS = frozenset({"reminded", "escalated", "has_to_be_done", "went_quiet", "went_off_shift", "reopened", "corrected"})
NEWS = RINGS | frozenset(
    {
        "acknowledged",
        "promised",
        "waiting",
        "updated",
        "declined",
        "handed_over",
        "nobody_on_shift",
        "unreachable",
        "decided",
    }
    | {"resolved", "posting_failed", "closed", "cancelled", "words_deleted"}
)


@dataclass(frozen=True, slots=True)
class Showing:
    """A card that has to be posted or changed: what it will show, and the state of the exception that this is."""

    card: Card
    case: Case
    entries: tuple[Entry, ...]
    words: Rendered
    what: str
    message: Outbound | None  # none: it shows this already


def becomes_card(name: str) -> bool:
    """Whether a notice of this name may become the card of its exception in a person's chat."""
    return name in FIRST or name.startswith("asked.")


def first_told(app: App, tx: Connection, case: Case, way: Way, reader: str, message_id: str, now: datetime) -> None:
    """A person was told of an exception there for the first time: that message is its card from now on."""
    if app.channels[way.channel].traits.edits:
        cards.put(tx, case.number, *way, reader, now, message_id=message_id, version=case.version, free_at=now + GAP)


def show_cards(app: App) -> int:
    """Post and change what is due, while no notice waits; returns how many cards were looked at."""
    now = app.clock.now()
    if not any(channel.traits.edits for channel in app.channels.values()):
        return 0
    with app.database.write() as tx:
        _expect(app, tx, now)
        if outbox.anything_due(tx, now):
            return 0
        claimed = cards.claim(tx, now, AT_ONCE, LEASE)
    showing: list[Showing] = []
    for card in claimed:
        try:
            one = _showing(app, card, now)
        except Exception:
            # It comes again when its lease is over; the other cards do not wait for it.
            log.exception("card.failed", case=card.case, channel=card.channel)
            continue
        showing += [one] if one is not None else []
    outcomes = app.loop.all(_send(app.channels[s.card.channel], s) for s in showing) if showing else []
    for one, outcome in zip(showing, outcomes, strict=True):
        _after(app, one, outcome)
    if claimed:
        app.ring("outbox")
    return len(claimed)


def card_notice(case: Case, reader: str, owed: Sequence[PostingStatus], offers: tuple[Offer, ...]) -> Notice:
    """What, where, since when, which order, who has it, what is waited for, what ERP has: all that a card says."""
    live = [task for task in case.tasks if task.live] if case.is_open else []
    facts = {
        "case": case.number,
        "status": case.status,
        "type": case.type,
        "line": case.line,
        "assets": list(case.assets),
        "stopped": case.line_stopped if case.is_open else None,
        "since_at": case.since.isoformat(),
        "reporter": case.reporter,
        "said": case.said,
        "work_orders": list(case.work_orders),
        "inferred": list(case.inferred),
        "lots": list(case.lots),
        "has": [_has(task) for task in live],
        "parts": plain(case.parts),
        "rest": [f"{h.lot}: {h.remaining:.15g} {h.uom}" for h in case.held if h.remaining > 0],
        "who": case.resolved_by,
        "action": case.resolution,
        "minutes": case.downtime_min,
        "bookings": [
            {"kind": s.posting.kind, "erp": s.state, "receipt": s.receipt or ""} for s in owed if s.state != "reversed"
        ],
    }
    return Notice(reader, "card", facts, offers)


def offers_for(case: Case, person: str | None, roles: Sequence[str]) -> tuple[Offer, ...]:
    """The buttons under a card: what its reader can do now. For a chat (no person) what its functions can."""
    if not case.is_open or case.status == "draft":
        return ()
    for task in case.tasks:
        if not task.live or not _concerns(task, person, roles):
            continue
        hold = task.role == "quality" and case.type == "quality_hold"
        if task.waits_for_acknowledgement:
            acts: tuple[str, ...] = ("acknowledge", "decide" if hold else "eta", "decline")
        elif person in (None, task.owner, task.acknowledged_by):
            acts = ("decide", "decline") if hold else ("resolve", "wait", "decline")
        else:
            continue
        return (*(Offer(act, (task.role,)) for act in acts), *raising(task))
    return ()


def _concerns(task: Task, person: str | None, roles: Sequence[str]) -> bool:
    if person is None:
        return not roles or task.role in roles
    return person in (task.owner, *task.told) and person not in task.declined


def _has(task: Task) -> dict[str, object]:
    return {
        "role": task.role,
        "who": task.owner,
        "acknowledged_at": task.acknowledged_at.isoformat() if task.acknowledged_at else None,
        "promised_at": task.promised_at.isoformat() if task.promised_at else None,
        "waiting_for": task.waiting_for,
    }


def _expect(app: App, tx: Connection, now: datetime) -> None:
    """A card for every open exception in every chat of a function that was asked about it."""
    chats = [chat for chat in app.plant.chats if any(channel in app.channels for channel in chat.contacts)]
    if not chats:
        return
    opened = [case for case in cases.open_cases(tx) if case.status != "draft"]
    known = cards.known(tx, [case.number for case in opened])
    for case in opened:
        roles = {task.role for task in case.tasks if task.withdrawn_at is None}
        for chat in chats:
            for channel, address in chat.contacts.items():
                if channel not in app.channels or (case.number, channel, address) in known:
                    continue
                if app.channels[channel].traits.edits and chat.shows(roles, case.line):
                    cards.put(tx, case.number, channel, address, several(channel, address), now)


def _showing(app: App, card: Card, now: datetime) -> Showing | None:
    """What a card has to show; None where there is nothing left to do for it."""
    channel, chat = app.channels.get(card.channel), way_to_several(card.reader)
    reader = reader_of(app.plant, card.reader)
    with app.database.read() as tx:
        case = cases.get(tx, card.case)
        owed = postings.of_case(tx, card.case)
        entries = cases.log_of(tx, card.case)
        to = addresses.now_at(tx, card.channel, card.address)
        calls = called(app, tx, "card", card.reader, case)
    if case is None or channel is None or reader is None:
        with app.database.write() as tx:
            cards.lost(tx, card, now)
        return None
    offers = offers_for(case, None if chat is not None else reader.id, reader.roles)
    notice = card_notice(case, card.reader, owed, offers)
    words = render(notice, reader, app.plant, app.records, replace(channel.traits, parts=1), now)
    what = sha256(repr((words.text, [b.value for b in words.buttons])).encode("utf-8", "replace")).hexdigest()
    same = what == card.shown or (card.message_id is not None and not card.shown and case.version == card.version)
    if same:
        return Showing(card, case, entries, words, what if card.shown else "", None)
    buttons = words.buttons
    if channel.traits.button_bytes is not None:
        with app.database.write() as tx:
            buttons = sealed(tx, app.config, card.reader, buttons, now)
    message = Outbound(
        to,
        words.text,
        buttons,
        replaces=card.message_id,
        case=case.number,
        name="card",
        language=language_for(reader.language, app.plant),
        key=f"{app.plant.id}:card:{case.number}",
        card=True,
        calls=calls,
        repeat=card.message_id is None and card.attempts > 1,  # an earlier attempt may stand there already
    )
    return Showing(card, case, entries, words, what, message)


async def _send(channel: Channel, showing: Showing) -> Sent | None:
    if showing.message is None:
        return None
    try:
        return await asyncio.wait_for(channel.send(showing.message), EDIT_WITHIN)
    except TimeoutError:
        raise TryLater("no answer in time", outcome_unknown=True) from None


def _after(app: App, showing: Showing, outcome: Sent | BaseException | None) -> None:
    """Keep what became of it; where it was a chat's, its thread hears what happened since."""
    card, now = showing.card, app.clock.now()
    with app.database.write() as tx:
        match outcome:
            case None:
                _is_shown(app, tx, showing, card.message_id or "", now)
            case Sent():
                if outcome.moved_to is not None:
                    addresses.moved(tx, card.channel, card.address, outcome.moved_to)
                _is_shown(app, tx, showing, outcome.message_id, now)
            case TryLater() if card.attempts < PATIENT_FOR or isinstance(outcome, NotYet):
                pause = outcome.after or timedelta(seconds=2 ** min(card.attempts, 8))
                cards.later(tx, card, now + max(pause, GAP))
            case Rejected() if card.message_id is not None and way_to_several(card.reader) is not None:
                cards.gone(tx, card, now + GAP)  # deleted, or left behind when the group moved
            case TryLater() | Rejected():
                log.warning("card.lost", case=card.case, channel=card.channel)
                cards.lost(tx, card, now)
            case _:
                log.error("card.failed", case=card.case, channel=card.channel, error=type(outcome).__name__)
                cards.later(tx, card, now + LEASE)


def _is_shown(app: App, tx: Connection, showing: Showing, message_id: str, now: datetime) -> None:
    card, case, told = showing.card, showing.case, len(showing.entries)
    if not cards.shown(tx, card, message_id, case.version, showing.what, told, now + GAP):
        return
    reader = reader_of(app.plant, card.reader)
    if way_to_several(card.reader) is None or reader is None:
        return
    if card.message_id is None:
        _remember(tx, reader, showing, message_id, now)
        return
    news = [entry for entry in showing.entries[card.entries :] if entry.what in NEWS]
    if news:
        rings = any(entry.what in RINGS for entry in news)
        lines = [log_line(entry, reader.language, app.plant) for entry in news]
        notice = Notice(card.reader, "call" if rings else "news", {"case": case.number, "news": lines})
        outbox.put(tx, case.number, notice, now)


def _remember(tx: Connection, reader: Person, showing: Showing, message_id: str, now: datetime) -> None:
    """What is answered to the card in its chat is about its exception."""
    words = showing.words
    channel, case = showing.card.channel, showing.case.number
    conversations.told(tx, reader.id, now, words.text, words.buttons, case, channel, message_id)
