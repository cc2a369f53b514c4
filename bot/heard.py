"""What was heard in a voice note: shown to its sender word for word, read like text, and not trusted with numbers.

A machine mishears numbers more than anything else ("10 for 82"), so orders, lots, quantities, and whatever ends or
decides something, wait for a yes. A danger and a stopped line do not wait: they go out without the numbers (R8, R15).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot import confirmed, decisions
from bot.wording import within_quotes
from db import attachments, cases, conversations, inbox
from workflow.case import Offer
from workflow.reading import Asks, Reading, ReportedException

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.desk import Desk
    from db.attachments import Attachment

NUMBERS: frozenset[Asks] = frozenset({"work_order", "lot", "quantity"})
ENDS = frozenset({"resolve", "cancel", "reassign", "answer"})


def heard(desk: Desk, one: Attachment, reading: Reading | None) -> str:
    """Show what was heard; take it, or ask first whether it is right."""
    words = within_quotes(one.heard or "")
    if reading is None:
        return desk.tell("media.silence")
    case = desk.thread.case
    if desk.thread.confirms and case is not None and reading.intent in ("answer", "acknowledge", "chatter", "cancel"):
        desk.tell("media.heard", heard=words)
        return decisions.ask_clearly(desk, case)
    if not binds(reading):
        desk.tell("media.heard", heard=words)
        return desk.understood(reading)
    if reading.intent == "report" and any(e.type == "safety" or e.line_stopped for e in reading.exceptions):
        desk.tell("media.heard", heard=words)
        return _at_once(desk, one, reading)
    attachments.offered(desk.tx, one.id, {}, None, desk.world.now)
    read = confirmed.named(_numbers(_spoken_of(reading)), desk.me, desk.world.plant)
    offers = (Offer("heard", (str(one.id),)), Offer("not_heard", (str(one.id),)))
    return desk.tell("media.is_that_right", offers, heard=words, read=read)


def binds(reading: Reading) -> bool:
    """Whether a mistaken word of it would link, count or end something; a quality decision is read back anyway."""
    if reading.intent == "disposition":
        return False
    named = any(e.work_orders or e.lots or e.quantity is not None for e in _spoken_of(reading))
    return named or reading.correction or reading.intent in ENDS


def _at_once(desk: Desk, one: Attachment, reading: Reading) -> str:
    """People are told now; the numbers follow when their sender has confirmed them."""
    bare = tuple(replace(e, work_orders=(), lots=(), quantity=None) for e in reading.exceptions)
    ask = reading.ask if reading.ask is not None and reading.ask.asks not in NUMBERS else None
    outcome = desk.understood(replace(reading, exceptions=bare, ask=ask))
    original = inbox.get(desk.tx, one.inbox)
    assert original is not None
    number = conversations.thread_of(desk.tx, one.channel, original.message.message_id)
    case = cases.get(desk.tx, number) if number is not None else None
    found = _numbers(reading.exceptions)
    if case is not None and case.is_open and found:
        confirmed.offer(desk, one, found, "media.heard_also", case)
    return outcome


def _spoken_of(reading: Reading) -> tuple[ReportedException, ...]:
    mentioned = reading.mentioned if reading.intent != "query" else None
    return (*reading.exceptions, *((mentioned,) if mentioned is not None else ()))


def _numbers(said: Iterable[ReportedException]) -> dict[str, list[str]]:
    said = tuple(said)
    orders = list(dict.fromkeys(o for e in said for o in e.work_orders))
    lots = list(dict.fromkeys(lot for e in said for lot in e.lots))
    return {kind: ids for kind, ids in (("work_orders", orders), ("lots", lots)) if ids}
