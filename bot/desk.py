"""One message to one or more acts: the only place where an intent chooses what is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection

from bot import answer
from bot.say import Press, parse_button
from bot.thread import Thread, find_thread
from db import cases, conversations, inbox, outbox
from db.connect import Stale, one_at_a_time
from db.inbox import Received
from workflow import answering, finishing, holding, opening
from workflow.case import Case, Change, Notice, Offer
from workflow.duplicates import same_fault_again, same_stop
from workflow.errors import Refused
from workflow.messages import Inbound
from workflow.plant import Person
from workflow.reading import Question, Reading, ReportedException, Resolution
from workflow.routing import World

if TYPE_CHECKING:
    from bot.app import App

log = structlog.get_logger()

MOST_TEXT = 4000  # characters of one message
CORRECTS_WITHIN = timedelta(minutes=30)  # "no, 4512" speaks of one's own report of the last half hour
RETRIES = 10  # lost races on one case before the message waits for the next round
BARE_OK = frozenset({"ok", "okay", "k", "oki", "vale", "tá", "ta", "👍", "👌", "✅", "🆗", "👍🏻", "👍🏽", "👍🏿"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message with its person, and where in the conversation it stands."""

    id: int
    message: Inbound
    person: Person
    press: Press | None
    thread: Thread


def handle(app: App, received: Received) -> None:
    """Take one message from the inbox to its end: acts saved and the row done, in one transaction."""
    message = received.message
    person = app.plant.by_address.get((message.channel, message.sender))
    if person is None:
        with app.database.write() as tx:
            inbox.done(tx, received.id, app.clock.now(), "unknown_sender")
        return
    for _ in range(RETRIES):
        with app.database.read() as tx:
            press = parse_button(message.button) if message.button else None
            thread = find_thread(tx, message, person, press, app.clock.now())
        incoming = Incoming(received.id, message, person, press, thread)
        reading = None
        if press is None:
            reading, thread = read(app, incoming)
            incoming = replace(incoming, thread=thread)
        try:
            with app.database.write() as tx:
                if not inbox.take(tx, received.id):
                    return  # another worker was faster
                outcome = Desk(app.world(), tx, incoming).act(reading)
                inbox.done(tx, received.id, app.clock.now(), outcome)
        except Stale:
            continue  # somebody was faster: acts are pure, so they run again on the fresh case
        app.ring("outbox", "postings")
        return
    with app.database.write() as tx:
        inbox.retry(tx, received.id, "busy case", app.clock.now() + timedelta(seconds=1))


def read(app: App, incoming: Incoming) -> tuple[Reading | None, Thread]:
    """What the message means, and which exception it speaks of.

    Without a reply mark the message is read as it stands first. What it names then chooses the thread ("palletizer 2
    is running again"), else the sender's own task does, and it is read again there: "running again, 55 min" is a
    report to a stranger and the end of it to whoever repairs it. A fresh report of something else stays one.
    """
    text = incoming.message.text.strip()
    thread = incoming.thread
    if not text or len(text) > MOST_TEXT:
        return None, thread
    world = app.world()
    message = replace(incoming.message, text=text)
    reading = app.reader.read(message, thread.context(incoming.person, world))
    if thread.question is not None and reading.intent == "answer":
        afresh = app.reader.read(message, replace(thread, question=None).context(incoming.person, world))
        return (afresh, thread) if _is_a_whole_report(afresh) else (reading, thread)
    if thread.certain or thread.question is not None or reading.intent in ("query", "disposition"):
        return reading, thread
    spoken_of = thread.named_by(reading.exceptions)
    if spoken_of is None:
        return reading, thread
    there = replace(thread, case=spoken_of, choice=())
    again = app.reader.read(message, there.context(incoming.person, world, in_thread=True))
    if again.correction and not again.exceptions:
        again = replace(again, exceptions=reading.exceptions)
    if again.intent == "report" and not again.correction:
        return reading, thread
    return again, there


def _is_a_whole_report(reading: Reading) -> bool:
    """Whether somebody who was asked something tells the whole story anew instead of answering."""
    return reading.intent == "report" and any(
        e.type not in (None, "other") and (e.assets or e.lots or e.work_orders or e.items) for e in reading.exceptions
    )


