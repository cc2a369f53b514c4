"""One message to one or more acts: the only place where an intent chooses what is done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot import afterwards, answer, confirmed, decisions, gathering, media, presses, reports, restating, slash, why
from bot.answers.wanted import wanted
from bot.beforehand import asked_of_others
from bot.completing import add, complete, completes, tells_a_kind
from bot.courtesy import bare_answer, calls_off, courtesy
from bot.deleted import only_deletes
from bot.explaining import explained
from bot.incoming import Incoming
from bot.invite import accepted, speak_again
from bot.meaning import MOST_TEXT, cut_to_danger, read
from bot.numbered import WHICH, chosen
from bot.order_changes import answered, ended
from bot.proven import decides, held_back, stopped
from bot.reach import answered_at, person_at
from bot.reloading import reload_rules
from bot.running import asked as asked_to_run
from bot.say import parse_button
from bot.shared_phone import as_theirs, noted, speaker, told
from bot.signing_in import asks_to_sign_in, link_for, signed_in
from bot.taking import edited_nothing, read_again, turn_away, unsealed
from bot.thread import find_thread
from db import attachments, cases, conversations, downtimes, inbox, outbox, understood
from db.connect import Stale
from db.inbox import Received
from workflow import answering, finishing, opening, verifying
from workflow.case import Case, Change, Notice, Offer
from workflow.errors import Refused
from workflow.reading import Reading, Resolution
from workflow.routing import World

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

RETRIES = 10  # lost races on one case before the message waits for the next round


def handle(app: App, received: Received) -> None:
    """Take one message from the inbox to its end: acts saved and the row done, in one transaction."""
    message = received.message
    of = f"{message.channel} {message.message_id}"
    if message.raw is not None:
        read_again(app, received)
        return
    if only_deletes(app, received) or accepted(app, received) or edited_nothing(app, received):
        return
    with app.database.read() as tx:
        person = person_at(app, tx, message.channel, message.sender)
        if person is not None:
            message = chosen(app, tx, unsealed(app, tx, message, person), person)
    if message.edits is not None and message.reply_to is None:
        message = replace(message, reply_to=message.edits)  # it belongs where the first writing of it led
    if person is None:
        turn_away(app, received)
        return
    person, phone = speaker(app, message, person)
    message = cut_to_danger(app, message, person)
    before: Incoming | None = None
    link: str | None = None
    for _ in range(RETRIES):
        with app.database.read() as tx:
            press = parse_button(message.button) if message.button else None
            thread = find_thread(tx, message, person, press, app.clock.now())
            pieces = gathering.so_far(inbox.gathered(tx, message), received)
            brings = attachments.behind(tx, received.id)
        if message.button is None and brings is None:
            press = media.typed(app, message, person, thread) or why.typed(message, thread)
        if message.media and gathering.come_first(app, received.id, pieces):
            return
        proved = decides(app, message)
        incoming = Incoming(received.id, message, person, press, thread, brings, decides=proved, phone=phone)
        reading = None
        if press is None and brings is None and asks_to_sign_in(message.text):
            link = link or link_for(app, incoming)  # one, however often this message is taken up again
            incoming = replace(incoming, link=link)
        elif press is None:
            with app.spans.span("read", of, inbox=received.id):
                reading, thread = read(app, incoming)
            together = gathering.read_together(incoming, reading, thread, pieces, partial(read, app))
            incoming, reading, thread, pieces = together
            if brings is None and gathering.waits(app, incoming, reading, thread, pieces):
                return
            incoming = replace(incoming, thread=thread, why=explained(app, incoming.message, person, thread, reading))
            if reading is not None and brings is None and not thread.confirms:
                incoming = before = asked_of_others(app, incoming, reading, before)
        try:
            with app.spans.span("act", of, inbox=received.id) as about, app.database.write() as tx:
                if not inbox.take(tx, received.id):
                    return  # another worker was faster
                world = replace(app.world(), engaged=cases.engaged(tx), other=partial(cases.get, tx))
                world = replace(world, stood=partial(downtimes.beside, tx))
                desk = Desk(world, tx, incoming)
                outcome = desk.act(reading)
                for piece in incoming.gathered:
                    inbox.done(tx, piece, app.clock.now(), "gathered")
                inbox.done(tx, received.id, app.clock.now(), outcome)
                about |= {"outcome": outcome} | ({"case": desk.touched} if desk.touched is not None else {})
        except Stale:
            continue  # somebody was faster: acts are pure, so they run again on the fresh case
        if outcome == "speaks":
            speak_again(app)
        if outcome == "improve.accepted":
            reload_rules(app)
        app.ring("outbox", "postings")
        return
    with app.database.write() as tx:
        inbox.retry(tx, received.id, "busy case", app.clock.now() + timedelta(seconds=1))


class Desk:
    """The acts of one message, in one transaction."""

    def __init__(self, world: World, tx: Connection, incoming: Incoming) -> None:
        self.world = world
        self.tx = tx
        self.incoming = incoming
        self.me = incoming.person
        self.message = incoming.message
        self.press = incoming.press
        self.inbox_id = incoming.id
        self.thread = incoming.thread
        # Captured is when the person sent it, not when we got round to it (R1); no sender's clock is ahead of ours.
        self.sent_at = min(incoming.message.sent_at, world.now)
        self.said = incoming.message.text.strip()
        self.words = self.said if incoming.words is None else incoming.words.strip()
        self.pieces = (*incoming.earlier, *((incoming.message.message_id,) if incoming.over else ()))
        self.adds = incoming.adds
        self.phone = incoming.phone
        if self.thread.case is not None:
            own = as_theirs(self.phone, self.me, self.thread.case)
            self.thread = replace(self.thread, case=own)
        self.brings = incoming.brings
        self.why = incoming.why
        self.decides = incoming.decides
        self.elsewhere = incoming.elsewhere
        self.where = answered_at(incoming.message)
        self.line = 0  # of the transcript that this message became
        self.touched: str | None = None  # number of the exception that was changed last

    def act(self, reading: Reading | None) -> str:
        """Do what the message asks for and say so; returns the outcome that the inbox row keeps."""
        self.line = self.brings.line if self.brings is not None else self.remember()
        if self.message.button is not None and self.press is None:
            return self.tell("which_number" if self.message.button == WHICH else "late_press_unknown")
        if (said := held_back(self, reading, afterwards.does(self, reading))) is not None:
            return said
        try:
            if self.press is not None:
                return presses.pressed(self, self.press)
            if self.brings is None and (typed := slash.command(self.said)) is not None:
                return slash.typed(self, typed)
            if self.brings is None and asks_to_sign_in(self.said):
                return signed_in(self, self.incoming)
            if self.brings is not None:
                return media.brought(self, self.brings, reading)
            if self.message.media and not self.said:
                return media.without_words(self)
            if reading is None:
                return self.tell("too_long", most=MOST_TEXT) if self.said else self.tell("empty")
            return self.understood(reading)
        except Refused as no:
            above = {"people": decisions.told_above(self, no)} if no.name in decisions.ABOVE else {}
            return self.tell(f"refused.{no.name}", **{**no.facts, **above})

    def remember(self) -> int:
        """Keep what was said, and have read what came with it; returns the line of the transcript."""
        about = self.press.case.strip("-") or None if self.press else self.thread.number
        if self.press is None and self.message.message_id in self.pieces:
            known = conversations.line_of(self.tx, self.message.channel, self.message.message_id)
            if known is not None:
                return known.id
        said = (
            self.words or media.shown(self.message, self.me, self.world.plant) or (self.press.act if self.press else "")
        )
        message = self.message
        line = conversations.said(
            self.tx, self.me.id, self.sent_at, said, message.message_id, message.channel, about, message.button
        )
        media.arrived(self, line)
        return line

    # what was written -----------------------------------------------------------------------------------------------

    def understood(self, reading: Reading) -> str:
        """Choose the act by the intent."""
        if self.elsewhere is not None:
            outbox.put(self.tx, None, replace(self.elsewhere, where=self.where), self.world.now)
            return "query"
        reading = confirmed.completed(self, reading)
        case = self.thread.case
        if (besides := afterwards.heard(self, reading)) is not None:
            return besides
        if reading.how.startswith("local: "):  # the reader itself failed on it: a person reads it (R60)
            return reports.unreadable(self)
        if self.thread.confirms and reading.intent in ("answer", "acknowledge", "chatter", "cancel"):
            return decisions.confirm(self, reading)
        right = reading.exceptions or ((reading.mentioned,) if reading.mentioned is not None else ())
        if reading.correction and case is not None and case.is_open and right:
            return self.save(finishing.correct(case, right[0], self.me, self.said, self.world))
        if self.message.edits is not None and case is not None and reading.intent == "report":
            if not case.is_open:
                return self.late(case)
            return self.save(finishing.correct(case, reading.exceptions[0], self.me, self.said, self.world))
        if (agreed := answered(self, reading)) is not None:
            return agreed
        if (put_right := restating.asked(self, reading)) is not None:
            return put_right
        if (ran := asked_to_run(self)) is not None:
            return ran
        if case is None and reading.ask is not None and reading.intent in ("chatter", "query"):
            return reports.perhaps(self, reading)
        if (asked := wanted(reading, self.said, self.me, self.world.plant, self.sent_at, self.why)) is not None:
            outbox.put(self.tx, None, replace(answer.reply(self, asked), where=self.where), self.world.now)
            return "query"
        if case is None and reading.intent == "report" and reading.correction and not tells_a_kind(reading):
            return self.tell("no_case")  # "no, line 3", and nothing that it would correct (R14)
        if reading.intent == "report" and bare_answer(self.said) and not any(e.assets for e in reading.exceptions):
            return self.tell("no_case")  # "no", "in 20 min": an answer to nothing opens nothing (R14)
        if reading.intent == "report" and calls_off(self.said) and all(e.type != "safety" for e in reading.exceptions):
            return self.tell("no_case")  # a false alarm of nothing that is open
        match reading.intent:
            case "report" if case is not None and self.adds:
                return add(self, case, reading.exceptions[0])
            case "report" if case is not None and completes(self, case, reading):
                return complete(self, case, reading.exceptions[0])
            case "report":
                return reports.report(self, reading)
            case "disposition":
                return decisions.propose(self, reading)
            case "answer" if case is not None and case.status == "draft":
                return self.save(opening.answer(case, reading.answer, self.me, self.world))
            case "chatter" | "answer":
                if case is not None and case.status == "draft" and reading.ask is not None:
                    return self.save(opening.answer(case, None, self.me, self.world))
                polite = courtesy(self.said)
                if polite is not None:
                    return self.tell("courtesy.thanks" if polite == "thanks" else "courtesy.greeting")
                return self.tell("chatter")
        return self.in_thread(reading)

    def in_thread(self, reading: Reading) -> str:
        """An answer that speaks of an exception: find which one, never guess between two (R26)."""
        case = self.thread.case
        if case is None:
            choice = self.thread.choice
            if not choice:
                return self.tell("no_case")
            offers = tuple(Offer("pick", (c.number, str(self.inbox_id))) for c in choice[:3])
            return self.tell("which_case", offers, items=[answer.item(c, self.world) for c in choice[:3]])
        if case.status in ("resolved", "closed", "cancelled", "merged") and reading.intent != "update":
            minutes = reading.resolution.downtime_min if reading.resolution is not None else None
            if case.status == "resolved" and minutes is not None and case.resolved_by != self.me.id:
                return self.save(answering.update(case, self.me, self.said, self.world))  # how long it took, is kept
            return self.late(case)
        until = self.sent_at + timedelta(minutes=reading.eta_min) if reading.eta_min is not None else None
        match reading.intent:
            case "acknowledge" if reading.waiting_for is not None:
                return self.save(answering.wait(case, self.me, reading.waiting_for, until, self.world))
            case "acknowledge":
                return self.save(answering.acknowledge(case, self.me, until, self.world))
            case "update" if reading.waiting_for is not None:
                return self.save(answering.wait(case, self.me, reading.waiting_for, until, self.world))
            case "update" if until is not None and case.is_open and self.is_asked(case):
                return self.save(answering.promise(case, self.me, until, self.said, self.world))
            case "update" if decisions.is_bare_ok(self.said) and self.is_awaited(case):
                return self.save(answering.acknowledge(case, self.me, None, self.world))
            case "update":
                return self.save(answering.update(case, self.me, self.said, self.world))
            case "resolve" if verifying.waiting(case) is not None and (no := stopped(self, "verify")) is not None:
                return no
            case "resolve":
                outcome = reading.resolution or Resolution(self.said)
                return ended(self, case, outcome)
            case "reassign" if (to := reading.reassign_to) is not None:
                return self.save(answering.reassign(case, self.me, to, self.said, self.world))
            case "reassign":
                return self.save(answering.decline(case, self.me, self.said, self.world))
            case "cancel":
                return self.save(finishing.cancel(case, self.me, self.said, self.world))
        return self.tell("not_understood", said=self.said)

    # how it ends ----------------------------------------------------------------------------------------------------

    def save(self, change: Change) -> str:
        """Keep what an act returned, and remember what it asks of whom."""
        # Which message it was and which state of the record its sender saw: for whoever asks later (R36).
        seen = {"message": self.inbox_id, "version": change.case.version, **noted(self.phone, self.me)}
        entries = tuple(replace(e, facts={**e.facts, **seen}) if e.who == self.me.id else e for e in change.entries)
        notices = tuple(replace(n, where=self.where) if n.to == self.me.id else n for n in change.notices)
        if self.phone is not None:
            notices = told(self.phone, self.me, notices, self.said)
        saved = cases.save(self.tx, replace(change, entries=entries, notices=notices), self.world.now)
        self.touched = saved.number
        if change.case.version == 0:
            conversations.belongs(self.tx, self.line, saved.number)
            gathering.belong(self.tx, self.message.channel, self.pieces, saved.number)
        if self.why is not None and (change.case.version == 0 or any(e.what == "corrected" for e in change.entries)):
            understood.keep(self.tx, saved.number, self.inbox_id, self.why, self.world.now)
        if saved.status == "draft" and saved.asks is not None:
            conversations.ask(self.tx, saved.reporter, saved.number, saved.asks, saved.options, self.world.now)
        elif change.entries and any(e.what == "answered" for e in change.entries):
            conversations.answered(self.tx, saved.reporter)
        return change.entries[-1].what if change.entries else "told"

    def keep(self, change: Change) -> Case:
        """The same, and the case as it was saved: for an act that goes on with it."""
        self.save(change)
        saved = cases.get(self.tx, change.case.number)
        assert saved is not None
        return saved

    def late(self, case: Case) -> str:
        """An old card or a late word: today's state, and nothing changes (R33)."""
        last = case.closed_at or case.cancelled_at or case.resolved_at or case.captured_at
        who = case.resolved_by or (case.lead.owner if case.lead else None)
        return self.tell("late_press", case=case.number, status=case.status, who=who, at_at=last.isoformat())

    def tell(self, name: str, offers: tuple[Offer, ...] = (), **facts: object) -> str:
        """Say something to the sender alone."""
        number = facts.get("case")
        to = self.phone.id if self.phone is not None else self.me.id
        notice = Notice(to, name, facts, offers, where=self.where)
        outbox.put(self.tx, str(number) if number else None, notice, self.world.now)
        return name

    def is_awaited(self, case: Case) -> bool:
        """Whether the sender was asked and nobody of the function has answered: then an "ok" is an answer (R27)."""
        return any(t.waits_for_acknowledgement and self.me.id in (t.owner, *t.told) for t in case.tasks)

    def is_asked(self, case: Case) -> bool:
        """Whether the sender is one of those who were asked to act."""
        return any(t.live and (self.me.id in (t.owner, *t.told) or t.role in self.me.roles) for t in case.tasks)
