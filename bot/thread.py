"""Which exception a message speaks of: a reply, a pressed button, an open question, or the person's own task."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.say import Press
from db import cases, conversations
from workflow.case import Case
from workflow.messages import Inbound
from workflow.plant import Person
from workflow.reading import Asked, Context, ReportedException
from workflow.routing import World

SURE = 0.9  # a machine's name read with less may be a word that only looks like one ("new seal", a sealer)
_NUMBER = re.compile(r"\bEX-\d{1,9}\b", re.IGNORECASE)
REMEMBERED = timedelta(hours=8)  # an answer without a reply mark speaks of something of this shift


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message stands in its conversation."""

    case: Case | None = None
    certain: bool = False  # a reply or a button: nothing was guessed
    question: Asked | None = None
    confirms: bool = False  # a decision of the sender was read back and waits for a yes
    choice: tuple[Case, ...] = ()  # several could be meant: ask which
    known: tuple[Case, ...] = ()  # every open exception, for what the message names
    instead: Thread | None = None  # beside an open question of one's own: the exception that one is asked to act on

    @property
    def number(self) -> str | None:
        """The case's number, where there is one."""
        return self.case.number if self.case else None

    def named_by(self, said: tuple[ReportedException, ...]) -> Case | None:
        """The open exception that a message speaks of: by what it names, else the sender's own.

        A message that clearly names something else speaks of none of them: a wrong link is the worst error.
        """
        assets = {a for e in said for a in e.assets}
        lots = {lot for e in said for lot in e.lots}
        orders = {o for e in said for o in e.work_orders}
        lines = {e.line for e in said if e.line is not None}
        own = (*((self.case,) if self.case is not None else ()), *self.choice)
        mine_first = (*own, *self.known)
        if assets or lots:
            named = next((c for c in mine_first if assets & set(c.assets) or lots & set(c.lots)), None)
            sure = lots or any(e.confidence.get("assets", 1.0) >= SURE for e in said)
            return named if named is not None or sure else self.case
        if orders:
            named = next((c for c in mine_first if orders & set(c.work_orders)), None)
            return named or self.case
        if self.case is not None and (not lines or self.case.line in lines):
            return self.case
        on_line = [c for c in own if c.line in lines]
        return on_line[0] if len(on_line) == 1 else None

    def context(self, sender: Person, world: World, *, in_thread: bool = False) -> Context:
        """The reader's context; a guessed thread counts only where the caller says so."""
        about = self.case.as_reported if self.case is not None and (self.certain or in_thread) else None
        question = self.question
        return Context(sender, world.plant, world.records, world.now, None if question else about, question)


def find_thread(tx: Connection, message: Inbound, person: Person, press: Press | None, now: datetime) -> Thread:
    """The thread of a message: what it answers for certain, else the open question, else the likeliest one."""
    replied = _replied_to(tx, message)
    if press is not None or replied is not None:
        number = press.case if press is not None else replied
        case = cases.get(tx, number) if number else None
        asked = (_question(case, person) or _read_back(tx, case, person)) if case is not None and not press else None
        confirms = case is not None and case.proposal is not None and case.proposal.waits_for(person.id)
        return Thread(case, certain=case is not None, question=asked, confirms=confirms and press is None)
    open_question = conversations.asked(tx, person.id)
    called = _called(tx, message)
    if called is not None and (open_question is None or open_question.case != called.number):
        return Thread(called, certain=True, question=_question(called, person))
    if open_question is not None and now - open_question.at <= REMEMBERED:
        case = cases.get(tx, open_question.case)
        if case is not None and case.proposal is not None and case.proposal.waits_for(person.id):
            return Thread(case, question=Asked("confirm", case.as_reported, ("yes", "no")), confirms=True)
        asked = (_question(case, person) or _read_back(tx, case, person)) if case is not None else None
        if asked is not None:
            return Thread(case, question=asked, instead=_likeliest(tx, person, now))
    return _likeliest(tx, person, now)


def _called(tx: Connection, message: Inbound) -> Case | None:
    """ "on it EX-1023": the one exception that the message calls by its number."""
    numbers = {match.upper() for match in _NUMBER.findall(message.text)}
    return cases.get(tx, numbers.pop()) if len(numbers) == 1 else None


def _replied_to(tx: Connection, message: Inbound) -> str | None:
    if message.reply_to is None:
        return None
    if message.reply_to.startswith("case:"):
        return message.reply_to.removeprefix("case:")
    return conversations.thread_of(tx, message.channel, message.reply_to)


def _question(case: Case | None, person: Person) -> Asked | None:
    if case is None or case.status != "draft" or case.asks is None or case.reporter != person.id:
        return None
    return Asked(case.asks, case.as_reported, case.options)


def _read_back(tx: Connection, case: Case, person: Person) -> Asked | None:
    """What an order becomes was read back to whoever said that its change is done, and waits for a yes or a no."""
    asked = conversations.asked(tx, person.id)
    waits = asked is not None and asked.case == case.number and asked.asks == "confirm" and case.proposal is None
    return Asked("confirm", case.as_reported, ("yes", "no")) if waits and case.is_open and case.opened_at else None


def _likeliest(tx: Connection, person: Person, now: datetime) -> Thread:
    """One's own task first, then one's own report; between two tasks nothing is guessed."""
    known = tuple(c for c in cases.open_cases(tx) if c.status != "draft")
    taken = [c for c in known if any(t.live and t.acknowledged_by == person.id for t in c.tasks)]
    asked = [c for c in known if any(t.waits_for_acknowledgement and person.id in t.told for t in c.tasks)]
    mine = list({c.number: c for c in (*taken, *asked)}.values())
    last = conversations.last_case(tx, person.id, now - REMEMBERED)
    if not mine:
        mine = [c for c in known if person.id in (c.reporter, *c.joined)] or [c for c in known if person.id in c.told]
        mine = [c for c in mine if c.number == last] or mine
    if len(mine) == 1:
        return Thread(mine[0], known=known)
    return Thread(choice=tuple(sorted(mine, key=lambda c: (c.number != last, c.captured_at))), known=known)