class Desk:
    """The acts of one message, in one transaction."""

    def __init__(self, world: World, tx: Connection, incoming: Incoming) -> None:
        self.world = world
        self.tx = tx
        self.me = incoming.person
        self.message = incoming.message
        self.press = incoming.press
        self.inbox_id = incoming.id
        self.thread = incoming.thread
        # Captured is when the person sent it, not when we got round to it (R1); no sender's clock is ahead of ours.
        self.sent_at = min(incoming.message.sent_at, world.now)
        self.said = incoming.message.text.strip()
        self.line = 0  # of the transcript that this message became

    def act(self, reading: Reading | None) -> str:
        """Do what the message asks for and say so; returns the outcome that the inbox row keeps."""
        about = self.press.case if self.press else self.thread.number
        line = self.said or (self.press.act if self.press else "")
        conversations.said(
            self.tx,
            self.me.id,
            self.sent_at,
            line,
            self.message.message_id,
            self.message.channel,
            about,
            self.message.button,
        )
        if self.message.button is not None and self.press is None:
            return self.tell("late_press_unknown")
        try:
            if self.press is not None:
                return self.pressed(self.press)
            if reading is None:
                return self.tell("too_long", most=MOST_TEXT) if self.said else self.tell("empty")
            return self.understood(reading)
        except Refused as no:
            return self.tell(f"refused.{no.name}", **no.facts)

    # what was written -----------------------------------------------------------------------------------------------

    def understood(self, reading: Reading) -> str:
        """Choose the act by the intent."""
        case = self.thread.case
        if self.thread.confirms and reading.intent in ("answer", "acknowledge", "chatter", "cancel"):
            return self.confirmed_in_words(reading)
        if reading.correction and case is not None and case.is_open and reading.exceptions:
            return self.save(finishing.correct(case, reading.exceptions[0], self.me, self.said, self.world))
        match reading.intent:
            case "report":
                return self.report(reading)
            case "query":
                return self.query(reading)
            case "disposition":
                return self.dispose(reading)
            case "answer" if case is not None and case.status == "draft":
                return self.save(opening.answer(case, reading.answer, self.me, self.world))
            case "chatter" | "answer":
                if case is not None and case.status == "draft" and reading.ask is not None:
                    return self.save(opening.answer(case, None, self.me, self.world))
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
            case "update" if self.said.casefold().strip(" .!") in BARE_OK and self.is_awaited(case):
                return self.save(answering.acknowledge(case, self.me, None, self.world))
            case "update":
                return self.save(answering.update(case, self.me, self.said, self.world))
            case "resolve":
                outcome = reading.resolution or Resolution(self.said)
                return self.save(finishing.resolve(case, self.me, outcome, self.world))
            case "reassign" if (to := reading.reassign_to) is not None:
                return self.save(answering.reassign(case, self.me, to, self.said, self.world))
            case "reassign":
                return self.save(answering.decline(case, self.me, self.said, self.world))
            case "cancel":
                return self.save(finishing.cancel(case, self.me, self.said, self.world))
        return self.tell("not_understood", said=self.said)

    def report(self, reading: Reading) -> str:
        """Each exception of the message becomes a case, a draft, or one more voice on a known one (R7, R20)."""
        if len(reading.exceptions) > 1:
            return self.several_reports(reading)
        for said in reading.exceptions:
            self.one_report(said, reading.ask)
        return "report"

    def several_reports(self, reading: Reading) -> str:
        """Several exceptions in one message: linked to one another, and told to the reporter in one answer (R7)."""
        numbers: list[str] = []
        answers: list[Mapping[str, object]] = []
        for said in reading.exceptions:
            number = self.one_report(said, None, answers)
            numbers += [number] if number is not None else []
        for number in numbers:
            case = cases.get(self.tx, number)
            assert case is not None
            linked = replace(case, linked=tuple(n for n in numbers if n != number))
            cases.save(self.tx, Change(linked), self.world.now)
        if answers:
            self.tell("opened.several", several=answers)
        return "report"

    def one_report(
        self, said: ReportedException, ask: Question | None, answers: list[Mapping[str, object]] | None = None
    ) -> str | None:
        """One exception of a message; returns its number where a new record was made.

        With `answers`, what the reporter would read is collected there instead of being told at once.
        """
        one_at_a_time(self.tx, f"reports {said.type}")  # two reports of one stop at once are one exception (R20)
        known = cases.open_cases(self.tx)
        draft = opening.new_case("", said, self.me, self.said, self.sent_at, self.world)
        twin = same_stop(draft, known)
        if twin is not None and twin.status != "draft":
            self.save(opening.join(twin, self.me, self.said, said, self.world))
            return None
        earlier = same_fault_again(draft, self.ended_on(draft), self.world)
        if earlier is not None and earlier.again_within_cooling_off:
            self.save(finishing.reopen(earlier.case, self.me, self.said, self.world))
            return None
        number = cases.next_number(self.tx)
        case = replace(draft, number=number, recurrent_of=earlier.case.number if earlier else None)
        self.supersede(case)
        lacking = opening.missing(case, self.world)
        question = ask
        if question is None and lacking is not None:
            question = opening.question_about(lacking, case, self.world)
        if question is not None and case.type != "safety":
            self.save(opening.draft_case(case, question, self.world))
        else:
            change = opening.open_case(replace(case, type=case.type or "other"), self.world)
            if answers is not None:
                mine = [n for n in change.notices if n.to == self.me.id and n.name.startswith("opened.")]
                answers += [n.facts for n in mine]
                change = replace(change, notices=tuple(n for n in change.notices if n not in mine))
            self.save(change)
        return number

    def ended_on(self, draft: Case) -> tuple[Case, ...]:
        """Cases that ended lately on the same asset."""
        since = self.world.now - timedelta(days=30)
        found: Iterable[Case] = (
            c for asset in draft.assets for c in cases.find(self.tx, asset=asset, type=draft.type, since=since)
        )
        return tuple(c for c in found if c.resolved_at is not None)

    def supersede(self, said: Case) -> None:
        """A fresh report instead of an answer: the open question leads to the new record."""
        draft = self.thread.case
        mine = draft is not None and draft.status == "draft" and draft.reporter == self.me.id
        if draft is not None and mine and draft.type in (None, "other", said.type):
            cases.save(self.tx, opening.supersede(draft, said, self.world), self.world.now)
            conversations.answered(self.tx, self.me.id)

    def dispose(self, reading: Reading) -> str:
        """A quality decision: read back first, decided only by an explicit yes (R41)."""
        case = self.thread.case if self.thread.case is not None and self.thread.case.held else None
        lots = [part.lot for part in reading.disposition if part.lot]
        for lot in lots:
            holding_it = [c for c in cases.find(self.tx, lot=lot) if c.is_open and c.held_lot(lot)]
            case = holding_it[0] if holding_it else case
        if case is None:
            mine = [c for c in cases.open_cases(self.tx) if c.type == "quality_hold" and c.held]
            case = mine[0] if len(mine) == 1 and not lots else None
        if case is None:
            return self.tell("no_hold", lots=lots)
        proposal = holding.propose(case, reading.disposition, self.me, self.said, self.world)
        conversations.ask(self.tx, self.me.id, case.number, "confirm", ("yes", "no"), self.world.now)
        return self.save(proposal)

    def confirmed_in_words(self, reading: Reading) -> str:
        """The answer to a read-back: a clear yes decides, an "ok" or an emoji never does (R41)."""
        case = self.thread.case
        assert case is not None
        if self.said.casefold().strip(" .!") in BARE_OK:
            return self.tell("confirm_clearly", case=case.number, offers=(
                Offer("confirm", (str(case.decisions + 1),)), Offer("not_so")))  # fmt: skip
        if reading.intent == "answer" and reading.answer is True:
            conversations.answered(self.tx, self.me.id)
            return self.save(holding.confirm(case, self.me, self.world))
        if reading.intent == "cancel" or reading.answer is False:
            conversations.answered(self.tx, self.me.id)
            return self.save(holding.withdraw_proposal(case, self.me, self.world))
        return self.tell("confirm_clearly", case=case.number, offers=(
            Offer("confirm", (str(case.decisions + 1),)), Offer("not_so")))  # fmt: skip

    def query(self, reading: Reading) -> str:
        """A question is answered from the records, each number with its cases (R57)."""
        assert reading.query is not None
        notice = answer.answer(self.tx, reading.query, self.me, self.world, self.thread.case)
        outbox.put(self.tx, None, notice, self.world.now)
        return "query"

    # what was pressed -----------------------------------------------------------------------------------------------

    def pressed(self, press: Press) -> str:
        """A button: authorised by who pressed it, answered with today's state where it is an old one (R33)."""
        case = cases.get(self.tx, press.case) if press.case else None
        if case is None:
            return self.tell("late_press_unknown")
        role = press.args[0] if press.args else None
        if not case.is_open and press.act not in ("why",):
            return self.late(case)
        match press.act:
            case "acknowledge" | "still_on_it":
                return self.save(answering.acknowledge(case, self.me, None, self.world, role))
            case "eta" if len(press.args) == 2 and press.args[1].isdecimal():
                until = self.world.now + timedelta(minutes=int(press.args[1]))
                return self.save(answering.acknowledge(case, self.me, until, self.world, role))
            case "decline":
                return self.save(answering.decline(case, self.me, self.said, self.world, role))
            case "wait":
                return self.save(answering.wait(case, self.me, self.said or press.act, None, self.world))
            case "resolve":
                return self.save(finishing.resolve(case, self.me, Resolution(), self.world))
            case "cancel":
                return self.save(finishing.cancel(case, self.me, self.said, self.world))
            case "confirm":
                conversations.answered(self.tx, self.me.id)
                count = int(role) if role and role.isdecimal() else 0
                return self.save(holding.confirm(case, self.me, self.world, count))
            case "not_so":
                conversations.answered(self.tx, self.me.id)
                return self.save(holding.withdraw_proposal(case, self.me, self.world))
            case "answer" if case.status == "draft" and len(press.args) == 2:
                return self.answered(case, press)
            case "answer":
                return self.late(case)
            case "decide":
                lots = [f"{h.lot}: {h.remaining:g} {h.uom}" for h in case.held if h.remaining > 0]
                return self.tell("how_to_decide", case=case.number, lots=lots)
            case "correct" | "something_else":
                return self.tell("say_what_is_right", case=case.number)
            case "pick" if len(press.args) == 2 and press.args[1].isdecimal():
                return self.picked(case, int(press.args[1]))
        return self.tell("late_press_unknown")

    def answered(self, case: Case, press: Press) -> str:
        """A button under an open question."""
        value: object = press.args[1]
        if press.args[0] != case.asks:
            return self.late(case)
        if case.asks == "confirm":
            value = press.args[1] == "yes"
        return self.save(opening.answer(case, value, self.me, self.world))

    def picked(self, case: Case, inbox_id: int) -> str:
        """Which one was meant: the earlier message is taken again, as an answer in that thread."""
        earlier = inbox.get(self.tx, inbox_id)
        if earlier is None or earlier.message.sender != self.message.sender:
            return self.tell("late_press_unknown")
        again = replace(
            earlier.message, message_id=f"{earlier.message.message_id}:{case.number}", reply_to=f"case:{case.number}"
        )
        inbox.put(self.tx, again, self.world.now)
        return "picked"

    # how it ends ----------------------------------------------------------------------------------------------------

    def save(self, change: Change) -> str:
        """Keep what an act returned, and remember what it asks of whom."""
        saved = cases.save(self.tx, change, self.world.now)
        if change.case.version == 0:
            conversations.belongs(self.tx, self.line, saved.number)
        if saved.status == "draft" and saved.asks is not None:
            conversations.ask(self.tx, saved.reporter, saved.number, saved.asks, saved.options, self.world.now)
        elif change.entries and any(e.what == "answered" for e in change.entries):
            conversations.answered(self.tx, saved.reporter)
        return change.entries[-1].what if change.entries else "told"

    def late(self, case: Case) -> str:
        """An old card or a late word: today's state, and nothing changes (R33)."""
        last = case.closed_at or case.cancelled_at or case.resolved_at or case.captured_at
        who = case.resolved_by or (case.lead.owner if case.lead else None)
        return self.tell("late_press", case=case.number, status=case.status, who=who, at_at=last.isoformat())

    def tell(self, name: str, offers: tuple[Offer, ...] = (), **facts: object) -> str:
        """Say something to the sender alone."""
        number = facts.get("case")
        outbox.put(self.tx, str(number) if number else None, Notice(self.me.id, name, facts, offers), self.world.now)
        return name

    def is_awaited(self, case: Case) -> bool:
        """Whether the sender was asked and nobody of the function has answered: then an "ok" is an answer (R27)."""
        return any(t.waits_for_acknowledgement and self.me.id in (t.owner, *t.told) for t in case.tasks)

    def is_asked(self, case: Case) -> bool:
        """Whether the sender is one of those who were asked to act."""
        return any(t.live and (self.me.id in (t.owner, *t.told) or t.role in self.me.roles) for t in case.tasks)
